// Verifies that a plan computes what its kernel means.
#ifndef BNSYN_COMPILER_SCHEDULE_VERIFY_PLAN_H_
#define BNSYN_COMPILER_SCHEDULE_VERIFY_PLAN_H_

#include "absl/status/status.h"
#include "compiler/schedule/graph.h"
#include "compiler/schedule/kernel_plan.h"

namespace bnsyn::compiler {

// OK if the plan computes every node once (a store or check of a select may act twice: before the
// spike, and in the handler for lanes that spike); loads and stores of a state stand in the order
// of the kernel; each value is available where it is read: computed before in the same loop and
// region, the result of a region, kept or held by an earlier loop, or one that can be computed
// again; and deferred checks find in memory what they are to check. Else an internal error that
// shows the node.
absl::Status VerifyPlan(const KernelGraph& graph, const KernelPlan& plan);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_VERIFY_PLAN_H_
