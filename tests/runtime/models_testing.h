// Cells of the model library in tests.
#ifndef BNSYN_TESTS_RUNTIME_MODELS_TESTING_H_
#define BNSYN_TESTS_RUNTIME_MODELS_TESTING_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "networks.h"

namespace bnsyn {

struct CellOptions {
  std::string parameters = {};  // "I_e = '500 pA', b = '0 pA'"
  std::string initial = {};
  std::string more = {};  // sections that follow, such as stimuli for the population "p"
  double dt = 0.1;        // ms
  int size = 1;
  bool strict = false;
};

// A population "p" of one model of the library.
class Cells {
 public:
  explicit Cells(const std::string& model, const CellOptions& options = {},
                 const EngineOptions& backend = Accelerated())
      : dt_(options.dt), simulation_(Make(model, options, backend)) {}

  void Steps(uint64_t steps) {
    const absl::Status status = simulation_.Step(steps);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void RunFor(double ms) { Steps(static_cast<uint64_t>(ms / dt_ + 0.5)); }
  double Get(const std::string& variable) {
    const absl::StatusOr<std::vector<double>> values =
        simulation_.StateByName(absl::StrCat("p.", variable));
    EXPECT_TRUE(values.ok()) << values.status().message();
    return values.ok() ? values->front() : 0;
  }
  void Set(const std::string& variable, double value) {
    ASSERT_TRUE(simulation_.SetState(absl::StrCat("p.", variable), 0, value).ok());
  }
  // Steps at which neuron 0 spiked so far.
  std::vector<int> Spikes() {
    const SpikeTrain& train = simulation_.Spikes(*simulation_.Population("p"));
    std::vector<int> steps;
    for (size_t s = 0; s < train.steps.size(); ++s) {
      if (train.neurons[s] == 0) steps.push_back(static_cast<int>(train.steps[s]));
    }
    return steps;
  }
  uint64_t SpikeCount() { return simulation_.SpikeCount(*simulation_.Population("p")); }

 private:
  static Simulation Make(const std::string& model, const CellOptions& options,
                         const EngineOptions& backend) {
    const std::string text =
        absl::StrCat("[network]\nseed = 11\ndt = \"", options.dt, " ms\"\nmath = \"",
                     options.strict ? "strict" : "default", "\"\n[populations.p]\nmodel = \"",
                     model, "\"\nsize = ", options.size, "\nparameters = { ", options.parameters,
                     " }\ninitial = { ", options.initial, " }\n", options.more, "\n");
    const absl::StatusOr<Network> network = ParseNetwork(text, "test.toml");
    absl::StatusOr<Simulation> simulation =
        network.ok() ? Compile(*network, backend) : absl::StatusOr<Simulation>(network.status());
    if (!simulation.ok()) {
      ADD_FAILURE() << simulation.status().message();
      std::abort();
    }
    return *std::move(simulation);
  }

  double dt_;
  Simulation simulation_;
};

// One event at the start of the step at `ms`, which runs `code` with w = `weight`.
inline std::string Event(const std::string& ms, const std::string& code,
                         const std::string& weight) {
  return absl::StrCat("[stimuli.event]\ntype = \"spikes\"\ntarget = \"p\"\ntimes = [\"", ms,
                      " ms\"]\nindex = [0]\nweight = \"", weight, "\"\non_event = \"", code, "\"");
}

// Steps between spikes.
inline std::vector<int> Intervals(const std::vector<int>& spikes) {
  std::vector<int> intervals;
  for (size_t s = 1; s < spikes.size(); ++s) intervals.push_back(spikes[s] - spikes[s - 1]);
  return intervals;
}

}  // namespace bnsyn

#endif  // BNSYN_TESTS_RUNTIME_MODELS_TESTING_H_
