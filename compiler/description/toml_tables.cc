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
    BNSYN_RETURN_IF_ERROR(CheckKeys(table, absl::StrCat("[tables.", table.key, "]"),
                                    {"file", "column", "unit", "dt", "times", "values"}));
    ValueTable read;
    read.name = table.key;
    read.place = document_.KeyPlace(table);
    const TomlNode* file = table.Find("file");
    if (file == nullptr) {
      BNSYN_RETURN_IF_ERROR(
          Required(table, "values", "as in values = [1, 2, 3], or file = \"x.csv\"").status());
      if (const TomlNode* column = table.Find("column")) {
        return document_.ErrorAtKey(*column, "only a file has named columns");
      }
      BNSYN_RETURN_IF_ERROR(ReadValues(table, read));
    } else {
      for (const char* key : {"values", "times"}) {
        if (const TomlNode* extra = table.Find(key)) {
          return document_.ErrorAtKey(*extra, absl::StrCat("a table with a file has no ", key),
                                      "times stand in a column 'time' of the file, in ms");
        }
      }
      BNSYN_RETURN_IF_ERROR(Expect(*file, TomlKind::kString, "'file'"));
      read.file = file->text.text;
      BNSYN_RETURN_IF_ERROR(ReadUnitAndInterval(table, read));
      if (const TomlNode* column = table.Find("column")) {
        BNSYN_RETURN_IF_ERROR(Expect(*column, TomlKind::kString, "'column'"));
        read.column = column->text.text;
      }
    }
    network_.AddTable(std::move(read));
    return absl::OkStatus();
  }

  // Values, their times or interval, and their unit.
  absl::Status ReadValues(const TomlNode& table, ValueTable& out) const {
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* values,
                           Required(table, "values", "as in values = [\"10 Hz\", \"0 Hz\"]"));
    BNSYN_RETURN_IF_ERROR(Expect(*values, TomlKind::kArray, "'values'"));
    for (const TomlNode& row : values->children) {
      if (row.kind == TomlKind::kArray) {
        BNSYN_ASSIGN_OR_RETURN(std::vector<Setting> settings, ReadSettingList(row));
        out.rows.push_back(std::move(settings));
      } else {
        BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(row));
        out.rows.push_back({std::move(setting)});
      }
    }
    if (const TomlNode* times = table.Find("times")) {
      BNSYN_ASSIGN_OR_RETURN(out.times, ReadSettingList(*times));
    }
    return ReadUnitAndInterval(table, out);
  }

 private:
  absl::Status ReadUnitAndInterval(const TomlNode& table, ValueTable& out) const {
    BNSYN_RETURN_IF_ERROR(Get(table, "unit", out.unit));
    return GetSetting(table, "dt", out.dt);
  }
};

}  // namespace

absl::Status ReadTable(const TomlDocument& document, const TomlNode& table, Network& network) {
  return TableReader(document, network).Read(table);
}

absl::Status ReadTableValues(const TomlDocument& document, const TomlNode& node, Network& network,
                             ValueTable& out) {
  return TableReader(document, network).ReadValues(node, out);
}

}  // namespace bnsyn::compiler
