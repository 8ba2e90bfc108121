// The pairs of neurons that a projection connects (R8), row by row, for the accelerated backend.
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

// The pairs of one projection onto the targets of one thread. A rule that draws by source draws a
// row in AppendRow. A rule that draws by target draws all pairs twice in Create: once to count them
// and once to store the targets by source, in four bytes a pair. AppendRow frees the rows it has
// returned.
class PairRows {
 public:
  // `states` are the states after init. The arguments must outlive the object and must not move.
  static absl::StatusOr<PairRows> Create(const ir::Program& program, ir::ProjectionId id, Range own,
                                         absl::Span<const reference::Array> states,
                                         const ConnectCode& code);

  // Appends the targets of a source, ascending. Call it for source 0, then 1, and so on. OutOfRange
  // if the connect block sets a value that is no probability: the last target appended is that of
  // the first such pair.
  absl::Status AppendRow(uint32_t source, std::vector<uint32_t>& targets);
  // Lists only: the row of the table of each target of a source.
  absl::Span<const uint32_t> Listed(uint32_t source) const {
    return absl::MakeConstSpan(listed_).subspan(begin_[source],
                                                begin_[source + size_t{1}] - begin_[source]);
  }
  // An upper bound of the number of all pairs.
  uint64_t AtMost() const;

 private:
  PairRows(const ir::Program& program, ir::ProjectionId id, Range own);

  absl::Status ReadList();
  absl::Status TransposeColumns(const ConnectCode& code);
  template <typename Visit>
  absl::Status VisitColumns(const ConnectCode& code, const std::vector<uint64_t>& counts,
                            Visit visit) const;
  // The number of synapses of each own target in [first, last) (R8, fixed_total).
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
  std::optional<RuleSkips> skips_;  // and the numbers drawn by compiled code

  // Probabilities by pair: compiled, or by the interpreter.
  std::optional<ConnectArrays> compiled_;
  std::optional<reference::ConnectBlock> interpreted_;
  std::vector<uint32_t> candidates_;
  std::vector<uint32_t> candidate_sources_;

  std::vector<uint32_t> drawn_;   // targets of one source
  std::vector<uint64_t> begin_;   // rules by target, and lists: where each row begins
  PageBuffer transposed_;         // rules by target: the targets, row by row
  std::vector<uint32_t> listed_;  // lists: the rows of the table, row by row
  std::vector<uint32_t> listed_targets_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_PAIR_ROWS_H_
