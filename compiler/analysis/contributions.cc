#include "compiler/analysis/contributions.h"

#include <algorithm>
#include <cmath>

#include "reference/columns.h"
#include "reference/input_proof.h"

namespace bnsyn::compiler {
namespace {

void AddContributions(const ir::Program& program, const ir::Block& block,
                      std::vector<Contribution>& contributions) {
  const ir::ProjectionId id = program.domains[static_cast<size_t>(block.domain)].index;
  for (ir::NodeId node = 0; node < block.nodes.size(); ++node) {
    if (block.nodes[node].op != ir::Op::kAccumulate) continue;
    // Whether it is static does not depend on the weight.
    const std::optional<double> value =
        reference::StaticContribution(program, block, node, program.projections[id].weight);
    Contribution& contribution = contributions.emplace_back();
    contribution.projection = id;
    contribution.kind = block.kind;
    contribution.node = node;
    contribution.input = static_cast<ir::InputId>(block.nodes[node].attr);
    contribution.is_static = value.has_value() && block.kind == ir::BlockKind::kOnPre;
    if (!program.HasOwnWeights(id)) contribution.value = value;
    contribution.in_degree = InDegreeOf(program, id);
  }
}

// States while running: within their bounds, and constant ones as they begin.
std::vector<Range> RunningRanges(const ir::Program& program, const std::vector<Range>& initial,
                                 absl::Span<const ir::StateId> constant) {
  constexpr double kMax = std::numeric_limits<double>::max();
  std::vector<Range> ranges;
  for (const ir::State& state : program.states) {
    Range range;
    if (state.lower > -kMax) range.least = state.lower;
    if (state.upper < kMax) range.greatest = state.upper;
    if (state.type.element == ir::Element::kBool) range = {0, 1};
    ranges.push_back(range);
  }
  for (const ir::StateId state : constant) ranges[state] = initial[state];
  return ranges;
}

// The weights that synapses have unless their connect block sets them.
Range DeclaredWeight(const ir::Program& program, ir::ProjectionId id) {
  const ir::Projection& projection = program.projections[id];
  const Range one = {projection.weight, projection.weight};
  if (!projection.weight_column) return one;
  const ir::ColumnRef& column = *projection.weight_column;
  const std::vector<double>& weights = program.tables[column.table].values[column.column];
  const auto [least, greatest] = std::minmax_element(weights.begin(), weights.end());
  return least == weights.end() ? one : Range{*least, *greatest};
}

// The ranges of what the synaptic blocks of one projection compute.
class ProjectionRanges {
 public:
  ProjectionRanges(const ir::Program& program, ir::ProjectionId id,
                   const std::vector<Range>& initial, const std::vector<Range>& running)
      : program_(program), id_(id), initial_(initial), running_(running) {
    FindWeight();
    FindStates();
  }

  std::vector<Range> Of(const ir::Block& block) const {
    return FindRanges(program_, block, {.weight = weight_, .states = running_});
  }

 private:
  const ir::Block* connect() const { return program_.FindConnect(id_); }

  void FindWeight() {
    weight_ = DeclaredWeight(program_, id_);
    if (connect() == nullptr) return;
    const std::vector<Range> ranges = FindConnectRanges(program_, id_, initial_);
    for (const ir::Node& node : connect()->nodes) {
      if (node.op == ir::Op::kSetWeight) weight_ = ranges[node.operands[0]];
    }
  }

  // States of the synapses are what they begin with, or what some code stores, whatever the states
  // were that it read.
  void FindStates() {
    const std::vector<ir::StateId> states = program_.SynapseStates(id_);
    if (states.empty()) return;
    std::vector<std::optional<Range>> stored(program_.states.size());
    const auto store = [&](const ir::Block& block, const std::vector<Range>& ranges) {
      for (const ir::Node& node : block.nodes) {
        if (node.op != ir::Op::kStore) continue;
        const Range& range = ranges[node.operands[0]];
        std::optional<Range>& all = stored[node.attr];
        all = all.has_value() ? Join(*all, range) : range;
      }
    };
    if (connect() != nullptr) store(*connect(), FindConnectRanges(program_, id_, initial_));
    for (const ir::StateId state : states) {
      if (!stored[state].has_value()) stored[state] = initial_[state];
    }
    for (const ir::BlockKind kind :
         {ir::BlockKind::kOnPre, ir::BlockKind::kOnStep, ir::BlockKind::kOnPost}) {
      const ir::Block* const block = program_.FindSynaptic(kind, id_);
      if (block != nullptr) store(*block, Of(*block));
    }
    for (const ir::StateId state : states) {
      // The declared bounds hold as well.
      running_[state].least = std::max(running_[state].least, stored[state]->least);
      running_[state].greatest = std::min(running_[state].greatest, stored[state]->greatest);
    }
  }

  const ir::Program& program_;
  const ir::ProjectionId id_;
  const std::vector<Range>& initial_;
  std::vector<Range> running_;
  Range weight_;
};

// The range of a static contribution over weights that are known one by one.
Range RangeOver(const ir::Program& program, const ir::Block& block, ir::NodeId node,
                const std::vector<double>& weights) {
  std::optional<Range> all;
  for (const double weight : weights) {
    const double value = *reference::StaticContribution(program, block, node, weight);
    const Range range = {value, value, std::isnan(value)};
    all = all.has_value() ? Join(*all, range) : range;
  }
  return all.value_or(Range{0, 0});
}

}  // namespace

InDegree InDegreeOf(const ir::Program& program, ir::ProjectionId id) {
  const ir::Rule& rule = program.projections[id].rule;
  const ir::RuleTraits& traits = ir::TraitsOf(rule.kind);
  ir::RuleSizes sizes = program.SizesOf(id);
  sizes.pairs = sizes.sources * sizes.targets;  // self=false leaves out so few that it is no matter
  const double mean = traits.synapses(rule, sizes) / sizes.targets;
  return {mean, traits.greatest_in_degree(rule, sizes, mean)};
}

std::vector<Contribution> FindContributions(const ir::Program& program) {
  std::vector<Contribution> contributions;
  for (const ir::Block& block : program.synaptic) AddContributions(program, block, contributions);
  return contributions;
}

std::vector<Contribution> FindContributions(const ir::Program& program, ir::ProjectionId id) {
  std::vector<Contribution> contributions;
  const ir::Block* const on_pre = program.FindSynaptic(ir::BlockKind::kOnPre, id);
  if (on_pre != nullptr) AddContributions(program, *on_pre, contributions);
  return contributions;
}

std::vector<Range> FindContributionRanges(const ir::Program& program,
                                          absl::Span<const Contribution> contributions,
                                          absl::Span<const ir::StateId> constant) {
  const std::vector<Range> initial = InitialRanges(program);
  const std::vector<Range> running = RunningRanges(program, initial, constant);
  std::vector<Range> ranges;
  for (const Contribution& contribution : contributions) {
    const ir::ProjectionId id = contribution.projection;
    const ir::Block& block = *program.FindSynaptic(contribution.kind, id);
    if (contribution.value) {
      const double value = *contribution.value;
      ranges.push_back({value, value, std::isnan(value)});
    } else if (const std::vector<double> weights = ListedWeights(program, id);
               contribution.is_static && !weights.empty()) {
      ranges.push_back(RangeOver(program, block, contribution.node, weights));
    } else {
      const std::vector<Range> values = ProjectionRanges(program, id, initial, running).Of(block);
      ranges.push_back(values[block.nodes[contribution.node].operands[0]]);
    }
  }
  return ranges;
}

std::vector<Range> FindConnectRanges(const ir::Program& program, ir::ProjectionId id,
                                     const std::vector<Range>& initial) {
  return FindRanges(
      program, *program.FindConnect(id),
      {.weight = DeclaredWeight(program, id), .states = initial, .tunable_vary = false});
}

std::vector<double> ListedWeights(const ir::Program& program, ir::ProjectionId id) {
  const ir::Projection& projection = program.projections[id];
  const ir::Block* const connect = program.FindConnect(id);
  const bool set = connect != nullptr &&
                   std::any_of(connect->nodes.begin(), connect->nodes.end(),
                               [](const ir::Node& node) { return node.op == ir::Op::kSetWeight; });
  if (set) return {};
  if (!projection.weight_column) return {projection.weight};
  const ir::ColumnRef& column = *projection.weight_column;
  std::vector<double> weights = program.tables[column.table].values[column.column];
  std::sort(weights.begin(), weights.end());
  weights.erase(std::unique(weights.begin(), weights.end()), weights.end());
  return weights;
}

std::optional<KnownArrivals> FindKnownArrivals(const ir::Program& program,
                                               absl::Span<const Contribution> contributions,
                                               ir::InputId input) {
  for (const ir::Events& events : program.events) {
    if (events.input == input) return std::nullopt;
  }
  KnownArrivals arrivals;
  for (const Contribution& contribution : contributions) {
    if (contribution.input != input) continue;
    if (contribution.kind != ir::BlockKind::kOnPre || !contribution.value ||
        !std::isfinite(*contribution.value)) {
      return std::nullopt;
    }
    const double size = std::fabs(*contribution.value);
    arrivals.synapses += contribution.in_degree.mean;
    arrivals.most += contribution.in_degree.most * size;
    arrivals.largest = std::max(arrivals.largest, size);
    if (size != 0) arrivals.least = std::min(arrivals.least, size);
  }
  return arrivals;
}

double LargestEvent(const ir::Program& program, const ir::Events& events) {
  const std::vector<double>* const values =
      reference::FindColumn(program.tables[events.table], "value");
  if (values == nullptr) return 1;
  double largest = 0;
  for (const double value : *values) largest = std::max(largest, std::fabs(value));
  return largest;
}

}  // namespace bnsyn::compiler
