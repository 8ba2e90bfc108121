#include "recording/part_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/file.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

constexpr size_t kMostBytes = size_t{1} << 18;

}  // namespace

bool WriteAll(int file, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

PartFile::State::~State() {
  if (file >= 0) ::close(file);
  if (!partial.empty()) ::unlink(partial.c_str());
}

absl::StatusOr<PartFile> PartFile::Reserve(const std::string& directory, const std::string& name) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  PartFile result;
  result.state_ = std::make_unique<State>();
  result.state_->name = name;
  result.state_->path = (std::filesystem::path(directory) / name).string();
  result.state_->partial = absl::StrCat(result.state_->path, ".", getpid(), ".part");
  return result;
}

absl::StatusOr<PartFile> PartFile::Create(const std::string& directory, const std::string& name) {
  BNSYN_ASSIGN_OR_RETURN(PartFile result, Reserve(directory, name));
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  do {
    result.state_->file = ::open(result.state_->partial.c_str(), kFlags, 0666);
  } while (result.state_->file < 0 && errno == EINTR);
  if (result.state_->file < 0) return result.Failed();
  return result;
}

absl::Status PartFile::Failed() const {
  return absl::UnavailableError(absl::StrCat("cannot write ", state_->path,
                                             "; is the directory there, writable, and not full?"));
}

absl::Status PartFile::Append(absl::string_view bytes) {
  state_->bytes.append(bytes.data(), bytes.size());
  return state_->bytes.size() < kMostBytes ? absl::OkStatus() : Flush();
}

absl::Status PartFile::Flush() {
  if (!WriteAll(state_->file, state_->bytes)) return Failed();
  state_->bytes.clear();
  return absl::OkStatus();
}

absl::Status PartFile::Overwrite(uint64_t offset, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(state_->file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Failed();
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return absl::OkStatus();
}

absl::Status PartFile::Publish() {
  if (state_->file >= 0) {
    BNSYN_RETURN_IF_ERROR(Flush());
    if (::close(std::exchange(state_->file, -1)) != 0) return Failed();
  }
  BNSYN_RETURN_IF_ERROR(ir::PublishFile(state_->partial, state_->path));
  state_->partial.clear();
  return absl::OkStatus();
}

absl::Status WritePartFile(const std::string& directory, const std::string& name,
                           absl::string_view text) {
  BNSYN_ASSIGN_OR_RETURN(PartFile file, PartFile::Create(directory, name));
  BNSYN_RETURN_IF_ERROR(file.Append(text));
  return file.Publish();
}

}  // namespace bnsyn
