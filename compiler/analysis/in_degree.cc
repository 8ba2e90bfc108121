#include "compiler/analysis/in_degree.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bnsyn::compiler {
namespace {

double AtMost(double expected) { return expected + 20 * std::sqrt(expected) + 64; }

}  // namespace

InDegree InDegreeOf(const ir::Program& program, ir::ProjectionId id) {
  const ir::Projection& projection = program.projections[id];
  const ir::Rule& rule = projection.rule;
  const double sources = program.populations[projection.source].size;
  const double targets = program.populations[projection.target].size;
  const auto count = static_cast<double>(rule.count);
  switch (rule.kind) {
    case ir::RuleKind::kOneToOne:
      return {1, 1};
    case ir::RuleKind::kAllToAll:
      return {sources, sources};
    case ir::RuleKind::kBernoulli: {
      const double mean = sources * rule.p;
      const bool by_pair = program.FindConnect(id) != nullptr;
      return {mean, by_pair ? sources : std::min(sources, AtMost(mean))};
    }
    case ir::RuleKind::kFixedInDegree:
      return {count, count};
    case ir::RuleKind::kFixedOutDegree: {
      const double mean = sources * count / targets;
      return {mean, rule.multiple ? AtMost(mean) : std::min(sources, AtMost(mean))};
    }
    case ir::RuleKind::kFixedTotal: {
      const double mean = count / targets;
      const double likely = std::min(count, AtMost(mean));
      return {mean, rule.multiple ? likely : std::min(sources, likely)};
    }
    case ir::RuleKind::kList: {
      const auto rows = static_cast<double>(program.tables[*rule.table].rows());
      return {rows / targets, rows};
    }
  }
  return {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
}

}  // namespace bnsyn::compiler
