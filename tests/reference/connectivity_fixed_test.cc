// Rules that draw a fixed number of synapses: fixed_in_degree, fixed_out_degree, fixed_total and
// weighted_total.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "ir/program.h"
#include "reference/connectivity.h"
#include "reference/machine.h"
#include "reference/rule_draws.h"
#include "tests/reference/connectivity_testing.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

TEST(Connectivity, R8_FixedInDegreeGivesEveryTargetItsSources) {
  for (const bool multiple : {false, true}) {
    for (const bool self : {false, true}) {
      const ir::Program program =
          Pair(1000, 1,
               absl::StrCat("a -> a rule=fixed_in_degree n=50 stream=3", self ? "" : " self=false",
                            multiple ? " multiple=true" : "", " weight=1 delay=1"));
      const Rows rows(program);
      EXPECT_EQ(rows.ExpectedSynapses(), 50000);
      const Degrees degrees = DegreesOf(rows.All(), 1000, 1000);
      for (const double in : degrees.in) ASSERT_EQ(in, 50);
      // A source is taken by each target with probability n/N, or 50 times with 1/N.
      ExpectAlike(degrees.out, 50, multiple ? 50 * (1 - 1.0 / 1000) : 50 * (1 - 50.0 / 1000));
      const double loops = self ? 50 : 0;
      EXPECT_NEAR(degrees.self, loops, 5 * std::sqrt(loops));
      // Of 50 draws, 50*49/2 pairs are equal with 1/N each.
      const double repeats = multiple ? 1000 * 50 * 49 / 2 / 1000.0 : 0;
      EXPECT_NEAR(degrees.repeated, repeats, 0.05 * repeats + 5 * std::sqrt(repeats));
    }
  }
}

// The sample of a source, or of a target, is drawn from the sequence of its number.
TEST(Connectivity, R8_SamplesAreMadeOfTheirOwnDraws) {
  constexpr uint64_t kSeed = 7;  // of Pair
  const auto sample = [](uint32_t neuron, uint32_t n) {
    RuleDraws draws(kSeed, 3, neuron, 0);
    std::vector<uint32_t> chosen;
    for (uint32_t m = n - 5; m < n; ++m) {
      const auto r = static_cast<uint32_t>(draws.Below(m + uint64_t{1}));
      const bool taken = std::find(chosen.begin(), chosen.end(), r) != chosen.end();
      chosen.push_back(taken ? m : r);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  };
  const ir::Program out =
      Pair(20, 30, "a -> b rule=fixed_out_degree n=5 stream=3 weight=1 delay=1");
  const Rows out_rows(out);
  for (uint32_t source = 0; source < 20; ++source) {
    EXPECT_EQ(Targets(out_rows, source, 0, 30), sample(source, 30)) << source;
  }
  const ir::Program in = Pair(20, 30, "a -> b rule=fixed_in_degree n=5 stream=3 weight=1 delay=1");
  const Rows in_rows(in);
  for (uint32_t target = 0; target < 30; ++target) {
    std::vector<uint32_t> sources;
    for (uint32_t source = 0; source < 20; ++source) {
      if (!Targets(in_rows, source, target, target + 1).empty()) sources.push_back(source);
    }
    EXPECT_EQ(sources, sample(target, 20)) << target;
  }
}

TEST(Connectivity, R8_FixedOutDegreeGivesEverySourceItsTargets) {
  for (const bool multiple : {false, true}) {
    const ir::Program program =
        Pair(800, 2000,
             absl::StrCat("a -> b rule=fixed_out_degree n=100 stream=3",
                          multiple ? " multiple=true" : "", " weight=1 delay=1"));
    const Rows rows(program);
    EXPECT_EQ(rows.ExpectedSynapses(), 80000);
    const Degrees degrees = DegreesOf(rows.All(), 800, 2000);
    for (const double out : degrees.out) ASSERT_EQ(out, 100);
    ExpectAlike(degrees.in, 40, multiple ? 40 * (1 - 1.0 / 2000) : 40 * (1 - 100.0 / 2000));
    EXPECT_EQ(degrees.repeated > 0, multiple);
  }
}

TEST(Connectivity, R8_FixedTotalIsExactAndSpreadEvenly) {
  for (const bool multiple : {false, true}) {
    for (const bool self : {false, true}) {
      const ir::Program program =
          Pair(700, 1,
               absl::StrCat("a -> a rule=fixed_total n=49000 stream=3", self ? "" : " self=false",
                            multiple ? " multiple=true" : "", " weight=1 delay=1"));
      const Rows rows(program);
      EXPECT_EQ(rows.ExpectedSynapses(), 49000);
      EXPECT_EQ(rows.All().size(), 49000u);
      const Degrees degrees = DegreesOf(rows.All(), 700, 700);
      // Each of 49000 falls on a target with 1/700; without repetition fewer pairs are left.
      const double left = multiple ? 1 : 1 - 49000.0 / (700.0 * (self ? 700 : 699));
      ExpectAlike(degrees.in, 70, 70 * (1 - 1.0 / 700) * left);
      ExpectAlike(degrees.out, 70, 70 * (1 - 1.0 / 700) * left);
      EXPECT_EQ(degrees.self > 0, self);
      EXPECT_EQ(degrees.repeated > 0, multiple);
    }
  }
}

// Sources on a line and targets at their places; k = (s % 4) (1 + t % 3), of which a quarter is 0.
ir::Program Weighted(uint32_t sources, uint32_t targets, absl::string_view rule,
                     absl::string_view kernel = "mul %5, %9") {
  return ParseProgram(absl::StrCat("program pair dt=0.1 seed=7\npopulation a size=", sources,
                                   "\npopulation b size=", targets,
                                   "\nprojection p : a -> b rule=weighted_total stream=5 ", rule,
                                   R"( weight=1 delay=1
connect p {
  %0 = index_pre : u32[p]
  %1 = convert %0 : i32[p]
  %2 = and %1, 3i32 : i32[p]
  %5 = convert %2 : f64[p]
  %6 = index_post : u32[p]
  %7 = convert %6 : f64[p]
  %8 = div %7, 3 : f64[p]
  %10 = floor %8 : f64[p]
  %11 = fma %10, -3, %7 : f64[p]
  %9 = add %11, 1 : f64[p]
  %12 = )",
                                   kernel, R"( : f64[p]
  set_probability %12
}
step {
}
)"));
}

// Numbers of synapses by s % 4, t % 3 and the half of the sources are those of the kernel.
TEST(Connectivity, R8_WeightedTotalFollowsItsKernel) {
  constexpr uint32_t kSources = 400, kTargets = 300;
  constexpr double kAll = 2400;  // few of the pairs, so that the share of each hardly shrinks
  for (const bool multiple : {false, true}) {
    const ir::Program program =
        Weighted(kSources, kTargets, multiple ? "n=2400 multiple=true" : "n=2400");
    const Rows rows(program);
    EXPECT_EQ(rows.ExpectedSynapses(), kAll);
    ASSERT_EQ(rows.All().size(), kAll);
    std::vector<double> found(24);
    std::vector<double> by_target(kTargets);
    for (uint32_t s = 0; s < kSources; ++s) {
      for (const uint32_t t : Targets(rows, s, 0, kTargets)) {
        ++found[(s < kSources / 2 ? 0 : 12) + s % 4 * 3 + t % 3];
        ++by_target[t];
      }
    }
    double squares = 0;
    for (uint32_t kind = 0; kind < 24; ++kind) {
      const double expected = kAll / 2 * (kind % 12 / 3) * (1 + kind % 3) / 36;
      if (expected == 0) {
        EXPECT_EQ(found[kind], 0) << kind;
      } else {
        squares += (found[kind] - expected) * (found[kind] - expected) / expected;
      }
    }
    EXPECT_LT(squares, 41) << "chi-squared of 17 degrees of freedom: 0.1 % lie above 40.8";
    EXPECT_GT(*std::max_element(by_target.begin(), by_target.end()), 12);
    EXPECT_EQ(DegreesOf(rows.All(), kSources, kTargets).repeated > 0, multiple);
  }
}

TEST(Connectivity, R8_WeightedTotalIsTheSameInParts) {
  for (const char* rule : {"n=500", "n=500 multiple=true", "n=0", "n=0 multiple=true"}) {
    const ir::Program program = Weighted(60, 50, rule);
    const Rows rows(program);
    for (uint32_t s = 0; s < 60; ++s) {
      std::vector<uint32_t> parts;
      for (const auto& [begin, end] : {std::pair(0u, 7u), {7u, 8u}, {8u, 41u}, {41u, 50u}}) {
        for (const uint32_t t : Targets(rows, s, begin, end)) parts.push_back(t);
      }
      EXPECT_EQ(Targets(rows, s, 0, 50), parts) << rule;
      EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end()));
    }
  }
  // Every pair with a weight.
  EXPECT_EQ(Rows(Weighted(60, 50, "n=2250")).All().size(), 2250u);
}

TEST(Connectivity, R8_WeightedTotalNamesWhatItCannotDraw) {
  const auto error = [](absl::string_view rule, absl::string_view kernel) {
    const ir::Program program = Weighted(60, 50, rule, kernel);
    const std::vector<Array> states = InitialStates(program).value();
    const auto connectivity = Connectivity::Create(program, 0, states);
    return std::string(connectivity->Build(3, 9).status().message());
  };
  EXPECT_EQ(error("n=2251", "mul %5, %9"),
            "projection p: n = 2251 synapses are to be drawn, but 2250 pairs have a relative "
            "probability above 0\n  note: multiple = true lets a pair be joined more than once");
  EXPECT_EQ(error("n=1 multiple=true", "mul %5, 0"),
            "projection p: n = 1 synapses are to be drawn, but no pairs have a relative "
            "probability above 0");
  EXPECT_EQ(error("n=1", "sub %5, 1"),
            "projection p: from neuron 0 of a to neuron 0 of b the relative probability is -1\n"
            "  note: it must be finite and at least 0");
  EXPECT_EQ(error("n=1 multiple=true", "mul %5, 5e307"),
            "projection p: the relative probabilities add up to infinity");
}

}  // namespace
}  // namespace bnsyn::reference
