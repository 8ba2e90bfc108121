// Draws the synapses of one group on one thread and stores them.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BUILDER_H_
#define BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BUILDER_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/array.h"
#include "runtime/construction/connect_code.h"
#include "runtime/construction/synapse_batch.h"
#include "runtime/delivery/layout.h"
#include "runtime/delivery/synapse_block.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// The greatest amount that one step can add to each sum of a thread (R6), in quanta.
class SumBounds {
 public:
  SumBounds(const Construction& construction, int thread);

  // Adds a static contribution to a sum of at most 64 bits. False if the static ones exceed `most`,
  // or all contributions might overflow.
  bool Add(uint64_t sum, double quanta, int64_t most) {
    const double magnitude = std::abs(quanta);
    if (!(magnitude <= 0x1p62)) return false;
    const auto whole = static_cast<int64_t>(magnitude);
    if (!possible_.empty() && !AddPossible(sum, whole)) return false;
    return (known_[sum] += whole) <= most;
  }
  // Adds a contribution that is computed while running, and is at most `limit` in magnitude. False
  // if all contributions might overflow.
  bool AddPossible(uint64_t sum, int64_t limit) {
    if (limit > std::numeric_limits<int64_t>::max() - possible_[sum]) return false;
    possible_[sum] += limit;
    return true;
  }
  // The same for a wide sum.
  bool AddWide(uint64_t sum, double quanta, const reference::SumLimits& limits);
  bool AddPossibleWide(uint64_t sum, reference::Quanta limit);

  // Notes a synapse that adds to its source, which another thread may own.
  void AddToSource(ir::InputId input, uint32_t source, uint32_t times) {
    to_sources_[input][source] += times;
  }
  // How often synapses of the thread add to an element of an input as that of their source.
  uint64_t AddingTo(ir::InputId input, uint32_t element) const {
    return to_sources_[input].empty() ? 0 : to_sources_[input][element];
  }
  // The most that all else adds to a sum of this input.
  reference::Quanta Possible(uint64_t sum, const ir::Input& input) const {
    if (input.accumulator.wide) return wide_possible_[sum];
    return possible_.empty() ? known_[sum] : possible_[sum];
  }

  bool has_failed = false;  // some sum may overflow

 private:
  void AddEvents(const Construction& construction, int thread);

  // By sum. With `possible` each contribution that is computed while running counts with its limit;
  // it is empty if there are none. Wide sums have their own, which are empty if there are none.
  std::vector<int64_t> known_;
  std::vector<int64_t> possible_;
  std::vector<reference::Quanta> wide_known_;
  std::vector<reference::Quanta> wide_possible_;
  // By input and element; empty for an input to which no synapses add as that of their sources.
  std::vector<std::vector<uint32_t>> to_sources_;
};

// Builds one batch of sources after the other: finds their pairs, runs the compiled connect blocks
// over them, and writes the synapses to their final places, since rows are ordered by source. So
// memory holds little more than the result: pairs that are drawn by target (PairRows) are freed as
// the result grows. Groups should be built from the largest to the smallest.
class SynapseBuilder {
 public:
  // `before` is the number of synapses of the thread in the groups built so far. Adds to the bounds
  // and to the tallies of the thread.
  SynapseBuilder(const Construction& construction, const SynapseGroup& group, int thread,
                 uint64_t before, SumBounds& bounds, reference::CoarseTallies& coarse);

  absl::StatusOr<SynapseBlock> Build();

 private:
  absl::Status Reserve();
  // Appends sources from `first` on until the batches are full; returns the next source.
  absl::StatusOr<uint32_t> Fill(uint32_t first);
  absl::Status Prove(const SynapseBatch& batch);
  // Adds contribution number `term` of all synapses to the bounds; the first target that fails.
  std::optional<uint32_t> AddTerm(const SynapseBatch& batch, size_t term);
  // Adds to `input` for each synapse what is computed while running; the first target that fails.
  // That may be so `times` in a step. What is added to sources is only noted.
  std::optional<uint32_t> AddComputed(const SynapseBatch& batch, ir::InputId input, bool to_source,
                                      uint32_t times);
  // The most spikes of one source neuron in a step.
  uint32_t SpikesOfOne(const SynapseBatch& batch) const;
  // The error of sums that may overflow where the reference finds none: their bits are too few
  // (ir::Accumulator).
  absl::Status TooMuch(ir::InputId input, uint32_t target);

  void PlaceSource(uint32_t source);
  template <typename Target, typename Weight>
  void PutEntries(uint32_t source);
  void PutColumns(uint32_t source);
  absl::Status PlaceAll();

  void DropEmptyDelays();
  void Trim();
  absl::Status BuildByTarget();

  // The sum that a target refers to, counted from the first sum of the group.
  uint64_t SumOf(const SynapseBatch& batch, uint32_t target) const {
    const compiler::Contribution& first = batch.contributions()[0];
    return in_.places.Begin(first.input, thread_) - sums_.begin + target - batch.own().begin;
  }
  uint32_t SlotOf(const SynapseBatch& batch, size_t i) const;

  const Construction& in_;
  const SynapseGroup& group_;
  const int thread_;
  const uint64_t before_;
  SumBounds& bounds_;
  reference::CoarseTallies& coarse_;
  TargetSums sums_;
  SynapseBlock block_;
  std::vector<SynapseBatch> batches_;  // by projection of the group
  uint64_t most_ = 0;                  // the number of synapses that fit
  std::vector<uint32_t> row_;          // by slot, of the current source: where its row begins,
  std::vector<uint32_t> next_;         // and its next place
  std::vector<ir::StateId> states_;    // form code: of the projection
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BUILDER_H_
