// The synapses of one projection for a batch of sources, onto the targets of one thread.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BATCH_H_
#define BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BATCH_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/analysis/contributions.h"
#include "compiler/connect/connect_program.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/coarse.h"
#include "reference/connect_block.h"
#include "reference/input_proof.h"
#include "runtime/construction/connect_code.h"
#include "runtime/construction/pair_rows.h"
#include "runtime/delivery/layout.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// The inputs of construction, which all threads share. They must outlive all that uses them.
struct Construction {
  const ir::Program& program;  // after the passes
  const Partition& partition;
  const SumPlaces& places;
  const ConnectCode& code;
  absl::Span<const std::vector<reference::Event>> events;  // of each declaration
  const reference::EventBounds& event_bounds;
  absl::Span<const reference::Array> states;  // after init
  // By projection: reference::OtherAdditions, and ir::Program::SynapseStates.
  absl::Span<const std::vector<reference::OtherAddition>> others;
  absl::Span<const std::vector<ir::StateId>> synapse_states;
  bool delivers;  // ir::Program::Delivers
  // Called by the first thread with the number of its synapses that are in their places.
  std::function<void(uint64_t synapses)> progress;
};

// The values that connect code computes for a projection that is stored in that form.
// `may_be_coarse`: some static contribution of it may be coarse (R6).
compiler::ConnectRequest RequestFor(const ir::Program& program, ir::ProjectionId id,
                                    SynapseForm form, bool may_be_coarse);

class SynapseBatch {
 public:
  static absl::StatusOr<SynapseBatch> Create(const Construction& construction, ir::ProjectionId id,
                                             int thread);

  // An upper bound of the number of synapses of all sources.
  uint64_t AtMost() const { return pairs_.AtMost(); }

  // Begins a new batch with source `first`.
  void Begin(uint32_t first);
  // Appends the synapses of the next source.
  absl::Status Append();
  // Computes the values of all appended synapses. Fails as R8 says.
  absl::Status Compute();

  size_t size() const { return targets_.size(); }
  // The synapses of source s are [begin(s), begin(s + 1)).
  size_t begin(uint32_t source) const { return begin_[source - first_]; }
  uint32_t source(size_t i) const { return sources_[i]; }
  uint32_t target(size_t i) const { return targets_[i]; }
  uint32_t occurrence(size_t i) const { return occurrences_.empty() ? 0 : occurrences_[i]; }
  uint32_t delay(size_t i) const {
    return delays_ == nullptr ? delay_ : static_cast<uint32_t>(delays_[i]);
  }
  // The weight, if synapses have their own and the form of their group stores it.
  double weight(size_t i) const { return weights_[i]; }
  // The quanta that contribution number `term`, which must be static, adds.
  double quanta(size_t term, size_t i) const {
    return quanta_[term] == nullptr ? shared_quanta_[term] : quanta_[term][i];
  }
  // Adds the coarse static contributions of all synapses to the tallies.
  void CountCoarse(reference::CoarseTallies& tallies) const;
  // The values of state number `state` of ir::Program::SynapseStates; null if as declared.
  const char* state(size_t state) const { return states_[state]; }

  const std::vector<compiler::Contribution>& contributions() const { return contributions_; }
  ir::ProjectionId projection() const { return id_; }
  Range own() const { return own_; }

 private:
  SynapseBatch(const Construction& construction, ir::ProjectionId id, Range own, PairRows pairs);

  void ReadList();
  void Interpret();
  absl::Status Check() const;
  // The error of the reference for these synapses.
  absl::Status Explain() const;

  const Construction* in_;
  ir::ProjectionId id_;
  const ir::Projection* declared_;
  Range own_;
  PairRows pairs_;
  std::vector<compiler::Contribution> contributions_;  // of the on_pre block
  std::optional<ConnectArrays> compiled_;
  std::optional<reference::ConnectBlock> interpreted_;
  bool counts_occurrences_;

  uint32_t first_ = 0;
  std::vector<size_t> begin_;  // of each source, and the end
  std::vector<uint32_t> sources_;
  std::vector<uint32_t> targets_;
  std::vector<uint32_t> occurrences_;

  // By synapse: the computed values, or null.
  uint32_t delay_;
  const int64_t* delays_ = nullptr;
  const double* weights_ = nullptr;
  std::vector<double> shared_quanta_;  // by contribution, where all synapses add the same
  std::vector<const double*> quanta_;  // by contribution
  std::vector<const double*> added_;   // by contribution: before rounding; null if none is coarse
  std::vector<ir::StateId> ids_;       // ir::Program::SynapseStates
  std::vector<const char*> states_;
  // The arrays behind these pointers, unless they are those of compiled code.
  std::vector<double> given_;
  std::vector<int64_t> own_delays_;
  std::vector<double> own_weights_;
  std::vector<std::vector<double>> own_quanta_;
  std::vector<std::vector<double>> own_added_;
  std::vector<std::vector<char>> own_states_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BATCH_H_
