// SynapseTable: the synapses of a projection, found by source and delay, or by target.
#ifndef BNSYN_REFERENCE_SYNAPSE_TABLE_H_
#define BNSYN_REFERENCE_SYNAPSE_TABLE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/connectivity.h"

namespace bnsyn::reference {

// Synapses are numbered from 0: by source, then target, then the order in which the synapses of a
// pair were drawn or listed. The states of synapses are arrays in that order.
class SynapseTable {
 public:
  // `rows` must hold all targets.
  SynapseTable(const ir::Program& program, ir::ProjectionId projection, SynapseRows rows);

  uint64_t size() const { return targets_.size(); }
  uint32_t source(uint64_t synapse) const { return sources_[synapse]; }
  uint32_t target(uint64_t synapse) const { return targets_[synapse]; }
  double weight(uint64_t synapse) const { return weights_[weights_.size() == 1 ? 0 : synapse]; }
  // The number of a synapse among those of its pair.
  uint32_t occurrence(uint64_t synapse) const {
    uint64_t first = synapse;
    while (first > 0 && sources_[first - 1] == sources_[synapse] &&
           targets_[first - 1] == targets_[synapse]) {
      --first;
    }
    return static_cast<uint32_t>(synapse - first);
  }
  uint32_t delay(uint64_t synapse) const { return delays_[delays_.size() == 1 ? 0 : synapse]; }

  // The delays that occur, in steps, ascending.
  absl::Span<const uint32_t> delays() const { return distinct_delays_; }
  // The synapses of a source with a delay, by number.
  absl::Span<const uint64_t> Of(uint32_t source, uint32_t delay) const;
  // All synapses of a source.
  absl::Span<const uint64_t> From(uint32_t source) const;
  absl::Span<const uint64_t> All() const { return by_delay_; }
  // The synapses onto a target, ascending. The projection must have an on_post block.
  absl::Span<const uint64_t> Onto(uint32_t target) const;

 private:
  std::vector<uint32_t> sources_;
  std::vector<uint32_t> targets_;
  std::vector<double> weights_;   // one a synapse, or one for all
  std::vector<uint32_t> delays_;  // likewise
  std::vector<uint64_t> begin_;   // of each row: its first synapse
  std::vector<uint32_t> distinct_delays_;
  std::vector<uint64_t> by_delay_;  // synapses, each row sorted by delay
  std::vector<uint64_t> by_target_;
  std::vector<uint64_t> onto_begin_;  // of each target: its first place in by_target_
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_SYNAPSE_TABLE_H_
