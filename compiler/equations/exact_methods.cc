// Moves by exact solutions: exact and exponential_euler, and the means that other moves read.
#include <optional>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/affine.h"
#include "compiler/equations/linear_step.h"
#include "compiler/equations/method_fit.h"
#include "compiler/equations/step_emitter.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;
using Values = std::vector<Value>;

}  // namespace

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

}  // namespace bnsyn::compiler
