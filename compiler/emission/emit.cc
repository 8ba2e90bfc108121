#include "compiler/emission/emit.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/emission/emit_deliver.h"
#include "compiler/emission/emit_kernel.h"
#include "ir/status_macros.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"
#include "reference/input_proof.h"

namespace bnsyn::compiler {
namespace {

bool HasFma(const Target& target) {
  return absl::StartsWith(target.triple, "aarch64") ||
         absl::StrContains(absl::StrCat(",", target.features, ","), ",+fma,");
}

}  // namespace

std::string FunctionName(const ir::Block& block) {
  return absl::StrCat(block.kind == ir::BlockKind::kKernel ? "kernel." : "deliver.", block.code);
}

std::vector<const ir::Block*> DistinctCode(const ir::Program& program) {
  std::vector<const ir::Block*> blocks;
  std::set<std::string> seen;
  for (const std::vector<ir::Block>* list : {&program.step, &program.synaptic}) {
    for (const ir::Block& block : *list) {
      if (!block.code.empty() && seen.insert(FunctionName(block)).second) blocks.push_back(&block);
    }
  }
  return blocks;
}

absl::StatusOr<std::unique_ptr<llvm::Module>> EmitModule(const ir::Program& program,
                                                         const CompileOptions& options,
                                                         const Target& target, int width,
                                                         llvm::LLVMContext& llvm_context) {
  auto module = std::make_unique<llvm::Module>("bnsyn", llvm_context);
  module->setTargetTriple(target.triple);
  const EmitContext context = {program,        *module, width, target.native_lanes,
                               HasFma(target), options};
  for (const ir::Block* block : DistinctCode(program)) {
    switch (block->kind) {
      case ir::BlockKind::kOnPre:
      case ir::BlockKind::kOnStep:
      case ir::BlockKind::kOnPost:
        BNSYN_RETURN_IF_ERROR(EmitDeliver(context, *block));
        break;
      case ir::BlockKind::kKernel:
        BNSYN_RETURN_IF_ERROR(EmitKernel(context, *block));
        break;
      case ir::BlockKind::kInit:
      case ir::BlockKind::kConnect:
      case ir::BlockKind::kLoop:
      case ir::BlockKind::kClock:
      case ir::BlockKind::kNow:
      case ir::BlockKind::kStep:
        return absl::InternalError("cannot emit a program that did not go through the fuse pass");
    }
  }
  std::string complaint;
  llvm::raw_string_ostream stream(complaint);
  if (llvm::verifyModule(*module, &stream)) {
    return absl::InternalError(absl::StrCat("emitted code is not valid: ", stream.str()));
  }
  return module;
}

}  // namespace bnsyn::compiler
