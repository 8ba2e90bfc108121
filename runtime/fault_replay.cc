#include "runtime/fault_replay.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "ir/status_macros.h"
#include "reference/block_runner.h"
#include "reference/connectivity.h"
#include "reference/contribution.h"
#include "reference/event_file.h"
#include "reference/fault.h"
#include "reference/input_proof.h"
#include "reference/machine.h"

namespace bnsyn {
namespace {

absl::StatusOr<reference::Machine> MachineAt(const ir::Program& program,
                                             const NetworkMemory& memory, uint64_t step) {
  BNSYN_ASSIGN_OR_RETURN(reference::Machine machine, reference::Machine::Create(program));
  machine.step = step;
  for (ir::ParamId id = 0; id < program.params.size(); ++id) machine.params[id] = *memory.Param(id);
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const reference::ArrayView view = memory.View(id);
    for (size_t i = 0; i < view.size; ++i) machine.states[id].set_bits(i, view.bits(i));
  }
  return machine;
}

std::vector<uint32_t> SortedSpikes(const SpikeRing& ring, const Partition& partition,
                                   ir::PopulationId population, uint64_t step) {
  std::vector<uint32_t> spikes = ring.Injected(population, step);
  for (int t = 0; t < partition.threads(); ++t) {
    const absl::Span<const uint32_t> own = ring.Spikes(population, t, step);
    spikes.insert(spikes.end(), own.begin(), own.end());
  }
  std::sort(spikes.begin(), spikes.end());
  return spikes;
}

// Runs the on_pre block of one projection for its due spikes.
absl::Status Deliver(ir::ProjectionId id, const std::vector<uint32_t>& sources,
                     reference::Machine& machine) {
  const ir::Program& program = machine.program;
  const ir::Block* const on_pre = reference::FindOnPre(program, id);
  if (on_pre == nullptr || sources.empty()) return absl::OkStatus();
  BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                         reference::Connectivity::Create(program, id));
  reference::BlockRunner runner(*on_pre, machine);
  for (const uint32_t source : sources) {
    std::vector<reference::Synapse> row;
    connectivity.Row(source, 0, program.populations[program.projections[id].target].size, row);
    std::vector<uint32_t> targets;
    std::vector<double> weights;
    for (const reference::Synapse& synapse : row) {
      targets.push_back(synapse.target);
      weights.push_back(synapse.weight);
    }
    if (!row.empty()) runner.Run({source, targets, weights});
  }
  return absl::OkStatus();
}

// The first sum that its take found out of range.
absl::Status FindSumFault(const reference::Machine& machine) {
  for (const ir::Block& block : machine.program.step) {
    for (const ir::Node& node : block.nodes) {
      if (node.op != ir::Op::kTake) continue;
      const std::vector<int64_t>& sums = machine.inputs[node.attr];
      for (uint32_t i = 0; i < sums.size(); ++i) {
        if (std::abs(sums[i]) <= reference::kMaxSum) continue;
        return reference::DescribeSumFault(machine.program, machine.step,
                                           static_cast<ir::InputId>(node.attr), i, sums[i]);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DescribeStepFault(const ir::Program& program, const NetworkMemory& memory,
                               const SpikeRing& ring, const Partition& partition, uint64_t step) {
  BNSYN_ASSIGN_OR_RETURN(reference::Machine machine, MachineAt(program, memory, step));
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Projection& projection = program.projections[id];
    const std::vector<uint32_t> sources =
        SortedSpikes(ring, partition, projection.source, step - projection.delay);
    BNSYN_RETURN_IF_ERROR(Deliver(id, sources, machine));
  }
  for (const ir::Events& declaration : program.events) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Event> events,
                           reference::ReadEvents(program, declaration));
    for (const reference::Event& event : reference::EventsOf(events, step)) {
      machine.Accumulate(declaration.input, event.element, event.value);
    }
  }
  BNSYN_RETURN_IF_ERROR(machine.input_fault);
  BNSYN_RETURN_IF_ERROR(FindSumFault(machine));
  return reference::DescribeFault(program, step,
                                  [&](ir::StateId state) { return memory.View(state); });
}

}  // namespace bnsyn
