// How differential equations become one step: a table of methods by name.
#ifndef BNSYN_COMPILER_NETWORK_INTEGRATE_H_
#define BNSYN_COMPILER_NETWORK_INTEGRATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/language/code.h"
#include "compiler/language/expression.h"
#include "compiler/network/lower.h"

namespace bnsyn::compiler {

// The differential equations of one population, and the values of their variables as they move on.
class OdeSystem {
 public:
  virtual ~OdeSystem() = default;
  virtual Scope& scope() = 0;
  virtual const ir::SourceText& source() const = 0;
  virtual Quantity dt() const = 0;
  virtual const std::vector<const Equation*>& equations() const = 0;
  // The present value of a variable, and its next one.
  virtual ir::Value Get(const Equation& equation) = 0;
  virtual void Set(const Equation& equation, ir::Value value) = 0;
  // dx/dt at the present values, its dimension checked.
  virtual absl::StatusOr<ir::Value> Derivative(const Equation& equation) = 0;
  // The same for its errors alone.
  virtual absl::Status CheckDerivative(const Equation& equation) = 0;
  // `expr` with the variable of `equation` standing for `value`.
  virtual absl::StatusOr<TypedValue> EmitWith(const Expr& expr, const Equation& equation,
                                              TypedValue value) = 0;
  // The right side of the equation name = ..., or null.
  virtual const Expr* Definition(absl::string_view name) const = 0;
  // Whether a name keeps its value during a run: parameters, constants, dt, i, N.
  virtual bool IsConstant(absl::string_view name) const = 0;
};

struct Integrator {
  absl::string_view name;
  absl::string_view meaning;
  absl::Status (*run)(OdeSystem& system);
};

absl::Span<const Integrator> AllIntegrators();
// Checks what a model says of its integration, before its equations are emitted.
absl::Status CheckIntegration(const Model& model, const ModelCode& code);
// By name; null when there is none.
const Integrator* FindIntegrator(absl::string_view name);
// What a model gets that names none.
const Integrator& DefaultIntegrator();

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_NETWORK_INTEGRATE_H_
