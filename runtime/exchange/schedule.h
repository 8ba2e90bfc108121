// What each thread calls in a step, with every pointer resolved before the first.
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
#include "runtime/delivery/row_delivery.h"
#include "runtime/delivery/synapses.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// Code of a synaptic block over the synapses of one delay, or over those onto the neurons of the
// thread.
struct SynapticCall {
  std::string name;  // of the projection, and of the block unless that is on_pre
  ir::BlockKind kind = ir::BlockKind::kOnPre;
  compiler::DeliverFunction function = nullptr;
  std::vector<void*> slots;
  // on_pre: the population whose spikes of `delay` steps ago are due; on_post: that whose own
  // spikes of this step are.
  ir::PopulationId spiking = 0;
  uint32_t delay = 0;
  // As in compiler::DeliverArgs.
  const uint32_t* rows = nullptr;
  uint64_t row_stride = 1;
  const uint32_t* others = nullptr;
  const uint32_t* synapses = nullptr;
  const double* weights = nullptr;
};

// A kernel over a population or the network has a function; one over synapses has calls.
struct KernelCall {
  size_t number = 0;  // of the kernel in ir::Program::step
  compiler::KernelFunction function = nullptr;
  // Of even and odd steps: partial sums stand in different arrays then.
  std::vector<void*> slots[2];
  Range range;
  std::vector<ir::PopulationId> spikes;  // what spikes in it, in the order of its nodes
  std::vector<SynapticCall> synaptic;
};

// Kernels between two points where all threads meet, for one thread.
struct Phase {
  std::vector<KernelCall> calls;
};

// What becomes known to all when the threads meet after a phase. A population spikes in one kernel
// of a step, and a reduction is reduced in one (the verifier sees to that), so what is gathered
// here is complete.
struct Gathered {
  std::vector<ir::PopulationId> counts;
  std::vector<ir::ReductionId> totals;
};

struct ThreadSchedule {
  std::vector<RowCall> rows;
  std::vector<SynapticCall> deliveries;  // of groups that are not rows of known contributions
  std::vector<Phase> phases;
};

struct Schedule {
  std::vector<ThreadSchedule> threads;
  std::vector<Gathered> gathered;         // by phase
  std::vector<ir::PopulationId> counted;  // populations whose counts are read
  std::vector<ir::PopulationId> spiking;  // populations with a spike node
  std::vector<uint32_t> all_neurons;      // 0, 1, ..., as many as an on_step block has sources
  // Threads must meet between delivery and kernels, since delivery reads states that kernels write:
  // those of other threads' neurons, and, where it fails, those of all, to say why.
  bool meet_after_delivery = false;
  // Threads must meet after the last phase. Not so when all it holds is network kernels, which
  // every thread runs for itself.
  bool meet_after_last = true;
};

// The program must have gone through all passes; everything must outlive the schedule and stay
// where it is.
absl::StatusOr<Schedule> MakeSchedule(const ir::Program& program,
                                      const compiler::CompiledCode& code, NetworkMemory& memory,
                                      const Partition& partition, const Synapses& synapses);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_SCHEDULE_H_
