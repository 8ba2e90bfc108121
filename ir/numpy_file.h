// Tables of numbers from NumPy's files: .npy, one array, and .npz, several of them in a ZIP
// archive.
#ifndef BNSYN_IR_NUMPY_FILE_H_
#define BNSYN_IR_NUMPY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bnsyn::ir {

// Columns of equal length.
struct NumberColumns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;
};

// True if the bytes begin as those of a file of NumPy do.
bool IsNumpyFile(absl::string_view bytes);

// Reads the bytes of a file, which `path` names in errors. Of a structured array each field is a
// column of its name; of an array of two dimensions each column, named by its number, "0", "1",
// ...; of an array of one dimension all, named "value". Of an archive each array of one dimension
// is a column of its name, and there may be one array of another kind alone. Numbers are of any
// type with the lowest byte first; integers beyond 2^53, NaN and what is no number are errors, and
// so is whatever is damaged.
absl::StatusOr<NumberColumns> ReadNumpyFile(absl::string_view bytes, const std::string& path);

// Reads an array of one dimension of texts of ASCII, as numpy.array(["exc", "inh"]) is one.
absl::StatusOr<std::vector<std::string>> ReadNumpyTexts(absl::string_view bytes,
                                                        const std::string& path);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_NUMPY_FILE_H_
