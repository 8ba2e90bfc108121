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
  return reference::CopyOf(memory.values.View(id));
}

}  // namespace

absl::Status ErrorOfStep(const ir::Program& program, const StepMemory& memory, uint64_t step) {
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
    start.sums.push_back(memory.values.SumsOf(id));
  }
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const Layout& layout = memory.synapses.layout();
    const bool rows = layout.groups[layout.GroupOf(id)].form != SynapseForm::kCode;
    start.delivered.push_back(rows && !program.Delivers());
  }
  start.spikes = [&](ir::PopulationId population, uint64_t past) {
    return memory.ring.AllSpikes(population, past);
  };
  BNSYN_ASSIGN_OR_RETURN(const std::unique_ptr<reference::Interpreter> interpreter,
                         reference::Interpreter::CreateAt(program, start));
  BNSYN_RETURN_IF_ERROR(interpreter->Step());
  return absl::InternalError(absl::StrCat("the accelerated backend found a fault in step ", step,
                                          ", but the reference backend finds none"));
}

}  // namespace bnsyn
