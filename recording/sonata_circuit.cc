#include "recording/sonata_circuit.h"

#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "ir/file.h"
#include "ir/status_macros.h"

namespace bnsyn::sonata {
namespace {

// The cells of a line, which blanks divide; those in quotes may have blanks.
std::vector<std::string> Cells(absl::string_view line) {
  std::vector<std::string> cells;
  size_t at = 0;
  while (at < line.size()) {
    if (absl::ascii_isspace(static_cast<unsigned char>(line[at]))) {
      ++at;
      continue;
    }
    const bool quoted = line[at] == '"';
    const size_t begin = at + (quoted ? 1 : 0);
    size_t end = quoted ? line.find('"', begin) : line.find_first_of(" \t\r", begin);
    end = std::min(end, line.size());
    cells.emplace_back(line.substr(begin, end - begin));
    at = end + (quoted ? 1 : 0);
  }
  return cells;
}

// Reads the members of a configuration: paths with the variables of its manifest.
class ConfigReader {
 public:
  ConfigReader(std::string path, Json json) : path_(std::move(path)), json_(std::move(json)) {
    const std::filesystem::path parent = std::filesystem::path(path_).parent_path();
    directory_ = parent.empty() ? std::string(".") : parent.string();
    variables_["${configdir}"] = directory_;
    variables_["$configdir"] = directory_;
  }

  const Json& json() const { return json_; }

  absl::Status ReadManifest() {
    const auto manifest = json_.find("manifest");
    if (manifest == json_.end()) return absl::OkStatus();
    if (!manifest->is_object()) return Wrong(path_, "'manifest' is no object");
    for (const auto& [name, value] : manifest->items()) {
      if (!value.is_string()) return Wrong(path_, absl::StrCat("'", name, "' is no path"));
    }
    // A variable may name others, in any order: each round puts in those that are whole.
    for (size_t round = 0; round <= manifest->size(); ++round) {
      for (const auto& [name, value] : manifest->items()) {
        const std::string text = PutIn(value.get<std::string>());
        if (text.find('$') == std::string::npos) variables_[name] = text;
      }
    }
    return absl::OkStatus();
  }

  // A path of the configuration.
  absl::StatusOr<std::string> Path(const Json& parent, const char* key) const {
    const auto found = parent.is_object() ? parent.find(key) : parent.end();
    if (found == parent.end() || found->is_null()) return std::string();
    if (!found->is_string()) return Wrong(path_, absl::StrCat("'", key, "' is no path"));
    const std::string text = PutIn(found->get<std::string>());
    if (text.find('$') != std::string::npos) {
      return Wrong(path_,
                   absl::StrCat("'", key, "': the manifest has no variable of '", text, "'"));
    }
    return (std::filesystem::path(directory_) / text).lexically_normal().string();
  }

  absl::StatusOr<std::vector<Files>> Networks(const char* kind, const char* data,
                                              const char* types) const {
    std::vector<Files> files;
    const auto networks = json_.find("networks");
    if (networks == json_.end() || !networks->is_object()) {
      return Wrong(path_, "there is no 'networks'", "expected circuit_config.json of SONATA");
    }
    const auto list = networks->find(kind);
    if (list == networks->end()) return files;
    if (!list->is_array()) return Wrong(path_, absl::StrCat("'", kind, "' is no array"));
    for (const Json& entry : *list) {
      Files& one = files.emplace_back();
      BNSYN_ASSIGN_OR_RETURN(one.data, Path(entry, data));
      BNSYN_ASSIGN_OR_RETURN(one.types, Path(entry, types));
      if (one.data.empty())
        return Wrong(path_, absl::StrCat("an entry of '", kind, "' has no ", data));
    }
    return files;
  }

 private:
  std::string PutIn(std::string text) const {
    // Longer names first, so that $DIR does not take the beginning of $DIRECTORY.
    for (auto variable = variables_.rbegin(); variable != variables_.rend(); ++variable) {
      text = absl::StrReplaceAll(text, {{variable->first, variable->second}});
    }
    return text;
  }

  std::string path_;
  std::string directory_;
  Json json_;
  std::map<std::string, std::string> variables_;
};

absl::StatusOr<ConfigReader> Open(const std::string& path) {
  BNSYN_ASSIGN_OR_RETURN(Json json, ReadJson(path));
  ConfigReader reader(path, std::move(json));
  BNSYN_RETURN_IF_ERROR(reader.ReadManifest());
  return reader;
}

// A positive time in ms; 0 if there is none of that name.
absl::StatusOr<double> TimeIn(const Json& run, const char* key, const std::string& path) {
  const auto found = run.find(key);
  if (found == run.end()) return 0.0;
  if (!found->is_number() || !(found->get<double>() > 0)) {
    return Wrong(path, absl::StrCat("'", key, "' is no positive time in ms"));
  }
  return found->get<double>();
}

absl::Status ReadSimulation(const ConfigReader& reader, Config& config) {
  const Json& json = reader.json();
  if (const auto run = json.find("run"); run != json.end() && run->is_object()) {
    BNSYN_ASSIGN_OR_RETURN(config.dt_ms, TimeIn(*run, "dt", config.path));
    BNSYN_ASSIGN_OR_RETURN(config.stop_ms, TimeIn(*run, "tstop", config.path));
  }
  const auto inputs = json.find("inputs");
  if (inputs == json.end() || !inputs->is_object()) return absl::OkStatus();
  for (const auto& [name, input] : inputs->items()) {
    const auto text = [&, &given = input](const char* key) {
      const auto found = given.is_object() ? given.find(key) : given.end();
      return found != given.end() && found->is_string() ? found->get<std::string>() : "";
    };
    if (text("input_type") != "spikes" || (text("module") != "h5" && text("module") != "sonata" &&
                                           text("module") != "synapse_replay")) {
      return Wrong(config.path,
                   absl::StrCat("the input '", name, "' of type ", text("input_type"), ", module ",
                                text("module"), ", is not supported"),
                   "spikes from files of HDF5 are: input_type \"spikes\", module \"h5\"");
    }
    Input one = {name, "", text("node_set")};
    BNSYN_ASSIGN_OR_RETURN(one.file, reader.Path(input, "input_file"));
    if (one.file.empty()) {
      BNSYN_ASSIGN_OR_RETURN(one.file, reader.Path(input, "spike_file"));
    }
    config.inputs.push_back(std::move(one));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Wrong(const std::string& path, absl::string_view what, absl::string_view note) {
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": error: ", std::string(what), note.empty() ? "" : "\n  note: ", std::string(note)));
}

absl::StatusOr<Json> ReadJson(const std::string& path) {
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(path, ir::kMostDescription));
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (!json.is_object()) return Wrong(path, "this is no object of JSON");
  return json;
}

absl::StatusOr<std::map<uint64_t, Row>> ReadTypes(const std::string& path,
                                                  const std::string& id_column) {
  std::map<uint64_t, Row> types;
  if (path.empty()) return types;
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(path, ir::kMostDescription));
  std::vector<std::string> header;
  int line_number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    const std::vector<std::string> cells = Cells(line);
    if (cells.empty()) continue;
    if (header.empty()) {
      header = cells;
      continue;
    }
    const std::string where = absl::StrCat(path, ":", line_number);
    if (cells.size() != header.size()) {
      return Wrong(where,
                   absl::StrCat("this line has ", cells.size(), " values, and the header ",
                                header.size(), " names"),
                   "values with blanks stand in double quotes");
    }
    Row row;
    for (size_t c = 0; c < cells.size(); ++c) {
      if (cells[c] != "NULL" && cells[c] != "NA" && cells[c] != "NONE") row[header[c]] = cells[c];
    }
    uint64_t id = 0;
    if (!absl::SimpleAtoi(TextOf(row, id_column), &id)) {
      return Wrong(where, absl::StrCat("there is no number in the column ", id_column));
    }
    if (!types.emplace(id, std::move(row)).second) {
      return Wrong(where, absl::StrCat(id_column, " ", id, " is there twice"));
    }
  }
  return types;
}

std::string TextOf(const Row& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() ? "" : found->second;
}

absl::StatusOr<EdgeType> ReadEdgeType(const Row& row, const std::string& place,
                                      const std::string& synapse_models) {
  const std::string model = TextOf(row, "model_template");
  const size_t colon = model.find(':');
  const std::string plain = colon == std::string::npos ? model : model.substr(colon + 1);
  if (!plain.empty() && plain != "static_synapse") {
    return Wrong(place, absl::StrCat("synapses of the model '", model, "' are not supported"),
                 "static_synapse is");
  }
  if (!TextOf(row, "weight_function").empty() && TextOf(row, "weight_function") != "wmax") {
    return Wrong(place,
                 absl::StrCat("weights by the function '", TextOf(row, "weight_function"),
                              "' are not supported"),
                 "give each edge its 0/syn_weight");
  }
  EdgeType type;
  const auto number = [&](const char* column, std::optional<double>& value) -> absl::Status {
    const std::string text = TextOf(row, column);
    if (text.empty()) return absl::OkStatus();
    double read = 0;
    if (!absl::SimpleAtod(text, &read) || !std::isfinite(read)) {
      return Wrong(place, absl::StrCat("'", text, "' of ", column, " is no number"));
    }
    value = read;
    return absl::OkStatus();
  };
  BNSYN_RETURN_IF_ERROR(number("syn_weight", type.weight));
  BNSYN_RETURN_IF_ERROR(number("delay", type.delay));
  const std::string file = TextOf(row, "dynamics_params");
  if (file.empty()) return type;
  const std::string path = (std::filesystem::path(synapse_models) / file).string();
  BNSYN_ASSIGN_OR_RETURN(const Json json, ReadJson(path));
  for (const auto& [key, value] : json.items()) {
    if (key == "receptor_type" && value.is_number_unsigned()) {
      type.receptor = value.get<uint64_t>();
    } else if (key != "level_of_detail") {
      return Wrong(path, absl::StrCat("'", key, "' of synapses is not supported"),
                   "receptor_type, a whole number, is");
    }
  }
  return type;
}
absl::StatusOr<Config> ReadConfig(const std::string& path) {
  Config config;
  config.path = path;
  BNSYN_ASSIGN_OR_RETURN(ConfigReader reader, Open(path));
  // The configuration of a simulation names that of the circuit, or is both.
  if (!reader.json().contains("networks") && reader.json().contains("network")) {
    BNSYN_RETURN_IF_ERROR(ReadSimulation(reader, config));
    BNSYN_ASSIGN_OR_RETURN(const std::string circuit, reader.Path(reader.json(), "network"));
    BNSYN_ASSIGN_OR_RETURN(reader, Open(circuit));
  } else {
    BNSYN_RETURN_IF_ERROR(ReadSimulation(reader, config));
  }
  BNSYN_ASSIGN_OR_RETURN(config.nodes, reader.Networks("nodes", "nodes_file", "node_types_file"));
  BNSYN_ASSIGN_OR_RETURN(config.edges, reader.Networks("edges", "edges_file", "edge_types_file"));
  const Json none = Json::object();
  const auto components = reader.json().find("components");
  const Json& of = components == reader.json().end() ? none : *components;
  BNSYN_ASSIGN_OR_RETURN(config.neuron_models, reader.Path(of, "point_neuron_models_dir"));
  BNSYN_ASSIGN_OR_RETURN(config.synapse_models, reader.Path(of, "synaptic_models_dir"));
  return config;
}

}  // namespace bnsyn::sonata
