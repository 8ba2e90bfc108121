#include "runtime/delivery/delivery_call.h"

namespace bnsyn {

bool CodeCall::Run(absl::Span<const uint32_t> neurons, size_t first_row, uint64_t step,
                   reference::CoarseTally* tallies) const {
  if (neurons.empty()) return true;
  compiler::DeliverArgs own = args;
  own.slots = slots.data();
  own.step = step;
  own.row_begin += first_row;
  own.spikes = neurons.data();
  own.coarse = tallies + first_tally;
  if (delays != nullptr) own.delay = delays[first_row];
  own.spike_count = static_cast<uint32_t>(neurons.size());
  function(&own);
  return own.fault == 0;
}

}  // namespace bnsyn
