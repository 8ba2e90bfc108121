#include "reference/columns.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "ir/table.h"

namespace bnsyn::reference {
namespace {

absl::StatusOr<const std::vector<double>*> RequireColumn(const ir::Table& table,
                                                         absl::string_view name) {
  const std::vector<double>* const column = FindColumn(table, name);
  if (column != nullptr) return column;
  return absl::InvalidArgumentError(
      absl::StrCat(table.title(), ": no column '", name, "'; its header line must name one"));
}

// False for fractions, NaN and anything outside of [0, limit).
bool IsWholeBelow(double value, double limit) {
  return value >= 0 && value < limit && std::floor(value) == value;
}

}  // namespace

const std::vector<double>* FindColumn(const ir::Table& table, absl::string_view name) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found == table.columns.end()) return nullptr;
  return &table.values[static_cast<size_t>(found - table.columns.begin())];
}

absl::StatusOr<std::vector<uint32_t>> ReadNeurons(const ir::Table& table, absl::string_view name,
                                                  const ir::Population& population,
                                                  const ir::Selection& selected) {
  const ir::SelectedNeurons members(selected, population.size);
  BNSYN_ASSIGN_OR_RETURN(const std::vector<double>* const column, RequireColumn(table, name));
  std::vector<uint32_t> neurons;
  neurons.reserve(column->size());
  for (size_t row = 0; row < column->size(); ++row) {
    const double value = (*column)[row];
    if (!IsWholeBelow(value, members.size())) {
      const std::string of = selected.all() ? "" : absl::StrCat(", ", selected.Text(), ",");
      return RowError(
          table, row,
          absl::StrCat(name, " is ", ShowValue(value), ", but the neurons of population ",
                       population.name, of, " are 0 to ", members.size() - 1));
    }
    neurons.push_back(members[static_cast<uint32_t>(value)]);
  }
  return neurons;
}

absl::StatusOr<std::vector<uint64_t>> ReadSteps(const ir::Table& table, absl::string_view name) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<double>* const column, RequireColumn(table, name));
  std::vector<uint64_t> steps;
  steps.reserve(column->size());
  for (size_t row = 0; row < column->size(); ++row) {
    const double value = (*column)[row];
    if (!IsWholeBelow(value, 0x1p53)) {
      return RowError(
          table, row,
          absl::StrCat(name, " is ", ShowValue(value), ", but a step is a whole number from 0 on"));
    }
    steps.push_back(static_cast<uint64_t>(value));
  }
  return steps;
}

absl::StatusOr<std::vector<uint64_t>> ReadEventSteps(const ir::Program& program,
                                                     const ir::Events& events) {
  const ir::Table& table = program.tables[events.table];
  const double dt = program.dt;
  const std::vector<double>* const times = FindColumn(table, "time");
  if (times == nullptr) return ReadSteps(table, "step");
  std::vector<uint64_t> steps;
  steps.reserve(times->size());
  for (size_t row = 0; row < times->size(); ++row) {
    const std::optional<uint64_t> step = ir::WholeSteps((*times)[row], dt, events.off_grid);
    if (!step.has_value()) {
      return RowError(
          table, row,
          absl::StrCat("time is ", ShowValue((*times)[row]),
                       " ms, which is no whole number of steps of ", ShowValue(dt), " ms"));
    }
    if (events.ends && *step == 0) return RowError(table, row, "time is 0, at which no step ends");
    steps.push_back(events.ends && !Mutant("R4.events_that_end_a_step") ? *step - 1 : *step);
  }
  return steps;
}

void LookUp(const ir::Table& table, const ArrayView& rows, const ArrayView& columns,
            Array& result) {
  const auto nearest = [](const ArrayView& places, size_t i, size_t count) {
    const auto place = static_cast<int64_t>(places.bits(places.size == 1 ? 0 : i));
    if (place < 0 && Mutant("R1.lookup_below_the_table")) return count - 1;
    if (place >= static_cast<int64_t>(count) && Mutant("R1.lookup_past_the_table"))
      return size_t{0};
    return static_cast<size_t>(std::clamp<int64_t>(place, 0, static_cast<int64_t>(count) - 1));
  };
  for (size_t i = 0; i < result.size(); ++i) {
    const size_t row = nearest(rows, i, table.rows());
    const size_t column = nearest(columns, i, table.columns.size());
    result.as<double>()[i] = table.values[column][row];
  }
}

absl::Status RowError(const ir::Table& table, size_t row, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(table.title(), ": row ", row + 1, ": ", message));
}

std::string ShowValue(double value) {
  // The sign of a NaN says nothing (R1).
  if (std::isnan(value)) return "nan";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return std::string(buffer, end);
}

}  // namespace bnsyn::reference
