#include "recording/hdf5_hash.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/emission/object_cache.h"
#include "recording/hdf5.h"
#include "recording/hdf5_driver.h"

namespace bnsyn {
namespace {

using hdf5::Handle;

// Data sets are read in pieces of so many rows' bytes.
constexpr hsize_t kPieceBytes = hsize_t{1} << 22;

class Hasher {
 public:
  const std::string& hash() const { return hash_; }

  void Add(absl::string_view text) {
    hash_ = compiler::HashText(absl::StrCat(hash_, " ", text.size(), " ", text));
  }

  // Attributes by name.
  bool AddAttributes(const Handle& object) {
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
      static_cast<std::vector<std::string>*>(list)->emplace_back(name);
      return 0;
    };
    hsize_t position = 0;
    if (H5Aiterate2(object.id(), H5_INDEX_NAME, H5_ITER_INC, &position, collect, &names) < 0) {
      return false;
    }
    for (const std::string& name : names) {
      Add(name);
      const Handle attribute(H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), &H5Aclose);
      const Handle type(H5Aget_type(attribute.id()), &H5Tclose);
      const Handle space(H5Aget_space(attribute.id()), &H5Sclose);
      const hssize_t count = H5Sget_simple_extent_npoints(space.id());
      if (count < 0) return false;
      if (H5Tis_variable_str(type.id()) > 0) {
        std::vector<char*> texts(static_cast<size_t>(count));
        if (H5Aread(attribute.id(), type.id(), texts.data()) < 0) return false;
        for (const char* const text : texts) Add(text == nullptr ? "" : text);
        H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, texts.data());
        continue;
      }
      std::string bytes(static_cast<size_t>(count) * H5Tget_size(type.id()), '\0');
      if (H5Aread(attribute.id(), type.id(), bytes.data()) < 0) return false;
      Add(bytes);
    }
    return true;
  }

  bool AddSet(const Handle& set) {
    const Handle type(H5Dget_type(set.id()), &H5Tclose);
    const Handle space(H5Dget_space(set.id()), &H5Sclose);
    const int dimensions = H5Sget_simple_extent_ndims(space.id());
    hsize_t size[H5S_MAX_RANK] = {};
    if (dimensions < 0 || H5Sget_simple_extent_dims(space.id(), size, nullptr) < 0) return false;
    hsize_t row = H5Tget_size(type.id());
    std::string shape = absl::StrCat(static_cast<int>(H5Tget_class(type.id())), " ", row);
    for (int d = 0; d < dimensions; ++d) absl::StrAppend(&shape, " ", size[d]);
    Add(shape);
    for (int d = 1; d < dimensions; ++d) row *= size[d];
    if (dimensions == 0 || row == 0) return true;
    const hsize_t most = std::max<hsize_t>(kPieceBytes / row, 1);
    hsize_t begin[H5S_MAX_RANK] = {};
    for (; begin[0] < size[0]; begin[0] += most) {
      hsize_t count[H5S_MAX_RANK];
      std::copy(size, size + dimensions, count);
      count[0] = std::min(most, size[0] - begin[0]);
      const Handle memory(H5Screate_simple(dimensions, count, nullptr), &H5Sclose);
      std::string bytes(count[0] * row, '\0');
      if (H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, begin, nullptr, count, nullptr) < 0 ||
          H5Dread(set.id(), type.id(), memory.id(), space.id(), H5P_DEFAULT, bytes.data()) < 0) {
        return false;
      }
      Add(bytes);
    }
    return true;
  }

  bool AddGroup(const Handle& group) {
    if (!AddAttributes(group)) return false;
    for (const std::string& name : hdf5::NamesIn(group)) {
      Add(name);
      const Handle object(H5Oopen(group.id(), name.c_str(), H5P_DEFAULT), &H5Oclose);
      if (!object.ok()) return false;
      const H5I_type_t kind = H5Iget_type(object.id());
      if (kind == H5I_GROUP && !AddGroup(object)) return false;
      if (kind == H5I_DATASET && (!AddSet(object) || !AddAttributes(object))) return false;
    }
    return true;
  }

 private:
  std::string hash_;
};

}  // namespace

absl::StatusOr<std::string> HashOfHdf5(const std::string& path) {
  const hdf5::Quiet quiet;
  const Handle file = hdf5::OpenFile(path);
  const Handle root(H5Gopen2(file.id(), "/", H5P_DEFAULT), &H5Gclose);
  Hasher hasher;
  if (!root.ok() || !hasher.AddGroup(root)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read '", path, "' as HDF5"));
  }
  return hasher.hash();
}

}  // namespace bnsyn
