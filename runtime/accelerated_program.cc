#include "runtime/accelerated_program.h"

#include <utility>
#include <vector>

#include "ir/status_macros.h"

namespace bnsyn {
namespace {

// The contributions of constant synapses are added by rows (delivery/row_delivery.h), so that their
// on_pre blocks are not compiled.
void DropUncalledCode(const Layout& layout, ir::Program& program) {
  std::vector<bool> runs_code(program.projections.size());
  for (const SynapseGroup& group : layout.groups) {
    if (group.form != SynapseForm::kCode) continue;
    for (const ir::ProjectionId id : group.projections) runs_code[id] = true;
  }
  for (ir::Block& block : program.synaptic) {
    if (runs_code[program.domains[static_cast<size_t>(block.domain)].index]) continue;
    block.code.clear();
    block.slots.clear();
  }
}

}  // namespace

absl::StatusOr<AcceleratedProgram> PrepareAccelerated(const ir::Program& program,
                                                      const EngineOptions& options,
                                                      const compiler::StageObserver& observer) {
  BNSYN_ASSIGN_OR_RETURN(const LayoutLimits limits, LimitsByName(options.layout));
  BNSYN_ASSIGN_OR_RETURN(ir::Program passed,
                         compiler::RunPasses(program, options.compile, observer));
  Partition partition(passed, options.threads);
  BNSYN_ASSIGN_OR_RETURN(Layout layout, ChooseLayout(passed, partition, limits));
  DropUncalledCode(layout, passed);
  return AcceleratedProgram{std::move(passed), std::move(partition), std::move(layout)};
}

}  // namespace bnsyn
