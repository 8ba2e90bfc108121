// How the accelerated backend finds out what failed, and what it keeps for that: checkpoints, and
// the log of what the host did.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "runtime/accelerated_engine.h"
#include "runtime/fault_replay.h"

namespace bnsyn {

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
    if (step_ == epoch + epoch_) {
      return absl::InternalError(absl::StrCat("a step from ", epoch, " to ", step_ - 1,
                                              " failed, but not when it was repeated"));
    }
    for (int thread = 0; thread < partition_.threads(); ++thread) Save(thread);
  } while (!RunThreads(step_ + 1, Pace::kSteps, record));

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
