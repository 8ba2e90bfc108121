#include "recording/hdf5.h"

#include <algorithm>

namespace bnsyn::hdf5 {
namespace {

// Rows are written when so many bytes have come together.
constexpr size_t kMostBytes = size_t{4} << 20;
// A chunk of a growing data set: what is read and written as one.
constexpr uint64_t kChunkBytes = uint64_t{64} << 10;

Handle Space(std::optional<uint64_t> count) {
  if (!count.has_value()) return {H5Screate(H5S_SCALAR), &H5Sclose};
  const hsize_t size = *count;
  return {H5Screate_simple(1, &size, nullptr), &H5Sclose};
}

// Times of writing are left out, so that equal runs write equal files.
Handle SetProperties() {
  Handle list(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  if (list.ok()) H5Pset_obj_track_times(list.id(), false);
  return list;
}

}  // namespace

Handle CreateGroup(const Handle& parent, const std::string& name) {
  return {H5Gcreate2(parent.id(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), &H5Gclose};
}

bool WriteText(const Handle& owner, const char* name, const std::string& text) {
  const Handle type(H5Tcopy(H5T_C_S1), &H5Tclose);
  if (!type.ok() || H5Tset_size(type.id(), H5T_VARIABLE) < 0 ||
      H5Tset_cset(type.id(), H5T_CSET_UTF8) < 0) {
    return false;
  }
  const char* const characters = text.c_str();
  return WriteNumbers(owner, name, type.id(), &characters, std::nullopt);
}

bool WriteNumbers(const Handle& owner, const char* name, hid_t type, const void* values,
                  std::optional<uint64_t> count) {
  if (H5Aexists(owner.id(), name) > 0) {
    const Handle attribute(H5Aopen(owner.id(), name, H5P_DEFAULT), &H5Aclose);
    return attribute.ok() && H5Awrite(attribute.id(), type, values) >= 0;
  }
  const Handle space = Space(count);
  const Handle attribute(H5Acreate2(owner.id(), name, type, space.id(), H5P_DEFAULT, H5P_DEFAULT),
                         &H5Aclose);
  return attribute.ok() && H5Awrite(attribute.id(), type, values) >= 0;
}

Handle WriteBytes(const Handle& parent, const char* name, hid_t type, const void* values,
                  uint64_t count) {
  const Handle space = Space(count);
  const Handle properties = SetProperties();
  Handle set(
      H5Dcreate2(parent.id(), name, type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
      &H5Dclose);
  if (set.ok() && count > 0 &&
      H5Dwrite(set.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    return {};
  }
  return set;
}

std::vector<std::string> NamesIn(const Handle& group) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  hsize_t position = 0;
  H5Literate(group.id(), H5_INDEX_NAME, H5_ITER_INC, &position, collect, &names);
  return names;
}

Growing Growing::Create(const Handle& parent, const char* name, hid_t type, uint64_t width) {
  Growing growing;
  growing.type_ = type;
  growing.width_ = width;
  const int dimensions = width == 0 ? 1 : 2;
  const hsize_t none[2] = {0, width};
  const hsize_t most[2] = {H5S_UNLIMITED, width};
  const uint64_t row_bytes = std::max<uint64_t>(width, 1) * H5Tget_size(type);
  const hsize_t chunk[2] = {std::max<uint64_t>(kChunkBytes / row_bytes, 1), width};
  const Handle space(H5Screate_simple(dimensions, none, most), &H5Sclose);
  const Handle properties = SetProperties();
  if (!space.ok() || H5Pset_chunk(properties.id(), dimensions, chunk) < 0) return growing;
  growing.set_ = Handle(
      H5Dcreate2(parent.id(), name, type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
      &H5Dclose);
  return growing;
}

bool Growing::Append(const void* values, uint64_t count) {
  bytes_.append(static_cast<const char*>(values), count * H5Tget_size(type_));
  return bytes_.size() < kMostBytes || Flush();
}

bool Growing::Flush() {
  const uint64_t row_bytes = std::max<uint64_t>(width_, 1) * H5Tget_size(type_);
  const uint64_t rows = bytes_.size() / row_bytes;
  if (rows == 0) return true;
  const int dimensions = width_ == 0 ? 1 : 2;
  const hsize_t size[2] = {rows_ + rows, width_};
  const hsize_t begin[2] = {rows_, 0};
  const hsize_t count[2] = {rows, width_};
  if (H5Dset_extent(set_.id(), size) < 0) return false;
  const Handle in_file(H5Dget_space(set_.id()), &H5Sclose);
  const Handle in_memory(H5Screate_simple(dimensions, count, nullptr), &H5Sclose);
  if (!in_file.ok() || !in_memory.ok() ||
      H5Sselect_hyperslab(in_file.id(), H5S_SELECT_SET, begin, nullptr, count, nullptr) < 0 ||
      H5Dwrite(set_.id(), type_, in_memory.id(), in_file.id(), H5P_DEFAULT, bytes_.data()) < 0) {
    return false;
  }
  rows_ += rows;
  bytes_.clear();
  return true;
}

}  // namespace bnsyn::hdf5
