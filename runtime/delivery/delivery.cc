#include "runtime/delivery/delivery.h"

#include "runtime/delivery/row_delivery.h"

namespace bnsyn {

bool CodeCall::Run(absl::Span<const uint32_t> neurons, size_t first_row, uint64_t step) const {
  if (neurons.empty()) return true;
  compiler::DeliverArgs own = args;
  own.slots = slots.data();
  own.step = step;
  own.row_begin += first_row;
  own.spikes = neurons.data();
  own.spike_count = static_cast<uint32_t>(neurons.size());
  function(&own);
  return own.fault == 0;
}

bool Deliver(const Delivery& delivery, uint64_t step, DueSpikes due) {
  const std::vector<uint32_t>& delays = delivery.block->delays();
  if (delivery.code.function == nullptr) {
    RowDelivery rows(delivery, step);
    for (size_t i = 0; i < delays.size(); ++i) {
      due(delays[i], [&](absl::Span<const uint32_t> sources) { rows.Add(sources, i); });
    }
    rows.Finish();
    return true;
  }
  bool fine = true;
  for (size_t i = 0; i < delays.size(); ++i) {
    due(delays[i],
        [&](absl::Span<const uint32_t> sources) { fine &= delivery.code.Run(sources, i, step); });
  }
  return fine;
}

}  // namespace bnsyn
