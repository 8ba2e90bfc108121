// Numbers as bytes of a file, the lowest first.
#ifndef BNSYN_RECORDING_BYTES_H_
#define BNSYN_RECORDING_BYTES_H_

#include <bit>
#include <cstring>
#include <string>

namespace bnsyn {

static_assert(std::endian::native == std::endian::little);

template <typename T>
void AppendBytes(std::string& bytes, const T& value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

// `count` values that lie together.
template <typename T>
void AppendBytes(std::string& bytes, const T* values, size_t count) {
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_BYTES_H_
