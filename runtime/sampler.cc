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
  sampler.elements_ = std::move(found->numbers);
  return sampler;
}

absl::Status Sampler::Read(absl::FunctionRef<absl::Status(reference::ArrayView)> use) const {
  Variables& variables = *simulation_->variables;
  if (variables.IsPlain(state_)) return use(simulation_->engine->State(state_));
  BNSYN_ASSIGN_OR_RETURN(const reference::Array values, variables.Read(state_));
  return use(values.view());
}

}  // namespace bnsyn
