#include "runtime/sampler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "compiler/description/settings.h"
#include "ir/status_macros.h"
#include "runtime/variables.h"

namespace bnsyn {
namespace {

// The error of a call that knows the text alone, at the place of the text.
absl::Status ErrorAtName(const absl::Status& status, const ir::SourceText& name) {
  if (status.ok() || absl::IsResourceExhausted(status)) return status;
  const std::string message(status.message());
  // Errors with carets begin with the place.
  if (message.find(": error: ") != std::string::npos) return status;
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(message, absl::MaxSplits('\n', 1));
  return compiler::ErrorIn(name, parts.first);
}

}  // namespace

absl::StatusOr<Sampler> Sampler::Create(const Simulation& simulation, const ir::SourceText& name) {
  Sampler sampler;
  sampler.simulation_ = &SimulationAccess::Of(simulation);
  auto found = sampler.simulation_->FindElements(name);
  if (!found.ok()) {
    return name.name.empty() ? found.status() : ErrorAtName(found.status(), name);
  }
  sampler.state_ = found->state;
  sampler.variable_ = sampler.simulation_->program().states[found->state].name;
  sampler.elements_ = std::move(found->numbers);
  return sampler;
}

absl::StatusOr<ir::StateId> Sampler::State() const {
  const std::vector<ir::State>& states = simulation_->program().states;
  if (state_ >= states.size() || states[state_].name != variable_) {
    BNSYN_ASSIGN_OR_RETURN(state_, simulation_->variables->Find(variable_));
  }
  return state_;
}

absl::Status Sampler::Read(absl::FunctionRef<absl::Status(reference::ArrayView)> use) const {
  BNSYN_ASSIGN_OR_RETURN(const ir::StateId state, State());
  Variables& variables = *simulation_->variables;
  if (variables.IsPlain(state)) return use(simulation_->engine->State(state));
  BNSYN_ASSIGN_OR_RETURN(const reference::Array values, variables.Read(state));
  return use(values.view());
}

}  // namespace bnsyn
