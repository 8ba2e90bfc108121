// Network files: tables.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/description/toml_reader.h"

namespace bnsyn::compiler {
namespace {

class TableReader : public TomlReader {
 public:
  using TomlReader::TomlReader;

  absl::Status Read(const TomlNode& table) {
    ValueTable read;
    read.name = table.key;
    read.place = document_.KeyPlace(table);
    const bool file = table.Find("file") != nullptr;
    BNSYN_RETURN_IF_ERROR(ReadKeys(table, absl::StrCat("[tables.", table.key, "]"), TableKeys(),
                                   read, KindsOf(file ? TableKind::kFile : TableKind::kValues),
                                   file ? "a table with a file" : "a table without a file"));
    if (!file) BNSYN_RETURN_IF_ERROR(ReadRows(*table.Find("values"), read));
    network_.AddTable(std::move(read));
    return absl::OkStatus();
  }

  absl::Status ReadValues(const TomlNode& table, absl::string_view what, ValueTable& out) {
    BNSYN_RETURN_IF_ERROR(
        ReadKeys(table, what, TableKeys(), out, KindsOf(TableKind::kValues), what));
    return ReadRows(*table.Find("values"), out);
  }

 private:
  absl::Status ReadRows(const TomlNode& values, ValueTable& out) const {
    BNSYN_RETURN_IF_ERROR(Expect(values, TomlKind::kArray, "'values'"));
    for (const TomlNode& row : values.children) {
      BNSYN_ASSIGN_OR_RETURN(std::vector<Setting> settings, ReadSettingList(row));
      out.rows.push_back(std::move(settings));
    }
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status ReadTable(Reading& reading, const TomlNode& table) {
  return TableReader(reading).Read(table);
}

absl::Status ReadTableValues(Reading& reading, const TomlNode& node, absl::string_view what,
                             ValueTable& out) {
  return TableReader(reading).ReadValues(node, what, out);
}

}  // namespace bnsyn::compiler
