#include "runtime/decaying_sums.h"

#include "ir/mutant.h"
#include "ir/status_macros.h"

namespace bnsyn {

DecayingSums::DecayingSums(const ir::Program& program, const Partition& partition,
                           const NetworkMemory& memory)
    : program_(program), partition_(partition), memory_(memory) {
  for (ir::InputId id = 0; id < program.inputs.size(); ++id) {
    const ir::Accumulator& accumulator = program.inputs[id].accumulator;
    if (!accumulator.decays()) continue;
    by_state_[accumulator.state] = all_.size();
    all_.push_back({id, accumulator.state, reference::AccumulatorArithmetic(accumulator), {}});
  }
}

const DecayingSums::Sums* DecayingSums::Find(ir::StateId state) const {
  const auto found = by_state_.find(state);
  return found == by_state_.end() ? nullptr : &all_[found->second];
}

Range DecayingSums::Own(const Sums& sums, int thread) const {
  return RangeOf(program_, partition_, sums.input, thread);
}

absl::Span<int64_t> DecayingSums::Elements(const Sums& sums, int thread) const {
  const Range own = Own(sums, thread);
  auto* const elements = static_cast<int64_t*>(memory_.Input(sums.input, thread));
  return {elements + own.begin, own.size()};
}

double* DecayingSums::Values(const Sums& sums) const {
  return static_cast<double*>(memory_.State(sums.state, 0));
}

absl::Status DecayingSums::Begin() const {
  for (const Sums& sums : all_) {
    const uint32_t size = program_.Size(program_.inputs[sums.input].population);
    for (uint32_t i = 0; i < size; ++i) {
      BNSYN_RETURN_IF_ERROR(SetState(sums.state, i, 0, Values(sums)[i]));
    }
  }
  return absl::OkStatus();
}

void DecayingSums::EndStep(int thread, uint64_t step) const {
  if (Mutant("runtime.end_of_a_period")) return;
  for (const Sums& sums : all_) sums.arithmetic.EndStep(step, Elements(sums, thread));
}

void DecayingSums::ReadState(ir::StateId state, uint64_t step) const {
  const Sums* const sums = Find(state);
  if (sums == nullptr || sums->up_to_date == step) return;
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    const uint64_t begin = Own(*sums, thread).begin;
    sums->arithmetic.ReadSums(step, Elements(*sums, thread), Values(*sums) + begin);
  }
  sums->up_to_date = step;
}

void DecayingSums::Forget() const {
  for (const Sums& sums : all_) sums.up_to_date.reset();
}

absl::Status DecayingSums::SetState(ir::StateId state, uint32_t element, uint64_t step,
                                    double value) const {
  const Sums& sums = *Find(state);
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    const Range own = Own(sums, thread);
    if (element < own.begin || element >= own.end) continue;
    int64_t& sum = Elements(sums, thread)[element - own.begin];
    BNSYN_ASSIGN_OR_RETURN(sum, sums.arithmetic.SumFor(step, value));
    sums.arithmetic.ReadSums(step, {&sum, 1}, Values(sums) + element);
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
