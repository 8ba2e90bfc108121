// The files in a ZIP archive, read by libzip.
#ifndef BNSYN_IR_ZIP_ARCHIVE_H_
#define BNSYN_IR_ZIP_ARCHIVE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct zip;

namespace bnsyn::ir {

struct ZipMember {
  std::string name;
  std::string bytes;
};

class ZipArchive {
 public:
  // `bytes` must live as long as the archive; `path` names it in errors. All calls of Read together
  // unpack at most `most` bytes.
  static absl::StatusOr<ZipArchive> Open(absl::string_view bytes, std::string path, uint64_t most);

  uint64_t size() const;  // members

  // The member `index`, stored or compressed by deflate, checked by its sum.
  absl::StatusOr<ZipMember> Read(uint64_t index);

 private:
  struct Close {
    void operator()(zip* archive) const;
  };

  ZipArchive(std::unique_ptr<zip, Close> archive, std::string path, uint64_t most);

  std::unique_ptr<zip, Close> archive_;
  std::string path_;
  uint64_t most_;
  uint64_t left_;  // of `most_`
};

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_ZIP_ARCHIVE_H_
