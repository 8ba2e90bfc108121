#include "runtime/accelerated_engine.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "reference/reduction.h"
#include "runtime/accelerated_program.h"
#include "runtime/construction/build_synapses.h"
#include "runtime/delivery/delivery.h"
#include "runtime/delivery/layout.h"
#include "runtime/exchange/epoch.h"
#include "runtime/initial_state.h"
#include "runtime/memory_plan.h"
#include "runtime/run_memory.h"

namespace bnsyn {
namespace {

// More is a slip of the keyboard, not a machine.
constexpr int kMaxThreads = 1024;

// The steps from one checkpoint to the next. A step reads and writes the values of all neurons, so
// that copying these and those of the synapses so rarely takes less than a hundredth of the time.
uint64_t CheckpointInterval(const NetworkMemory& memory, const Synapses& synapses) {
  constexpr uint64_t kLeast = 4096;
  constexpr uint64_t kStepsForEachCopy = 256;
  constexpr uint64_t kMost = uint64_t{1} << 29;  // the age of histories: compiler::DeferArgs
  const uint64_t steps =
      kLeast + kStepsForEachCopy * synapses.SavedBytes() / std::max(memory.SavedBytes(), size_t{1});
  return std::min(steps, kMost);
}

// The actions of a log that a new checkpoint clears, unless the checkpoint is larger than the log.
constexpr size_t kLongLog = size_t{1} << 16;  // actions

// Of an ascending list of neurons, those in a range.
absl::Span<const uint32_t> Within(absl::Span<const uint32_t> neurons, Range range) {
  const auto* const first = std::lower_bound(neurons.begin(), neurons.end(), range.begin);
  const auto* const end = std::lower_bound(first, neurons.end(), range.end);
  return absl::MakeConstSpan(first, end);
}

}  // namespace

absl::Status AcceleratedEngine::Build(Layout layout, const EngineOptions& options,
                                      EngineReport& report) {
  BNSYN_ASSIGN_OR_RETURN(code_,
                         compiler::CompileKernels(program_, options.compile, report.compile));
  BNSYN_ASSIGN_OR_RETURN(
      team_, ThreadTeam::Create(partition_.threads(), options.pin, options.host_threads));
  epoch_ = StepsPerEpoch(program_, layout, partition_.threads());
  Arena arena;
  BNSYN_ASSIGN_OR_RETURN(RunMemory memory, RunMemory::Allocate(program_, partition_, epoch_,
                                                               options.record_spikes, arena));
  memory_.emplace(std::move(memory.values));
  ring_ = std::move(memory.ring);
  BNSYN_RETURN_IF_ERROR(SetInitialState(program_, *memory_));
  decaying_.emplace(program_, partition_, *memory_);
  BNSYN_RETURN_IF_ERROR(decaying_->Begin());
  BNSYN_ASSIGN_OR_RETURN(const std::vector<std::vector<reference::Event>> events,
                         reference::ReadAllEvents(program_));
  BNSYN_ASSIGN_OR_RETURN(synapses_, BuildSynapses(program_, events, partition_, std::move(layout),
                                                  options.compile, *team_, options.construction));
  BNSYN_ASSIGN_OR_RETURN(schedule_, MakeSchedule(program_, *code_, *memory_, partition_, synapses_,
                                                 options.histories));
  std::vector<std::vector<InputEvent>> split = SplitEvents(program_, events, partition_);
  if (options.profile) clock_ = KernelClock(program_, schedule_);
  cursors_.resize(workers_.size());
  size_t largest = 0;
  for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
    largest = std::max(largest, size_t{program_.populations[p].size} * program_.MostRepeats(p));
  }
  drained_.reserve(largest);
  for (int t = 0; t < partition_.threads(); ++t) {
    Worker& worker = workers_[static_cast<size_t>(t)];
    worker.events = std::move(split[static_cast<size_t>(t)]);
    worker.tally.coarse.resize(schedule_.coarse.size());
    worker.tally.spike_counts.resize(program_.populations.size());
    worker.spike_outputs.resize(program_.populations.size());
    if (options.record_spikes) {
      worker.record = std::move(memory.records[static_cast<size_t>(t)]);
    }
  }
  checkpoint_interval_ = CheckpointInterval(*memory_, synapses_);
  long_log_ =
      std::max(kLongLog, (memory_->SavedBytes() + synapses_.SavedBytes()) / sizeof(HostAction));
  team_->ClearTimes();  // of construction
  report.threads.resize(workers_.size());
  return absl::OkStatus();
}

reference::ArrayView AcceleratedEngine::State(ir::StateId state) const {
  if (program_.states[state].history != 0) {
    return (gathered_[state] = memory_->History(state)).view();
  }
  if (!IsOfSynapses(state)) {
    decaying_->ReadState(state, step_);
    return memory_->View(state);
  }
  CatchUp();
  return (gathered_[state] = synapses_.State(program_, state)).view();
}

bool AcceleratedEngine::CatchUp(int thread) const {
  const auto own = static_cast<size_t>(thread);
  bool fine = true;
  for (const auto& backlog : schedule_.threads[own].backlogs) {
    fine &= backlog->Sweep(compiler::Deferral::Before(workers_[own].tally.next_step));
  }
  return fine;
}

void AcceleratedEngine::CatchUp() const {
  if (schedule_.threads[0].backlogs.empty()) return;
  team_->Run([this](int thread) { CatchUp(thread); });
}

bool AcceleratedEngine::CatchUpWithChecks(int thread, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  PublishSignal(worker, !CatchUp(thread), record);
  team_->Barrier(thread);
  return CollectSignals(worker).fault;
}

bool AcceleratedEngine::CatchUpWithChecks(bool record) {
  team_->Run([&](int thread) {
    workers_[static_cast<size_t>(thread)].fault = CatchUpWithChecks(thread, record);
  });
  return workers_[0].fault;
}

absl::Status AcceleratedEngine::Run(uint64_t steps, SpikeSink* sink) {
  const bool record = sink != nullptr;
  if (record && !workers_[0].record.HasRoom()) {
    return absl::FailedPreconditionError("this simulation was built to record no spikes");
  }
  const uint64_t end = step_ + steps;
  while (step_ < end) {
    if (log_.size() > long_log_) RequestCheckpoint();
    absl::Status status;
    if (RunThreads(end, Pace::kEpochs, record)) status = FindFault(record);
    std::erase_if(log_, [this](const HostAction& action) {
      return action.step <= workers_[0].saved.next_step;
    });
    if (!schedule_.late_checks || !status.ok()) {
      DrainRecords(sink);
    } else if (record && std::any_of(workers_.begin(), workers_.end(), [](const Worker& worker) {
                 return !worker.record.HasRoom();
               })) {
      status = Finish(sink);
    }
    BNSYN_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::Status AcceleratedEngine::Finish(SpikeSink* sink) {
  if (finished_ == step_) return absl::OkStatus();
  const bool record = sink != nullptr;
  const absl::Status status = CatchUpWithChecks(record) ? FindFault(record) : absl::OkStatus();
  DrainRecords(sink);
  return status;
}

bool AcceleratedEngine::RunThreads(uint64_t end, Pace pace, bool record) {
  team_->Run([&](int thread) { RunThread(thread, end, pace, record); });
  step_ = workers_[0].tally.next_step;
  return workers_[0].fault;
}

void AcceleratedEngine::RunThread(int thread, uint64_t end, Pace pace, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  Signal said;
  while (worker.tally.next_step < end && !said.fault && !said.full) {
    worker.epoch_step = worker.tally.next_step;
    worker.epoch_words = worker.record.words().size();
    const uint64_t since = worker.epoch_step - worker.saved.next_step;
    if (worker.checkpoint_due || since >= checkpoint_interval_) {
      if (schedule_.late_checks) said.fault = CatchUpWithChecks(thread, record);
      if (!said.fault) said.fault = !SaveWithOthers(thread, record);
      if (said.fault) break;
    }
    const bool by_step = epoch_ == 1 || pace == Pace::kSteps ||
                         schedule_.NextMeeting(worker.epoch_step) == worker.epoch_step;
    said = by_step ? RunStep(thread, record) : RunEpoch(thread, end, record);
  }
  worker.fault = said.fault;
}

Signal AcceleratedEngine::RunEpoch(int thread, uint64_t end, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  end = std::min(
      {end, worker.tally.next_step + epoch_, schedule_.NextMeeting(worker.tally.next_step)});
  bool fault = false;
  while (worker.tally.next_step < end && !fault) {
    const uint64_t step = worker.tally.next_step++;
    BeginStep(thread, step);
    fault = ReceiveInputs(thread, step);
    for (size_t phase = 0; phase < schedule_.collected.size(); ++phase) {
      fault |= RunPhase(thread, phase, step);
    }
    decaying_->EndStep(thread, step);
    TakeSpikes(thread, step, record);
  }
  PublishSignal(worker, fault, record);
  team_->Barrier(thread);
  return CollectSignals(worker);
}

Signal AcceleratedEngine::RunStep(int thread, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  const size_t phases = schedule_.collected.size();
  const size_t barriers = schedule_.barrier_after_last ? phases : phases - 1;
  const uint64_t step = worker.tally.next_step++;
  BeginStep(thread, step);
  bool fault = ReceiveInputs(thread, step);
  if (schedule_.barrier_after_delivery) team_->Barrier(thread);
  for (size_t phase = 0; phase < phases; ++phase) {
    fault |= RunPhase(thread, phase, step);
    if (phase == barriers) break;
    if (phase + 1 == barriers) {
      TakeSpikes(thread, step, record);
      PublishSignal(worker, fault, record);
    } else if (!schedule_.collected[phase].IsDue(step)) {
      continue;
    }
    team_->Barrier(thread);
    Collect(thread, phase, step);
  }
  decaying_->EndStep(thread, step);
  Signal said = CollectSignals(worker);
  // Phases after the last barrier hold network kernels alone, so that all threads find the same
  // fault.
  said.fault |= fault;
  return said;
}

void AcceleratedEngine::PublishSignal(Worker& worker, bool fault, bool record) const {
  worker.turn ^= 1;
  worker.signals[worker.turn] = {fault, record && !worker.record.HasRoom()};
}

Signal AcceleratedEngine::CollectSignals(const Worker& worker) const {
  Signal said;
  for (const Worker& other : workers_) {
    said.fault |= other.signals[worker.turn].fault;
    said.full |= other.signals[worker.turn].full;
  }
  return said;
}

void AcceleratedEngine::BeginStep(int thread, uint64_t step) {
  for (const ir::PopulationId p : schedule_.counted) {
    if (!Mutant("runtime.counts_begin_at_0")) *memory_->Count(p, thread) = 0;
  }
  for (const ir::PopulationId p : schedule_.spiking) ring_.Count(p, thread, step) = 0;
  if (thread != 0) return;
  // For the next epoch: threads that are ahead in this one already read the lists of its steps.
  const uint64_t injected_next = InjectionStep(step) + epoch_;
  for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
    if (!Mutant("runtime.injected_once")) ring_.Injected(p, injected_next).clear();
  }
}

bool AcceleratedEngine::DeliverSpikes(int thread, uint64_t step, Groups groups) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  bool fault = false;
  size_t number = 0;
  for (const Delivery& delivery : schedule_.threads[static_cast<size_t>(thread)].deliveries) {
    const Timer timer(clock_.OfDelivery(thread, number++));
    if (groups == Groups::kRows && delivery.code.function != nullptr) continue;
    const auto due = [&](uint32_t delay, const auto& use) {
      const uint64_t emitted = step - delay + (Mutant("runtime.delay") && delay > 1 ? 1 : 0);
      if (delivery.on_post) {
        use(ring_.Spikes(delivery.spikes, thread, emitted));
      } else {
        for (int t = Mutant("runtime.spikes_of_other_threads") ? thread : 0;
             t < partition_.threads(); ++t) {
          use(ring_.Spikes(delivery.spikes, t, emitted));
        }
      }
      const absl::Span<const uint32_t> injected = ring_.Injected(delivery.spikes, emitted);
      use(delivery.on_post ? Within(injected, partition_.range(delivery.spikes, thread))
                           : injected);
    };
    fault |= !bnsyn::Deliver(delivery, step, worker.tally.coarse.data(), due);
  }
  return fault;
}

bool AcceleratedEngine::ReceiveInputs(int thread, uint64_t step) {
  const bool fault = !schedule_.delivers && DeliverSpikes(thread, step, Groups::kAll);
  Worker& worker = workers_[static_cast<size_t>(thread)];
  for (size_t& next = worker.tally.next_event; next < worker.events.size(); ++next) {
    const InputEvent& event = worker.events[next];
    if (event.step != step || Mutant("runtime.events")) break;
    // No pass knows what arrives from a file, so that these sums are not narrow.
    void* const sums = memory_->Input(event.input, thread);
    if (program_.inputs[event.input].accumulator.wide) {
      static_cast<reference::Quanta*>(sums)[event.element] += event.quanta;
    } else {
      static_cast<int64_t*>(sums)[event.element] += static_cast<int64_t>(event.quanta);
    }
  }
  return fault;
}

bool AcceleratedEngine::RunSynapses(const SynapticCall& call, int thread, uint64_t step) {
  if (call.block->deferred) return !call.backlog->NoteStep(step);
  const absl::Span<const uint32_t> neurons =
      absl::MakeConstSpan(schedule_.all_neurons).first(program_.populations[call.sources].size);
  bool fine = true;
  if (call.backlog != nullptr && !Mutant("runtime.deferral_before_steps")) {
    fine = call.backlog->Sweep(compiler::Deferral::Before(step) + call.halves);
  }
  reference::CoarseTally* const tallies = workers_[static_cast<size_t>(thread)].tally.coarse.data();
  for (size_t row = 0; row < call.rows; ++row) fine &= call.code.Run(neurons, row, step, tallies);
  return !fine;
}

bool AcceleratedEngine::RunPhase(int thread, size_t phase, uint64_t step) {
  bool fault = false;
  const ThreadSchedule& schedule = schedule_.threads[static_cast<size_t>(thread)];
  Worker& worker = workers_[static_cast<size_t>(thread)];
  for (const KernelCall& call : schedule.phases[phase].calls) {
    if (!call.block->IsDue(step) && !Mutant("runtime.clock")) continue;
    if (call.delivers) fault |= DeliverSpikes(thread, step, Groups::kAll);
    const Timer timer(clock_.OfKernel(thread, call.number));
    for (const SynapticCall& synaptic : call.synaptic) {
      if (synaptic.block->IsDue(step)) fault |= RunSynapses(synaptic, thread, step);
    }
    if (call.function == nullptr) continue;
    for (const ir::InputId input : call.shared) memory_->CollectShares(input, thread);
    compiler::KernelArgs args = {};
    args.slots = call.slots[Mutant("runtime.parity") ? 0 : step & 1].data();
    args.step = step;
    args.seed = program_.seed;
    args.begin = call.range.begin;
    args.end = call.range.end;
    args.spikes = worker.spike_outputs.data();
    for (size_t s = 0; s < call.spikes.size(); ++s) {
      args.spikes[s] = {ring_.List(call.spikes[s].population, thread, step), 0};
    }
    call.function(&args);
    for (size_t s = 0; s < call.spikes.size(); ++s) {
      const auto& [population, repeats, most] = call.spikes[s];
      uint32_t count = args.spikes[s].count;
      if (repeats != nullptr) {
        count = RepeatSpikes(ring_.List(population, thread, step), count, repeats, most);
      }
      ring_.Count(population, thread, step) = count;
    }
    if (!Mutant("runtime.fault_of_a_kernel")) fault |= args.fault != 0;
  }
  return fault;
}

void AcceleratedEngine::TakeSpikes(int thread, uint64_t step, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  for (const ir::PopulationId p : schedule_.spiking) {
    const absl::Span<const uint32_t> spikes = ring_.Spikes(p, thread, step);
    worker.tally.spike_counts[p] += spikes.size();
    worker.tally.digest.AddSpikes(p, step, spikes);
    if (record) worker.record.Append(spikes);
  }
}

void AcceleratedEngine::Collect(int thread, size_t phase, uint64_t step) {
  const Collected& collected = schedule_.collected[phase];
  for (const ir::PopulationId p : collected.counts) {
    int64_t count = 0;
    for (int t = 0; t < partition_.threads(); ++t) count += ring_.Count(p, t, step);
    *memory_->Count(p, thread) = count;
  }
  for (const auto& [r, kernel] : collected.totals) {
    if (!kernel->IsDue(step)) continue;
    const absl::Span<double> scratch(memory_->Scratch(thread), memory_->Groups(r));
    std::copy_n(memory_->Partials(r, step), scratch.size(), scratch.begin());
    *memory_->Total(r, thread) = reference::TreeSum(scratch);
  }
}

void AcceleratedEngine::DrainRecords(SpikeSink* sink) {
  const uint64_t first = std::exchange(finished_, step_);
  if (sink == nullptr) return;
  for (size_t t = 0; t < workers_.size(); ++t) cursors_[t] = workers_[t].record.words().data();
  for (uint64_t step = first; step < step_; ++step) {
    for (const ir::PopulationId p : schedule_.spiking) {
      drained_.clear();
      for (const uint32_t*& words : cursors_) {
        const uint32_t count = *words++;
        drained_.insert(drained_.end(), words, words + count);
        words += count;
      }
      if (!drained_.empty()) sink->OnSpikes(p, step, drained_);
    }
  }
  for (Worker& worker : workers_) worker.record.Rewind(0);
}

reference::Digest AcceleratedEngine::ComputeDigest() const {
  reference::Digest digest = injected_digest_;
  for (const Worker& worker : workers_) digest += worker.tally.digest;
  for (ir::StateId id = 0; id < program_.states.size(); ++id) {
    const ir::State& declared = program_.states[id];
    if (declared.history != 0) {
      digest.AddHistory(id, declared, State(id), step_);
    } else if (!declared.temporary) {
      digest.AddState(id, State(id));
    }
  }
  const uint32_t longest = program_.MaxDelay();
  for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
    for (uint32_t back = 1; back <= longest; ++back) {
      const uint64_t step = step_ - back;
      const auto add = [&](absl::Span<const uint32_t> spikes) {
        for (const uint32_t neuron : spikes) digest.AddInFlight(p, step, neuron);
      };
      for (int t = 0; t < partition_.threads(); ++t) add(ring_.Spikes(p, t, step));
      add(ring_.Injected(p, step));
    }
    if (!schedule_.delivers) continue;
    for (const uint32_t neuron : ring_.Injected(p, step_)) digest.AddInFlight(p, step_, neuron);
  }
  return digest;
}

uint64_t AcceleratedEngine::SpikeCount(ir::PopulationId population) const {
  uint64_t count = 0;
  for (const Worker& worker : workers_) count += worker.tally.spike_counts[population];
  return count;
}

reference::CoarseTallies AcceleratedEngine::Coarse() const {
  reference::CoarseTallies all = synapses_.coarse();
  for (const Worker& worker : workers_) {
    for (size_t i = 0; i < schedule_.coarse.size(); ++i) {
      const reference::CoarseTally& tally = worker.tally.coarse[i];
      if (tally.count != 0) all[schedule_.coarse[i]].Add(tally);
    }
  }
  return all;
}

absl::StatusOr<std::unique_ptr<Engine>> MakeAcceleratedEngine(ir::Program program,
                                                              const EngineOptions& options,
                                                              EngineReport& report) {
  if (options.threads < 1 || options.threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d threads: give a number from 1 to %d", options.threads, kMaxThreads));
  }
  BNSYN_ASSIGN_OR_RETURN(
      AcceleratedProgram accelerated,
      PrepareAccelerated(program, options,
                         [&](absl::string_view stage, const ir::Program&, double milliseconds) {
                           if (stage == "program") return;
                           report.compile.phases.push_back({std::string(stage), milliseconds});
                         }));
  BNSYN_ASSIGN_OR_RETURN(const MemoryPlan plan, PlanAccelerated(accelerated, options));
  BNSYN_RETURN_IF_ERROR(CheckMemory(plan, options.memory_limit));
  report.memory_bytes = static_cast<uint64_t>(plan.total());
  auto engine = std::make_unique<AcceleratedEngine>(
      std::move(program), std::move(accelerated.program), std::move(accelerated.partition));
  BNSYN_RETURN_IF_ERROR(engine->Build(std::move(accelerated.layout), options, report));
  return engine;
}

}  // namespace bnsyn
