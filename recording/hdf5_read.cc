#include "recording/hdf5_read.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "recording/hdf5_driver.h"
#include "recording/hdf5_text.h"

namespace bnsyn::hdf5 {
namespace {

// The most numbers of a data set that are read.
constexpr hssize_t kMostNumbers = hssize_t{1} << 31;
// What a damaged file claims must not take the memory of the machine: a file is
// no smaller than its larger data sets, or than what the best compression leaves of them.
constexpr hsize_t kSmall = hsize_t{64} << 20;
constexpr hsize_t kMostDeflated = 1040;
// The longest text of an attribute.
constexpr size_t kMostText = size_t{1} << 16;

// What keeps a data set from being read; empty if nothing does.
std::string Problem(const Handle& set, hsize_t bytes) {
  const Handle properties(H5Dget_create_plist(set.id()), &H5Pclose);
  const int filters = H5Pget_nfilters(properties.id());
  if (!properties.ok() || filters < 0) return "the data cannot be read";
  for (int f = 0; f < filters; ++f) {
    unsigned flags = 0;
    size_t values = 0;
    char name[64] = {};
    const H5Z_filter_t filter = H5Pget_filter2(properties.id(), static_cast<unsigned>(f), &flags,
                                               &values, nullptr, sizeof(name), name, nullptr);
    if (filter >= 0 && H5Zfilter_avail(filter) > 0) continue;
    return absl::StrCat("the data are compressed by '", std::string(name),
                        "', which the HDF5 of this machine cannot read; write them with "
                        "compression=\"gzip\", or without");
  }
  hsize_t chunk = 0;
  if (H5Pget_layout(properties.id()) == H5D_CHUNKED &&
      H5Pget_chunk(properties.id(), 1, &chunk) >= 0) {
    const Handle type(H5Dget_type(set.id()), &H5Tclose);
    if (chunk > std::max(bytes, kSmall) / std::max<size_t>(H5Tget_size(type.id()), 1)) {
      return "it is stored in pieces larger than all of it";
    }
  }
  const Handle file(H5Iget_file_id(set.id()), &H5Fclose);
  hsize_t size = 0;
  if (H5Fget_filesize(file.id(), &size) < 0) return "the data cannot be read";
  if (bytes > kSmall && size < (filters > 0 ? bytes / kMostDeflated : bytes)) {
    return "the file lacks a part of its data";
  }
  return "";
}

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
  const std::string problem = Problem(set, static_cast<hsize_t>(count) * H5Tget_size(type.id()));
  if (!problem.empty()) return absl::InvalidArgumentError(absl::StrCat(place, ": ", problem));
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
  if (H5Tis_variable_str(type.id()) > 0) return ReadVariableText(found);
  const size_t size = H5Tget_size(type.id());
  if (size > kMostText) return std::nullopt;
  std::string text(size, '\0');
  if (H5Aread(found.id(), type.id(), text.data()) < 0) return std::nullopt;
  return std::string(text.c_str());
}

}  // namespace bnsyn::hdf5
