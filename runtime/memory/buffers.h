// Memory of a simulation: whole pages from the system, allocated before the first step.
#ifndef BNSYN_RUNTIME_MEMORY_BUFFERS_H_
#define BNSYN_RUNTIME_MEMORY_BUFFERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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

// A part of the memory of a simulation. Bytes are doubles, so that a network too large for any
// machine has a size.
struct MemoryPart {
  std::string name;  // "states", "synapses of ee"
  double bytes = 0;
};
// Adds to the part of that name, which is the last one if it is new. No bytes make no part.
void AddToPart(absl::string_view name, double bytes, std::vector<MemoryPart>& parts);

// Plans the aligned parts of one buffer: add all parts, create the buffer, then use the offsets.
class ArenaLayout {
 public:
  // The offset of `bytes` for the part `name`. It is aligned for vectors and shares no cache line.
  size_t Add(absl::string_view name, size_t bytes) {
    const size_t offset = size_;
    size_ = RoundUp(size_ + bytes, kCacheLine);
    AddToPart(name, static_cast<double>(size_ - offset), parts_);
    return offset;
  }
  size_t size() const { return size_; }
  const std::vector<MemoryPart>& parts() const { return parts_; }

 private:
  size_t size_ = 0;
  std::vector<MemoryPart> parts_;
};

// Provides the buffers of a simulation. A counting arena provides empty buffers and adds up the
// bytes that it is asked for: the code that allocates, run on a counting arena, plans the memory.
//
//   Arena arena = Arena::Counting();
//   SpikeRing::Create(program, partition, epoch, arena);
//   arena.parts();  // {"spikes in flight", 131072}
class Arena {
 public:
  Arena() = default;
  static Arena Counting() {
    Arena arena;
    arena.counts_ = true;
    return arena;
  }

  bool counts() const { return counts_; }
  absl::StatusOr<PageBuffer> Allocate(const ArenaLayout& layout);
  absl::StatusOr<PageBuffer> Allocate(absl::string_view part, size_t bytes);
  // Of a counting arena.
  const std::vector<MemoryPart>& parts() const { return parts_; }

 private:
  bool counts_ = false;
  std::vector<MemoryPart> parts_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_MEMORY_BUFFERS_H_
