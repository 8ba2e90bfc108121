#include "compiler/lowering/odes.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/equations/explanations.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/ode_system.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Tells those who ask the step of a population, or of the network level, in words: `moves`, or that
// there are none.
void Tell(const Lowering& lowering, const Section& section, std::string moves) {
  if (lowering.told == nullptr) return;
  if (moves.empty()) {
    moves = section.code->update.empty()
                ? "  no differential equations\n"
                : "  no differential equations; its update code runs line by line\n";
  }
  std::string title = "network level";
  for (size_t p = 0; p < lowering.sections.size(); ++p) {
    if (&lowering.sections[p] != &section) continue;
    const Network& network = lowering.network;
    title = absl::StrCat("population ", section.name, ", model ",
                         network.models[network.populations[p].model].name);
  }
  lowering.told->emplace_back(title, std::move(moves));
}

}  // namespace

absl::StatusOr<std::vector<Decayed>> LowerUpdate(Lowering& lowering, CodeScope& scope) {
  const Section& section = scope.section();
  const ModelCode& code = *section.code;
  scope.EnterCode("update");
  BNSYN_RETURN_IF_ERROR(EmitStatements(code.update, code.update_text, scope));
  scope.ForgetLocals();
  BNSYN_ASSIGN_OR_RETURN(const OdeSystem system, OdeSystem::Create(scope));
  if (system.equations().empty()) {
    Tell(lowering, section, "");
    return std::vector<Decayed>();
  }
  BNSYN_ASSIGN_OR_RETURN(const IntegrationPlan plan,
                         PlanIntegration(system, code.integration, section.constants));
  Formulas formulas;
  std::vector<Decayed> decayed =
      Integrate(system, plan, lowering.told != nullptr ? &formulas : nullptr);
  if (lowering.told != nullptr) {
    Tell(lowering, section, ExplainMoves(system, plan, formulas, section.prefix));
  }
  return decayed;
}

}  // namespace bnsyn::compiler
