#include "compiler/description/toml_document.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "compiler/language/lexer.h"
#include "ir/status_macros.h"

// Without exceptions toml++ ends the process where it gets no memory.
#define TOML_EXCEPTIONS 1
// Values within values; the deepest of a network file is 4 deep.
#define TOML_MAX_NESTED_VALUES 32
// What toml++ asserts, and takes for granted where asserts are off, some bad files break: `[(a)]`.
// It finds their errors all the same.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

namespace bnsyn::compiler {
namespace {

// Parts of a key, as in a.b.c; the longest of a network file has 4.
constexpr int kDeepestKey = 32;

ir::SourceRange RangeOf(const TomlDocument& document, const toml::source_region& region) {
  const std::string& text = document.source.text;
  const size_t begin = document.places.Offset(text, region.begin.line, region.begin.column);
  const size_t end = document.places.Offset(text, region.end.line, region.end.column);
  return {begin, end > begin ? end - begin : 1};
}

// A piece of the file, as a text of its own.
ir::SourceText Piece(const TomlDocument& document, size_t offset, std::string text) {
  const auto [line, column] = document.places.LineAndColumn(document.source.text, offset);
  return {document.source.name, std::move(text), line, column};
}

class Reader {
 public:
  explicit Reader(const TomlDocument& document) : document_(document) {}

  absl::StatusOr<TomlNode> Read(const toml::node& node) const {
    TomlNode out;
    out.range = RangeOf(document_, node.source());
    if (const toml::table* table = node.as_table()) {
      out.kind = TomlKind::kTable;
      for (const auto& [key, value] : *table) {
        BNSYN_ASSIGN_OR_RETURN(TomlNode child, Read(value));
        child.key = std::string(key.str());
        child.key_range = RangeOf(document_, key.source());
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
      out.text = Piece(document_, ContentOffset(out.range), text->get());
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
    const absl::string_view raw = absl::string_view(document_.source.text).substr(range.offset);
    if (!absl::StartsWith(raw, "\"\"\"") && !absl::StartsWith(raw, "'''")) return range.offset + 1;
    if (absl::StartsWith(raw.substr(3), "\n")) return range.offset + 4;
    if (absl::StartsWith(raw.substr(3), "\r\n")) return range.offset + 5;
    return range.offset + 3;
  }

  const TomlDocument& document_;
};

// Where the text that begins at `begin` with a quote ends: behind its last quote, or where the text
// or, for a text on one line, the line ends.
size_t EndOfString(absl::string_view text, size_t begin) {
  const char quote = text[begin];
  const absl::string_view three = quote == '"' ? "\"\"\"" : "'''";
  const bool lines = absl::StartsWith(text.substr(begin), three);
  for (size_t i = begin + (lines ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (lines ? absl::StartsWith(text.substr(i), three)
                     : text[i] == quote || text[i] == '\n') {
      return i + (lines ? 3 : 1);
    }
  }
  return text.size();
}

// An error at the first key of more than kDeepestKey parts. Each part is a table within the last,
// and what handles tables goes down into them by recursion.
absl::Status CheckDepth(const ir::SourceText& source) {
  const absl::string_view text = source.text;
  int dots = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = EndOfString(text, i) - 1;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '.') {
      if (++dots < kDeepestKey) continue;
      return ir::ErrorAt(source, {i, 1},
                         absl::StrCat("this key has more than ", kDeepestKey, " parts"),
                         "no table of a network file is so deep");
    } else if (absl::StrContains("\n=,[]{}", c)) {
      dots = 0;
    }
  }
  return absl::OkStatus();
}

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
  return Piece(*this, node.key_range.offset,
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
  return Piece(*this, node.range.offset, std::move(text));
}

namespace {

// Where a table or a key that is there twice stands first in the text before the second; empty for
// other messages. A key is sought in the table of the second.
std::string FirstOf(absl::string_view message, absl::string_view before) {
  constexpr absl::string_view kTwice = "cannot redefine existing ";
  const size_t twice = message.find(kTwice);
  const size_t open = message.find('\'');
  const size_t close = message.rfind('\'');
  if (twice == message.npos || open == message.npos || close <= open) return "";
  const bool table = absl::StartsWith(message.substr(twice + kTwice.size()), "table");
  const std::string name(message.substr(open + 1, close - open - 1));
  before = before.substr(0, before.rfind('\n') + 1);  // without the line of the second
  std::optional<size_t> first;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(before, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (table && line == absl::StrCat("[", name, "]")) first = number;
    if (table) continue;
    if (absl::StartsWith(line, "[")) first.reset();
    if (!absl::ConsumePrefix(&line, name)) continue;
    if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "=")) first = number;
  }
  return first.has_value() ? absl::StrCat("the first is in line ", *first) : "";
}

}  // namespace

absl::StatusOr<TomlDocument> ParseToml(absl::string_view text, const std::string& file) {
  TomlDocument document;
  document.source = {file, std::string(text), 1, 1};
  const size_t nul = document.source.text.find('\0');
  if (nul != std::string::npos) {
    return ir::ErrorAt(document.source, {nul, 1},
                       absl::StrCat("this is not a text file: byte ", nul, " is zero"),
                       "a network is described in a TOML file, see examples/networks");
  }
  BNSYN_RETURN_IF_ERROR(CheckDepth(document.source));
  document.places = TextPlaces(document.source.text);
  try {
    const toml::table table =
        toml::parse(std::string_view(document.source.text), std::string_view(file));
    BNSYN_ASSIGN_OR_RETURN(document.root, Reader(document).Read(table));
  } catch (const toml::parse_error& error) {
    std::string message(error.description());
    message = std::string(absl::StripPrefix(message, "Error "));
    const ir::SourceRange range = RangeOf(document, error.source());
    const absl::string_view written = document.source.text;
    const absl::string_view rest = written.substr(std::min(range.offset, written.size()));
    std::string note = FirstOf(message, written.substr(0, range.offset));
    if (note.empty()) note = CharacterNote(rest);
    return ir::ErrorAt(document.source, range, absl::StrCat("this is not valid TOML: ", message),
                       note);
  }
  return document;
}

}  // namespace bnsyn::compiler
