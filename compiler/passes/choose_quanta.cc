#include <algorithm>
#include <vector>

#include "compiler/analysis/contributions.h"
#include "compiler/passes/prepare.h"
#include "reference/accumulator.h"

namespace bnsyn::compiler {
namespace {

// Stands for a contribution that nothing bounds: one of its unit, so that sums are multiples of
// 2^-30, about 1e-9. Engines check such contributions while running (R6).
constexpr double kUnbounded = 1;

// The largest magnitude that is added to each input at once.
std::vector<double> LargestContributions(const ir::Program& program, const ProgramFacts& facts) {
  std::vector<double> largest(program.inputs.size());
  for (const ir::Events& events : program.events) {
    largest[events.input] = LargestEvent(program, events);
  }
  const std::vector<Contribution> contributions = FindContributions(program);
  const std::vector<Range> ranges = FindContributionRanges(program, contributions, facts.constant);
  for (size_t c = 0; c < contributions.size(); ++c) {
    double& all = largest[contributions[c].input];
    all = std::max(all, ranges[c].bounded() ? ranges[c].magnitude() : kUnbounded);
  }
  return largest;
}

}  // namespace

absl::StatusOr<ir::Program> ChooseQuanta(const ir::Program& program, const ProgramFacts& facts) {
  ir::Program result = program;
  const std::vector<double> largest = LargestContributions(program, facts);
  for (ir::InputId id = 0; id < largest.size(); ++id) {
    ir::Accumulator& accumulator = result.inputs[id].accumulator;
    if (largest[id] == 0 || accumulator.decays()) continue;
    accumulator.scale_log2 = reference::ScaleLog2For(largest[id]);
  }
  return result;
}

}  // namespace bnsyn::compiler
