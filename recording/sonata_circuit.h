// The parts of a SONATA circuit that are text: the configuration and the tables of types.
#ifndef BNSYN_RECORDING_SONATA_CIRCUIT_H_
#define BNSYN_RECORDING_SONATA_CIRCUIT_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bnsyn::sonata {

using Json = nlohmann::json;

// An error about a file.
absl::Status Wrong(const std::string& path, absl::string_view what, absl::string_view note = "");

// A file of JSON, as an object.
absl::StatusOr<Json> ReadJson(const std::string& path);

// A table of types: a row of texts by column for each number of a type. Values that are NULL or NA
// are left out.
using Row = std::map<std::string, std::string>;
absl::StatusOr<std::map<uint64_t, Row>> ReadTypes(const std::string& path,
                                                  const std::string& id_column);
// The text of a column; empty if the row has none.
std::string TextOf(const Row& row, const std::string& column);

// What the type of an edge says.
struct EdgeType {
  std::optional<double> weight;
  std::optional<double> delay;
  uint64_t receptor = 0;
};
// `place` names the table in errors; `synapse_models` is the directory of dynamics_params.
absl::StatusOr<EdgeType> ReadEdgeType(const Row& row, const std::string& place,
                                      const std::string& synapse_models);

// A pair of files of a circuit.
struct Files {
  std::string data;   // .h5
  std::string types;  // .csv
};

struct Input {
  std::string name;
  std::string file;
  std::string node_set;
};

// What the configuration says, with all paths whole.
struct Config {
  std::string path;  // of the file that was given
  std::vector<Files> nodes;
  std::vector<Files> edges;
  std::string neuron_models;   // a directory
  std::string synapse_models;  // a directory
  std::vector<Input> inputs;   // of spikes
  double dt_ms = 0;            // 0 where nothing is said
  double stop_ms = 0;
};
absl::StatusOr<Config> ReadConfig(const std::string& path);

}  // namespace bnsyn::sonata

#endif  // BNSYN_RECORDING_SONATA_CIRCUIT_H_
