// Input events from files, sorted and divided among threads.
#ifndef BNSYN_RUNTIME_EXCHANGE_EVENT_LIST_H_
#define BNSYN_RUNTIME_EXCHANGE_EVENT_LIST_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/event_file.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

struct InputEvent {
  uint64_t step = 0;
  ir::InputId input = 0;
  uint32_t element = 0;
  reference::Quanta quanta = 0;
};

// By thread: the events of all files onto the neurons that it owns, by increasing step. `events`
// are those of each declaration of the program.
std::vector<std::vector<InputEvent>> SplitEvents(
    const ir::Program& program, absl::Span<const std::vector<reference::Event>> events,
    const Partition& partition);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_EVENT_LIST_H_
