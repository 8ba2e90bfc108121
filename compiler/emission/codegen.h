// Turns an LLVM module into an object file or assembly. Includes no LLVM header.
//
//   BNSYN_ASSIGN_OR_RETURN(const TargetMachinePtr machine, MakeTargetMachine(target, 2));
//   Optimise(*module, *machine, 2);
//   BNSYN_ASSIGN_OR_RETURN(std::string object, GenerateCode(*module, *machine, CodeKind::kObject));
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

// Initialises LLVM's code generator for this machine, once per process.
void InitializeLlvm();

// True in a build with the thread sanitizer, which then looks at emitted code as well.
bool FindsRaces();

struct TargetMachineDeleter {
  void operator()(llvm::TargetMachine* machine) const;
};
using TargetMachinePtr = std::unique_ptr<llvm::TargetMachine, TargetMachineDeleter>;

// The vector width that the options choose for this target, in lanes. InvalidArgument if the width
// or the optimisation level does not exist.
absl::StatusOr<int> ChooseWidth(const CompileOptions& options, const Target& target);

// LLVM's description of the target at an optimisation level (CompileOptions::optimization).
// Unavailable if LLVM cannot compile for it.
absl::StatusOr<TargetMachinePtr> MakeTargetMachine(const Target& target, int optimization);

// Runs LLVM's passes of the level over the module. Gives the module the data layout of the machine.
void Optimise(llvm::Module& module, llvm::TargetMachine& machine, int optimization);

enum class CodeKind { kObject, kAssembly };
absl::StatusOr<std::string> GenerateCode(llvm::Module& module, llvm::TargetMachine& machine,
                                         CodeKind kind);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_CODEGEN_H_
