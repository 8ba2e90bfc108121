// Which pairs of neurons a projection joins (R8), row by row: the accelerated backend's way.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_PAIR_ROWS_H_
#define BNSYN_RUNTIME_CONSTRUCTION_PAIR_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/row_finder.h"
#include "runtime/construction/connect_code.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// The pairs of one projection onto the targets of one thread. Compiled code draws the pairs of
// rules that draw a lot; the reference's RowFinder finds the pairs of all others. A rule that draws
// by target draws all pairs twice in Create: once to count them and once to store the targets by
// source, in four bytes a pair. AppendRow frees the rows it has returned.
class PairRows {
 public:
  // `states` are the states after init. The arguments must outlive the object and must not move.
  static absl::StatusOr<PairRows> Create(const ir::Program& program, ir::ProjectionId id, Range own,
                                         absl::Span<const reference::Array> states,
                                         const ConnectCode& code);

  // Appends the targets of a source, ascending. Call it for source 0, then 1, and so on. OutOfRange
  // if compiled code finds a value that is no probability: the last target appended is that of the
  // first such pair.
  absl::Status AppendRow(uint32_t source, std::vector<uint32_t>& targets);
  // Lists only: the row of the table of each target of a source.
  absl::Span<const uint32_t> Listed(uint32_t source) const {
    return absl::MakeConstSpan(listed_.rows)
        .subspan(listed_.begin[source], listed_.begin[source + size_t{1}] - listed_.begin[source]);
  }
  // An upper bound of the number of all pairs.
  uint64_t AtMost() const;

 private:
  PairRows(const ir::Program& program, ir::ProjectionId id, Range own);

  absl::Status TransposeColumns(const ConnectCode& code);
  template <typename Visit>
  absl::Status VisitColumns(const ConnectCode& code, const std::vector<uint64_t>& counts,
                            Visit visit) const;
  absl::Status AppendBernoulli(uint32_t source, std::vector<uint32_t>& targets);
  absl::Status AppendByProbability(uint32_t source, std::vector<uint32_t>& targets);

  const ir::Program* program_;
  ir::ProjectionId id_;
  const ir::Rule* rule_;
  ir::SelectedNeurons sources_;
  ir::SelectedNeurons targets_;
  Range own_;  // from the first to the last of the thread's that the projection selects
  bool excludes_self_;

  // One of these has the rows.
  std::optional<RuleSkips> skips_;                // bernoulli, one p for all
  std::optional<ConnectArrays> compiled_;         // bernoulli, a p for each pair
  std::vector<uint64_t> begin_;                   // rules by target: where each row begins
  PageBuffer transposed_;                         // and the targets, row by row
  reference::ListedPairs listed_;                 // lists
  std::unique_ptr<reference::RowFinder> finder_;  // all others

  std::vector<uint32_t> candidates_;
  std::vector<uint32_t> candidate_sources_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_PAIR_ROWS_H_
