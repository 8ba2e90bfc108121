// Emits what a deferred block does when it is due (kernel_abi.h, DeferArgs).
#ifndef BNSYN_COMPILER_EMISSION_EMIT_DEFER_HEADS_H_
#define BNSYN_COMPILER_EMISSION_EMIT_DEFER_HEADS_H_

#include "absl/status/status.h"
#include "compiler/analysis/deferral.h"
#include "compiler/emission/emit_block.h"

namespace bnsyn::compiler {

// Of a deferred on_post block: what it does once for each arrival, and the arrival in the history
// of its target.
absl::Status EmitHead(const EmitContext& context, const Deferral& deferral);
// Of a deferred on_step block: captures the values of the network.
absl::Status EmitCapture(const EmitContext& context, const Deferral& deferral);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_DEFER_HEADS_H_
