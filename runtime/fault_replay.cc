#include "runtime/fault_replay.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "absl/functional/function_ref.h"
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

// Runs the on_pre block of one projection for its due spikes; `spikes_at` are those of its source
// at a step.
absl::Status Deliver(ir::ProjectionId id,
                     absl::FunctionRef<std::vector<uint32_t>(uint64_t step)> spikes_at,
                     absl::Span<const reference::Array> initial, reference::Machine& machine) {
  const ir::Program& program = machine.program;
  const ir::Block* const on_pre = reference::FindOnPre(program, id);
  if (on_pre == nullptr) return absl::OkStatus();
  const ir::Projection& projection = program.projections[id];
  BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                         reference::Connectivity::Create(program, id, initial));
  BNSYN_ASSIGN_OR_RETURN(reference::SynapseRows all,
                         connectivity.Build(0, program.populations[projection.target].size));
  reference::BlockRunner runner(*on_pre, machine);
  for (const reference::DelayGroup& group :
       reference::SplitByDelay(std::move(all), projection.delay)) {
    const reference::SynapseRows& rows = group.rows;
    for (const uint32_t source : spikes_at(machine.step - group.delay)) {
      const size_t begin = rows.begin[source];
      const size_t size = rows.begin[source + size_t{1}] - begin;
      if (size == 0) continue;
      runner.Run({source, absl::MakeConstSpan(rows.targets).subspan(begin, size),
                  rows.weights.empty() ? absl::MakeConstSpan(&projection.weight, 1)
                                       : absl::MakeConstSpan(rows.weights).subspan(begin, size)});
    }
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
  BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Array> initial,
                         reference::InitialStates(program));
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Projection& projection = program.projections[id];
    const auto spikes_at = [&](uint64_t emitted) {
      return SortedSpikes(ring, partition, projection.source, emitted);
    };
    BNSYN_RETURN_IF_ERROR(Deliver(id, spikes_at, initial, machine));
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
