// The base of the readers of a network file: reads declarations by their tables of keys, and checks
// kinds of values. Internal to compiler/description; users call ReadNetwork.
#ifndef BNSYN_COMPILER_DESCRIPTION_TOML_READER_H_
#define BNSYN_COMPILER_DESCRIPTION_TOML_READER_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bnsyn/network.h"
#include "compiler/description/keys.h"
#include "compiler/description/toml_document.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {

// What the readers of one file share.
struct Reading {
  const TomlDocument& document;
  Network& network;  // filled from the document
  // The models of the network, by name, those of synapses, and the names of its populations and
  // groups.
  std::unordered_map<std::string, uint32_t> models = {};
  std::unordered_map<std::string, uint32_t> synapses = {};
  std::unordered_set<std::string> neurons = {};
};

class TomlReader {
 public:
  explicit TomlReader(Reading& reading)
      : reading_(reading), document_(reading.document), network_(reading.network) {}
  virtual ~TomlReader() = default;

 protected:
  // An error at the value unless it is of that kind. `what` names the value.
  absl::Status Expect(const TomlNode& node, TomlKind kind, absl::string_view what) const;
  // An error unless every key of the table, which `what` names, is one of `known`.
  absl::Status CheckKeys(const TomlNode& table, absl::string_view what,
                         const std::vector<std::string>& known) const;
  // Fills `declaration` from a table. Its keys must be among `keys`, and those that a declaration
  // of this kind needs must be there; keys that are read by hand are left to the caller. `what`
  // names the table in errors ("[stimuli.ext]"), and `kind_name` the kind ("a stimulus of type
  // poisson").
  template <typename T>
  absl::Status ReadKeys(const TomlNode& table, absl::string_view what,
                        absl::Span<const Key<T>> keys, T& declaration, Kinds kind = kAnyKind,
                        absl::string_view kind_name = "") {
    BNSYN_RETURN_IF_ERROR(CheckKeys(table, what, NamesOf(keys)));
    return ReadOwnKeys(table, keys, declaration, kind, kind_name);
  }
  // The same where it is known that the table has none but these keys.
  template <typename T>
  absl::Status ReadOwnKeys(const TomlNode& table, absl::Span<const Key<T>> keys, T& declaration,
                           Kinds kind, absl::string_view kind_name) {
    std::vector<BoundKey> fields;
    for (const Key<T>& key : keys) {
      fields.push_back({std::string(key.name), (key.kinds & kind) != 0, (key.required & kind) != 0,
                        key.example, key.field(declaration)});
    }
    return ReadFields(table, fields, kind_name);
  }
  template <typename T>
  static std::vector<std::string> NamesOf(absl::Span<const Key<T>> keys) {
    std::vector<std::string> names;
    for (const Key<T>& key : keys) names.emplace_back(key.name);
    return names;
  }
  // Reads how equations are integrated: a table `method`, and `order`. A method for all variables
  // is a key that ReadKeys reads.
  absl::Status ReadIntegration(const TomlNode& table, Integration& out) const;
  // Gives a field the value of an entry. Readers override it for entries that may also be tables.
  virtual absl::Status ReadField(const TomlNode& node, const Field& field);

  // A number, a truth value, or an expression in quotes.
  absl::StatusOr<Setting> ReadSetting(const TomlNode& node) const;
  // An array of settings, or a single one.
  absl::StatusOr<std::vector<Setting>> ReadSettingList(const TomlNode& node) const;
  absl::StatusOr<Settings> ReadSettings(const TomlNode& node) const;
  // The same for a value that may change: { value = "0 pA", at = ["100 ms"], to = ["300 pA"] }.
  absl::StatusOr<Setting> ReadChanging(const TomlNode& node) const;
  absl::StatusOr<ir::SourceText> ReadText(const TomlNode& node) const;
  // A string or an array of strings.
  absl::StatusOr<std::vector<const TomlNode*>> ReadNames(const TomlNode& node) const;
  // Names of parameters, of those `known`, that may change while running: the key `tunable`.
  absl::StatusOr<std::vector<std::string>> ReadTunable(const TomlNode& table,
                                                       const std::vector<std::string>& known) const;
  // Neurons of a population or group that the network has: "exc", "exc[0:50]".
  absl::StatusOr<Neurons> ReadNeurons(const TomlNode& text) const;

  Reading& reading_;
  const TomlDocument& document_;
  Network& network_;

 private:
  // A key of one declaration.
  struct BoundKey {
    std::string name;
    bool has;
    bool required;
    const char* example;
    Field field;
  };
  absl::Status ReadFields(const TomlNode& table, const std::vector<BoundKey>& keys,
                          absl::string_view kind_name);
  // Bounds by variable: x = [lower, upper].
  absl::Status ReadBounds(const TomlNode& bounds, std::vector<Model::Bound>& out) const;
  // Conditions on parameters: "tau > 0 ms" = "advice for those who give another tau".
  absl::Status ReadRequirements(const TomlNode& requirements,
                                std::vector<Model::Requirement>& out) const;
  // Clocks by name: x = { every = "1 ms", code = "..." }.
  absl::Status ReadClocks(const TomlNode& clocks, std::vector<Clock>& out);
};

// Reads one [tables.NAME] into the network.
absl::Status ReadTable(Reading& reading, const TomlNode& table);
// Reads the values of a table that stand in any TOML table, which `what` names.
absl::Status ReadTableValues(Reading& reading, const TomlNode& node, absl::string_view what,
                             ValueTable& out);
// Reads one [record.NAME] into the network, which has its populations and groups.
absl::Status ReadRecord(Reading& reading, const TomlNode& table);
// Reads one [synapses.NAME] into the network.
absl::Status ReadSynapse(Reading& reading, const TomlNode& table);
// The model of synapses that a projection names: one of the file, else one of the library.
absl::StatusOr<SynapseHandle> FindSynapse(Reading& reading, const TomlNode& name);
// Read one [stimuli.NAME] or [projections.NAME] into the network, which has its populations.
absl::Status ReadStimulus(Reading& reading, const TomlNode& table);
absl::Status ReadProjection(Reading& reading, const TomlNode& table);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_TOML_READER_H_
