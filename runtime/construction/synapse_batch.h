// Synapses of one projection while they are made: those of some sources on one thread's targets.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BATCH_H_
#define BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BATCH_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/connect/connect_program.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/connect_block.h"
#include "reference/input_proof.h"
#include "runtime/construction/connect_code.h"
#include "runtime/construction/pair_rows.h"
#include "runtime/delivery/layout.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// What all threads construct with. Everything must outlive what is made of it.
struct Construction {
  const ir::Program& program;  // before the passes
  const Partition& partition;
  const SumPlaces& places;
  const ConnectCode& code;
  absl::Span<const reference::Array> states;  // after init
  // Called by the first thread with the number of its synapses that are in their places.
  std::function<void(uint64_t synapses)> progress;
};

// What on_pre adds to one input.
struct Contribution {
  ir::InputId input = 0;
  ir::NodeId node = 0;  // the accumulate
  bool known = false;   // static
  int64_t shared = 0;   // in quanta, where all synapses have one weight
};
std::vector<Contribution> ContributionsOf(const ir::Program& program, ir::ProjectionId id);

// What connect code has to compute of a projection that lies in that form.
compiler::ConnectRequest RequestFor(const ir::Program& program, ir::ProjectionId id,
                                    SynapseForm form);

class SynapseBatch {
 public:
  static absl::StatusOr<SynapseBatch> Create(const Construction& construction, ir::ProjectionId id,
                                             int thread);

  // At least as many as there are synapses of all sources.
  uint64_t AtMost() const { return pairs_.AtMost(); }

  // Begins again, with the sources from `first` on.
  void Begin(uint32_t first);
  // The synapses of the next source.
  absl::Status Append();
  // Finds what they are, once all are appended. Fails as R8 has it.
  absl::Status Compute();

  size_t size() const { return targets_.size(); }
  // Those of a source: [begin(s), begin(s + 1)).
  size_t begin(uint32_t source) const { return begin_[source - first_]; }
  uint32_t target(size_t i) const { return targets_[i]; }
  uint32_t delay(size_t i) const {
    return delays_ == nullptr ? delay_ : static_cast<uint32_t>(delays_[i]);
  }
  // The weight, where synapses have their own and the form of their group keeps it.
  double weight(size_t i) const { return weights_[i]; }
  // What contribution number `term` adds; it is known.
  double quanta(size_t term, size_t i) const {
    return quanta_[term] == nullptr ? static_cast<double>(contributions_[term].shared)
                                    : quanta_[term][i];
  }
  // Of state number `state` of ir::Program::SynapseStates; null where it is as declared.
  const char* state(size_t state) const { return states_[state]; }

  const std::vector<Contribution>& contributions() const { return contributions_; }
  ir::ProjectionId projection() const { return id_; }
  Range own() const { return own_; }

 private:
  SynapseBatch(const Construction& construction, ir::ProjectionId id, Range own, PairRows pairs);

  void ReadList();
  void Interpret();
  absl::Status Check() const;
  // The error that the reference has for a synapse onto this target.
  absl::Status Explain(uint32_t target) const;

  const Construction* in_;
  ir::ProjectionId id_;
  const ir::Projection* declared_;
  Range own_;
  PairRows pairs_;
  std::vector<Contribution> contributions_;
  std::optional<ConnectArrays> compiled_;
  std::optional<reference::ConnectBlock> interpreted_;
  bool counts_occurrences_;

  uint32_t first_ = 0;
  std::vector<size_t> begin_;  // of each source, and the end
  std::vector<uint32_t> sources_;
  std::vector<uint32_t> targets_;
  std::vector<uint32_t> occurrences_;

  // By synapse: what was computed, or null.
  uint32_t delay_;
  const int64_t* delays_ = nullptr;
  const double* weights_ = nullptr;
  std::vector<const double*> quanta_;  // by contribution
  std::vector<const char*> states_;
  // What it points to where it is not in the arrays of compiled code.
  std::vector<double> given_;
  std::vector<int64_t> own_delays_;
  std::vector<double> own_weights_;
  std::vector<std::vector<double>> own_quanta_;
  std::vector<std::vector<char>> own_states_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_SYNAPSE_BATCH_H_
