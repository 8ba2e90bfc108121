#include "reference/connect_block.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/connectivity.h"
#include "reference/machine.h"
#include "reference/synapse_table.h"
#include "tests/reference/connectivity_testing.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

constexpr char kConnected[] = R"(program connected dt=0.1 seed=7
population a size=400
population b size=500
state a.x : f64[a] = 0
state b.x : f64[b] = 0
projection p : a -> b rule=bernoulli p=1 stream=1 weight=3 delay=[2, 30]
init {
  %0 = index : u32[a]
  %1 = convert %0 : f64[a]
  %2 = mul %1, 0.0025 : f64[a]
  store a.x, %2
  %3 = uniform stream=9 draw=0 : f64[b]
  store b.x, %3
}
connect p {
  %0 = load_pre a.x : f64[p]
  %1 = load_post b.x : f64[p]
  %2 = sub %0, %1 : f64[p]
  %3 = abs %2 : f64[p]
  %4 = sub 1, %3 : f64[p]
  set_probability %4
  %5 = weight : f64[p]
  %6 = normal stream=4 draw=0 : f64[p]
  %7 = fma %6, 0.5, %5 : f64[p]
  set_weight %7
  %8 = uniform stream=5 draw=0 : f64[p]
  %9 = fma %8, 28, 2 : f64[p]
  %10 = rint %9 : f64[p]
  %11 = convert %10 : i64[p]
  set_delay %11
}
step {
}
)";

TEST(Connectivity, R8_ConnectBlocksSetProbabilityWeightAndDelay) {
  const ir::Program program = ParseProgram(kConnected);
  const std::vector<Array> states = InitialStates(program).value();
  const Rows rows(program);
  const SynapseRows& all = rows.All();
  ASSERT_EQ(all.weights.size(), all.size());
  ASSERT_EQ(all.delays.size(), all.size());
  double expected = 0, variance = 0;
  std::vector<double> near(4), pairs(4);
  for (uint32_t source = 0; source < 400; ++source) {
    std::vector<bool> joined(500);
    for (const uint32_t target : RowOf(all, all.targets, source)) joined[target] = true;
    for (uint32_t target = 0; target < 500; ++target) {
      const double p =
          1 - std::fabs(states[0].as<double>()[source] - states[1].as<double>()[target]);
      expected += p;
      variance += p * (1 - p);
      const auto bin = static_cast<size_t>(4 * (1 - p));
      pairs[bin] += p;
      near[bin] += joined[target] ? 1 : 0;
    }
  }
  EXPECT_NEAR(static_cast<double>(all.size()), expected, 5 * std::sqrt(variance));
  for (size_t bin = 0; bin < 4; ++bin)
    EXPECT_NEAR(near[bin], pairs[bin], 5 * std::sqrt(pairs[bin]));
  // Weights are normal around that of the projection, delays uniform over 2 to 30 steps with half
  // of its neighbours' share at either end.
  const auto n = static_cast<double>(all.size());
  double mean = 0, square = 0;
  for (const double weight : all.weights) mean += weight / n;
  for (const double weight : all.weights) square += (weight - mean) * (weight - mean) / n;
  EXPECT_NEAR(mean, 3, 5 * 0.5 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(square), 0.5, 5 * 0.5 / std::sqrt(2 * n));
  std::vector<double> counts(31);
  for (const uint32_t delay : all.delays) counts.at(delay) += 1;
  EXPECT_NEAR(counts[2], n / 56, 5 * std::sqrt(n / 56));
  EXPECT_NEAR(counts[30], n / 56, 5 * std::sqrt(n / 56));
  ExpectAlike(std::vector<double>(counts.begin() + 3, counts.begin() + 30), n / 28, n / 28);

  // Any range gives its part of this.
  const SynapseRows& part = rows.Built(100, 333);
  size_t found = 0;
  for (uint32_t source = 0; source < 400; ++source) {
    size_t at = part.begin[source];
    for (size_t i = all.begin[source]; i < all.begin[source + size_t{1}]; ++i) {
      if (all.targets[i] < 100 || all.targets[i] >= 333) continue;
      ASSERT_LT(at, part.size());
      ASSERT_EQ(part.targets[at], all.targets[i]);
      ASSERT_EQ(part.weights[at], all.weights[i]);
      ASSERT_EQ(part.delays[at++], all.delays[i]);
      ++found;
    }
  }
  EXPECT_EQ(found, part.size());

  // A table has all of it, by delay and in order.
  const SynapseTable table(program, 0, all);
  EXPECT_EQ(table.size(), all.size());
  EXPECT_EQ(table.All().size(), all.size());
  for (uint32_t source = 0; source < 400; ++source) {
    size_t of_row = 0;
    for (const uint32_t delay : table.delays()) {
      const absl::Span<const uint64_t> synapses = table.Of(source, delay);
      of_row += synapses.size();
      for (size_t i = 0; i < synapses.size(); ++i) {
        if (i > 0) {
          ASSERT_LT(synapses[i - 1], synapses[i]);
        }
        ASSERT_EQ(table.source(synapses[i]), source);
        ASSERT_EQ(table.target(synapses[i]), all.targets[synapses[i]]);
        ASSERT_EQ(table.weight(synapses[i]), all.weights[synapses[i]]);
        ASSERT_EQ(table.delay(synapses[i]), delay);
      }
    }
    EXPECT_EQ(of_row, all.begin[source + size_t{1}] - all.begin[source]);
  }
}

TEST(Connectivity, R8_WhatConnectSetsMustBeInRange) {
  const auto error = [](const char* from, const char* to) {
    const ir::Program program = ParseProgram(absl::StrReplaceAll(kConnected, {{from, to}}));
    const std::vector<Array> states = InitialStates(program).value();
    const auto connectivity = Connectivity::Create(program, 0, states);
    return std::string(connectivity->Build(0, 500).status().message());
  };
  EXPECT_NE(error("set_probability %4", "set_probability 1.5")
                .find("projection p: from neuron 0 of a to neuron 0 of b the probability is 1.5"),
            std::string::npos);
  EXPECT_NE(error("fma %6, 0.5, %5", "div %6, 0").find("the weight is"), std::string::npos);
  EXPECT_NE(error("fma %8, 28, 2", "fma %8, 28, 3").find("the delay is 3 ms, that is 30 steps"),
            std::string::npos);
}

}  // namespace
}  // namespace bnsyn::reference
