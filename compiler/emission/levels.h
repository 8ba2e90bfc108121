// Targets other than this machine as it is: levels of its family, and machines of other families.
// Includes no LLVM header.
#ifndef BNSYN_COMPILER_EMISSION_LEVELS_H_
#define BNSYN_COMPILER_EMISSION_LEVELS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/emission/jit.h"
#include "compiler/options.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// The levels of processors of this family, from the least on: "x86-64-v1", "x86-64-v2", ....
std::vector<std::string> CpuLevels();

// The target that has the instructions of a level and no others, but those of this machine.
// InvalidArgument if there is no such level; FailedPrecondition if this machine lacks some of its
// instructions.
absl::StatusOr<Target> TargetOfLevel(absl::string_view level);

// A target of another family, for CompileObject(): "aarch64-linux-gnu". InvalidArgument if it is
// none that is known.
absl::StatusOr<Target> ForeignTarget(absl::string_view triple);

// The object file of the code that CompileKernels() makes, for a linker: its functions are
// kernel.CODE and deliver.CODE, and call those of ExternalFunctions(). The target may be of another
// machine.
absl::StatusOr<std::string> CompileObject(const ir::Program& program, const CompileOptions& options,
                                          const Target& target);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_LEVELS_H_
