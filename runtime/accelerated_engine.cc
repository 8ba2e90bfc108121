// The accelerated backend: compiled kernels over preallocated memory. Each thread owns what it
// writes.
//
// A thread writes the states, inputs and spikes of its own neurons, and its own copies of uniform
// values; every thread runs the network's kernels. Threads read spikes, counts, partial sums and
// signals of each other. These alternate between two places from step to step, so that one barrier
// a step is enough: after the last kernel over populations.
//
// If threads read nothing of each other but spikes, and the smallest delay is several steps, there
// is one barrier in an epoch of as many steps (exchange/epoch.h): with a delay of 1 step one in
// every step, with a delay of 1000 steps one in kLongestEpoch. Run may end within an epoch; the
// next run begins a new one.
//
// Compiled code only says that a step failed. To say what failed, the engine goes back to the last
// checkpoint: a copy of all that steps change, made every few thousand steps. What the host did
// since is in a log. The engine repeats all that, finds the first step that fails, and hands the
// values from before that step to the reference backend, which words the error.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "compiler/emission/jit.h"
#include "ir/status_macros.h"
#include "reference/machine.h"
#include "reference/reduction.h"
#include "runtime/accelerated_program.h"
#include "runtime/construction/build_synapses.h"
#include "runtime/decaying_sums.h"
#include "runtime/delivery/delivery.h"
#include "runtime/delivery/layout.h"
#include "runtime/delivery/synapses.h"
#include "runtime/engine.h"
#include "runtime/exchange/epoch.h"
#include "runtime/exchange/schedule.h"
#include "runtime/exchange/thread_team.h"
#include "runtime/exchange/worker.h"
#include "runtime/fault_replay.h"
#include "runtime/initial_state.h"
#include "runtime/kernel_clock.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"
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
  return kLeast +
         kStepsForEachCopy * synapses.SavedBytes() / std::max(memory.SavedBytes(), size_t{1});
}

// What the host did before a step.
struct HostAction {
  enum class Kind : uint8_t { kSetState, kSetParam, kInjectSpike };
  uint64_t step = 0;
  Kind kind = Kind::kSetState;
  uint32_t id = 0;       // of the state, parameter or population
  uint32_t element = 0;  // of the state; the neuron that spiked
  ir::Bits bits = 0;
};
// A log this long is cleared by a new checkpoint, unless that is larger.
constexpr size_t kLongLog = size_t{1} << 16;  // actions

// How RunThread runs steps.
enum class Pace : uint8_t {
  kEpochs,
  kSteps,  // with all barriers in every step
};

class AcceleratedEngine : public Engine {
 public:
  // `lowered` is the program before the passes.
  AcceleratedEngine(ir::Program lowered, ir::Program program, Partition partition)
      : lowered_(std::move(lowered)),
        program_(std::move(program)),
        partition_(std::move(partition)),
        workers_(static_cast<size_t>(partition_.threads())) {
    lowered_.tables.clear();  // `program_` has them
  }

  absl::Status Build(Layout layout, const EngineOptions& options, EngineReport& report);

  const ir::Program& program() const override { return program_; }
  uint64_t step() const override { return step_; }
  uint64_t synapses() const override { return synapses_.synapses(); }

  absl::Status Run(uint64_t steps, SpikeSink* sink) override;

  reference::ArrayView State(ir::StateId state) const override;
  absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits bits) override {
    return ActAndLog({step_, HostAction::Kind::kSetState, state, element, bits});
  }
  absl::Status SetStates(ir::StateId state, const reference::Array& values) override {
    if (!IsOfSynapses(state)) return Engine::SetStates(state, values);
    synapses_.SetStates(program_, state, values);
    return absl::OkStatus();
  }
  absl::Status SetParam(ir::ParamId param, ir::Bits value) override {
    return ActAndLog({step_, HostAction::Kind::kSetParam, param, 0, value});
  }
  absl::Status InjectSpikes(ir::PopulationId population,
                            absl::Span<const uint32_t> neurons) override;
  reference::Digest ComputeDigest() const override;
  uint64_t SpikeCount(ir::PopulationId population) const override;
  reference::CoarseTallies Coarse() const override;
  std::vector<KernelTime> KernelTimes() const override { return clock_.Times(program_, schedule_); }
  void ReadThreadTimes(absl::Span<ThreadTime> times) const override {
    for (size_t t = 0; t < times.size(); ++t) {
      const ThreadTeam::Time time = team_->time(static_cast<int>(t));
      times[t] = {time.working_seconds, time.waiting_seconds};
    }
  }

 private:
  bool IsOfSynapses(ir::StateId state) const {
    return reference::IsOfSynapses(program_, program_.states[state].type.domain);
  }
  // Does what the host asked for, at first or again. OutOfRange if a sum cannot hold the value.
  absl::Status Act(const HostAction& action);
  absl::Status ActAndLog(const HostAction& action);
  // Adds a spike to the last step. False if the neuron spiked in it.
  bool Inject(ir::PopulationId population, uint32_t neuron);

  // Runs steps on all threads until `end`, a fault, or a full record. True if there was a fault.
  bool RunThreads(uint64_t end, Pace pace, bool record);
  void RunThread(int thread, uint64_t end, Pace pace, bool record);
  // Makes a checkpoint of what a thread owns.
  void Save(int thread);
  // Returns all threads to the checkpoint.
  void GoBack();
  // After a fault: comes to the end of the first step that failed, and returns its error.
  absl::Status FindFault(bool record);
  // Runs an epoch from the thread's next step on, at most to `end`, with one barrier at its end.
  Signal RunEpoch(int thread, uint64_t end, bool record);
  // Runs the thread's next step with all its barriers.
  Signal RunStep(int thread, bool record);
  // Publishes the signal of a thread before a barrier; collects those of all threads after it.
  void PublishSignal(Worker& worker, bool fault, bool record) const;
  Signal CollectSignals(const Worker& worker) const;
  void BeginStep(int thread, uint64_t step);
  // True if a contribution or check failed.
  bool Deliver(int thread, uint64_t step);
  // Delivers to the groups that have rows (delivery/delivery.h), or to all.
  enum class Groups : uint8_t { kRows, kAll };
  bool DeliverSpikes(int thread, uint64_t step, Groups groups);
  bool RunSynapses(const SynapticCall& call, int thread, uint64_t step);
  bool RunPhase(int thread, size_t phase, uint64_t step);
  void Collect(int thread, size_t phase, uint64_t step);
  // Counts the spikes of a step, adds them to the digest and records them.
  void TakeSpikes(int thread, uint64_t step, bool record);
  // Hands the spikes recorded from `first_step` on to the sink.
  void DrainRecords(uint64_t first_step, SpikeSink& sink);

  ir::Program lowered_;  // without its tables
  const ir::Program program_;
  const Partition partition_;
  std::unique_ptr<compiler::CompiledCode> code_;
  std::optional<NetworkMemory> memory_;
  std::optional<DecayingSums> decaying_;
  Synapses synapses_;
  SpikeRing ring_;
  Schedule schedule_;
  uint32_t epoch_ = 1;  // StepsPerEpoch
  uint64_t checkpoint_interval_ = 1;
  size_t long_log_ = kLongLog;
  std::vector<HostAction> log_;  // since the last checkpoint
  std::vector<Worker> workers_;
  KernelClock clock_;
  // Used by DrainRecords: a position in the record of each thread, and the spikes of one step.
  std::vector<const uint32_t*> cursors_;
  std::vector<uint32_t> drained_;
  reference::Digest injected_digest_;
  // States of synapses by number, as State last returned them.
  mutable std::map<ir::StateId, reference::Array> gathered_;
  uint64_t step_ = 0;
  // Last, so that its threads end before the data they use.
  std::unique_ptr<ThreadTeam> team_;
};

absl::Status AcceleratedEngine::Build(Layout layout, const EngineOptions& options,
                                      EngineReport& report) {
  BNSYN_ASSIGN_OR_RETURN(code_,
                         compiler::CompileKernels(program_, options.compile, report.compile));
  BNSYN_ASSIGN_OR_RETURN(team_, ThreadTeam::Create(partition_.threads(), options.pin));
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
  BNSYN_ASSIGN_OR_RETURN(schedule_,
                         MakeSchedule(program_, *code_, *memory_, partition_, synapses_));
  std::vector<std::vector<InputEvent>> split = SplitEvents(program_, events, partition_);
  if (options.profile) clock_ = KernelClock(program_, schedule_);
  cursors_.resize(workers_.size());
  uint32_t largest = 0;
  for (const ir::Population& p : program_.populations) largest = std::max(largest, p.size);
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
  if (!IsOfSynapses(state)) {
    decaying_->ReadState(state, step_);
    return memory_->View(state);
  }
  return (gathered_[state] = synapses_.State(program_, state)).view();
}

absl::Status AcceleratedEngine::Run(uint64_t steps, SpikeSink* sink) {
  const bool record = sink != nullptr;
  if (record && !workers_[0].record.HasRoom()) {
    return absl::FailedPreconditionError("this simulation was built to record no spikes");
  }
  const uint64_t end = step_ + steps;
  while (step_ < end) {
    const uint64_t first = step_;
    if (log_.size() > long_log_) {
      for (Worker& worker : workers_) worker.checkpoint_due = true;
    }
    absl::Status status;
    if (RunThreads(end, Pace::kEpochs, record)) status = FindFault(record);
    std::erase_if(log_, [this](const HostAction& action) {
      return action.step <= workers_[0].saved.next_step;
    });
    if (record) DrainRecords(first, *sink);
    BNSYN_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

bool AcceleratedEngine::RunThreads(uint64_t end, Pace pace, bool record) {
  team_->Run([&](int thread) { RunThread(thread, end, pace, record); });
  step_ = workers_[0].tally.next_step;
  return workers_[0].fault;
}

void AcceleratedEngine::RunThread(int thread, uint64_t end, Pace pace, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  const bool by_step = epoch_ == 1 || pace == Pace::kSteps;
  Signal said;
  while (worker.tally.next_step < end && !said.fault && !said.full) {
    worker.epoch_step = worker.tally.next_step;
    worker.epoch_words = worker.record.words().size();
    const uint64_t since = worker.epoch_step - worker.saved.next_step;
    if (worker.checkpoint_due || since >= checkpoint_interval_) Save(thread);
    said = by_step ? RunStep(thread, record) : RunEpoch(thread, end, record);
  }
  worker.fault = said.fault;
}

void AcceleratedEngine::Save(int thread) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  worker.checkpoint_due = false;
  worker.saved = worker.tally;
  memory_->Save(thread);
  synapses_.Save(thread);
  ring_.Save(thread, worker.tally.next_step);
}

void AcceleratedEngine::GoBack() {
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    Worker& worker = workers_[static_cast<size_t>(thread)];
    worker.tally = worker.saved;
    memory_->Restore(thread);
    synapses_.Restore(thread);
    ring_.Restore(thread);
  }
  decaying_->Forget();
  step_ = workers_[0].tally.next_step;
}

absl::Status AcceleratedEngine::FindFault(bool record) {
  // The epoch has the fault, and threads may have left it in different steps.
  const uint64_t epoch = workers_[0].epoch_step;
  for (Worker& worker : workers_) worker.record.Rewind(worker.epoch_words);
  GoBack();
  for (const HostAction& action : log_) {
    RunThreads(action.step, Pace::kEpochs, /*record=*/false);
    BNSYN_RETURN_IF_ERROR(Act(action));
  }
  RunThreads(epoch, Pace::kEpochs, /*record=*/false);
  do {
    for (int thread = 0; thread < partition_.threads(); ++thread) Save(thread);
  } while (!RunThreads(step_ + 1, Pace::kSteps, record));

  GoBack();
  team_->Run([this](int thread) {
    BeginStep(thread, step_);
    DeliverSpikes(thread, step_, Groups::kRows);
  });
  ir::Program lowered = lowered_;
  lowered.tables = program_.tables;
  const absl::Status error =
      ErrorOfStep(lowered, {*memory_, *decaying_, synapses_, ring_, partition_}, step_);
  GoBack();
  RunThreads(step_ + 1, Pace::kSteps, /*record=*/false);
  return error;
}

absl::Status AcceleratedEngine::Act(const HostAction& action) {
  switch (action.kind) {
    case HostAction::Kind::kSetState:
      if (IsOfSynapses(action.id)) {
        synapses_.SetState(program_, action.id, action.element, action.bits);
      } else if (decaying_->IsHeldBy(action.id)) {
        return decaying_->SetState(action.id, action.element, step_, ir::F64OfBits(action.bits));
      } else {
        memory_->SetState(action.id, action.element, action.bits);
      }
      break;
    case HostAction::Kind::kSetParam:
      *memory_->Param(action.id) = action.bits;
      break;
    case HostAction::Kind::kInjectSpike:
      Inject(action.id, action.element);
      break;
  }
  return absl::OkStatus();
}

absl::Status AcceleratedEngine::ActAndLog(const HostAction& action) {
  BNSYN_RETURN_IF_ERROR(Act(action));
  log_.push_back(action);
  return absl::OkStatus();
}

Signal AcceleratedEngine::RunEpoch(int thread, uint64_t end, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  end = std::min(end, worker.tally.next_step + epoch_);
  bool fault = false;
  while (worker.tally.next_step < end && !fault) {
    const uint64_t step = worker.tally.next_step++;
    BeginStep(thread, step);
    fault = Deliver(thread, step);
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
  bool fault = Deliver(thread, step);
  if (schedule_.barrier_after_delivery) team_->Barrier(thread);
  for (size_t phase = 0; phase < phases; ++phase) {
    fault |= RunPhase(thread, phase, step);
    if (phase == barriers) break;
    if (phase + 1 == barriers) {
      TakeSpikes(thread, step, record);
      PublishSignal(worker, fault, record);
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
  for (const ir::PopulationId p : schedule_.counted) *memory_->Count(p, thread) = 0;
  for (const ir::PopulationId p : schedule_.spiking) ring_.Count(p, thread, step) = 0;
  if (thread != 0) return;
  for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
    ring_.Injected(p, step).clear();
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
      const uint64_t emitted = step - delay;
      for (int t = 0; t < partition_.threads(); ++t) {
        use(ring_.Spikes(delivery.source, t, emitted));
      }
      use(ring_.Injected(delivery.source, emitted));
    };
    fault |= !bnsyn::Deliver(delivery, step, worker.tally.coarse.data(), due);
  }
  return fault;
}

bool AcceleratedEngine::Deliver(int thread, uint64_t step) {
  const bool fault = DeliverSpikes(thread, step, Groups::kAll);
  Worker& worker = workers_[static_cast<size_t>(thread)];
  for (size_t& next = worker.tally.next_event; next < worker.events.size(); ++next) {
    const InputEvent& event = worker.events[next];
    if (event.step != step) break;
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
  const absl::Span<const uint32_t> neurons =
      call.on_post ? ring_.Spikes(call.neurons, thread, step)
                   : absl::MakeConstSpan(schedule_.all_neurons)
                         .first(program_.populations[call.neurons].size);
  bool fine = true;
  reference::CoarseTally* const tallies = workers_[static_cast<size_t>(thread)].tally.coarse.data();
  for (size_t row = 0; row < call.rows; ++row) fine &= call.code.Run(neurons, row, step, tallies);
  return !fine;
}

bool AcceleratedEngine::RunPhase(int thread, size_t phase, uint64_t step) {
  bool fault = false;
  const ThreadSchedule& schedule = schedule_.threads[static_cast<size_t>(thread)];
  Worker& worker = workers_[static_cast<size_t>(thread)];
  for (const KernelCall& call : schedule.phases[phase].calls) {
    const Timer timer(clock_.OfKernel(thread, call.number));
    for (const SynapticCall& synaptic : call.synaptic) fault |= RunSynapses(synaptic, thread, step);
    if (call.function == nullptr) continue;
    compiler::KernelArgs args = {};
    args.slots = call.slots[step & 1].data();
    args.step = step;
    args.seed = program_.seed;
    args.begin = call.range.begin;
    args.end = call.range.end;
    args.spikes = worker.spike_outputs.data();
    for (size_t s = 0; s < call.spikes.size(); ++s) {
      args.spikes[s] = {ring_.List(call.spikes[s], thread, step), 0};
    }
    call.function(&args);
    for (size_t s = 0; s < call.spikes.size(); ++s) {
      ring_.Count(call.spikes[s], thread, step) = args.spikes[s].count;
    }
    fault |= args.fault != 0;
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
  for (const ir::ReductionId r : collected.totals) {
    const absl::Span<double> scratch(memory_->Scratch(thread), memory_->Groups(r));
    std::copy_n(memory_->Partials(r, step), scratch.size(), scratch.begin());
    *memory_->Total(r, thread) = reference::TreeSum(scratch);
  }
}

void AcceleratedEngine::DrainRecords(uint64_t first_step, SpikeSink& sink) {
  for (size_t t = 0; t < workers_.size(); ++t) cursors_[t] = workers_[t].record.words().data();
  for (uint64_t step = first_step; step < step_; ++step) {
    for (const ir::PopulationId p : schedule_.spiking) {
      drained_.clear();
      for (const uint32_t*& words : cursors_) {
        const uint32_t count = *words++;
        drained_.insert(drained_.end(), words, words + count);
        words += count;
      }
      if (!drained_.empty()) sink.OnSpikes(p, step, drained_);
    }
  }
  for (Worker& worker : workers_) worker.record.Rewind(0);
}

absl::Status AcceleratedEngine::InjectSpikes(ir::PopulationId population,
                                             absl::Span<const uint32_t> neurons) {
  for (const uint32_t neuron : neurons) {
    if (!Inject(population, neuron)) continue;
    injected_digest_.AddSpike(population, step_ - 1, neuron);
    log_.push_back({step_, HostAction::Kind::kInjectSpike, population, neuron, 0});
  }
  return absl::OkStatus();
}

bool AcceleratedEngine::Inject(ir::PopulationId population, uint32_t neuron) {
  const uint64_t last = step_ - 1;
  const auto emitted = ring_.Spikes(population, partition_.owner(population, neuron), last);
  if (std::binary_search(emitted.begin(), emitted.end(), neuron)) return false;
  std::vector<uint32_t>& injected = ring_.Injected(population, last);
  const auto place = std::lower_bound(injected.begin(), injected.end(), neuron);
  if (place != injected.end() && *place == neuron) return false;
  injected.insert(place, neuron);
  return true;
}

reference::Digest AcceleratedEngine::ComputeDigest() const {
  reference::Digest digest = injected_digest_;
  for (const Worker& worker : workers_) digest += worker.tally.digest;
  for (ir::StateId id = 0; id < program_.states.size(); ++id) {
    if (!program_.states[id].temporary) digest.AddState(id, State(id));
  }
  for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
    for (uint32_t back = 1; back <= program_.MaxDelay(); ++back) {
      const uint64_t step = step_ - back;
      const auto add = [&](absl::Span<const uint32_t> spikes) {
        for (const uint32_t neuron : spikes) digest.AddInFlight(p, step, neuron);
      };
      for (int t = 0; t < partition_.threads(); ++t) add(ring_.Spikes(p, t, step));
      add(ring_.Injected(p, step));
    }
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

}  // namespace

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
