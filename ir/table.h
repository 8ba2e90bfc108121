// Tables of numbers from CSV files, or NumPy's .npy and .npz (ir/numpy_file.h has their columns).
#ifndef BNSYN_IR_TABLE_H_
#define BNSYN_IR_TABLE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "ir/program.h"

namespace bnsyn::ir {

// Reads `directory`/`file` (or `file` when absolute). Numbers of CSV are correctly rounded, so that
// shortest round-trip output of another program is restored to the bit. Fails, with line and
// column, on ragged rows, non-numbers, NaN, missing header, binary content. Lines that begin with #
// are comments.
//
// Files that `bnsyn run --out` has recorded are tables too. The columns time_ms and neuron are
// named time and index, and the column step is left out beside them. Of spikes those of the
// population `only` are taken; without it, a file with spikes of several is an error.
absl::StatusOr<Table> ReadTable(absl::string_view name, absl::string_view file,
                                absl::string_view directory, absl::string_view only = "");

// A time as a whole number of steps (R4): nullopt where it is negative, or further than 1e-9 from
// one (relative above 1).
std::optional<uint64_t> WholeSteps(double time, double dt);
// The same where a time between two steps goes to one of them.
std::optional<uint64_t> WholeSteps(double time, double dt, OffGrid off_grid);

// Digest of column names and values, stored in the program's text.
uint64_t TableDigest(const Table& table);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_TABLE_H_
