// Delivers due spikes to the synapses of one group on one thread.
//
// One interface for two engines, which tests/runtime/delivery/delivery_test.cc runs over one suite:
//
//   rows  add stored integers to sums (row_delivery.h), if all that a synapse does is known before
//         the first step;
//   code  runs a compiled on_pre or on_post block of the projection for each synapse, or notes that
//         it has to run (runtime/deferral/backlog.h).
//
// Rows are not emitted. A loop that LLVM compiled for the columns and widths of one group was
// measured against the rows. Its time an event is 0.94 (coba), 1.00 (brunel), 0.99 (coba40k-dense)
// and 1.02 (microcircuit-10) of theirs, since both wait for the same memory. It would lengthen the
// compilation of coba by a sixth; the C++ compiler compiles the ten kinds of rows once.
#ifndef BNSYN_RUNTIME_DELIVERY_DELIVERY_H_
#define BNSYN_RUNTIME_DELIVERY_DELIVERY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "runtime/delivery/delivery_call.h"
#include "runtime/delivery/row_delivery.h"

namespace bnsyn {

// Delivers the spikes that are due in `step`. False if a contribution or a check failed. `tallies`,
// those of the thread, count coarse contributions.
// due(delay, use) calls use(neurons) with each list of neurons that spiked `delay` steps before. It
// is inlined: a group may have a hundred delays, most of them without spikes.
template <typename Due>
bool Deliver(const Delivery& delivery, uint64_t step, reference::CoarseTally* tallies, Due due) {
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
  Backlog* const backlog = delivery.backlog;
  if (delivery.deferred) {
    due(*delivery.delay,
        [&](absl::Span<const uint32_t> targets) { fine &= backlog->MakeRoom(targets, step); });
    due(*delivery.delay,
        [&](absl::Span<const uint32_t> targets) { fine &= backlog->NotePosts(targets, step); });
    return fine;
  }
  const auto run = [&](absl::Span<const uint32_t> neurons, size_t row) {
    if (backlog != nullptr && !delivery.on_post) {
      const uint64_t until = backlog->deferral().BeforePre(step);
      fine &= backlog->CatchUp(neurons, row, delivery.code.args.row_count, until);
    }
    fine &= delivery.code.Run(neurons, row, step, tallies);
  };
  if (delivery.delay.has_value()) {
    due(*delivery.delay, [&](absl::Span<const uint32_t> neurons) {
      for (size_t row = 0; row < delivery.runs; ++row) run(neurons, row);
    });
    return fine;
  }
  for (size_t i = 0; i < delays.size(); ++i) {
    due(delays[i], [&](absl::Span<const uint32_t> sources) { run(sources, i); });
  }
  return fine;
}

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_DELIVERY_H_
