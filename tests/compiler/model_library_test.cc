// The files of the model library, what other simulators call them, and initial values of models.
#include "compiler/description/model_library.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

using compiler::LibraryModel;
using compiler::ModelLibrary;

TEST(ModelLibrary, FilesDefineTheModelOfTheirName) {
  EXPECT_GE(ModelLibrary().size(), 37u);
  for (const LibraryModel& model : ModelLibrary()) {
    const std::string name(model.name);
    const absl::StatusOr<Network> network = ParseNetwork(model.text, name + ".toml");
    ASSERT_TRUE(network.ok()) << network.status().message();
    ASSERT_EQ(network->models.size(), 1u) << name;
    EXPECT_EQ(network->models[0].name, name);
    EXPECT_TRUE(network->populations.empty()) << name;
    EXPECT_GE(compiler::ModelSummary(model).size(), 30u) << name;
    EXPECT_TRUE(absl::StrContains(model.text, "\n# Source: ")) << name;
    EXPECT_FALSE(compiler::ModelKind(model).empty()) << name;
    const ir::Program program =
        MustLower(absl::StrCat("[populations.p]\nmodel = \"", name, "\"\nsize = 2\n"));
    EXPECT_EQ(program.populations.size(), 1u) << name;
  }
}

// A network of one projection with a model of synapses, whose needed parameters are 1, and with
// what models read of the network.
std::string WithSynapse(const Synapse& synapse) {
  std::string parameters;
  for (const Synapse::Need& need : synapse.needs) {
    absl::StrAppend(&parameters, parameters.empty() ? "" : ", ", need.name, " = ",
                    need.unit.text == "1" ? "1" : absl::StrCat("'1 ", "pA'"));
  }
  const bool adds = absl::StrContains(
      absl::StrCat(synapse.code.on_pre.text, synapse.code.equations.text), "into_post");
  return absl::StrCat(
      "[uniform]\nequations = \"\"\"\nM : 1\nP : 1\n\"\"\"\n"
      "[populations.p]\nmodel = \"lif_exp\"\nsize = 2\n[projections.pp]\nsource = \"p\"\n"
      "target = \"p\"\nrule = \"all_to_all\"\nweight = \"0.5 pA\"\nmodel = \"",
      synapse.name, "\"\n", adds ? "into = \"I_ex\"\n" : "", "parameters = { ", parameters, " }\n");
}

TEST(SynapseLibrary, FilesDefineTheModelOfTheirName) {
  EXPECT_GE(compiler::SynapseLibrary().size(), 10u);
  for (const LibraryModel& model : compiler::SynapseLibrary()) {
    const std::string name(model.name);
    const absl::StatusOr<Network> network = ParseNetwork(model.text, name + ".toml");
    ASSERT_TRUE(network.ok()) << network.status().message();
    ASSERT_EQ(network->synapses.size(), 1u) << name;
    EXPECT_EQ(network->synapses[0].name, name);
    EXPECT_TRUE(network->populations.empty()) << name;
    EXPECT_FALSE(compiler::FindLibraryModel(ModelLibrary(), name).ok())
        << name << " is a model of neurons, too";
    EXPECT_GE(compiler::ModelSummary(model).size(), 30u) << name;
    EXPECT_TRUE(absl::StrContains(model.text, "\n# Source: ")) << name;
    EXPECT_EQ(compiler::ModelKind(model), "synapses") << name;
    const ir::Program program = MustLower(WithSynapse(network->synapses[0]));
    EXPECT_EQ(program.projections[0].name, "pp") << name;
  }
}

// A host program takes a model of synapses by name, or makes one, and gives it parameters.
TEST(SynapseLibrary, GivesModelsToHosts) {
  using namespace bnsyn::literals;
  Network network;
  const absl::StatusOr<Synapse> stdp = ReadLibrarySynapse("stdp");
  ASSERT_TRUE(stdp.ok()) << stdp.status().message();
  const ModelHandle lif = network.AddModel(ReadLibraryModel("lif_exp").value());
  const PopulationHandle exc = network.AddPopulation("exc", lif, 3, {{"I_e", "500 pA"}});
  network.Connect(
      "ee", exc, exc, AllToAll(),
      ConnectOptions{
          .weight = 10_pA, .model = network.AddSynapse(*stdp), .parameters = {{"w_max", 20_pA}}}
          .Into("I_ex"));
  const SynapseHandle own = network.AddSynapse(
      Synapse("own", ConnectOptions{}.Equations("w : weight").OnPre("into_post += w; w *= A"))
          .Parameters({{"A", 0.5}})
          .Requires("A < 1", "weights fade"));
  network.Connect("fading", exc, exc, AllToAll(),
                  ConnectOptions{.weight = 8_pA, .model = own}.Into("I_in"));
  ASSERT_TRUE(network.Set("ee.A_plus", "0.1").ok());
  absl::StatusOr<ir::Program> program = LowerNetwork(network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  Oracle oracle(*std::move(program));
  oracle.Steps(2000);
  EXPECT_GT(oracle.count(), 3u);
  EXPECT_EQ(oracle.Get("ee.w"), 20) << "spikes at one time potentiate";
  EXPECT_LT(oracle.Get("fading.w"), 1);

  ASSERT_TRUE(network.Set("fading.A", "1.5").ok());
  const std::string too_large(LowerNetwork(network).status().message());
  EXPECT_TRUE(absl::StrContains(too_large, "the model 'own' requires A < 1, but A is 1.5"))
      << too_large;
  EXPECT_TRUE(absl::StrContains(too_large, "weights fade")) << too_large;
  const std::string missing(ReadLibrarySynapse("stdpp").status().message());
  EXPECT_TRUE(absl::StrContains(missing, "did you mean 'stdp'")) << missing;
}

// A host program takes a model by name.
TEST(ModelLibrary, GivesModelsToHosts) {
  const absl::StatusOr<Model> model = ReadLibraryModel("lif_exp");
  ASSERT_TRUE(model.ok()) << model.status().message();
  Network network;
  const ModelHandle lif = network.AddModel(*model);
  network.AddPopulation("exc", lif, 3, {{"I_e", "500 pA"}});
  absl::StatusOr<ir::Program> program = LowerNetwork(network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  Oracle oracle(*std::move(program));
  EXPECT_EQ(oracle.Get("exc.V"), -70);
  oracle.Steps(1000);
  EXPECT_GT(oracle.count(), 3u);

  const std::string missing(ReadLibraryModel("lif_expp").status().message());
  EXPECT_TRUE(absl::StrContains(missing, "did you mean 'lif_exp'")) << missing;
}

TEST(ModelLibrary, KnowsNamesOfOtherSimulators) {
  EXPECT_EQ(compiler::ModelsElsewhere(ModelLibrary(), "iaf_psc_alpha"),
            "NEST's iaf_psc_alpha is the model 'lif_alpha'");
  EXPECT_EQ(compiler::ModelsElsewhere(ModelLibrary(), "spikesourcepoisson"),
            "PyNN's SpikeSourcePoisson is the model 'poisson_source'");
  EXPECT_EQ(compiler::ModelsElsewhere(ModelLibrary(), "lif_alpha"), "");
  const std::string missing(ReadLibraryModel("HH_cond_exp").status().message());
  EXPECT_TRUE(absl::StrContains(missing, "PyNN's HH_cond_exp is the model 'hh_traub'")) << missing;
  std::set<std::string> seen;
  std::vector<LibraryModel> all(ModelLibrary().begin(), ModelLibrary().end());
  all.insert(all.end(), compiler::SynapseLibrary().begin(), compiler::SynapseLibrary().end());
  for (const LibraryModel& model : all) {
    for (const compiler::NameElsewhere& other : compiler::NamesElsewhere(model)) {
      EXPECT_TRUE(other.simulator == "NEST" || other.simulator == "PyNN" ||
                  other.simulator == "Brian2")
          << model.name;
      EXPECT_TRUE(seen.insert(absl::StrCat(other.simulator, " ", other.name)).second)
          << other.name << " is two models";
    }
  }
}

// A model whose u follows v from the beginning, unless a population says otherwise.
std::string Follower(const std::string& initial) {
  return absl::StrCat(R"toml(
[models.follower]
parameters = { b = 2, start = 5 }
equations = """
dv/dt = -v/(20 ms) : 1
du/dt = -u/(20 ms) : 1
x : 1
twice = b*v : 1
"""
initial = { u = "twice + 1", v = "start", x = "uniform(0, 1)" }
threshold = "v > 100"
[populations.p]
model = "follower"
size = 2
parameters = { b = 3 }
initial = { )toml",
                      initial, " }\n");
}  // namespace

TEST(ModelInitialValues, AreDefaultsOfPopulations) {
  const Oracle plain(MustLower(Follower("")));
  EXPECT_EQ(plain.Get("p.v"), 5);
  EXPECT_EQ(plain.Get("p.u"), 16);
  EXPECT_GT(plain.Get("p.x", 0), 0);
  EXPECT_NE(plain.Get("p.x", 0), plain.Get("p.x", 1)) << "drawn for each";

  const Oracle given(MustLower(Follower("v = 7")));
  EXPECT_EQ(given.Get("p.v"), 7);
  EXPECT_EQ(given.Get("p.u"), 22) << "a default sees what was given";

  const Oracle reading(MustLower(Follower("x = \"10*v\"")));
  EXPECT_EQ(reading.Get("p.x"), 50) << "what is given sees a default";
  EXPECT_EQ(reading.Get("p.u"), 16);

  const Oracle all(MustLower(Follower("v = 1, u = \"v + 1\", x = 3")));
  EXPECT_EQ(all.Get("p.u"), 2);
  EXPECT_EQ(all.Get("p.x"), 3);
}

}  // namespace
}  // namespace bnsyn
