#include "runtime/exchange/schedule.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/passes/catch_up.h"
#include "ir/access.h"
#include "ir/levels.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "runtime/deferral/read_later.h"
#include "runtime/delivery/group_history.h"
#include "runtime/exchange/epoch.h"

namespace bnsyn {
namespace {

using ir::AttrKind;

bool Uses(const ir::Block& block, ir::Op op, uint64_t attr = 0) {
  return std::any_of(block.nodes.begin(), block.nodes.end(),
                     [&](const ir::Node& n) { return n.op == op && n.attr == attr; });
}

// True if a kernel begins a phase other than the first.
bool StartsPhase(const ir::Program& program, size_t kernel) {
  return kernel > 0 && program.step[kernel].phase != program.step[kernel - 1].phase;
}

// The memory that a slot of a block refers to, for one thread and for even or odd steps.
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
      // Kernels read the number and never write it.
      return const_cast<void*>(static_cast<const void*>(&slot.index));
    case AttrKind::kNone:
    case AttrKind::kLiteral:
    case AttrKind::kLoop:
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

// Of the accumulates of all synaptic blocks, in order; those before `end` alone if it is given.
std::vector<reference::CoarseSource> CoarseSources(const ir::Program& program,
                                                   const ir::Block* end = nullptr) {
  std::vector<reference::CoarseSource> sources;
  for (const ir::Block& block : program.synaptic) {
    if (&block == end) break;
    const ir::ProjectionId projection = program.ProjectionOf(block);
    for (const ir::Node& node : block.nodes) {
      if (!ir::Accumulates(node)) continue;
      sources.push_back({reference::CoarseSource::Kind::kProjection, projection,
                         static_cast<ir::InputId>(node.attr)});
    }
  }
  return sources;
}

// The code of a synaptic block over the synapses that a thread owns.
absl::StatusOr<CodeCall> MakeCodeCall(const ir::Program& program, const ir::Block& block,
                                      const compiler::CompiledCode& code, NetworkMemory& memory,
                                      const SynapseBlock& own, int thread) {
  const ir::ProjectionId id = program.domains[static_cast<size_t>(block.domain)].index;
  CodeCall call;
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
  for (size_t slot = 0; slot < block.slots.size(); ++slot) {
    const ir::Slot& input = block.slots[slot];
    if (input.kind == AttrKind::kInput && memory.HasShares(input.index)) {
      call.slots[slot] = memory.Share(input.index, thread);
    }
  }
  call.first_tally = CoarseSources(program, &block).size();
  call.args.seed = program.seed;
  call.args.row_count = 1;
  call.args.delay = program.projections[id].delay;
  call.args.weights = own.weights();
  call.args.occurrences = own.occurrences();
  if (block.kind == ir::BlockKind::kOnPost) {
    call.args.row_begin = own.by_target_rows();
    call.args.row_stride = 1;
    call.args.others = own.by_target_sources();
    call.args.synapses = own.by_target_places();
  } else {
    call.args.row_begin = own.rows();
    call.args.row_stride = own.slots();
    call.args.others = own.targets();
    if (!own.delays().empty()) call.delays = own.delays().data();
  }
  return call;
}

// The slots of a block that is made for the occasion, with the numbers of streams where they stand
// in the program, which lives on.
void KeepStreams(const ir::Program& program, const compiler::CatchUp& catch_up,
                 std::vector<void*>& slots) {
  const compiler::Deferral& deferral = catch_up.deferral;
  for (const std::optional<size_t>& number : {deferral.post, deferral.step}) {
    if (!number.has_value()) continue;
    for (const ir::Slot& slot : program.synaptic[*number].slots) {
      if (slot.kind != AttrKind::kStream) continue;
      const std::vector<ir::Slot>& own = catch_up.block.slots;
      const auto at = std::find(own.begin(), own.end(), slot) - own.begin();
      slots[static_cast<size_t>(at)] = const_cast<uint32_t*>(&slot.index);
    }
  }
}

absl::StatusOr<std::vector<std::unique_ptr<Backlog>>> MakeBacklogs(
    const ir::Program& program, const compiler::CompiledCode& code, NetworkMemory& memory,
    const Partition& partition, const Synapses& synapses, const HistoryLimits& limits, int thread) {
  std::vector<std::unique_ptr<Backlog>> backlogs;
  Arena arena;
  for (compiler::CatchUp& catch_up : compiler::FindCatchUps(program)) {
    const compiler::Deferral& deferral = catch_up.deferral;
    const size_t number = synapses.layout().GroupOf(deferral.projection);
    const SynapseGroup& group = synapses.layout().groups[number];
    const SynapseBlock& own = synapses.block(number, thread);
    const auto call = [&](const ir::Block& block) -> absl::StatusOr<DeferredCall> {
      BNSYN_ASSIGN_OR_RETURN(CodeCall made,
                             MakeCodeCall(program, block, code, memory, own, thread));
      return DeferredCall{made.function, std::move(made.slots), made.args,
                          Uses(block, ir::Op::kDelay) ? made.delays : nullptr};
    };
    BNSYN_ASSIGN_OR_RETURN(DeferredCall rows, call(catch_up.block));
    KeepStreams(program, catch_up, rows.slots);
    DeferredCall head;
    if (deferral.post.has_value()) {
      BNSYN_ASSIGN_OR_RETURN(head, call(program.synaptic[*deferral.post]));
    }
    DeferredCall capture;
    if (deferral.step.has_value()) {
      BNSYN_ASSIGN_OR_RETURN(capture, call(program.synaptic[*deferral.step]));
    }
    BNSYN_ASSIGN_OR_RETURN(History history, CreateHistory(program, deferral, group, partition,
                                                          thread, own.slots(), limits, arena));
    backlogs.push_back(std::make_unique<Backlog>(
        deferral, std::move(history), program.populations[group.source].size, own.slots()));
    backlogs.back()->SetCode(std::move(rows), std::move(head), std::move(capture));
  }
  return backlogs;
}

Backlog* FindBacklog(const ThreadSchedule& schedule, ir::ProjectionId projection) {
  for (const std::unique_ptr<Backlog>& backlog : schedule.backlogs) {
    if (backlog->deferral().projection == projection) return backlog.get();
  }
  return nullptr;
}

// "ee", "ee on_post", "ee.late".
std::string NameOfPathway(const ir::Program& program, const ir::Block& block) {
  std::string name = program.projections[program.ProjectionOf(block)].name;
  if (!block.pathway.empty()) absl::StrAppend(&name, ".", block.pathway);
  if (block.kind == ir::BlockKind::kOnPost) absl::StrAppend(&name, " on_post");
  return name;
}

RowTerm MakeRowTerm(const ir::Program& program, const NetworkMemory& memory, ir::InputId input,
                    uint64_t place, int64_t units, int thread) {
  const ir::Accumulator& accumulator = program.inputs[input].accumulator;
  RowTerm term = {memory.Sum(input, place, thread), accumulator.bytes(), units, {}};
  if (!accumulator.decays()) return term;
  const reference::AccumulatorArithmetic sum(accumulator);
  for (uint32_t phase = 0; phase < sum.period(); ++phase) {
    term.units_by_phase.push_back(static_cast<int64_t>(sum.Counted(units, phase)));
  }
  return term;
}

// Where the synapses of a group add what they store.
std::vector<RowTerm> MakeRowTerms(const ir::Program& program, const NetworkMemory& memory,
                                  const SumPlaces& places, const SynapseGroup& group,
                                  const SynapseBlock& own, int thread) {
  std::vector<RowTerm> terms;
  const auto add = [&](ir::InputId input, uint64_t place, int64_t units) {
    terms.push_back(MakeRowTerm(program, memory, input, place, units, thread));
  };
  if (group.form != SynapseForm::kConstant) add(group.input, own.first_sum(), 0);
  for (const ConstantTerm& term : group.terms) {
    // Sums of all inputs of one population have the same order: a target is a place in each.
    add(term.input, terms.empty() ? own.first_sum() : places.Begin(term.input, thread), term.units);
  }
  return terms;
}

// Deliveries to all groups of which the thread has synapses, or that act on the neurons that
// spiked. A synaptic block writes nothing but sums (R6) and states that its projection alone reads
// before the step, so that the order of groups is free.
absl::StatusOr<std::vector<Delivery>> MakeDeliveries(const ir::Program& program,
                                                     const compiler::CompiledCode& code,
                                                     NetworkMemory& memory, const SumPlaces& places,
                                                     const Synapses& synapses,
                                                     const ThreadSchedule& schedule, int thread) {
  std::vector<Delivery> deliveries;
  for (size_t g = 0; g < synapses.layout().groups.size(); ++g) {
    const SynapseGroup& group = synapses.layout().groups[g];
    const SynapseBlock& own = synapses.block(g, thread);
    const ir::ProjectionId first = group.projections[0];
    const auto acts_alone = [&](const ir::Block& block) {
      return ir::ActsOnNeurons(program, block);
    };
    if (own.synapses() == 0 && !absl::c_any_of(program.SynapticOf(first), acts_alone)) continue;
    Delivery delivery;
    delivery.name = group.projections.size() == 1
                        ? program.projections[first].name
                        : absl::StrFormat("from %s", program.populations[group.source].name);
    delivery.spikes = group.source;
    delivery.block = &own;
    if (group.form != SynapseForm::kCode) {
      delivery.terms = MakeRowTerms(program, memory, places, group, own, thread);
      deliveries.push_back(std::move(delivery));
      continue;
    }
    delivery.backlog = FindBacklog(schedule, first);
    for (const ir::Block& block : program.SynapticOf(first)) {
      if (block.kind == ir::BlockKind::kOnStep) continue;
      if (own.synapses() == 0 && !acts_alone(block)) continue;
      delivery.deferred = block.deferred;
      BNSYN_ASSIGN_OR_RETURN(delivery.code,
                             MakeCodeCall(program, block, code, memory, own, thread));
      delivery.name = NameOfPathway(program, block);
      delivery.spikes = program.SpikesOf(block);
      delivery.on_post = block.kind == ir::BlockKind::kOnPost;
      delivery.delay.reset();
      delivery.runs = 1;
      if (ir::Program::HasOwnDelay(block) || !program.HasOwnDelays(first)) {
        delivery.delay = program.DelayOf(block);
        const bool rows = !delivery.on_post;
        if (rows && Uses(block, ir::Op::kDelay)) delivery.runs = own.slots();
        if (rows && !Uses(block, ir::Op::kDelay)) delivery.code.args.row_count = own.slots();
      }
      deliveries.push_back(delivery);
    }
  }
  return deliveries;
}

// What a step has done before a kernel.
struct Passed {
  bool arrivals = false;
  std::vector<bool> on_step;  // by projection: its on_step blocks

  // The halves of the step whose deferred work comes before the kernel.
  uint64_t Halves(const compiler::Deferral& deferral) const {
    const uint64_t posts = arrivals ? deferral.TimeOfPost(0) + 1 : 0;
    return std::max(posts, on_step[deferral.projection] ? deferral.TimeOfStep(0) + 1 : 0);
  }
};

// The blocks that a kernel over synapses runs, in order.
absl::StatusOr<KernelCall> MakeSynapsesKernelCall(const ir::Program& program,
                                                  const ir::Block& kernel,
                                                  const compiler::CompiledCode& code,
                                                  NetworkMemory& memory, const Synapses& synapses,
                                                  const ThreadSchedule& schedule, int thread,
                                                  Passed& passed) {
  KernelCall call;
  for (const ir::Node& node : kernel.nodes) {
    if (node.op == ir::Op::kDeliver) {
      call.delivers = passed.arrivals = true;
      continue;
    }
    const ir::ProjectionId id = program.ProjectionOf(kernel);
    const SynapseBlock& own = synapses.block(synapses.layout().GroupOf(id), thread);
    if (own.synapses() == 0) continue;
    for (const ir::Block* const block : ir::BlocksRunBy(program, node)) {
      SynapticCall& synaptic = call.synaptic.emplace_back();
      synaptic.block = block;
      synaptic.backlog = FindBacklog(schedule, id);
      if (block->deferred) continue;
      if (synaptic.backlog != nullptr) {
        synaptic.halves = passed.Halves(synaptic.backlog->deferral());
      }
      BNSYN_ASSIGN_OR_RETURN(synaptic.code,
                             MakeCodeCall(program, *block, code, memory, own, thread));
      synaptic.sources = program.projections[id].source;
      synaptic.rows = own.slots();
    }
    if (node.op == ir::Op::kRunOnStep) passed.on_step[id] = true;
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
      const auto population = static_cast<ir::PopulationId>(node.attr);
      KernelCall::Spikes& spikes = call.spikes.emplace_back(KernelCall::Spikes{population});
      if (const std::optional<ir::StateId> state = program.FindRepeats(population)) {
        spikes.repeats = static_cast<const int64_t*>(memory.State(*state, thread));
        spikes.most = program.MostRepeats(population);
      }
    }
    const auto symbol = static_cast<ir::InputId>(node.attr);
    if (node.op == ir::Op::kTake && memory.HasShares(symbol)) call.shared.push_back(symbol);
  }
  return call;
}

absl::StatusOr<ThreadSchedule> ScheduleThread(const ir::Program& program,
                                              const compiler::CompiledCode& code,
                                              NetworkMemory& memory, const Partition& partition,
                                              const Synapses& synapses,
                                              const HistoryLimits& histories, int thread) {
  ThreadSchedule schedule;
  BNSYN_ASSIGN_OR_RETURN(schedule.backlogs, MakeBacklogs(program, code, memory, partition, synapses,
                                                         histories, thread));
  BNSYN_ASSIGN_OR_RETURN(schedule.deliveries,
                         MakeDeliveries(program, code, memory, SumPlaces(program, partition),
                                        synapses, schedule, thread));
  Passed passed = {!program.Delivers(), std::vector<bool>(program.projections.size())};
  schedule.phases.emplace_back();
  for (size_t b = 0; b < program.step.size(); ++b) {
    const ir::Block& block = program.step[b];
    if (StartsPhase(program, b)) schedule.phases.emplace_back();
    KernelCall call;
    if (program.RunsSynapses(block)) {
      BNSYN_ASSIGN_OR_RETURN(call, MakeSynapsesKernelCall(program, block, code, memory, synapses,
                                                          schedule, thread, passed));
    } else {
      BNSYN_ASSIGN_OR_RETURN(call, MakeKernelCall(program, block, code, memory, partition, thread));
    }
    call.number = b;
    call.block = &block;
    if (!call.range.empty() || !call.synaptic.empty() || call.delivers) {
      schedule.phases.back().calls.push_back(std::move(call));
    }
  }
  return schedule;
}

// True if a kernel reads neurons by number, as they are or were. Other threads own some of them,
// and overwrite in the next step what it reads.
bool ReadsNeurons(const ir::Program& program, const ir::Block& kernel) {
  return std::any_of(kernel.nodes.begin(), kernel.nodes.end(), [&](const ir::Node& node) {
    return (node.op == ir::Op::kGather || node.op == ir::Op::kPast) &&
           !program.states[node.attr].type.uniform();
  });
}

void AddOnce(std::vector<uint32_t>& list, uint64_t id) {
  const auto i = static_cast<uint32_t>(id);
  if (std::find(list.begin(), list.end(), i) == list.end()) list.push_back(i);
}

// Fills in what is collected after each phase.
void FindCollected(const ir::Program& program, StepSchedule& schedule) {
  schedule.collected.emplace_back();
  for (size_t b = 0; b < program.step.size(); ++b) {
    const ir::Block& block = program.step[b];
    if (StartsPhase(program, b)) schedule.collected.emplace_back();
    Collected& collected = schedule.collected.back();
    if (!program.RunsSynapses(block)) collected.blocks.push_back(&block);
    if (block.HasClock() && NeedsOthers(program, block)) schedule.meetings.push_back(&block);
    for (const ir::Node& node : block.nodes) {
      if (node.op == ir::Op::kReduce) {
        collected.totals.push_back({static_cast<ir::ReductionId>(node.attr), &block});
      }
      if (node.op == ir::Op::kDeliver) collected.blocks.push_back(&block);
      for (const ir::Block* const run : ir::BlocksRunBy(program, node)) {
        collected.blocks.push_back(run);
      }
      if (node.op == ir::Op::kCount) AddOnce(schedule.counted, node.attr);
      if (node.op != ir::Op::kSpike) continue;
      AddOnce(schedule.spiking, node.attr);
      AddOnce(collected.counts, node.attr);
    }
  }
  // Counts that no kernel reads are not collected.
  for (Collected& phase : schedule.collected) {
    std::erase_if(phase.counts, [&](ir::PopulationId p) {
      return std::find(schedule.counted.begin(), schedule.counted.end(), p) ==
             schedule.counted.end();
    });
  }
}

}  // namespace

bool Collected::IsDue(uint64_t step) const {
  return std::any_of(blocks.begin(), blocks.end(),
                     [step](const ir::Block* block) { return block->IsDue(step); });
}

uint64_t StepSchedule::NextMeeting(uint64_t step) const {
  uint64_t next = std::numeric_limits<uint64_t>::max();
  for (const ir::Block* const block : meetings) {
    const uint64_t past = step < block->offset ? 0 : step - block->offset;
    next = std::min(next, block->offset + (past + block->every - 1) / block->every * block->every);
  }
  return next;
}

absl::StatusOr<StepSchedule> MakeSchedule(const ir::Program& program,
                                          const compiler::CompiledCode& code, NetworkMemory& memory,
                                          const Partition& partition, const Synapses& synapses,
                                          const HistoryLimits& histories) {
  StepSchedule schedule;
  FindCollected(program, schedule);
  schedule.coarse = CoarseSources(program);
  for (int t = 0; t < partition.threads(); ++t) {
    BNSYN_ASSIGN_OR_RETURN(ThreadSchedule thread, ScheduleThread(program, code, memory, partition,
                                                                 synapses, histories, t));
    schedule.threads.push_back(std::move(thread));
  }
  for (const ir::Block& block : program.synaptic) {
    if (block.kind != ir::BlockKind::kOnStep) continue;
    const ir::ProjectionId id = program.domains[static_cast<size_t>(block.domain)].index;
    const uint32_t sources = program.populations[program.projections[id].source].size;
    if (sources > schedule.all_neurons.size()) schedule.all_neurons.resize(sources);
  }
  std::iota(schedule.all_neurons.begin(), schedule.all_neurons.end(), 0);
  schedule.delivers = program.Delivers();
  const std::vector<compiler::Deferral> deferrals = compiler::FindDeferrals(program);
  schedule.late_checks = std::any_of(deferrals.begin(), deferrals.end(),
                                     [](const auto& deferral) { return deferral.checks; });
  schedule.read_later = FindReadLater(program);
  schedule.barrier_after_delivery = !schedule.delivers && DeliveryNeedsOthers(program);
  // A step has at least one barrier, so that no thread runs ahead of the others.
  schedule.barrier_after_last = schedule.collected.size() < 2;
  for (const ir::Block& block : program.step) {
    const bool for_itself = block.domain == ir::DomainId::kNetwork &&
                            !program.RunsSynapses(block) && !ReadsNeurons(program, block);
    if (block.phase == program.step.back().phase && !for_itself) {
      schedule.barrier_after_last = true;
    }
  }
  return schedule;
}

}  // namespace bnsyn
