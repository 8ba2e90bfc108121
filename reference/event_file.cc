#include "reference/event_file.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/columns.h"
#include "reference/fault.h"

namespace bnsyn::reference {
namespace {

absl::Status TooLarge(const ir::Table& table, size_t row, const ir::Input& input, double value,
                      Quanta limit) {
  return RowError(table, row,
                  absl::StrCat("input ", input.name, " would receive ", ShowIn(input, value),
                               ", but ", DescribeLimit(input, limit)));
}

}  // namespace

absl::StatusOr<std::vector<Event>> ReadEvents(const ir::Program& program,
                                              const ir::Events& declaration) {
  const ir::Table& table = program.tables[declaration.table];
  const ir::Input& input = program.inputs[declaration.input];
  const int scale = input.accumulator.scale_log2;
  const SumLimits limits = LimitsOf(input.accumulator);
  const ir::Domain& domain = program.domains[static_cast<size_t>(input.population)];
  BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> steps, ReadEventSteps(program, declaration));
  BNSYN_ASSIGN_OR_RETURN(
      const std::vector<uint32_t> elements,
      ReadNeurons(table, "index", program.populations[domain.index], declaration.neurons));
  const std::vector<double>* const values = FindColumn(table, "value");

  std::vector<std::pair<Event, size_t>> rows;
  for (size_t row = 0; row < steps.size(); ++row) {
    const double value = values == nullptr ? 1 : (*values)[row];
    if (Magnitude(ToQuanta(value, scale)) > limits.contribution) {
      return TooLarge(table, row, input, value, limits.contribution);
    }
    rows.push_back({{steps[row], elements[row], value}, row});
  }
  const auto key = [](const std::pair<Event, size_t>& e) {
    return std::make_tuple(e.first.step, e.first.element, e.second);
  };
  std::sort(rows.begin(), rows.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });

  std::vector<Event> events;
  Quanta sum = 0;  // of |quanta| at one step and element
  for (const auto& [event, row] : rows) {
    if (events.empty() || events.back().step != event.step ||
        events.back().element != event.element) {
      sum = 0;
    }
    sum += Magnitude(ToQuanta(event.value, scale));
    if (sum > limits.sum) {
      return TooLarge(table, row, input, FromQuanta(sum, scale), limits.sum);
    }
    events.push_back(event);
  }
  return events;
}

absl::StatusOr<std::vector<std::vector<Event>>> ReadAllEvents(const ir::Program& program) {
  std::vector<std::vector<Event>> all;
  for (const ir::Events& declaration : program.events) {
    BNSYN_ASSIGN_OR_RETURN(std::vector<Event> events, ReadEvents(program, declaration));
    all.push_back(std::move(events));
  }
  return all;
}

absl::Span<const Event> EventsOf(const std::vector<Event>& events, uint64_t step) {
  const auto [begin, end] =
      std::equal_range(events.begin(), events.end(), Event{step, 0, 0},
                       [](const Event& a, const Event& b) { return a.step < b.step; });
  return absl::MakeConstSpan(events).subspan(static_cast<size_t>(begin - events.begin()),
                                             static_cast<size_t>(end - begin));
}

}  // namespace bnsyn::reference
