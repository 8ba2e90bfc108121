// How many steps threads run between two meetings.
#ifndef BNSYN_RUNTIME_EXCHANGE_EPOCH_H_
#define BNSYN_RUNTIME_EXCHANGE_EPOCH_H_

#include <cstdint>

#include "ir/program.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {

// A window of more steps would save little, and spikes and records need room for all of it.
inline constexpr uint32_t kLongestEpoch = 16;

// The steps of a window, within which no thread needs anything that another does in it. That is the
// smallest delay, up to kLongestEpoch, where threads have nothing but spikes to tell each other.
// It is 1 where the step counts spikes or sums over populations, where synapses have code of their
// own (on_pre code that may fail or reads states, on_step and on_post code), and for one thread,
// which meets nobody. The same before the passes and after them.
uint32_t StepsPerEpoch(const ir::Program& program, const Layout& layout, int threads);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_EPOCH_H_
