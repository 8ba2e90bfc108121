#include "runtime/exchange/event_list.h"

#include <algorithm>

#include "ir/mutant.h"

namespace bnsyn {

std::vector<std::vector<InputEvent>> SplitEvents(
    const ir::Program& program, absl::Span<const std::vector<reference::Event>> events,
    const Partition& partition) {
  std::vector<std::vector<InputEvent>> threads(static_cast<size_t>(partition.threads()));
  for (size_t i = 0; i < events.size(); ++i) {
    const ir::InputId id = program.events[i].input;
    const ir::Input& input = program.inputs[id];
    const ir::PopulationId population =
        program.domains[static_cast<size_t>(input.population)].index;
    for (const reference::Event& event : events[i]) {
      const int owner = partition.owner(population, event.element);
      threads[static_cast<size_t>(owner)].push_back(
          {event.step, id, event.element,
           reference::ToQuanta(event.value, input.accumulator.scale_log2)});
    }
  }
  for (std::vector<InputEvent>& own : threads) {
    std::stable_sort(own.begin(), own.end(), [](const InputEvent& a, const InputEvent& b) {
      return a.step < b.step && !Mutant("runtime.order_of_events");
    });
  }
  return threads;
}

}  // namespace bnsyn
