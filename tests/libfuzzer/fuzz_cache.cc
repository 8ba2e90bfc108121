// Any bytes as a file of the cache of compiled code, with a right hash and without one: no object,
// or one whose file the cache itself would have written.
#include <stdlib.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/emission/object_cache.h"
#include "tests/libfuzzer/require.h"

namespace {

using bnsyn::compiler::HashText;
using bnsyn::compiler::ObjectCache;

constexpr uint64_t kMostBytes = 1 << 20;

std::string Directory() {
  static const std::string directory = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "bnsyn_fuzz_XXXXXX").string();
    return std::string(mkdtemp(pattern.data()));
  }();
  return directory;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void Try(const std::string& contents) {
  const std::string key(32, 'a');
  const ObjectCache cache(Directory(), kMostBytes);
  const std::string path = cache.Path(key);
  std::ofstream(path, std::ios::binary) << contents;
  ::chmod(path.c_str(), 0600);
  const auto object = cache.Load(key);
  bnsyn::fuzz::Require(object.ok(), object.status().ToString());
  if (!object->has_value()) return;
  bnsyn::fuzz::Require(cache.Store(key, **object).ok(), "the object can be stored");
  bnsyn::fuzz::Require(ReadText(path) == contents, "the file is the one of its object");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Try(bytes);
  // Behind the hash, which no mutation finds.
  Try(absl::StrCat("bnsyn object 1\n", HashText(bytes), "\n", bytes));
  return 0;
}
