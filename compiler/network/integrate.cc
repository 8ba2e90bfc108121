#include "compiler/network/integrate.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/network/integrate_linear.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

using Next = std::vector<std::pair<const Equation*, ir::Value>>;

Definitions DefinitionsOf(const OdeSystem& system) {
  return [&system](absl::string_view name) { return system.Definition(name); };
}

// dx/dt = A*x + B with A and B constant during a run; nullopt when it is not of that form.
std::optional<LinearForm> ConstantLinear(const Equation& equation, const OdeSystem& system) {
  const Definitions definitions = DefinitionsOf(system);
  std::optional<LinearForm> form = AsLinear(*equation.right, equation.name, definitions);
  if (!form.has_value()) return std::nullopt;
  const auto constant = [&](absl::string_view name) {
    return name == equation.name || system.IsConstant(name);
  };
  for (const std::optional<Expr>& part : {form->proportional, form->rest}) {
    if (part.has_value() && !IsConstant(*part, definitions, constant)) return std::nullopt;
  }
  return form;
}

bool IsDecay(const LinearForm& form) {
  return form.proportional.has_value() && !form.rest.has_value();
}

absl::StatusOr<ir::Value> EulerStep(OdeSystem& system, const Equation& equation) {
  BNSYN_ASSIGN_OR_RETURN(const ir::Value derivative, system.Derivative(equation));
  const ir::Value dt = system.scope().builder().F64(system.dt().value);
  return EmitMulAdd(system.scope(), dt, derivative, system.Get(equation));
}

// The solution of dx/dt = A*x + B over one step: x*exp(k) + B*dt*exprel(k) with k = A*dt, which is
// the part proportional to x with dt in the place of x. Written so, x decays by the same
// exp(-dt/tau) that a person writes, and nothing divides by A.
absl::StatusOr<ir::Value> ExactStep(OdeSystem& system, const Equation& equation,
                                    const LinearForm& form) {
  BNSYN_RETURN_IF_ERROR(system.CheckDerivative(equation));
  if (!form.proportional.has_value()) return EulerStep(system, equation);
  Scope& scope = system.scope();
  ir::Builder& builder = scope.builder();
  const TypedValue dt = {builder.F64(system.dt().value), dimension::kTime};
  BNSYN_ASSIGN_OR_RETURN(const TypedValue k, system.EmitWith(*form.proportional, equation, dt));
  const ir::Value factor = builder.Emit(ir::Op::kExp, {k.value});
  const ir::Value x = system.Get(equation);
  if (!form.rest.has_value()) return builder.Emit(ir::Op::kMul, {x, factor});
  BNSYN_ASSIGN_OR_RETURN(const TypedValue rest, system.EmitWith(*form.rest, equation, dt));
  const ir::Value gain =
      builder.Emit(ir::Op::kMul, {builder.Emit(ir::Op::kMul, {rest.value, dt.value}),
                                  builder.Emit(ir::Op::kExprel, {k.value})});
  return EmitMulAdd(scope, x, factor, gain);
}

void SetAll(OdeSystem& system, const Next& next) {
  for (const auto& [equation, value] : next) system.Set(*equation, value);
}

// Explicit Euler steps of all equations, from the values at the start.
absl::Status Euler(OdeSystem& system) {
  Next next;
  for (const Equation* equation : system.equations()) {
    BNSYN_ASSIGN_OR_RETURN(const ir::Value value, EulerStep(system, *equation));
    next.emplace_back(equation, value);
  }
  SetAll(system, next);
  return absl::OkStatus();
}

absl::Status Exact(OdeSystem& system) {
  Next next;
  for (const Equation* equation : system.equations()) {
    const std::optional<LinearForm> form = ConstantLinear(*equation, system);
    if (!form.has_value()) {
      return ir::ErrorAt(system.source(), equation->right->range,
                         absl::StrCat("d", equation->name, "/dt is not linear in ", equation->name,
                                      " with constant coefficients, so it has no exact step"),
                         "leave the method out: then what is linear is solved exactly, and the "
                         "rest by Euler steps");
    }
    BNSYN_ASSIGN_OR_RETURN(const ir::Value value, ExactStep(system, *equation, *form));
    next.emplace_back(equation, value);
  }
  SetAll(system, next);
  return absl::OkStatus();
}

// Decays dx/dt = -x/tau go first and exactly, so that currents see the conductances of the end of
// the step, as they see the events that arrived in it; everything else goes from those and the
// values at the start: exactly where it is linear with constant coefficients, else by Euler.
absl::Status ExactElseEuler(OdeSystem& system) {
  std::vector<std::optional<LinearForm>> forms;
  Next decayed;
  for (const Equation* equation : system.equations()) {
    forms.push_back(ConstantLinear(*equation, system));
    if (!forms.back().has_value() || !IsDecay(*forms.back())) continue;
    BNSYN_ASSIGN_OR_RETURN(const ir::Value value, ExactStep(system, *equation, *forms.back()));
    decayed.emplace_back(equation, value);
  }
  SetAll(system, decayed);
  Next next;
  for (size_t e = 0; e < forms.size(); ++e) {
    const Equation& equation = *system.equations()[e];
    if (forms[e].has_value() && IsDecay(*forms[e])) continue;
    BNSYN_ASSIGN_OR_RETURN(const ir::Value value, forms[e].has_value()
                                                      ? ExactStep(system, equation, *forms[e])
                                                      : EulerStep(system, equation));
    next.emplace_back(&equation, value);
  }
  SetAll(system, next);
  return absl::OkStatus();
}

constexpr Integrator kIntegrators[] = {
    {"exact_else_euler",
     "exact where an equation is linear with constant coefficients, decays before all others; "
     "explicit Euler elsewhere",
     ExactElseEuler},
    {"euler", "explicit Euler", Euler},
    {"exact", "the exact solution; an error where an equation has none here", Exact},
};

}  // namespace

absl::Span<const Integrator> AllIntegrators() { return kIntegrators; }

absl::Status CheckIntegration(const Model&, const ModelCode& code) {
  const Integration& integration = code.integration;
  const auto unknown = [](const ir::SourceText& place, absl::string_view what) {
    return ir::ErrorAt(place, Whole(place), what, "name one method for all equations");
  };
  if (!integration.methods.empty()) {
    return unknown(integration.methods[0].first, "methods cannot be given by variable");
  }
  if (integration.substeps.has_value()) {
    return unknown(TextOf(*integration.substeps, "substeps"), "there are no substeps");
  }
  if (!integration.order.empty()) return unknown(integration.order[0][0], "there is no order");
  const ir::SourceText& method = integration.method;
  if (method.text.empty() || FindIntegrator(method.text) != nullptr) return absl::OkStatus();
  std::vector<std::string> known;
  for (const Integrator& integrator : kIntegrators) known.emplace_back(integrator.name);
  return ir::ErrorAt(
      method, Whole(method),
      absl::StrCat("there is no method '", method.text, "'", ir::DidYouMean(method.text, known)),
      absl::StrCat("methods are ", absl::StrJoin(known, ", ")));
}

const Integrator* FindIntegrator(absl::string_view name) {
  for (const Integrator& integrator : kIntegrators) {
    if (integrator.name == name) return &integrator;
  }
  return nullptr;
}

const Integrator& DefaultIntegrator() { return kIntegrators[0]; }

}  // namespace bnsyn::compiler
