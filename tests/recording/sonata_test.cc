// Networks in the format SONATA: the library's models by the names that they have elsewhere.
// tests/recording/formats.py runs a circuit.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/bnsyn.h"
#include "recording/sonata_circuit.h"
#include "recording/sonata_models.h"
#include "tests/recording/networks.h"

namespace bnsyn {
namespace {

using namespace literals;

// What the comments of a model say of synapses is true: its neurons receive them.
TEST(Sonata, KnowsHowSynapsesActOnEachModel) {
  int models = 0;
  for (const compiler::LibraryModel& library : compiler::ModelLibrary()) {
    const std::vector<compiler::NameElsewhere> names = compiler::NamesElsewhere(library);
    const std::optional<sonata::Receptors> receptors = sonata::ReceptorsOf(library);
    if (names.empty() || !receptors.has_value()) continue;
    ++models;
    Network network({.seed = 1});
    const ModelHandle model = network.AddModel(*ReadLibraryModel(library.name));
    const ModelHandle source = network.AddModel(*ReadLibraryModel("regular_source"));
    const PopulationHandle cells = network.AddPopulation("cells", model, 1);
    const PopulationHandle sources = network.AddPopulation("sources", source, 1);
    for (const std::string& variable : {receptors->excited, receptors->inhibited}) {
      network.Connect(absl::StrCat("to_", variable, network.projections.size()), sources, cells,
                      AllToAll(),
                      ConnectOptions{.weight = Setting(absl::StrCat("1 ", receptors->unit))}.OnPre(
                          absl::StrCat(variable, "_post += w").c_str()));
    }
    const absl::Status status = Compile(network).status();
    EXPECT_TRUE(status.ok()) << library.name << ": " << status;
  }
  EXPECT_GE(models, 20);
}

TEST(Sonata, FindsModelsByTheirNamesElsewhere) {
  EXPECT_EQ(sonata::FindElsewhere("nest", "iaf_psc_exp")->name, "lif_exp");
  EXPECT_EQ(sonata::FindElsewhere("NEST", "iaf_psc_exp")->name, "lif_exp");
  EXPECT_FALSE(sonata::FindElsewhere("nest", "lif_exp").has_value());
  const sonata::Receptors currents =
      *sonata::ReceptorsOf(*sonata::FindElsewhere("nest", "iaf_psc_exp"));
  EXPECT_EQ(currents.unit, "pA");
  EXPECT_EQ(currents.excited, "I_ex");
  EXPECT_EQ(currents.inhibited, "I_in");
  EXPECT_TRUE(currents.keeps_sign);
  const sonata::Receptors conductances =
      *sonata::ReceptorsOf(*sonata::FindElsewhere("nest", "iaf_cond_exp"));
  EXPECT_EQ(conductances.unit, "nS");
  EXPECT_NE(conductances.excited, conductances.inhibited);
  EXPECT_FALSE(conductances.keeps_sign);
  const sonata::Receptors jumps =
      *sonata::ReceptorsOf(*sonata::FindElsewhere("nest", "iaf_psc_delta"));
  EXPECT_EQ(jumps.unit, "mV");
  EXPECT_EQ(jumps.excited, jumps.inhibited);
}

TEST(Sonata, ReadsConfigurationsAndTypes) {
  const std::string directory = EmptyDirectory("sonata_config");
  const std::string path = directory + "/config.json";
  const auto write = [](const std::string& file, const std::string& text) {
    std::ofstream(file) << text;
  };
  write(path, R"({"manifest": {"$B": "$A/b", "$A": "./a", "$AB": "ab"},
                  "networks": {"nodes": [{"nodes_file": "$B/n.h5", "node_types_file": "$AB/t.csv"}]},
                  "components": {"point_neuron_models_dir": "${configdir}"}})");
  const absl::StatusOr<sonata::Config> config = sonata::ReadConfig(path);
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->nodes.size(), 1u);
  EXPECT_TRUE(absl::EndsWith(config->nodes[0].data, "/a/b/n.h5")) << config->nodes[0].data;
  EXPECT_TRUE(absl::EndsWith(config->nodes[0].types, "/ab/t.csv"));
  EXPECT_TRUE(config->edges.empty());

  write(directory + "/types.csv", "node_type_id model \"a name\"\n3 \"x y\" NULL\n\n4 z 1\n");
  const auto types = sonata::ReadTypes(directory + "/types.csv", "node_type_id");
  ASSERT_TRUE(types.ok()) << types.status();
  EXPECT_EQ(sonata::TextOf(types->at(3), "model"), "x y");
  EXPECT_EQ(sonata::TextOf(types->at(3), "a name"), "");
  EXPECT_EQ(sonata::TextOf(types->at(4), "a name"), "1");

  const std::pair<std::string, std::string> cases[] = {
      {"[]", "no object of JSON"},
      {"{", "no object of JSON"},
      {"{}", "there is no 'networks'"},
      {R"({"networks": {"nodes": 3}})", "'nodes' is no array"},
      {R"({"networks": {"nodes": [{}]}})", "has no nodes_file"},
      {R"({"networks": {"nodes": [{"nodes_file": "$X/n.h5"}]}})", "the manifest has no variable"},
      {R"({"networks": {"nodes": [{"nodes_file": "none.h5"}]}})", "cannot be opened as HDF5"},
      {R"({"networks": {}})", "the circuit has no nodes"},
      {R"({"networks": {}, "inputs": {"a": {"input_type": "current_clamp"}}})", "is not supported"},
      {R"({"networks": {}, "run": {"dt": -1}})", "no positive time"}};
  for (const auto& [text, message] : cases) {
    write(path, text);
    const absl::Status status = ReadSonata(path).status();
    EXPECT_TRUE(absl::StrContains(status.message(), message)) << status;
  }
  write(directory + "/types.csv", "node_type_id model\n3\n");
  EXPECT_TRUE(absl::StrContains(
      sonata::ReadTypes(directory + "/types.csv", "node_type_id").status().message(),
      "types.csv:2: error: this line has 1 values"));
}

}  // namespace
}  // namespace bnsyn
