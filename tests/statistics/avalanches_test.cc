// Avalanches, and power laws whose exponents are known.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bnsyn/criticality.h"
#include "reference/rule_draws.h"
#include "statistics/power_law.h"

namespace bnsyn {
namespace {

using statistics::PowerLaw;
using statistics::Sampler;
using statistics::SumOfPowers;

std::vector<uint64_t> Sample(const PowerLaw& law, size_t count, uint64_t seed) {
  const Sampler sampler(law);
  reference::RuleDraws draws(seed, 9, 0, 0);
  std::vector<uint64_t> numbers;
  for (size_t k = 0; k < count; ++k) numbers.push_back(sampler.Draw(draws.Next()));
  return numbers;
}

PowerLawFit Fit(const std::vector<uint64_t>& numbers, const PowerLawOptions& options = {}) {
  const auto fit = FitPowerLaw(numbers, options);
  EXPECT_TRUE(fit.ok()) << fit.status();
  return *fit;
}

TEST(Avalanches, LieBetweenEmptyBins) {
  const Avalanches found = FindAvalanches({3, 1, 0, 2, 0, 0, 1, 4, 1, 0, 5});
  EXPECT_EQ(found.sizes, (std::vector<uint64_t>{2, 6}));
  EXPECT_EQ(found.durations, (std::vector<uint64_t>{1, 3}));
  EXPECT_TRUE(FindAvalanches({}).sizes.empty());
  EXPECT_TRUE(FindAvalanches({1, 1}).sizes.empty());
}

TEST(Avalanches, HaveTheBinOfTheMeanInterval) {
  EXPECT_EQ(MeanInterval({10, 40, 20}), 15);
  EXPECT_EQ(MeanInterval({10}), 0);
  EXPECT_EQ(MeanInterval({}), 0);
}

TEST(SumOfPowers, IsTheSum) {
  for (const double exponent : {0.0, 0.5, 1.0, 1.5, 2.5, 5.0}) {
    for (const uint64_t from : {1u, 5u, 16u, 40u}) {
      for (const uint64_t to : {1u, 5u, 15u, 16u, 17u, 300u}) {
        double sum = 0;
        for (uint64_t x = from; x <= to; ++x) sum += std::pow(x, -exponent);
        EXPECT_NEAR(SumOfPowers(exponent, from, to), sum, 1e-8 * sum)
            << exponent << " " << from << " " << to;
      }
    }
  }
  EXPECT_NEAR(SumOfPowers(2, 1, 0), M_PI * M_PI / 6, 1e-9);
  EXPECT_NEAR(SumOfPowers(4, 1, 0), std::pow(M_PI, 4) / 90, 1e-9);
}

TEST(PowerLaw, SamplesHaveItsProbabilities) {
  for (const PowerLaw& law : {PowerLaw{1.5, 1, 0}, PowerLaw{2.5, 3, 0}, PowerLaw{1.5, 2, 50'000}}) {
    const std::vector<uint64_t> numbers = Sample(law, 100'000, 3);
    const double total = SumOfPowers(law.exponent, law.least, law.most);
    // Numbers of the table of the sampler, and beyond it.
    for (const uint64_t from : {4u, 30u, 5000u, 20'000u}) {
      double above = 0;
      for (const uint64_t number : numbers) above += number >= from ? 1 : 0;
      const double expected = SumOfPowers(law.exponent, from, law.most) / total;
      EXPECT_NEAR(above / 1e5, expected, 4 * std::sqrt(expected / 1e5)) << from;
    }
    for (const uint64_t number : numbers) {
      ASSERT_GE(number, law.least);
      if (law.most > 0) {
        ASSERT_LE(number, law.most);
      }
    }
  }
}

TEST(PowerLaw, ExponentIsFoundWithinItsError) {
  for (const double exponent : {1.5, 2.0, 3.0}) {
    for (const uint64_t most : {0u, 1000u}) {
      const PowerLawFit fit =
          Fit(Sample({exponent, 1, most}, 5000, 7), {.most = most, .resamples = 50});
      ASSERT_EQ(fit.problem, "");
      EXPECT_NEAR(fit.exponent, exponent, 3 * fit.error) << most;
      EXPECT_LT(fit.error, 0.05);
      EXPECT_GT(fit.p, 0.05) << exponent << " " << most;
    }
  }
}

TEST(PowerLaw, IsNotFoundInWhatHasNone) {
  // Geometric numbers.
  reference::RuleDraws draws(1, 9, 0, 0);
  std::vector<uint64_t> numbers;
  for (int k = 0; k < 3000; ++k) {
    numbers.push_back(1 + static_cast<uint64_t>(std::log(draws.Next()) / std::log(0.8)));
  }
  const PowerLawFit fit = Fit(numbers, {.resamples = 50});
  ASSERT_EQ(fit.problem, "");
  EXPECT_LT(fit.p, 0.1);
}

TEST(PowerLaw, LeastNumberIsFound) {
  // Below 10 as many of each as of 10.
  std::vector<uint64_t> numbers = Sample({2.5, 10, 0}, 4000, 5);
  reference::RuleDraws draws(2, 9, 0, 0);
  for (int k = 0; k < 4000; ++k) numbers.push_back(1 + draws.Below(9));
  const PowerLawFit fit = Fit(numbers, {.least = 0, .resamples = 20});
  ASSERT_EQ(fit.problem, "");
  EXPECT_GE(fit.least, 8u);
  EXPECT_LE(fit.least, 14u);
  EXPECT_NEAR(fit.exponent, 2.5, 0.15);
  EXPECT_GT(fit.p, 0.1);
}

TEST(PowerLaw, NeedsNumbers) {
  EXPECT_NE(Fit({}).problem, "");
  EXPECT_NE(Fit(std::vector<uint64_t>(1000, 1)).problem, "");
  EXPECT_NE(Fit(Sample({2, 1, 0}, 20, 1)).problem, "");
  EXPECT_TRUE(std::isnan(Fit(Sample({2, 1, 0}, 500, 1), {.resamples = 0}).p));
  EXPECT_FALSE(FitPowerLaw({0, 1}, {}).ok());
  EXPECT_FALSE(FitPowerLaw({1, 2}, {.least = 5, .most = 4}).ok());
}

}  // namespace
}  // namespace bnsyn
