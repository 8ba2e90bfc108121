#include "compiler/analysis/contributions.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "ir/access.h"
#include "reference/columns.h"
#include "reference/input_proof.h"

namespace bnsyn::compiler {
namespace {

void AddContributions(const ir::Program& program, size_t number, bool delivers,
                      std::vector<Contribution>& contributions) {
  const ir::Block& block = program.synaptic[number];
  const ir::ProjectionId id = program.ProjectionOf(block);
  const bool may_be_static = reference::MayBeStatic(program, block);
  for (ir::NodeId node = 0; node < block.nodes.size(); ++node) {
    if (!ir::Accumulates(block.nodes[node])) continue;
    // Whether it is static does not depend on the weight.
    const std::optional<double> value =
        reference::StaticContribution(program, block, node, program.projections[id].weight);
    Contribution& contribution = contributions.emplace_back();
    contribution.projection = id;
    contribution.block = number;
    contribution.node = node;
    contribution.input = static_cast<ir::InputId>(block.nodes[node].attr);
    contribution.is_static = value.has_value() && may_be_static;
    if (!program.HasOwnWeights(id)) contribution.value = value;
    contribution.to_source = block.nodes[node].op == ir::Op::kAccumulatePre;
    contribution.in_degree =
        contribution.to_source ? OutDegreeOf(program, id) : InDegreeOf(program, id);
    contribution.in_degree.most *= program.MostRuns(block, delivers);
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
    if (!ir::IsFloat(state.type.element)) range.smallest = 1;
    ranges.push_back(range);
  }
  for (const ir::StateId state : constant) ranges[state] = initial[state];
  return ranges;
}

// The weights that synapses have unless their connect block sets them.
Range DeclaredWeight(const ir::Program& program, ir::ProjectionId id) {
  const ir::Projection& projection = program.projections[id];
  const Range one = RangeOfNumber(projection.weight);
  if (!projection.weight_column) return one;
  const ir::ColumnRef& column = *projection.weight_column;
  const std::vector<double>& weights = program.tables[column.table].values[column.column];
  return weights.empty() ? one : RangeOfNumbers(weights);
}

// The ranges of what the synaptic blocks of one projection compute.
class ProjectionRanges {
 public:
  ProjectionRanges(const ir::Program& program, ir::ProjectionId id,
                   const std::vector<Range>& initial)
      : program_(program), id_(id), initial_(initial), states_(initial) {
    FindWeight();
    FindBeginnings();
  }

  // From now on states may have all values that they have while running. `running` is for states
  // that are not of these synapses.
  void Run(const std::vector<Range>& running) {
    std::map<ir::StateId, Range> beginnings = std::move(own_);
    for (const ir::StateId state : program_.SynapseStates(id_)) {
      beginnings.emplace(state, initial_[state]);
    }
    states_ = running;
    own_.clear();
    JoinStored(std::move(beginnings));
  }

  std::vector<Range> Of(const ir::Block& block) const {
    return FindRanges(program_, block, {.weight = weight_, .states = states_, .own = own_});
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

  // The last value that the connect block stores, if it has some, is what a state begins with.
  void FindBeginnings() {
    if (connect() == nullptr) return;
    const std::vector<Range> ranges = FindConnectRanges(program_, id_, initial_);
    for (const ir::Node& node : connect()->nodes) {
      if (node.op != ir::Op::kStore) continue;
      own_[static_cast<ir::StateId>(node.attr)] = ranges[node.operands[0]];
    }
  }

  // States of the synapses are what they begin with, or what some code stores, whatever the states
  // were that it read.
  void JoinStored(std::map<ir::StateId, Range> stored) {
    for (const ir::Block& block : program_.SynapticOf(id_)) {
      const std::vector<Range> ranges = Of(block);
      for (const ir::Node& node : block.nodes) {
        if (node.op != ir::Op::kStore) continue;
        Range& range = stored[static_cast<ir::StateId>(node.attr)];
        range = Join(range, ranges[node.operands[0]]);
      }
    }
    for (const ir::StateId state : program_.SynapseStates(id_)) {
      // The declared bounds hold as well.
      Range range = states_[state];
      range.least = std::max(range.least, stored[state].least);
      range.greatest = std::min(range.greatest, stored[state].greatest);
      range.smallest = std::max(range.smallest, stored[state].nonzero());
      own_[state] = range;
    }
  }

  const ir::Program& program_;
  const ir::ProjectionId id_;
  const std::vector<Range>& initial_;
  absl::Span<const Range> states_;    // of all others
  std::map<ir::StateId, Range> own_;  // of these synapses
  Range weight_;
};

// The values of a static contribution for weights that are known one by one.
std::vector<double> ValuesFor(const ir::Program& program, const Contribution& contribution,
                              const std::vector<double>& weights) {
  const ir::Block& block = program.synaptic[contribution.block];
  std::vector<double> values;
  for (const double weight : weights) {
    values.push_back(*reference::StaticContribution(program, block, contribution.node, weight));
  }
  return values;
}

// Each value that a contribution may have; empty where they are not known one by one.
std::vector<double> KnownValues(const ir::Program& program, const Contribution& contribution) {
  if (contribution.value) return {*contribution.value};
  if (!contribution.is_static) return {};
  return ValuesFor(program, contribution, ListedWeights(program, contribution.projection));
}

// The greatest sum of magnitudes of events that meet at one element in one step.
double GreatestSum(const ir::Program& program, const ir::Events& events,
                   const std::vector<double>& values) {
  const absl::StatusOr<std::vector<uint64_t>> steps = reference::ReadEventSteps(program, events);
  const std::vector<double>* const elements =
      reference::FindColumn(program.tables[events.table], "index");
  // Engines refuse such a table.
  if (!steps.ok() || elements == nullptr) return 0;
  std::vector<std::tuple<uint64_t, double, double>> rows;
  for (size_t row = 0; row < steps->size(); ++row) {
    rows.emplace_back((*steps)[row], (*elements)[row], std::fabs(values.empty() ? 1 : values[row]));
  }
  std::sort(rows.begin(), rows.end());
  double greatest = 0;
  double sum = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto& [step, element, value] = rows[row];
    const bool meets =
        row > 0 && std::get<0>(rows[row - 1]) == step && std::get<1>(rows[row - 1]) == element;
    sum = (meets ? sum : 0) + value;
    greatest = std::max(greatest, sum);
  }
  return greatest;
}

Amount AmountOfEvents(const ir::Program& program, const ir::Events& events) {
  const std::vector<double>* const column =
      reference::FindColumn(program.tables[events.table], "value");
  Amount amount;
  amount.input = events.input;
  amount.source = events.name;
  if (column != nullptr) amount.values = *column;
  amount.sum = GreatestSum(program, events, amount.values);
  if (column == nullptr) amount.values = {1};
  if (amount.values.empty()) amount.values = {0};
  amount.range = RangeOfNumbers(amount.values);
  amount.beginning = amount.range.magnitude();
  return amount;
}

}  // namespace

InDegree InDegreeOf(const ir::Program& program, ir::ProjectionId id) {
  const ir::Rule& rule = program.projections[id].rule;
  const ir::RuleTraits& traits = ir::TraitsOf(rule.kind);
  ir::RuleSizes sizes = program.SizesOf(id);
  // self=false leaves out so few that it is no matter.
  sizes.pairs = sizes.sources * sizes.targets;
  sizes.left_out = 0;
  const double mean = traits.synapses(rule, sizes) / sizes.targets;
  return {mean, traits.greatest_in_degree(rule, sizes, mean)};
}

InDegree OutDegreeOf(const ir::Program& program, ir::ProjectionId id) {
  ir::Rule rule = program.projections[id].rule;
  ir::RuleSizes sizes = program.SizesOf(id);
  sizes.pairs = sizes.sources * sizes.targets;
  const double mean = ir::TraitsOf(rule.kind).synapses(rule, sizes) / sizes.sources;
  // What the rule is to sources, this one is to targets.
  std::swap(sizes.sources, sizes.targets);
  if (rule.kind == ir::RuleKind::kFixedInDegree) {
    rule.kind = ir::RuleKind::kFixedOutDegree;
  } else if (rule.kind == ir::RuleKind::kFixedOutDegree) {
    rule.kind = ir::RuleKind::kFixedInDegree;
  }
  return {mean, ir::TraitsOf(rule.kind).greatest_in_degree(rule, sizes, mean)};
}

std::vector<Contribution> FindContributions(const ir::Program& program) {
  std::vector<Contribution> contributions;
  const bool delivers = program.Delivers();
  for (size_t block = 0; block < program.synaptic.size(); ++block) {
    AddContributions(program, block, delivers, contributions);
  }
  return contributions;
}

std::vector<Contribution> FindContributions(const ir::Program& program, ir::ProjectionId id) {
  std::vector<Contribution> contributions;
  const ir::Block* const on_pre = program.FindSynaptic(ir::BlockKind::kOnPre, id);
  if (on_pre == nullptr) return contributions;
  AddContributions(program, static_cast<size_t>(on_pre - program.synaptic.data()),
                   /*delivers=*/false, contributions);
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
    const ir::Block& block = program.synaptic[contribution.block];
    const std::vector<double> known = KnownValues(program, contribution);
    if (!known.empty()) {
      ranges.push_back(RangeOfNumbers(known));
      continue;
    }
    ProjectionRanges values(program, id, initial);
    values.Run(running);
    ranges.push_back(values.Of(block)[block.nodes[contribution.node].operands[0]]);
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
    if (!contribution.is_static || !contribution.value || !std::isfinite(*contribution.value)) {
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

std::vector<Amount> FindAmounts(const ir::Program& program,
                                absl::Span<const ir::StateId> constant) {
  std::vector<Amount> amounts;
  const std::vector<Contribution> contributions = FindContributions(program);
  const std::vector<Range> ranges = FindContributionRanges(program, contributions, constant);
  const std::vector<Range> initial = InitialRanges(program);
  for (size_t c = 0; c < contributions.size(); ++c) {
    const Contribution& contribution = contributions[c];
    Amount& amount = amounts.emplace_back();
    amount.input = contribution.input;
    amount.source = program.projections[contribution.projection].name;
    amount.is_static = contribution.is_static;
    amount.range = ranges[c];
    amount.beginning = amount.range.magnitude();
    if (!amount.is_static) {
      const ir::Block& block = program.synaptic[contribution.block];
      const ProjectionRanges values(program, contribution.projection, initial);
      amount.beginning = values.Of(block)[block.nodes[contribution.node].operands[0]].magnitude();
    }
    amount.values = KnownValues(program, contribution);
    amount.most = contribution.in_degree.most;
    if (amount.most > 0) amount.sum = amount.most * amount.range.magnitude();
  }
  for (const ir::Events& events : program.events) {
    amounts.push_back(AmountOfEvents(program, events));
  }
  return amounts;
}

}  // namespace bnsyn::compiler
