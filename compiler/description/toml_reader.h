// What the readers of the parts of a network file share: a TOML document, the network it becomes,
// and checks of keys and kinds of values. Internal to compiler/description; users call ReadNetwork.
#ifndef BNSYN_COMPILER_DESCRIPTION_TOML_READER_H_
#define BNSYN_COMPILER_DESCRIPTION_TOML_READER_H_

#include <initializer_list>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/description/network.h"
#include "compiler/description/toml_document.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {

class TomlReader {
 public:
  TomlReader(const TomlDocument& document, Network& network)
      : document_(document), network_(network) {}

 protected:
  // An error at the value, which `what` names, unless it is of that kind.
  absl::Status Expect(const TomlNode& node, TomlKind kind, absl::string_view what) const;
  // `what` names the table in errors.
  absl::Status CheckKeys(const TomlNode& table, absl::string_view what,
                         std::initializer_list<const char*> known) const;
  // The entry of that name; `note` says how to write it where it is missing.
  absl::StatusOr<const TomlNode*> Required(const TomlNode& table, absl::string_view key,
                                           absl::string_view note) const;
  // A number, a truth value, or an expression in quotes.
  absl::StatusOr<Setting> ReadSetting(const TomlNode& node) const;
  // An array of those; one alone stands for an array of one.
  absl::StatusOr<std::vector<Setting>> ReadSettingList(const TomlNode& node) const;
  absl::StatusOr<Settings> ReadSettings(const TomlNode& node) const;
  absl::StatusOr<ir::SourceText> ReadText(const TomlNode& node) const;
  // A string or an array of strings.
  absl::StatusOr<std::vector<const TomlNode*>> ReadNames(const TomlNode& node) const;
  // The number of the one of `words` that stands there; `what` says what they are.
  absl::StatusOr<size_t> ReadWord(const TomlNode& node, absl::string_view what,
                                  std::initializer_list<const char*> words) const;
  // The entry "bounds" of a table, if there is one: x = [lower, upper] by variable.
  absl::Status ReadBounds(const TomlNode& table, std::vector<Model::Bound>& out) const;
  // The population of that name.
  absl::StatusOr<PopulationHandle> FindPopulation(const TomlNode& name) const;

  // Optional entries of a table: nothing happens when they are absent.
  absl::Status Get(const TomlNode& table, absl::string_view key, ir::SourceText& out) const;
  absl::Status Get(const TomlNode& table, absl::string_view key, Settings& out) const;
  template <typename SettingOrOptional>
  absl::Status GetSetting(const TomlNode& table, absl::string_view key,
                          SettingOrOptional& out) const {
    if (const TomlNode* node = table.Find(key)) {
      BNSYN_ASSIGN_OR_RETURN(out, ReadSetting(*node));
    }
    return absl::OkStatus();
  }

  const TomlDocument& document_;
  Network& network_;
};

// Reads one [tables.NAME] into the network.
absl::Status ReadTable(const TomlDocument& document, const TomlNode& table, Network& network);
// Reads the keys values, times, dt and unit of any TOML table.
absl::Status ReadTableValues(const TomlDocument& document, const TomlNode& node, Network& network,
                             ValueTable& out);
// Read one [stimuli.NAME] or [projections.NAME] into the network, which has its populations.
absl::Status ReadStimulus(const TomlDocument& document, const TomlNode& table, Network& network);
absl::Status ReadProjection(const TomlDocument& document, const TomlNode& table, Network& network);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_TOML_READER_H_
