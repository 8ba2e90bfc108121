#include "runtime/exchange/event_list.h"

#include <algorithm>

#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/event_file.h"

namespace bnsyn {

absl::StatusOr<std::vector<std::vector<InputEvent>>> SplitEvents(const ir::Program& program,
                                                                 const Partition& partition) {
  std::vector<std::vector<InputEvent>> threads(static_cast<size_t>(partition.threads()));
  for (const ir::Events& declaration : program.events) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Event> events,
                           reference::ReadEvents(program, declaration));
    const ir::Input& input = program.inputs[declaration.input];
    const ir::PopulationId population =
        program.domains[static_cast<size_t>(input.population)].index;
    for (const reference::Event& event : events) {
      const int owner = partition.owner(population, event.element);
      threads[static_cast<size_t>(owner)].push_back(
          {event.step, declaration.input, event.element,
           reference::ToQuanta(event.value, input.accumulator.scale_log2)});
    }
  }
  for (std::vector<InputEvent>& events : threads) {
    std::stable_sort(events.begin(), events.end(),
                     [](const InputEvent& a, const InputEvent& b) { return a.step < b.step; });
  }
  return threads;
}

}  // namespace bnsyn
