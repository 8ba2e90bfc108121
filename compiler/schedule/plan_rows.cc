#include "compiler/schedule/plan_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/verify_plan.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

constexpr PlanRow kRows[] = {
    // First, since a store need not wait for a spike where only deferred checks see its value.
    {"defer_checks", "checks of what memory holds at the end of a group are made there if at all",
     &DeferChecks, &CheckDeferChecks},
    // Before handlers, which take selects in together with their arms.
    {"sink_arms", "long arms of selects run only where some lane takes them", &SinkArms,
     &CheckSinkArms},
    {"sink_handlers", "what only spiking neurons need runs only where some lane spikes",
     &SinkHandlers, &CheckSinkHandlers},
    {"sink_to_tail", "handlers that nothing waits for run after a round of groups", &SinkToTail,
     &CheckSinkToTail},
    // Last, since every node must have its place before loops are weighed.
    {"narrow_first", "small integers run first with twice the lanes, where that pays", &NarrowFirst,
     &CheckNarrowFirst},
    {"divide_loops", "loops are so short that several vectors are under way, where that pays",
     &DivideLoops, &CheckDivideLoops},
};

bool Contains(const std::vector<std::string>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::Span<const PlanRow> PlanRows() { return kRows; }

absl::StatusOr<KernelPlan> PlanKernel(const KernelGraph& graph, const PlanTarget& target,
                                      const CompileOptions& options, PlanObserver observer) {
  KernelPlan plan = PlainPlan(graph);
  for (const PlanRow& row : kRows) {
    if (Contains(options.disabled_passes, row.name)) {
      observer(row.name, plan);
      continue;
    }
    const bool omitted = kMutants && Mutant(absl::StrCat("plan.", row.name, ".omit"));
    if (!omitted && !Contains(options.dropped_passes, row.name)) {
      plan = row.run(graph, target, std::move(plan));
    }
    const auto annotated = [&](absl::string_view fault, const absl::Status& status) {
      return absl::InternalError(absl::StrCat("kernel ", graph.kernel().name, ": row ", row.name,
                                              fault, status.message()));
    };
    if (const absl::Status status = VerifyPlan(graph, plan); !status.ok()) {
      return annotated(" made a plan that is not valid: ", status);
    }
    if (const absl::Status status = row.check(graph, target, plan); !status.ok()) {
      return annotated(
          " did not do its work: ",
          absl::InternalError(absl::StrCat(status.message(), " (promised: ", row.promise, ")")));
    }
    observer(row.name, plan);
  }
  return plan;
}

}  // namespace bnsyn::compiler
