#include "absl/strings/str_cat.h"
#include "compiler/emission/codegen.h"
#include "compiler/emission/emit.h"
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

}  // namespace

absl::StatusOr<std::string> DumpCode(const ir::Program& program, const CompileOptions& options,
                                     const std::string& stage) {
  if (stage != "llvm" && stage != "llvm-opt" && stage != "asm") {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no code stage '", stage, "'",
                     ir::DidYouMean(stage, {"llvm", "llvm-opt", "asm"})));
  }
  BNSYN_ASSIGN_OR_RETURN(const Target target, HostTarget());
  BNSYN_ASSIGN_OR_RETURN(const int width, ChooseWidth(options, target));
  BNSYN_ASSIGN_OR_RETURN(const TargetMachinePtr machine,
                         MakeTargetMachine(target, options.optimization));
  llvm::LLVMContext context;
  BNSYN_ASSIGN_OR_RETURN(const std::unique_ptr<llvm::Module> module,
                         EmitModule(program, target, width, context));
  if (stage == "llvm") return Print(*module);
  Optimise(*module, *machine, options.optimization);
  if (stage == "llvm-opt") return Print(*module);
  return GenerateCode(*module, *machine, CodeKind::kAssembly);
}

}  // namespace bnsyn::compiler
