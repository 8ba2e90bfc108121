// What synapses may be and bring, found by ranges of values (value_range.h): the delays a program
// declares, the greatest probability, and the quanta of inputs.
#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/value_range.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/synapse.h"
#include "ir/status_macros.h"
#include "reference/contribution.h"

namespace bnsyn::compiler {
namespace {

using Description = Network::ProjectionDescription;

// What is added where nothing bounds it, for the sake of the quantum: one of its unit, so that sums
// are multiples of 2^-30, about 1e-9. Engines check it while running (R6).
constexpr double kUnbounded = 1;

// What states may be while running: within their bounds, or what they began with where no code
// changes them.
std::vector<Range> RunningRanges(const Lowering& lowering, const std::vector<Range>& initial) {
  std::vector<Range> ranges;
  constexpr double kMax = std::numeric_limits<double>::max();
  for (const ir::State& state : lowering.program.states) {
    Range range;
    if (state.lower > -kMax) range.least = state.lower;
    if (state.upper < kMax) range.greatest = state.upper;
    if (state.type.element == ir::Element::kBool) range = {0, 1};
    ranges.push_back(range);
  }
  for (const Section& section : lowering.sections) {
    for (const Variable& variable : section.variables) {
      if (variable.state.has_value() && variable.Is("constant")) {
        ranges[*variable.state] = initial[*variable.state];
      }
    }
  }
  return ranges;
}

const std::vector<double>& ColumnOf(const ir::Program& program, const ir::ColumnRef& column) {
  return program.tables[column.table].values[column.column];
}

class ProjectionBounds {
 public:
  ProjectionBounds(Lowering& lowering, ir::ProjectionId id, const std::vector<Range>& initial,
                   const std::vector<Range>& running)
      : lowering_(lowering),
        program_(lowering.program),
        description_(lowering.network.projections[id]),
        projection_(lowering.program.projections[id]),
        initial_(initial),
        running_(running),
        states_(lowering.program.SynapseStates(id)) {
    if (projection_.weight_column.has_value()) {
      weights_ = ColumnOf(program_, *projection_.weight_column);
      std::sort(weights_.begin(), weights_.end());
      weights_.erase(std::unique(weights_.begin(), weights_.end()), weights_.end());
    } else {
      weights_ = {projection_.weight};
    }
    if (weights_.empty()) weights_ = {0};
    weight_ = {weights_.front(), weights_.back()};
  }

  absl::Status Run(ir::ProjectionId id) {
    const ir::Block* const connect = program_.FindConnect(id);
    if (connect != nullptr) BNSYN_RETURN_IF_ERROR(Connect(*connect));
    std::vector<const ir::Block*> blocks;
    for (const ir::BlockKind kind :
         {ir::BlockKind::kOnPre, ir::BlockKind::kOnStep, ir::BlockKind::kOnPost}) {
      const ir::Block* const block = program_.FindSynaptic(kind, id);
      if (block != nullptr) blocks.push_back(block);
    }
    BoundStates(connect, blocks);
    for (const ir::Block* block : blocks) BNSYN_RETURN_IF_ERROR(Contributions(*block));
    return absl::OkStatus();
  }

 private:
  absl::Status Connect(const ir::Block& block) {
    const std::vector<Range> ranges =
        FindRanges(program_, block, {.weight = weight_, .states = initial_, .tunable_vary = false});
    for (const ir::Node& node : block.nodes) {
      if (node.op == ir::Op::kSetWeight) {
        weight_ = ranges[node.operands[0]];
        weights_.clear();
      }
      if (node.op == ir::Op::kSetProbability) {
        BNSYN_RETURN_IF_ERROR(Probability(ranges[node.operands[0]]));
      }
      if (node.op == ir::Op::kSetDelay) {
        // Of the whole number of steps, before it becomes an integer.
        const ir::Node& steps = block.nodes[node.operands[0]];
        BNSYN_RETURN_IF_ERROR(Delay(ranges[steps.operands[0]]));
      }
    }
    return absl::OkStatus();
  }

  // The memory that a run needs is planned with the most that it can be. Single values out of range
  // are found when they are computed.
  absl::Status Probability(const Range& range) {
    if (range.least > 1 || range.greatest < 0) {
      const Setting& p = description_.rule.p;
      const ir::SourceText text = TextOf(p, absl::StrCat(description_.name, ".p"));
      return ir::ErrorAt(
          text, Whole(text),
          absl::StrCat("a probability is from 0 to 1, and this is ",
                       range.least > 1 ? "always more than 1" : "always less than 0"));
    }
    projection_.rule.p = std::clamp(range.greatest, 0.0, 1.0);
    return absl::OkStatus();
  }

  absl::Status Delay(const Range& steps) {
    if (steps.least >= 1 && steps.greatest <= kLongestDelay) {
      projection_.delay = static_cast<uint32_t>(steps.least);
      projection_.max_delay = static_cast<uint32_t>(steps.greatest);
      return absl::OkStatus();
    }
    const std::string what = absl::StrCat("the delay of ", description_.name);
    const ir::SourceText text = TextOf(*description_.options.delay, what);
    const double dt = lowering_.network.options.dt.value;
    std::string message;
    if (!(steps.least >= 1)) {
      message =
          std::isfinite(steps.least)
              ? absl::StrCat(what, " can be as short as ", steps.least * dt,
                             " ms, but a spike takes at least one step, dt = ", dt, " ms")
              : absl::StrCat(what, " has no least value; it must be at least one step, dt = ", dt,
                             " ms");
    } else {
      message = std::isfinite(steps.greatest)
                    ? absl::StrCat(what, " can be as long as ", steps.greatest * dt,
                                   " ms; at most ", kLongestDelay, " steps are allowed")
                    : absl::StrCat(what, " has no greatest value, which must be known before ",
                                   "running");
    }
    return ir::ErrorAt(text, Whole(text), message,
                       absl::StrCat("keep it within bounds: clip(", text.text, ", dt, 10 ms)"));
  }

  // States of the synapses are what they begin with, or what some code stores, whatever the states
  // were that it read.
  void BoundStates(const ir::Block* connect, const std::vector<const ir::Block*>& blocks) {
    std::vector<std::optional<Range>> stored(program_.states.size());
    const auto store = [&](const ir::Block& block, const RangeSources& sources) {
      const std::vector<Range> ranges = FindRanges(program_, block, sources);
      for (const ir::Node& node : block.nodes) {
        if (node.op != ir::Op::kStore) continue;
        const Range& range = ranges[node.operands[0]];
        std::optional<Range>& all = stored[node.attr];
        all = all.has_value() ? Join(*all, range) : range;
      }
    };
    if (connect != nullptr) {
      store(*connect, {.weight = weight_, .states = initial_, .tunable_vary = false});
    }
    for (const ir::StateId state : states_) {
      if (!stored[state].has_value()) stored[state] = initial_[state];
    }
    for (const ir::Block* block : blocks) store(*block, {.weight = weight_, .states = running_});
    for (const ir::StateId state : states_) {
      // Bounds of a state hold besides.
      const Range& range = *stored[state];
      running_[state].least = std::max(running_[state].least, range.least);
      running_[state].greatest = std::min(running_[state].greatest, range.greatest);
    }
  }

  absl::Status Contributions(const ir::Block& block) {
    const std::vector<Range> ranges =
        FindRanges(program_, block, {.weight = weight_, .states = running_});
    for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
      const ir::Node& node = block.nodes[id];
      if (node.op != ir::Op::kAccumulate) continue;
      double& largest = lowering_.largest[node.attr];
      BNSYN_ASSIGN_OR_RETURN(const std::optional<double> known, KnownContribution(block, id));
      const Range& range = ranges[node.operands[0]];
      largest = std::max(largest, known.has_value() ? *known
                                  : range.bounded() ? range.magnitude()
                                                    : kUnbounded);
    }
    return absl::OkStatus();
  }

  // The largest magnitude that an accumulate adds, where every synapse adds what its weight, one of
  // `weights_`, says.
  absl::StatusOr<std::optional<double>> KnownContribution(const ir::Block& block,
                                                          ir::NodeId id) const {
    std::optional<double> largest;
    for (const double weight : weights_) {
      const std::optional<double> value =
          reference::StaticContribution(program_, block, id, weight);
      if (!value.has_value()) return std::nullopt;
      if (!std::isfinite(*value)) {
        const ConnectOptions& options = description_.options;
        const ir::SourceText& text = block.kind == ir::BlockKind::kOnPre    ? options.on_pre
                                     : block.kind == ir::BlockKind::kOnPost ? options.on_post
                                                                            : options.equations;
        return ir::ErrorAt(text, Whole(text),
                           absl::StrCat("with the weight ", weight, ", projection '",
                                        description_.name, "' would add ", *value));
      }
      largest = std::max(largest.value_or(0), std::fabs(*value));
    }
    return largest;
  }

  Lowering& lowering_;
  ir::Program& program_;
  const Description& description_;
  ir::Projection& projection_;
  const std::vector<Range>& initial_;
  std::vector<Range> running_;
  const std::vector<ir::StateId> states_;  // of the synapses
  std::vector<double> weights_;  // those there are; none where the connect block sets them
  Range weight_;
};

}  // namespace

absl::Status BoundProjections(Lowering& lowering) {
  ir::Program& program = lowering.program;
  const std::vector<Range> initial = InitialRanges(program);
  const std::vector<Range> running = RunningRanges(lowering, initial);
  // Projections that bring arrivals come after those of the network, and are bounded already.
  for (ir::ProjectionId id = 0; id < lowering.network.projections.size(); ++id) {
    BNSYN_RETURN_IF_ERROR(ProjectionBounds(lowering, id, initial, running).Run(id));
  }
  return absl::OkStatus();
}

void ChooseQuanta(Lowering& lowering) {
  for (size_t i = 0; i < lowering.largest.size(); ++i) {
    if (lowering.largest[i] > 0) {
      lowering.program.inputs[i].quantum_log2 = reference::QuantumFor(lowering.largest[i]);
    }
  }
}

}  // namespace bnsyn::compiler
