// Replays a run that original.cc recorded, which shares no code with the library: in strict math,
// from the same connections, initial values and events, it gives the same spikes. The network
// writes the order of the original's step out, or leaves it to its schedule.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "bnsyn/network.h"
#include "ir/table.h"
#include "runtime/simulation_internal.h"

namespace bnsyn {
namespace {

const char kDirectory[] = BNSYN_SOURCE_DIR "/tests/replay";

// (step, inhibitory, index)
using Spike = std::tuple<uint64_t, uint64_t, uint64_t>;

ir::Table Recorded(const std::string& file) {
  const auto table = ir::ReadTable("recorded", file, std::string(kDirectory) + "/recorded");
  EXPECT_TRUE(table.ok()) << table.status();
  return table.ok() ? *table : ir::Table{};
}

class Replay : public ::testing::TestWithParam<std::tuple<const char*, Backend>> {};

TEST_P(Replay, FollowsTheOriginal) {
  const auto [file, backend] = GetParam();
  const auto network = ReadNetwork(std::string(kDirectory) + "/" + file);
  ASSERT_TRUE(network.ok()) << network.status();
  auto simulation = Compile(*network, {.backend = backend});
  ASSERT_TRUE(simulation.ok()) << simulation.status();

  const ir::Table voltages = Recorded("voltages.csv");
  const ir::Table criticality = Recorded("criticality.csv");
  const ir::Table spikes = Recorded("spikes.csv");
  const uint64_t steps = criticality.values[0].size();
  ASSERT_EQ(steps, 2000u);

  const char* const populations[] = {"exc", "inh"};
  double largest_v = 0;
  size_t row = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    ASSERT_TRUE(simulation->Step().ok());
    const auto sigma = simulation->Uniform("sigma");
    const auto gain = simulation->Uniform("gain");
    ASSERT_TRUE(sigma.ok() && gain.ok());
    ASSERT_EQ(*sigma, criticality.values[1][step]) << "at step " << step;
    ASSERT_EQ(*gain, criticality.values[2][step]) << "at step " << step;
    std::vector<double> v[2];
    for (int p = 0; p < 2; ++p) {
      const auto handle = simulation->Population(populations[p]);
      ASSERT_TRUE(handle.ok());
      v[p] = *simulation->State<double>(*handle, "V");
    }
    for (; row < voltages.values[0].size() && voltages.values[0][row] == static_cast<double>(step);
         ++row) {
      const auto p = static_cast<size_t>(voltages.values[1][row]);
      const auto i = static_cast<size_t>(voltages.values[2][row]);
      largest_v = std::max(largest_v, std::abs(v[p][i] - voltages.values[3][row]));
      ASSERT_LE(std::abs(v[p][i] - voltages.values[3][row]), 1e-7)
          << populations[p] << "[" << i << "] at step " << step;
    }
  }
  EXPECT_EQ(row, voltages.values[0].size());

  std::vector<Spike> ours, theirs;
  for (uint64_t p = 0; p < 2; ++p) {
    const auto handle = simulation->Population(populations[p]);
    const SpikeTrain& train = simulation->Spikes(*handle);
    for (size_t s = 0; s < train.steps.size(); ++s) {
      ours.emplace_back(train.steps[s], p, train.neurons[s]);
    }
  }
  std::sort(ours.begin(), ours.end());
  for (size_t s = 0; s < spikes.values[0].size(); ++s) {
    theirs.emplace_back(static_cast<uint64_t>(spikes.values[0][s]),
                        static_cast<uint64_t>(spikes.values[1][s]),
                        static_cast<uint64_t>(spikes.values[2][s]));
  }
  EXPECT_GT(theirs.size(), 100u) << "the recorded network must be active";
  EXPECT_EQ(ours, theirs);
  std::printf("%zu spikes replayed; largest difference of V %.3g mV\n", ours.size(), largest_v);
}

INSTANTIATE_TEST_SUITE_P(
    Backends, Replay,
    ::testing::Combine(::testing::Values("bnsyn-replay.toml", "bnsyn-schedule.toml"),
                       ::testing::Values(Backend::kReference, Backend::kAccelerated)));

}  // namespace
}  // namespace bnsyn
