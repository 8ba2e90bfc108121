// The variables of a simulation as its network declares them, whatever the compiler made of them
// (R5): an event-driven variable has a value for each synapse, brought to the present, and one that
// neurons hold has it too.
#ifndef BNSYN_RUNTIME_VARIABLES_H_
#define BNSYN_RUNTIME_VARIABLES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/machine.h"
#include "reference/synapse_table.h"
#include "runtime/engine.h"

namespace bnsyn {

// The synapses of a projection, drawn once more.
absl::StatusOr<reference::SynapseTable> DrawSynapses(const ir::Program& program,
                                                     ir::ProjectionId projection);

class Variables {
 public:
  // `engine` must outlive the object. `params` are the present values of the program's parameters.
  Variables(Engine& engine, const std::vector<ir::Param>& params)
      : engine_(engine), program_(engine.program()), params_(params) {}

  // The state behind a variable: NotFound, with advice, if there is none of that name.
  absl::StatusOr<ir::StateId> Find(absl::string_view name) const;
  // The same of a population by its number: one value for each neuron, or one for all (shared).
  absl::StatusOr<ir::StateId> FindOf(ir::PopulationId population, absl::string_view name) const;
  // The same of those that have one value.
  absl::StatusOr<ir::StateId> FindUniform(absl::string_view name) const;

  // True if the values of a state are those that the engine holds, so that they need no Read.
  bool IsPlain(ir::StateId state) const { return !PlaceOf(state).has_value(); }
  // The present values, in the order of the neurons or of the synapses. Changes nothing.
  absl::StatusOr<reference::Array> Read(ir::StateId state);
  // Sets one of those values. InvalidArgument if there is no such element, or if neurons hold the
  // variable and other synapses of the neuron share the value.
  absl::Status Set(ir::StateId state, uint64_t element, ir::Bits bits);
  // Sets all of them, or none if that fails. InvalidArgument if their number is wrong, or if
  // neurons hold the variable and the synapses of a neuron differ.
  absl::Status SetAll(ir::StateId state, const reference::Array& values);
  // Called before a parameter changes that event-driven variables may depend on.
  absl::Status BeforeParamChanges(ir::ParamId param);
  // Brings the event-driven variables of a projection to the present. It must have a now block.
  absl::Status BringToPresent(ir::ProjectionId projection);

 private:
  // Where the values of a variable of synapses are, if not in an array of their own.
  struct Place {
    ir::ProjectionId projection;
    bool of_neurons;  // those of the sources or targets; else the now block brings them
    bool by_target;   // of those two
  };

  std::optional<Place> PlaceOf(ir::StateId state) const;
  absl::Status NotFound(absl::string_view where, absl::string_view name,
                        const std::vector<std::string>& known) const;
  // The machine in which now blocks run.
  absl::StatusOr<reference::Machine*> Machine();
  // The synapses of a projection in it.
  absl::StatusOr<const reference::SynapseTable*> Table(ir::ProjectionId projection);
  // The machine at the present, for a now block: with its synapses, or without.
  absl::StatusOr<reference::Machine*> MachineFor(const ir::Block& now, bool of_synapses);
  // Brings event-driven variables of these synapses to the present in the machine; all of them, if
  // `synapse` is none.
  absl::Status BringSynapses(ir::ProjectionId projection, std::optional<uint64_t> synapse);
  // Brings those that the sources of a projection hold.
  absl::Status BringSources(ir::ProjectionId projection);
  // The present values of a variable that neurons hold, by neuron; then in the machine too, if the
  // sources hold it.
  absl::StatusOr<reference::Array> HeldByNeurons(ir::StateId state, const Place& place);
  // Sets that of one neuron, after HeldByNeurons.
  absl::Status SetHeld(ir::StateId state, const Place& place, uint32_t neuron, ir::Bits bits);
  // Brings all event-driven variables to the present that depend on something that will change.
  absl::Status BringDependent(ir::AttrKind kind, uint64_t symbol);

  Engine& engine_;
  const ir::Program& program_;
  const std::vector<ir::Param>& params_;
  std::unique_ptr<reference::Machine> machine_;  // made when it is needed
  std::vector<bool> drawn_;                      // by projection: its table is in the machine
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_VARIABLES_H_
