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
// The same of the code of arrivals: if it reads a state of other threads' neurons that the step
// writes, or adds to sources, which other threads own. Targets, and copies of uniform states, are
// the thread's own.
bool DeliveryNeedsOthers(const ir::Program& program);

// The number of steps of an epoch. Within an epoch no thread reads what another thread computes in
// it. If threads exchange nothing but spikes, the epoch is the smallest delay, up to kLongestEpoch.
// It is 1 if the step counts spikes, sums over populations or delivers, if code of synapses needs
// more of other threads, and for one thread. A step in which a clock sums over populations is an
// epoch of its own (Schedule::meetings).
uint32_t StepsPerEpoch(const ir::Program& program, const Layout& layout, int threads);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_EPOCH_H_
