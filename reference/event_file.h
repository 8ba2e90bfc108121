// Reads events from tables: amounts that arrive at an input at given steps (R5).
#ifndef BNSYN_REFERENCE_EVENT_FILE_H_
#define BNSYN_REFERENCE_EVENT_FILE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::reference {

struct Event {
  uint64_t step = 0;
  uint32_t element = 0;
  double value = 1;
};

// The events of one declaration, sorted by step and element. Fails and names the row if an index or
// a step is out of range, or a value or the values of one step and element together exceed the
// limits of the input (SumLimits).
absl::StatusOr<std::vector<Event>> ReadEvents(const ir::Program& program,
                                              const ir::Events& declaration);

// The events of all declarations of a program, in order.
absl::StatusOr<std::vector<std::vector<Event>>> ReadAllEvents(const ir::Program& program);

// The events of one step.
absl::Span<const Event> EventsOf(const std::vector<Event>& events, uint64_t step);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_EVENT_FILE_H_
