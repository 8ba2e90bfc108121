#include "runtime/fault_replay.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/block_runner.h"
#include "reference/connectivity.h"
#include "reference/event_file.h"
#include "reference/fault.h"
#include "reference/input_proof.h"
#include "reference/machine.h"

namespace bnsyn {
namespace {

// True if a delivered contribution may be out of range. Contributions that are known when synapses
// are drawn have been proven to be in range (R6): only code may add others.
bool InputsMayFault(const ir::Program& program, const Synapses& synapses) {
  const std::vector<SynapseGroup>& groups = synapses.layout().groups;
  return !program.events.empty() ||
         std::any_of(groups.begin(), groups.end(),
                     [](const SynapseGroup& group) { return group.form == SynapseForm::kCode; });
}

// Synapses are left out unless they are delivered: their tables may be larger than all else.
absl::StatusOr<reference::Machine> MachineAt(const ir::Program& program,
                                             const NetworkMemory& memory, const Synapses& synapses,
                                             uint64_t step, bool with_synapses) {
  BNSYN_ASSIGN_OR_RETURN(reference::Machine machine, reference::Machine::Create(program));
  BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Array> initial,
                         reference::InitialStates(program));
  for (ir::ProjectionId id = 0; with_synapses && id < program.projections.size(); ++id) {
    const uint32_t targets = program.populations[program.projections[id].target].size;
    BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                           reference::Connectivity::Create(program, id, initial));
    BNSYN_ASSIGN_OR_RETURN(reference::SynapseRows rows, connectivity.Build(0, targets));
    machine.AddSynapses(std::move(rows));
  }
  machine.step = step;
  for (ir::ParamId id = 0; id < program.params.size(); ++id) machine.params[id] = *memory.Param(id);
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    if (reference::IsOfSynapses(program, program.states[id].type.domain)) {
      machine.states[id] = synapses.State(program, id);
      continue;
    }
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

// Runs the on_pre block of one projection for its due spikes; `spikes_at` returns the spikes of its
// source in a step.
void Deliver(ir::ProjectionId id, absl::FunctionRef<std::vector<uint32_t>(uint64_t step)> spikes_at,
             reference::Machine& machine) {
  const ir::Block* const on_pre = machine.program.FindSynaptic(ir::BlockKind::kOnPre, id);
  if (on_pre == nullptr) return;
  reference::BlockRunner runner(*on_pre, machine);
  const reference::SynapseTable& table = machine.synapses[id];
  for (const uint32_t delay : table.delays()) {
    for (const uint32_t source : spikes_at(machine.step - delay)) {
      runner.Run(table.Of(source, delay));
    }
  }
}

// The first sum that is out of range.
absl::Status FindSumFault(const reference::Machine& machine) {
  for (const ir::Block& block : machine.program.step) {
    for (const ir::Node& node : block.nodes) {
      if (node.op != ir::Op::kTake) continue;
      const std::vector<reference::Quanta>& sums = machine.inputs[node.attr];
      const reference::SumLimits limits =
          reference::LimitsOf(machine.program.inputs[node.attr].accumulator);
      for (uint32_t i = 0; i < sums.size(); ++i) {
        if (limits.Holds(sums[i])) continue;
        return reference::DescribeSumFault(machine.program, machine.step,
                                           static_cast<ir::InputId>(node.attr), i, sums[i]);
      }
    }
  }
  return absl::OkStatus();
}

// Delivers the events of the step and checks contributions and sums.
absl::Status FindInputFault(absl::Span<const reference::Array> before, const SpikeRing& ring,
                            const Partition& partition, reference::Machine& machine) {
  const ir::Program& program = machine.program;
  for (ir::StateId id = 0; id < before.size(); ++id) {
    if (before[id].size() != 0) machine.states[id] = before[id];
  }
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Projection& projection = program.projections[id];
    const auto spikes_at = [&](uint64_t emitted) {
      return SortedSpikes(ring, partition, projection.source, emitted);
    };
    Deliver(id, spikes_at, machine);
  }
  for (const ir::Events& declaration : program.events) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Event> events,
                           reference::ReadEvents(program, declaration));
    for (const reference::Event& event : reference::EventsOf(events, machine.step)) {
      machine.AddStatic(declaration.input, event.element, event.value);
    }
  }
  BNSYN_RETURN_IF_ERROR(machine.input_fault);
  return FindSumFault(machine);
}

}  // namespace

std::vector<reference::Array> CopyStates(const ir::Program& program, const NetworkMemory& memory,
                                         int thread) {
  std::vector<reference::Array> states;
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const ir::Type type = program.states[id].type;
    reference::Array& state = states.emplace_back();
    if (reference::IsOfSynapses(program, type.domain)) continue;
    state = reference::Array(type.element, type.uniform() ? 1 : program.Size(type.domain));
    const reference::ArrayView view = {type.element, memory.State(id, thread), state.size()};
    for (size_t i = 0; i < state.size(); ++i) state.set_bits(i, view.bits(i));
  }
  return states;
}

absl::Status DescribeStepFault(const ir::Program& program, const NetworkMemory& memory,
                               absl::Span<const reference::Array> before, const Synapses& synapses,
                               const SpikeRing& ring, const Partition& partition, uint64_t step) {
  const bool delivers = InputsMayFault(program, synapses);
  BNSYN_ASSIGN_OR_RETURN(reference::Machine machine,
                         MachineAt(program, memory, synapses, step, delivers));
  const std::vector<reference::Array> states = machine.states;
  if (delivers) BNSYN_RETURN_IF_ERROR(FindInputFault(before, ring, partition, machine));
  return reference::DescribeFault(
      program, step, [&](ir::StateId state) { return states[state].view(); },
      [&](ir::ProjectionId projection, uint64_t synapse) {
        const reference::SynapseTable& table = machine.synapses[projection];
        return reference::SynapseEnds{table.source(synapse), table.target(synapse)};
      });
}

}  // namespace bnsyn
