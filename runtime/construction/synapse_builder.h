// Draws the synapses of one group on one thread and puts them where they belong.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BUILDER_H_
#define BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BUILDER_H_

#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/contribution.h"
#include "runtime/construction/connect_code.h"
#include "runtime/construction/synapse_batch.h"
#include "runtime/delivery/layout.h"
#include "runtime/delivery/synapse_block.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// What one step can bring to each sum of a thread at most (R6), in quanta.
class SumBounds {
 public:
  SumBounds(const ir::Program& program, uint64_t sums);

  // Another contribution, of a magnitude that is known, or one that is computed while running.
  // False where a limit is passed; `most` is that of what is known.
  bool Add(uint64_t sum, double quanta, int64_t most) {
    const double magnitude = std::abs(quanta);
    if (!(magnitude <= static_cast<double>(reference::kMaxContribution))) return false;
    const auto whole = static_cast<int64_t>(magnitude);
    if (!possible_.empty() && (possible_[sum] += whole) > kMaxPossible) return false;
    return (known_[sum] += whole) <= most;
  }
  bool AddUnknown(uint64_t sum) {
    return (possible_[sum] += reference::kMaxContribution) <= kMaxPossible;
  }

 private:
  static constexpr int64_t kMaxPossible = int64_t{1} << 62;

  std::vector<int64_t> known_;
  // Known ones, and the limit for each of the others; empty where all are known.
  std::vector<int64_t> possible_;
};

// A window of sources after another: their pairs are found, what connect blocks say of them is
// computed by compiled code, and they go to their places, once and for all, as rows stand by
// source. So memory holds little more than the result: what is drawn by target (PairRows) goes as
// fast as the result grows. Groups should be built from the largest to the smallest.
class SynapseBuilder {
 public:
  // `before` synapses of the thread are in groups that are built.
  SynapseBuilder(const Construction& construction, const SynapseGroup& group, int thread,
                 uint64_t before, SumBounds& bounds);

  absl::StatusOr<SynapseBlock> Build();

 private:
  absl::Status Reserve();
  // Appends sources from `first` on until the windows hold enough; returns the one after the last.
  absl::StatusOr<uint32_t> Fill(uint32_t first);
  absl::Status Prove(const SynapseBatch& window);
  // The error that the reference has for a sum that is too large, or that an input has chosen too
  // narrow ones (ir::SumForm).
  absl::Status Explain(const SynapseBatch& window, const ir::Input& input, uint32_t target) const;

  void PlaceSource(uint32_t source);
  template <typename Target, typename Weight>
  void PutEntries(uint32_t source);
  void PutFull(uint32_t source);
  absl::Status PlaceAll();

  void DropEmptyDelays();
  void Trim();
  absl::Status BuildByTarget();

  // The place of a target among the sums of the group.
  uint64_t SumOf(const SynapseBatch& window, uint32_t target) const {
    const Contribution& first = window.contributions()[0];
    return in_.places.Begin(first.input, thread_) - sums_.begin + target - window.own().begin;
  }
  uint32_t SlotOf(const SynapseBatch& window, size_t i) const;

  const Construction& in_;
  const SynapseGroup& group_;
  const int thread_;
  const uint64_t before_;
  SumBounds& bounds_;
  TargetSums sums_;
  SynapseBlock block_;
  std::vector<SynapseBatch> windows_;  // by projection of the group
  uint64_t most_ = 0;                  // synapses that there is room for
  std::vector<uint32_t> row_;          // by slot, of the source at hand: where its row begins,
  std::vector<uint32_t> next_;         // and its next place
  std::vector<ir::StateId> states_;    // full: of the projection
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BUILDER_H_
