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

PageBuffer::~PageBuffer() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace bnsyn
