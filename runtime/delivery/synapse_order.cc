#include "runtime/delivery/synapse_order.h"

#include <algorithm>
#include <numeric>

namespace bnsyn {

void SynapseOrder::PlacesOf(uint32_t source, const SynapseBlock& block,
                            std::vector<uint32_t>& places) {
  const auto [begin, end] = block.PlacesOf(source);
  places.resize(end - begin);
  std::iota(places.begin(), places.end(), begin);
  if (block.slots() <= 1) return;
  // Rows are by delay first.
  const uint32_t* const occurrences = block.occurrences();
  std::sort(places.begin(), places.end(), [&](uint32_t a, uint32_t b) {
    const uint32_t left = block.targets()[a];
    const uint32_t right = block.targets()[b];
    if (left != right || occurrences == nullptr) return left < right;
    return occurrences[a] < occurrences[b];
  });
}

uint32_t SynapseOrder::Sources() const { return blocks_.empty() ? 0 : blocks_[0].sources(); }

uint64_t SynapseOrder::FirstOf(uint32_t source) const {
  uint64_t first = 0;
  for (const SynapseBlock& block : blocks_) first += block.PlacesOf(source).first;
  return first;
}

uint64_t SynapseOrder::size() const {
  uint64_t size = 0;
  for (const SynapseBlock& block : blocks_) size += block.synapses();
  return size;
}

SynapseOrder::Place SynapseOrder::Find(uint64_t number) const {
  // The last source whose first synapse is not behind it.
  uint32_t source = 0;
  for (uint32_t behind = Sources(); behind - source > 1;) {
    const uint32_t middle = source + (behind - source) / 2;
    (FirstOf(middle) <= number ? source : behind) = middle;
  }
  uint64_t left = number - FirstOf(source);
  std::vector<uint32_t> row;
  for (size_t thread = 0; thread < blocks_.size(); ++thread) {
    PlacesOf(source, blocks_[thread], row);
    if (left < row.size()) return {thread, row[left]};
    left -= row.size();
  }
  return {0, 0};
}

}  // namespace bnsyn
