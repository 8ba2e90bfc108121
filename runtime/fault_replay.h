// From "something went wrong in this step" to what, where and by how much.
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

// The states of populations, and uniform ones as this thread has them; nothing for those of
// synapses.
std::vector<reference::Array> CopyStates(const ir::Program& program, const NetworkMemory& memory,
                                         int thread);

// Called after a step in which a kernel reported a fault, with the memory as the step left it.
// Delivers the step's events again, through the oracle, and looks for contributions and sums out of
// range, as the reference backend does; if there are none, for values out of bounds. `before` are
// the states as delivery saw them, from CopyStates, or none. Contributions that depend on other
// states which the step has changed may be seen differently than they were.
absl::Status DescribeStepFault(const ir::Program& program, const NetworkMemory& memory,
                               absl::Span<const reference::Array> before, const Synapses& synapses,
                               const SpikeRing& ring, const Partition& partition, uint64_t step);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_FAULT_REPLAY_H_
