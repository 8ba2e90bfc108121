// Finds the error message of a step that failed: what, where and by how much.
#ifndef BNSYN_RUNTIME_FAULT_REPLAY_H_
#define BNSYN_RUNTIME_FAULT_REPLAY_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "runtime/delivery/synapses.h"
#include "runtime/exchange/spikes.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// Copies of the states of populations, and of this thread's uniform states; empty for states of
// synapses.
std::vector<reference::Array> CopyStates(const ir::Program& program, const NetworkMemory& memory,
                                         int thread);

// Call it after a step in which a kernel reported a fault, with the memory as the step left it. It
// delivers the events of the step again through the oracle and reports the first contribution or
// sum out of range, as the reference backend does; if there is none, the first value out of bounds.
// `before` are the states before the kernels, from CopyStates, or empty. Without them,
// contributions that depend on states which the step has changed may differ from those that were
// delivered.
absl::Status DescribeStepFault(const ir::Program& program, const NetworkMemory& memory,
                               absl::Span<const reference::Array> before, const Synapses& synapses,
                               const SpikeRing& ring, const Partition& partition, uint64_t step);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_FAULT_REPLAY_H_
