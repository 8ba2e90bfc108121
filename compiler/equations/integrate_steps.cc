// The nodes of a step, method by method. The formulas stand in integrate.h.
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/affine.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/integrate_fit.h"
#include "compiler/equations/propagator.h"
#include "compiler/language/code_emitter.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;
using Values = std::vector<Value>;  // of all variables of the system

// Equations that move together by one method.
struct Group {
  Method method = Method::kEuler;
  std::vector<size_t> members;
  int substep = 0;
  int part = 0;
  int parts = 1;
  double h = 0;
  double elapsed = 0;  // from the start of the step
};

// A number this large leaves nothing of what is below 1e-290 when it is added and taken away (R9).
constexpr double kFlushing = 0x1p-909;

// The value of what only decays, exactly 0 where it is tiny (R9). A product is fused with the sum
// that does this.
Value FlushDecayed(Scope& scope, Value value) {
  ir::Builder& builder = scope.builder();
  const Value number = builder.F64(kFlushing);
  const ir::Node node = builder.node(value);
  const Value sum = node.op == Op::kMul
                        ? EmitMulAdd(scope, {node.operands[0]}, {node.operands[1]}, number)
                        : builder.Emit(Op::kAdd, {value, number});
  return builder.Emit(Op::kSub, {sum, number});
}

class Stepper {
 public:
  Stepper(const OdeSystem& system, Formulas* formulas) : system_(system), formulas_(formulas) {
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

  std::vector<Decayed> Run(const Plan& plan) {
    for (int substep = 0; substep < plan.substeps; ++substep) {
      for (size_t s = 0; s < plan.stages.size(); ++s) {
        substeps_ = plan.substeps;
        RunStage(plan.stages[s], s, substep);
      }
    }
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
  // What a variable is when it would move to `value`, were it not refractory.
  Value Held(size_t e, Value value, Value kept) const {
    if (!ode(e).held) return value;
    return builder().Emit(Op::kSelect, {system_.scope().active(), value, kept});
  }
  Value Drift(size_t e, const Values& at, double elapsed) {
    TellDefinitions(at, elapsed);
    return system_.At(ode(e).drift, at, elapsed);
  }
  Value MulAdd(Value a, Value b, Value c) const { return EmitMulAdd(scope(), a, b, c); }
  // x + factor*slope, for a factor that may be a constant.
  Value Moved(Value x, Value factor, Value slope) const {
    const Product product = WithConstantsTogether(scope(), factor, slope);
    return MulAdd(product.a, product.b, x);
  }

  void Tell(Value value, const std::string& name) {
    if (formulas_ != nullptr) formulas_->names.parts.try_emplace(value.id, name);
  }

  // Gives the values of equations x = ... their names, where they are computed first.
  void TellDefinitions(const Values& at, double elapsed) {
    if (formulas_ == nullptr || !std::exchange(definitions_untold_, false)) return;
    for (const auto& [name, value] : system_.DefinitionValues()) {
      Tell(system_.At(value, at, elapsed), name);
    }
  }

  void RunStage(const Stage& stage, size_t number, int substep);
  // Gives the variable its new value; that of a decay is 0 from where it is tiny (R9).
  void Publish(const Move& move, size_t stage, int substep, Value value, bool decay);

  // The new values of the members of a group, in their order.
  Values Step(const Group& group, const Values& x);
  Values Euler(const Group& group, const Values& x);
  Values ExponentialEuler(const Group& group, const Values& x);
  Values Exact(const Group& group, const Values& x);
  Values Heun(const Group& group, const Values& x);
  Values StochasticHeun(const Group& group, const Values& x);
  Values Rk2(const Group& group, const Values& x);
  Values Rk4(const Group& group, const Values& x);
  Values Milstein(const Group& group, const Values& x);

  Values Drifts(const Group& group, const Values& at, double elapsed, const char* name);
  // All variables where the members have moved by `h` along `slopes`.
  Values Along(const Group& group, const Values& x, double h, const Values& slopes) const;
  Value ExactAlone(size_t e, const Values& x, double h, double elapsed);
  Values ExactTogether(const Group& group, const std::vector<size_t>& members, const Values& x,
                       bool refractory) const;
  // The increment of a source of noise over the step of a group.
  Value Increment(size_t source, const Group& group);

  const OdeSystem& system_;
  Formulas* formulas_;
  int substeps_ = 1;
  bool definitions_untold_ = true;
  std::vector<int> primes_;  // how often each variable has moved
  Values factors_;           // by equation: what multiplies its variable, where that is all
  std::vector<Decayed> decayed_;
  std::map<std::tuple<size_t, int, int, int>, Value> increments_;
  std::map<size_t, uint32_t> draws_;  // of each source of noise
};

void Stepper::RunStage(const Stage& stage, size_t number, int substep) {
  // Decays first, so that currents see the conductances of the end of the step, as they see the
  // events that arrived in it. What is solved exactly with them is solved from where they started.
  enum class Turn { kDecay, kExact, kOther };
  const auto turn = [&](const Move& move) {
    if (!move.automatic || move.method != Method::kExact) return Turn::kOther;
    return IsDecay(system_, move.equation) ? Turn::kDecay : Turn::kExact;
  };
  Values moved(stage.size());
  const auto run = [&](Turn now, bool with_decays, const Values& from) {
    std::vector<bool> done(stage.size());
    for (size_t m = 0; m < stage.size(); ++m) {
      if (done[m] || turn(stage[m]) != now) continue;
      Group group;
      group.method = stage[m].method;
      group.substep = substep;
      group.part = stage[m].part;
      group.parts = stage[m].parts;
      group.h = system_.dt() / (substeps_ * stage[m].parts);
      group.elapsed = substep * (system_.dt() / substeps_) + stage[m].part * group.h;
      std::vector<size_t> moves;
      for (size_t other = 0; other < stage.size(); ++other) {
        const bool same = stage[other].method == group.method && stage[other].parts == group.parts;
        const Turn its = turn(stage[other]);
        if (!same || (its != now && !(with_decays && its == Turn::kDecay))) continue;
        moves.push_back(other);
        group.members.push_back(stage[other].equation);
        done[other] = true;
      }
      const Values values = Step(group, from);
      for (size_t i = 0; i < moves.size(); ++i) moved[moves[i]] = values[i];
    }
  };
  const auto publish = [&](bool decays) {
    for (size_t m = 0; m < stage.size(); ++m) {
      if ((turn(stage[m]) == Turn::kDecay) == decays) {
        Publish(stage[m], number, substep, moved[m], decays);
      }
    }
  };
  const Values start = PresentValues();
  run(Turn::kDecay, false, start);
  run(Turn::kExact, /*with_decays=*/true, start);
  publish(/*decays=*/true);
  run(Turn::kOther, false, PresentValues());
  publish(/*decays=*/false);
}

void Stepper::Publish(const Move& move, size_t stage, int substep, Value value, bool decay) {
  const OdeEquation& equation = ode(move.equation);
  EquationScope& scope = system_.scope();
  const Value before = scope.Present(*equation.equation);
  const Value after = decay ? FlushDecayed(scope, value) : value;
  const Value factor = factors_[move.equation];
  if (decay && factor.valid() && system_.Number(factor).has_value()) {
    decayed_.push_back({equation.equation, *system_.Number(factor), before, after});
  }
  scope.Move(*equation.equation, after);
  if (decay || IsDriven(system_, move.equation)) scope.KeepTiny(*equation.equation);
  if (formulas_ == nullptr) return;
  const int primes = ++primes_[move.equation];
  std::string name = absl::StrCat(equation.name(), std::string(static_cast<size_t>(primes), '\''));
  formulas_->names.atoms[scope.Present(*equation.equation).id] = name;
  formulas_->moves.push_back({substep, stage, move, std::move(name), value});
}

Values Stepper::Step(const Group& group, const Values& x) {
  switch (group.method) {
    case Method::kExact:
      return Exact(group, x);
    case Method::kExponentialEuler:
      return ExponentialEuler(group, x);
    case Method::kEuler:
    case Method::kEulerMaruyama:
      return Euler(group, x);
    case Method::kHeun:
      for (const size_t e : group.members) {
        if (!ode(e).noise.empty()) return StochasticHeun(group, x);
      }
      return Heun(group, x);
    case Method::kRk2:
      return Rk2(group, x);
    case Method::kRk4:
      return Rk4(group, x);
    case Method::kMilstein:
      return Milstein(group, x);
  }
  return {};
}

Values Stepper::Drifts(const Group& group, const Values& at, double elapsed, const char* name) {
  Values drifts;
  for (const size_t e : group.members) {
    drifts.push_back(Drift(e, at, elapsed));
    Tell(drifts.back(), absl::StrCat(name, "_", ode(e).name()));
  }
  return drifts;
}

Values Stepper::Along(const Group& group, const Values& x, double h, const Values& slopes) const {
  Values moved = x;
  for (size_t i = 0; i < group.members.size(); ++i) {
    const size_t e = group.members[i];
    moved[e] = Held(e, MulAdd(Number(h), slopes[i], x[e]), x[e]);
  }
  return moved;
}

Value Stepper::Increment(size_t source, const Group& group) {
  const auto key = std::make_tuple(source, group.substep, group.parts, group.part);
  const auto [found, fresh] = increments_.try_emplace(key);
  if (fresh) {
    const NoiseSource& noise = system_.noises()[source];
    // Of one name there may be a noise of each neuron and one that all share.
    const bool shared = noise.domain == ir::DomainId::kNetwork;
    system_.scope().EnterCode(shared ? "shared_noise" : "noise", noise.name, draws_[source]++);
    const Value draw = builder().Emit(Op::kNormal, {ir::Element::kF64, noise.domain}, {},
                                      ir::StreamAttr(scope().NextStream(), 0));
    found->second = builder().Emit(Op::kMul, {Number(std::sqrt(group.h)), draw});
    Tell(found->second, absl::StrCat("dW_", noise.name));
  }
  return found->second;
}

Values Stepper::Euler(const Group& group, const Values& x) {
  Values next;
  for (const size_t e : group.members) {
    Value value = Moved(x[e], Number(group.h), Drift(e, x, group.elapsed));
    for (const NoiseTerm& term : ode(e).noise) {
      value =
          MulAdd(system_.At(term.factor, x, group.elapsed), Increment(term.source, group), value);
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
Value Stepper::ExactAlone(size_t e, const Values& x, double h, double elapsed) {
  const OdeEquation& equation = ode(e);
  const Value slope = *equation.slopes[e];
  const Value step = Number(h);
  if (IsZero(builder(), slope)) return Moved(x[e], step, Drift(e, x, elapsed));
  if (!IsConstant(builder(), slope)) {
    const auto scaled = [&](Value value) {
      return system_.At(EmitScaled(system_, step, value), x, elapsed);
    };
    const Value k = scaled(slope);
    // A step is short beside the time constant of a membrane; rates that are functions of a
    // variable may be anything.
    const Op exprel = IsSumOfVariables(system_, slope) ? Op::kExprelSmall : Op::kExprel;
    const Value mean = builder().Emit(exprel, {k});
    if (scope().math() != MathMode::kStrict && IsLinearInItself(system_, e)) {
      TellDefinitions(x, elapsed);
      return MulAdd(mean, MulAdd(k, x[e], scaled(RestOf(system_, e, {e}))), x[e]);
    }
    const Product change = WithConstantsTogether(scope(), step, Drift(e, x, elapsed));
    return MulAdd(EmitMultiply(scope(), change.a, mean), change.b, x[e]);
  }
  const OdeSystem::LinearForm form = system_.AloneForm(e, h);
  const Value factor = builder().Emit(Op::kExp, {form.k});
  if (!form.rest.valid()) {
    factors_[e] = factor;
    return builder().Emit(Op::kMul, {x[e], factor});
  }
  const Value mean = builder().Emit(Op::kExprel, {form.k});
  const Value rest = system_.At(form.rest, x, elapsed);
  if (IsConstant(builder(), rest)) {
    const Value scaled = builder().Emit(Op::kMul, {rest, step});
    return MulAdd(x[e], factor, builder().Emit(Op::kMul, {scaled, mean}));
  }
  const Value gain = builder().Emit(Op::kMul, {step, mean});
  const Product change = WithConstantsTogether(scope(), gain, rest);
  return MulAdd(x[e], factor, EmitMultiply(scope(), change.a, change.b));
}

Values Stepper::ExponentialEuler(const Group& group, const Values& x) {
  Values next;
  for (const size_t e : group.members) {
    next.push_back(ExactAlone(e, x, group.h, group.elapsed));
  }
  return next;
}

// The new values of coupled `members`. Where the neurons are refractory, those that are held stand
// still while the others move.
Values Stepper::ExactTogether(const Group& group, const std::vector<size_t>& members,
                              const Values& x, bool refractory) const {
  const Propagator propagator =
      *MakePropagator(CoefficientsOf(system_, members, refractory), group.h);
  Values rests;
  for (const size_t e : members) {
    rests.push_back(system_.At(RestOf(system_, e, members), x, group.elapsed));
  }
  Values next;
  for (size_t i = 0; i < members.size(); ++i) {
    // What is added is summed first: it is often the same for all neurons.
    Value sum;
    const auto add = [&](double factor, Value value) {
      if (factor == 0 || IsZero(builder(), value)) return;
      sum = sum.valid() ? MulAdd(Number(factor), value, sum)
                        : EmitMultiply(scope(), Number(factor), value);
    };
    for (size_t j = 0; j < members.size(); ++j) {
      if (refractory && ode(members[j]).held) continue;
      add(propagator.input[i][j], rests[j]);
    }
    for (size_t j = 0; j < members.size(); ++j) add(propagator.state[i][j], x[members[j]]);
    next.push_back(sum.valid() ? sum : Number(0));
  }
  return next;
}

Values Stepper::Exact(const Group& group, const Values& x) {
  // Those that depend on themselves alone may have any coefficient; the coupled ones have numbers,
  // and so have all they depend on.
  std::vector<size_t> coupled;
  bool held = false;
  bool any = false;
  for (const size_t e : group.members) {
    if (!system_.Number(*ode(e).slopes[e]).has_value()) continue;
    coupled.push_back(e);
    held = held || ode(e).held;
    any = any || !IsAlone(system_, e);
  }
  Values together;
  if (any) together = ExactTogether(group, coupled, x, /*refractory=*/false);
  Values while_refractory = together;
  if (any && held) while_refractory = ExactTogether(group, coupled, x, /*refractory=*/true);
  Values next;
  for (const size_t e : group.members) {
    if (IsAlone(system_, e)) {
      next.push_back(ExactAlone(e, x, group.h, group.elapsed));
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

Values Stepper::Rk2(const Group& group, const Values& x) {
  const Values k = Drifts(group, x, group.elapsed, "k");
  const Values middle = Along(group, x, group.h / 2, k);
  const Values slopes = Drifts(group, middle, group.elapsed + group.h / 2, "m");
  Values next;
  for (size_t i = 0; i < group.members.size(); ++i) {
    next.push_back(MulAdd(Number(group.h), slopes[i], x[group.members[i]]));
  }
  return next;
}

Values Stepper::Heun(const Group& group, const Values& x) {
  const Values first = Drifts(group, x, group.elapsed, "k");
  const Values end = Along(group, x, group.h, first);
  const Values last = Drifts(group, end, group.elapsed + group.h, "m");
  Values next;
  for (size_t i = 0; i < group.members.size(); ++i) {
    const Value sum = builder().Emit(Op::kAdd, {first[i], last[i]});
    next.push_back(MulAdd(Number(group.h / 2), sum, x[group.members[i]]));
  }
  return next;
}

Values Stepper::Rk4(const Group& group, const Values& x) {
  const double h = group.h;
  const Values k1 = Drifts(group, x, group.elapsed, "k1");
  const Values k2 = Drifts(group, Along(group, x, h / 2, k1), group.elapsed + h / 2, "k2");
  const Values k3 = Drifts(group, Along(group, x, h / 2, k2), group.elapsed + h / 2, "k3");
  const Values k4 = Drifts(group, Along(group, x, h, k3), group.elapsed + h, "k4");
  Values next;
  for (size_t i = 0; i < group.members.size(); ++i) {
    const Value ends = builder().Emit(Op::kAdd, {k1[i], k4[i]});
    const Value middles = builder().Emit(Op::kAdd, {k2[i], k3[i]});
    const Value sum = MulAdd(Number(2), middles, ends);
    next.push_back(MulAdd(Number(h / 6), sum, x[group.members[i]]));
  }
  return next;
}

Values Stepper::StochasticHeun(const Group& group, const Values& x) {
  Values next;
  for (const size_t e : group.members) {
    next.push_back(MulAdd(Number(group.h), Drift(e, x, group.elapsed), x[e]));
  }
  for (size_t source = 0; source < system_.noises().size(); ++source) {
    Values support = x;
    bool drives = false;
    for (const size_t e : group.members) {
      for (const NoiseTerm& term : ode(e).noise) {
        if (term.source != source) continue;
        drives = true;
        const Value factor = system_.At(term.factor, x, group.elapsed);
        support[e] = Held(e, MulAdd(factor, Increment(source, group), x[e]), x[e]);
        Tell(support[e], absl::StrCat("s_", ode(e).name()));
      }
    }
    if (!drives) continue;
    const Value half = builder().Emit(Op::kMul, {Number(0.5), Increment(source, group)});
    for (size_t i = 0; i < group.members.size(); ++i) {
      for (const NoiseTerm& term : ode(group.members[i]).noise) {
        if (term.source != source) continue;
        const Value before = system_.At(term.factor, x, group.elapsed);
        const Value after = system_.At(term.factor, support, group.elapsed + group.h);
        next[i] = MulAdd(half, builder().Emit(Op::kAdd, {before, after}), next[i]);
      }
    }
  }
  return next;
}

Values Stepper::Milstein(const Group& group, const Values& x) {
  const double root = std::sqrt(group.h);
  Values next;
  for (const size_t e : group.members) {
    Value value = MulAdd(Number(group.h), Drift(e, x, group.elapsed), x[e]);
    for (const NoiseTerm& term : ode(e).noise) {
      const Value factor = system_.At(term.factor, x, group.elapsed);
      const Value increment = Increment(term.source, group);
      value = MulAdd(factor, increment, value);
      if (!DependsOn(builder(), term.factor, {ode(e).stand_in})) continue;
      Values support = x;
      support[e] = Held(e, MulAdd(Number(root), factor, x[e]), x[e]);
      Tell(support[e], absl::StrCat("s_", ode(e).name()));
      const Value change =
          builder().Emit(Op::kSub, {system_.At(term.factor, support, group.elapsed), factor});
      const Value square = builder().Emit(Op::kMul, {increment, increment});
      const Value scaled = builder().Emit(Op::kMul, {Number(1 / (2 * root)), change});
      value = MulAdd(scaled, square, value);
    }
    next.push_back(value);
  }
  return next;
}

}  // namespace

std::vector<Decayed> Integrate(const OdeSystem& system, const Plan& plan, Formulas* formulas) {
  return Stepper(system, formulas).Run(plan);
}

}  // namespace bnsyn::compiler
