// Reads a SONATA circuit of point neurons as a network.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bnsyn/sonata.h"
#include "compiler/description/settings.h"
#include "ir/diagnostic.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "recording/hdf5_read.h"
#include "recording/sonata_circuit.h"
#include "recording/sonata_models.h"

namespace bnsyn {
namespace {

using hdf5::Group;
using sonata::Json;
using sonata::Row;
using sonata::TextOf;
using sonata::Wrong;

// A name that code can have.
std::string NameOf(absl::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0])) ? "n" + name
                                                                                  : name;
}

// A number in internal units, with the dimension of another value.
absl::StatusOr<Setting> LikeParameter(const Json& value, const Setting& parameter) {
  BNSYN_ASSIGN_OR_RETURN(const Quantity usual, compiler::Evaluate(parameter, {}, "parameter"));
  return Setting(Quantity(value.get<double>(), Unit{usual.dimension, 0}));
}

// A population of the network, which one type of nodes has become.
struct Cells {
  PopulationHandle handle;
  std::string name;
  bool is_virtual = false;
  std::optional<sonata::Receptors> receptors;
  std::string model;
};
// A population of nodes: of each node the population it is in, and its number there.
struct Nodes {
  std::vector<uint32_t> population;  // in CircuitReader::neurons_
  std::vector<uint32_t> number;
};

class CircuitReader {
 public:
  explicit CircuitReader(sonata::Config config) : config_(std::move(config)) {}

  absl::StatusOr<Network> Read() {
    network_.options.name =
        std::filesystem::absolute(config_.path).parent_path().filename().string();
    if (config_.dt_ms > 0) network_.options.dt = Time(config_.dt_ms);
    if (config_.stop_ms > 0) network_.duration = Setting(Time(config_.stop_ms));
    for (const sonata::Files& files : config_.nodes) BNSYN_RETURN_IF_ERROR(ReadNodes(files));
    for (const sonata::Files& files : config_.edges) BNSYN_RETURN_IF_ERROR(ReadEdges(files));
    for (const sonata::Input& input : config_.inputs) BNSYN_RETURN_IF_ERROR(ReadInput(input));
    if (neurons_.empty()) return Wrong(config_.path, "the circuit has no nodes");
    return std::move(network_);
  }

 private:
  static Quantity Time(double ms) { return Quantity(ms, Unit{dimension::kTime, 0}); }

  absl::Status ReadNodes(const sonata::Files& files) {
    BNSYN_ASSIGN_OR_RETURN(const auto types, sonata::ReadTypes(files.types, "node_type_id"));
    BNSYN_ASSIGN_OR_RETURN(const Group file, Group::Open(files.data));
    BNSYN_ASSIGN_OR_RETURN(const Group all, file.Find("nodes"));
    for (const std::string& name : all.Names()) {
      BNSYN_ASSIGN_OR_RETURN(const Group group, all.Find(name));
      BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> type_of,
                             group.Read<uint64_t>("node_type_id"));
      BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> ids, IdsOf(group, type_of.size()));
      if (nodes_.count(name) > 0) return Wrong(files.data, absl::StrCat("'", name, "' is twice"));
      BNSYN_RETURN_IF_ERROR(RefuseOwnParameters(group));
      Nodes& nodes = nodes_[name];
      nodes.population.resize(ids.size());
      nodes.number.resize(ids.size());
      // By type, the nodes in the order of their numbers.
      std::vector<uint64_t> type_of_node(ids.size());
      for (size_t row = 0; row < ids.size(); ++row) type_of_node[ids[row]] = type_of[row];
      std::map<uint64_t, std::vector<uint64_t>> by_type;
      for (size_t id = 0; id < ids.size(); ++id) by_type[type_of_node[id]].push_back(id);
      for (const auto& [type, members] : by_type) {
        const auto row = types.find(type);
        if (row == types.end()) {
          return Wrong(
              files.types.empty() ? files.data : files.types,
              absl::StrCat("there is no node type ", type, ", which nodes of '", name, "' have"));
        }
        const auto index = static_cast<uint32_t>(neurons_.size());
        const std::string own = NameOf(by_type.size() == 1 ? name : absl::StrCat(name, "_", type));
        BNSYN_RETURN_IF_ERROR(AddNeurons(own, row->second, files.types, members.size()));
        for (size_t k = 0; k < members.size(); ++k) {
          nodes.population[members[k]] = index;
          nodes.number[members[k]] = static_cast<uint32_t>(k);
        }
      }
    }
    return absl::OkStatus();
  }

  // Parameters may stand beside a single node or edge, in dynamics_params of its group.
  static absl::Status RefuseOwnParameters(const Group& of) {
    for (const std::string& name : of.Names()) {
      const absl::StatusOr<Group> group = of.Find(name);
      if (!group.ok() || !group->Has("dynamics_params")) continue;
      return Wrong(group->place(), "parameters of single nodes and edges are not supported",
                   "those of their type are: give each set of parameters a type of its own");
    }
    return absl::OkStatus();
  }

  // The numbers of the nodes in the order of the file: each from 0 on once.
  static absl::StatusOr<std::vector<uint64_t>> IdsOf(const Group& group, uint64_t size) {
    std::vector<uint64_t> ids(size);
    for (uint64_t row = 0; row < size; ++row) ids[row] = row;
    if (!group.Has("node_id")) return ids;
    BNSYN_ASSIGN_OR_RETURN(ids, group.Read<uint64_t>("node_id"));
    std::vector<bool> seen(size);
    for (const uint64_t id : ids) {
      if (id >= size || seen[id] || ids.size() != size) {
        return Wrong(group.place(),
                     "node_id does not have each number from 0 on once, as populations do");
      }
      seen[id] = true;
    }
    return ids;
  }

  absl::Status AddNeurons(const std::string& name, const Row& type, const std::string& place,
                          uint64_t size) {
    Cells neurons;
    neurons.name = name;
    const std::string kind = TextOf(type, "model_type");
    const std::string model_template = TextOf(type, "model_template");
    if (kind == "virtual") {
      neurons.is_virtual = true;
      neurons.model = "spike_source";
    } else if (kind == "point_neuron" || kind == "point_process") {
      const std::pair<std::string, std::string> parts =
          absl::StrSplit(model_template, absl::MaxSplits(':', 1));
      const auto model = sonata::FindElsewhere(parts.first, parts.second);
      if (!model.has_value()) {
        return Wrong(place, absl::StrCat("no model of the library is '", model_template, "'"),
                     "`bnsyn models` lists the names that they have elsewhere: nest:iaf_psc_exp");
      }
      neurons.model = std::string(model->name);
      neurons.receptors = sonata::ReceptorsOf(*model);
    } else {
      return Wrong(place, absl::StrCat("nodes of model_type '", kind, "' are not supported"),
                   "point_neuron and virtual are");
    }
    BNSYN_ASSIGN_OR_RETURN(Model model, ReadLibraryModel(neurons.model));
    Settings parameters;
    Settings initial;
    if (const std::string file = TextOf(type, "dynamics_params"); !file.empty()) {
      BNSYN_RETURN_IF_ERROR(ReadParameters(model, file, parameters, initial));
    }
    const auto [found, fresh] = models_.try_emplace(
        neurons.model, ModelHandle{static_cast<uint32_t>(network_.models.size())});
    if (fresh) network_.AddModel(std::move(model));
    neurons.handle = network_.AddPopulation(name, found->second, static_cast<double>(size),
                                            std::move(parameters), std::move(initial));
    neurons_.push_back(std::move(neurons));
    return absl::OkStatus();
  }

  // Numbers of a file, in the units of NEST, which are those within bnsyn.
  absl::Status ReadParameters(const Model& model, const std::string& file, Settings& parameters,
                              Settings& initial) const {
    const std::string path = (std::filesystem::path(config_.neuron_models) / file).string();
    BNSYN_ASSIGN_OR_RETURN(const Json json, sonata::ReadJson(path));
    std::vector<std::string> known;
    for (const auto& [name, value] : model.parameters) known.push_back(name);
    const auto find = [&](const std::string& name) {
      return std::find_if(model.parameters.begin(), model.parameters.end(),
                          [&](const auto& parameter) { return parameter.first == name; });
    };
    for (const auto& [key, value] : json.items()) {
      if (key == "V_m" && value.is_number()) {
        initial.emplace_back("V",
                             Setting(Quantity(value.get<double>(), Unit{dimension::kVoltage, 0})));
        continue;
      }
      // Several numbers are those of a numbered parameter.
      const bool several = value.is_array();
      const size_t count = several ? value.size() : 1;
      for (size_t k = 0; k < count; ++k) {
        const Json& number = several ? value[k] : value;
        const std::string name = several ? absl::StrCat(key, "_", k + 1) : key;
        auto parameter = find(name);
        if (parameter == model.parameters.end() && several) parameter = find(key + "_1");
        if (parameter == model.parameters.end() || !number.is_number()) {
          return Wrong(path,
                       absl::StrCat("the model ", model.name, " has no parameter '", key,
                                    "' of a number", ir::DidYouMean(key, known)),
                       absl::StrCat("it has ", absl::StrJoin(known, ", ")));
        }
        BNSYN_ASSIGN_OR_RETURN(Setting setting, LikeParameter(number, parameter->second));
        parameters.emplace_back(name, std::move(setting));
      }
    }
    return absl::OkStatus();
  }

  // Which synapses become one projection.
  struct Key {
    uint32_t source = 0;  // in neurons_
    uint32_t target = 0;
    uint64_t receptor = 0;  // the port; 0 for none
    bool inhibits = false;
    bool operator<(const Key& other) const {
      return std::tie(source, target, receptor, inhibits) <
             std::tie(other.source, other.target, other.receptor, other.inhibits);
    }
  };
  struct Synapses {
    std::vector<double> pre, post, weight, delay;
  };
  absl::StatusOr<const Nodes*> EndsOf(const Group& edges, const char* ids) const {
    const std::optional<std::string> name = edges.Text(ids, "node_population");
    if (!name.has_value()) {
      return Wrong(edges.place(),
                   absl::StrCat(ids, " has no attribute node_population that can be read"));
    }
    const auto found = nodes_.find(*name);
    if (found != nodes_.end()) return &found->second;
    return Wrong(edges.place(),
                 absl::StrCat(ids, " are of '", *name, "', of which the circuit has no nodes"));
  }

  // A column of the group 0 in the order of the edges; empty if there is none.
  static absl::StatusOr<std::vector<double>> Column(const Group& edges, const std::string& name,
                                                    size_t size) {
    std::vector<double> values;
    if (!edges.Has("0")) return values;
    BNSYN_ASSIGN_OR_RETURN(const Group group, edges.Find("0"));
    if (!group.Has(name)) return values;
    BNSYN_ASSIGN_OR_RETURN(values, group.Read<double>(name));
    if (edges.Has("edge_group_index")) {
      BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> places,
                             edges.Read<uint64_t>("edge_group_index"));
      std::vector<double> ordered;
      ordered.reserve(places.size());
      for (const uint64_t place : places) {
        if (place >= values.size()) {
          return Wrong(edges.place(), absl::StrCat("edge_group_index ", place, " is beyond the ",
                                                   values.size(), " values of 0/", name));
        }
        ordered.push_back(values[place]);
      }
      values = std::move(ordered);
    }
    if (values.size() == size) return values;
    return Wrong(edges.place(), absl::StrCat("there are ", values.size(), " values of 0/", name,
                                             " for ", size, " edges"));
  }

  absl::Status ReadEdges(const sonata::Files& files) {
    BNSYN_ASSIGN_OR_RETURN(const auto rows, sonata::ReadTypes(files.types, "edge_type_id"));
    std::map<uint64_t, sonata::EdgeType> types;
    for (const auto& [id, row] : rows) {
      BNSYN_ASSIGN_OR_RETURN(types[id],
                             sonata::ReadEdgeType(row, files.types, config_.synapse_models));
    }
    BNSYN_ASSIGN_OR_RETURN(const Group file, Group::Open(files.data));
    BNSYN_ASSIGN_OR_RETURN(const Group all, file.Find("edges"));
    for (const std::string& name : all.Names()) {
      BNSYN_ASSIGN_OR_RETURN(const Group edges, all.Find(name));
      BNSYN_RETURN_IF_ERROR(ReadPopulation(name, edges, types));
    }
    return absl::OkStatus();
  }

  absl::Status ReadPopulation(const std::string& name, const Group& edges,
                              const std::map<uint64_t, sonata::EdgeType>& types) {
    BNSYN_ASSIGN_OR_RETURN(const Nodes* const sources, EndsOf(edges, "source_node_id"));
    BNSYN_ASSIGN_OR_RETURN(const Nodes* const targets, EndsOf(edges, "target_node_id"));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> pre, edges.Read<uint64_t>("source_node_id"));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> post,
                           edges.Read<uint64_t>("target_node_id"));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> type_of,
                           edges.Read<uint64_t>("edge_type_id"));
    if (post.size() != pre.size() || type_of.size() != pre.size()) {
      return Wrong(edges.place(),
                   "source_node_id, target_node_id and edge_type_id differ in length");
    }
    if (edges.Has("edge_group_id")) {
      BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> groups,
                             edges.Read<uint64_t>("edge_group_id"));
      if (std::any_of(groups.begin(), groups.end(), [](uint64_t group) { return group != 0; })) {
        return Wrong(edges.place(), "edges of several groups are not supported; group 0 is");
      }
    }
    BNSYN_RETURN_IF_ERROR(RefuseOwnParameters(edges));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<double> weights,
                           Column(edges, "syn_weight", pre.size()));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<double> delays, Column(edges, "delay", pre.size()));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<double> numbers, Column(edges, "nsyns", pre.size()));

    std::map<Key, Synapses> parts;
    for (size_t e = 0; e < pre.size(); ++e) {
      if (pre[e] >= sources->number.size() || post[e] >= targets->number.size()) {
        return Wrong(edges.place(), absl::StrCat("edge ", e, " joins ", pre[e], " and ", post[e],
                                                 ", which are not both nodes"));
      }
      const auto type = types.find(type_of[e]);
      if (type == types.end()) {
        return Wrong(edges.place(), absl::StrCat("there is no edge type ", type_of[e]));
      }
      const std::optional<double> weight =
          weights.empty() ? type->second.weight : std::optional<double>(weights[e]);
      const std::optional<double> delay =
          delays.empty() ? type->second.delay : std::optional<double>(delays[e]);
      if (!weight.has_value() || !delay.has_value()) {
        return Wrong(edges.place(), absl::StrCat("edge ", e, " has no ",
                                                 weight.has_value() ? "delay" : "syn_weight",
                                                 ", and nor has its type ", type_of[e]));
      }
      if (*delay < 0) {
        return Wrong(edges.place(), absl::StrCat("edge ", e, " has the delay ", *delay, " ms"));
      }
      const double total = *weight * (numbers.empty() ? 1 : numbers[e]);
      Synapses& part = parts[{sources->population[pre[e]], targets->population[post[e]],
                              type->second.receptor, total < 0}];
      part.pre.push_back(sources->number[pre[e]]);
      part.post.push_back(targets->number[post[e]]);
      part.weight.push_back(total);
      part.delay.push_back(*delay);
    }
    for (auto& [key, part] : parts) BNSYN_RETURN_IF_ERROR(Connect(name, edges, key, part));
    return absl::OkStatus();
  }

  absl::Status Connect(const std::string& name, const Group& edges, const Key& key,
                       Synapses& part) {
    const Cells& source = neurons_[key.source];
    const Cells& target = neurons_[key.target];
    if (!target.receptors.has_value()) {
      return Wrong(edges.place(),
                   absl::StrCat("synapses cannot end at '", target.name, "', whose model ",
                                target.model, " receives none of one weight"));
    }
    const sonata::Receptors& receptors = *target.receptors;
    std::string variable = key.inhibits ? receptors.inhibited : receptors.excited;
    if (key.receptor > 0) {
      const size_t line = variable.rfind('_');
      if (line == std::string::npos || variable.substr(line) != "_1") {
        return Wrong(edges.place(), absl::StrCat("receptor_type ", key.receptor, ": the model ",
                                                 target.model, " has no numbered ports"));
      }
      variable = absl::StrCat(variable.substr(0, line), "_", key.receptor);
    }
    if (key.inhibits && !receptors.keeps_sign) {
      for (double& weight : part.weight) weight = -weight;
    }
    std::string own = absl::StrCat(NameOf(name), "_", source.name, "_", target.name);
    if (key.receptor > 0) absl::StrAppend(&own, "_", key.receptor);
    if (key.inhibits) own += "_in";
    network_.AddFile(own, {{"pre", "post", "weight", "delay"},
                           {std::move(part.pre), std::move(part.post), std::move(part.weight),
                            std::move(part.delay)}});
    ConnectOptions options;
    options.weight = Setting(absl::StrCat("1 ", receptors.unit));
    network_.Connect(own, source.handle, target.handle, FromFile(own),
                     options.OnPre(absl::StrCat(variable, "_post += w").c_str()));
    return absl::OkStatus();
  }

  absl::Status ReadInput(const sonata::Input& input) {
    BNSYN_ASSIGN_OR_RETURN(const Group file, Group::Open(input.file));
    BNSYN_ASSIGN_OR_RETURN(const Group all, file.Find("spikes"));
    // Files of the first version have the spikes of one population, without its name.
    const bool plain = all.Has("timestamps");
    for (const std::string& name : plain ? std::vector<std::string>{input.node_set} : all.Names()) {
      const auto nodes = nodes_.find(name);
      if (nodes == nodes_.end()) {
        return Wrong(input.file, absl::StrCat("there are spikes of '", name,
                                              "', of which the circuit has no nodes"));
      }
      const auto spikes = [&]() -> absl::StatusOr<Group> {
        return plain ? file.Find("spikes") : all.Find(name);
      };
      BNSYN_ASSIGN_OR_RETURN(const Group group, spikes());
      BNSYN_ASSIGN_OR_RETURN(const std::vector<double> times, group.Read<double>("timestamps"));
      const std::string units = group.Text("timestamps", "units").value_or("ms");
      if (units != "ms") {
        return Wrong(group.place(), absl::StrCat("timestamps in '", units, "' are not supported"),
                     "those in ms are");
      }
      BNSYN_ASSIGN_OR_RETURN(const std::vector<uint64_t> ids,
                             group.Read<uint64_t>(group.Has("node_ids") ? "node_ids" : "gids"));
      BNSYN_RETURN_IF_ERROR(AddSpikes(input, nodes->second, times, ids));
    }
    return absl::OkStatus();
  }

  absl::Status AddSpikes(const sonata::Input& input, const Nodes& nodes,
                         const std::vector<double>& times, const std::vector<uint64_t>& ids) {
    if (times.size() != ids.size()) {
      return Wrong(input.file, "timestamps and node_ids differ in length");
    }
    const auto early = std::find_if(times.begin(), times.end(), [](double t) { return t < 0; });
    if (early != times.end()) {
      return Wrong(input.file, absl::StrCat("spike ", early - times.begin(), " has the time ",
                                            *early, " ms, before the run begins"));
    }
    std::map<uint32_t, FileColumns> by_population;
    for (size_t s = 0; s < ids.size(); ++s) {
      if (ids[s] >= nodes.number.size() || !neurons_[nodes.population[ids[s]]].is_virtual) {
        return Wrong(input.file, absl::StrCat("spike ", s, " is of node ", ids[s],
                                              ", which is no virtual node of the circuit"));
      }
      FileColumns& columns = by_population[nodes.population[ids[s]]];
      if (columns.names.empty()) columns = {{"time", "index"}, {{}, {}}};
      columns.values[0].push_back(times[s]);
      columns.values[1].push_back(nodes.number[ids[s]]);
    }
    for (auto& [population, columns] : by_population) {
      Stimulus stimulus;
      stimulus.name = absl::StrCat(NameOf(input.name), "_", neurons_[population].name);
      stimulus.kind = StimulusKind::kFile;
      stimulus.targets = {neurons_[population].handle};
      stimulus.file = stimulus.name;
      stimulus.off_grid = OffGrid::kNearest;
      network_.AddFile(stimulus.name, std::move(columns));
      network_.AddStimulus(stimulus.OnEvent("arrived += w"));
    }
    return absl::OkStatus();
  }

  const sonata::Config config_;
  Network network_;
  std::map<std::string, ModelHandle> models_;
  std::vector<Cells> neurons_;
  std::map<std::string, Nodes> nodes_;  // by the name of their population
};

}  // namespace

absl::StatusOr<Network> ReadSonata(const std::string& config) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Network> {
    const hdf5::Quiet quiet;
    BNSYN_ASSIGN_OR_RETURN(sonata::Config read, sonata::ReadConfig(config));
    return CircuitReader(std::move(read)).Read();
  });
}

}  // namespace bnsyn
