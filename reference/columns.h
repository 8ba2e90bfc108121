// Reads columns of tables as neurons, steps or numbers. Errors name the file, the row (counted from
// 1 after the header) and the value.
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

// The column `name`, which counts among `selected` neurons of a population from 0 on, as numbers of
// neurons in the population.
absl::StatusOr<std::vector<uint32_t>> ReadNeurons(const ir::Table& table, absl::string_view name,
                                                  const ir::Population& population,
                                                  const ir::Selection& selected = {});

// The column `name` as steps: whole numbers from 0 to below 2^53.
absl::StatusOr<std::vector<uint64_t>> ReadSteps(const ir::Table& table, absl::string_view name);

// The steps of events: the column `step`, or those that begin, or end, at the column `time` in
// milliseconds, which must be multiples of dt (R4).
absl::StatusOr<std::vector<uint64_t>> ReadEventSteps(const ir::Program& program,
                                                     const ir::Events& events);

// The op `lookup`: the numbers of a table at rows and columns (i64; a single row or column stands
// for all elements). An index beyond an end becomes the index of that end.
void LookUp(const ir::Table& table, const ArrayView& rows, const ArrayView& columns, Array& result);

// "conn.csv: row 17: MESSAGE".
absl::Status RowError(const ir::Table& table, size_t row, absl::string_view message);

// The shortest digits that read back as the same value; "nan", "inf" or "-inf".
std::string ShowValue(double value);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_COLUMNS_H_
