// The differential equations of a population or of synapses as nodes: drifts, noise terms and
// derivatives, from which integrators emit a step.
#ifndef BNSYN_COMPILER_EQUATIONS_ODE_SYSTEM_H_
#define BNSYN_COMPILER_EQUATIONS_ODE_SYSTEM_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/analysis/facts.h"
#include "compiler/equations/equation_scope.h"
#include "compiler/language/expression.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// A source of white noise: one for each name xi, xi_a, ... of the equations, and one for all
// neurons where (shared) equations read it.
struct NoiseSource {
  std::string name;
  ir::DomainId domain = ir::DomainId::kNetwork;
  ir::Value stand_in;
};

// A term factor*xi of a right side.
struct NoiseTerm {
  size_t source = 0;  // in OdeSystem::noises
  ir::Value factor;
};

// dx/dt = drift + sum of factor*xi. The values are emitted over stand-ins for the variables, not
// over their present values, so that they can be analysed, and computed at any values
// (OdeSystem::At).
struct OdeEquation {
  const Equation* equation = nullptr;
  ir::Value start;  // the variable at the start of the step
  ir::Value stand_in;
  ir::Value drift;
  std::vector<NoiseTerm> noise;
  // The derivative of the drift by each variable of the system: the literal 0 if it does not depend
  // on it, nullopt if it cannot be differentiated.
  std::vector<std::optional<ir::Value>> slopes;
  bool held = false;  // it keeps its value while the neuron is refractory

  const std::string& name() const { return equation->name; }
};

class OdeSystem {
 public:
  // Emits the right sides of the differential equations of the scope and differentiates them.
  // Errors are those of the code: names, units, noise that is not a plain factor. The scope must
  // outlive the system.
  static absl::StatusOr<OdeSystem> Create(EquationScope& scope);

  const std::vector<OdeEquation>& equations() const { return equations_; }
  const std::vector<NoiseSource>& noises() const { return noises_; }
  EquationScope& scope() const { return *scope_; }
  ir::Builder& builder() const { return scope_->builder(); }
  const ir::SourceText& source() const { return scope_->equations_text(); }
  double dt() const { return scope_->program().dt; }
  // The right side of the equation x = ... of that name, or null.
  const Expr* FindDefinition(absl::string_view name) const;
  // The time at the start of the step.
  ir::Value time() const { return time_; }
  std::optional<size_t> Find(absl::string_view name) const;
  // The stand-ins of all variables.
  std::vector<ir::Value> Variables() const;

  // True if the drift of x_i depends on x_j, as far as its shape shows.
  bool Reads(size_t i, size_t j) const;
  // True if a value depends on any variable of the system.
  bool DependsOnVariables(ir::Value value) const;
  // True if a value stays the same over a step in which the variables of the system move. A value
  // that depends on t counts as fixed if it only compares t or looks it up (int(t > 5 ms), a
  // table).
  bool IsFixed(ir::Value value) const;
  // The number that a value is for every element and step; see Facts.
  std::optional<double> Number(ir::Value value) const { return facts_.Number(value); }

  // Emits a value over stand-ins at these values of the variables and at this time.
  ir::Value At(ir::Value value, const std::vector<ir::Value>& values, ir::Value time) const;
  // A value that stands for the number of the pass of a loop.
  ir::Value PassStandIn() const;
  // Values of the elements that stand for what is a method's own, by number.
  ir::Value OwnStandIn(size_t number) const;

  // A drift that is linear in its own variable x: k/h*x + rest; `rest` is invalid if there is none.
  // k is emitted from the text if the text can be split, so that -x/tau gives -h/tau.
  struct LinearForm {
    ir::Value k;
    ir::Value rest;
  };
  LinearForm AloneForm(size_t equation, double h) const;

  // Emits an expression of the equations over the stand-ins; `names` get these values in it.
  absl::StatusOr<ir::Value> Emit(const Expr& expr,
                                 std::vector<std::pair<std::string, TypedValue>> names = {}) const;
  // The values of the equations x = ..., over stand-ins, for explanations.
  std::vector<std::pair<std::string, ir::Value>> DefinitionValues() const;

 private:
  explicit OdeSystem(EquationScope& scope)
      : scope_(&scope), facts_(scope.program(), scope.builder().block()) {}

  absl::Status CheckPlainNoise() const;
  absl::Status EmitRight(OdeEquation& ode);
  // The stand-in of the noise of that name; a new one if there is none yet.
  ir::Value NoiseStandIn(const std::string& name, ir::DomainId domain);
  StandIns VariableStandIns() const;
  absl::Status SplitNoise(OdeEquation& ode, ir::Value right);

  EquationScope* scope_;
  Facts facts_;
  ir::Value time_;
  std::vector<OdeEquation> equations_;
  std::vector<NoiseSource> noises_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_ODE_SYSTEM_H_
