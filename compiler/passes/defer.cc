// defer: marks the synapse code that engines may run later than it is due, and drops those of its
// checks that never fail: an engine must not notice a failure too late.
#include <optional>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/deferral.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"

namespace bnsyn::compiler {
namespace {

ir::Program WithMarks(const ir::Program& program, bool defer) {
  ir::Program result = program;
  for (ir::Block& block : result.synaptic) block.deferred = false;
  if (!defer) return result;
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    for (const BlockDeferral& decided : DecideDeferral(program, id)) {
      result.synaptic[decided.block].deferred = decided.deferred;
    }
  }
  return result;
}

}  // namespace

absl::StatusOr<ir::Program> Defer(const ir::Program& program, const CompileOptions&) {
  const ir::Program marked = WithMarks(program, true);
  ir::Program result = marked;
  for (ir::Block& block : result.synaptic) {
    if (!block.deferred) continue;
    const std::vector<ir::NodeId> proven = ProvenChecks(marked, block);
    block = RewriteBlock(marked, block, [&](Rewriter&, ir::NodeId id) -> std::optional<ir::Value> {
      if (absl::c_binary_search(proven, id)) return ir::Value{};
      return std::nullopt;
    });
  }
  return result;
}

absl::StatusOr<ir::Program> DeferNothing(const ir::Program& program, const CompileOptions&) {
  return WithMarks(program, false);
}

absl::Status CheckDefer(const ir::Program& program) {
  const ir::Program allowed = WithMarks(program, true);
  for (size_t i = 0; i < program.synaptic.size(); ++i) {
    const ir::Block& block = program.synaptic[i];
    if (block.deferred && !allowed.synaptic[i].deferred) {
      return absl::InternalError(
          absl::StrCat(ir::BlockKindName(block.kind), " ", block.name, " cannot be deferred"));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
