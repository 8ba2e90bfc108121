// The files in a ZIP archive.
#ifndef BNSYN_IR_ZIP_ARCHIVE_H_
#define BNSYN_IR_ZIP_ARCHIVE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bnsyn::ir {

struct ZipMember {
  std::string name;
  absl::string_view stored;  // its bytes in the archive, if they are stored as they are
  std::string unpacked;      // its bytes, if they were compressed

  absl::string_view bytes() const { return unpacked.empty() ? stored : unpacked; }
};

// The members of an archive, in its order, with their bytes: stored or compressed by deflate, each
// checked by its sum. At most `most` bytes are unpacked. `path` names the archive in errors.
absl::StatusOr<std::vector<ZipMember>> ReadZipArchive(absl::string_view archive,
                                                      const std::string& path, uint64_t most);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_ZIP_ARCHIVE_H_
