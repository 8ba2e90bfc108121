// decay_inputs: variables that do nothing but decay and receive known amounts, as most conductances
// do, become decaying sums (R6). A step then neither takes what arrives nor stores what is left,
// but reads what the accumulator holds.
//
//   taken = take I                    sum = held I
//   arrived = add load S, taken  ->   arrived = mul (mul (scale I), 1/d), sum
//   left = fma arrived, d, ...        left = mul (scale I), sum
//   check S, left
//   store S, left
//
// Most code multiplies such a value by a uniform one. That product becomes a uniform one times sum.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/analysis/contributions.h"
#include "compiler/analysis/value_range.h"
#include "compiler/passes/prepare.h"
#include "compiler/passes/rewrite.h"
#include "ir/builder.h"
#include "ir/mutant.h"
#include "reference/accumulator.h"

namespace bnsyn::compiler {
namespace {

// Synapses of a neuron, on average, up to which events change sums of 64 bits in less time than a
// step would take to collect and clear narrow ones; measured with 80, 160 and 640.
constexpr double kMostSynapses = 128;

// A contribution has at least so many quanta. It is rounded twice, and so exact to 2^-24 of itself.
constexpr double kLeastQuanta = 0x1p24;

// A period leaves at least this.
constexpr double kLeastLeft = 0x1p-4;

// The greatest power of two that leaves so much; 0 if a period of that length leaves too much.
uint32_t PeriodOf(double factor) {
  if (!(factor > 0 && factor < 1)) return 0;
  uint32_t period = 1;
  while (period < ir::kLongestDecayPeriod && std::pow(factor, 2 * period) >= kLeastLeft) {
    period *= 2;
  }
  const double left = std::pow(factor, period);
  if (Mutant("pass.decay_inputs.period")) return period;
  return left >= kLeastLeft && left <= 0.5 ? period : 0;
}

// The nodes of the step that move one variable.
struct Move {
  ir::InputId input = 0;
  ir::StateId state = 0;
  double factor = 0;
  ir::NodeId taken = ir::kNoNode;
  ir::NodeId arrived = ir::kNoNode;  // the value with what was taken
  ir::NodeId left = ir::kNoNode;     // the value that is stored
};

class Decayer {
 public:
  Decayer(const ir::Program& program, const ProgramFacts& facts)
      : program_(program),
        facts_(facts),
        step_(program.step[0]),
        contributions_(program.inputs.size()),
        uses_(program.inputs.size()),
        states_(program.states.size()),
        initial_(InitialRanges(program)) {
    for (const Contribution& c : FindContributions(program)) contributions_[c.input].push_back(c);
    for (ir::InputId id = 0; id < program.inputs.size(); ++id) ids_[program.inputs[id].name] = id;
    FindUses();
  }

  ir::Program Run() const {
    ir::Program result = program_;
    std::vector<Move> moves;
    for (const Receiver& receiver : facts_.receivers) {
      const std::optional<Move> move = FindMove(receiver);
      if (!move) continue;
      const std::optional<ir::Accumulator> decaying = Decaying(*move);
      if (!decaying) continue;
      result.inputs[move->input].accumulator = *decaying;
      moves.push_back(*move);
    }
    if (!moves.empty()) result.step[0] = WithoutDeadNodes(result, Rewritten(result, moves));
    return result;
  }

 private:
  const ir::Node& node(ir::NodeId id) const { return step_.nodes[id]; }

  // What the step does with an input.
  struct InputUse {
    ir::NodeId taken = ir::kNoNode;
    ir::NodeId arrived = ir::kNoNode;  // the last node that reads what is taken
  };
  // What all code does with a state.
  struct StateUse {
    size_t reads = 0;               // of what the step loads
    ir::NodeId left = ir::kNoNode;  // what the step stores
    bool elsewhere = false;         // synapses, clocks or other neurons use it
  };

  void FindUses() {
    std::unordered_map<ir::NodeId, ir::InputId> taken;
    std::unordered_map<ir::NodeId, ir::StateId> loaded;
    for (ir::NodeId id = 0; id < step_.nodes.size(); ++id) {
      const ir::Node& n = node(id);
      if (n.op == ir::Op::kTake) {
        uses_[n.attr].taken = id;
        taken[id] = static_cast<ir::InputId>(n.attr);
      }
      if (n.op == ir::Op::kStore) states_[n.attr].left = n.operands[0];
      if (n.op == ir::Op::kGather) states_[n.attr].elsewhere = true;
      if (n.op == ir::Op::kLoad) loaded[id] = static_cast<ir::StateId>(n.attr);
      for (const ir::NodeId operand : n.inputs()) {
        const auto found = taken.find(operand);
        if (found != taken.end()) uses_[found->second].arrived = id;
        const auto load = loaded.find(operand);
        if (load != loaded.end()) ++states_[load->second].reads;
      }
    }
    for (const std::vector<ir::Block>* blocks : {&program_.synaptic, &program_.loops}) {
      for (const ir::Block& block : *blocks) {
        for (const ir::Node& n : block.nodes) {
          if (ir::Info(n.op).attr == ir::AttrKind::kState) states_[n.attr].elsewhere = true;
        }
      }
    }
  }

  // Where a variable that only decays and receives is moved; nullopt if its input was shared, if it
  // decays already, if other code reads the state itself, or if the state is f32, which each step
  // rounds.
  std::optional<Move> FindMove(const Receiver& receiver) const {
    const auto found = ids_.find(receiver.input);
    if (found == ids_.end() || !receiver.decay ||
        facts_.FindResolution(receiver.input) != nullptr) {
      return std::nullopt;
    }
    const ir::InputId input = found->second;
    if (program_.inputs[input].accumulator.decays()) return std::nullopt;
    const StateUse& state = states_[*receiver.state];
    const bool elsewhere = state.elsewhere && !Mutant("pass.decay_inputs.other_readers");
    if (state.reads != 1 || elsewhere) return std::nullopt;
    if (program_.states[*receiver.state].type.element != ir::Element::kF64) return std::nullopt;
    return Move{.input = input,
                .state = *receiver.state,
                .factor = *receiver.decay,
                .taken = uses_[input].taken,
                .arrived = uses_[input].arrived,
                .left = state.left};
  }

  // The accumulator as it decays, if what may arrive and what there is at first suit that.
  std::optional<ir::Accumulator> Decaying(const Move& move) const {
    constexpr double kMax = std::numeric_limits<double>::max();
    const ir::State& state = program_.states[move.state];
    const bool bounded = state.lower > -kMax || state.upper < kMax;
    const Range& initial = initial_[move.state];
    const uint32_t period = PeriodOf(move.factor);
    const std::optional<KnownArrivals> arrivals =
        FindKnownArrivals(program_, contributions_[move.input], move.input);
    const bool suits = !bounded || Mutant("pass.decay_inputs.bounds");
    if (!suits || !initial.bounded() || period == 0 || !arrivals) return std::nullopt;
    if (arrivals->largest == 0 || arrivals->synapses > kMostSynapses) return std::nullopt;

    ir::Accumulator sum;
    sum.decay = move.factor;
    sum.period = period;
    sum.state = move.state;
    // In 39 bits if all fits; such contributions stay below the limit of R6 at the end of a period.
    sum.scale_log2 = reference::ScaleLog2For(arrivals->largest) - 8;
    const auto most = static_cast<double>(reference::AccumulatorArithmetic(sum).MostInAStep());
    constexpr auto kMost = static_cast<double>(reference::kMaxHeld);
    const double needed = std::max(arrivals->most / most, initial.magnitude() / kMost);
    while (std::ldexp(1.0, sum.scale_log2) < needed) ++sum.scale_log2;
    const double least = std::ldexp(kLeastQuanta, sum.scale_log2);
    // Values that are drawn begin as exactly as the greatest contributions arrive.
    const bool begins_small = initial.least == initial.greatest && initial.nonzero() < least;
    if (arrivals->least < least || begins_small) return std::nullopt;
    return sum;
  }

  // A node that is a uniform factor times a sum, in the new block; invalid for others.
  using Products = std::vector<std::pair<ir::Value, ir::Value>>;

  ir::Block Rewritten(const ir::Program& result, const std::vector<Move>& moves) const {
    Products products(step_.nodes.size());
    std::unordered_map<ir::NodeId, const Move*> by_node;  // taken, arrived and left
    std::unordered_map<ir::StateId, const Move*> by_state;
    for (const Move& move : moves) {
      for (const ir::NodeId id : {move.taken, move.arrived, move.left}) by_node.emplace(id, &move);
      by_state.emplace(move.state, &move);
    }
    return RewriteBlock(
        result, step_, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          ir::Builder& builder = rewriter.builder();
          if (ir::Info(node(id).op).attr == ir::AttrKind::kState &&
              by_state.contains(static_cast<ir::StateId>(node(id).attr))) {
            return ir::Value{};
          }
          if (const auto found = by_node.find(id); found != by_node.end()) {
            const Move& move = *found->second;
            if (id == move.taken) return ir::Value{};
            const ir::DomainId domain = program_.inputs[move.input].population;
            ir::Value scale = builder.Emit(
                ir::Op::kScale, {ir::Element::kF64, ir::DomainId::kNetwork}, {}, move.input);
            if (id == move.arrived) {
              const double before = Mutant("pass.decay_inputs.arrived") ? 1 : 1 / move.factor;
              scale = builder.Emit(ir::Op::kMul, {scale, builder.F64(before)});
            }
            const ir::Value sum =
                builder.Emit(ir::Op::kHeld, {ir::Element::kF64, domain}, {}, move.input);
            products[id] = {scale, sum};
            return builder.Emit(ir::Op::kMul, {scale, sum});
          }
          return Associated(rewriter, id, products);
        });
  }

  // uniform*(scale*sum) as (uniform*scale)*sum.
  std::optional<ir::Value> Associated(Rewriter& rewriter, ir::NodeId id, Products& products) const {
    const ir::Node& n = node(id);
    if (n.op != ir::Op::kMul && n.op != ir::Op::kFma) return std::nullopt;
    ir::Builder& builder = rewriter.builder();
    for (const size_t i : {size_t{0}, size_t{1}}) {
      const auto& [scale, sum] = products[n.operands[i]];
      const ir::Value other = rewriter.At(n.operands[1 - i]);
      if (!scale.valid() || !builder.type(other).uniform()) continue;
      const ir::Value factor = builder.Emit(ir::Op::kMul, {other, scale});
      if (n.op == ir::Op::kMul) {
        products[id] = {factor, sum};
        return builder.Emit(ir::Op::kMul, {factor, sum});
      }
      return builder.Emit(ir::Op::kFma, {factor, sum, rewriter.At(n.operands[2])});
    }
    return std::nullopt;
  }

  const ir::Program& program_;
  const ProgramFacts& facts_;
  const ir::Block& step_;
  std::vector<std::vector<Contribution>> contributions_;  // by input
  std::unordered_map<std::string, ir::InputId> ids_;      // of inputs
  std::vector<InputUse> uses_;                            // by input
  std::vector<StateUse> states_;
  const std::vector<Range> initial_;
};

}  // namespace

absl::StatusOr<ir::Program> DecayInputs(const ir::Program& program, const ProgramFacts& facts) {
  return Decayer(program, facts).Run();
}

}  // namespace bnsyn::compiler
