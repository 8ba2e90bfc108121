#include "reference/sampling.h"

#include <array>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "reference/functions.h"
#include "reference/philox.h"
#include "reference/rule_draws.h"
#include "tests/reference/connectivity_testing.h"

namespace bnsyn::reference {
namespace {

// The numbers of things on the left have mean n*p and the variance of their distribution.
TEST(Sampling, CountsOnTheLeftHaveTheRightMoments) {
  for (const bool repeat : {false, true}) {
    for (const auto& [count, left, right] : {std::tuple{10ull, 30ull, 70ull},
                                             {5000ull, 4000ull, 9000ull},
                                             {7ull, 5ull, 2ull},
                                             {1000000ull, 3000000ull, 2000000ull}}) {
      RuleDraws draws(5, 1, static_cast<uint32_t>(left), 9);
      constexpr int kTrials = 4000;
      const auto n = static_cast<double>(count);
      const double p = static_cast<double>(left) / static_cast<double>(left + right);
      const double correction =
          repeat ? 1
                 : (static_cast<double>(left + right) - n) / static_cast<double>(left + right - 1);
      const double variance = n * p * (1 - p) * correction;
      double sum = 0, squares = 0;
      for (int i = 0; i < kTrials; ++i) {
        const uint64_t on_left = CountOnLeft(count, static_cast<double>(left),
                                             static_cast<double>(right), repeat, draws.Next());
        ASSERT_LE(on_left, count);
        if (!repeat) {
          ASSERT_LE(on_left, left);
          ASSERT_LE(count - on_left, right);
        }
        const double deviation = static_cast<double>(on_left) - n * p;
        sum += deviation;
        squares += deviation * deviation;
      }
      EXPECT_NEAR(sum / kTrials, 0, 5 * std::sqrt(variance / kTrials) + 1e-9);
      EXPECT_NEAR(squares / kTrials, variance, 0.15 * variance + 1e-9);
    }
  }
}

// Counts are tried from the most likely on: it takes the least numbers u.
TEST(Sampling, R8_TheMostLikelyCountComesFirst) {
  constexpr double kLeast = 0x1p-53;
  EXPECT_EQ(CountOnLeft(10, 29, 1, /*repeat=*/false, kLeast), 10u);
  EXPECT_EQ(CountOnLeft(4, 6, 4, /*repeat=*/false, kLeast), 2u);
  EXPECT_EQ(CountOnLeft(10, 29, 1, /*repeat=*/true, kLeast), 10u);
  EXPECT_EQ(CountOnLeft(10, 1, 4, /*repeat=*/true, kLeast), 2u);
  // Of one thing on two equal sides, the left one has it up to u = 1/2.
  EXPECT_EQ(CountOnLeft(1, 3, 3, /*repeat=*/true, 0.5), 1u);
  EXPECT_EQ(CountOnLeft(1, 3, 3, /*repeat=*/true, 0.75), 0u);
}

// By the words of SEMANTICS.md.
TEST(Sampling, R8_NumbersAreMadeOfTheWordsOfTheirSequence) {
  const std::array<uint32_t, 2> key = {5, 9};
  const uint64_t seed = uint64_t{9} << 32 | 5;
  for (const uint32_t first : {0u, 1u}) {
    RuleDraws below(seed, 4, 2, 3, first);
    RuleDraws next(seed, 4, 2, 3, first);
    for (uint32_t d = first; d < 20; ++d) {
      const std::array<uint32_t, 4> words = Philox4x32({d / 2, 2, 3, 4}, key);
      const uint32_t high = words[d % 2 * 2];
      const uint32_t low = words[d % 2 * 2 + 1];
      EXPECT_EQ(next.Next(), 1 - UniformFromBits(high, low)) << d;
      // floor(bits 1000 / 2^64) in two halves
      const uint64_t upper = uint64_t{high} * 1000 + (uint64_t{low} * 1000 >> 32);
      EXPECT_EQ(below.Below(1000), upper >> 32) << d;
    }
  }
}

TEST(Sampling, DistinctNumbersAreEverySetAlike) {
  std::map<std::vector<uint32_t>, double> seen;
  for (uint32_t trial = 0; trial < 20000; ++trial) {
    RuleDraws draws(1, 2, trial, 3);
    std::vector<uint32_t> sample;
    Sample(3, 6, /*repeat=*/false, draws, sample);
    seen[sample] += 1;
  }
  ASSERT_EQ(seen.size(), 20u);
  std::vector<double> counts;
  for (const auto& [sample, count] : seen) counts.push_back(count);
  ExpectAlike(counts, 1000, 950);
}

}  // namespace
}  // namespace bnsyn::reference
