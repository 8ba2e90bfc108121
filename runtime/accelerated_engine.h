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
#ifndef BNSYN_RUNTIME_ACCELERATED_ENGINE_H_
#define BNSYN_RUNTIME_ACCELERATED_ENGINE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/emission/jit.h"
#include "reference/machine.h"
#include "runtime/decaying_sums.h"
#include "runtime/delivery/synapses.h"
#include "runtime/engine.h"
#include "runtime/exchange/schedule.h"
#include "runtime/exchange/spikes.h"
#include "runtime/exchange/thread_team.h"
#include "runtime/exchange/worker.h"
#include "runtime/kernel_clock.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// What the host did before a step.
struct HostAction {
  enum class Kind : uint8_t { kSetState, kSetParam, kInjectSpike };
  uint64_t step = 0;
  Kind kind = Kind::kSetState;
  uint32_t id = 0;       // of the state, parameter or population
  uint32_t element = 0;  // of the state; the neuron that spiked
  ir::Bits bits = 0;
};
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
  absl::Status Finish(SpikeSink* sink) override;

  reference::ArrayView State(ir::StateId state) const override;
  absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits bits) override {
    return ActAndLog({step_, HostAction::Kind::kSetState, state, element, bits});
  }
  absl::Status SetStates(ir::StateId state, const reference::Array& values) override {
    if (!IsOfSynapses(state)) return Engine::SetStates(state, values);
    CatchUp();
    synapses_.SetStates(program_, state, values);
    RequestCheckpoint();  // it takes no longer than that
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
  const ir::Program& lowered() const override { return lowered_; }
  std::string LoweredText() const override;
  reference::Moment Now() const override;
  void ReadValues(ir::StateId state, char* out) const override;
  uint64_t ValueCount(ir::StateId state) const override;
  absl::Status Resume(const reference::Moment& moment,
                      const reference::StateValues& values) override;
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
  // Lets all deferred code run that is due before the next step: of a thread, or of all threads.
  // The former returns false if a check of it failed.
  bool CatchUp(int thread) const;
  void CatchUp() const;
  // The same in all threads at once, while they run: true if a check failed in one of them.
  bool CatchUpWithChecks(int thread, bool record);
  bool CatchUpWithChecks(bool record);
  // The step whose spikes the host injects before `next`: see reference/interpreter.h.
  uint64_t InjectionStep(uint64_t next) const { return schedule_.delivers ? next : next - 1; }
  // Injects a spike. False if the neuron spiked in that step.
  bool Inject(ir::PopulationId population, uint32_t neuron);

  // Runs steps on all threads until `end`, a fault, or a full record. True if there was a fault.
  bool RunThreads(uint64_t end, Pace pace, bool record);
  void RunThread(int thread, uint64_t end, Pace pace, bool record);
  // Lets the next run begin with a checkpoint.
  void RequestCheckpoint() {
    for (Worker& worker : workers_) worker.checkpoint_due = true;
  }
  // Makes a checkpoint of what a thread owns.
  void Save(int thread);
  // The same on all threads at once, each with its number; false on all if one lacks memory.
  bool SaveWithOthers(int thread, bool record);
  // Begins the histories of deferred code anew, where nothing is put off.
  void BeginBacklogs(int thread) const;
  // Returns all threads to the checkpoint.
  void GoBack();
  // After a fault: comes to the end of the first step that failed, and returns its error.
  absl::Status FindFault(bool record);
  // From the present step on, which is before `end`: stops before the first step that fails, with a
  // checkpoint there. False if none does.
  bool StopBeforeFault(uint64_t end, bool record);
  // Runs an epoch from the thread's next step on, at most to `end`, with one barrier at its end.
  Signal RunEpoch(int thread, uint64_t end, bool record);
  // Runs the thread's next step with all its barriers.
  Signal RunStep(int thread, bool record);
  // Publishes the signal of a thread before a barrier; collects those of all threads after it.
  void PublishSignal(Worker& worker, bool fault, bool record) const;
  Signal CollectSignals(const Worker& worker) const;
  void BeginStep(int thread, uint64_t step);
  // Adds events, and delivers spikes unless a kernel does. True if a contribution or check failed.
  bool ReceiveInputs(int thread, uint64_t step);
  // Delivers to the groups that have rows (delivery/delivery.h), or to all.
  enum class Groups : uint8_t { kRows, kAll };
  bool DeliverSpikes(int thread, uint64_t step, Groups groups);
  bool RunSynapses(const SynapticCall& call, int thread, uint64_t step);
  bool RunPhase(int thread, size_t phase, uint64_t step);
  void Collect(int thread, size_t phase, uint64_t step);
  // Counts the spikes of a step, adds them to the digest and records them.
  void TakeSpikes(int thread, uint64_t step, bool record);
  // Hands the spikes recorded from finished_ on to the sink, if there is one.
  void DrainRecords(SpikeSink* sink);
  // Gives a state that is not temporary its values, whoever holds them.
  void PutValues(ir::StateId state, const reference::Array& values);
  // Fills the ring with the spikes in flight of a moment.
  void PutSpikes(const reference::Moment& moment);
  // Gives the threads what was counted up to a moment.
  void PutTallies(const reference::Moment& moment);

  ir::Program lowered_;  // without its tables
  const ir::Program program_;
  const Partition partition_;
  std::unique_ptr<compiler::CompiledCode> code_;
  std::optional<NetworkMemory> memory_;
  std::optional<DecayingSums> decaying_;
  Synapses synapses_;
  SpikeRing ring_;
  StepSchedule schedule_;
  uint32_t epoch_ = 1;  // StepsPerEpoch
  uint64_t checkpoint_interval_ = 1;
  size_t long_log_ = 0;          // actions: a log this long is cleared by a new checkpoint
  std::vector<HostAction> log_;  // since the last checkpoint
  std::vector<Worker> workers_;
  KernelClock clock_;
  // Used by DrainRecords: a position in the record of each thread, and the spikes of one step.
  std::vector<const uint32_t*> cursors_;
  std::vector<uint32_t> drained_;
  reference::Digest injected_digest_;
  // States of synapses and those with histories, as State last returned them.
  mutable std::map<ir::StateId, reference::Array> gathered_;
  uint64_t step_ = 0;
  uint64_t finished_ = 0;  // steps before this have not failed, and their spikes are handed over
  // Last, so that its threads end before the data they use.
  std::unique_ptr<ThreadTeam> team_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_ACCELERATED_ENGINE_H_
