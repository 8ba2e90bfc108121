#include "runtime/memory/buffers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/str_format.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

absl::StatusOr<PageBuffer> PageBuffer::Create(size_t bytes) {
  PageBuffer buffer;
  if (bytes == 0) return buffer;
  const size_t size = RoundUp(bytes, PageSize());
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("the system refused %d MB of memory", static_cast<int64_t>(size >> 20)));
  }
  buffer.data_ = static_cast<char*>(data);
  buffer.size_ = size;
  // A hint: without huge pages all is slower.
  if (size >= 2 * kHugePage) madvise(data, size, MADV_HUGEPAGE);
  return buffer;
}

void PageBuffer::Shrink(size_t bytes) {
  const size_t kept = RoundUp(bytes, PageSize());
  if (data_ == nullptr || kept >= size_) return;
  munmap(data_ + kept, size_ - kept);
  size_ = kept;
  if (kept == 0) data_ = nullptr;
}

void PageBuffer::ReleaseBefore(size_t bytes) {
  // In large steps, so that no huge page is split.
  constexpr size_t kStep = 4 * kHugePage;
  const size_t end = bytes / kStep * kStep;
  if (end <= released_) return;
  madvise(data_ + released_, end - released_, MADV_DONTNEED);
  released_ = end;
}

void AddToPart(absl::string_view name, double bytes, std::vector<MemoryPart>& parts) {
  if (bytes == 0) return;
  for (MemoryPart& part : parts) {
    if (part.name != name) continue;
    part.bytes += bytes;
    return;
  }
  parts.push_back({std::string(name), bytes});
}

absl::StatusOr<PageBuffer> Arena::Allocate(const ArenaLayout& layout) {
  if (!counts_) return PageBuffer::Create(layout.size());
  for (const MemoryPart& part : layout.parts()) AddToPart(part.name, part.bytes, parts_);
  if (layout.size() > 0) {
    const size_t unused = RoundUp(layout.size(), PageSize()) - layout.size();
    AddToPart(layout.parts().back().name, static_cast<double>(unused), parts_);
  }
  return PageBuffer();
}

absl::StatusOr<PageBuffer> Arena::Allocate(absl::string_view part, size_t bytes) {
  if (!counts_) return PageBuffer::Create(bytes);
  AddToPart(part, static_cast<double>(RoundUp(bytes, PageSize())), parts_);
  return PageBuffer();
}

PageBuffer::~PageBuffer() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace bnsyn
