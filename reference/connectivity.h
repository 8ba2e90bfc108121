// What a rule means: the synapses of each source neuron, row by row (R8).
#ifndef BNSYN_REFERENCE_CONNECTIVITY_H_
#define BNSYN_REFERENCE_CONNECTIVITY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/program.h"

namespace bnsyn::reference {

struct Synapse {
  uint32_t target;
  double weight;
  friend bool operator==(const Synapse&, const Synapse&) = default;
};

// The rows of one projection. A row is a function of (seed, stream, rule, source) alone; rows of
// random rules are drawn in fixed blocks of targets, so a part of a row costs a part of the work.
class Connectivity {
 public:
  // Targets of a row are drawn in blocks of this many, each from draws of its own.
  static constexpr uint32_t kTargetBlock = 4096;

  // Fails when a list names a neuron outside its population, or holds a weight that is not finite.
  // The program must outlive the object and stay where it is.
  static absl::StatusOr<Connectivity> Create(const ir::Program& program,
                                             ir::ProjectionId projection);

  // Appends the synapses of `source` with targets in [begin, end) to `row`, by increasing target
  // (lists: stable).
  void Row(uint32_t source, uint32_t begin, uint32_t end, std::vector<Synapse>& row) const;

  // Expected number of synapses (exact for all but random rules), for memory plans.
  double ExpectedSynapses() const;
  // Largest |weight| of any synapse.
  double MaxWeight() const;

 private:
  Connectivity(const ir::Program& program, const ir::Projection& projection);

  absl::Status ReadList();
  // The part of a Bernoulli row in one block of targets: those of [begin, end) of the block that
  // starts at `block` * kTargetBlock.
  void BernoulliBlock(uint32_t source, uint32_t block, uint32_t begin, uint32_t end,
                      std::vector<Synapse>& row) const;
  // True when the rule leaves out the synapse of `source` to the neuron of the same number.
  bool ExcludesSelf() const;

  const ir::Program* program_;
  const ir::Projection* projection_;
  double log_miss_ = 0;  // Bernoulli: log(1 - p)
  // Lists only: rows by counting sort of the table.
  std::vector<uint64_t> row_begin_;
  std::vector<Synapse> listed_;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_CONNECTIVITY_H_
