// From LLVM IR to an object file. No LLVM header is needed to include this one.
#ifndef BNSYN_COMPILER_EMISSION_CODEGEN_H_
#define BNSYN_COMPILER_EMISSION_CODEGEN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/emission/jit.h"
#include "compiler/options.h"

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace bnsyn::compiler {

// Makes LLVM ready to compile for this machine; done once, by whoever comes first.
void InitializeLlvm();

struct TargetMachineDeleter {
  void operator()(llvm::TargetMachine* machine) const;
};
using TargetMachinePtr = std::unique_ptr<llvm::TargetMachine, TargetMachineDeleter>;

// The lanes that the options ask for, or an error where they ask for what there is not.
absl::StatusOr<int> ChooseWidth(const CompileOptions& options, const Target& target);

// `optimization` is CompileOptions::optimization.
absl::StatusOr<TargetMachinePtr> MakeTargetMachine(const Target& target, int optimization);

// Runs the IR passes of the level over the module.
void Optimise(llvm::Module& module, llvm::TargetMachine& machine, int optimization);

enum class CodeKind { kObject, kAssembly };
absl::StatusOr<std::string> GenerateCode(llvm::Module& module, llvm::TargetMachine& machine,
                                         CodeKind kind);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_CODEGEN_H_
