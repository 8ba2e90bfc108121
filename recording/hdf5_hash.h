// A hash of what a file of HDF5 holds.
#ifndef BNSYN_RECORDING_HDF5_HASH_H_
#define BNSYN_RECORDING_HDF5_HASH_H_

#include <string>

#include "absl/status/statusor.h"

namespace bnsyn {

// 32 digits that depend on the names, sizes, numbers and texts of all groups, data sets and
// attributes, and not on where they lie in the file.
absl::StatusOr<std::string> HashOfHdf5(const std::string& path);

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_HDF5_HASH_H_
