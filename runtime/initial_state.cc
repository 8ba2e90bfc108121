#include "runtime/initial_state.h"

#include <cstring>
#include <vector>

#include "ir/status_macros.h"
#include "reference/machine.h"

namespace bnsyn {

absl::Status SetInitialState(const ir::Program& program, NetworkMemory& memory) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Array> states,
                         reference::InitialStates(program));
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const reference::Array& values = states[id];
    if (values.size() == 0) continue;  // of synapses, which know their own
    if (program.states[id].history != 0) {
      memory.SetHistory(id, values);
    } else if (program.states[id].type.uniform()) {
      memory.SetState(id, 0, values.bits(0));
    } else {
      const auto bytes = static_cast<size_t>(ir::ElementBytes(values.element()));
      for (int copy = 0; copy < memory.Copies(id); ++copy) {
        std::memcpy(memory.State(id, copy), values.view().data, values.size() * bytes);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
