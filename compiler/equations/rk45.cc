#include "compiler/equations/rk45.h"

#include <array>
#include <limits>
#include <string>

#include "compiler/analysis/facts.h"
#include "compiler/language/code_emitter.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;
using Values = std::vector<Value>;

constexpr size_t kStages = 7;

// The time of each stage, and what it weighs the slopes of those before it with. The last stage
// stands at the result.
constexpr std::array<double, kStages> kTimes = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
constexpr std::array<std::array<double, kStages>, kStages> kWeights = {{
    {},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
}};
// The continuous solution (Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I,
// II.6): the part of it that is not given by values and slopes at the ends.
constexpr std::array<double, kStages> kInside = {
    -12715105075.0 / 11282082432,  0,
    87487479700.0 / 32700410799,   -10690763975.0 / 1880347072,
    701980252875.0 / 199316789632, -1453857185.0 / 822651844,
    69997945.0 / 29380423};
constexpr int kBisections = 40;
// The result less that of order 4.
constexpr std::array<double, kStages> kErrors = {
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

class TryEmitter {
 public:
  TryEmitter(const OdeSystem& system, const Rk45& step, SpikesWithin* within)
      : system_(system), step_(step), within_(within), builder_(system.builder()) {}

  Values Run() {
    LoopShape shape;
    shape.name = "rk45.tries";
    shape.times = kMostTries;
    shape.pass = system_.PassStandIn();
    left_ = system_.OwnStandIn(0);
    size_ = system_.OwnStandIn(1);
    shape.begin = static_cast<ir::NodeId>(builder_.block().nodes.size());
    EquationScope& scope = system_.scope();
    const ir::StateId kept = scope.AddOwnState("rk45.size", step_.h, 0, step_.h);
    const ir::StateId unfinished = scope.AddOwnState("rk45.left", 0, 0, 0);

    if (within_ != nullptr) {
      size_t number = 2;
      others_ = within_->Begin([&](ir::Element element) {
        const Value value = system_.OwnStandIn(number++);
        return element == ir::Element::kF64 ? value : builder_.Convert(value, element);
      });
    }
    std::vector<LoopVariable> variables = TryOnce();
    shape.until = builder_.Emit(Op::kLe, {variables[0].next, Number(0)});
    variables[1].start = builder_.Load(kept);
    Values after = scope.EmitLoop(shape, variables);
    builder_.Check(unfinished, after[0]);
    builder_.Store(kept, after[1]);
    const size_t members = step_.members.size();
    if (within_ != nullptr) within_->After(absl::MakeConstSpan(after).subspan(2 + members));
    return {after.begin() + 2, after.begin() + 2 + static_cast<ptrdiff_t>(members)};
  }

 private:
  Value Number(double number) const { return builder_.F64(number); }
  Value Emit(Op op, std::initializer_list<Value> operands) const {
    return builder_.Emit(op, operands);
  }
  Value MulAdd(Value a, Value b, Value c) const { return EmitMulAdd(system_.scope(), a, b, c); }
  const OdeEquation& ode(size_t member) const {
    return system_.equations()[step_.members[member].equation];
  }
  Value Held(size_t member, Value value, Value kept) const {
    if (!ode(member).held) return value;
    return Emit(Op::kSelect, {system_.scope().active(), value, kept});
  }

  // The weighted sum of the slopes of a member.
  Value SumOf(size_t member, const std::array<double, kStages>& weights) const {
    Value sum;
    for (size_t stage = 0; stage < slopes_.size(); ++stage) {
      if (weights[stage] == 0) continue;
      const Value weight = Number(weights[stage]);
      const Value slope = slopes_[stage][member];
      sum = sum.valid() ? MulAdd(weight, slope, sum) : EmitMultiply(system_.scope(), weight, slope);
    }
    return sum;
  }

  // A pass. The variables of the loop are what is left of the step, the size of the next try, and
  // the members.
  std::vector<LoopVariable> TryOnce() {
    const Value done = Emit(Op::kLe, {left_, Number(0)});
    Value most = left_;
    if (within_ != nullptr) {
      if (const Value ends = within_->EndsAfter(); ends.valid()) {
        most = Emit(Op::kMin, {left_, ends});
      }
    }
    Value h = Emit(Op::kSelect, {Emit(Op::kGe, {size_, most}), most, size_});
    const Value last = Emit(Op::kGe, {h, left_});
    const Value elapsed = Emit(Op::kSub, {Number(step_.h), left_});
    Values at = step_.x;
    for (const Rk45::Member& member : step_.members) {
      at[member.equation] = system_.equations()[member.equation].stand_in;
    }
    const Values start = at;
    for (size_t stage = 0; stage < kStages; ++stage) {
      for (size_t m = 0; stage > 0 && m < step_.members.size(); ++m) {
        const size_t e = step_.members[m].equation;
        at[e] = Held(m, MulAdd(h, SumOf(m, kWeights[stage]), start[e]), start[e]);
      }
      const Value time = kTimes[stage] == 0 ? elapsed : MulAdd(Number(kTimes[stage]), h, elapsed);
      Values& slopes = slopes_.emplace_back();
      for (const Rk45::Member& member : step_.members) {
        slopes.push_back(step_.drift(member.equation, at, time));
      }
    }
    Value error = Number(0);
    for (size_t m = 0; m < step_.members.size(); ++m) {
      const size_t e = step_.members[m].equation;
      const Value ratio = ErrorOf(m, h, start[e], at[e]);
      error = MulAdd(ratio, ratio, error);
    }
    const Value taken = Emit(Op::kLe, {error, Number(1)});
    const auto unless_done = [&](Value before, Value after) {
      return Emit(Op::kSelect, {done, before, after});
    };
    const Value size = NextSize(h, error);
    Value rest = Emit(Op::kSelect, {last, Number(0), Emit(Op::kSub, {left_, h})});
    if (within_ != nullptr) FindSpikes(taken, start, h, rest, at);
    std::vector<LoopVariable> variables;
    variables.push_back(
        {"rk45.left", Number(step_.h), left_, Emit(Op::kSelect, {taken, rest, left_})});
    variables.push_back({"rk45.size", {}, size_, unless_done(size_, size)});
    for (const Rk45::Member& member : step_.members) {
      const size_t e = member.equation;
      const Value next = Emit(Op::kSelect, {taken, at[e], start[e]});
      variables.push_back(
          {system_.equations()[e].name(), step_.x[e], start[e], unless_done(start[e], next)});
    }
    for (LoopVariable& other : others_) {
      other.next = unless_done(other.stand_in, other.next);
      variables.push_back(other);
    }
    return variables;
  }

  // Ends the try where the neuron spikes, if it does: `h`, what is left behind it and the values at
  // its end become those of the spike, after the reset.
  void FindSpikes(Value taken, const Values& start, Value& h, Value& rest, Values& at) {
    const Value spiked = Emit(Op::kAnd, {taken, within_->Condition(at)});
    const std::vector<Curve> curves = CurvesOf(h, start, at);
    const auto values_at = [&](Value part) {
      Values values = at;
      for (size_t m = 0; m < curves.size(); ++m) {
        values[step_.members[m].equation] = ValueOn(curves[m], part);
      }
      return values;
    };
    // The part of the try after which the condition holds, and a smaller one after which it does
    // not.
    Value holds = Emit(Op::kSelect, {within_->Condition(start), Number(0), Number(1)});
    Value fails = Number(0);
    for (int i = 0; i < kBisections; ++i) {
      const Value middle = Emit(Op::kMul, {Number(0.5), Emit(Op::kAdd, {holds, fails})});
      const Value there = within_->Condition(values_at(middle));
      holds = Emit(Op::kSelect, {there, middle, holds});
      fails = Emit(Op::kSelect, {there, fails, middle});
    }
    const Values there = values_at(holds);
    for (const Rk45::Member& member : step_.members) {
      const size_t e = member.equation;
      at[e] = Emit(Op::kSelect, {spiked, there[e], at[e]});
    }
    const Value shorter = Emit(Op::kMul, {holds, h});
    rest = Emit(Op::kSelect, {spiked, Emit(Op::kSub, {left_, shorter}), rest});
    h = Emit(Op::kSelect, {spiked, shorter, h});
    within_->End(spiked, taken, h, rest, at, absl::MakeSpan(others_));
  }

  // The continuous solution of a member: start + s*(a + (1 - s)*(b + s*(c + (1 - s)*d))) after the
  // part s of the try.
  struct Curve {
    Value start, a, b, c, d;
  };
  std::vector<Curve> CurvesOf(Value h, const Values& start, const Values& end) const {
    std::vector<Curve> curves;
    for (size_t m = 0; m < step_.members.size(); ++m) {
      const size_t e = step_.members[m].equation;
      Curve& curve = curves.emplace_back();
      curve.start = start[e];
      curve.a = Emit(Op::kSub, {end[e], start[e]});
      const Value first = Emit(Op::kMul, {h, slopes_.front()[m]});
      const Value last = Emit(Op::kMul, {h, slopes_.back()[m]});
      curve.b = Emit(Op::kSub, {first, curve.a});
      curve.c = Emit(Op::kSub, {Emit(Op::kSub, {curve.a, last}), curve.b});
      curve.d = Emit(Op::kMul, {h, SumOf(m, kInside)});
    }
    return curves;
  }
  Value ValueOn(const Curve& curve, Value part) const {
    const Value rest = Emit(Op::kSub, {Number(1), part});
    Value value = MulAdd(rest, curve.d, curve.c);
    value = MulAdd(part, value, curve.b);
    value = MulAdd(rest, value, curve.a);
    return MulAdd(part, value, curve.start);
  }

  // The error of a member, beside the one that is allowed.
  Value ErrorOf(size_t member, Value h, Value start, Value end) const {
    const Rk45::Member& tolerances = step_.members[member];
    const Value error = Emit(Op::kMul, {h, SumOf(member, kErrors)});
    const Value larger = Emit(Op::kMax, {Emit(Op::kAbs, {end}), Emit(Op::kAbs, {start})});
    const Value allowed = MulAdd(Number(tolerances.rtol), larger, Number(tolerances.atol));
    return Held(member, Emit(Op::kDiv, {error, allowed}), Number(0));
  }

  // From a fifth of h to five times the present size, and at most the step of the network. An error
  // that is no number counts as a large one.
  Value NextSize(Value h, Value error) const {
    const Value root = Emit(Op::kExp, {Emit(Op::kMul, {Number(-0.1), Emit(Op::kLog, {error})})});
    const Value wanted = Emit(Op::kMul, {Emit(Op::kMul, {Number(0.9), h}), root});
    const Value least = Emit(Op::kMax, {Emit(Op::kMul, {Number(0.2), h}), wanted});
    const Value most = Emit(Op::kMin, {least, Emit(Op::kMul, {Number(5), size_})});
    return Emit(Op::kMin, {most, Number(step_.h)});
  }

  const OdeSystem& system_;
  const Rk45& step_;
  SpikesWithin* within_;
  ir::Builder& builder_;
  Value left_;                        // of the step of the network, in ms
  Value size_;                        // of the next try
  std::vector<Values> slopes_;        // by stage and member
  std::vector<LoopVariable> others_;  // of `within_`
};

}  // namespace

std::vector<Value> EmitRk45(const OdeSystem& system, const Rk45& step, SpikesWithin* within) {
  return TryEmitter(system, step, within).Run();
}

}  // namespace bnsyn::compiler
