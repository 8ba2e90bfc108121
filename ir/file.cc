#include "ir/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/status_macros.h"

namespace bnsyn::ir {
namespace {

std::string Megabytes(uint64_t bytes) {
  return absl::StrFormat("%.3g MB", static_cast<double>(bytes) / 1e6);
}

absl::Status TooLarge(absl::string_view what, const std::string& size, uint64_t most) {
  return absl::InvalidArgumentError(absl::StrCat(what, " has ", size, ", but at most ",
                                                 Megabytes(most), " of such a file are read"));
}

// Reads up to the end, or one byte more than `most`. Takes no more memory than for `expected` bytes
// if there are no more.
absl::StatusOr<std::string> ReadAll(int file, absl::string_view what, uint64_t expected,
                                    uint64_t most) {
  constexpr size_t kPiece = 1 << 16;
  std::string text;
  text.reserve(expected + 1);
  while (text.size() <= most) {
    const size_t before = text.size();
    const uint64_t room = before <= expected && expected <= most
                              ? expected + 1
                              : before + std::max(kPiece, before / 2);
    text.resize(std::min<uint64_t>(room, most + 1));
    const ssize_t count = read(file, text.data() + before, text.size() - before);
    if (count < 0 && errno == EINTR) {
      text.resize(before);
      continue;
    }
    if (count < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " cannot be read: ", std::strerror(errno)));
    }
    text.resize(before + static_cast<size_t>(count));
    if (count == 0) return text;
  }
  return TooLarge(what, absl::StrCat("more than ", Megabytes(most)), most);
}

bool WriteAll(int file, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

// Takes what was written away first, since words take memory.
absl::Status CannotWrite(const std::string& partial, const std::string& path, int error) {
  unlink(partial.c_str());
  return absl::UnavailableError(absl::StrCat("cannot write '", path, "': ", std::strerror(error)));
}

// What a path names that is no regular file.
absl::string_view DescribeMode(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "something else";
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t most) {
  const std::string what = absl::StrCat("'", path, "'");
  // A pipe without a writer, or a device, must not hold up the process.
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (file < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return absl::NotFoundError(absl::StrCat("there is no file ", what));
    }
    return absl::InvalidArgumentError(
        absl::StrCat(what, " cannot be read: ", std::strerror(errno)));
  }
  const absl::Cleanup close_file = [file] { close(file); };
  struct stat status = {};
  if (fstat(file, &status) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " cannot be read: ", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is ", DescribeMode(status.st_mode), ", not a file"));
  }
  const auto size = static_cast<uint64_t>(std::max<off_t>(status.st_size, 0));
  if (size > most) return TooLarge(what, Megabytes(size), most);
  return ReadAll(file, what, size, most);
}

absl::StatusOr<std::string> ReadStandardInput(uint64_t most) {
  return ReadAll(STDIN_FILENO, "standard input", 0, most);
}

absl::Status PublishFile(const std::string& partial, const std::string& path) {
  const int file = open(partial.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotWrite(partial, path, errno);
  // Without this a machine that loses its power may keep the name and lose the bytes. Some file
  // systems know no fsync, and say so.
  const bool kept = fsync(file) == 0 || errno == EINVAL || errno == EROFS;
  const int error = errno;
  close(file);
  if (!kept) return CannotWrite(partial, path, error);
  if (rename(partial.c_str(), path.c_str()) != 0) return CannotWrite(partial, path, errno);
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, absl::string_view text) {
  const std::string partial = absl::StrCat(path, ".", getpid(), ".part");
  const int file = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return CannotWrite(partial, path, errno);
  const bool written = WriteAll(file, text);
  const int error = errno;
  const bool closed = close(file) == 0;
  if (!written || !closed) return CannotWrite(partial, path, written ? errno : error);
  return PublishFile(partial, path);
}

}  // namespace bnsyn::ir
