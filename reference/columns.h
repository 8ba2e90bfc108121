// Columns of tables as what a program takes them for. Errors name the file, the row (counted from 1
// after the header) and the value.
#ifndef BNSYN_REFERENCE_COLUMNS_H_
#define BNSYN_REFERENCE_COLUMNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// The column of that name, or null.
const std::vector<double>* FindColumn(const ir::Table& table, absl::string_view name);

// The column `name` as numbers of neurons of a population.
absl::StatusOr<std::vector<uint32_t>> ReadNeurons(const ir::Table& table, absl::string_view name,
                                                  const ir::Population& population);

// The column `name` as numbers of steps: whole, from 0 to below 2^53.
absl::StatusOr<std::vector<uint64_t>> ReadSteps(const ir::Table& table, absl::string_view name);

// When events happen: the column `step`, or `time` in milliseconds, which must be whole numbers of
// steps of `dt` (R4).
absl::StatusOr<std::vector<uint64_t>> ReadEventSteps(const ir::Table& table, double dt);

// The meaning of `lookup`: the numbers of a table at rows and columns (i64; one of either stands
// for all), beyond an end the last ones there.
void LookUp(const ir::Table& table, const ArrayView& rows, const ArrayView& columns, Array& result);

// "conn.csv: row 17: MESSAGE".
absl::Status RowError(const ir::Table& table, size_t row, absl::string_view message);

// A value as the table's author would write it: shortest digits that read back the same.
std::string ShowValue(double value);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_COLUMNS_H_
