// All that the accelerated backend decides before it allocates anything: the program after the
// passes, which thread owns which neurons, and how synapses are stored.
#ifndef BNSYN_RUNTIME_ACCELERATED_PROGRAM_H_
#define BNSYN_RUNTIME_ACCELERATED_PROGRAM_H_

#include "absl/status/statusor.h"
#include "compiler/passes/passes.h"
#include "ir/program.h"
#include "runtime/delivery/layout.h"
#include "runtime/engine_options.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

struct AcceleratedProgram {
  ir::Program program;  // after the passes; on_pre blocks that nothing calls have no code
  Partition partition;
  Layout layout;  // of the synapses of `program`
};

// InvalidArgument if the options name an unknown layout or pass.
absl::StatusOr<AcceleratedProgram> PrepareAccelerated(
    const ir::Program& program, const EngineOptions& options,
    const compiler::StageObserver& observer = nullptr);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_ACCELERATED_PROGRAM_H_
