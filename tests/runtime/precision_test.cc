// R6: each contribution that is not 0 arrives with an error of at most 2^-24 of itself, or the run
// reports it; on every engine.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "bnsyn/bnsyn.h"
#include "networks.h"

namespace bnsyn {
namespace {

// 200 neurons that all spike at 1 ms. $0 are keys of the network, $1 of the model of the cells that
// they reach, and $2 of the projection.
std::string Fan(const std::string& network, const std::string& model,
                const std::string& projection) {
  std::vector<int> index;
  for (int i = 0; i < 200; ++i) index.push_back(i);
  return absl::Substitute(R"toml(
[network]
dt = "0.1 ms"
seed = 1
$0
[models.source]
equations = "arrived : 1 (input)"
threshold = "arrived > 0"
[models.cell]
$1
[populations]
src = { model = "source", size = 200 }
dst = { model = "cell", size = 200 }
[stimuli.s]
type = "spikes"
target = "src"
times = ["1 ms"]
index = [$3]
on_event = "arrived += w"
[projections.p]
source = "src"
target = "dst"
$2
)toml",
                          network, model, projection, absl::StrJoin(index, ", "));
}

std::string OneToOne(const std::string& weight, const std::string& on_pre = "x_post += w") {
  return absl::StrCat("rule = \"one_to_one\"\nweight = \"", weight, "\"\non_pre = \"", on_pre,
                      "\"\n");
}

constexpr char kCell[] = "equations = \"x : 1\"";

std::vector<EngineOptions> Engines() {
  std::vector<EngineOptions> engines = {Reference(), Accelerated(1), Accelerated(2),
                                        Accelerated(1, 1), Accelerated(2, 8)};
  for (const char* layout : {"code", "quanta64", "far"}) {
    engines.push_back(Accelerated());
    engines.back().layout = layout;
  }
  return engines;
}

Network Read(const std::string& text) {
  absl::StatusOr<Network> network = ParseNetwork(text, "precision.toml");
  EXPECT_TRUE(network.ok()) << network.status().message();
  return network.ok() ? *std::move(network) : Network();
}

// The simulation after 2 ms, or a failed test.
absl::StatusOr<Simulation> Ran(const Network& network, const EngineOptions& options) {
  absl::StatusOr<Simulation> simulation = Compile(network, options);
  if (!simulation.ok()) return simulation;
  const absl::Status status = simulation->Run(Quantity(2, *ParseUnit("ms")));
  if (!status.ok()) return status;
  EXPECT_EQ(simulation->SpikeCount(*simulation->Population("src")), 200u);
  return simulation;
}

uint64_t Reported(const Simulation& simulation) {
  uint64_t count = 0;
  for (const CoarseContributions& coarse : simulation.report().coarse) count += coarse.count;
  return count;
}

// How many of the cells do not hold the weight that was drawn for them to 2^-24 of itself.
uint64_t Inexact(const Simulation& simulation) {
  const std::vector<double> x = *simulation.State<double>(*simulation.Population("dst"), "x");
  const SynapseList synapses = *simulation.Synapses("p");
  EXPECT_EQ(synapses.weights.size(), x.size());
  uint64_t inexact = 0;
  for (size_t i = 0; i < synapses.weights.size(); ++i) {
    const double weight = synapses.weights[i];
    inexact += std::fabs(x[synapses.targets[i]] - weight) > 0x1p-24 * std::fabs(weight);
  }
  return inexact;
}

TEST(Precision, R6_EveryDrawnWeightArrives) {
  for (const char* weight :
       {"lognormal(0, 3)", "normal(0, 1)", "uniform(0, 1)", "normal(87.8, 8.78)", "1e-15*(1 + i)",
        "exp(-0.2*i)", "1e9 if i == 0 else 1e-3*i", "(-1)**i*10**(0.05*i - 5)"}) {
    for (const char* math : {"", "math = \"strict\""}) {
      const Network network = Read(Fan(math, kCell, OneToOne(weight)));
      std::string digest;
      for (const EngineOptions& options : Engines()) {
        const absl::StatusOr<Simulation> simulation = Ran(network, options);
        ASSERT_TRUE(simulation.ok()) << weight << ": " << simulation.status().message();
        EXPECT_EQ(Inexact(*simulation), 0u) << weight;
        EXPECT_EQ(Reported(*simulation), 0u) << weight;
        if (digest.empty()) digest = simulation->Digest().ToString();
        EXPECT_EQ(simulation->Digest().ToString(), digest) << weight;
      }
    }
  }
}

TEST(Precision, R6_WhatDoesNotFitIsReported) {
  // 600 decades, of which a sum holds 25.
  const Network network = Read(Fan("", kCell, OneToOne("10**(3*i - 299)")));
  for (const EngineOptions& options : Engines()) {
    const absl::StatusOr<Simulation> simulation = Ran(network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    EXPECT_GT(Inexact(*simulation), 100u);
    EXPECT_EQ(Reported(*simulation), Inexact(*simulation));
    ASSERT_EQ(simulation->report().coarse.size(), 1u);
    const CoarseContributions& coarse = simulation->report().coarse[0];
    EXPECT_EQ(coarse.source, "p");
    EXPECT_EQ(coarse.input, "dst.x");
    EXPECT_EQ(coarse.population, "dst");
    EXPECT_EQ(coarse.worst, 1);
  }
}

TEST(Precision, R6_StrictPrecisionRefusesWeightsThatDoNotFit) {
  const Network network = Read(Fan("precision = \"strict\"", kCell, OneToOne("10**(3*i - 299)")));
  std::string message;
  for (const EngineOptions& options : Engines()) {
    const absl::Status status = Compile(network, options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    if (message.empty()) message = std::string(status.message());
    EXPECT_EQ(status.message(), message);
  }
  EXPECT_TRUE(absl::StrContains(message, "dst.x receives ")) << message;
  EXPECT_TRUE(absl::StrContains(message, " contributions of p ")) << message;
  EXPECT_TRUE(absl::StrContains(message, "resolution")) << message;
  // What fits is no error.
  const Network fits = Read(Fan("precision = \"strict\"", kCell, OneToOne("lognormal(0, 3)")));
  for (const EngineOptions& options : Engines()) {
    EXPECT_TRUE(Ran(fits, options).ok());
  }
}

// The parameter `gain` of the cells scales what arrives.
std::string Tunable(const std::string& network) {
  return Fan(network, "equations = \"x : 1\"\nparameters = { gain = 1 }\ntunable = [\"gain\"]\n",
             OneToOne("0.3", "x_post += w*gain_post"));
}

TEST(Precision, R6_TunableParametersMayChangeByOrders) {
  const Network network = Read(Tunable(""));
  for (const EngineOptions& options : Engines()) {
    absl::StatusOr<Simulation> simulation = Ran(network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    double expected = 0.3;
    for (const double gain : {1e-6, 1e6, 1e-9}) {
      ASSERT_TRUE(simulation->SetParameter("dst.gain", Quantity(gain)).ok());
      ASSERT_TRUE(simulation->InjectSpikes(*simulation->Population("src"), {7}).ok());
      ASSERT_TRUE(simulation->Step(3).ok());
      const double before = expected;
      expected += 0.3 * gain;
      const double x = (*simulation->State<double>(*simulation->Population("dst"), "x"))[7];
      EXPECT_NEAR(x - before, expected - before, 0x1p-24 * (expected - before)) << gain;
    }
    EXPECT_EQ(Reported(*simulation), 0u);
    // Far below the unit it is reported.
    ASSERT_TRUE(simulation->SetParameter("dst.gain", Quantity(1e-30)).ok());
    ASSERT_TRUE(simulation->InjectSpikes(*simulation->Population("src"), {7, 9}).ok());
    ASSERT_TRUE(simulation->Step(3).ok());
    EXPECT_EQ(Reported(*simulation), 2u);
  }
}

TEST(Precision, R6_StrictPrecisionStopsTheStep) {
  const Network network = Read(Tunable("precision = \"strict\""));
  std::string message;
  for (const EngineOptions& options : Engines()) {
    absl::StatusOr<Simulation> simulation = Ran(network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    ASSERT_TRUE(simulation->SetParameter("dst.gain", Quantity(1e-30)).ok());
    ASSERT_TRUE(simulation->InjectSpikes(*simulation->Population("src"), {7, 9}).ok());
    const absl::Status status = simulation->Step(3);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    if (message.empty()) message = std::string(status.message());
    EXPECT_EQ(status.message(), message);
    EXPECT_TRUE(absl::StrContains(status.message(), "dst.x")) << message;
  }
}

TEST(Precision, R6_AResolutionIsKeptAndCoarserOnesAreReported) {
  // Weights of 1, 2, 3, ... and steps of 2^-4.
  const Network network = Read(Fan("", "equations = \"x : 1\"\nresolution = { x = 0.1 }",
                                   OneToOne("0.7 if i == 3 else 1 + i")));
  for (const EngineOptions& options : Engines()) {
    const absl::StatusOr<Simulation> simulation = Ran(network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    const std::vector<double> x = *simulation->State<double>(*simulation->Population("dst"), "x");
    EXPECT_EQ(x[2], 3);
    EXPECT_EQ(x[3], 11.0 / 16);
    EXPECT_EQ(Reported(*simulation), 1u);
    ASSERT_EQ(simulation->report().coarse.size(), 1u);
    EXPECT_EQ(simulation->report().coarse[0].value, 0.7);
    EXPECT_NEAR(simulation->report().coarse[0].worst, (0.7 - 11.0 / 16) / 0.7, 1e-15);
  }
}

}  // namespace
}  // namespace bnsyn
