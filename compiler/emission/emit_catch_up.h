// Emits the code that brings rows of synapses up to date (kernel_abi.h, DeferArgs).
#ifndef BNSYN_COMPILER_EMISSION_EMIT_CATCH_UP_H_
#define BNSYN_COMPILER_EMISSION_EMIT_CATCH_UP_H_

#include "absl/status/status.h"
#include "compiler/emission/emit_block.h"
#include "compiler/passes/catch_up.h"

namespace bnsyn::compiler {

absl::Status EmitCatchUp(const EmitContext& context, const CatchUp& catch_up);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_CATCH_UP_H_
