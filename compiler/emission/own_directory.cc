#include "compiler/emission/own_directory.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// As many as Linux follows.
constexpr int kMostLinks = 40;

absl::Status Denied(const std::string& reason) { return absl::PermissionDeniedError(reason); }

absl::Status Cannot(const char* what, const std::string& path, int error) {
  if (error == ENOENT) return absl::NotFoundError(absl::StrCat("there is no ", path));
  return Denied(absl::StrCat(path, " cannot be ", what, ": ", std::strerror(error)));
}

// A path as a shell takes it.
std::string ShellWord(const std::string& path) {
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("/._-+@", c);
  });
  return plain ? path : absl::StrCat("'", absl::StrReplaceAll(path, {{"'", "'\\''"}}), "'");
}

// "alice (user 1000)".
std::string UserName(uid_t user) {
  char buffer[4096];
  passwd entry;
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer, sizeof(buffer), &found) != 0 || found == nullptr) {
    return absl::StrCat("user ", user);
  }
  return absl::StrCat(found->pw_name, " (user ", user, ")");
}

bool IsMine(const struct stat& status) { return status.st_uid == ::geteuid(); }
bool IsOfRoot(const struct stat& status) { return status.st_uid == 0; }
bool OthersCanWrite(const struct stat& status) {
  return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

absl::Status OfAnother(const struct stat& status, const std::string& path) {
  return Denied(absl::StrCat(path, " belongs to ", UserName(status.st_uid),
                             ": let BNSYN_CACHE name a directory of your own"));
}

absl::Status WritableByOthers(const std::string& path) {
  return Denied(absl::StrCat("others can write ", path, ": chmod go-w ", ShellWord(path)));
}

// OK if nobody but the user and root can exchange what the directory holds for something else.
absl::Status CheckAbove(const struct stat& status, const std::string& path) {
  if (!IsMine(status) && !IsOfRoot(status)) return OfAnother(status, path);
  // In a sticky directory each can exchange entries of their own alone.
  const bool sticky = (status.st_mode & S_ISVTX) != 0;
  return OthersCanWrite(status) && !sticky ? WritableByOthers(path) : absl::OkStatus();
}

// OK if nobody but the user can have written it.
absl::Status CheckOwn(const struct stat& status, const std::string& path) {
  if (!IsMine(status)) return OfAnother(status, path);
  return OthersCanWrite(status) ? WritableByOthers(path) : absl::OkStatus();
}

absl::StatusOr<struct stat> StatusOf(const FileDescriptor& file, const std::string& path) {
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return Cannot("opened", path, errno);
  return status;
}

// Where a link leads.
absl::StatusOr<std::string> TargetOf(const FileDescriptor& link, const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
  if (size < 0) return Cannot("opened", path, errno);
  target.resize(static_cast<size_t>(size));
  return target;
}

// A walk from the root along a path, one directory after the other.
class Walk {
 public:
  Walk(const std::string& path, bool make) : make_(make) { Follow(path); }

  absl::StatusOr<FileDescriptor> Run() {
    while (from_root_ || !rest_.empty()) {
      BNSYN_RETURN_IF_ERROR(from_root_ ? EnterRoot() : EnterNext());
    }
    BNSYN_ASSIGN_OR_RETURN(const struct stat status, StatusOf(at_, shown_));
    BNSYN_RETURN_IF_ERROR(CheckOwn(status, shown_));
    FileDescriptor readable(::openat(at_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!readable.valid()) return Cannot("opened", shown_, errno);
    return readable;
  }

 private:
  // Puts the parts of a path before those that are still to be walked.
  void Follow(const std::string& path) {
    from_root_ = absl::StartsWith(path, "/");
    const std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
    rest_.insert(rest_.end(), parts.rbegin(), parts.rend());
  }

  absl::Status EnterRoot() {
    from_root_ = false;
    return Enter(FileDescriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)), "/");
  }

  absl::Status EnterNext() {
    const std::string name = std::move(rest_.back());
    rest_.pop_back();
    FileDescriptor next = Open(name);
    const std::string path = absl::StrCat(shown_ == "/" ? "" : shown_, "/", name);
    if (!next.valid() && errno == ENOENT && make_) {
      // If someone else makes it meanwhile, it is checked like any other.
      if (::mkdirat(at_.get(), name.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        return Cannot("made", path, errno);
      }
      next = Open(name);
    }
    return Enter(std::move(next), path);
  }

  // A link itself, not what it leads to.
  FileDescriptor Open(const std::string& name) const {
    return FileDescriptor(::openat(at_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }

  absl::Status Enter(FileDescriptor next, const std::string& path) {
    if (!next.valid()) return Cannot("opened", path, errno);
    BNSYN_ASSIGN_OR_RETURN(const struct stat status, StatusOf(next, path));
    if (S_ISLNK(status.st_mode)) return EnterLink(next, status, path);
    if (!S_ISDIR(status.st_mode)) return Cannot("opened", path, ENOTDIR);
    BNSYN_RETURN_IF_ERROR(CheckAbove(status, path));
    at_ = std::move(next);
    shown_ = path;
    return absl::OkStatus();
  }

  absl::Status EnterLink(const FileDescriptor& link, const struct stat& status,
                         const std::string& path) {
    if (!IsMine(status) && !IsOfRoot(status)) return OfAnother(status, path);
    if (++links_ > kMostLinks) return Cannot("opened", path, ELOOP);
    BNSYN_ASSIGN_OR_RETURN(const std::string target, TargetOf(link, path));
    Follow(target);
    return absl::OkStatus();
  }

  const bool make_;
  bool from_root_ = true;          // begin again at the root
  std::vector<std::string> rest_;  // names still to be entered; the next one is the last
  FileDescriptor at_;
  std::string shown_;  // the path of at_
  int links_ = 0;
};

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (valid()) ::close(number_);
}

int FileDescriptor::Release() { return std::exchange(number_, -1); }

absl::StatusOr<FileDescriptor> OpenOwnDirectory(const std::string& path, bool make) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  if (error) return Cannot("opened", path, error.value());
  return Walk(absolute, make).Run();
}

absl::StatusOr<FileDescriptor> OpenOwnFile(const FileDescriptor& directory, const std::string& name,
                                           const std::string& path) {
  const std::string shown = absl::StrCat(path, "/", name);
  // Not blocked by a FIFO, which is refused below.
  FileDescriptor file(
      ::openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) return Cannot("opened", shown, errno);
  BNSYN_ASSIGN_OR_RETURN(const struct stat status, StatusOf(file, shown));
  if (!S_ISREG(status.st_mode)) return Denied(absl::StrCat(shown, " is no file"));
  BNSYN_RETURN_IF_ERROR(CheckOwn(status, shown));
  return file;
}

}  // namespace bnsyn::compiler
