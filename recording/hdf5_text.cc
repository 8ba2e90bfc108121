#include "recording/hdf5_text.h"

#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "recording/hdf5_driver.h"

namespace bnsyn::hdf5 {
namespace {

// The longest text that is read.
constexpr uint32_t kMostText = uint32_t{1} << 16;

// What stands in the file for a text: its length, and an object of a heap at a place.
struct Reference {
  uint32_t length = 0;
  uint64_t heap = 0;
  uint32_t object = 0;
};
constexpr size_t kReferenceBytes = 16;

// HDF5 converts what it reads to what is asked for. This conversion of a text of variable length to
// bytes leaves them as they stand in the file.
herr_t Leave(hid_t, hid_t, H5T_cdata_t* data, size_t, size_t, size_t, void*, void*, hid_t) {
  data->need_bkg = H5T_BKG_NO;
  return 0;
}

std::optional<Reference> ReadReference(const Handle& attribute) {
  const Handle text(H5Aget_type(attribute.id()), &H5Tclose);
  const Handle bytes(H5Tcreate(H5T_OPAQUE, kReferenceBytes), &H5Tclose);
  const Handle space(H5Aget_space(attribute.id()), &H5Sclose);
  if (!text.ok() || !bytes.ok() || H5Sget_simple_extent_npoints(space.id()) != 1 ||
      H5Tregister(H5T_PERS_SOFT, "bnsyn_leave", text.id(), bytes.id(), &Leave) < 0) {
    return std::nullopt;
  }
  const absl::Cleanup end = [&] {
    H5Tunregister(H5T_PERS_SOFT, "bnsyn_leave", text.id(), bytes.id(), &Leave);
  };
  char raw[kReferenceBytes] = {};
  if (H5Aread(attribute.id(), bytes.id(), raw) < 0) return std::nullopt;
  Reference reference;
  std::memcpy(&reference.length, raw, 4);
  std::memcpy(&reference.heap, raw + 4, 8);
  std::memcpy(&reference.object, raw + 12, 4);
  return reference;
}

// True if places and sizes take 8 bytes in the file, as in all that common tools write.
bool HasWidePlaces(const Handle& file) {
  const Handle properties(H5Fget_create_plist(file.id()), &H5Pclose);
  size_t place = 0;
  size_t size = 0;
  return H5Pget_sizes(properties.id(), &place, &size) >= 0 && place == 8 && size == 8;
}

}  // namespace

std::optional<std::string> ReadVariableText(const Handle& attribute) {
  const Handle file(H5Iget_file_id(attribute.id()), &H5Fclose);
  const std::optional<Reference> reference = ReadReference(attribute);
  if (!reference.has_value() || reference->length > kMostText || !HasWidePlaces(file)) {
    return std::nullopt;
  }
  if (reference->length == 0) return std::string();
  // A heap: "GCOL", a version, three bytes of nothing, its size; then objects of a number, a count
  // and four bytes of nothing, their size, and their bytes up to a multiple of 8.
  constexpr uint64_t kHead = 16;
  char head[kHead];
  uint64_t size = 0;
  if (!ReadBytes(file, reference->heap, kHead, head) || std::memcmp(head, "GCOL", 4) != 0) {
    return std::nullopt;
  }
  std::memcpy(&size, head + 8, 8);
  for (uint64_t at = kHead; at < size && size - at >= kHead;) {
    if (!ReadBytes(file, reference->heap + at, kHead, head)) return std::nullopt;
    uint16_t number = 0;
    uint64_t bytes = 0;
    std::memcpy(&number, head, 2);
    std::memcpy(&bytes, head + 8, 8);
    at += kHead;
    if (number == 0 || bytes > size - at) return std::nullopt;
    if (number == reference->object) {
      std::string text(reference->length, '\0');
      if (text.size() > bytes || !ReadBytes(file, reference->heap + at, text.size(), text.data())) {
        return std::nullopt;
      }
      return std::string(text.c_str());
    }
    at += (bytes + 7) / 8 * 8;
  }
  return std::nullopt;
}

}  // namespace bnsyn::hdf5
