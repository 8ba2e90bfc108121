// The calls that each thread makes in a step. All pointers are resolved before the first step.
#ifndef BNSYN_RUNTIME_EXCHANGE_SCHEDULE_H_
#define BNSYN_RUNTIME_EXCHANGE_SCHEDULE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/emission/jit.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/program.h"
#include "reference/coarse.h"
#include "runtime/deferral/backlog.h"
#include "runtime/delivery/delivery_call.h"
#include "runtime/delivery/synapses.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// An on_step block over the synapses of one thread.
struct SynapticCall {
  const ir::Block* block = nullptr;
  CodeCall code;
  ir::PopulationId sources = 0;
  size_t rows = 1;             // of each source, one for each delay
  Backlog* backlog = nullptr;  // what is put off of the projection; null if that is nothing
  uint64_t halves = 0;         // halves of the step whose deferred work comes before the block
};

// A call of a kernel. A kernel over a population or the network has a function; a kernel over
// synapses has synaptic calls, or delivers the spikes that are due.
struct KernelCall {
  size_t number = 0;  // index of the kernel in ir::Program::step
  const ir::Block* block = nullptr;
  compiler::KernelFunction function = nullptr;
  // The slots of even and of odd steps, which differ in their arrays of partial sums.
  std::vector<void*> slots[2];
  Range range;
  std::vector<ir::InputId> shared;  // that it takes, to which several threads add
  // A population that spikes, and where its neurons may do so several times in a step: how often
  // each does, by number of the neuron, and the most that count.
  struct Spikes {
    ir::PopulationId population;
    const int64_t* repeats = nullptr;
    uint32_t most = 1;
  };
  std::vector<Spikes> spikes;  // in the order of its nodes
  std::vector<SynapticCall> synaptic;
  bool delivers = false;
};

// The kernels that one thread runs between two barriers.
struct Phase {
  std::vector<KernelCall> calls;
};

// What threads collect from each other after the barrier that ends a phase. The verifier checks
// that a population spikes in one kernel of a step and that a reduction is reduced in one, so that
// what is collected is complete.
struct Collected {
  // A sum and the kernel that makes it.
  struct Total {
    ir::ReductionId reduction;
    const ir::Block* kernel;
  };
  std::vector<ir::PopulationId> counts;
  std::vector<Total> totals;
  // What the phase runs. If none of it is due, threads need not meet after it.
  std::vector<const ir::Block*> blocks;

  bool IsDue(uint64_t step) const;
};

struct ThreadSchedule {
  std::vector<std::unique_ptr<Backlog>> backlogs;  // of projections with deferred code
  std::vector<Delivery> deliveries;  // in order: before the phases, or where a kernel delivers
  std::vector<Phase> phases;
};

struct StepSchedule {
  std::vector<ThreadSchedule> threads;
  std::vector<Collected> collected;       // by phase
  std::vector<ir::PopulationId> counted;  // populations whose counts are read
  std::vector<ir::PopulationId> spiking;  // populations with a spike node
  std::vector<reference::CoarseSource>
      coarse;                         // of the accumulates of all synaptic blocks, in order
  std::vector<uint32_t> all_neurons;  // 0, 1, ...: as many as the sources of on_step blocks
  // True if a kernel delivers.
  bool delivers = false;
  // True if a check of deferred code may fail.
  bool late_checks = false;
  std::vector<bool> read_later;  // FindReadLater
  // Kernels with clocks that need more of other threads than their spikes: epochs end before them.
  std::vector<const ir::Block*> meetings;
  // True if there is a barrier between delivery and kernels: delivery reads states that kernels
  // write, of other threads' neurons.
  bool barrier_after_delivery = false;
  // True if there is a barrier after the last phase. A phase of network kernels alone needs none,
  // since every thread runs them for itself, unless they read neurons by number.
  bool barrier_after_last = true;

  // The first step from `step` on in which one of the meetings is due.
  uint64_t NextMeeting(uint64_t step) const;
};

// For a program after all passes. The arguments must outlive the schedule and must not move.
absl::StatusOr<StepSchedule> MakeSchedule(const ir::Program& program,
                                          const compiler::CompiledCode& code, NetworkMemory& memory,
                                          const Partition& partition, const Synapses& synapses,
                                          const HistoryLimits& histories);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_SCHEDULE_H_
