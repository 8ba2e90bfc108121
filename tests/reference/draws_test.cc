// R3: draws have the distribution they should have. Seeds are fixed, so that a test always passes
// or always fails. Thresholds are five standard deviations of the statistic, which one test in two
// million would exceed by chance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <vector>

#include "reference/functions.h"
#include "reference/philox.h"
#include "reference/sequences_poisson.h"

namespace bnsyn::reference {
namespace {

constexpr uint32_t kElements = 1000;
constexpr uint64_t kSteps = 400;
constexpr double kSamples = static_cast<double>(kElements * kSteps);
constexpr double kDeviations = 5;

// Calls `use` with the two words of every element in every step.
void ForEachDraw(uint32_t stream, const std::function<void(uint32_t, uint32_t)>& use) {
  constexpr uint64_t kSeed = 20240229;
  for (uint64_t step = 0; step < kSteps; ++step) {
    for (uint32_t element = 0; element < kElements; ++element) {
      use(RandomBits(kSeed, stream, element, step, 0), RandomBits(kSeed, stream, element, step, 1));
    }
  }
}

std::vector<double> Sample(uint32_t stream, const std::function<double(uint32_t, uint32_t)>& draw) {
  std::vector<double> sample;
  ForEachDraw(stream, [&](uint32_t a, uint32_t b) { sample.push_back(draw(a, b)); });
  return sample;
}

// The mean of (x - centre)^power.
double Moment(const std::vector<double>& sample, double centre, int power) {
  double sum = 0;
  for (const double x : sample) sum += std::pow(x - centre, power);
  return sum / static_cast<double>(sample.size());
}

// `deviation` is that of one sample's term, so the mean's is sqrt(n) times less.
void ExpectMean(const char* what, double mean, double expected, double deviation) {
  const double allowed = kDeviations * deviation / std::sqrt(kSamples);
  std::printf("%-28s %12.6f, expected %12.6f +- %.6f\n", what, mean, expected, allowed);
  EXPECT_NEAR(mean, expected, allowed) << what;
}

// How far counts in bins of known probability are from the expected ones, in standard deviations of
// the chi-square distribution (approximately normal for the many bins used here).
double ChiSquareDeviation(const std::vector<double>& counts, const std::vector<double>& p) {
  double total = 0;
  for (const double count : counts) total += count;
  double chi_square = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * p[i];
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const double freedom = static_cast<double>(counts.size() - 1);
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

// Chi-square of a continuous sample over bins of equal probability, found by its distribution
// function.
void ExpectDistribution(const char* what, const std::vector<double>& sample,
                        const std::function<double(double)>& distribution) {
  constexpr size_t kBins = 100;
  std::vector<double> counts(kBins);
  for (const double x : sample) {
    const double bin = std::min(distribution(x) * kBins, kBins - 1.0);
    counts[static_cast<size_t>(bin)] += 1;
  }
  const double deviation = ChiSquareDeviation(counts, std::vector<double>(kBins, 1.0 / kBins));
  std::printf("%-28s chi-square is off by %.2f deviations\n", what, deviation);
  EXPECT_LT(std::fabs(deviation), kDeviations) << what;
}

TEST(DrawsR3, Uniform) {
  const std::vector<double> sample = Sample(1, UniformFromBits);
  for (const double x : sample) ASSERT_TRUE(x >= 0 && x < 1);
  ExpectMean("uniform: mean", Moment(sample, 0, 1), 0.5, std::sqrt(1 / 12.0));
  ExpectMean("uniform: variance", Moment(sample, 0.5, 2), 1 / 12.0, std::sqrt(1 / 180.0));
  ExpectDistribution("uniform", sample, [](double x) { return x; });
  double product = 0;  // of neighbours
  for (size_t i = 1; i < sample.size(); ++i) product += (sample[i - 1] - 0.5) * (sample[i] - 0.5);
  ExpectMean("uniform: neighbours", product / kSamples, 0, 1 / 12.0);
}

TEST(DrawsR3, UniformHas53Bits) {
  EXPECT_EQ(UniformFromBits(0, 0), 0);
  EXPECT_EQ(UniformFromBits(0, 1u << 6), 0x1p-53);
  EXPECT_EQ(UniformFromBits(1u << 5, 0), 0x1p-27);
  EXPECT_EQ(UniformFromBits(0x1f, 0x3f), 0) << "the lowest bits are dropped";
  EXPECT_EQ(UniformFromBits(0xffffffff, 0xffffffff), 1 - 0x1p-53);
}

TEST(DrawsR3, Normal) {
  const std::vector<double> sample = Sample(2, NormalFromBits);
  ExpectMean("normal: mean", Moment(sample, 0, 1), 0, 1);
  ExpectMean("normal: variance", Moment(sample, 0, 2), 1, std::sqrt(2.0));
  ExpectMean("normal: third moment", Moment(sample, 0, 3), 0, std::sqrt(15.0));
  ExpectMean("normal: fourth moment", Moment(sample, 0, 4), 3, std::sqrt(96.0));
  ExpectDistribution("normal", sample, [](double x) { return std::erfc(-x / M_SQRT2) / 2; });
  double far = 0;
  for (const double x : sample) far += std::fabs(x) > 3;
  const double p = std::erfc(3 / M_SQRT2);
  ExpectMean("normal: beyond 3", far / kSamples, p, std::sqrt(p));
}

// Box and Muller's formula, evaluated by the C library.
TEST(DrawsR3, NormalIsItsFormula) {
  ForEachDraw(3, [](uint32_t bits0, uint32_t bits1) {
    const double u = (bits0 + 0.5) * 0x1p-32;
    const double t = bits1 * 0x1p-32;
    const double expected = std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * t);
    ASSERT_NEAR(NormalFromBits(bits0, bits1), expected, 4e-15);
  });
  EXPECT_NEAR(NormalFromBits(0, 0), std::sqrt(2 * 33 * M_LN2), 4e-15);
  EXPECT_NEAR(NormalFromBits(0, 0x80000000), -std::sqrt(2 * 33 * M_LN2), 4e-15);
  EXPECT_EQ(NormalFromBits(0, 0x40000000), 0);
}

TEST(DrawsR3, Exponential) {
  const std::vector<double> sample = Sample(4, ExponentialFromBits);
  for (const double x : sample) ASSERT_TRUE(x >= 0 && !std::signbit(x));
  ExpectMean("exponential: mean", Moment(sample, 0, 1), 1, 1);
  ExpectMean("exponential: variance", Moment(sample, 1, 2), 1, std::sqrt(8.0));
  ExpectDistribution("exponential", sample, [](double x) { return -std::expm1(-x); });
  EXPECT_EQ(ExponentialFromBits(0, 0), 0);
  EXPECT_FALSE(std::signbit(ExponentialFromBits(0, 0)));
  EXPECT_NEAR(ExponentialFromBits(0xffffffff, 0xffffffff), 53 * M_LN2, 1e-14);
}

TEST(DrawsR3, Bernoulli) {
  for (const double p : {1e-3, 0.05, 0.5, 0.97}) {
    const std::vector<double> sample =
        Sample(5, [p](uint32_t bits, uint32_t) { return BernoulliFromBits(p, bits) ? 1.0 : 0.0; });
    ExpectMean("bernoulli: mean", Moment(sample, 0, 1), p, std::sqrt(p * (1 - p)));
  }
}

TEST(DrawsR3, BernoulliIsExact) {
  constexpr uint32_t kMost = 0xffffffff;
  for (const double never : {0.0, -0.0, -1.0, -HUGE_VAL, std::nan("")}) {
    EXPECT_FALSE(BernoulliFromBits(never, 0)) << never;
  }
  for (const double always : {1.0, 1.5, HUGE_VAL}) {
    EXPECT_TRUE(BernoulliFromBits(always, kMost)) << always;
  }
  EXPECT_TRUE(BernoulliFromBits(0.25, (1u << 30) - 1));
  EXPECT_FALSE(BernoulliFromBits(0.25, 1u << 30));
  EXPECT_TRUE(BernoulliFromBits(5e-324, 0));
  EXPECT_FALSE(BernoulliFromBits(5e-324, 1));
  EXPECT_FALSE(BernoulliFromBits(1 - 0x1p-32, kMost));
  EXPECT_TRUE(BernoulliFromBits(1 - 0x1p-53, kMost));
}

// The probability of a count k.
double PoissonProbability(double mean, double k) {
  return std::exp(k * std::log(mean) - mean - std::lgamma(k + 1));
}

TEST(DrawsR3, Poisson) {
  for (const double mean : {1e-6, 1e-3, 0.2, 3.7, 15.9, 16.1, 40.0, 650.0, 1e4, 1e6}) {
    std::printf("mean %g\n", mean);
    const std::vector<double> sample =
        Sample(6, [mean](uint32_t a, uint32_t b) { return PoissonFromBits(mean, a, b); });
    ExpectMean("poisson: mean", Moment(sample, 0, 1), mean, std::sqrt(mean));
    ExpectMean("poisson: variance", Moment(sample, mean, 2), mean,
               std::sqrt(mean + 2 * mean * mean));
    // Bins for the counts that are expected ten times or more, and one for all others.
    const double first = std::max(std::floor(mean - 10 * std::sqrt(mean)), 0.0);
    std::vector<double> counts(1), p(1, 1.0), bin_of;
    for (double k = first; k < mean + 10 * std::sqrt(mean) + 20; ++k) {
      const double probability = PoissonProbability(mean, k);
      const bool own = probability * kSamples >= 10;
      bin_of.push_back(own ? static_cast<double>(counts.size()) : 0);
      if (!own) continue;
      counts.push_back(0);
      p.push_back(probability);
      p[0] -= probability;
    }
    for (const double x : sample) {
      ASSERT_GE(x, first);
      counts[static_cast<size_t>(bin_of[static_cast<size_t>(x - first)])] += 1;
    }
    p[0] = std::max(p[0], 1e-12);  // it may be lost in rounding
    const double deviation = ChiSquareDeviation(counts, p);
    std::printf("%-28s chi-square is off by %.2f deviations\n", "poisson", deviation);
    EXPECT_LT(deviation, kDeviations) << mean;
  }
}

// The arithmetic of numbers, as far as PoissonPoint needs it.
struct Numbers {
  using F = double;
  double Fma(double a, double b, double c) { return std::fma(a, b, c); }
  double Sqrt(double a) { return std::sqrt(a); }
};

// The counts below k have the probability F(k - 1), and are drawn where z is below that of
// PoissonPoint(z) = k. So the error of the distribution is the probability between this z and that
// of the normal distribution function F(k - 1): the sum over all k is twice the total variation.
double PoissonError(double mean) {
  Numbers m;
  const double deviation = std::sqrt(mean);
  const double first = std::max(std::floor(mean - 6.7 * deviation), 0.0);
  double below = 0;
  if (first > 0) {
    for (double k = first - 1; k >= std::max(first - 3 * deviation - 40, 0.0); --k) {
      below += PoissonProbability(mean, k);
    }
  }
  double before = 0;
  double error = 0;
  for (double k = first; k < mean + 6.7 * deviation + 5; ++k) {
    double low = -6.75;
    double high = 6.75;
    for (int n = 0; n < 60; ++n) {
      const double z = (low + high) / 2;
      (sequences::PoissonPoint(m, mean, z) < k ? low : high) = z;
    }
    const double off = low <= -6.74 || high >= 6.74 ? 0 : std::erfc(-low / M_SQRT2) / 2 - below;
    error += std::fabs(off - before);
    before = off;
    below += PoissonProbability(mean, k);
  }
  return error / 2;
}

TEST(DrawsR3, PoissonCountsOfNormalNumbersAreThoseOfTheDistribution) {
  EXPECT_LT(PoissonError(16), 0x1p-26);
  EXPECT_GT(PoissonError(16), 0x1p-29) << "the bound could be lower";
  for (const double mean : {24.0, 37.3, 100.0, 1000.0}) {
    EXPECT_LT(PoissonError(mean), 0x1p-30) << mean;
  }
  // Probabilities by lgamma have errors of their own at large means.
  EXPECT_LT(PoissonError(1e5), 1e-8);
}

TEST(DrawsR3, PoissonAtItsEnds) {
  constexpr uint32_t kMost = 0xffffffff;
  for (const uint32_t bits : {0u, kMost}) {
    EXPECT_EQ(PoissonFromBits(0, bits, bits), 0);
    EXPECT_EQ(PoissonFromBits(-0.0, bits, bits), 0);
  }
  for (const double wrong : {-1e-300, 1000000.1, HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    EXPECT_TRUE(std::isnan(PoissonFromBits(wrong, 1, 1))) << wrong;
  }
  EXPECT_EQ(PoissonFromBits(1e-12, kMost, 0), 0);
  EXPECT_EQ(PoissonFromBits(16, kMost, 0), 47);
  // p_0 = exp(-1) = 0.36788, and 1 - p_0 - p_1 = 0.26424.
  EXPECT_EQ(PoissonFromBits(1, static_cast<uint32_t>(0.3678 * 0x1p32), 0), 0);
  EXPECT_EQ(PoissonFromBits(1, static_cast<uint32_t>(0.3679 * 0x1p32), 0), 1);
  EXPECT_EQ(PoissonFromBits(1, static_cast<uint32_t>(0.7358 * 0x1p32), 0), 2);
}

// The greatest counts are of the words with all bits set, or of the normal number of zeros.
TEST(DrawsR3, PoissonCountsHaveABound) {
  for (double mean = 1e-9; mean <= kPoissonMaxMean; mean *= 1.01) {
    const double most = std::max(PoissonFromBits(mean, 0xffffffff, 0), PoissonFromBits(mean, 0, 0));
    ASSERT_LE(most, PoissonMaxCount(mean)) << mean;
    if (mean > 16) {
      ASSERT_GE(PoissonFromBits(mean, 0, 1u << 31), 0) << mean;
    }
  }
}

// The tests above must be able to fail: one bin of a hundred is over-full by a quarter.
TEST(DrawsR3, ChiSquareNoticesABias) {
  std::vector<double> counts(100, kSamples / 100);
  const std::vector<double> p(100, 0.01);
  EXPECT_LT(ChiSquareDeviation(counts, p), 0);
  counts[3] *= 1.25;
  EXPECT_GT(ChiSquareDeviation(counts, p), kDeviations);
}

}  // namespace
}  // namespace bnsyn::reference
