// From placed blocks to LLVM IR. Seen by the files that emit, compile and dump code; no LLVM header
// is needed to include this one.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_H_
#define BNSYN_COMPILER_EMISSION_EMIT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/emission/jit.h"
#include "compiler/options.h"
#include "ir/program.h"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace bnsyn::compiler {

// The blocks that need code of their own: the first of each ir::Block::code, kernels first, in
// program order.
std::vector<const ir::Block*> DistinctCode(const ir::Program& program);

// The symbol of a block's function.
std::string FunctionName(const ir::Block& block);

// The symbols of all functions of the module.
std::vector<std::string> FunctionNames(const ir::Program& program);

// One function for each of DistinctCode(), of deferred blocks the piece that runs when they are
// due, and those that bring rows up to date (compiler/passes/catch_up.h). Vectors have `width`
// lanes. Of the options, the passes that are left out matter: some are rows of the plans of
// kernels.
absl::StatusOr<std::unique_ptr<llvm::Module>> EmitModule(const ir::Program& program,
                                                         const CompileOptions& options,
                                                         const Target& target, int width,
                                                         llvm::LLVMContext& context);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_H_
