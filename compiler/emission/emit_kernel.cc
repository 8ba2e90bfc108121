#include "compiler/emission/emit_kernel.h"

#include <vector>

#include "compiler/emission/population_kernel.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;

// Emits a network kernel: every node is uniform, and runs once.
class NetworkKernel : public BlockEmitter {
 public:
  NetworkKernel(const EmitContext& context, const ir::Block& block)
      : BlockEmitter(context, block, kKernelLayout) {}

  absl::Status Emit() {
    if (block_.times != 1) BeginPasses();
    for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
      std::vector<llvm::Value*> operands;
      for (const ir::NodeId operand : node(id).inputs()) operands.push_back(uniform_[operand]);
      uniform_[id] = EmitNode(node(id), 1, operands);
    }
    if (block_.times != 1) EndPasses();
    builder_.CreateRetVoid();
    return status_;
  }

 private:
  void Store(ir::StateId state, llvm::Value* value) override {
    StoreSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element,
              StoredIndex(state, nullptr), value);
  }
  void Check(ir::StateId state, llvm::Value* value) override {
    FailIn(OutOfBounds(program_.states[state], value));
  }
  void FailIn(llvm::Value* lanes) override { MergeFault(lanes); }
};

}  // namespace

absl::Status EmitKernel(const EmitContext& context, const ir::Block& block) {
  if (block.domain == ir::DomainId::kNetwork) return NetworkKernel(context, block).Emit();
  const KernelGraph graph(context.program, block);
  BNSYN_ASSIGN_OR_RETURN(const KernelPlan plan,
                         PlanKernel(graph, {context.native_lanes}, context.options));
  return PopulationKernel(context, graph, plan).Emit();
}

}  // namespace bnsyn::compiler
