// Compiles the kernels of a placed program to machine code. Uses no LLVM type.
//
//   CompileReport report;
//   BNSYN_ASSIGN_OR_RETURN(auto code, CompileKernels(placed, options, report));
//   KernelFunction kernel = code->kernel(placed.step[0].code);
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

// The machine that code is compiled for.
struct Target {
  std::string triple;
  std::string cpu;        // "znver3"
  std::string features;   // "+avx2,+fma,..."
  int native_lanes = 2;   // doubles in one vector register
  int default_width = 4;  // lanes for CompileOptions::width = 0
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
  std::string
      cache_problem;  // why code was not taken from the cache or not kept there; in one line
  std::string key;    // the cache key, hex
};

// Compiled code. Its functions are valid as long as the object exists.
class CompiledCode {
 public:
  virtual ~CompiledCode() = default;
  // The function of an ir::Block::code; null if there is none.
  virtual KernelFunction kernel(const std::string& code) const = 0;
  virtual DeliverFunction deliver(const std::string& code) const = 0;
};

// Compiles the kernels and on_pre blocks of a program that went through all passes. Adds its phases
// to `report`.
absl::StatusOr<std::unique_ptr<CompiledCode>> CompileKernels(const ir::Program& program,
                                                             const CompileOptions& options,
                                                             CompileReport& report);

// The same for another target than HostTarget(), whose instructions this machine must have.
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
