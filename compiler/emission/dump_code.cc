#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/emission/codegen.h"
#include "compiler/emission/emit.h"
#include "compiler/emission/unless_thrown.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace bnsyn::compiler {
namespace {

std::string Print(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

// The plan of each kernel after the row, or after the last one if that is "".
absl::StatusOr<std::string> DumpPlans(const ir::Program& program, const CompileOptions& options,
                                      const Target& target, absl::string_view wanted_row) {
  std::string text;
  for (const ir::Block* block : DistinctCode(program)) {
    if (block->kind != ir::BlockKind::kKernel || block->domain == ir::DomainId::kNetwork) continue;
    const KernelGraph graph(program, *block);
    std::string after_row;
    BNSYN_ASSIGN_OR_RETURN(const KernelPlan plan,
                           PlanKernel(graph, {target.native_lanes}, options,
                                      [&](absl::string_view row, const KernelPlan& plan_so_far) {
                                        if (row == wanted_row)
                                          after_row = PrintPlan(graph, plan_so_far);
                                      }));
    absl::StrAppend(&text, text.empty() ? "" : "\n", "plan of kernel ", block->name, "\n",
                    wanted_row.empty() ? PrintPlan(graph, plan) : after_row);
  }
  return text;
}

constexpr absl::string_view kRowPrefix = "plan.";

}  // namespace

std::vector<std::string> CodeStages() {
  std::vector<std::string> stages;
  for (const PlanRow& row : PlanRows()) stages.push_back(absl::StrCat(kRowPrefix, row.name));
  stages.insert(stages.end(), {"plan", "llvm", "llvm-opt", "asm"});
  return stages;
}

absl::StatusOr<std::string> DumpCode(const ir::Program& program, const CompileOptions& options,
                                     const std::string& stage) {
  const std::vector<std::string> stages = CodeStages();
  if (std::find(stages.begin(), stages.end(), stage) == stages.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no code stage '", stage, "'", ir::DidYouMean(stage, stages)));
  }
  BNSYN_ASSIGN_OR_RETURN(const Target target, HostTarget());
  if (stage == "plan") return DumpPlans(program, options, target, "");
  if (absl::StartsWith(stage, kRowPrefix)) {
    return DumpPlans(program, options, target, stage.substr(kRowPrefix.size()));
  }
  BNSYN_ASSIGN_OR_RETURN(const int width, ChooseWidth(options, target));
  BNSYN_ASSIGN_OR_RETURN(const TargetMachinePtr machine,
                         MakeTargetMachine(target, options.optimization));
  const UnlessThrown<llvm::LLVMContext> context;
  const UnlessThrown<std::unique_ptr<llvm::Module>> module;
  BNSYN_ASSIGN_OR_RETURN(*module, EmitModule(program, options, target, width, *context));
  if (stage == "llvm") return Print(**module);
  Optimise(**module, *machine, options.optimization);
  if (stage == "llvm-opt") return Print(**module);
  return GenerateCode(**module, *machine, CodeKind::kAssembly);
}

}  // namespace bnsyn::compiler
