#include "ir/zip_archive.h"

#include <zip.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace bnsyn::ir {
namespace {

// Bytes that one byte of deflate stands for, at most.
constexpr uint64_t kMostDeflated = 1040;

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", path, "' is a damaged archive: ", std::string(what)));
}

// What libzip says of an error, without the name of the function that failed.
std::string TextOf(zip_error_t& error) {
  const absl::Cleanup fini = [&error] { zip_error_fini(&error); };
  return zip_error_strerror(&error);
}

}  // namespace

void ZipArchive::Close::operator()(zip* archive) const { zip_discard(archive); }

ZipArchive::ZipArchive(std::unique_ptr<zip, Close> archive, std::string path, uint64_t most)
    : archive_(std::move(archive)), path_(std::move(path)), most_(most), left_(most) {}

absl::StatusOr<ZipArchive> ZipArchive::Open(absl::string_view bytes, std::string path,
                                            uint64_t most) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const source =
      zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, &error);
  if (source == nullptr) return Damaged(path, TextOf(error));
  zip_t* const archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) {
    zip_source_free(source);
    return Damaged(path, TextOf(error));
  }
  zip_error_fini(&error);
  return ZipArchive(std::unique_ptr<zip, Close>(archive), std::move(path), most);
}

uint64_t ZipArchive::size() const {
  return static_cast<uint64_t>(zip_get_num_entries(archive_.get(), 0));
}

absl::StatusOr<ZipMember> ZipArchive::Read(uint64_t index) {
  zip_stat_t stat;
  if (zip_stat_index(archive_.get(), index, 0, &stat) != 0) {
    return Damaged(path_, zip_strerror(archive_.get()));
  }
  ZipMember member;
  member.name = stat.name;
  if (stat.encryption_method != ZIP_EM_NONE) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path_, "': ", member.name, " is encrypted, which is not read"));
  }
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path_, "': ", member.name,
                     " is compressed in a way that is not read; numpy.savez and "
                     "savez_compressed write others"));
  }
  if (stat.size > left_) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path_, "' unpacks to more than ", most_ >> 20, " MB, which is not read"));
  }
  const uint64_t grows = stat.comp_method == ZIP_CM_STORE ? 1 : kMostDeflated;
  if (stat.size / grows > stat.comp_size) {
    return Damaged(path_, absl::StrCat(member.name, " cannot unpack to what it says"));
  }
  left_ -= stat.size;
  zip_file_t* const file = zip_fopen_index(archive_.get(), index, 0);
  if (file == nullptr) {
    return Damaged(path_, absl::StrCat(member.name, ": ", zip_strerror(archive_.get())));
  }
  const absl::Cleanup close = [file] { zip_fclose(file); };
  member.bytes.resize(stat.size);
  char past = 0;  // the end must be read, for libzip compares the sum there
  const zip_int64_t got = zip_fread(file, member.bytes.data(), stat.size);
  const zip_int64_t more = got < 0 ? got : zip_fread(file, &past, 1);
  if (more < 0) return Damaged(path_, absl::StrCat(member.name, ": ", zip_file_strerror(file)));
  if (static_cast<uint64_t>(got) != stat.size || more != 0) {
    return Damaged(path_, absl::StrCat(member.name, " is not as long as it says"));
  }
  return member;
}

}  // namespace bnsyn::ir
