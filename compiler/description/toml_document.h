// Parses a TOML file into a tree in the order of the file. Keys and values know their places.
#ifndef BNSYN_COMPILER_DESCRIPTION_TOML_DOCUMENT_H_
#define BNSYN_COMPILER_DESCRIPTION_TOML_DOCUMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/description/text_places.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

enum class TomlKind : uint8_t { kTable, kArray, kString, kInteger, kFloat, kBoolean, kDate };

// "a table", "a string", ... for messages.
absl::string_view DescribeTomlKind(TomlKind kind);

struct TomlNode {
  TomlKind kind = TomlKind::kTable;
  std::string key;            // of an entry of a table; empty for the root and elements of arrays
  ir::SourceRange key_range;  // in TomlDocument::source
  ir::SourceRange range;      // of the value as written; of a [table], its header

  std::vector<TomlNode> children;  // of tables and arrays, in the order of the file
  ir::SourceText text;             // kString: its contents, placed where they stand in the file
  int64_t integer = 0;
  double number = 0;  // kFloat, and kInteger rounded
  bool boolean = false;

  // The entry with that key, or null.
  const TomlNode* Find(absl::string_view name) const;
};

struct TomlDocument {
  ir::SourceText source;  // the whole file
  TextPlaces places;      // in it
  TomlNode root;

  absl::Status ErrorAtKey(const TomlNode& node, absl::string_view message,
                          absl::string_view note = "") const;
  absl::Status ErrorAtValue(const TomlNode& node, absl::string_view message,
                            absl::string_view note = "") const;
  // The key as a text with its place, for errors that are found later.
  ir::SourceText KeyPlace(const TomlNode& node) const;
  // A number, a boolean or the contents of a string, as text placed in the file.
  ir::SourceText ValueText(const TomlNode& node) const;
};

// `file` names the text in errors.
absl::StatusOr<TomlDocument> ParseToml(absl::string_view text, const std::string& file);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_TOML_DOCUMENT_H_
