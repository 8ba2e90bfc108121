// specialise: turns parameters and weights that cannot change while running into literals, which
// simplify folds.
#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/mutant.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

// The projection an on_pre block belongs to; its synapses are the block's domain.
ir::ProjectionId ProjectionOf(const ir::Program& program, const ir::Block& block) {
  return program.domains[static_cast<size_t>(block.domain)].index;
}

}  // namespace

absl::StatusOr<ir::Program> Specialise(const ir::Program& program, const CompileOptions&) {
  return RewriteCode(program, [&](const ir::Block& block) {
    return RewriteBlock(
        program, block, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          const ir::Node& node = block.nodes[id];
          const bool any = Mutant("pass.specialise.tunable_parameters");
          if (node.op == ir::Op::kParam && (any || !program.params[node.attr].tunable)) {
            const ir::Param& param = program.params[node.attr];
            return rewriter.builder().Literal(param.element, param.value);
          }
          if (node.op == ir::Op::kWeight) {
            const ir::ProjectionId projection = ProjectionOf(program, block);
            const bool one = Mutant("pass.specialise.weights_of_synapses");
            if (one || !program.HasOwnWeights(projection))
              return rewriter.builder().F64(program.projections[projection].weight);
          }
          return std::nullopt;
        });
  });
}

absl::Status CheckSpecialise(const ir::Program& program) {
  for (const ir::Block* block : CodeBlocks(program)) {
    for (ir::NodeId id = 0; id < block->nodes.size(); ++id) {
      const ir::Node& node = block->nodes[id];
      if (node.op == ir::Op::kParam && !program.params[node.attr].tunable) {
        return absl::InternalError(absl::StrCat("'", ir::PrintNode(program, *block, id),
                                                "' reads a parameter that cannot change"));
      }
      if (node.op == ir::Op::kWeight && !program.HasOwnWeights(ProjectionOf(program, *block))) {
        return absl::InternalError(absl::StrCat("'", ir::PrintNode(program, *block, id),
                                                "' reads a weight that all synapses share"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
