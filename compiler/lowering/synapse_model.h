// The model of the synapses of a projection: variables that each synapse has for itself, and the
// code that runs for it.
#ifndef BNSYN_COMPILER_LOWERING_SYNAPSE_MODEL_H_
#define BNSYN_COMPILER_LOWERING_SYNAPSE_MODEL_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "compiler/language/expression.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/synapse.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Who holds the value of a variable of synapses. One that is the same for all synapses of a source,
// or onto a target, is a state of that neuron, named as if it were the projection's: see
// FindTraces.
enum class Keeper : uint8_t { kSynapse, kSource, kTarget };

// dx/dt = A*x + B with fixed A and B, flagged (event-driven): x moves on when an event needs it, by
// its exact solution, x' = x0 + (x - x0)*exp(A*time since then), x0 = -B/A.
struct EventDriven {
  std::string name;
  Expr proportional;         // A*x
  std::optional<Expr> rest;  // B
  Keeper keeper = Keeper::kSynapse;
};

struct SynapseModel {
  SynapseModel() = default;
  // The section points at the code.
  SynapseModel(const SynapseModel&) = delete;
  SynapseModel& operator=(const SynapseModel&) = delete;

  // The equations but those that are summed. What is event-driven has the kind of a variable here:
  // it does not move in a step.
  ModelCode code;
  Section section;
  std::vector<Equation> summed;  // I_post = expression, added up for each target in every step
  std::vector<EventDriven> event_driven;
  std::vector<Statement> on_pre;
  std::vector<Statement> on_post;
  // The step up to which event-driven variables of the synapse have moved, as f64.
  std::optional<ir::StateId> last;
  // What w means where it is no variable: the dimension of weights, and what those of the program
  // are multiplied by.
  std::optional<Quantity> weight;
  bool whole_weight = false;  // w is known to be a whole number

  const EventDriven* FindEventDriven(absl::string_view name) const;
  // Whether some code reads or assigns `name`, equations x = ... followed.
  bool Mentions(const std::vector<Statement>& statements, absl::string_view name) const;
  bool Mentions(const Expr& expr, absl::string_view name) const;
  // Whether the weight is asked for by any code.
  bool NeedsWeight() const;
  // The right side of the equation x = ..., or null.
  const Expr* DefinitionOf(absl::string_view name) const;
};

// Parses equations and code, and checks what can be checked without values.
absl::Status ParseSynapseModel(const SynapseContext& context, SynapseModel& model);
// Declares the variables of the synapses of projection `id`.
absl::Status DeclareSynapseModel(SynapseContext& context, ir::ProjectionId id, SynapseModel& model);
// Writes the on_pre, on_step and on_post blocks.
absl::Status LowerSynapseModel(SynapseContext& context, const SynapseModel& model);

// Finds the event-driven variables that are the same for all synapses of a source: decaying to 0 by
// a rate that is one number, beginning with one number, and changed by one statement of on_pre
// alone, x += c or x = c with a number c, where all synapses have one delay; and likewise those
// that on_post alone changes, without reading them before, for the synapses onto a target.
void FindTraces(SynapseContext& context, ir::ProjectionId id, SynapseModel& model);

// Whether a setting is one number for all synapses, made of constants alone. What cannot be read at
// all is one too: evaluating it tells why.
bool IsPlain(const SynapseContext& context, const Setting& setting, absl::string_view what);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_SYNAPSE_MODEL_H_
