#include "runtime/decaying_inputs.h"

#include "ir/status_macros.h"

namespace bnsyn {

DecayingInputs::DecayingInputs(const ir::Program& program, const Partition& partition,
                               const NetworkMemory& memory)
    : program_(program), partition_(partition), memory_(memory) {
  for (ir::InputId id = 0; id < program.inputs.size(); ++id) {
    const ir::Input& input = program.inputs[id];
    if (input.decay) all_.push_back({id, input.decay->state, reference::DecayTable(input), {}});
  }
}

const DecayingInputs::Decaying* DecayingInputs::Find(ir::StateId state) const {
  for (const Decaying& decaying : all_) {
    if (decaying.state == state) return &decaying;
  }
  return nullptr;
}

Range DecayingInputs::Own(const Decaying& decaying, int thread) const {
  return RangeOf(program_, partition_, decaying.input, thread);
}

absl::Span<int64_t> DecayingInputs::Sums(const Decaying& decaying, int thread) const {
  const Range own = Own(decaying, thread);
  auto* const sums = static_cast<int64_t*>(memory_.Input(decaying.input, thread));
  return {sums + own.begin, own.size()};
}

double* DecayingInputs::Values(const Decaying& decaying) const {
  return static_cast<double*>(memory_.State(decaying.state, 0));
}

absl::Status DecayingInputs::Begin() const {
  for (const Decaying& decaying : all_) {
    const uint32_t size = program_.Size(program_.inputs[decaying.input].population);
    for (uint32_t i = 0; i < size; ++i) {
      BNSYN_RETURN_IF_ERROR(Set(decaying.state, i, 0, Values(decaying)[i]));
    }
  }
  return absl::OkStatus();
}

void DecayingInputs::EndStep(int thread, uint64_t step) const {
  for (const Decaying& decaying : all_) decaying.decay.EndStep(step, Sums(decaying, thread));
}

void DecayingInputs::Show(ir::StateId state, uint64_t step) const {
  const Decaying* const decaying = Find(state);
  if (decaying == nullptr || decaying->shown == step) return;
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    const uint64_t begin = Own(*decaying, thread).begin;
    decaying->decay.Show(step, Sums(*decaying, thread), Values(*decaying) + begin);
  }
  decaying->shown = step;
}

absl::Status DecayingInputs::Set(ir::StateId state, uint32_t element, uint64_t step,
                                 double value) const {
  const Decaying& decaying = *Find(state);
  for (int thread = 0; thread < partition_.threads(); ++thread) {
    const Range own = Own(decaying, thread);
    if (element < own.begin || element >= own.end) continue;
    int64_t& sum = Sums(decaying, thread)[element - own.begin];
    BNSYN_ASSIGN_OR_RETURN(sum, decaying.decay.Hold(step, value));
    decaying.decay.Show(step, {&sum, 1}, Values(decaying) + element);
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
