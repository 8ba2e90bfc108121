// Keeps compiled objects on disk, each in a file named by its key. A cache that fails costs time
// and nothing else: a file that cannot be read is a miss, and an object that cannot be written is
// lost.
//
//   const ObjectCache cache(options.cache_directory);
//   std::optional<std::string> object = cache.Load(key);
//   if (!object) cache.Store(key, *(object = Compile()));
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
  // An empty directory turns the cache off: Load finds nothing and Store keeps nothing.
  explicit ObjectCache(std::string directory);

  // The object of this key, or nullopt. Deletes a file with damaged contents; leaves a file that it
  // cannot read.
  std::optional<std::string> Load(const std::string& key) const;
  // Writes an object. A reader in another thread or process sees the old file or the whole new one.
  void Store(const std::string& key, absl::string_view object) const;

  // The file of a key.
  std::string Path(const std::string& key) const;

 private:
  const std::string directory_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_OBJECT_CACHE_H_
