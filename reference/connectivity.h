// Finds the synapses of a projection from its rule and connect block (R8).
#ifndef BNSYN_REFERENCE_CONNECTIVITY_H_
#define BNSYN_REFERENCE_CONNECTIVITY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// The synapses of one projection onto a range of targets. Row s holds the synapses of source s:
// entries [begin[s], begin[s + 1]) of the arrays. Within a row they are ordered by target; synapses
// of one pair are in the order in which they were drawn or listed.
struct SynapseRows {
  std::vector<uint64_t> begin;
  std::vector<uint32_t> targets;
  std::vector<double> weights;   // empty if the projection has one weight for all
  std::vector<uint32_t> delays;  // steps; empty if it has one delay for all
  // The initial values of their states, by ir::Program::SynapseStates.
  std::vector<Array> states;

  uint64_t size() const { return targets.size(); }
};

// The synapses of one projection, as a function of (seed, projection, states after init). Any range
// of targets is built without the others.
class Connectivity {
 public:
  // Fails if a list names a neuron outside its population or holds a weight that is not finite.
  // `states` are the states after the init block, which connect blocks read. The program must
  // outlive the object and must not move.
  static absl::StatusOr<Connectivity> Create(const ir::Program& program,
                                             ir::ProjectionId projection,
                                             absl::Span<const Array> states);

  // The synapses onto targets [begin, end). Fails if the connect block sets a value out of range: a
  // probability not in [0, 1], a weight or initial value that is not finite, or a delay outside the
  // declared range. Of values of synapses it names that with the least target, then source.
  absl::StatusOr<SynapseRows> Build(uint32_t begin, uint32_t end) const;

  // The expected number of synapses (exact for all rules but Bernoulli), for memory plans. If the
  // connect block sets probabilities, p is taken as their maximum.
  double ExpectedSynapses() const;

 private:
  Connectivity(const ir::Program& program, ir::ProjectionId projection,
               absl::Span<const Array> states);

  bool IsListed() const;
  absl::StatusOr<SynapseRows> List(uint32_t begin, uint32_t end) const;
  const std::vector<double>& Column(const ir::ColumnRef& column) const;
  absl::Status Connect(SynapseRows& rows) const;
  void FillStates(SynapseRows& rows) const;
  absl::Status AddDelay(double steps, uint32_t source, uint32_t target, SynapseRows& rows) const;

  const ir::Program* program_;
  ir::ProjectionId id_;
  const ir::Projection* projection_;
  absl::Span<const Array> states_;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_CONNECTIVITY_H_
