// All memory of a run of the accelerated backend but its synapses.
#ifndef BNSYN_RUNTIME_RUN_MEMORY_H_
#define BNSYN_RUNTIME_RUN_MEMORY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/program.h"
#include "runtime/exchange/spikes.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

struct RunMemory {
  NetworkMemory values;
  SpikeRing ring;
  std::vector<SpikeRecord> records;  // of each thread; none unless spikes are recorded

  // For epochs of `epoch` steps. The program and the partition must outlive the object. On a
  // counting arena the result has no memory: the arena then holds the plan.
  static absl::StatusOr<RunMemory> Allocate(const ir::Program& program, const Partition& partition,
                                            uint32_t epoch, bool record_spikes, Arena& arena);
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_RUN_MEMORY_H_
