// on_pre code: the delivery of due spikes.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_DELIVER_H_
#define BNSYN_COMPILER_EMISSION_EMIT_DELIVER_H_

#include "absl/status/status.h"
#include "compiler/emission/emit_block.h"

namespace bnsyn::compiler {

// Adds the function of an on_pre block to the module (see DeliverArgs).
absl::Status EmitDeliver(const EmitContext& context, const ir::Block& block);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_DELIVER_H_
