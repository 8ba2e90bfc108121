#include "compiler/equations/propagator.h"

#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include "gtest/gtest.h"

namespace bnsyn::compiler {
namespace {

// exp(A h) and its integral by their series, over many small steps that are then multiplied, in
// long double: a method that shares nothing with the one under test.
struct Series {
  std::vector<std::vector<long double>> state;
  std::vector<std::vector<long double>> input;
};

Series BySeries(const Matrix& a, double h) {
  using Long = std::vector<std::vector<long double>>;
  const size_t n = a.size();
  const auto multiply = [n](const Long& x, const Long& y) {
    Long z(n, std::vector<long double>(n));
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        for (size_t k = 0; k < n; ++k) z[i][j] += x[i][k] * y[k][j];
      }
    }
    return z;
  };
  const Long zero(n, std::vector<long double>(n));
  constexpr int kSteps = 64;
  const long double step = static_cast<long double>(h) / kSteps;
  Long state = zero;
  Long input = zero;
  Long term = zero;  // A^k step^k / k!
  for (size_t i = 0; i < n; ++i) term[i][i] = 1;
  Long matrix = zero;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) matrix[i][j] = a[i][j] * step;
  }
  for (int k = 0; k < 40; ++k) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        state[i][j] += term[i][j];
        input[i][j] += term[i][j] * step / (k + 1);
      }
    }
    term = multiply(term, matrix);
    for (auto& row : term) {
      for (long double& entry : row) entry /= k + 1;
    }
  }
  Series sum = {zero, zero};
  for (size_t i = 0; i < n; ++i) sum.state[i][i] = 1;
  for (int s = 0; s < kSteps; ++s) {
    const Long more = multiply(sum.state, input);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) sum.input[i][j] += more[i][j];
    }
    sum.state = multiply(sum.state, state);
  }
  return sum;
}

void ExpectSame(const Matrix& a, double h) {
  const auto propagator = MakePropagator(a, h);
  ASSERT_TRUE(propagator.has_value());
  const Series series = BySeries(a, h);
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a.size(); ++j) {
      EXPECT_NEAR(propagator->state[i][j], static_cast<double>(series.state[i][j]),
                  1e-15 * std::max(1.0, std::fabs(propagator->state[i][j])));
      EXPECT_NEAR(propagator->input[i][j], static_cast<double>(series.input[i][j]),
                  1e-15 * std::max(1.0, std::fabs(propagator->input[i][j])));
    }
  }
}

TEST(Propagator, AgreesWithTheSeries) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> entry(-1, 1);
  for (int trial = 0; trial < 50; ++trial) {
    Matrix a(1 + static_cast<size_t>(trial) % 5);
    for (auto& row : a) {
      for (size_t j = 0; j < a.size(); ++j) row.push_back(entry(random));
    }
    ExpectSame(a, 0.1 * (1 + trial % 20));
  }
}

// Membrane and exponential current: the entry is (1/C) (e^-h/ts - e^-h/tm)/(1/tm - 1/ts), whose
// limit for equal time constants is h/C e^-h/tm.
TEST(Propagator, OfMembraneAndCurrentIsTheClosedForm) {
  constexpr long double kTm = 10;
  constexpr long double kC = 250;
  const long double h = 0.1;
  for (const double ts : {0.5, 2.0, 9.999, 10.0, 10.001, 100.0}) {
    const auto propagator = MakePropagator({{-1 / 10.0, 1 / 250.0}, {0, -1 / ts}}, 0.1);
    ASSERT_TRUE(propagator.has_value());
    const long double rate = 1 / kTm - 1 / static_cast<long double>(ts);
    const long double expected = ts == 10 ? h / kC * std::exp(-h / kTm)
                                          : std::exp(-h / kTm) * std::expm1(h * rate) / (kC * rate);
    EXPECT_NEAR(propagator->state[0][1], static_cast<double>(expected), 1e-18) << ts;
    EXPECT_EQ(propagator->state[1][0], 0);
    EXPECT_EQ(propagator->input[1][0], 0);
  }
}

// x' = v, v' = b: nothing decays, and A has no inverse.
TEST(Propagator, OfAnIntegratorIsAPolynomial) {
  const auto propagator = MakePropagator({{0, 1}, {0, 0}}, 0.5);
  ASSERT_TRUE(propagator.has_value());
  EXPECT_EQ(propagator->state, (Matrix{{1, 0.5}, {0, 1}}));
  EXPECT_EQ(propagator->input, (Matrix{{0.5, 0.125}, {0, 0.5}}));
}

// Complex eigenvalues, and variables in very different units.
TEST(Propagator, OfAnOscillatorInAnyUnitsTurns) {
  for (const double unit : {1.0, 1e6, 1e12}) {
    const auto propagator = MakePropagator({{0, unit}, {-1 / unit, 0}}, 0.7);
    ASSERT_TRUE(propagator.has_value());
    EXPECT_NEAR(propagator->state[0][0], std::cos(0.7), 2e-16);
    EXPECT_NEAR(propagator->state[0][1] / unit, std::sin(0.7), 2e-16);
    EXPECT_NEAR(propagator->state[1][0] * unit, -std::sin(0.7), 2e-16);
  }
}

TEST(Propagator, IsAbsentIfItOverflows) {
  EXPECT_FALSE(MakePropagator({{1e6, 0}, {0, 1}}, 1).has_value());
  EXPECT_TRUE(MakePropagator({}, 1).has_value());
}

TEST(Propagator, OfNothingIsEmpty) {
  const std::optional<Propagator> propagator = MakePropagator({}, 0.1);
  ASSERT_TRUE(propagator.has_value());
  EXPECT_TRUE(propagator->state.empty());
  EXPECT_TRUE(propagator->input.empty());
}

TEST(Propagator, IsAbsentForAMatrixThatIsNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(MakePropagator({{-1, infinity}, {0, -1}}, 0.1).has_value());
  EXPECT_FALSE(MakePropagator({{1e300}}, 1e300).has_value());
  EXPECT_FALSE(MakePropagator({{1e5}}, 1).has_value());
}

}  // namespace
}  // namespace bnsyn::compiler
