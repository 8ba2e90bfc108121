#include "compiler/analysis/in_degree.h"

namespace bnsyn::compiler {

InDegree InDegreeOf(const ir::Program& program, ir::ProjectionId id) {
  const ir::Rule& rule = program.projections[id].rule;
  const ir::RuleTraits& traits = ir::TraitsOf(rule.kind);
  ir::RuleSizes sizes = program.SizesOf(id);
  sizes.pairs = sizes.sources * sizes.targets;  // self=false leaves out so few that it is no matter
  const double mean = traits.synapses(rule, sizes) / sizes.targets;
  return {mean, traits.greatest_in_degree(rule, sizes, mean)};
}

}  // namespace bnsyn::compiler
