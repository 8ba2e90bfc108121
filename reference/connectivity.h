// What a rule and a connect block mean: the synapses of a projection (R8).
#ifndef BNSYN_REFERENCE_CONNECTIVITY_H_
#define BNSYN_REFERENCE_CONNECTIVITY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// The synapses of one projection on a range of targets. Row s holds those of source s: the numbers
// begin[s] to begin[s + 1] of the arrays. Within a row they stand by target, and those that join
// one pair more than once in the order in which they were drawn or listed.
struct SynapseRows {
  std::vector<uint64_t> begin;
  std::vector<uint32_t> targets;
  std::vector<double> weights;   // empty where the projection has one weight for all
  std::vector<uint32_t> delays;  // steps; empty where it has one delay for all
  // What their states begin with, by ir::Program::SynapseStates.
  std::vector<Array> states;

  uint64_t size() const { return targets.size(); }
};

// The synapses of one projection. They are a function of (seed, projection, states after init): any
// range of targets is built without the others.
class Connectivity {
 public:
  // Fails when a list names a neuron outside its population, or holds a weight that is not finite.
  // `states` are those of the program after its init block; connect blocks read them. The program
  // must outlive the object and stay where it is.
  static absl::StatusOr<Connectivity> Create(const ir::Program& program,
                                             ir::ProjectionId projection,
                                             absl::Span<const Array> states);

  // The synapses on targets [begin, end). Fails when what the connect block sets is out of range: a
  // probability not in [0, 1], a weight that is not finite, a delay outside the declared ones.
  absl::StatusOr<SynapseRows> Build(uint32_t begin, uint32_t end) const;

  // Expected number of synapses (exact for all but Bernoulli), for memory plans. Where the connect
  // block sets probabilities, p is taken for the most they can be.
  double ExpectedSynapses() const;

 private:
  class PairFinder;

  Connectivity(const ir::Program& program, ir::ProjectionId projection,
               absl::Span<const Array> states);

  absl::Status ReadList();
  // True when the rule leaves out the synapse of a neuron to itself.
  bool ExcludesSelf() const;
  const std::vector<double>& Column(const ir::ColumnRef& column) const;
  absl::Status Connect(SynapseRows& rows) const;
  void FillStates(SynapseRows& rows) const;
  absl::Status AddDelay(double steps, uint32_t source, uint32_t target, SynapseRows& rows) const;
  absl::Status Fault(uint32_t source, uint32_t target, absl::string_view what,
                     absl::string_view value, absl::string_view advice) const;

  const ir::Program* program_;
  ir::ProjectionId id_;
  const ir::Projection* projection_;
  absl::Span<const Array> states_;
  // Lists only: the neurons of each row of the table.
  std::vector<uint32_t> listed_sources_;
  std::vector<uint32_t> listed_targets_;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_CONNECTIVITY_H_
