// A thin layer over the C interface of HDF5: handles that close themselves, and statuses. Files of
// HDF5 can be damaged in any way; whatever they hold, the answer is data or an error.
#ifndef BNSYN_RECORDING_HDF5_H_
#define BNSYN_RECORDING_HDF5_H_

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace bnsyn::hdf5 {

// An open thing of HDF5: a file, a group, a data set, a type, a space or a list of properties.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  bool ok() const { return id_ >= 0; }
  hid_t id() const { return id_; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

// While it lives, HDF5 prints nothing on stderr in this thread.
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &before_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, before_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t before_ = nullptr;
  void* data_ = nullptr;
};

// The type of numbers in memory.
template <typename T>
hid_t TypeOf();
template <>
inline hid_t TypeOf<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
inline hid_t TypeOf<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t TypeOf<int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
inline hid_t TypeOf<uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
inline hid_t TypeOf<uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
inline hid_t TypeOf<uint8_t>() {
  return H5T_NATIVE_UINT8;
}

// Writing. Each returns what was made; a handle that is not ok() says that HDF5 refused.
Handle CreateGroup(const Handle& parent, const std::string& name);
// Attributes of a file, a group or a data set; false if HDF5 refuses. A text is one of variable
// length, as h5py writes it.
bool WriteText(const Handle& owner, const char* name, const std::string& text);
bool WriteNumbers(const Handle& owner, const char* name, hid_t type, const void* values,
                  std::optional<uint64_t> count);
template <typename T>
bool WriteAttribute(const Handle& owner, const char* name, const T& value) {
  return WriteNumbers(owner, name, TypeOf<T>(), &value, std::nullopt);
}
// A data set of numbers with one dimension.
Handle WriteBytes(const Handle& parent, const char* name, hid_t type, const void* values,
                  uint64_t count);
template <typename T>
Handle WriteArray(const Handle& parent, const char* name, absl::Span<const T> values) {
  return WriteBytes(parent, name, TypeOf<T>(), values.data(), values.size());
}

// A data set that grows by rows of `width` numbers; width 0 for one of one dimension. Rows are kept
// until Flush, or until some megabytes have come together.
class Growing {
 public:
  Growing() = default;
  // Not ok() if HDF5 refuses.
  static Growing Create(const Handle& parent, const char* name, hid_t type, uint64_t width);

  bool ok() const { return set_.ok(); }
  const Handle& set() const { return set_; }
  uint64_t rows() const { return rows_; }
  // Adds values that make up whole rows, of the type of the data set. False if HDF5 refuses.
  bool Append(const void* values, uint64_t count);
  bool Flush();

 private:
  Handle set_;
  hid_t type_ = -1;
  uint64_t width_ = 0;
  uint64_t rows_ = 0;  // in the file
  std::string bytes_;  // that are not yet in the file
};

// The names in a group, in their order.
std::vector<std::string> NamesIn(const Handle& group);

}  // namespace bnsyn::hdf5

#endif  // BNSYN_RECORDING_HDF5_H_
