// defer: marks the synapse code that engines may run later than it is due, and drops those of its
// checks that never fail: an engine must not notice a failure too late.
#include <optional>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/deferral.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/access.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "reference/connectivity.h"

namespace bnsyn::compiler {
namespace {

ir::Program WithMarks(const ir::Program& program, bool defer) {
  ir::Program result = program;
  for (ir::Block& block : result.synaptic) block.deferred = false;
  if (!defer) return result;
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    for (const BlockDeferral& decided : DecideDeferral(program, id)) {
      result.synaptic[decided.block].deferred = decided.deferred || Mutant("pass.defer.all");
    }
  }
  return result;
}

// True for on_step code of every step that only a synapse itself can see.
bool IsOwnStep(const ir::Block& block) {
  if (block.HasClock() && Mutant("pass.defer.join_clocks")) return true;
  return block.kind == ir::BlockKind::kOnStep && !block.HasClock() && !block.sums.has_value() &&
         absl::c_none_of(block.nodes, ir::Accumulates);
}

// The program with such blocks of a projection that follow one another made one: no synapse sees
// another, so that it is the same to run both over each.
ir::Program WithStepsJoined(const ir::Program& program) {
  ir::Program result = program;
  result.synaptic.clear();
  for (const ir::Block& block : program.synaptic) {
    ir::Block* const before = result.synaptic.empty() ? nullptr : &result.synaptic.back();
    if (before == nullptr || before->domain != block.domain || !IsOwnStep(*before) ||
        !IsOwnStep(block)) {
      result.synaptic.push_back(block);
      continue;
    }
    const auto first = static_cast<ir::NodeId>(before->nodes.size());
    for (ir::Node node : block.nodes) {
      for (ir::NodeId& operand : node.operands) {
        if (operand != ir::kNoNode) operand += first;
      }
      before->nodes.push_back(node);
    }
  }
  return result;
}

// Takes the marks from projections of which arrivals alone are deferred, and which have few
// synapses.
absl::Status KeepFewAsTheyAre(const CompileOptions& options, ir::Program& program) {
  if (options.defer_from <= 0) return absl::OkStatus();
  for (const Deferral& deferral : FindDeferrals(program)) {
    if (deferral.step.has_value()) continue;
    BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                           reference::Connectivity::Create(program, deferral.projection, {}));
    if (connectivity.ExpectedSynapses() >= options.defer_from) continue;
    program.synaptic[*deferral.post].deferred = false;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ir::Program> Defer(const ir::Program& program, const CompileOptions& options) {
  ir::Program marked = WithMarks(WithStepsJoined(program), true);
  BNSYN_RETURN_IF_ERROR(KeepFewAsTheyAre(options, marked));
  ir::Program result = marked;
  for (ir::Block& block : result.synaptic) {
    if (!block.deferred) continue;
    const std::vector<ir::NodeId> proven = ProvenChecks(marked, block);
    block = RewriteBlock(marked, block, [&](Rewriter&, ir::NodeId id) -> std::optional<ir::Value> {
      const bool check = block.nodes[id].op == ir::Op::kCheck;
      if (check && Mutant("pass.defer.checks_that_may_fail")) return ir::Value{};
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
    // Of a block that later passes leave nothing of, nothing can be late.
    if (!VisitsSynapses(program, block)) continue;
    if (block.deferred && !allowed.synaptic[i].deferred) {
      return absl::InternalError(
          absl::StrCat(ir::BlockKindName(block.kind), " ", block.name, " cannot be deferred"));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
