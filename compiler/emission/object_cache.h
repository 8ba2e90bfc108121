// Keeps compiled objects on disk, each in a file named by its key, in a directory that only the
// user can write (own_directory.h). A cache that fails costs time and nothing else: the caller
// compiles.
//
//   const ObjectCache cache(options.cache_directory, options.cache_bytes);
//   absl::StatusOr<std::optional<std::string>> object = cache.Load(key);
//   if (!object.ok() || !object->has_value()) absl::Status kept = cache.Store(key, Compile());
#ifndef BNSYN_COMPILER_EMISSION_OBJECT_CACHE_H_
#define BNSYN_COMPILER_EMISSION_OBJECT_CACHE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bnsyn::compiler {

// 128 bits of FNV-1a over a text, as 32 hex digits.
std::string HashText(absl::string_view text);

class ObjectCache {
 public:
  // An empty directory turns the cache off: Load finds nothing and Store keeps nothing. The files
  // of the cache take at most `most_bytes` together.
  ObjectCache(std::string directory, uint64_t most_bytes);

  // The object of this key, or nullopt. Deletes a file with damaged contents. An error says in one
  // line why a file that is there is not used, and what to do.
  absl::StatusOr<std::optional<std::string>> Load(const std::string& key) const;
  // Writes an object. A reader in another thread or process sees the old file or the whole new one.
  // Then deletes what has not been used for longest until the cache is within its size, and what
  // processes that were killed left behind; with more than some hundred files now and then only.
  // An error says in one line why it is not kept.
  absl::Status Store(const std::string& key, absl::string_view object) const;

  // The file of a key.
  std::string Path(const std::string& key) const;

 private:
  const std::string directory_;
  const uint64_t most_bytes_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_OBJECT_CACHE_H_
