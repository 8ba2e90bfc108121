// Sets the values that a program begins with.
#ifndef BNSYN_RUNTIME_INITIAL_STATE_H_
#define BNSYN_RUNTIME_INITIAL_STATE_H_

#include "absl/status/status.h"
#include "ir/program.h"
#include "runtime/memory/network_memory.h"

namespace bnsyn {

// Sets every state as declared and runs the init block, both as the oracle does.
absl::Status SetInitialState(const ir::Program& program, NetworkMemory& memory);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_INITIAL_STATE_H_
