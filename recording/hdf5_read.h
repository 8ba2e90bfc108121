// Reading files of HDF5. They may be damaged in any way: the answer is data or an error.
#ifndef BNSYN_RECORDING_HDF5_READ_H_
#define BNSYN_RECORDING_HDF5_READ_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "recording/hdf5.h"

namespace bnsyn::hdf5 {

// A group in an open file, with what errors call it.
class Group {
 public:
  // NotFound if there is no such file, InvalidArgument if it is none of HDF5.
  static absl::StatusOr<Group> Open(const std::string& path);

  bool Has(const std::string& name) const;
  // The names in it, in alphabetical order.
  std::vector<std::string> Names() const { return NamesIn(handle_); }
  absl::StatusOr<Group> Find(const std::string& name) const;
  // All numbers of a data set of one dimension. Integers that T does not hold, and NaN, are errors.
  template <typename T>
  absl::StatusOr<std::vector<T>> Read(const std::string& name) const;
  // The text of an attribute of a data set or group; nullopt if it has none of that name, or if the
  // file is damaged there.
  std::optional<std::string> Text(const std::string& name, const char* attribute) const;
  // "edges.h5: /edges/v1".
  const std::string& place() const { return place_; }

 private:
  Group(Handle file, Handle handle, std::string place)
      : file_(std::move(file)), handle_(std::move(handle)), place_(std::move(place)) {}

  Handle file_;  // of a group that was opened by its path
  Handle handle_;
  std::string place_;
};

}  // namespace bnsyn::hdf5

#endif  // BNSYN_RECORDING_HDF5_READ_H_
