#include "ir/numpy_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "ir/zip_archive.h"

namespace bnsyn::ir {
namespace {

constexpr absl::string_view kNumpyMark("\x93NUMPY", 6);
constexpr absl::string_view kZipMark("PK\x03\x04", 4);
// More fields are a slip: each becomes a column.
constexpr uint64_t kMostColumns = 1 << 16;

// One number of each item of an array, or several in a row.
struct Field {
  std::string name;
  char kind = 'f';     // f, i, u, b, or U of texts
  size_t size = 8;     // bytes of a number
  size_t offset = 0;   // in the item
  uint64_t count = 1;  // numbers
  bool several = false;
};

// What the header of an array says.
struct ArrayHeader {
  std::vector<Field> fields;
  bool structured = false;
  bool by_columns = false;  // fortran_order
  std::vector<uint64_t> shape;
  size_t item = 0;  // bytes
};

absl::Status Wrong(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", std::string(what)));
}

// Reads the header, which is a literal of Python:
//   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
class HeaderReader {
 public:
  // `texts` says that texts, '<U7', are read instead of numbers.
  HeaderReader(absl::string_view text, const std::string& path, bool texts)
      : text_(text), path_(path), texts_(texts) {}

  absl::StatusOr<ArrayHeader> Read() {
    ArrayHeader header;
    bool has_type = false;
    bool has_shape = false;
    if (!Take('{')) return Damaged();
    while (!Take('}')) {
      const std::optional<std::string> key = Text();
      if (!key.has_value() || !Take(':')) return Damaged();
      if (*key == "descr") {
        if (std::exchange(has_type, true)) return Damaged();
        BNSYN_RETURN_IF_ERROR(ReadType(header));
      } else if (*key == "fortran_order") {
        const absl::string_view word = Word();
        if (word != "True" && word != "False") return Damaged();
        header.by_columns = word == "True";
      } else if (*key == "shape") {
        if (std::exchange(has_shape, true)) return Damaged();
        BNSYN_ASSIGN_OR_RETURN(header.shape, Sizes());
      } else {
        return Damaged();
      }
      Take(',');
    }
    if (!has_type || !has_shape) return Damaged();
    return header;
  }

 private:
  absl::Status Damaged() const { return Wrong(path_, "the header of this array is damaged"); }

  void SkipSpace() {
    while (!text_.empty() && absl::ascii_isspace(static_cast<unsigned char>(text_[0]))) {
      text_.remove_prefix(1);
    }
  }
  bool Take(char wanted) {
    SkipSpace();
    if (text_.empty() || text_[0] != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  // 'text' or "text".
  std::optional<std::string> Text() {
    SkipSpace();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return std::nullopt;
    const size_t end = text_.find(text_[0], 1);
    if (end == absl::string_view::npos) return std::nullopt;
    std::string text(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return text;
  }
  absl::string_view Word() {
    SkipSpace();
    size_t end = 0;
    while (end < text_.size() && absl::ascii_isalnum(static_cast<unsigned char>(text_[end]))) ++end;
    const absl::string_view word = text_.substr(0, end);
    text_.remove_prefix(end);
    return word;
  }
  // (), (3,) or (3, 4).
  absl::StatusOr<std::vector<uint64_t>> Sizes() {
    std::vector<uint64_t> sizes;
    if (!Take('(')) return Damaged();
    while (!Take(')')) {
      uint64_t size = 0;
      if (!absl::SimpleAtoi(Word(), &size)) return Damaged();
      sizes.push_back(size);
      Take(',');
    }
    return sizes;
  }

  // '<f8'.
  absl::StatusOr<Field> Number(const std::string& type) const {
    Field field;
    uint64_t size = 0;
    const bool whole = type.size() >= 3 && absl::SimpleAtoi(type.substr(2), &size);
    const char order = type.empty() ? ' ' : type[0];
    field.kind = whole ? type[1] : ' ';
    field.size = size;
    if (texts_) {
      constexpr uint64_t kMostCharacters = 1 << 16;
      if (field.kind != 'U' || order != '<' || size > kMostCharacters) {
        return Wrong(path_, absl::StrCat("'", type, "' is no type of texts that is read: <U is"));
      }
      field.size = size * sizeof(uint32_t);
      return field;
    }
    const bool known = (field.kind == 'f' && (size == 4 || size == 8)) ||
                       (field.kind == 'b' && size == 1) ||
                       ((field.kind == 'i' || field.kind == 'u') &&
                        (size == 1 || size == 2 || size == 4 || size == 8));
    if (known && order == '>') {
      return Wrong(path_, absl::StrCat("numbers of type ", type,
                                       " have their highest byte first, which is not read; "
                                       "array.astype(\"<f8\") turns them round"));
    }
    if (!known || (order != '<' && order != '|' && order != '=')) {
      return Wrong(path_, absl::StrCat("'", type,
                                       "' is no type of numbers that is read: floats "
                                       "f4 and f8, integers i1 to i8 and u1 to u8, and b1 are"));
    }
    return field;
  }

  absl::Status ReadType(ArrayHeader& header) {
    if (!Take('[')) {
      const std::optional<std::string> type = Text();
      if (!type.has_value()) return Damaged();
      BNSYN_ASSIGN_OR_RETURN(Field field, Number(*type));
      field.name = "value";
      header.item = field.size;
      header.fields.push_back(std::move(field));
      return absl::OkStatus();
    }
    header.structured = true;
    uint64_t columns = 0;
    while (!Take(']')) {
      if (!Take('(')) return Damaged();
      const std::optional<std::string> name = Text();
      if (!name.has_value() || !Take(',')) return Damaged();
      const std::optional<std::string> type = Text();
      if (!type.has_value()) return Wrong(path_, "records within records are not read");
      BNSYN_ASSIGN_OR_RETURN(Field field, Number(*type));
      field.name = *name;
      if (Take(',')) {
        BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> sizes, Sizes());
        if (sizes.size() != 1) return Wrong(path_, "a field has more than one dimension");
        field.count = sizes[0];
        field.several = true;
      }
      if (!Take(')')) return Damaged();
      Take(',');
      if (field.count > kMostColumns - columns) {
        return Wrong(path_, absl::StrCat("more than ", kMostColumns, " columns are not read"));
      }
      columns += field.count;
      field.offset = header.item;
      header.item += field.size * field.count;
      header.fields.push_back(std::move(field));
    }
    return header.fields.empty() ? Damaged() : absl::OkStatus();
  }

  absl::string_view text_;
  const std::string& path_;
  const bool texts_;
};

constexpr uint64_t kExact = uint64_t{1} << 53;

// Numbers of type T that lie `stride` bytes apart. Stops before the first that no table can hold:
// NaN, or an integer of which a double has no exact one.
template <typename T>
void ReadNumbers(const char* bytes, size_t stride, uint64_t count, std::vector<double>& values) {
  values.resize(count);
  for (uint64_t i = 0; i < count; ++i) {
    T number;
    std::memcpy(&number, bytes + i * stride, sizeof(T));
    bool fits = true;
    if constexpr (std::is_floating_point_v<T>) {
      fits = !std::isnan(number);
    } else if constexpr (sizeof(T) == 8 && std::is_signed_v<T>) {
      fits = number <= static_cast<T>(kExact) && number >= -static_cast<T>(kExact);
    } else if constexpr (sizeof(T) == 8) {
      fits = number <= kExact;
    }
    if (!fits) {
      values.resize(i);
      return;
    }
    values[i] = static_cast<double>(number);
  }
}

void ReadField(const Field& field, const char* bytes, size_t stride, uint64_t count,
               std::vector<double>& values) {
  if (field.kind == 'f') {
    field.size == 4 ? ReadNumbers<float>(bytes, stride, count, values)
                    : ReadNumbers<double>(bytes, stride, count, values);
  } else if (field.kind == 'i') {
    field.size == 1   ? ReadNumbers<int8_t>(bytes, stride, count, values)
    : field.size == 2 ? ReadNumbers<int16_t>(bytes, stride, count, values)
    : field.size == 4 ? ReadNumbers<int32_t>(bytes, stride, count, values)
                      : ReadNumbers<int64_t>(bytes, stride, count, values);
  } else {
    field.size == 1   ? ReadNumbers<uint8_t>(bytes, stride, count, values)
    : field.size == 2 ? ReadNumbers<uint16_t>(bytes, stride, count, values)
    : field.size == 4 ? ReadNumbers<uint32_t>(bytes, stride, count, values)
                      : ReadNumbers<uint64_t>(bytes, stride, count, values);
  }
}

// Reads the header of an array, and leaves `bytes` with what is behind it.
absl::StatusOr<ArrayHeader> ReadHeader(absl::string_view& bytes, const std::string& path,
                                       bool texts = false) {
  if (!absl::StartsWith(bytes, kNumpyMark) || bytes.size() < 10) {
    return Wrong(path, "this is no array of NumPy");
  }
  const auto version = static_cast<unsigned char>(bytes[6]);
  const size_t before = version == 1 ? 10 : 12;
  if (version < 1 || version > 3 || bytes.size() < before) {
    return Wrong(path, "the header of this array is damaged");
  }
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, before - 8);
  if (length > bytes.size() - before) return Wrong(path, "the array ends within its header");
  BNSYN_ASSIGN_OR_RETURN(ArrayHeader header,
                         HeaderReader(bytes.substr(before, length), path, texts).Read());
  bytes.remove_prefix(before + length);
  return header;
}

absl::Status EndsEarly(const std::string& path, uint64_t rows, size_t item) {
  return Wrong(path, absl::StrCat("the array says that it has ", rows, " rows of ", item,
                                  " bytes, but the file ends before them"));
}

// Adds the columns of one array.
absl::Status ReadArray(absl::string_view data, const std::string& path, NumberColumns& columns) {
  BNSYN_ASSIGN_OR_RETURN(ArrayHeader header, ReadHeader(data, path));
  if (header.shape.empty() || header.shape.size() > 2 ||
      (header.structured && header.shape.size() != 1)) {
    return Wrong(path, absl::StrCat("the array has ", header.shape.size(),
                                    " dimensions; a table has rows, and columns if its numbers "
                                    "have no names"));
  }
  const uint64_t rows = header.shape[0];
  // Of one dimension both orders are the same.
  const bool by_columns = header.by_columns && header.shape.size() == 2;
  size_t stride = header.item;
  if (header.shape.size() == 2) {
    const uint64_t width = header.shape[1];
    if (width > kMostColumns) {
      return Wrong(path, absl::StrCat("more than ", kMostColumns, " columns are not read"));
    }
    header.fields[0].count = width;
    header.fields[0].several = true;
    if (!by_columns) stride *= width;
    header.item *= width;
  }
  if (header.item != 0 && rows > data.size() / header.item) {
    return EndsEarly(path, rows, header.item);
  }
  for (const Field& field : header.fields) {
    for (uint64_t k = 0; k < field.count; ++k) {
      std::string name = field.several ? absl::StrCat(k) : field.name;
      const size_t apart = by_columns ? field.size * rows : field.size;
      std::vector<double>& values = columns.values.emplace_back();
      ReadField(field, data.data() + field.offset + k * apart, stride, rows, values);
      if (values.size() < rows) {
        return Wrong(path, absl::StrCat("row ", values.size() + 1, " of column '", name,
                                        "' is NaN, or an integer beyond 2^53, of which a table "
                                        "of doubles has no exact one"));
      }
      columns.names.push_back(std::move(name));
    }
  }
  return absl::OkStatus();
}

// Names are those of one column each.
absl::Status CheckNames(const NumberColumns& columns, const std::string& path) {
  std::set<absl::string_view> names;
  for (const std::string& name : columns.names) {
    if (names.insert(name).second) continue;
    return Wrong(path, absl::StrCat("there are two columns '", name, "'"));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsNumpyFile(absl::string_view bytes) {
  return absl::StartsWith(bytes, kNumpyMark) || absl::StartsWith(bytes, kZipMark);
}

absl::StatusOr<NumberColumns> ReadNumpyFile(absl::string_view bytes, const std::string& path) {
  NumberColumns columns;
  if (!absl::StartsWith(bytes, kZipMark)) {
    BNSYN_RETURN_IF_ERROR(ReadArray(bytes, path, columns));
    BNSYN_RETURN_IF_ERROR(CheckNames(columns, path));
    return columns;
  }
  BNSYN_ASSIGN_OR_RETURN(ZipArchive archive, ZipArchive::Open(bytes, path, kMostTable));
  for (uint64_t i = 0; i < archive.size(); ++i) {
    BNSYN_ASSIGN_OR_RETURN(const ZipMember member, archive.Read(i));
    const std::string name(absl::StripSuffix(member.name, ".npy"));
    NumberColumns own;
    BNSYN_RETURN_IF_ERROR(ReadArray(member.bytes, absl::StrCat(path, ": ", name), own));
    const bool single = own.names.size() == 1 && own.names[0] == "value";
    if (!single && archive.size() > 1) {
      return Wrong(path, absl::StrCat("of several arrays each is one column, but '", name, "' has ",
                                      own.names.size(), " columns"));
    }
    for (size_t c = 0; c < own.names.size(); ++c) {
      if (!columns.values.empty() && columns.values[0].size() != own.values[c].size()) {
        return Wrong(path,
                     absl::StrCat("'", name, "' has ", own.values[c].size(), " numbers, and '",
                                  columns.names[0], "' ", columns.values[0].size()));
      }
      columns.names.push_back(single ? name : own.names[c]);
      columns.values.push_back(std::move(own.values[c]));
    }
  }
  BNSYN_RETURN_IF_ERROR(CheckNames(columns, path));
  return columns;
}

absl::StatusOr<std::vector<std::string>> ReadNumpyTexts(absl::string_view bytes,
                                                        const std::string& path) {
  BNSYN_ASSIGN_OR_RETURN(const ArrayHeader header, ReadHeader(bytes, path, /*texts=*/true));
  if (header.structured || header.shape.size() != 1) {
    return Wrong(path, "expected an array of texts in one dimension");
  }
  const uint64_t rows = header.shape[0];
  if (header.item == 0 || rows > bytes.size() / header.item) {
    return EndsEarly(path, rows, header.item);
  }
  std::vector<std::string> texts(rows);
  for (uint64_t row = 0; row < rows; ++row) {
    for (size_t at = 0; at < header.item; at += sizeof(uint32_t)) {
      uint32_t character = 0;
      std::memcpy(&character, bytes.data() + row * header.item + at, sizeof(character));
      if (character == 0) break;
      if (character > 127) return Wrong(path, "texts of other characters than ASCII are not read");
      texts[row] += static_cast<char>(character);
    }
  }
  return texts;
}

}  // namespace bnsyn::ir
