#include "tools/suite.h"

#include <cstdlib>
#include <filesystem>

#include "absl/algorithm/container.h"
#include "ir/status_macros.h"

namespace bnsyn::tools {
namespace {

constexpr RowInfo kRows[] = {
    {"active", "spikes of the reference: a silent network proves nothing"},
    {"spike-counts", "spikes of each population in each step"},
    {"intervals", "histograms of the intervals between spikes of a neuron"},
    {"attractor", "correlation of the population activity vectors"},
    {"conductances", "bits of the states that hold synaptic input"},
    {"states", "bits of all other states"},
    {"sigma", "branching ratio, by the network and from its spikes"},
    {"gain", "gain of a network that has one"},
    {"weights", "synapses, their weights and their variables, to the bit"},
    {"bit-exact", "digests, in the course of the run"},
    {"updates-per-sec", "updates per second, accelerated over reference"},
    {"determinism", "the same seed once more"},
    {"dense", "the reference with dense propagation"},
    {"threads", "1, 2 and 3 threads"},
    {"widths", "vectors of 1, 2, 4 and 8 lanes"},
    {"layouts", "every layout of synapses, by 1, 2 and 3 threads"},
    {"passes", "the compiler without each of its passes"},
    {"plan", "kernels without each row of their plan"},
    {"cache", "code that is compiled, and the same from the cache"},
    {"builds", "other builds of the command"},
    {"decays", "states that decay by themselves, at dt and at dt/2"},
    {"order", "order of convergence of all other states, from dt to dt/8"},
    {"rates-half-dt", "rates at dt and at dt/2, over seeds"},
    {"sigma-half-dt", "branching ratio at dt and at dt/2, over seeds"},
};

}  // namespace

absl::Span<const RowInfo> AllRows() { return kRows; }

absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kRed:
      return "RED";
    case Verdict::kLeftOut:
      return "left out";
  }
  return "";
}

bool SuiteOptions::Skips(absl::string_view row) const {
  return absl::c_linear_search(skip, std::string(row));
}

bool SuiteResult::good() const {
  return absl::c_none_of(rows, [](const SuiteRow& row) { return row.verdict == Verdict::kRed; });
}

absl::StatusOr<SuiteResult> RunSuite(const SuiteOptions& options, const Loaded& loaded) {
  SuiteResult result;
  BNSYN_RETURN_IF_ERROR(AddPhysics(options, loaded, result));
  if (result.spikes == 0) return result;
  BNSYN_RETURN_IF_ERROR(AddWays(options, loaded, result));
  BNSYN_RETURN_IF_ERROR(AddSteps(options, loaded, result));
  return result;
}

ScratchDirectory::ScratchDirectory() {
  std::error_code error;
  std::string pattern =
      (std::filesystem::temp_directory_path(error) / "bnsyn-verify-XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code error;
  if (!path_.empty()) std::filesystem::remove_all(path_, error);
}

}  // namespace bnsyn::tools
