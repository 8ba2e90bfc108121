// Memory of a simulation: whole pages from the system, allocated before the first step.
#ifndef BNSYN_RUNTIME_MEMORY_BUFFERS_H_
#define BNSYN_RUNTIME_MEMORY_BUFFERS_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"

namespace bnsyn {

inline constexpr size_t kCacheLine = 64;

constexpr size_t RoundUp(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// Owns zeroed pages. A page takes memory when it is first written, so that room for a worst case is
// free. Large buffers ask for huge pages.
class PageBuffer {
 public:
  PageBuffer() = default;
  static absl::StatusOr<PageBuffer> Create(size_t bytes);
  PageBuffer(PageBuffer&& other) noexcept { *this = std::move(other); }
  PageBuffer& operator=(PageBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(released_, other.released_);
    return *this;
  }
  ~PageBuffer();

  char* data() const { return data_; }
  size_t size() const { return size_; }

  // Returns all but the first `bytes` to the system.
  void Shrink(size_t bytes);
  // Returns the pages that end before `bytes` to the system. They read as zero afterwards.
  void ReleaseBefore(size_t bytes);

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t released_ = 0;
};

// Plans the aligned parts of one buffer: add all parts, create the buffer, then use the offsets.
class ArenaLayout {
 public:
  // The offset of a part of `bytes`. It is aligned for vectors and shares no cache line.
  size_t Add(size_t bytes) {
    const size_t offset = size_;
    size_ = RoundUp(size_ + bytes, kCacheLine);
    return offset;
  }
  size_t size() const { return size_; }

 private:
  size_t size_ = 0;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_MEMORY_BUFFERS_H_
