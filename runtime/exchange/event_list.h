// Input events from files, sorted and divided among threads.
#ifndef BNSYN_RUNTIME_EXCHANGE_EVENT_LIST_H_
#define BNSYN_RUNTIME_EXCHANGE_EVENT_LIST_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/program.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

struct InputEvent {
  uint64_t step = 0;
  ir::InputId input = 0;
  uint32_t element = 0;
  int64_t quanta = 0;
};

// By thread: the events of all files onto the neurons that it owns, by increasing step.
absl::StatusOr<std::vector<std::vector<InputEvent>>> SplitEvents(const ir::Program& program,
                                                                 const Partition& partition);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_EVENT_LIST_H_
