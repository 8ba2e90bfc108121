// Machine code for the kernels of a program: emission, LLVM, cache. No LLVM type is visible here.
#ifndef BNSYN_COMPILER_EMISSION_JIT_H_
#define BNSYN_COMPILER_EMISSION_JIT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/emission/kernel_abi.h"
#include "compiler/options.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// What this machine is to the compiler.
struct Target {
  std::string triple;
  std::string cpu;        // "znver3"
  std::string features;   // "+avx2,+fma,..."
  int native_lanes = 2;   // doubles in one vector register
  int default_width = 4;  // what CompileOptions::width = 0 means
};
absl::StatusOr<Target> HostTarget();
std::string LlvmVersion();

// Milliseconds spent in each phase, in order.
struct CompileReport {
  struct Phase {
    std::string name;
    double milliseconds = 0;
  };
  std::vector<Phase> phases;
  int width = 0;
  bool cache_hit = false;
  std::string key;  // the cache key, hex
};

// Compiled code, owned; functions stay valid as long as it lives.
class CompiledCode {
 public:
  virtual ~CompiledCode() = default;
  // By ir::Block::code; null where there is none of that name.
  virtual KernelFunction kernel(const std::string& code) const = 0;
  virtual DeliverFunction deliver(const std::string& code) const = 0;
};

// Compiles the kernels and on_pre blocks of a program that went through all passes. Adds its phases
// to `report`.
absl::StatusOr<std::unique_ptr<CompiledCode>> CompileKernels(const ir::Program& program,
                                                             const CompileOptions& options,
                                                             CompileReport& report);

// The same for a target that is not HostTarget(): one whose instructions this machine has too.
absl::StatusOr<std::unique_ptr<CompiledCode>> CompileKernels(const ir::Program& program,
                                                             const CompileOptions& options,
                                                             const Target& target,
                                                             CompileReport& report);

// The stages below the program: "plan.ROW" for the plans of the kernels after each row of
// PlanRows(), "plan" for the whole plans, "llvm", "llvm-opt" and "asm".
std::vector<std::string> CodeStages();
// The text of such a stage, for a program that went through all passes.
absl::StatusOr<std::string> DumpCode(const ir::Program& program, const CompileOptions& options,
                                     const std::string& stage);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_JIT_H_
