#include "runtime/coarse_report.h"

#include <string>

namespace bnsyn {

std::vector<CoarseContributions> DescribeCoarse(const ir::Program& program,
                                                const reference::CoarseTallies& tallies) {
  std::vector<CoarseContributions> all;
  for (const auto& [source, tally] : tallies) {
    const bool of_projection = source.kind == reference::CoarseSource::Kind::kProjection;
    const ir::Input& input = program.inputs[source.input];
    all.push_back(
        {of_projection ? program.projections[source.index].name : program.events[source.index].name,
         input.name, std::string(program.DomainName(input.population)), tally.count, tally.error,
         tally.value});
  }
  return all;
}

}  // namespace bnsyn
