// Network files: what is recorded.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/description/toml_reader.h"

namespace bnsyn::compiler {
namespace {

class RecordReader : public TomlReader {
 public:
  using TomlReader::TomlReader;

  absl::Status Read(const TomlNode& table) {
    Record record;
    record.name = table.key;
    record.place = document_.KeyPlace(table);
    BNSYN_ASSIGN_OR_RETURN(const Kind kind, KindOf(table));
    record.kind = kind.kind;
    BNSYN_RETURN_IF_ERROR(ReadKeys(table, absl::StrCat("[record.", table.key, "]"), RecordKeys(),
                                   record, KindsOf(kind.kind),
                                   absl::StrCat("a record of ", kind.of)));
    const TomlNode& what = *table.Find(kind.key);
    if (record.kind != RecordKind::kSpikes) {
      BNSYN_ASSIGN_OR_RETURN(record.of.emplace_back(), ReadText(what));
    } else if (what.kind == TomlKind::kBoolean) {
      if (!what.boolean) {
        return document_.ErrorAtValue(what, "'spikes' is true for those of all neurons",
                                      "or names neurons: spikes = \"exc\"");
      }
    } else {
      BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> names, ReadNames(what));
      for (const TomlNode* name : names) {
        BNSYN_RETURN_IF_ERROR(ReadNeurons(*name).status());
        record.of.push_back(name->text);
      }
    }
    network_.records.push_back(std::move(record));
    return absl::OkStatus();
  }

 private:
  struct Kind {
    const char* key;
    const char* of;
    RecordKind kind;
  };
  static constexpr Kind kKinds[] = {
      {"spikes", "spikes", RecordKind::kSpikes},
      {"variable", "a variable", RecordKind::kVariable},
      {"statistics", "statistics", RecordKind::kStatistics},
  };

  absl::StatusOr<Kind> KindOf(const TomlNode& table) const {
    BNSYN_RETURN_IF_ERROR(
        Expect(table, TomlKind::kTable, absl::StrCat("[record.", table.key, "]")));
    const Kind* found = nullptr;
    for (const Kind& kind : kKinds) {
      const TomlNode* const node = table.Find(kind.key);
      if (node == nullptr) continue;
      if (found != nullptr) {
        return document_.ErrorAtKey(*node,
                                    absl::StrCat("'", table.key, "' has ", found->key, " already"),
                                    "a record is of one of spikes, variable and statistics; write "
                                    "another [record.NAME] for the other");
      }
      found = &kind;
    }
    if (found != nullptr) return *found;
    return document_.ErrorAtKey(
        table, absl::StrCat("'", table.key, "' does not say what to record"),
        "as in spikes = \"exc\", variable = \"exc.V[0:10]\" or statistics = \"ee.w\"");
  }
};

}  // namespace

absl::Status ReadRecord(Reading& reading, const TomlNode& table) {
  return RecordReader(reading).Read(table);
}

}  // namespace bnsyn::compiler
