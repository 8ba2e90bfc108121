#include "compiler/equations/integrate.h"

#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/affine.h"
#include "compiler/equations/factors.h"
#include "compiler/equations/linear_step.h"
#include "compiler/equations/method_fit.h"
#include "compiler/equations/rk45.h"
#include "compiler/language/code_emitter.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;
using Values = std::vector<Value>;  // of all variables of the system

// The equations of a move group that one method solves together, over one step.
struct Subsystem {
  Method method = Method::kEuler;
  std::vector<size_t> members;
  std::vector<Tolerances> tolerances;  // by member
  int part = 0;
  int parts = 1;
  double h = 0;
};

// A value below 1e-290 vanishes when this number is added to it and subtracted again (R9).
constexpr double kFlushing = 0x1p-909;

// The value of a variable that only decays, exactly 0 where it is tiny (R9). A product is fused
// with the sum that does this.
Value FlushDecayed(Scope& scope, Value value) {
  ir::Builder& builder = scope.builder();
  const Value number = builder.F64(kFlushing);
  const ir::Node node = builder.node(value);
  const Value sum = node.op == Op::kMul
                        ? EmitMulAdd(scope, {node.operands[0]}, {node.operands[1]}, number)
                        : builder.Emit(Op::kAdd, {value, number});
  return builder.Emit(Op::kSub, {sum, number});
}

// Emits the moves of a step, method by method; the formulas stand in integration_plan.h.
class StepEmitter {
 public:
  StepEmitter(const OdeSystem& system, const IntegrationPlan& plan, Formulas* formulas,
              SpikesWithin* within)
      : system_(system), plan_(plan), formulas_(formulas), within_(within) {
    primes_.resize(system_.equations().size());
    factors_.resize(system_.equations().size());
    if (formulas_ == nullptr) return;
    formulas_->names.atoms[system_.time().id] = "t";
    const Value active = system_.scope().active();
    if (active.valid()) formulas_->names.atoms[active.id] = "not_refractory";
    for (const Equation& equation : system_.scope().equations()) {
      if (equation.kind == EquationKind::kExpression) continue;
      const Value value = system_.scope().Present(equation);
      if (!IsLiteral(builder(), value)) formulas_->names.atoms[value.id] = equation.name;
    }
  }

  std::vector<Decayed> Run() {
    if (plan_.substeps > 1) {
      EmitSubsteps();
      return {};  // no product alone moves a variable
    }
    for (const MoveGroup& group : plan_.groups) EmitGroup(group);
    return std::move(decayed_);
  }

 private:
  const OdeEquation& ode(size_t e) const { return system_.equations()[e]; }
  ir::Builder& builder() const { return system_.builder(); }
  Scope& scope() const { return system_.scope(); }
  Value Number(double number) const { return builder().F64(number); }
  Values PresentValues() const {
    Values values;
    for (const OdeEquation& equation : system_.equations())
      values.push_back(system_.scope().Present(*equation.equation));
    return values;
  }
  // `value`, or `kept` while the neuron is refractory and the variable is held then.
  Value Held(size_t e, Value value, Value kept) const {
    if (!ode(e).held) return value;
    return builder().Emit(Op::kSelect, {system_.scope().active(), value, kept});
  }
  // A value over stand-ins at these values of the variables, `more` milliseconds after the start of
  // a subsystem's step.
  Value At(const Subsystem& subsystem, Value value, const Values& at, double more = 0) const {
    return system_.At(WithMeans(value), at, TimeOf(subsystem, more));
  }
  // The same for a value that is multiplied by a constant first.
  Value ScaledAt(const Subsystem& subsystem, Value factor, Value value, const Values& at) const {
    const Value scaled = EmitScaled(system_, factor, WithMeans(value));
    return system_.At(scaled, at, TimeOf(subsystem));
  }
  // A value over stand-ins with the means of decays in place of their values at the end.
  Value WithMeans(Value value) const { return EmitWithFactors(system_, value, mean_of_end_); }
  Value Drift(const Subsystem& subsystem, size_t e, const Values& at, double more = 0) {
    NameDefinitions(subsystem, at, more);
    return At(subsystem, ode(e).drift, at, more);
  }
  Value MulAdd(Value a, Value b, Value c) const { return EmitMulAdd(scope(), a, b, c); }
  // x + factor*slope, for a factor that may be a constant.
  Value Moved(Value x, Value factor, Value slope) const {
    const Product product = WithConstantsTogether(scope(), factor, slope);
    return MulAdd(product.a, product.b, x);
  }

  // Gives a value a name in the formulas.
  void NameValue(Value value, const std::string& name) {
    if (formulas_ != nullptr) formulas_->names.parts.try_emplace(value.id, name);
  }

  // Names the values of equations x = ..., at the first point at which they are computed.
  void NameDefinitions(const Subsystem& subsystem, const Values& at, double more) {
    if (formulas_ == nullptr || std::exchange(definitions_named_, true)) return;
    for (const auto& [name, value] : system_.DefinitionValues()) {
      NameValue(At(subsystem, value, at, more), name);
    }
  }

  // Emits one substep over stand-ins and makes a loop of it.
  void EmitSubsteps();
  void EmitGroup(const MoveGroup& group);
  Subsystem SubsystemOf(const Move& move) const;
  // The time at the start of a subsystem's step, or `more` milliseconds later.
  Value TimeOf(const Subsystem& subsystem, double more = 0) const;
  // Moves the variable to its new value. If it decays, a tiny value becomes 0 (R9).
  void Finish(const Move& move, Value value, bool decays);

  // The new values of the members of a subsystem, in their order. `x` has the present values of all
  // variables.
  Values Step(const Subsystem& subsystem, const Values& x);
  Values Euler(const Subsystem& subsystem, const Values& x);
  Values ExponentialEuler(const Subsystem& subsystem, const Values& x);
  Values Exact(const Subsystem& subsystem, const Values& x);
  Values Heun(const Subsystem& subsystem, const Values& x);
  Values StochasticHeun(const Subsystem& subsystem, const Values& x);
  Values Rk2(const Subsystem& subsystem, const Values& x);
  Values Rk4(const Subsystem& subsystem, const Values& x);
  Values Milstein(const Subsystem& subsystem, const Values& x);
  Values AdaptiveSteps(const Subsystem& subsystem, const Values& x);

  Values Drifts(const Subsystem& subsystem, const Values& at, double more, const char* name);
  // The values of all variables after the members moved by `h` along `slopes`.
  Values Along(const Subsystem& subsystem, const Values& x, double h, const Values& slopes) const;
  Value ExactAlone(const Subsystem& subsystem, size_t e, const Values& x);
  // The equations of a subsystem whose coefficients are numbers, and what their step begins with.
  std::vector<size_t> Coupled(const Subsystem& subsystem) const;
  CoupledStep StepOf(const Subsystem& subsystem, const std::vector<size_t>& coupled,
                     const Values& x) const;
  // Lets the moves that follow see the mean of an exact solution: `seen` has what they read.
  void SeeMean(const Subsystem& subsystem, size_t e, const Values& start, Values& seen);
  // What the moves of a group read that follow those of its exact solutions.
  Values Seen(const MoveGroup& group, const Values& start);
  // The increment dW of a source of noise over the step of a subsystem.
  Value Increment(size_t source, const Subsystem& subsystem);

  const OdeSystem& system_;
  const IntegrationPlan& plan_;
  Formulas* formulas_;
  SpikesWithin* within_;
  Value pass_;  // the stand-in of the number of the substep; invalid without substeps
  bool definitions_named_ = false;
  std::vector<int> primes_;  // how often each variable has moved
  Replacement mean_of_end_;  // by stand-in: the factor of a decay's mean, while others read that
  Values factors_;           // by equation: of a variable that its move only multiplies
  std::vector<Decayed> decayed_;
  std::map<std::tuple<size_t, int, int>, Value> increments_;  // by source, parts and part
  std::map<size_t, uint32_t> draws_;                          // by source of noise
};

void StepEmitter::EmitSubsteps() {
  EquationScope& scope = system_.scope();
  std::vector<LoopVariable> variables;
  const Values start = PresentValues();
  pass_ = system_.PassStandIn();
  if (formulas_ != nullptr) formulas_->names.atoms[pass_.id] = "substep";
  for (size_t e = 0; e < start.size(); ++e) {
    variables.push_back({ode(e).name(), start[e], ode(e).stand_in, {}});
    scope.Assume(*ode(e).equation, ode(e).stand_in);
    if (formulas_ != nullptr) formulas_->names.atoms[ode(e).stand_in.id] = ode(e).name();
  }
  const auto begin = static_cast<ir::NodeId>(builder().block().nodes.size());
  for (const MoveGroup& group : plan_.groups) EmitGroup(group);
  const Values next = PresentValues();
  for (size_t e = 0; e < next.size(); ++e) variables[e].next = next[e];
  const Values after = scope.EmitLoop({"substeps", plan_.substeps, pass_, begin, {}}, variables);
  for (size_t e = 0; e < after.size(); ++e) scope.Assume(*ode(e).equation, after[e]);
}

void StepEmitter::EmitGroup(const MoveGroup& group) {
  // Decays go first. What is solved exactly with them starts from their values at the start.
  enum class Turn { kDecay, kExact, kOther };
  const auto turn = [&](const Move& move) {
    if (!IsSolved(move)) return Turn::kOther;
    return IsDecay(system_, move.equation) ? Turn::kDecay : Turn::kExact;
  };
  Values moved(group.size());
  const auto run = [&](Turn now, bool with_decays, const Values& from) {
    std::vector<bool> done(group.size());
    for (size_t m = 0; m < group.size(); ++m) {
      if (done[m] || turn(group[m]) != now) continue;
      Subsystem subsystem = SubsystemOf(group[m]);
      std::vector<size_t> moves;
      for (size_t other = 0; other < group.size(); ++other) {
        const bool same =
            group[other].method == subsystem.method && group[other].parts == subsystem.parts;
        const Turn its = turn(group[other]);
        if (!same || (its != now && !(with_decays && its == Turn::kDecay))) continue;
        moves.push_back(other);
        subsystem.members.push_back(group[other].equation);
        subsystem.tolerances.push_back(group[other].tolerances);
        done[other] = true;
      }
      const Values values = Step(subsystem, from);
      for (size_t i = 0; i < moves.size(); ++i) moved[moves[i]] = values[i];
    }
  };
  const auto finish = [&](bool decays) {
    for (size_t m = 0; m < group.size(); ++m) {
      if ((turn(group[m]) == Turn::kDecay) == decays) Finish(group[m], moved[m], decays);
    }
  };
  const Values start = PresentValues();
  run(Turn::kDecay, /*with_decays=*/false, start);
  run(Turn::kExact, /*with_decays=*/true, start);
  finish(/*decays=*/true);
  run(Turn::kOther, /*with_decays=*/false, Seen(group, start));
  mean_of_end_.clear();
  finish(/*decays=*/false);
}

Values StepEmitter::Seen(const MoveGroup& group, const Values& start) {
  if (plan_.reading == Reading::kStart) return start;
  Values seen = PresentValues();
  std::set<size_t> means;
  for (const Move& move : group) means.insert(move.means.begin(), move.means.end());
  for (const Move& move : group) {
    if (!IsSolved(move) || means.count(move.equation) == 0) continue;
    Subsystem subsystem = SubsystemOf(move);
    for (const Move& other : group) {
      if (IsSolved(other) && other.parts == move.parts) subsystem.members.push_back(other.equation);
    }
    SeeMean(subsystem, move.equation, start, seen);
  }
  return seen;
}

Subsystem StepEmitter::SubsystemOf(const Move& move) const {
  Subsystem subsystem;
  subsystem.method = move.method;
  subsystem.part = move.part;
  subsystem.parts = move.parts;
  subsystem.h = system_.dt() / (plan_.substeps * move.parts);
  return subsystem;
}

Value StepEmitter::TimeOf(const Subsystem& subsystem, double more) const {
  const double before = subsystem.part * subsystem.h;  // of this substep
  Value elapsed;
  if (pass_.valid()) {
    elapsed = builder().Emit(Op::kMul, {pass_, Number(system_.dt() / plan_.substeps)});
    if (before != 0) elapsed = builder().Emit(Op::kAdd, {elapsed, Number(before)});
    if (more != 0) elapsed = builder().Emit(Op::kAdd, {elapsed, Number(more)});
  } else if (before + more != 0) {
    elapsed = Number(before + more);
  }
  if (!elapsed.valid()) return system_.time();
  return builder().Emit(Op::kAdd, {system_.time(), elapsed});
}

void StepEmitter::Finish(const Move& move, Value value, bool decays) {
  const OdeEquation& equation = ode(move.equation);
  EquationScope& scope = system_.scope();
  const Value before = scope.Present(*equation.equation);
  const Value after = decays ? FlushDecayed(scope, value) : value;
  const Value factor = factors_[move.equation];
  if (decays && factor.valid() && system_.Number(factor).has_value()) {
    decayed_.push_back({equation.equation, *system_.Number(factor), before, after});
  }
  scope.Update(*equation.equation, after);
  if (decays || IsDriven(system_, move.equation)) scope.KeepTiny(*equation.equation);
  if (formulas_ == nullptr) return;
  const int primes = ++primes_[move.equation];
  std::string name = absl::StrCat(equation.name(), std::string(static_cast<size_t>(primes), '\''));
  formulas_->names.atoms[scope.Present(*equation.equation).id] = name;
  if (move.method == Method::kRk45) {
    // What the tries add up to has no formula: the right side.
    Values start;
    for (const OdeEquation& other : system_.equations()) start.push_back(other.start);
    name = absl::StrCat("d", equation.name(), "/dt");
    value = system_.At(equation.drift, start, system_.time());
  }
  formulas_->moves.push_back({move, std::move(name), value});
}

Values StepEmitter::Step(const Subsystem& subsystem, const Values& x) {
  switch (subsystem.method) {
    case Method::kExact:
      return Exact(subsystem, x);
    case Method::kExponentialEuler:
      return ExponentialEuler(subsystem, x);
    case Method::kEuler:
    case Method::kEulerMaruyama:
      return Euler(subsystem, x);
    case Method::kHeun:
      for (const size_t e : subsystem.members) {
        if (!ode(e).noise.empty()) return StochasticHeun(subsystem, x);
      }
      return Heun(subsystem, x);
    case Method::kRk2:
      return Rk2(subsystem, x);
    case Method::kRk4:
      return Rk4(subsystem, x);
    case Method::kMilstein:
      return Milstein(subsystem, x);
    case Method::kRk45:
      return AdaptiveSteps(subsystem, x);
  }
  return {};
}

Values StepEmitter::Drifts(const Subsystem& subsystem, const Values& at, double more,
                           const char* name) {
  Values drifts;
  for (const size_t e : subsystem.members) {
    drifts.push_back(Drift(subsystem, e, at, more));
    NameValue(drifts.back(), absl::StrCat(name, "_", ode(e).name()));
  }
  return drifts;
}

Values StepEmitter::Along(const Subsystem& subsystem, const Values& x, double h,
                          const Values& slopes) const {
  Values moved = x;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const size_t e = subsystem.members[i];
    moved[e] = Held(e, MulAdd(Number(h), slopes[i], x[e]), x[e]);
  }
  return moved;
}

Value StepEmitter::Increment(size_t source, const Subsystem& subsystem) {
  const auto key = std::make_tuple(source, subsystem.parts, subsystem.part);
  const auto [found, fresh] = increments_.try_emplace(key);
  if (fresh) {
    const NoiseSource& noise = system_.noises()[source];
    // One name may stand for a noise of each neuron and for one that all neurons share.
    const bool shared = noise.domain == ir::DomainId::kNetwork;
    system_.scope().EnterCode(shared ? "shared_noise" : "noise", noise.name, draws_[source]++);
    const Value draw = builder().Emit(Op::kNormal, {ir::Element::kF64, noise.domain}, {},
                                      ir::StreamAttr(scope().NextStream(), 0));
    found->second = builder().Emit(Op::kMul, {Number(std::sqrt(subsystem.h)), draw});
    NameValue(found->second, absl::StrCat("dW_", noise.name));
  }
  return found->second;
}

Values StepEmitter::Euler(const Subsystem& subsystem, const Values& x) {
  Values next;
  for (const size_t e : subsystem.members) {
    Value value = Moved(x[e], Number(subsystem.h), Drift(subsystem, e, x));
    for (const NoiseTerm& term : ode(e).noise) {
      value = MulAdd(At(subsystem, term.factor, x), Increment(term.source, subsystem), value);
    }
    next.push_back(value);
  }
  return next;
}

// The solution of dx/dt = A*x + B over a step: x*exp(k) + B*h*exprel(k) with k = A*h, which equals
// x + exprel(k)*(k*x + B*h). The first form is for a constant k, of which exp and exprel are made
// once, and lets x decay by the same exp(-h/tau) that a person writes; the second has one function
// an element, and its constants are multiplied by the step once. What is not linear in x moves by
// its tangent, with A = df/dx: x + h*exprel(k)*f. Nothing divides by A.
Value StepEmitter::ExactAlone(const Subsystem& subsystem, size_t e, const Values& x) {
  const OdeEquation& equation = ode(e);
  const Value slope = *equation.slopes[e];
  const Value step = Number(subsystem.h);
  if (IsZero(builder(), slope)) return Moved(x[e], step, Drift(subsystem, e, x));
  if (!IsConstant(builder(), slope)) {
    const auto scaled = [&](Value value) { return ScaledAt(subsystem, step, value, x); };
    const Value k = scaled(slope);
    // A step is short beside the time constant of a membrane; rates that are functions of a
    // variable may be anything.
    const Op exprel = IsSumOfVariables(system_, slope) ? Op::kExprelSmall : Op::kExprel;
    const Value mean = builder().Emit(exprel, {k});
    if (scope().math() != MathMode::kStrict && IsLinearInItself(system_, e)) {
      NameDefinitions(subsystem, x, 0);
      return MulAdd(mean, MulAdd(k, x[e], scaled(RestOf(system_, e, {e}))), x[e]);
    }
    const Product change = WithConstantsTogether(scope(), step, Drift(subsystem, e, x));
    return MulAdd(EmitMultiply(scope(), change.a, mean), change.b, x[e]);
  }
  const OdeSystem::LinearForm form = system_.AloneForm(e, subsystem.h);
  const Value factor = builder().Emit(Op::kExp, {form.k});
  if (!form.rest.valid()) {
    factors_[e] = factor;
    return builder().Emit(Op::kMul, {x[e], factor});
  }
  const Value mean = builder().Emit(Op::kExprel, {form.k});
  const Value rest = At(subsystem, form.rest, x);
  if (IsConstant(builder(), rest)) {
    const Value scaled = builder().Emit(Op::kMul, {rest, step});
    return MulAdd(x[e], factor, builder().Emit(Op::kMul, {scaled, mean}));
  }
  const Value gain = builder().Emit(Op::kMul, {step, mean});
  const Product change = WithConstantsTogether(scope(), gain, rest);
  return MulAdd(x[e], factor, EmitMultiply(scope(), change.a, change.b));
}

Values StepEmitter::ExponentialEuler(const Subsystem& subsystem, const Values& x) {
  Values next;
  for (const size_t e : subsystem.members) {
    next.push_back(ExactAlone(subsystem, e, x));
  }
  return next;
}

// Those that depend on themselves alone may have any coefficient; the coupled ones have numbers,
// and so have all they depend on.
std::vector<size_t> StepEmitter::Coupled(const Subsystem& subsystem) const {
  std::vector<size_t> coupled;
  for (const size_t e : subsystem.members) {
    if (system_.Number(*ode(e).slopes[e]).has_value()) coupled.push_back(e);
  }
  return coupled;
}

CoupledStep StepEmitter::StepOf(const Subsystem& subsystem, const std::vector<size_t>& coupled,
                                const Values& x) const {
  CoupledStep step{.members = coupled, .h = subsystem.h, .start = {}, .rests = {}};
  for (const size_t e : coupled) {
    step.start.push_back(x[e]);
    step.rests.push_back(At(subsystem, RestOf(system_, e, coupled), x));
  }
  return step;
}

// The mean of an exact solution: for dx/dt = A*x + B it is exprel(k)*x + h*B*(exprel(k) - 1)/k,
// k = A*h. That of a decay at a constant rate is a constant times its value at the end.
void StepEmitter::SeeMean(const Subsystem& subsystem, size_t e, const Values& start, Values& seen) {
  const OdeEquation& equation = ode(e);
  const auto named = [&](Value mean) {
    seen[e] = Held(e, mean, start[e]);
    if (formulas_ == nullptr) return;
    const std::string name = absl::StrCat("mean_", equation.name());
    NameValue(seen[e], name);
    formulas_->means[e] = name;
  };
  if (!IsAlone(system_, e)) {
    CoupledStep step = StepOf(subsystem, Coupled(subsystem), start);
    size_t i = 0;
    while (step.members[i] != e) ++i;
    Value mean = MeansTogether(system_, step, {i})[0];
    bool held = false;
    for (const size_t other : step.members) held = held || ode(other).held;
    step.refractory = true;
    if (held && !equation.equation->Is("shared")) {
      const Value standing = MeansTogether(system_, step, {i})[0];
      mean = builder().Emit(Op::kSelect, {system_.scope().active(), mean, standing});
    }
    return named(mean);
  }
  const Value step = Number(subsystem.h);
  const Value slope = *equation.slopes[e];
  Value k;
  Value rest;
  if (IsConstant(builder(), slope)) {
    const OdeSystem::LinearForm form = system_.AloneForm(e, subsystem.h);
    k = form.k;
    if (form.rest.valid()) rest = At(subsystem, form.rest, start);
  } else {
    k = ScaledAt(subsystem, step, slope, start);
    if (!IsDecay(system_, e)) rest = At(subsystem, RestOf(system_, e, {e}), start);
  }
  if (IsDecay(system_, e) && IsConstant(builder(), k) && !equation.held) {
    const Value factor = builder().Emit(Op::kExprel, {EmitSimplified(builder(), Op::kNeg, {k})});
    const std::optional<double> number = system_.Number(factor);
    mean_of_end_[equation.stand_in.id] = number ? Number(*number) : factor;
    if (formulas_ != nullptr && number) {
      formulas_->means[e] = absl::StrCat(*number, "*", equation.name(), "'");
    }
    return;
  }
  const Op exprel = IsSumOfVariables(system_, slope) ? Op::kExprelSmall : Op::kExprel;
  Value mean = builder().Emit(Op::kMul, {start[e], builder().Emit(exprel, {k})});
  if (rest.valid()) {
    const Value gain = builder().Emit(Op::kMul, {EmitMeanOfRamp(system_, k), step});
    mean = MulAdd(gain, rest, mean);
  }
  named(mean);
}

Values StepEmitter::Exact(const Subsystem& subsystem, const Values& x) {
  const std::vector<size_t> coupled = Coupled(subsystem);
  bool held = false;
  bool any = false;
  for (const size_t e : coupled) {
    held = held || ode(e).held;
    any = any || !IsAlone(system_, e);
  }
  CoupledStep step = StepOf(subsystem, coupled, x);
  Values together;
  if (any) together = SolveTogether(system_, step);
  Values while_refractory = together;
  step.refractory = true;
  if (any && held) while_refractory = SolveTogether(system_, step);
  Values next;
  for (const size_t e : subsystem.members) {
    if (IsAlone(system_, e)) {
      next.push_back(ExactAlone(subsystem, e, x));
      continue;
    }
    size_t i = 0;
    while (coupled[i] != e) ++i;
    // What is one value for all neurons reads nothing that some of them hold.
    const bool shared = ode(e).equation->Is("shared");
    const bool same = ode(e).held || shared || together[i] == while_refractory[i];
    next.push_back(same ? together[i]
                        : builder().Emit(Op::kSelect, {system_.scope().active(), together[i],
                                                       while_refractory[i]}));
  }
  return next;
}

Values StepEmitter::Rk2(const Subsystem& subsystem, const Values& x) {
  const Values k = Drifts(subsystem, x, 0, "k");
  const Values middle = Along(subsystem, x, subsystem.h / 2, k);
  const Values slopes = Drifts(subsystem, middle, subsystem.h / 2, "m");
  Values next;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    next.push_back(MulAdd(Number(subsystem.h), slopes[i], x[subsystem.members[i]]));
  }
  return next;
}

Values StepEmitter::Heun(const Subsystem& subsystem, const Values& x) {
  const Values first = Drifts(subsystem, x, 0, "k");
  const Values end = Along(subsystem, x, subsystem.h, first);
  const Values last = Drifts(subsystem, end, subsystem.h, "m");
  Values next;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const Value sum = builder().Emit(Op::kAdd, {first[i], last[i]});
    next.push_back(MulAdd(Number(subsystem.h / 2), sum, x[subsystem.members[i]]));
  }
  return next;
}

Values StepEmitter::Rk4(const Subsystem& subsystem, const Values& x) {
  const double h = subsystem.h;
  const Values k1 = Drifts(subsystem, x, 0, "k1");
  const Values k2 = Drifts(subsystem, Along(subsystem, x, h / 2, k1), h / 2, "k2");
  const Values k3 = Drifts(subsystem, Along(subsystem, x, h / 2, k2), h / 2, "k3");
  const Values k4 = Drifts(subsystem, Along(subsystem, x, h, k3), h, "k4");
  Values next;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const Value ends = builder().Emit(Op::kAdd, {k1[i], k4[i]});
    const Value middles = builder().Emit(Op::kAdd, {k2[i], k3[i]});
    const Value sum = MulAdd(Number(2), middles, ends);
    next.push_back(MulAdd(Number(h / 6), sum, x[subsystem.members[i]]));
  }
  return next;
}

Values StepEmitter::StochasticHeun(const Subsystem& subsystem, const Values& x) {
  Values next;
  for (const size_t e : subsystem.members) {
    next.push_back(MulAdd(Number(subsystem.h), Drift(subsystem, e, x), x[e]));
  }
  for (size_t source = 0; source < system_.noises().size(); ++source) {
    Values support = x;
    bool drives = false;
    for (const size_t e : subsystem.members) {
      for (const NoiseTerm& term : ode(e).noise) {
        if (term.source != source) continue;
        drives = true;
        const Value factor = At(subsystem, term.factor, x);
        support[e] = Held(e, MulAdd(factor, Increment(source, subsystem), x[e]), x[e]);
        NameValue(support[e], absl::StrCat("s_", ode(e).name()));
      }
    }
    if (!drives) continue;
    const Value half = builder().Emit(Op::kMul, {Number(0.5), Increment(source, subsystem)});
    for (size_t i = 0; i < subsystem.members.size(); ++i) {
      for (const NoiseTerm& term : ode(subsystem.members[i]).noise) {
        if (term.source != source) continue;
        const Value before = At(subsystem, term.factor, x);
        const Value after = At(subsystem, term.factor, support, subsystem.h);
        next[i] = MulAdd(half, builder().Emit(Op::kAdd, {before, after}), next[i]);
      }
    }
  }
  return next;
}

Values StepEmitter::Milstein(const Subsystem& subsystem, const Values& x) {
  const double root = std::sqrt(subsystem.h);
  Values next;
  for (const size_t e : subsystem.members) {
    Value value = MulAdd(Number(subsystem.h), Drift(subsystem, e, x), x[e]);
    for (const NoiseTerm& term : ode(e).noise) {
      const Value factor = At(subsystem, term.factor, x);
      const Value increment = Increment(term.source, subsystem);
      value = MulAdd(factor, increment, value);
      if (!DependsOn(builder(), term.factor, {ode(e).stand_in})) continue;
      Values support = x;
      support[e] = Held(e, MulAdd(Number(root), factor, x[e]), x[e]);
      NameValue(support[e], absl::StrCat("s_", ode(e).name()));
      const Value change = builder().Emit(Op::kSub, {At(subsystem, term.factor, support), factor});
      const Value square = builder().Emit(Op::kMul, {increment, increment});
      const Value scaled = builder().Emit(Op::kMul, {Number(1 / (2 * root)), change});
      value = MulAdd(scaled, square, value);
    }
    next.push_back(value);
  }
  return next;
}

Values StepEmitter::AdaptiveSteps(const Subsystem& subsystem, const Values& x) {
  Rk45 step;
  step.h = subsystem.h;
  step.x = x;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const Tolerances& tolerances = subsystem.tolerances[i];
    step.members.push_back({subsystem.members[i], tolerances.relative, tolerances.absolute});
  }
  const Value begin = TimeOf(subsystem);
  step.drift = [&](size_t e, const Values& at, Value elapsed) {
    const Value time = builder().Emit(Op::kAdd, {begin, elapsed});
    const Value drift = within_ != nullptr ? within_->InPass(ode(e).drift) : ode(e).drift;
    return system_.At(WithMeans(drift), at, time);
  };
  return EmitRk45(system_, step, within_);
}

}  // namespace

std::vector<Decayed> Integrate(const OdeSystem& system, const IntegrationPlan& plan,
                               Formulas* formulas, SpikesWithin* within) {
  return StepEmitter(system, plan, formulas, within).Run();
}

}  // namespace bnsyn::compiler
