// Hands a step that failed to the reference backend, which words its error.
#ifndef BNSYN_RUNTIME_FAULT_REPLAY_H_
#define BNSYN_RUNTIME_FAULT_REPLAY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "ir/program.h"
#include "runtime/decaying_sums.h"
#include "runtime/delivery/synapses.h"
#include "runtime/exchange/spikes.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// What the accelerated backend holds.
struct StepMemory {
  const NetworkMemory& values;
  const DecayingSums& decaying;
  const Synapses& synapses;
  const SpikeRing& ring;
  const Partition& partition;
};

// The error of the reference backend in `step`. `memory` is from before the step, but its sums have
// what rows deliver (delivery/delivery.h), unless the step delivers. `program` is the one before
// the passes.
absl::Status ErrorOfStep(const ir::Program& program, const StepMemory& memory, uint64_t step);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_FAULT_REPLAY_H_
