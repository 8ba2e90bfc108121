// Emits kernels: the code of a step for one population, or for the network.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_KERNEL_H_
#define BNSYN_COMPILER_EMISSION_EMIT_KERNEL_H_

#include "absl/status/status.h"
#include "compiler/emission/emit_block.h"

namespace bnsyn::compiler {

// Adds the function of a kernel block to the module. It takes KernelArgs (kernel_abi.h). The code of
// a population follows the plan of PlanKernel (schedule/plan_rows.h).
absl::Status EmitKernel(const EmitContext& context, const ir::Block& block);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_KERNEL_H_
