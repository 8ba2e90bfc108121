// R3, R8: an edit of one part of a network leaves every draw, connection and spike of the others as
// it was. Each example network is edited elsewhere, and every old population must spike the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "networks.h"

namespace bnsyn {
namespace {

struct Edit {
  const char* name;
  std::function<void(Network&)> apply;
};

// Tables in the opposite order; constants stay, since they may read those before. Files name the
// neurons of projections.
void ReverseTables(Network& network) {
  std::reverse(network.models.begin(), network.models.end());
  std::reverse(network.populations.begin(), network.populations.end());
  std::reverse(network.projections.begin(), network.projections.end());
  std::reverse(network.stimuli.begin(), network.stimuli.end());
  std::reverse(network.tables.begin(), network.tables.end());
  const auto reversed = [](uint32_t index, size_t count) {
    return static_cast<uint32_t>(count - 1 - index);
  };
  for (Network::PopulationDescription& population : network.populations) {
    population.model = reversed(population.model, network.models.size());
  }
}

// A model that draws wherever a model can, before all others.
void AddModel(Network& network) {
  network.models.insert(network.models.begin(), Model("a_bystander")
                                                    .Equations("v = randn() : 1\nn : 1\n")
                                                    .Update("n = rand() + rand()")
                                                    .Threshold("n > 1.9 + 0.01*v")
                                                    .Reset("n = rand()"));
  for (Network::PopulationDescription& population : network.populations) ++population.model;
}

// A population of that model, before all others, joined with itself.
void AddPopulation(Network& network) {
  AddModel(network);
  Network::PopulationDescription bystander;
  bystander.name = "a_bystander";
  bystander.size = Setting(50);
  bystander.initial = {{"n", Setting("uniform(0, 1)")}};
  network.populations.insert(network.populations.begin(), bystander);
  network.Connect("a_bystanders", "a_bystander", "a_bystander", Bernoulli(0.5),
                  ConnectOptions{.weight = Setting("rand()")}.OnPre("n_post += w"));
  std::rotate(network.projections.begin(), network.projections.end() - 1,
              network.projections.end());
}

// A stimulus of that population, and a projection that brings it spikes of an old one.
void AddStimulusAndListener(Network& network) {
  AddPopulation(network);
  Stimulus stimulus;
  stimulus.name = "a_stimulus";
  stimulus.targets = {"a_bystander"};
  stimulus.rate = Setting("100 Hz*rand()");
  stimulus.OnEvent("n += w");
  network.stimuli.insert(network.stimuli.begin(), stimulus);
  const auto spikes = [&](const Network::PopulationDescription& population) {
    return population.name != "a_bystander" &&
           !network.models[population.model].threshold.text.empty();
  };
  const auto source = std::find_if(network.populations.begin(), network.populations.end(), spikes);
  network.Connect("a_listening", source->name, "a_bystander", FixedInDegree(1),
                  ConnectOptions{.weight = Setting(0.5)}.OnPre("n_post += w"));
  network.constants.insert(network.constants.begin(), {"a_constant", Setting(7)});
}

const Edit kEdits[] = {
    {"reversed tables", ReverseTables},
    {"a population more", AddPopulation},
    {"a population, a stimulus and a projection more", AddStimulusAndListener},
};

using Spikes = std::map<std::string, SpikeTrain>;

Spikes SpikesOf(const Network& network, double milliseconds) {
  absl::StatusOr<Simulation> simulation = Compile(network, Accelerated());
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  Spikes spikes;
  if (!simulation.ok()) return spikes;
  EXPECT_TRUE(simulation->Run(Quantity(milliseconds, Unit{dimension::kTime, 0})).ok());
  for (const ir::Population& population : ProgramOf(*simulation).populations) {
    spikes[population.name] = simulation->Spikes(*simulation->Population(population.name));
  }
  return spikes;
}

struct Example {
  const char* name;
  double milliseconds;
};

void PrintTo(const Example& example, std::ostream* out) { *out << example.name; }

class StreamsOfExamples : public testing::TestWithParam<Example> {};

TEST_P(StreamsOfExamples, R3_R8_EditsElsewhereChangeNoSpike) {
  const absl::StatusOr<Network> network =
      ReadNetwork(absl::StrCat(BNSYN_SOURCE_DIR, "/examples/networks/", GetParam().name, ".toml"));
  ASSERT_TRUE(network.ok()) << network.status().message();
  const Spikes before = SpikesOf(*network, GetParam().milliseconds);
  size_t count = 0;
  for (const auto& [population, train] : before) count += train.steps.size();
  ASSERT_GE(count, 30u);
  for (const Edit& edit : kEdits) {
    SCOPED_TRACE(edit.name);
    Network edited = *network;
    edit.apply(edited);
    const Spikes after = SpikesOf(edited, GetParam().milliseconds);
    for (const auto& [population, train] : before) {
      ASSERT_EQ(after.count(population), 1u) << population;
      EXPECT_EQ(after.at(population).steps, train.steps) << population;
      EXPECT_EQ(after.at(population).neurons, train.neurons) << population;
    }
    if (after.count("a_bystander") != 0) {
      EXPECT_GT(after.at("a_bystander").steps.size(), 0u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, StreamsOfExamples,
                         testing::Values(Example{"adex10k", 80}, Example{"bnsyn", 200},
                                         Example{"bnsyn-corrected", 200}, Example{"brunel", 20},
                                         Example{"brunel-stdp", 10}, Example{"coba", 50},
                                         Example{"coba40k", 20}, Example{"coba40k-dense", 10},
                                         Example{"coba-stdp", 50}, Example{"cobahh", 20},
                                         Example{"cuba", 50}, Example{"izhikevich", 100},
                                         Example{"microcircuit-10", 20}, Example{"models", 200},
                                         Example{"stimuli", 300}, Example{"three-factor", 400}),
                         [](const testing::TestParamInfo<Example>& instance) {
                           return absl::StrReplaceAll(instance.param.name, {{"-", "_"}});
                         });

}  // namespace
}  // namespace bnsyn
