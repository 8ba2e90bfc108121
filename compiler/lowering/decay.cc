// Variables that do nothing but decay and receive known amounts, as conductances mostly do, become
// decaying inputs (R6): a step then neither takes what arrives nor stores what is left, but reads
// what the input holds. Of each such variable the code of a step is
//
//   taken = take I             x = load S
//   arrived = add x, taken     left = sub (fma arrived, factor, T), T     (flushed, R9)
//   check S, left              store S, left
//
// and becomes left = held I * quantum I. A product of that with a uniform value, which is mostly
// what a neuron makes of it, is one of a product that is uniform with held I.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/analysis/facts.h"
#include "compiler/analysis/in_degree.h"
#include "compiler/analysis/value_range.h"
#include "compiler/equations/integrate.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/scope.h"
#include "compiler/passes/rewrite.h"
#include "ir/builder.h"
#include "reference/contribution.h"
#include "reference/decay.h"

namespace bnsyn::compiler {
namespace {

// Synapses of a neuron, on average, up to which events change sums of 64 bits in less time than a
// step would take to collect and clear narrow ones; measured with 80, 160 and 640.
constexpr double kMostSynapses = 128;

// A contribution has at least so many quanta, that is, it is exact to 2^-25.
constexpr double kLeastQuanta = 0x1p24;

// A period leaves at least this.
constexpr double kLeastLeft = 0x1p-4;

// The greatest power of two that leaves so much; 0 where that is not one to have.
uint32_t PeriodOf(double factor) {
  if (!(factor > 0 && factor < 1)) return 0;
  uint32_t period = 1;
  while (period < ir::kLongestDecayPeriod && std::pow(factor, 2 * period) >= kLeastLeft) {
    period *= 2;
  }
  const double left = std::pow(factor, period);
  return left >= kLeastLeft && left <= 0.5 ? period : 0;
}

// The nodes of the step that move one variable.
struct Move {
  ir::InputId input = 0;
  ir::StateId state = 0;
  double factor = 0;
  ir::NodeId taken = ir::kNoNode;
  ir::NodeId loaded = ir::kNoNode;
  ir::NodeId arrived = ir::kNoNode;
  ir::NodeId left = ir::kNoNode;
};

class Decayer {
 public:
  explicit Decayer(ir::Program& program)
      : program_(program),
        step_(program.step[0]),
        builder_(program, step_),
        users_(step_.nodes.size()),
        states_(program.states.size()),
        initial_(InitialRanges(program)) {
    for (ir::NodeId id = 0; id < step_.nodes.size(); ++id) {
      const ir::Node& node = step_.nodes[id];
      for (const ir::NodeId operand : node.inputs()) users_[operand].push_back(id);
      if (ir::Info(node.op).attr == ir::AttrKind::kState) states_[node.attr].push_back(id);
    }
  }

  void Run() {
    std::vector<Move> moves;
    for (ir::NodeId id = 0; id < step_.nodes.size(); ++id) {
      if (step_.nodes[id].op != ir::Op::kTake) continue;
      const std::optional<Move> move = FindMove(id);
      if (!move) continue;
      const std::optional<ir::Input> decaying = Decaying(*move);
      if (!decaying) continue;
      program_.inputs[move->input] = *decaying;
      moves.push_back(*move);
    }
    if (!moves.empty()) step_ = Rewritten(moves);
  }

 private:
  const ir::Node& node(ir::NodeId id) const { return step_.nodes[id]; }

  // The variable whose input is taken there, if it moves like that.
  std::optional<Move> FindMove(ir::NodeId taken) const {
    Move move;
    move.taken = taken;
    move.input = static_cast<ir::InputId>(node(taken).attr);
    if (users_[taken].size() != 1) return std::nullopt;
    move.arrived = users_[taken][0];
    const ir::Node& sum = node(move.arrived);
    if (sum.op != ir::Op::kAdd || sum.operands[0] == sum.operands[1]) return std::nullopt;
    move.loaded = sum.operands[0] == taken ? sum.operands[1] : sum.operands[0];
    if (node(move.loaded).op != ir::Op::kLoad || users_[move.loaded].size() != 1) {
      return std::nullopt;
    }
    move.state = static_cast<ir::StateId>(node(move.loaded).attr);
    for (const ir::NodeId user : users_[move.arrived]) {
      const std::optional<double> factor = FlushedFactor(move.arrived, user);
      if (!factor || !IsAllOf(move.state, move.loaded, users_[user][0])) continue;
      move.factor = *factor;
      move.left = users_[user][0];
    }
    if (move.left == ir::kNoNode || IsReadElsewhere(move.state)) return std::nullopt;
    return move;
  }

  // The number in sub (fma of, number, T), T, if `product` is that fma and has no other use.
  std::optional<double> FlushedFactor(ir::NodeId of, ir::NodeId product) const {
    const ir::Node& fma = node(product);
    if (fma.op != ir::Op::kFma || fma.operands[0] != of || users_[product].size() != 1) {
      return std::nullopt;
    }
    const ir::Node& sub = node(users_[product][0]);
    if (sub.op != ir::Op::kSub || sub.operands[0] != product) return std::nullopt;
    for (const ir::NodeId flushing : {fma.operands[2], sub.operands[1]}) {
      if (!IsLiteral(builder_, {flushing}, kFlushing)) return std::nullopt;
    }
    return Facts(program_, step_).Number(fma.operands[1]);
  }

  // Whether all that the step does with a state is to load it there, and to store that node.
  bool IsAllOf(ir::StateId state, ir::NodeId loaded, ir::NodeId stored) const {
    bool stores = false;
    for (const ir::NodeId id : states_[state]) {
      if (id == loaded) continue;
      if (node(id).operands[0] != stored) return false;
      stores |= node(id).op == ir::Op::kStore;
    }
    return stores;
  }

  bool IsReadElsewhere(ir::StateId state) const {
    return std::any_of(
        program_.synaptic.begin(), program_.synaptic.end(), [state](const ir::Block& block) {
          return std::any_of(block.nodes.begin(), block.nodes.end(), [state](const ir::Node& n) {
            return ir::Info(n.op).attr == ir::AttrKind::kState && n.attr == state;
          });
        });
  }

  // What synapses add to an input, where each adds a number that is known.
  struct Arriving {
    double least = std::numeric_limits<double>::infinity();  // magnitudes, but for 0
    double largest = 0;
    double synapses = 0;  // of a neuron, in the mean
    double most = 0;      // at one neuron, in one step
  };

  std::optional<Arriving> ArrivingAt(ir::InputId input) const {
    Arriving arriving;
    for (const ir::Events& events : program_.events) {
      if (events.input == input) return std::nullopt;
    }
    for (const ir::Block& block : program_.synaptic) {
      const ir::ProjectionId id = program_.domains[static_cast<size_t>(block.domain)].index;
      for (ir::NodeId n = 0; n < block.nodes.size(); ++n) {
        if (block.nodes[n].op != ir::Op::kAccumulate || block.nodes[n].attr != input) continue;
        if (block.kind != ir::BlockKind::kOnPre || program_.HasOwnWeights(id)) return std::nullopt;
        const std::optional<double> value =
            reference::StaticContribution(program_, block, n, program_.projections[id].weight);
        if (!value || !std::isfinite(*value)) return std::nullopt;
        const double size = std::fabs(*value);
        const InDegree degree = InDegreeOf(program_, id);
        arriving.synapses += degree.mean;
        arriving.most += degree.most * size;
        arriving.largest = std::max(arriving.largest, size);
        if (size != 0) arriving.least = std::min(arriving.least, size);
      }
    }
    return arriving;
  }

  // The input as it decays, if what may arrive and what there is at first suit that.
  std::optional<ir::Input> Decaying(const Move& move) const {
    constexpr double kMax = std::numeric_limits<double>::max();
    const ir::State& state = program_.states[move.state];
    const bool bounded = state.lower > -kMax || state.upper < kMax;
    const Range& initial = initial_[move.state];
    const uint32_t period = PeriodOf(move.factor);
    const std::optional<Arriving> arriving = ArrivingAt(move.input);
    if (bounded || !initial.bounded() || period == 0 || !arriving) return std::nullopt;
    if (arriving->largest == 0 || arriving->synapses > kMostSynapses) return std::nullopt;

    ir::Input input = program_.inputs[move.input];
    input.decay = ir::Decay{move.factor, period, move.state};
    // In 39 bits if all fits; such contributions stay below the limit of R6 at the end of a period.
    input.quantum_log2 = reference::QuantumFor(arriving->largest) - 8;
    const auto most = static_cast<double>(reference::MostInAStep(input));
    constexpr auto kMost = static_cast<double>(reference::kMaxHeld);
    const double needed = std::max(arriving->most / most, initial.magnitude() / kMost);
    while (std::ldexp(1.0, input.quantum_log2) < needed) ++input.quantum_log2;
    if (arriving->least < std::ldexp(kLeastQuanta, input.quantum_log2)) return std::nullopt;
    return input;
  }

  ir::Block Rewritten(const std::vector<Move>& moves) const {
    // Of each node that is a uniform value times what an input holds: that value, in the new block.
    std::vector<std::pair<ir::Value, ir::Value>> held(step_.nodes.size());
    return RewriteBlock(
        program_, step_, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          ir::Builder& builder = rewriter.builder();
          for (const Move& move : moves) {
            const bool of_state =
                ir::Info(node(id).op).attr == ir::AttrKind::kState && node(id).attr == move.state;
            if (of_state || id == move.taken) return ir::Value{};
            if (id != move.arrived && id != move.left) continue;
            const ir::DomainId domain = program_.inputs[move.input].population;
            ir::Value scale = builder.Emit(
                ir::Op::kQuantum, {ir::Element::kF64, ir::DomainId::kNetwork}, {}, move.input);
            if (id == move.arrived) {
              scale = builder.Emit(ir::Op::kMul, {scale, builder.F64(1 / move.factor)});
            }
            const ir::Value sum =
                builder.Emit(ir::Op::kHeld, {ir::Element::kF64, domain}, {}, move.input);
            held[id] = {scale, sum};
            return builder.Emit(ir::Op::kMul, {scale, sum});
          }
          return Associated(rewriter, id, held);
        });
  }

  // uniform*(scale*held) as (uniform*scale)*held.
  std::optional<ir::Value> Associated(
      Rewriter& rewriter, ir::NodeId id,
      const std::vector<std::pair<ir::Value, ir::Value>>& held) const {
    const ir::Node& n = node(id);
    if (n.op != ir::Op::kMul && n.op != ir::Op::kFma) return std::nullopt;
    ir::Builder& builder = rewriter.builder();
    for (const size_t i : {size_t{0}, size_t{1}}) {
      const auto& [scale, sum] = held[n.operands[i]];
      const ir::Value other = rewriter.At(n.operands[1 - i]);
      if (!scale.valid() || !builder.type(other).uniform()) continue;
      const ir::Value factor = builder.Emit(ir::Op::kMul, {other, scale});
      if (n.op == ir::Op::kMul) return builder.Emit(ir::Op::kMul, {factor, sum});
      return builder.Emit(ir::Op::kFma, {factor, sum, rewriter.At(n.operands[2])});
    }
    return std::nullopt;
  }

  ir::Program& program_;
  ir::Block& step_;
  ir::Builder builder_;                          // to look at the step
  std::vector<std::vector<ir::NodeId>> users_;   // by node
  std::vector<std::vector<ir::NodeId>> states_;  // the nodes of each
  std::vector<Range> initial_;
};

}  // namespace

void LetInputsDecay(Lowering& lowering) {
  // Strict code does what is written, in its order.
  if (lowering.math == MathMode::kStrict) return;
  Decayer(lowering.program).Run();
}

}  // namespace bnsyn::compiler
