#include "tests/faults/interposer.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"
#include "tests/faults/function_names.h"

#if !defined(__has_feature)
#define __has_feature(name) 0
#endif
// The sanitizers have a malloc of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define BNSYN_OWN_MALLOC
extern "C" void* __libc_malloc(size_t size);
extern "C" void* __libc_calloc(size_t count, size_t size);
extern "C" void* __libc_realloc(void* block, size_t size);
extern "C" void* __libc_memalign(size_t alignment, size_t size);
#endif

namespace bnsyn::faults {
namespace {

constexpr size_t kMostFrames = 256;

// What the functions below know. It is there before the first allocation of the process.
struct State {
  std::atomic<bool> armed = false;
  bool paused = false;
  Fault fault;
  std::atomic<uint64_t> calls = 0;
  std::atomic<bool> hit = false;
  std::array<void*, kMostFrames> frames = {};
  int frame_count = 0;
  std::atomic<bool> later_in_llvm = false;
  std::atomic<int64_t> live = 0;
  int stderr_copy = STDERR_FILENO;  // which a command may send elsewhere
};
constinit State state;

// True while this thread looks at the stack, which may allocate.
constinit thread_local bool looking = false;

void Remember() {
  looking = true;
  state.frame_count = ::backtrace(state.frames.data(), static_cast<int>(kMostFrames));
  looking = false;
}

// Notes whether LLVM made a later call that is hit.
void NoteLater() {
  std::array<void*, kMostFrames> frames;
  looking = true;
  const int count = ::backtrace(frames.data(), static_cast<int>(kMostFrames));
  for (int frame = 0; frame < count && !state.later_in_llvm; ++frame) {
    const char* const name = FunctionName(frames[static_cast<size_t>(frame)]);
    state.later_in_llvm = std::strstr(name, "4llvm") != nullptr;
  }
  looking = false;
}

// True if this call is to be hit.
bool IsHit(Call call) {
  if (!state.armed.load(std::memory_order_relaxed) || state.fault.call != call || looking) {
    return false;
  }
  const uint64_t number = state.calls.fetch_add(1, std::memory_order_relaxed) + 1;
  if (number < state.fault.at || (number > state.fault.at && !state.fault.lasting)) return false;
  if (!state.hit.exchange(true)) {
    Remember();
  } else if (!state.later_in_llvm) {
    NoteLater();
  }
  return true;
}

[[noreturn]] void Die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

// True if a call fails, with errno set; ends the process if the fault says so.
bool Fails(Call call) {
  if (!IsHit(call)) return false;
  if (state.fault.effect == Effect::kKills) Die();
  errno = state.fault.error;
  return true;
}

// What a call that moves bytes does.
struct Transfer {
  bool fails = false;
  bool dies = false;  // when it is done
  size_t bytes = 0;
};

Transfer Plan(Call call, size_t bytes) {
  if (!IsHit(call)) return {false, false, bytes};
  switch (state.fault.effect) {
    case Effect::kFails:
      errno = state.fault.error;
      return {true, false, 0};
    case Effect::kInterrupted:
      errno = EINTR;
      return {true, false, 0};
    case Effect::kIsShort:
      return {false, false, std::max<size_t>(bytes / 2, std::min<size_t>(bytes, 1))};
    case Effect::kKills:
      return {false, true, bytes / 2};
  }
  return {};
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void* Allocate(size_t size, size_t alignment) {
#if defined(BNSYN_OWN_MALLOC)
  return alignment == 0 ? __libc_malloc(size) : __libc_memalign(alignment, size);
#else
  return alignment == 0 ? std::malloc(size) : std::aligned_alloc(alignment, size);
#endif
}

void* NewOrNull(size_t size, size_t alignment = 0) {
  if (Fails(Call::kNew)) return nullptr;
  if (alignment != 0) size = (size + alignment - 1) / alignment * alignment;
  void* const block = Allocate(std::max<size_t>(size, 1), alignment);
  if (block != nullptr) state.live.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void* NewOrThrow(size_t size, size_t alignment = 0) {
  void* const block = NewOrNull(size, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void Delete(void* block) {
  if (block == nullptr) return;
  state.live.fetch_sub(1, std::memory_order_relaxed);
  std::free(block);
}

}  // namespace

const char* Name(Call call) {
  switch (call) {
    case Call::kNew:
      return "new";
    case Call::kMalloc:
      return "malloc";
    case Call::kOpen:
      return "open";
    case Call::kRead:
      return "read";
    case Call::kWrite:
      return "write";
    case Call::kSync:
      return "fsync";
    case Call::kClose:
      return "close";
    case Call::kRename:
      return "rename";
    case Call::kMap:
      return "mmap";
    case Call::kMakeDirectory:
      return "mkdir";
    case Call::kCount:
      break;
  }
  return "";
}

bool CanFail(Call call) {
#if defined(BNSYN_OWN_MALLOC)
  return call != Call::kCount;
#else
  return call != Call::kCount && call != Call::kMalloc;
#endif
}

void Arm(const Fault& fault) {
  // The first look at the stack loads a library.
  Remember();
  LoadFunctionNames();
  state.fault = fault;
  state.frame_count = 0;
  state.calls = 0;
  state.hit = false;
  state.later_in_llvm = false;
  state.armed = true;
}

uint64_t Disarm() {
  state.armed = false;
  return state.calls;
}

void Pause() { state.paused = state.armed.exchange(false); }

void Resume() { state.armed = state.paused; }

bool Hit() { return state.hit; }

bool HitLaterWithinLlvm() { return state.later_in_llvm; }

std::string HitTrace() {
  std::string text;
  for (int frame = 0; frame < state.frame_count; ++frame) {
    absl::StrAppend(&text, FunctionName(state.frames[static_cast<size_t>(frame)]), "\n");
  }
  return text;
}

bool HitWithin(const char* part) { return HitTrace().find(part) != std::string::npos; }

void TellOnCrash() {
  state.stderr_copy = ::dup(STDERR_FILENO);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS}) {
    struct sigaction action = {};
    action.sa_handler = [](int) {
      for (int frame = 0; frame < state.frame_count; ++frame) {
        ::dprintf(state.stderr_copy, "%s\n",
                  FunctionName(state.frames[static_cast<size_t>(frame)]));
      }
    };
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second time the process ends
    ::sigaction(signal, &action, nullptr);
  }
}

int64_t LiveBlocks() { return state.live; }

}  // namespace bnsyn::faults

using bnsyn::faults::Call;
using bnsyn::faults::Transfer;

// operator new and its kin. The forms for arrays call these.
void* operator new(size_t size) { return bnsyn::faults::NewOrThrow(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return bnsyn::faults::NewOrNull(size);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return bnsyn::faults::NewOrThrow(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return bnsyn::faults::NewOrNull(size, static_cast<size_t>(alignment));
}
void operator delete(void* block) noexcept { bnsyn::faults::Delete(block); }
void operator delete(void* block, size_t) noexcept { bnsyn::faults::Delete(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { bnsyn::faults::Delete(block); }
void operator delete(void* block, std::align_val_t) noexcept { bnsyn::faults::Delete(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept {
  bnsyn::faults::Delete(block);
}
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  bnsyn::faults::Delete(block);
}

// The libraries must see them.
#pragma GCC visibility push(default)
extern "C" {

#if defined(BNSYN_OWN_MALLOC)
void* malloc(size_t size) {
  return bnsyn::faults::Fails(Call::kMalloc) ? nullptr : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  return bnsyn::faults::Fails(Call::kMalloc) ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* block, size_t size) {
  return bnsyn::faults::Fails(Call::kMalloc) ? nullptr : __libc_realloc(block, size);
}
#endif

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, mode_t);  // rubbish without O_CREAT, and not looked at
  va_end(rest);
  if (bnsyn::faults::Fails(Call::kOpen)) return -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, mode_t);
  va_end(rest);
  return ::open(path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, mode_t);
  va_end(rest);
  if (bnsyn::faults::Fails(Call::kOpen)) return -1;
  return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}
int openat64(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, mode_t);
  va_end(rest);
  return ::openat(directory, path, flags, mode);
}

FILE* fopen(const char* path, const char* mode) {
  static const auto next = bnsyn::faults::Next<FILE*(const char*, const char*)>("fopen");
  return bnsyn::faults::Fails(Call::kOpen) ? nullptr : next(path, mode);
}
FILE* fopen64(const char* path, const char* mode) { return ::fopen(path, mode); }

ssize_t read(int file, void* bytes, size_t count) {
  const Transfer transfer = bnsyn::faults::Plan(Call::kRead, count);
  if (transfer.fails) return -1;
  const ssize_t done = ::syscall(SYS_read, file, bytes, transfer.bytes);
  if (transfer.dies) bnsyn::faults::Die();
  return done;
}
ssize_t write(int file, const void* bytes, size_t count) {
  const Transfer transfer = bnsyn::faults::Plan(Call::kWrite, count);
  if (transfer.fails) return -1;
  const ssize_t done = ::syscall(SYS_write, file, bytes, transfer.bytes);
  if (transfer.dies) bnsyn::faults::Die();
  return done;
}
// A stream of C++ writes what it holds and what it is given in one call. Here it is two.
ssize_t writev(int file, const iovec* pieces, int count) {
  ssize_t done = 0;
  for (int piece = 0; piece < count; ++piece) {
    const iovec& bytes = pieces[piece];
    const ssize_t written = ::write(file, bytes.iov_base, bytes.iov_len);
    if (written < 0) return done > 0 ? done : -1;
    done += written;
    if (static_cast<size_t>(written) < bytes.iov_len) break;
  }
  return done;
}

int fsync(int file) {
  if (bnsyn::faults::Fails(Call::kSync)) return -1;
  return static_cast<int>(::syscall(SYS_fsync, file));
}
int fdatasync(int file) { return ::fsync(file); }
int close(int file) {
  const bool fails = bnsyn::faults::Fails(Call::kClose);
  const auto closed = static_cast<int>(::syscall(SYS_close, file));
  return fails ? -1 : closed;
}
int fclose(FILE* file) {
  static const auto next = bnsyn::faults::Next<int(FILE*)>("fclose");
  const bool fails = bnsyn::faults::Fails(Call::kClose);
  const int closed = next(file);
  return fails ? EOF : closed;
}

int rename(const char* from, const char* to) noexcept {
  if (bnsyn::faults::Fails(Call::kRename)) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  if (bnsyn::faults::Fails(Call::kRename)) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, 0));
}
int mkdir(const char* path, mode_t mode) noexcept {
  if (bnsyn::faults::Fails(Call::kMakeDirectory)) return -1;
  return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  if (bnsyn::faults::Fails(Call::kMakeDirectory)) return -1;
  return static_cast<int>(::syscall(SYS_mkdirat, directory, path, mode));
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) noexcept {
  if (bnsyn::faults::Fails(Call::kMap)) return MAP_FAILED;
  return reinterpret_cast<void*>(
      ::syscall(SYS_mmap, address, size, protection, flags, file, offset));
}
void* mmap64(void* address, size_t size, int protection, int flags, int file,
             off_t offset) noexcept {
  return ::mmap(address, size, protection, flags, file, offset);
}

}  // extern "C"
#pragma GCC visibility pop
