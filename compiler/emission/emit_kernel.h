// Kernels: the step of one population, or of the network.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_KERNEL_H_
#define BNSYN_COMPILER_EMISSION_EMIT_KERNEL_H_

#include "absl/status/status.h"
#include "compiler/emission/emit_block.h"

namespace bnsyn::compiler {

// Adds the function of a kernel block to the module (see KernelArgs).
absl::Status EmitKernel(const EmitContext& context, const ir::Block& block);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_KERNEL_H_
