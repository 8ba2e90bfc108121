// The numbers of synapses in their projection (reference::SynapseTable): by source, then target,
// then occurrence. Nothing stores them: they follow from the rows of all threads, of which each
// owns a range of targets, in the order of the threads.
#ifndef BNSYN_RUNTIME_DELIVERY_SYNAPSE_ORDER_H_
#define BNSYN_RUNTIME_DELIVERY_SYNAPSE_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "runtime/delivery/synapse_block.h"

namespace bnsyn {

// Of the synapses of a group of form code.
class SynapseOrder {
 public:
  // `blocks`: that of each thread. They must outlive this.
  explicit SynapseOrder(absl::Span<const SynapseBlock> blocks) : blocks_(blocks) {}

  struct Place {
    size_t thread;
    uint32_t place;
  };
  // Where the synapse of a number is, which is less than size(). Takes the time of one row.
  Place Find(uint64_t number) const;
  uint64_t size() const;

  // Calls use(thread, places) for parts of the synapses, which are in the order of their numbers as
  // the places of each are. Places are 32-bit.
  template <typename Use>
  void ForEachRow(Use use) const {
    const uint32_t sources = Sources();
    std::vector<uint32_t> row;
    for (uint32_t source = 0; source < sources; ++source) {
      for (size_t thread = 0; thread < blocks_.size(); ++thread) {
        PlacesOf(source, blocks_[thread], row);
        use(thread, absl::MakeConstSpan(row));
      }
    }
  }

 private:
  uint32_t Sources() const;
  // The number of the first synapse of a source.
  uint64_t FirstOf(uint32_t source) const;
  // The places of a source's synapses in a block, in the order of their numbers.
  static void PlacesOf(uint32_t source, const SynapseBlock& block, std::vector<uint32_t>& places);

  absl::Span<const SynapseBlock> blocks_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_SYNAPSE_ORDER_H_
