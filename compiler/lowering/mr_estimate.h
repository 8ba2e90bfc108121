// mr_estimate(A, lags, memory) in code of the network level: the branching ratio of the activity A
// by multistep regression (Wilting & Priesemann 2018), as it runs.
//
// The code sees one value of A each time that it runs. It keeps the last ones, and the running
// mean and variance of each and its covariance with the newest, so that r_k is the slope of
// A(t+k) on A(t) over all runs so far, or with a memory over about so many. Each run then makes one
// step of Gauss and Newton towards the m for which b m^k fits r_1, ..., r_lags best, from the m of
// the run before: slopes change little in a run, and m follows them.
#ifndef BNSYN_COMPILER_LOWERING_MR_ESTIMATE_H_
#define BNSYN_COMPILER_LOWERING_MR_ESTIMATE_H_

#include "absl/status/statusor.h"
#include "compiler/lowering/code_scope.h"

namespace bnsyn::compiler {

inline constexpr absl::string_view kMrEstimate = "mr_estimate";

// The value of the call: m, or -1 where nothing can be said. Its states belong to the call.
absl::StatusOr<TypedValue> EmitMrEstimate(const Expr& call, const ir::SourceText& source,
                                          CodeScope& scope);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_MR_ESTIMATE_H_
