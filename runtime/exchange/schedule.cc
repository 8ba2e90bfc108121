#include "runtime/exchange/schedule.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "ir/status_macros.h"
#include "reference/decay.h"

namespace bnsyn {
namespace {

using ir::AttrKind;

bool Uses(const ir::Block& block, ir::Op op, uint64_t attr) {
  return std::any_of(block.nodes.begin(), block.nodes.end(),
                     [&](const ir::Node& n) { return n.op == op && n.attr == attr; });
}

// Whether a kernel is the first of a phase after the first; there is always one.
bool StartsPhase(const ir::Program& program, size_t kernel) {
  return kernel > 0 && program.step[kernel].phase != program.step[kernel - 1].phase;
}

// Where a slot of a block stands for one thread, in steps of one parity.
absl::StatusOr<void*> Resolve(const ir::Block& block, const ir::Slot& slot, NetworkMemory& memory,
                              int thread, uint64_t parity) {
  switch (slot.kind) {
    case AttrKind::kState:
      return memory.State(slot.index, thread);
    case AttrKind::kParam:
      return static_cast<void*>(memory.Param(slot.index));
    case AttrKind::kTable:
      return static_cast<void*>(memory.Table(slot.index));
    case AttrKind::kInput:
      return static_cast<void*>(memory.Input(slot.index, thread));
    case AttrKind::kPopulation:
      return static_cast<void*>(memory.Count(slot.index, thread));
    case AttrKind::kReduction:
      if (Uses(block, ir::Op::kReduce, slot.index)) {
        return static_cast<void*>(memory.Partials(slot.index, parity));
      }
      return static_cast<void*>(memory.Total(slot.index, thread));
    case AttrKind::kStream:
      // Kernels only read it.
      return const_cast<void*>(static_cast<const void*>(&slot.index));
    case AttrKind::kNone:
    case AttrKind::kLiteral:
    case AttrKind::kProjection:
      break;
  }
  return absl::InternalError(
      absl::StrFormat("block %s has a slot that refers to nothing", block.name));
}

absl::StatusOr<std::vector<void*>> ResolveAll(const ir::Block& block, NetworkMemory& memory,
                                              int thread, uint64_t parity) {
  std::vector<void*> pointers;
  for (const ir::Slot& slot : block.slots) {
    BNSYN_ASSIGN_OR_RETURN(void* pointer, Resolve(block, slot, memory, thread, parity));
    pointers.push_back(pointer);
  }
  return pointers;
}

absl::Status MissingCode(const ir::Block& block) {
  return absl::InternalError(
      absl::StrFormat("no code was made for block %s ('%s')", block.name, block.code));
}

// The calls that run a synaptic block for one thread. Where it has no synapses there are none.
absl::StatusOr<std::vector<SynapticCall>> MakeSynapticCalls(const ir::Program& program,
                                                            const ir::Block& block,
                                                            const compiler::CompiledCode& code,
                                                            NetworkMemory& memory,
                                                            const Synapses& synapses, int thread) {
  const ir::ProjectionId id = program.domains[static_cast<size_t>(block.domain)].index;
  const ir::Projection& projection = program.projections[id];
  const SynapseBlock& own = synapses.block(synapses.layout().GroupOf(id), thread);
  std::vector<SynapticCall> calls;
  if (own.synapses() == 0) return calls;
  SynapticCall call;
  call.name = projection.name;
  call.kind = block.kind;
  call.function = code.deliver(block.code);
  if (call.function == nullptr) return MissingCode(block);
  BNSYN_ASSIGN_OR_RETURN(call.slots, ResolveAll(block, memory, thread, 0));
  const std::vector<ir::StateId> states = program.SynapseStates(id);
  for (size_t slot = 0; slot < block.slots.size(); ++slot) {
    if (block.slots[slot].kind != AttrKind::kState) continue;
    const auto found = std::find(states.begin(), states.end(), block.slots[slot].index);
    if (found == states.end()) continue;
    call.slots[slot] = own.state(static_cast<size_t>(found - states.begin()));
  }
  call.weights = own.weights();
  if (block.kind == ir::BlockKind::kOnPost) {
    call.spiking = projection.target;
    call.rows = own.onto_rows();
    call.others = own.onto_sources();
    call.synapses = own.onto_places();
    calls.push_back(std::move(call));
    return calls;
  }
  call.spiking = projection.source;
  call.others = own.targets();
  call.row_stride = own.slots();
  for (size_t i = 0; i < own.delays().size(); ++i) {
    call.delay = own.delays()[i];
    call.rows = own.rows() + i;
    calls.push_back(call);
  }
  return calls;
}

// The calls of all groups that lie as rows of known contributions.
std::vector<RowCall> MakeRowCalls(const ir::Program& program, const NetworkMemory& memory,
                                  const SumPlaces& places, const Synapses& synapses, int thread) {
  std::vector<RowCall> calls;
  for (size_t g = 0; g < synapses.layout().groups.size(); ++g) {
    const SynapseGroup& group = synapses.layout().groups[g];
    const SynapseBlock& own = synapses.block(g, thread);
    if (group.form == SynapseForm::kCode || own.synapses() == 0) continue;
    RowCall call;
    call.name = group.projections.size() == 1
                    ? program.projections[group.projections[0]].name
                    : absl::StrFormat("from %s", program.populations[group.source].name);
    call.source = group.source;
    call.block = &own;
    const auto add = [&](ir::InputId input, uint64_t place, int64_t units) {
      const size_t bytes = program.inputs[input].sum().bytes();
      RowCall::Term& term = call.terms.emplace_back();
      term = {memory.Sum(input, place, thread), bytes, units, {}};
      if (!program.inputs[input].decay) return;
      const reference::DecayTable decay(program.inputs[input]);
      for (uint32_t phase = 0; phase < decay.period(); ++phase) {
        term.units_by_phase.push_back(decay.Counted(units, phase));
      }
    };
    if (group.form != SynapseForm::kConstant) add(group.input, own.first_sum(), 0);
    for (const SharedTerm& term : group.terms) {
      // Inputs of one population are counted alike, so that targets are places in each of them.
      const bool first = call.terms.empty();
      add(term.input, first ? own.first_sum() : places.Begin(term.input, thread), term.units);
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

// The blocks that a kernel over synapses runs, in order.
absl::StatusOr<KernelCall> MakeSynapsesKernelCall(const ir::Program& program,
                                                  const ir::Block& kernel,
                                                  const compiler::CompiledCode& code,
                                                  NetworkMemory& memory, const Synapses& synapses,
                                                  int thread) {
  KernelCall call;
  for (const ir::Node& node : kernel.nodes) {
    const ir::BlockKind kind =
        node.op == ir::Op::kRunOnPost ? ir::BlockKind::kOnPost : ir::BlockKind::kOnStep;
    const ir::Block& block = *program.FindSynaptic(kind, static_cast<ir::ProjectionId>(node.attr));
    BNSYN_ASSIGN_OR_RETURN(std::vector<SynapticCall> calls,
                           MakeSynapticCalls(program, block, code, memory, synapses, thread));
    std::move(calls.begin(), calls.end(), std::back_inserter(call.synaptic));
  }
  return call;
}

absl::StatusOr<KernelCall> MakeKernelCall(const ir::Program& program, const ir::Block& block,
                                          const compiler::CompiledCode& code, NetworkMemory& memory,
                                          const Partition& partition, int thread) {
  KernelCall call;
  call.function = code.kernel(block.code);
  if (call.function == nullptr) return MissingCode(block);
  for (uint64_t parity = 0; parity < 2; ++parity) {
    BNSYN_ASSIGN_OR_RETURN(call.slots[parity], ResolveAll(block, memory, thread, parity));
  }
  const ir::Domain domain = program.domains[static_cast<size_t>(block.domain)];
  call.range =
      domain.kind == ir::DomainKind::kNetwork ? Range{0, 1} : partition.range(domain.index, thread);
  for (const ir::Node& node : block.nodes) {
    if (node.op == ir::Op::kSpike) {
      call.spikes.push_back(static_cast<ir::PopulationId>(node.attr));
    }
  }
  return call;
}

absl::StatusOr<ThreadSchedule> ScheduleThread(const ir::Program& program,
                                              const compiler::CompiledCode& code,
                                              NetworkMemory& memory, const Partition& partition,
                                              const Synapses& synapses, int thread) {
  ThreadSchedule schedule;
  schedule.rows = MakeRowCalls(program, memory, SumPlaces(program, partition), synapses, thread);
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    const ir::Block* const on_pre = program.FindSynaptic(ir::BlockKind::kOnPre, p);
    const SynapseForm form = synapses.layout().groups[synapses.layout().GroupOf(p)].form;
    if (on_pre == nullptr || form != SynapseForm::kCode) continue;
    BNSYN_ASSIGN_OR_RETURN(std::vector<SynapticCall> calls,
                           MakeSynapticCalls(program, *on_pre, code, memory, synapses, thread));
    std::move(calls.begin(), calls.end(), std::back_inserter(schedule.deliveries));
  }
  schedule.phases.emplace_back();
  for (size_t b = 0; b < program.step.size(); ++b) {
    const ir::Block& block = program.step[b];
    if (StartsPhase(program, b)) schedule.phases.emplace_back();
    KernelCall call;
    if (program.RunsSynapses(block)) {
      BNSYN_ASSIGN_OR_RETURN(
          call, MakeSynapsesKernelCall(program, block, code, memory, synapses, thread));
    } else {
      BNSYN_ASSIGN_OR_RETURN(call, MakeKernelCall(program, block, code, memory, partition, thread));
    }
    call.number = b;
    if (!call.range.empty() || !call.synaptic.empty()) {
      schedule.phases.back().calls.push_back(std::move(call));
    }
  }
  return schedule;
}

// Whether delivery reads a state of neurons or of the network that the step writes.
bool DeliveryReadsStates(const ir::Program& program) {
  for (const ir::Block& block : program.synaptic) {
    if (block.kind != ir::BlockKind::kOnPre) continue;
    for (const ir::Node& node : block.nodes) {
      if (node.op != ir::Op::kLoad && node.op != ir::Op::kLoadPre && node.op != ir::Op::kLoadPost) {
        continue;
      }
      for (const ir::Block& kernel : program.step) {
        if (Uses(kernel, ir::Op::kStore, node.attr)) return true;
      }
    }
  }
  return false;
}

void AddOnce(std::vector<uint32_t>& list, uint64_t id) {
  const auto i = static_cast<uint32_t>(id);
  if (std::find(list.begin(), list.end(), i) == list.end()) list.push_back(i);
}

// Fills in what becomes known after each phase.
void FindGathered(const ir::Program& program, Schedule& schedule) {
  schedule.gathered.emplace_back();
  for (size_t b = 0; b < program.step.size(); ++b) {
    const ir::Block& block = program.step[b];
    if (StartsPhase(program, b)) schedule.gathered.emplace_back();
    for (const ir::Node& node : block.nodes) {
      if (node.op == ir::Op::kReduce) AddOnce(schedule.gathered.back().totals, node.attr);
      if (node.op == ir::Op::kCount) AddOnce(schedule.counted, node.attr);
      if (node.op != ir::Op::kSpike) continue;
      AddOnce(schedule.spiking, node.attr);
      AddOnce(schedule.gathered.back().counts, node.attr);
    }
  }
  // Counts that nobody reads need not be gathered.
  for (Gathered& phase : schedule.gathered) {
    std::erase_if(phase.counts, [&](ir::PopulationId p) {
      return std::find(schedule.counted.begin(), schedule.counted.end(), p) ==
             schedule.counted.end();
    });
  }
}

}  // namespace

absl::StatusOr<Schedule> MakeSchedule(const ir::Program& program,
                                      const compiler::CompiledCode& code, NetworkMemory& memory,
                                      const Partition& partition, const Synapses& synapses) {
  Schedule schedule;
  FindGathered(program, schedule);
  for (int t = 0; t < partition.threads(); ++t) {
    BNSYN_ASSIGN_OR_RETURN(ThreadSchedule thread,
                           ScheduleThread(program, code, memory, partition, synapses, t));
    schedule.threads.push_back(std::move(thread));
  }
  for (const ir::Block& block : program.synaptic) {
    if (block.kind != ir::BlockKind::kOnStep) continue;
    const ir::ProjectionId id = program.domains[static_cast<size_t>(block.domain)].index;
    const uint32_t sources = program.populations[program.projections[id].source].size;
    if (sources > schedule.all_neurons.size()) schedule.all_neurons.resize(sources);
  }
  std::iota(schedule.all_neurons.begin(), schedule.all_neurons.end(), 0);
  schedule.meet_after_delivery = DeliveryReadsStates(program);
  // However little there is in a step, threads meet in it, so that none runs ahead of the others.
  schedule.meet_after_last = schedule.gathered.size() < 2;
  for (const ir::Block& block : program.step) {
    if (block.phase == program.step.back().phase && block.domain != ir::DomainId::kNetwork) {
      schedule.meet_after_last = true;
    }
  }
  return schedule;
}

}  // namespace bnsyn
