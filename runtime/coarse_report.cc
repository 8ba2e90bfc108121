#include "runtime/coarse_report.h"

#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "reference/columns.h"

namespace bnsyn {

std::vector<CoarseContributions> DescribeCoarse(const ir::Program& program,
                                                const reference::CoarseTallies& tallies) {
  std::vector<CoarseContributions> all;
  for (const auto& [source, tally] : tallies) {
    const bool of_projection = source.kind == reference::CoarseSource::Kind::kProjection;
    const ir::Input& input = program.inputs[source.input];
    all.push_back(
        {of_projection ? program.projections[source.index].name : program.events[source.index].name,
         std::string(absl::StripSuffix(input.name, ".in")),
         std::string(program.DomainName(input.population)), tally.count, tally.error, tally.value});
  }
  return all;
}

std::string CoarseSentence(const ir::Program& program, const CoarseContributions& coarse) {
  std::optional<ir::InputId> input = program.FindInput(coarse.input);
  if (!input) input = program.FindInput(absl::StrCat(coarse.input, ".in"));
  const std::string unit = input ? program.inputs[*input].unit : "";
  const std::string error =
      coarse.worst < 1 ? absl::StrFormat("by 2^%.1f of it", std::log2(coarse.worst)) : "to 0";
  return absl::StrCat(
      coarse.input, " receives ", coarse.count, " contribution", coarse.count == 1 ? "" : "s",
      " of ", coarse.source, " that rounding changes by more than 2^-24, at worst ",
      reference::ShowValue(coarse.value), unit.empty() ? "" : " ", unit, " ", error);
}

absl::Status CheckCoarse(const ir::Program& program,
                         const std::vector<CoarseContributions>& coarse) {
  if (!program.strict_sums || coarse.empty()) return absl::OkStatus();
  std::string text = "precision = \"strict\", but";
  for (const CoarseContributions& one : coarse) {
    absl::StrAppend(&text, coarse.size() > 1 ? "\n  " : " ", CoarseSentence(program, one));
  }
  absl::StrAppend(&text, "\nnote: give the variable a resolution in its model, as in resolution = ",
                  "{ x = \"1 fA\" }, or drop what is too small to matter");
  return absl::InvalidArgumentError(text);
}

}  // namespace bnsyn
