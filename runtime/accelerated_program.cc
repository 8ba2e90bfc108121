#include "runtime/accelerated_program.h"

#include <utility>

#include "ir/status_macros.h"

namespace bnsyn {
namespace {

// The contributions of constant synapses are added by rows (delivery/row_delivery.h), so that their
// on_pre blocks are not compiled.
void DropUncalledCode(const Layout& layout, ir::Program& program) {
  for (ir::Block& block : program.synaptic) {
    const ir::ProjectionId id = program.domains[static_cast<size_t>(block.domain)].index;
    if (layout.groups[layout.GroupOf(id)].form == SynapseForm::kCode) continue;
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
