#include "runtime/fault_replay.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/interpreter.h"
#include "reference/machine.h"

namespace bnsyn {
namespace {

reference::Array Copy(const reference::ArrayView& view) {
  reference::Array values(view.element, view.size);
  for (size_t i = 0; i < view.size; ++i) values.set_bits(i, view.bits(i));
  return values;
}

reference::Array StateAt(const ir::Program& program, const StepMemory& memory, ir::StateId id,
                         uint64_t step) {
  const ir::State& state = program.states[id];
  if (state.temporary) {
    // It holds nothing between steps, and passes drop those that nothing reads.
    reference::Array nothing(state.type.element, program.Size(state.type.domain));
    nothing.Fill(0);
    return nothing;
  }
  if (reference::IsOfSynapses(program, state.type.domain)) {
    return memory.synapses.State(program, id);
  }
  if (state.history != 0) return memory.values.History(id);
  memory.decaying.ReadState(id, step);
  return Copy(memory.values.View(id));
}

std::vector<reference::Quanta> SumsAt(const ir::Program& program, const StepMemory& memory,
                                      ir::InputId input) {
  std::vector<reference::Quanta> sums(program.Size(program.inputs[input].population));
  for (uint32_t i = 0; i < sums.size(); ++i) sums[i] = memory.values.SumOf(input, i);
  return sums;
}

std::vector<uint32_t> SortedSpikes(const SpikeRing& ring, int threads, ir::PopulationId population,
                                   uint64_t step) {
  std::vector<uint32_t> spikes = ring.Injected(population, step);
  for (int t = 0; t < threads; ++t) {
    const absl::Span<const uint32_t> own = ring.Spikes(population, t, step);
    spikes.insert(spikes.end(), own.begin(), own.end());
  }
  std::sort(spikes.begin(), spikes.end());
  return spikes;
}

}  // namespace

absl::Status ErrorOfStep(const ir::Program& program, const StepMemory& memory, uint64_t step) {
  const int threads = memory.partition.threads();
  reference::StepStart start;
  start.step = step;
  for (ir::ParamId id = 0; id < program.params.size(); ++id) {
    start.params.push_back(*memory.values.Param(id));
  }
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    start.states.push_back(StateAt(program, memory, id, step));
  }
  for (ir::ReductionId id = 0; id < program.reductions.size(); ++id) {
    start.totals.push_back(*memory.values.Total(id, 0));
  }
  for (ir::InputId id = 0; id < program.inputs.size(); ++id) {
    start.sums.push_back(SumsAt(program, memory, id));
  }
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const Layout& layout = memory.synapses.layout();
    const bool rows = layout.groups[layout.GroupOf(id)].form != SynapseForm::kCode;
    start.delivered.push_back(rows && !program.Delivers());
  }
  start.spikes = [&](ir::PopulationId population, uint64_t past) {
    return SortedSpikes(memory.ring, threads, population, past);
  };
  BNSYN_ASSIGN_OR_RETURN(const std::unique_ptr<reference::Interpreter> interpreter,
                         reference::Interpreter::CreateAt(program, start));
  BNSYN_RETURN_IF_ERROR(interpreter->Step());
  return absl::InternalError(absl::StrCat("the accelerated backend found a fault in step ", step,
                                          ", but the reference backend finds none"));
}

}  // namespace bnsyn
