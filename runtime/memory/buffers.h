// Memory that a simulation owns: whole pages from the system, laid out before the first step.
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

// Zeroed pages of its own. Pages cost memory from when they are first written, so room for a worst
// case that never comes is free. Large buffers ask for huge pages.
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

  // Gives the system back what lies behind the first `bytes`.
  void Shrink(size_t bytes);
  // Gives back the pages that lie wholly before `bytes`: they are zero, should they be read again.
  void ReleaseBefore(size_t bytes);

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t released_ = 0;
};

// Hands out aligned parts of one buffer: first every part is planned, then the buffer is made, then
// the parts are asked for by their offsets.
class ArenaLayout {
 public:
  // The offset of a part of `bytes`, aligned for vectors and not sharing a cache line with another.
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
