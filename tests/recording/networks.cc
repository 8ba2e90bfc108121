#include "tests/recording/networks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace bnsyn {
namespace {

constexpr char kNetwork[] = R"toml(
network = { dt = "0.1 ms", duration = "50 ms", seed = 5 }
constants = { period = "0.5 ms" }
[models.lif]
equations = """
dV/dt = (-45 mV - V)/(20 ms) : volt
count : integer
"""
threshold = "V >= -50 mV"
reset = "V = -60 mV; count += 1"
refractory = "2 ms"
[populations]
exc = { model = "lif", size = 40, initial = { V = "uniform(-60 mV, -50 mV)" } }
inh = { model = "lif", size = 10, initial = { V = "uniform(-60 mV, -50 mV)" } }
[groups]
left = "exc[0:5]"
[projections.ei]
source = "exc"
target = "inh"
rule = { type = "bernoulli", p = 0.5 }
equations = "w : volt"
initial = { w = "uniform(0 mV, 0.2 mV)" }
bounds = { w = ["0 mV", "1 mV"] }
on_pre = "V_post += w; w = clip(w + 0.01 mV, 0 mV, 1 mV)"
delay = "1 ms"
[uniform]
equations = "active : 1"
update = "active = 0.9*active + count(exc)"
)toml";

}  // namespace

Network SmallNetwork(const std::string& records) {
  absl::StatusOr<Network> network = ParseNetwork(absl::StrCat(kNetwork, records), "net.toml");
  EXPECT_TRUE(network.ok()) << network.status();
  return network.ok() ? *std::move(network) : Network();
}

Simulation SmallSimulation(Backend backend, int threads, bool keep_spikes) {
  absl::StatusOr<Simulation> simulation = Compile(SmallNetwork(), {.backend = backend,
                                                                   .threads = threads,
                                                                   .record_spikes = keep_spikes,
                                                                   .spike_recorders = true});
  EXPECT_TRUE(simulation.ok()) << simulation.status();
  return *std::move(simulation);
}

std::string EmptyDirectory(const std::string& name) {
  const std::string directory = absl::StrCat(::testing::TempDir(), "/bnsyn_recording_", name);
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace bnsyn
