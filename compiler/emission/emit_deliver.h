// Emits the code of synaptic blocks: a loop over neurons around a loop over the synapses of each.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_DELIVER_H_
#define BNSYN_COMPILER_EMISSION_EMIT_DELIVER_H_

#include "absl/status/status.h"
#include "compiler/emission/emit_block.h"

namespace bnsyn::compiler {

// Adds the function of an on_pre, on_step or on_post block to the module (see DeliverArgs). An
// on_pre block that only adds constants needs no code: runtime/delivery/row_delivery.h delivers it.
absl::Status EmitDeliver(const EmitContext& context, const ir::Block& block);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_DELIVER_H_
