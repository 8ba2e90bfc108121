#include "compiler/emission/object_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/emission/own_directory.h"

namespace bnsyn::compiler {
namespace {

// A file is
//   bnsyn object 1\n<hash of what follows this line>\n<key> <size of the object>\n<object>
constexpr absl::string_view kMagic = "bnsyn object 1\n";
constexpr absl::string_view kExtension = ".o";
constexpr size_t kKeySize = 32;

// The greatest file that is read: far more than the largest network compiles to.
constexpr off_t kMostOfFile = off_t{64} << 20;

// A file that is written takes its name within seconds, unless its process was killed.
constexpr time_t kAbandonedAfter = 3600;

std::string Pack(const std::string& key, absl::string_view object) {
  const std::string body = absl::StrCat(key, " ", object.size(), "\n", object);
  return absl::StrCat(kMagic, HashText(body), "\n", body);
}

// The object in the contents of a file; nullopt if they are damaged.
std::optional<std::string> Unpack(const std::string& key, absl::string_view contents) {
  constexpr size_t kHash = 32;
  if (!absl::StartsWith(contents, kMagic)) return std::nullopt;
  contents.remove_prefix(kMagic.size());
  if (contents.size() < kHash + 1 || contents[kHash] != '\n') return std::nullopt;
  const absl::string_view body = contents.substr(kHash + 1);
  if (contents.substr(0, kHash) != HashText(body)) return std::nullopt;
  const size_t line = body.find('\n');
  if (line == absl::string_view::npos) return std::nullopt;
  const absl::string_view object = body.substr(line + 1);
  if (body.substr(0, line) != absl::StrCat(key, " ", object.size())) return std::nullopt;
  return std::string(object);
}

std::string FileName(const std::string& key) { return absl::StrCat(key, kExtension); }

// True for KEY.o.
bool IsFileName(absl::string_view name) {
  return name.size() == kKeySize + kExtension.size() && absl::EndsWith(name, kExtension) &&
         name.substr(0, kKeySize).find_first_not_of("0123456789abcdef") == name.npos;
}

// True for KEY.o.SUFFIX.
bool IsTemporaryName(absl::string_view name) {
  const size_t size = kKeySize + kExtension.size();
  return name.size() > size && name[size] == '.' && IsFileName(name.substr(0, size));
}

absl::Status CannotWrite(const std::string& path) {
  return absl::UnavailableError(absl::StrCat(path, " cannot be written: ", std::strerror(errno)));
}

absl::Status CannotRead(const std::string& path) {
  return absl::UnavailableError(absl::StrCat(path, " cannot be read: ", std::strerror(errno)));
}

absl::Status NotKept(const absl::Status& reason) {
  return {reason.code(), absl::StrCat("no code is cached, since ", reason.message())};
}

absl::Status NotUsed(const absl::Status& reason) {
  return {reason.code(), absl::StrCat("cached code is not used, since ", reason.message())};
}

// What is in a file, or nullopt if it cannot be read. Of a file that is longer than any that was
// written, nothing.
std::optional<std::string> ReadAll(const FileDescriptor& file) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return std::nullopt;
  if (status.st_size > kMostOfFile) return "";
  std::string contents(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t n = ::read(file.get(), contents.data() + done, contents.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  contents.resize(done);
  return contents;
}

bool WriteAll(const FileDescriptor& file, absl::string_view contents) {
  while (!contents.empty()) {
    const ssize_t n = ::write(file.get(), contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    contents.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// A file of the cache.
struct Entry {
  std::string name;
  timespec used;
  uint64_t bytes;
};

bool UsedBefore(const Entry& a, const Entry& b) {
  return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
}

// A random number, for names and for what is done now and then.
uint64_t RandomNumber() {
  uint64_t number = 0;
  static_cast<void>(::getrandom(&number, sizeof(number), 0));
  return number;
}

// The names of the files of the cache in a directory, of temporary ones too.
std::vector<std::string> Names(const FileDescriptor& directory) {
  std::vector<std::string> names;
  // Another descriptor, with a place of its own in the list of names.
  FileDescriptor listed(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(listed.get()), &::closedir);
  if (stream == nullptr) return names;
  listed.Release();
  while (const dirent* const entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (IsFileName(name) || IsTemporaryName(name)) names.push_back(name);
  }
  return names;
}

// The entries of these names. Deletes abandoned temporary files of the user on the way.
std::vector<Entry> Entries(const FileDescriptor& directory, const std::vector<std::string>& names) {
  std::vector<Entry> entries;
  const time_t abandoned = ::time(nullptr) - kAbandonedAfter;
  for (const std::string& name : names) {
    struct stat status;
    if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) {
      continue;
    }
    if (!IsTemporaryName(name)) {
      entries.push_back({name, status.st_mtim, static_cast<uint64_t>(status.st_size)});
    } else if (status.st_mtim.tv_sec < abandoned) {
      ::unlinkat(directory.get(), name.c_str(), 0);
    }
  }
  return entries;
}

// Deletes what has not been used for longest until the rest takes at most `most_bytes`. It takes
// time to look at many files: then some calls leave it to others, so that a call looks at kFew
// files in the mean.
void Shrink(const FileDescriptor& directory, uint64_t most_bytes) {
  constexpr size_t kFew = 256;
  const std::vector<std::string> names = Names(directory);
  if (names.size() > kFew && RandomNumber() % names.size() >= kFew) return;
  std::vector<Entry> entries = Entries(directory, names);
  uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.bytes;
  std::sort(entries.begin(), entries.end(), UsedBefore);
  for (const Entry& entry : entries) {
    if (bytes <= most_bytes) return;
    ::unlinkat(directory.get(), entry.name.c_str(), 0);
    bytes -= entry.bytes;
  }
}

// Makes a file with contents and gives it its name when it is whole. Each thread of each process
// writes a file of its own.
absl::Status WriteFile(const FileDescriptor& directory, const std::string& name,
                       absl::string_view contents, const std::string& path) {
  const std::string temporary = absl::StrFormat("%s.%016x", name, RandomNumber());
  const FileDescriptor file(::openat(directory.get(), temporary.c_str(),
                                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                     S_IRUSR | S_IWUSR));
  if (!file.valid()) return CannotWrite(path);
  if (WriteAll(file, contents) &&
      ::renameat(directory.get(), temporary.c_str(), directory.get(), name.c_str()) == 0) {
    return absl::OkStatus();
  }
  const absl::Status failed = CannotWrite(path);
  ::unlinkat(directory.get(), temporary.c_str(), 0);
  return failed;
}

}  // namespace

std::string HashText(absl::string_view text) {
  using Word = unsigned __int128;
  constexpr Word kPrime = (Word{1} << 88) | 0x13b;
  Word hash = (Word{0x6c62272e07bb0142} << 64) | 0x62b821756295c58d;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= kPrime;
  }
  return absl::StrFormat("%016x%016x", static_cast<uint64_t>(hash >> 64),
                         static_cast<uint64_t>(hash));
}

ObjectCache::ObjectCache(std::string directory, uint64_t most_bytes)
    : directory_(std::move(directory)), most_bytes_(most_bytes) {}

std::string ObjectCache::Path(const std::string& key) const {
  return absl::StrCat(directory_, "/", FileName(key));
}

absl::StatusOr<std::optional<std::string>> ObjectCache::Load(const std::string& key) const {
  if (directory_.empty()) return std::nullopt;
  const auto directory = OpenOwnDirectory(directory_, /*make=*/false);
  if (absl::IsNotFound(directory.status())) return std::nullopt;
  if (!directory.ok()) return NotKept(directory.status());
  const auto file = OpenOwnFile(*directory, FileName(key), directory_);
  if (absl::IsNotFound(file.status())) return std::nullopt;
  if (!file.ok()) return NotUsed(file.status());
  const std::optional<std::string> contents = ReadAll(*file);
  if (!contents) return NotUsed(CannotRead(Path(key)));
  std::optional<std::string> object = Unpack(key, *contents);
  if (!object) {
    ::unlinkat(directory->get(), FileName(key).c_str(), 0);
  } else {
    ::futimens(file->get(), nullptr);  // used now
  }
  return object;
}

absl::Status ObjectCache::Store(const std::string& key, absl::string_view object) const {
  if (directory_.empty()) return absl::OkStatus();
  const auto directory = OpenOwnDirectory(directory_, /*make=*/true);
  if (!directory.ok()) return NotKept(directory.status());
  const std::string contents = Pack(key, object);
  if (contents.size() > std::min(most_bytes_, static_cast<uint64_t>(kMostOfFile))) {
    return NotKept(absl::ResourceExhaustedError(
        absl::StrFormat("%s takes %.1f MB, more than the cache may have", Path(key),
                        static_cast<double>(contents.size()) / 1e6)));
  }
  const absl::Status written = WriteFile(*directory, FileName(key), contents, Path(key));
  if (!written.ok()) return NotKept(written);
  Shrink(*directory, most_bytes_);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
