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
#include <utility>
#include <vector>

#include "compiler/analysis/contributions.h"
#include "compiler/analysis/value_range.h"
#include "compiler/passes/prepare.h"
#include "compiler/passes/rewrite.h"
#include "ir/builder.h"
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
        contributions_(FindContributions(program)),
        initial_(InitialRanges(program)) {}

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

  // Where a variable that only decays and receives is moved; nullopt if its input was shared, if it
  // decays already, or if other code reads the state itself.
  std::optional<Move> FindMove(const Receiver& receiver) const {
    const std::optional<ir::InputId> input = program_.FindInput(receiver.input);
    if (!input || !receiver.decay || program_.inputs[*input].accumulator.decays() ||
        facts_.FindResolution(receiver.input) != nullptr) {
      return std::nullopt;
    }
    Move move = {.input = *input, .state = *receiver.state, .factor = *receiver.decay};
    size_t loads = 0;
    for (ir::NodeId id = 0; id < step_.nodes.size(); ++id) {
      const ir::Node& n = node(id);
      const bool of_state = ir::Info(n.op).attr == ir::AttrKind::kState && n.attr == move.state;
      if (n.op == ir::Op::kTake && n.attr == move.input) move.taken = id;
      if (n.op == ir::Op::kStore && of_state) move.left = n.operands[0];
      loads += n.op == ir::Op::kLoad && of_state;
      const absl::Span<const ir::NodeId> operands = n.inputs();
      const bool takes = move.taken != ir::kNoNode &&
                         std::find(operands.begin(), operands.end(), move.taken) != operands.end();
      if (takes) move.arrived = id;
    }
    if (loads != 1 || IsReadBySynapses(move.state)) return std::nullopt;
    return move;
  }

  bool IsReadBySynapses(ir::StateId state) const {
    return std::any_of(
        program_.synaptic.begin(), program_.synaptic.end(), [state](const ir::Block& block) {
          return std::any_of(block.nodes.begin(), block.nodes.end(), [state](const ir::Node& n) {
            return ir::Info(n.op).attr == ir::AttrKind::kState && n.attr == state;
          });
        });
  }

  // The accumulator as it decays, if what may arrive and what there is at first suit that.
  std::optional<ir::Accumulator> Decaying(const Move& move) const {
    constexpr double kMax = std::numeric_limits<double>::max();
    const ir::State& state = program_.states[move.state];
    const bool bounded = state.lower > -kMax || state.upper < kMax;
    const Range& initial = initial_[move.state];
    const uint32_t period = PeriodOf(move.factor);
    const std::optional<KnownArrivals> arrivals =
        FindKnownArrivals(program_, contributions_, move.input);
    if (bounded || !initial.bounded() || period == 0 || !arrivals) return std::nullopt;
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
    // Values that are drawn around 0 begin as exactly as the greatest contributions arrive.
    const bool begins_small = initial.nonzero() > 0 && initial.nonzero() < least;
    if (arrivals->least < least || begins_small) return std::nullopt;
    return sum;
  }

  // A node that is a uniform factor times a sum, in the new block; invalid for others.
  using Products = std::vector<std::pair<ir::Value, ir::Value>>;

  ir::Block Rewritten(const ir::Program& result, const std::vector<Move>& moves) const {
    Products products(step_.nodes.size());
    return RewriteBlock(
        result, step_, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          ir::Builder& builder = rewriter.builder();
          for (const Move& move : moves) {
            const bool of_state =
                ir::Info(node(id).op).attr == ir::AttrKind::kState && node(id).attr == move.state;
            if (of_state || id == move.taken) return ir::Value{};
            if (id != move.arrived && id != move.left) continue;
            const ir::DomainId domain = program_.inputs[move.input].population;
            ir::Value scale = builder.Emit(
                ir::Op::kScale, {ir::Element::kF64, ir::DomainId::kNetwork}, {}, move.input);
            if (id == move.arrived) {
              scale = builder.Emit(ir::Op::kMul, {scale, builder.F64(1 / move.factor)});
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
  std::optional<ir::Value> Associated(Rewriter& rewriter, ir::NodeId id,
                                      const Products& products) const {
    const ir::Node& n = node(id);
    if (n.op != ir::Op::kMul && n.op != ir::Op::kFma) return std::nullopt;
    ir::Builder& builder = rewriter.builder();
    for (const size_t i : {size_t{0}, size_t{1}}) {
      const auto& [scale, sum] = products[n.operands[i]];
      const ir::Value other = rewriter.At(n.operands[1 - i]);
      if (!scale.valid() || !builder.type(other).uniform()) continue;
      const ir::Value factor = builder.Emit(ir::Op::kMul, {other, scale});
      if (n.op == ir::Op::kMul) return builder.Emit(ir::Op::kMul, {factor, sum});
      return builder.Emit(ir::Op::kFma, {factor, sum, rewriter.At(n.operands[2])});
    }
    return std::nullopt;
  }

  const ir::Program& program_;
  const ProgramFacts& facts_;
  const ir::Block& step_;
  const std::vector<Contribution> contributions_;
  const std::vector<Range> initial_;
};

}  // namespace

absl::StatusOr<ir::Program> DecayInputs(const ir::Program& program, const ProgramFacts& facts) {
  return Decayer(program, facts).Run();
}

}  // namespace bnsyn::compiler
