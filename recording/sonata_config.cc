#include "recording/sonata_config.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "recording/hdf5.h"
#include "recording/hdf5_driver.h"
#include "recording/part_file.h"

namespace bnsyn {
namespace {

using Json = nlohmann::ordered_json;
using hdf5::Handle;

std::string TextOf(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json SimulationConfig(const RecordedNetwork& network, const RecordShapes& shapes, uint64_t end) {
  Json output = {{"output_dir", "."}};
  Json reports = Json::object();
  for (const RecordShape& shape : shapes) {
    if (shape.kind == RecordKind::kSpikes) {
      output["spikes_file"] = shape.name + ".h5";
      output["spikes_sort_order"] = "by_time";
      continue;
    }
    if (shape.kind == RecordKind::kStatistics || shape.elements.empty()) continue;
    const auto step = static_cast<double>(shape.every);
    reports[shape.name] = {
        {"file_name", shape.name + ".h5"},
        {"cells", ReportedPopulation(shape)},
        {"sections", "soma"},
        {"type", "compartment"},
        {"variable_name", shape.variable.substr(shape.variable.find('.') + 1)},
        {"unit", shape.unit},
        {"dt", step * network.dt_ms},
        {"start_time", static_cast<double>(shape.start) * network.dt_ms},
        {"end_time", static_cast<double>(std::min(end, shape.stop)) * network.dt_ms},
        {"enabled", true}};
  }
  return {{"version", 1},
          {"manifest", {{"$OUTPUT_DIR", "."}}},
          {"network", "circuit_config.json"},
          {"target_simulator", "bnsyn"},
          {"node_sets_file", "node_sets.json"},
          {"run",
           {{"tstart", 0.0},
            {"tstop", static_cast<double>(end) * network.dt_ms},
            {"dt", network.dt_ms},
            {"random_seed", network.seed}}},
          {"conditions", Json::object()},
          {"output", output},
          {"reports", reports}};
}

Json CircuitConfig(const RecordedNetwork& network) {
  Json populations = Json::object();
  for (const std::string& name : network.populations) {
    populations[name] = {{"type", "point_neuron"}};
  }
  Json nodes = Json::array();
  nodes.push_back({{"nodes_file", "nodes.h5"},
                   {"node_types_file", "node_types.csv"},
                   {"populations", populations}});
  return {{"version", 2},
          {"manifest", {{"$BASE_DIR", "."}}},
          {"node_sets_file", "node_sets.json"},
          {"networks", {{"nodes", nodes}, {"edges", Json::array()}}},
          {"components", Json::object()}};
}

// All neurons of a population, of one type each: /nodes/POPULATION with a group 0 that has nothing.
absl::Status WriteNodes(const std::string& directory, const RecordedNetwork& network) {
  const hdf5::Quiet quiet;
  BNSYN_ASSIGN_OR_RETURN(PartFile part, PartFile::Reserve(directory, "nodes.h5"));
  Handle file = hdf5::CreateFile(part.partial());
  if (!file.ok()) return part.Failed();
  constexpr uint32_t kVersion[2] = {0, 1};
  bool fine = hdf5::WriteAttribute(file, "magic", uint32_t{0x0A7A}) &&
              hdf5::WriteNumbers(file, "version", H5T_NATIVE_UINT32, kVersion, uint64_t{2});
  {
    const Handle nodes = hdf5::CreateGroup(file, "nodes");
    for (size_t p = 0; fine && p < network.populations.size(); ++p) {
      const uint32_t size = network.sizes[p];
      std::vector<uint64_t> ids(size);
      for (uint32_t neuron = 0; neuron < size; ++neuron) ids[neuron] = neuron;
      const std::vector<uint64_t> types(size, p);
      const std::vector<uint64_t> groups(size, 0);
      const Handle population = hdf5::CreateGroup(nodes, network.populations[p]);
      fine = population.ok() && hdf5::CreateGroup(population, "0").ok() &&
             hdf5::WriteArray<uint64_t>(population, "node_id", ids).ok() &&
             hdf5::WriteArray<uint64_t>(population, "node_type_id", types).ok() &&
             hdf5::WriteArray<uint64_t>(population, "node_group_id", groups).ok() &&
             hdf5::WriteArray<uint64_t>(population, "node_group_index", ids).ok();
    }
  }
  fine = fine && H5Fflush(file.id(), H5F_SCOPE_LOCAL) >= 0 && !hdf5::HasFailed(file);
  file = Handle();
  return fine ? part.Publish() : part.Failed();
}

}  // namespace

std::string ReportedPopulation(const RecordShape& shape) {
  if (!shape.populations.empty()) return shape.populations[0];
  const size_t point = shape.variable.rfind('.');
  return point == std::string::npos ? "network" : shape.variable.substr(0, point);
}

absl::StatusOr<std::vector<std::string>> WriteSonataConfig(const std::string& directory,
                                                           const RecordedNetwork& network,
                                                           const RecordShapes& shapes,
                                                           uint64_t end) {
  BNSYN_RETURN_IF_ERROR(WriteNodes(directory, network));
  std::string types = "node_type_id model_type model_template population\n";
  Json sets = Json::object();
  for (size_t p = 0; p < network.populations.size(); ++p) {
    const std::string& name = network.populations[p];
    absl::StrAppend(&types, p, " point_neuron bnsyn:", name, " ", name, "\n");
    sets[name] = {{"population", name}};
  }
  BNSYN_RETURN_IF_ERROR(WritePartFile(directory, "node_types.csv", types));
  BNSYN_RETURN_IF_ERROR(WritePartFile(directory, "node_sets.json", TextOf(sets)));
  BNSYN_RETURN_IF_ERROR(
      WritePartFile(directory, "circuit_config.json", TextOf(CircuitConfig(network))));
  BNSYN_RETURN_IF_ERROR(WritePartFile(directory, "simulation_config.json",
                                      TextOf(SimulationConfig(network, shapes, end))));
  return std::vector<std::string>{"nodes.h5", "node_types.csv", "node_sets.json",
                                  "circuit_config.json", "simulation_config.json"};
}

}  // namespace bnsyn
