#include "compiler/emission/object_cache.h"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bnsyn::compiler {
namespace {

namespace fs = std::filesystem;

// A file is
//   bnsyn object 1\n<hash of what follows this line>\n<key> <size of the object>\n<object>
constexpr absl::string_view kMagic = "bnsyn object 1\n";

std::string Pack(const std::string& key, absl::string_view object) {
  const std::string body = absl::StrCat(key, " ", object.size(), "\n", object);
  return absl::StrCat(kMagic, HashText(body), "\n", body);
}

// The object in the contents of a file; nullopt if they are damaged.
std::optional<std::string> Unpack(const std::string& key, absl::string_view contents) {
  constexpr size_t kHash = 32;
  if (!absl::StartsWith(contents, kMagic)) return std::nullopt;
  contents.remove_prefix(kMagic.size());
  if (contents.size() < kHash + 1 || contents[kHash] != '\n') return std::nullopt;
  const absl::string_view body = contents.substr(kHash + 1);
  if (contents.substr(0, kHash) != HashText(body)) return std::nullopt;
  const size_t line = body.find('\n');
  if (line == absl::string_view::npos) return std::nullopt;
  const absl::string_view object = body.substr(line + 1);
  if (body.substr(0, line) != absl::StrCat(key, " ", object.size())) return std::nullopt;
  return std::string(object);
}

}  // namespace

std::string HashText(absl::string_view text) {
  using Word = unsigned __int128;
  constexpr Word kPrime = (Word{1} << 88) | 0x13b;
  Word hash = (Word{0x6c62272e07bb0142} << 64) | 0x62b821756295c58d;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= kPrime;
  }
  return absl::StrFormat("%016x%016x", static_cast<uint64_t>(hash >> 64),
                         static_cast<uint64_t>(hash));
}

ObjectCache::ObjectCache(std::string directory) : directory_(std::move(directory)) {}

std::string ObjectCache::Path(const std::string& key) const {
  return absl::StrCat(directory_, "/", key, ".o");
}

std::optional<std::string> ObjectCache::Load(const std::string& key) const {
  if (directory_.empty()) return std::nullopt;
  std::error_code error;
  const uintmax_t size = fs::file_size(Path(key), error);
  if (error) return std::nullopt;
  std::ifstream file(Path(key), std::ios::binary);
  std::string contents(static_cast<size_t>(size), '\0');
  file.read(contents.data(), static_cast<std::streamsize>(size));
  if (!file) return std::nullopt;
  std::optional<std::string> object = Unpack(key, contents);
  if (!object) {
    fs::remove(Path(key), error);
  }
  return object;
}

void ObjectCache::Store(const std::string& key, absl::string_view object) const {
  if (directory_.empty()) return;
  std::error_code error;
  fs::create_directories(directory_, error);
  // Each thread of each process writes its own temporary file and renames it when it is whole.
  std::string temporary = absl::StrCat(Path(key), ".XXXXXX");
  const int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0) return;
  ::close(descriptor);
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  const std::string contents = Pack(key, object);
  file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  file.close();
  if (file) fs::rename(temporary, Path(key), error);
  if (!file || error) fs::remove(temporary, error);
}

}  // namespace bnsyn::compiler
