#include "recording/hdf5_read.h"

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "recording/hdf5_driver.h"

namespace bnsyn::hdf5 {
namespace {

// The most numbers of a data set that are read.
constexpr hssize_t kMostNumbers = hssize_t{1} << 31;

}  // namespace

absl::StatusOr<Group> Group::Open(const std::string& path) {
  Handle file = OpenFile(path);
  if (!file.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' cannot be opened as HDF5: is it there, whole, and readable?"));
  }
  Handle root(H5Gopen2(file.id(), "/", H5P_DEFAULT), &H5Gclose);
  if (!root.ok()) return absl::InvalidArgumentError(absl::StrCat("'", path, "' has no root"));
  return Group(std::move(file), std::move(root), absl::StrCat(path, ": "));
}

bool Group::Has(const std::string& name) const {
  return H5Lexists(handle_.id(), name.c_str(), H5P_DEFAULT) > 0;
}

absl::StatusOr<Group> Group::Find(const std::string& name) const {
  const std::string place = absl::StrCat(place_, "/", name);
  Handle group;
  if (Has(name)) group = Handle(H5Gopen2(handle_.id(), name.c_str(), H5P_DEFAULT), &H5Gclose);
  if (!group.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": there is no such group"));
  }
  return Group(Handle(), std::move(group), place);
}

template <typename T>
absl::StatusOr<std::vector<T>> Group::Read(const std::string& name) const {
  const std::string place = absl::StrCat(place_, "/", name);
  Handle set;
  if (Has(name)) set = Handle(H5Dopen2(handle_.id(), name.c_str(), H5P_DEFAULT), &H5Dclose);
  if (!set.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": there is no such data set"));
  }
  const Handle space(H5Dget_space(set.id()), &H5Sclose);
  const Handle type(H5Dget_type(set.id()), &H5Tclose);
  const H5T_class_t kind = H5Tget_class(type.id());
  const hssize_t count = H5Sget_simple_extent_npoints(space.id());
  if (H5Sget_simple_extent_ndims(space.id()) != 1 || count < 0 || count > kMostNumbers ||
      (kind != H5T_INTEGER && kind != H5T_FLOAT)) {
    return absl::InvalidArgumentError(absl::StrCat(
        place, ": expected numbers in one dimension, at most ", kMostNumbers, " of them"));
  }
  // What a damaged file claims must not take the memory of the machine.
  const hsize_t stored = H5Dget_storage_size(set.id());
  const bool packed = H5Pget_nfilters(Handle(H5Dget_create_plist(set.id()), &H5Pclose).id()) > 0;
  const auto bytes = static_cast<hsize_t>(count) * H5Tget_size(type.id());
  if (!packed && stored < bytes) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": the file lacks a part of its data"));
  }
  // Integers as the widest first, so that none is cut.
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
  if (std::is_integral_v<T> && kind != H5T_INTEGER) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": expected whole numbers"));
  }
  std::vector<Wide> wide(static_cast<size_t>(count));
  if (H5Dread(set.id(), TypeOf<Wide>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, wide.data()) < 0) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": the data cannot be read"));
  }
  std::vector<T> values(wide.size());
  for (size_t i = 0; i < wide.size(); ++i) {
    bool fits = true;
    if constexpr (std::is_floating_point_v<T>) {
      fits = std::isfinite(wide[i]);
    } else {
      fits = wide[i] >= 0 && static_cast<uint64_t>(wide[i]) <= std::numeric_limits<T>::max();
    }
    if (!fits) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ": number ", i, " is ", wide[i], ", which cannot be"));
    }
    values[i] = static_cast<T>(wide[i]);
  }
  return values;
}

template absl::StatusOr<std::vector<double>> Group::Read<double>(const std::string&) const;
template absl::StatusOr<std::vector<uint32_t>> Group::Read<uint32_t>(const std::string&) const;
template absl::StatusOr<std::vector<uint64_t>> Group::Read<uint64_t>(const std::string&) const;

std::optional<std::string> Group::Text(const std::string& name, const char* attribute) const {
  const Handle object(H5Oopen(handle_.id(), name.c_str(), H5P_DEFAULT), &H5Oclose);
  if (!object.ok() || H5Aexists(object.id(), attribute) <= 0) return std::nullopt;
  const Handle found(H5Aopen(object.id(), attribute, H5P_DEFAULT), &H5Aclose);
  const Handle type(H5Aget_type(found.id()), &H5Tclose);
  const Handle space(H5Aget_space(found.id()), &H5Sclose);
  if (H5Tget_class(type.id()) != H5T_STRING || H5Sget_simple_extent_npoints(space.id()) != 1) {
    return std::nullopt;
  }
  if (H5Tis_variable_str(type.id()) > 0) {
    char* text = nullptr;
    if (H5Aread(found.id(), type.id(), &text) < 0 || text == nullptr) return std::nullopt;
    std::string copy(text);
    H5free_memory(text);
    return copy;
  }
  std::string text(H5Tget_size(type.id()), '\0');
  if (H5Aread(found.id(), type.id(), text.data()) < 0) return std::nullopt;
  return std::string(text.c_str());
}

}  // namespace bnsyn::hdf5
