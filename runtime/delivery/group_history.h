// The histories of deferred code of the projection of a group (runtime/deferral/history.h).
#ifndef BNSYN_RUNTIME_DELIVERY_GROUP_HISTORY_H_
#define BNSYN_RUNTIME_DELIVERY_GROUP_HISTORY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/analysis/deferral.h"
#include "ir/program.h"
#include "runtime/deferral/history.h"
#include "runtime/delivery/layout.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// Those of one thread, where each source has `rows` rows.
absl::StatusOr<History> CreateHistory(const ir::Program& program,
                                      const compiler::Deferral& deferral, const SynapseGroup& group,
                                      const Partition& partition, int thread, uint32_t rows,
                                      const HistoryLimits& limits, Arena& arena);

// Adds those of all projections and threads to a counting arena, a part for each projection.
absl::Status CountHistories(const ir::Program& program, const Layout& layout,
                            const Partition& partition, const HistoryLimits& limits, Arena& arena);

// Bytes of those of one projection, on all threads; 0 if none of its code is deferred.
double HistoryBytes(const ir::Program& program, ir::ProjectionId projection,
                    const SynapseGroup& group, const Partition& partition);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_GROUP_HISTORY_H_
