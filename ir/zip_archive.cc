#include "ir/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"

namespace bnsyn::ir {
namespace {

constexpr uint32_t kEndMark = 0x06054b50;
constexpr uint32_t kEntryMark = 0x02014b50;
constexpr uint32_t kLocalMark = 0x04034b50;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr uint32_t kElsewhere = 0xffffffff;  // the number stands in the extra field, with 8 bytes

constexpr uint64_t kMostDeflated = 1040;  // bytes that one byte of deflate stands for, at most

// A piece of the archive that is read from its beginning on; what is missing is 0.
class Piece {
 public:
  explicit Piece(absl::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T Take() {
    T value = 0;
    if (bytes_.size() < sizeof(T)) {
      whole_ = false;
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  absl::string_view Take(uint64_t size) {
    if (bytes_.size() < size) {
      whole_ = false;
      return {};
    }
    const absl::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  bool whole() const { return whole_; }  // nothing was missing
  bool empty() const { return bytes_.empty(); }

 private:
  absl::string_view bytes_;
  bool whole_ = true;
};

// What the directory says of a member.
struct Entry {
  std::string name;
  uint16_t method = 0;
  uint32_t sum = 0;
  uint64_t packed = 0;
  uint64_t size = 0;
  uint64_t place = 0;
};

// Numbers of 8 bytes, in the order in which the short ones refer to them.
void ReadExtra(absl::string_view extra, Entry& entry) {
  Piece fields(extra);
  while (fields.whole() && !fields.empty()) {
    const auto kind = fields.Take<uint16_t>();
    Piece field(fields.Take(fields.Take<uint16_t>()));
    if (kind != 1) continue;
    for (uint64_t* const number : {&entry.size, &entry.packed, &entry.place}) {
      if (*number == kElsewhere) *number = field.Take<uint64_t>();
    }
  }
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", path, "' is a damaged archive: ", std::string(what)));
}

absl::StatusOr<std::vector<Entry>> ReadDirectory(absl::string_view archive,
                                                 const std::string& path) {
  // It ends with 22 bytes and a comment of up to 65535.
  constexpr size_t kEndBytes = 22;
  if (archive.size() < kEndBytes) return Damaged(path, "it is too short");
  const size_t last = archive.size() - kEndBytes;
  const size_t first = last - std::min<size_t>(last, 65535);
  size_t end = last + 1;
  for (size_t at = last + 1; at-- > first;) {
    if (Piece(archive.substr(at)).Take<uint32_t>() != kEndMark) continue;
    end = at;
    break;
  }
  if (end > last) return Damaged(path, "it has no end");
  const auto count = Piece(archive.substr(end + 10)).Take<uint16_t>();
  const auto size = Piece(archive.substr(end + 12)).Take<uint32_t>();
  const auto place = Piece(archive.substr(end + 16)).Take<uint32_t>();
  if (size > end || place > end - size) return Damaged(path, "its directory lies outside");
  Piece directory(archive.substr(place, size));
  std::vector<Entry> entries;
  for (uint32_t i = 0; i < count; ++i) {
    Entry entry;
    const auto mark = directory.Take<uint32_t>();
    directory.Take<uint32_t>();  // versions
    const auto flags = directory.Take<uint16_t>();
    entry.method = directory.Take<uint16_t>();
    directory.Take<uint32_t>();  // the time
    entry.sum = directory.Take<uint32_t>();
    entry.packed = directory.Take<uint32_t>();
    entry.size = directory.Take<uint32_t>();
    const auto name_size = directory.Take<uint16_t>();
    const auto extra_size = directory.Take<uint16_t>();
    const auto comment_size = directory.Take<uint16_t>();
    directory.Take<uint64_t>();  // the disk and attributes
    entry.place = directory.Take<uint32_t>();
    entry.name = std::string(directory.Take(name_size));
    ReadExtra(directory.Take(extra_size), entry);
    directory.Take(comment_size);
    if (!directory.whole() || mark != kEntryMark) return Damaged(path, "its directory ends early");
    if ((flags & 1) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", path, "': ", entry.name, " is encrypted, which is not read"));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

// False where the bytes are no deflated stream of that size.
bool Inflate(absl::string_view packed, std::string& unpacked) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  const absl::Cleanup end = [&stream] { inflateEnd(&stream); };
  // zlib counts in 32 bits.
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  size_t taken = 0;
  size_t given = 0;
  int code = Z_OK;
  while (code == Z_OK) {
    const size_t in = std::min(packed.size() - taken, kMost);
    const size_t out = std::min(unpacked.size() - given, kMost);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data() + taken));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(unpacked.data() + given);
    stream.avail_out = static_cast<uInt>(out);
    code = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    given += out - stream.avail_out;
  }
  return code == Z_STREAM_END && given == unpacked.size();
}

uint32_t SumOf(absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

absl::StatusOr<std::vector<ZipMember>> ReadZipArchive(absl::string_view archive,
                                                      const std::string& path, uint64_t most) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ReadDirectory(archive, path));
  const uint64_t limit = most;
  std::vector<ZipMember> members;
  for (const Entry& entry : entries) {
    Piece local(archive.substr(std::min<uint64_t>(entry.place, archive.size())));
    const auto mark = local.Take<uint32_t>();
    local.Take(22);
    const auto name_size = local.Take<uint16_t>();
    const auto extra_size = local.Take<uint16_t>();
    local.Take(uint64_t{name_size} + extra_size);
    const absl::string_view packed = local.Take(entry.packed);
    if (!local.whole() || mark != kLocalMark) {
      return Damaged(path, absl::StrCat(entry.name, " lies outside"));
    }
    // Entries of one archive may share bytes, so that those that are stored count as well.
    const uint64_t size = entry.method == kStored ? packed.size() : entry.size;
    if (size > most) {
      return absl::InvalidArgumentError(absl::StrCat("'", path, "' unpacks to more than ",
                                                     limit >> 20, " MB, which is not read"));
    }
    most -= size;
    ZipMember member;
    member.name = entry.name;
    if (entry.method == kStored) {
      member.stored = packed;
    } else if (entry.method != kDeflated) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", path, "': ", entry.name,
                       " is compressed in a way that is not read; numpy.savez and "
                       "savez_compressed write others"));
    } else if (entry.size / kMostDeflated > packed.size()) {
      return Damaged(path, absl::StrCat(entry.name, " cannot unpack to what it says"));
    } else {
      member.unpacked.resize(entry.size);
      if (!Inflate(packed, member.unpacked)) {
        return Damaged(path, absl::StrCat(entry.name, " cannot be unpacked"));
      }
    }
    if (SumOf(member.bytes()) != entry.sum) {
      return Damaged(path, absl::StrCat(entry.name, " differs from its sum"));
    }
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace bnsyn::ir
