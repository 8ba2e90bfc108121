#include "runtime/delivery/group_history.h"

#include "ir/status_macros.h"

namespace bnsyn {

absl::StatusOr<History> CreateHistory(const ir::Program& program,
                                      const compiler::Deferral& deferral, const SynapseGroup& group,
                                      const Partition& partition, int thread, uint32_t rows,
                                      const HistoryLimits& limits, Arena& arena) {
  const ir::Projection& projection = program.projections[deferral.projection];
  const HistoryShape shape = ChooseHistory(program, deferral, group.expected, limits);
  const uint64_t all_rows = uint64_t{program.populations[projection.source].size} * rows;
  return History::Create(program, deferral.projection, shape,
                         partition.range(projection.target, thread), all_rows, arena);
}

namespace {

absl::Status CountHistory(const ir::Program& program, const compiler::Deferral& deferral,
                          const SynapseGroup& group, const Partition& partition,
                          const HistoryLimits& limits, Arena& arena) {
  for (int thread = 0; thread < partition.threads(); ++thread) {
    BNSYN_RETURN_IF_ERROR(
        CreateHistory(program, deferral, group, partition, thread, group.delays(), limits, arena)
            .status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CountHistories(const ir::Program& program, const Layout& layout,
                            const Partition& partition, const HistoryLimits& limits, Arena& arena) {
  for (const compiler::Deferral& deferral : compiler::FindDeferrals(program)) {
    const SynapseGroup& group = layout.groups[layout.GroupOf(deferral.projection)];
    BNSYN_RETURN_IF_ERROR(CountHistory(program, deferral, group, partition, limits, arena));
  }
  return absl::OkStatus();
}

double HistoryBytes(const ir::Program& program, ir::ProjectionId projection,
                    const SynapseGroup& group, const Partition& partition) {
  Arena arena = Arena::Counting();
  for (const compiler::Deferral& deferral : compiler::FindDeferrals(program)) {
    if (deferral.projection != projection) continue;
    if (!CountHistory(program, deferral, group, partition, {}, arena).ok()) return 0;
  }
  return arena.parts().empty() ? 0 : arena.parts()[0].bytes;
}

}  // namespace bnsyn
