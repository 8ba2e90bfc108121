#include "compiler/lowering/emit.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/equations/explanations.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/ode_system.h"
#include "compiler/lowering/interpolated.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Explains the step of a population, or of the network level, where explanations are asked for:
// `moves`, or that there are none.
void Explain(const Declarations& declared, const Section& section, std::string moves,
             ProgramBuilder& out) {
  if (out.explanations == nullptr) return;
  if (moves.empty()) {
    moves = section.code->update.empty()
                ? "  no differential equations\n"
                : "  no differential equations; its update code runs line by line\n";
  }
  std::string title = "network level";
  for (size_t p = 0; p < declared.sections.size(); ++p) {
    if (&declared.sections[p] != &section) continue;
    const Network& network = declared.network;
    title = absl::StrCat("population ", section.name, ", model ",
                         network.models[network.populations[p].model].name);
  }
  out.explanations->push_back({std::move(title), std::move(moves)});
}

// The plan by the method that Brian2 would choose where the model names none: the first of its list
// that fits all equations.
absl::StatusOr<IntegrationPlan> PlanAsBrian2(const OdeSystem& system, const ModelCode& code,
                                             const std::vector<Constant>& constants) {
  absl::StatusOr<IntegrationPlan> plan;
  for (const char* const method : {"exact", "euler", "heun"}) {
    Integration integration = code.integration;
    integration.method.text = method;
    plan = PlanIntegration(system, integration, constants, Reading::kStart);
    if (plan.ok()) break;
  }
  return plan;
}

}  // namespace

absl::StatusOr<std::vector<Decayed>> EmitUpdate(const Declarations& declared, CodeScope& scope,
                                                ProgramBuilder& out) {
  const Section& section = scope.section();
  const ModelCode& code = *section.code;
  BNSYN_RETURN_IF_ERROR(scope.HoldDefinitions());
  scope.EnterCode("update");
  BNSYN_RETURN_IF_ERROR(EmitStatements(code.update, code.update_text, scope));
  scope.Change().locals.clear();
  if (declared.schedule == Schedule::kBrian2) scope.Change().free = scope.active();
  BNSYN_ASSIGN_OR_RETURN(const OdeSystem system, OdeSystem::Create(scope));
  if (system.equations().empty()) {
    Explain(declared, section, "", out);
    return std::vector<Decayed>();
  }
  // Before the plan, which takes the equations of such a model for rk45's.
  if (code.integration.interpolated_spikes) {
    BNSYN_RETURN_IF_ERROR(CheckInterpolated(declared, section));
  }
  const bool as_brian2 = declared.schedule == Schedule::kBrian2 &&
                         code.integration.method.text.empty() && code.integration.methods.empty();
  BNSYN_ASSIGN_OR_RETURN(
      const IntegrationPlan plan,
      as_brian2 ? PlanAsBrian2(system, code, section.constants)
                : PlanIntegration(system, code.integration, section.constants, declared.reading()));
  Formulas formulas;
  Formulas* const explained = out.explanations != nullptr ? &formulas : nullptr;
  std::vector<Decayed> decayed;
  if (code.integration.interpolated_spikes) {
    InterpolatedSpikes within(scope, system);
    decayed = Integrate(system, plan, explained, &within);
    BNSYN_RETURN_IF_ERROR(within.status());
  } else {
    decayed = Integrate(system, plan, explained);
  }
  if (out.explanations != nullptr) {
    Explain(declared, section, ExplainMoves(system, plan, formulas, section.prefix), out);
  }
  return decayed;
}

}  // namespace bnsyn::compiler
