// How the accelerated backend finds out what failed, and what it keeps for that: checkpoints, and
// the log of what the host did.
#include <algorithm>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "runtime/accelerated_engine.h"
#include "runtime/fault_replay.h"

namespace bnsyn {

// Deferred code runs first. To save histories in place of that would take less time, since they are
// smaller than the synapses, but it would happen as rarely; and so they begin anew here, and never
// grow older than the steps between two checkpoints.
void AcceleratedEngine::Save(int thread) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  CatchUp(thread);
  BeginBacklogs(thread);
  worker.checkpoint_due = false;
  worker.saved = worker.tally;
  worker.saved_words = worker.record.words().size();
  memory_->Save(thread);
  synapses_.Save(thread);
  ring_.Save(thread, worker.tally.next_step);
}

bool AcceleratedEngine::SaveWithOthers(int thread, bool record) {
  Worker& worker = workers_[static_cast<size_t>(thread)];
  bool saved = true;
  try {
    Save(thread);
  } catch (const std::bad_alloc&) {
    saved = false;  // an exception would leave the others waiting
  }
  PublishSignal(worker, !saved, record);
  team_->Barrier(thread);
  worker.out_of_memory = CollectSignals(worker).fault;
  return !worker.out_of_memory;
}

void AcceleratedEngine::BeginBacklogs(int thread) const {
  const auto own = static_cast<size_t>(thread);
  for (const std::unique_ptr<Backlog>& backlog : schedule_.threads[own].backlogs) {
    backlog->Begin(compiler::Deferral::Before(workers_[own].tally.next_step));
  }
}

void AcceleratedEngine::GoBack() {
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    Worker& worker = workers_[static_cast<size_t>(thread)];
    worker.tally = worker.saved;
    memory_->Restore(thread);
    synapses_.Restore(thread);
    ring_.Restore(thread);
    BeginBacklogs(thread);
  }
  decaying_->Forget();
  step_ = workers_[0].tally.next_step;
}

bool AcceleratedEngine::StopBeforeFault(uint64_t end, bool record) {
  // Where checks are deferred, each piece ends with them, and is repeated in smaller ones if it
  // fails.
  constexpr uint64_t kPiece = 64;  // steps
  uint64_t piece = schedule_.late_checks ? kPiece : 1;
  while (step_ < end) {
    for (int thread = 0; thread < partition_.threads(); ++thread) Save(thread);
    bool failed = RunThreads(std::min(step_ + piece, end), Pace::kSteps, record);
    if (!failed && schedule_.late_checks) failed = CatchUpWithChecks(record);
    if (!failed) continue;
    if (piece == 1) return true;
    piece = 1;
    for (Worker& worker : workers_) worker.record.Rewind(worker.saved_words);
    GoBack();
  }
  return false;
}

absl::Status AcceleratedEngine::FindFault(bool record) {
  if (workers_[0].out_of_memory) return ir::OutOfMemory();
  // The epoch has the fault, and threads may have left it in different steps. A check that was
  // deferred may have failed in any step since the checkpoint that is not finished.
  const uint64_t end = workers_[0].epoch_step + epoch_;
  uint64_t begin = workers_[0].epoch_step;
  for (Worker& worker : workers_) {
    size_t words = worker.epoch_words;
    if (schedule_.late_checks) {
      begin = std::max(finished_, worker.saved.next_step);
      words = worker.saved.next_step > finished_ ? worker.saved_words : 0;
    }
    worker.record.Rewind(words);
  }
  GoBack();
  for (const HostAction& action : log_) {
    RunThreads(action.step, Pace::kEpochs, /*record=*/false);
    BNSYN_RETURN_IF_ERROR(Act(action));
  }
  RunThreads(begin, Pace::kEpochs, /*record=*/false);
  if (!StopBeforeFault(end, record)) {
    return absl::InternalError(absl::StrCat("a step from ", begin, " to ", step_ - 1,
                                            " failed, but not when it was repeated"));
  }

  GoBack();
  team_->Run([this](int thread) {
    BeginStep(thread, step_);
    if (!schedule_.delivers) DeliverSpikes(thread, step_, Groups::kRows);
  });
  ir::Program lowered = lowered_;
  lowered.tables = program_.tables;
  const absl::Status error =
      ErrorOfStep(lowered, {*memory_, *decaying_, synapses_, ring_, partition_}, step_);
  GoBack();
  RunThreads(step_ + 1, Pace::kSteps, /*record=*/false);
  // Then it was not the fault that stopped the threads.
  return workers_[0].out_of_memory ? ir::OutOfMemory() : error;
}

absl::Status AcceleratedEngine::Act(const HostAction& action) {
  switch (action.kind) {
    case HostAction::Kind::kSetState:
      if (schedule_.read_later[action.id]) CatchUp();
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

absl::Status AcceleratedEngine::InjectSpikes(ir::PopulationId population,
                                             absl::Span<const uint32_t> neurons) {
  const uint32_t most = program_.MostRepeats(population);
  for (const uint32_t neuron : neurons) {
    if (!Inject(population, neuron)) {
      if (most == 1) continue;
      return reference::TooManySpikes(program_, population, neuron);
    }
    injected_digest_.AddSpike(population, InjectionStep(step_), neuron);
    log_.push_back({step_, HostAction::Kind::kInjectSpike, population, neuron, 0});
  }
  return absl::OkStatus();
}

bool AcceleratedEngine::Inject(ir::PopulationId population, uint32_t neuron) {
  const uint64_t last = InjectionStep(step_);
  absl::Span<const uint32_t> emitted;
  if (last != step_) emitted = ring_.Spikes(population, partition_.owner(population, neuron), last);
  std::vector<uint32_t>& injected = ring_.Injected(population, last);
  const auto [first, end] = std::equal_range(emitted.begin(), emitted.end(), neuron);
  const auto [begin, place] = std::equal_range(injected.begin(), injected.end(), neuron);
  if ((end - first) + (place - begin) >= program_.MostRepeats(population)) return false;
  injected.insert(place, neuron);
  return true;
}

}  // namespace bnsyn
