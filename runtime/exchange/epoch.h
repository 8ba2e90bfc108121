// The min-delay epoch: the steps that threads run between two barriers.
#ifndef BNSYN_RUNTIME_EXCHANGE_EPOCH_H_
#define BNSYN_RUNTIME_EXCHANGE_EPOCH_H_

#include <cstdint>

#include "ir/program.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {

// A longer epoch would save little, and spikes and records need memory for all of its steps.
inline constexpr uint32_t kLongestEpoch = 16;

// True if a kernel needs more from other threads than their spikes.
bool NeedsOthers(const ir::Program& program, const ir::Block& kernel);

// The number of steps of an epoch. Within an epoch no thread reads what another thread computes in
// it. If threads exchange nothing but spikes, the epoch is the smallest delay, up to kLongestEpoch.
// It is 1 if the step counts spikes, sums over populations or delivers, if a projection runs code
// (on_pre code that may fail or reads states, on_step or on_post code), and for one thread. A step
// in which a clock sums over populations is an epoch of its own (Schedule::meetings).
uint32_t StepsPerEpoch(const ir::Program& program, const Layout& layout, int threads);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_EPOCH_H_
