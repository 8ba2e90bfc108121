// The rows that make the plan of a kernel, in one table that reads top to bottom, as the passes do.
//
//   BNSYN_ASSIGN_OR_RETURN(const KernelPlan plan, PlanKernel(graph, {.native_lanes = 4}, options));
#ifndef BNSYN_COMPILER_SCHEDULE_PLAN_ROWS_H_
#define BNSYN_COMPILER_SCHEDULE_PLAN_ROWS_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/options.h"
#include "compiler/schedule/graph.h"
#include "compiler/schedule/kernel_plan.h"

namespace bnsyn::compiler {

// The facts about a machine that a plan depends on.
struct PlanTarget {
  int native_lanes = 2;  // doubles in a vector register

  // True if comparisons fill registers of their own (AVX-512).
  bool has_masks() const { return native_lanes == 8; }
};

// Moves nodes of the plan; the kernel computes the same without the row, only slower.
using PlanRowFunction = KernelPlan (*)(const KernelGraph&, const PlanTarget&, KernelPlan);
// OK if the plan, directly after the row, keeps the promise of the row.
using PlanRowCheck = absl::Status (*)(const KernelGraph&, const PlanTarget&, const KernelPlan&);

struct PlanRow {
  absl::string_view name;  // as in --disable-pass NAME and --stage plan.NAME
  absl::string_view promise;
  PlanRowFunction run;
  PlanRowCheck check;
};

// In the order in which they run.
absl::Span<const PlanRow> PlanRows();

// Called with each row's name and the plan after it.
using PlanObserver = absl::FunctionRef<void(absl::string_view row, const KernelPlan& plan)>;

// Plans a kernel over a population. Rows that options.disabled_passes names are left out. After
// each row the plan is verified (verify_plan.h) and the promise of the row checked; an error names
// the row, and is internal: the compiler is wrong, not the program.
absl::StatusOr<KernelPlan> PlanKernel(
    const KernelGraph& graph, const PlanTarget& target, const CompileOptions& options,
    PlanObserver observer = [](absl::string_view, const KernelPlan&) {});

// checks.cc
KernelPlan DeferChecks(const KernelGraph&, const PlanTarget&, KernelPlan);
absl::Status CheckDeferChecks(const KernelGraph&, const PlanTarget&, const KernelPlan&);

// sink.cc; these work on one loop of all nodes.
KernelPlan SinkArms(const KernelGraph&, const PlanTarget&, KernelPlan);
absl::Status CheckSinkArms(const KernelGraph&, const PlanTarget&, const KernelPlan&);
KernelPlan SinkHandlers(const KernelGraph&, const PlanTarget&, KernelPlan);
absl::Status CheckSinkHandlers(const KernelGraph&, const PlanTarget&, const KernelPlan&);
KernelPlan SinkToTail(const KernelGraph&, const PlanTarget&, KernelPlan);
absl::Status CheckSinkToTail(const KernelGraph&, const PlanTarget&, const KernelPlan&);

// loops.cc
KernelPlan NarrowFirst(const KernelGraph&, const PlanTarget&, KernelPlan);
absl::Status CheckNarrowFirst(const KernelGraph&, const PlanTarget&, const KernelPlan&);
KernelPlan DivideLoops(const KernelGraph&, const PlanTarget&, KernelPlan);
absl::Status CheckDivideLoops(const KernelGraph&, const PlanTarget&, const KernelPlan&);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_PLAN_ROWS_H_
