// Emits the moves of a step: what integrate.cc, exact_methods.cc and explicit_methods.cc share.
#ifndef BNSYN_COMPILER_EQUATIONS_STEP_EMITTER_H_
#define BNSYN_COMPILER_EQUATIONS_STEP_EMITTER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/equations/affine.h"
#include "compiler/equations/factors.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/linear_step.h"
#include "compiler/language/code_emitter.h"

namespace bnsyn::compiler {

// The equations of a move group that one method solves together, over one step.
struct Subsystem {
  Method method = Method::kEuler;
  std::vector<size_t> members;
  std::vector<Tolerances> tolerances;  // by member
  int part = 0;
  int parts = 1;
  double h = 0;
};

// Emits the moves of a step, method by method; the formulas stand in integration_plan.h.
class StepEmitter {
 public:
  StepEmitter(const OdeSystem& system, const IntegrationPlan& plan, Formulas* formulas,
              SpikesWithin* within);
  std::vector<Decayed> Run();

 private:
  using Op = ir::Op;
  using Value = ir::Value;
  using Values = std::vector<Value>;  // of all variables of the system

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

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_STEP_EMITTER_H_
