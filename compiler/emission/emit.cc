#include "compiler/emission/emit.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/emission/emit_catch_up.h"
#include "compiler/emission/emit_defer_heads.h"
#include "compiler/emission/emit_deliver.h"
#include "compiler/emission/emit_kernel.h"
#include "compiler/emission/unless_thrown.h"
#include "compiler/passes/catch_up.h"
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

// The catch-ups that need code of their own.
std::vector<CatchUp> DistinctCatchUps(const ir::Program& program) {
  std::vector<CatchUp> catch_ups = FindCatchUps(program);
  std::set<std::string> seen;
  std::erase_if(catch_ups,
                [&](const CatchUp& catch_up) { return !seen.insert(catch_up.block.code).second; });
  return catch_ups;
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

std::vector<std::string> FunctionNames(const ir::Program& program) {
  std::vector<std::string> names;
  for (const ir::Block* block : DistinctCode(program)) names.push_back(FunctionName(*block));
  for (const CatchUp& catch_up : DistinctCatchUps(program)) {
    names.push_back(FunctionName(catch_up.block));
  }
  return names;
}

absl::StatusOr<std::unique_ptr<llvm::Module>> EmitModule(const ir::Program& program,
                                                         const CompileOptions& options,
                                                         const Target& target, int width,
                                                         llvm::LLVMContext& llvm_context) {
  const UnlessThrown<std::unique_ptr<llvm::Module>> owned(
      std::make_unique<llvm::Module>("bnsyn", llvm_context));
  llvm::Module& module = **owned;
  module.setTargetTriple(target.triple);
  const EmitContext context = {program,        module, width, target.native_lanes,
                               HasFma(target), options};
  const std::vector<Deferral> deferrals = FindDeferrals(program);
  for (const ir::Block* block : DistinctCode(program)) {
    if (block->deferred) continue;
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
  std::set<std::string> emitted;
  for (const Deferral& deferral : deferrals) {
    for (const std::optional<size_t>& number : {deferral.post, deferral.step}) {
      if (!number.has_value()) continue;
      if (!emitted.insert(program.synaptic[*number].code).second) continue;
      BNSYN_RETURN_IF_ERROR(number == deferral.post ? EmitHead(context, deferral)
                                                    : EmitCapture(context, deferral));
    }
  }
  for (const CatchUp& catch_up : DistinctCatchUps(program)) {
    BNSYN_RETURN_IF_ERROR(EmitCatchUp(context, catch_up));
  }
  std::string complaint;
  llvm::raw_string_ostream stream(complaint);
  if (llvm::verifyModule(module, &stream)) {
    return absl::InternalError(absl::StrCat("emitted code is not valid: ", stream.str()));
  }
  return std::move(*owned);
}

}  // namespace bnsyn::compiler
