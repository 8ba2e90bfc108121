// Plans the memory of a simulation before any of it is allocated.
#ifndef BNSYN_RUNTIME_MEMORY_PLAN_H_
#define BNSYN_RUNTIME_MEMORY_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/program.h"
#include "runtime/accelerated_program.h"
#include "runtime/engine_options.h"
#include "runtime/memory/buffers.h"

namespace bnsyn {

struct MemoryPlan {
  std::vector<MemoryPart> parts;
  double total() const;
};

// The plan of a program before the passes.
absl::StatusOr<MemoryPlan> PlanMemory(const ir::Program& program, const EngineOptions& options);
// The memory that the engine allocates, counted by the code that does it; of synapses as many as
// are likely.
absl::StatusOr<MemoryPlan> PlanAccelerated(const AcceleratedProgram& accelerated,
                                           const EngineOptions& options);

// ResourceExhausted if the plan exceeds `limit` bytes (0: AvailableMemory()). The message lists the
// largest parts and says what to do.
absl::Status CheckMemory(const MemoryPlan& plan, uint64_t limit);

// Bytes that the system can provide now without swapping; 0 if it does not say.
uint64_t AvailableMemory();

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_MEMORY_PLAN_H_
