#include "compiler/description/toml_document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/language/lexer.h"
#include "ir/status_macros.h"

#define TOML_EXCEPTIONS 0
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

namespace bnsyn::compiler {
namespace {

// Takes lines and columns (counted in characters) to offsets in bytes.
class Lines {
 public:
  explicit Lines(absl::string_view text) : text_(text) {
    begins_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') begins_.push_back(i + 1);
    }
  }

  size_t Offset(const toml::source_position& position) const {
    if (position.line == 0) return 0;
    if (position.line > begins_.size()) return text_.size();
    size_t offset = begins_[position.line - 1];
    for (uint32_t column = 1; column < position.column && offset < text_.size(); ++column) {
      do {
        ++offset;
      } while (offset < text_.size() && (static_cast<unsigned char>(text_[offset]) & 0xc0) == 0x80);
    }
    return offset;
  }

  ir::SourceRange Range(const toml::source_region& region) const {
    const size_t begin = Offset(region.begin);
    const size_t end = Offset(region.end);
    return {begin, end > begin ? end - begin : 1};
  }

  // The text from `offset` on is at this line and column.
  std::pair<int, int> LineAndColumn(size_t offset) const {
    const auto after = std::upper_bound(begins_.begin(), begins_.end(), offset);
    const auto line = static_cast<int>(after - begins_.begin());
    int column = 1;
    for (size_t i = begins_[static_cast<size_t>(line) - 1]; i < offset; ++i) {
      if ((static_cast<unsigned char>(text_[i]) & 0xc0) != 0x80) ++column;
    }
    return {line, column};
  }

 private:
  absl::string_view text_;
  std::vector<size_t> begins_;
};

// A piece of the file, as a text of its own.
ir::SourceText Piece(const ir::SourceText& file, size_t offset, std::string text) {
  const auto [line, column] = Lines(file.text).LineAndColumn(offset);
  return {file.name, std::move(text), line, column};
}

class Reader {
 public:
  explicit Reader(const ir::SourceText& source) : source_(source), lines_(source.text) {}

  absl::StatusOr<TomlNode> Read(const toml::node& node) const {
    TomlNode out;
    out.range = lines_.Range(node.source());
    if (const toml::table* table = node.as_table()) {
      out.kind = TomlKind::kTable;
      for (const auto& [key, value] : *table) {
        BNSYN_ASSIGN_OR_RETURN(TomlNode child, Read(value));
        child.key = std::string(key.str());
        child.key_range = lines_.Range(key.source());
        out.children.push_back(std::move(child));
      }
      // toml++ sorts by name; what is written first comes first here.
      std::stable_sort(out.children.begin(), out.children.end(),
                       [](const TomlNode& a, const TomlNode& b) {
                         return a.key_range.offset < b.key_range.offset;
                       });
    } else if (const toml::array* array = node.as_array()) {
      out.kind = TomlKind::kArray;
      for (const toml::node& element : *array) {
        BNSYN_ASSIGN_OR_RETURN(TomlNode child, Read(element));
        out.children.push_back(std::move(child));
      }
    } else if (const auto* text = node.as_string()) {
      out.kind = TomlKind::kString;
      const auto [line, column] = lines_.LineAndColumn(ContentOffset(out.range));
      out.text = {source_.name, text->get(), line, column};
    } else if (const auto* integer = node.as_integer()) {
      out.kind = TomlKind::kInteger;
      out.integer = integer->get();
      out.number = static_cast<double>(out.integer);
    } else if (const auto* number = node.as_floating_point()) {
      out.kind = TomlKind::kFloat;
      out.number = number->get();
    } else if (const auto* boolean = node.as_boolean()) {
      out.kind = TomlKind::kBoolean;
      out.boolean = boolean->get();
    } else {
      out.kind = TomlKind::kDate;
    }
    return out;
  }

 private:
  // Where the contents of the string at `range` begin: behind its quotes, and behind the newline
  // that follows three of them.
  size_t ContentOffset(ir::SourceRange range) const {
    const absl::string_view raw = absl::string_view(source_.text).substr(range.offset);
    if (!absl::StartsWith(raw, "\"\"\"") && !absl::StartsWith(raw, "'''")) return range.offset + 1;
    if (absl::StartsWith(raw.substr(3), "\n")) return range.offset + 4;
    if (absl::StartsWith(raw.substr(3), "\r\n")) return range.offset + 5;
    return range.offset + 3;
  }

  const ir::SourceText& source_;
  Lines lines_;
};

std::string ShortestNumber(double value) {
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), result.ptr);
}

}  // namespace

absl::string_view DescribeTomlKind(TomlKind kind) {
  switch (kind) {
    case TomlKind::kTable:
      return "a table";
    case TomlKind::kArray:
      return "an array";
    case TomlKind::kString:
      return "a string";
    case TomlKind::kInteger:
      return "an integer";
    case TomlKind::kFloat:
      return "a number";
    case TomlKind::kBoolean:
      return "a boolean";
    case TomlKind::kDate:
      return "a date or time";
  }
  return "?";
}

const TomlNode* TomlNode::Find(absl::string_view name) const {
  for (const TomlNode& child : children) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

absl::Status TomlDocument::ErrorAtKey(const TomlNode& node, absl::string_view message,
                                      absl::string_view note) const {
  return ir::ErrorAt(source, node.key_range, message, note);
}

absl::Status TomlDocument::ErrorAtValue(const TomlNode& node, absl::string_view message,
                                        absl::string_view note) const {
  return ir::ErrorAt(source, node.range, message, note);
}

ir::SourceText TomlDocument::KeyPlace(const TomlNode& node) const {
  return Piece(source, node.key_range.offset,
               source.text.substr(node.key_range.offset, node.key_range.length));
}

ir::SourceText TomlDocument::ValueText(const TomlNode& node) const {
  std::string text;
  switch (node.kind) {
    case TomlKind::kString:
      return node.text;
    case TomlKind::kInteger:
    case TomlKind::kFloat:
      text = source.text.substr(node.range.offset, node.range.length);
      // TOML has ways to write numbers that the language of expressions has not.
      if (text.find_first_not_of("0123456789.eE+-") != std::string::npos) {
        text = node.kind == TomlKind::kInteger ? absl::StrCat(node.integer)
                                               : ShortestNumber(node.number);
      }
      break;
    case TomlKind::kBoolean:
      text = node.boolean ? "true" : "false";
      break;
    case TomlKind::kTable:
    case TomlKind::kArray:
    case TomlKind::kDate:
      break;
  }
  return Piece(source, node.range.offset, std::move(text));
}

absl::StatusOr<TomlDocument> ParseToml(absl::string_view text, const std::string& file) {
  TomlDocument document;
  document.source = {file, std::string(text), 1, 1};
  const size_t nul = document.source.text.find('\0');
  if (nul != std::string::npos) {
    return ir::ErrorAt(document.source, {nul, 1},
                       absl::StrCat("this is not a text file: byte ", nul, " is zero"),
                       "a network is described in a TOML file, see examples/networks");
  }
  const toml::parse_result result =
      toml::parse(std::string_view(document.source.text), std::string_view(file));
  const Lines lines(document.source.text);
  if (!result) {
    const toml::parse_error& error = result.error();
    std::string message(error.description());
    message = std::string(absl::StripPrefix(message, "Error "));
    const ir::SourceRange range = lines.Range(error.source());
    const absl::string_view text = document.source.text;
    return ir::ErrorAt(document.source, range, absl::StrCat("this is not valid TOML: ", message),
                       CharacterNote(text.substr(std::min(range.offset, text.size()))));
  }
  BNSYN_ASSIGN_OR_RETURN(document.root, Reader(document.source).Read(result.table()));
  return document;
}

}  // namespace bnsyn::compiler
