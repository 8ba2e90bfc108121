// Finds the pairs that the rule of a projection joins (R8), source by source:
//
//   finder = MakeRowFinder(program, projection, states, begin, end)
//   for each source in order: finder->AppendRow(source, targets)
#ifndef BNSYN_REFERENCE_ROW_FINDER_H_
#define BNSYN_REFERENCE_ROW_FINDER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

class RowFinder {
 public:
  virtual ~RowFinder() = default;
  // Appends the targets of a source that lie in the range of targets, ascending; a target that is
  // joined more than once is appended that often, and a source that the projection does not select
  // has none. Called for source 0, 1, 2 and so on. Fails when
  // what the connect block sets for a pair is no probability or weight of a pair.
  virtual absl::Status AppendRow(uint32_t source, std::vector<uint32_t>& targets) = 0;
};

// The finder of a rule that is not a list, on targets [begin, end). `states` are those after init;
// they and the program must outlive it and stay where they are.
absl::StatusOr<std::unique_ptr<RowFinder>> MakeRowFinder(const ir::Program& program,
                                                         ir::ProjectionId projection,
                                                         absl::Span<const Array> states,
                                                         uint32_t begin, uint32_t end);

// The numbers of synapses onto each of the targets [begin, end), for a rule that draws by target.
std::vector<uint64_t> CountByTarget(const ir::Program& program, ir::ProjectionId projection,
                                    uint32_t begin, uint32_t end);

// The synapses of a list onto targets [begin, end). Row s is the numbers begin[s] to begin[s + 1].
struct ListedPairs {
  std::vector<uint64_t> begin;
  std::vector<uint32_t> targets;
  std::vector<uint32_t> rows;  // of the table
};
// Fails when the table names a neuron outside of its population.
absl::StatusOr<ListedPairs> FindListedPairs(const ir::Program& program, ir::ProjectionId projection,
                                            uint32_t begin, uint32_t end);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_ROW_FINDER_H_
