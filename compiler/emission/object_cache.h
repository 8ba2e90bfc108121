// Compiled objects on disk, by key. A cache may fail in any way and only costs time: whatever
// cannot be read is a miss, whatever cannot be written is not kept.
#ifndef BNSYN_COMPILER_EMISSION_OBJECT_CACHE_H_
#define BNSYN_COMPILER_EMISSION_OBJECT_CACHE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace bnsyn::compiler {

// 128 bits of FNV-1a over a text, as 32 hex digits.
std::string HashText(absl::string_view text);

class ObjectCache {
 public:
  // With an empty directory nothing is ever found or kept.
  explicit ObjectCache(std::string directory);

  // The object kept under `key`. A file whose contents are damaged is deleted; one that could not
  // be read is left alone.
  std::optional<std::string> Load(const std::string& key) const;
  // Keeps an object. Readers see the old file or the whole new one, never a part.
  void Store(const std::string& key, absl::string_view object) const;

  std::string Path(const std::string& key) const;

 private:
  const std::string directory_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_OBJECT_CACHE_H_
