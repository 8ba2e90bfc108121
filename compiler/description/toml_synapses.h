// The base of the readers of what has the code of synapses: projections and models of synapses.
// Internal to compiler/description; users call ReadNetwork.
#ifndef BNSYN_COMPILER_DESCRIPTION_TOML_SYNAPSES_H_
#define BNSYN_COMPILER_DESCRIPTION_TOML_SYNAPSES_H_

#include <string>

#include "absl/status/status.h"
#include "compiler/description/toml_reader.h"

namespace bnsyn::compiler {

class SynapseCodeReader : public TomlReader {
 public:
  using TomlReader::TomlReader;

 protected:
  // Begins to read a table: what it says of pathways goes into `options`.
  void Begin(const TomlNode& table, ConnectOptions& options) {
    table_ = &table;
    options_ = &options;
  }
  // on_pre and on_post may be tables.
  absl::Status ReadField(const TomlNode& node, const Field& field) override;

 private:
  absl::Status ReadPathway(const TomlNode& node, const std::string& name, bool on_post);
  absl::Status TakeMain(const TomlNode& node, Pathway main);
  absl::Status ReadOrder(const TomlNode& node, PathwayOptions& options) const;

  const TomlNode* table_ = nullptr;
  ConnectOptions* options_ = nullptr;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_TOML_SYNAPSES_H_
