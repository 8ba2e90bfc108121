// Which pairs of neurons a projection joins (R8), row by row: the accelerated backend's way.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_PAIR_ROWS_H_
#define BNSYN_RUNTIME_CONSTRUCTION_PAIR_ROWS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/connect_block.h"
#include "runtime/construction/connect_code.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// The pairs of one projection on the targets of one thread. Rules that draw by source are drawn
// when a row is asked for. Those that draw by target are drawn twice before, once to count and once
// to put the targets of each source together, which takes four bytes a pair; rows that were asked
// for give theirs back.
class PairRows {
 public:
  // `states` are those after init. All must outlive the object and stay where they are.
  static absl::StatusOr<PairRows> Create(const ir::Program& program, ir::ProjectionId id, Range own,
                                         absl::Span<const reference::Array> states,
                                         const ConnectCode& code);

  // Appends the targets of a source, ascending. Asked for source 0, then 1, and so on. Fails with
  // OutOfRange where the connect block sets what is no probability; the first such pair is then the
  // last target appended.
  absl::Status AppendRow(uint32_t source, std::vector<uint32_t>& targets);
  // Lists only: the row of the table that each target of a source stands in.
  absl::Span<const uint32_t> Listed(uint32_t source) const {
    return absl::MakeConstSpan(listed_).subspan(begin_[source],
                                                begin_[source + size_t{1}] - begin_[source]);
  }
  // At least as many as all rows hold together.
  uint64_t AtMost() const;

 private:
  PairRows(const ir::Program& program, ir::ProjectionId id, Range own);

  absl::Status ReadList();
  absl::Status TurnColumns(const ConnectCode& code);
  template <typename Visit>
  absl::Status VisitColumns(const ConnectCode& code, const std::vector<uint64_t>& counts,
                            Visit visit) const;
  // Numbers of synapses of the targets in [first, last) that are own (R8, fixed_total).
  void Divide(uint32_t first, uint32_t last, uint64_t count, std::vector<uint64_t>& counts) const;

  void AppendAll(uint32_t source, std::vector<uint32_t>& targets) const;
  absl::Status AppendBernoulli(uint32_t source, std::vector<uint32_t>& targets);
  void AppendOutDegree(uint32_t source, std::vector<uint32_t>& targets);
  absl::Status AppendByProbability(uint32_t source, std::vector<uint32_t>& targets);

  const ir::Program* program_;
  const ir::Projection* projection_;
  const ir::Rule* rule_;
  uint32_t sources_;
  uint32_t targets_;
  Range own_;
  bool excludes_self_;
  double log_miss_ = 0;             // bernoulli: log(1 - p),
  std::optional<RuleSkips> skips_;  // and what is drawn by compiled code

  // Probabilities by pair: compiled, or by the interpreter.
  std::optional<ConnectArrays> compiled_;
  std::optional<reference::ConnectBlock> interpreted_;
  std::vector<uint32_t> candidates_;
  std::vector<uint32_t> candidate_sources_;

  std::vector<uint32_t> drawn_;   // of one source
  std::vector<uint64_t> begin_;   // rules by target, and lists: of each row
  PageBuffer turned_;             // rules by target: the targets, row by row
  std::vector<uint32_t> listed_;  // lists: the rows of the table, row by row
  std::vector<uint32_t> listed_targets_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_PAIR_ROWS_H_
