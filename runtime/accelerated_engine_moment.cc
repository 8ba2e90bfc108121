// How the accelerated backend gives its present to other engines, and goes on from that of another.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "ir/text.h"
#include "runtime/accelerated_engine.h"

namespace bnsyn {

std::string AcceleratedEngine::LoweredText() const {
  ir::Program lowered = lowered_;
  lowered.tables = program_.tables;
  return ir::Print(lowered);
}

reference::Moment AcceleratedEngine::Now() const {
  reference::Moment moment;
  moment.step = step_;
  // Those that passes add come behind, and hold literals.
  for (ir::ParamId id = 0; id < lowered_.params.size(); ++id) {
    moment.params.push_back(*memory_->Param(id));
  }
  for (ir::ReductionId id = 0; id < program_.reductions.size(); ++id) {
    moment.totals.push_back(*memory_->Total(id, 0));
  }
  for (ir::InputId id = 0; id < program_.inputs.size(); ++id) {
    moment.sums.push_back(memory_->SumsOf(id));
  }
  const reference::StepsInFlight steps = reference::InFlightBefore(lowered_, step_);
  moment.spikes.resize(program_.populations.size());
  for (ir::PopulationId p = 0; p < moment.spikes.size(); ++p) {
    for (uint32_t i = 0; i < steps.count; ++i) {
      // A list of the next step is an old one of the ring, but for the spikes that are injected.
      const uint64_t step = steps.first + i;
      moment.spikes[p].push_back(step == step_ ? ring_.Injected(p, step)
                                               : ring_.AllSpikes(p, step));
    }
    moment.spike_counts.push_back(SpikeCount(p));
  }
  moment.spike_digest = injected_digest_;
  for (const Worker& worker : workers_) moment.spike_digest += worker.tally.digest;
  moment.coarse = Coarse();
  return moment;
}

void AcceleratedEngine::ReadValues(ir::StateId state, char* out) const {
  if (program_.states[state].history != 0) {
    return reference::CopyBytes(memory_->History(state).view(), out);
  }
  if (!Mutant("runtime.values_without_deferred_code")) CatchUp();
  if (IsOfSynapses(state)) return synapses_.Read(program_, state, out);
  decaying_->ReadState(state, step_);
  reference::CopyBytes(memory_->View(state), out);
}

uint64_t AcceleratedEngine::ValueCount(ir::StateId state) const {
  return IsOfSynapses(state) ? synapses_.CountOf(program_, state) : program_.Values(state);
}

void AcceleratedEngine::PutValues(ir::StateId state, const reference::Array& values) {
  if (program_.states[state].history != 0) {
    memory_->SetHistory(state, values);
  } else if (IsOfSynapses(state)) {
    synapses_.SetStates(program_, state, values);
  } else if (!decaying_->IsHeldBy(state)) {
    for (uint32_t i = 0; i < values.size(); ++i) memory_->SetState(state, i, values.bits(i));
  }
}

void AcceleratedEngine::PutSpikes(const reference::Moment& moment) {
  if (!Mutant("runtime.resume_clears_injected")) ring_.ClearInjected();
  const reference::StepsInFlight steps = reference::InFlightBefore(lowered_, moment.step);
  for (ir::PopulationId p = 0; p < moment.spikes.size(); ++p) {
    // No step empties the lists of a population that cannot spike.
    const bool spiking = Mutant("runtime.resume_population_without_spikes") ||
                         std::count(schedule_.spiking.begin(), schedule_.spiking.end(), p) != 0;
    for (uint32_t i = 0; i < steps.count; ++i) {
      const uint64_t step = steps.first + i;
      const bool injected = !spiking || step == moment.step;
      ring_.SetSpikes(p, partition_, step, moment.spikes[p][i],
                      injected ? 0 : program_.MostRepeats(p));
    }
  }
}

void AcceleratedEngine::PutTallies(const reference::Moment& moment) {
  if (!Mutant("runtime.resume_injected_digest")) injected_digest_ = {};
  for (Worker& worker : workers_) {
    Tally& tally = worker.tally;
    tally.digest = {};
    std::fill(tally.spike_counts.begin(), tally.spike_counts.end(), 0);
    std::fill(tally.coarse.begin(), tally.coarse.end(), reference::CoarseTally());
    const auto next =
        std::lower_bound(worker.events.begin(), worker.events.end(), moment.step,
                         [](const InputEvent& event, uint64_t step) { return event.step < step; });
    if (!Mutant("runtime.resume_events")) {
      tally.next_event = static_cast<size_t>(next - worker.events.begin());
    }
    tally.next_step = moment.step;
  }
  // Only their sums over all threads are ever asked for.
  Tally& first = workers_[0].tally;
  first.digest = moment.spike_digest;
  first.spike_counts = moment.spike_counts;
  for (const auto& [source, tally] : moment.coarse) {
    const auto place = std::find(schedule_.coarse.begin(), schedule_.coarse.end(), source);
    if (place == schedule_.coarse.end()) continue;
    reference::CoarseTally& own =
        first.coarse[static_cast<size_t>(place - schedule_.coarse.begin())];
    own = tally;
    // Those of synapses that never change were counted when these were drawn.
    const auto drawn = synapses_.coarse().find(source);
    if (drawn != synapses_.coarse().end()) own.count -= std::min(own.count, drawn->second.count);
  }
}

absl::Status AcceleratedEngine::Resume(const reference::Moment& moment,
                                       const reference::StateValues& values) {
  for (ir::InputId id = 0; id < moment.sums.size(); ++id) {
    for (const reference::Quanta sum : moment.sums[id]) {
      if (memory_->CanHold(id, sum)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(program_.inputs[id].name, " cannot hold one of the sums of synaptic input"));
    }
  }
  for (ir::ParamId id = 0; id < moment.params.size(); ++id) *memory_->Param(id) = moment.params[id];
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    if (Mutant("runtime.resume_totals")) break;
    std::copy(moment.totals.begin(), moment.totals.end(), memory_->Total(0, thread));
  }
  for (ir::InputId id = 0; id < moment.sums.size(); ++id) {
    for (uint32_t i = 0; i < moment.sums[id].size(); ++i) {
      if (!Mutant("runtime.resume_sums")) memory_->SetSum(id, i, moment.sums[id][i]);
    }
  }
  for (ir::StateId state = 0; state < lowered_.states.size(); ++state) {
    if (!lowered_.states[state].temporary) PutValues(state, values(state));
  }
  if (!Mutant("runtime.resume_decaying")) decaying_->Forget();
  PutSpikes(moment);
  PutTallies(moment);
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    if (!Mutant("runtime.resume_backlogs")) BeginBacklogs(thread);
  }
  for (Worker& worker : workers_) worker.record.Rewind(0);
  if (!Mutant("runtime.resume_log")) log_.clear();
  if (!Mutant("runtime.resume_checkpoint")) RequestCheckpoint();
  step_ = moment.step;
  finished_ = moment.step;
  return absl::OkStatus();
}

}  // namespace bnsyn
