#include "runtime/delivery/synapse_block.h"

namespace bnsyn {

size_t SynapseBlock::bytes() const {
  size_t sum = rows_.size() + entries_.size() + targets_.size() + weights_.size() +
               numbers_.size() + by_target_rows_.size() + by_target_places_.size() +
               by_target_sources_.size();
  for (const PageBuffer& state : states_) sum += state.size();
  return sum;
}

}  // namespace bnsyn
