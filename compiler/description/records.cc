// The records of a network, with its constants in them.
#include <utility>

#include "bnsyn/network.h"
#include "bnsyn/recorder.h"
#include "compiler/description/settings.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

using compiler::Constant;

// Puts the value of a setting into its place, which is kept for errors about it.
absl::Status Fix(const std::vector<Constant>& constants, absl::string_view what,
                 std::optional<Setting>& setting) {
  if (!setting.has_value()) return absl::OkStatus();
  BNSYN_ASSIGN_OR_RETURN(const Quantity value, compiler::Evaluate(*setting, constants, what));
  const ir::SourceText place = compiler::TextOf(*setting, what);
  setting = Setting(value);
  setting->set_name_place(place);
  return absl::OkStatus();
}

// The same of a time.
absl::Status FixTime(const std::vector<Constant>& constants, const Quantity& dt,
                     absl::string_view what, std::optional<Setting>& setting) {
  if (!setting.has_value()) return absl::OkStatus();
  BNSYN_RETURN_IF_ERROR(compiler::EvaluateSteps(*setting, constants, dt, what).status());
  return Fix(constants, what, setting);
}

absl::StatusOr<std::vector<Record>> Records(const Network& network) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Constant> constants,
                         compiler::EvaluateConstants(network));
  std::vector<Record> records = network.records;
  for (Record& record : records) {
    const Quantity& dt = network.options.dt;
    BNSYN_RETURN_IF_ERROR(FixTime(constants, dt, "every", record.every));
    BNSYN_RETURN_IF_ERROR(FixTime(constants, dt, "start", record.start));
    BNSYN_RETURN_IF_ERROR(FixTime(constants, dt, "stop", record.stop));
    BNSYN_RETURN_IF_ERROR(Fix(constants, "low", record.low));
    BNSYN_RETURN_IF_ERROR(Fix(constants, "high", record.high));
    BNSYN_RETURN_IF_ERROR(Fix(constants, "bins", record.bins));
  }
  return records;
}

}  // namespace

absl::StatusOr<std::vector<Record>> RecordsOf(const Network& network) {
  return ir::WithinMemory([&] { return Records(network); });
}

}  // namespace bnsyn
