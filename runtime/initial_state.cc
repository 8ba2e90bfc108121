#include "runtime/initial_state.h"

#include <cstring>

#include "ir/status_macros.h"
#include "reference/block_runner.h"
#include "reference/machine.h"

namespace bnsyn {

absl::Status SetInitialState(const ir::Program& program, NetworkMemory& memory) {
  BNSYN_ASSIGN_OR_RETURN(reference::Machine machine, reference::Machine::Create(program));
  if (machine.program.init) reference::BlockRunner(*machine.program.init, machine).Run();
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const reference::Array& values = machine.states[id];
    if (program.states[id].type.uniform()) {
      memory.SetState(id, 0, values.bits(0));
    } else {
      const auto bytes = static_cast<size_t>(ir::ElementBytes(values.element()));
      std::memcpy(memory.State(id, 0), values.view().data, values.size() * bytes);
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
