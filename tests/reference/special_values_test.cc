// R2: the values of functions at special arguments, to the bit.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "reference/functions.h"
#include "reference/sequences_exp.h"

namespace bnsyn::reference {
namespace {

constexpr double kInf = HUGE_VAL;
const double kNan = std::nan("");
constexpr double kMax = 0x1.fffffffffffffp1023;

struct Special {
  const char* name;
  double (*ours)(double);
  double x;
  double expected;
};

// NaNs are equal here; zeros of different sign are not.
void ExpectIdentical(double got, double expected, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(got)) << what << " gives " << got;
  } else {
    EXPECT_EQ(std::bit_cast<uint64_t>(got), std::bit_cast<uint64_t>(expected))
        << what << " gives " << got << ", not " << expected;
  }
}

TEST(FunctionsR2, SpecialValues) {
  const std::vector<Special> specials = {
      {"exp", Exp, 0.0, 1},
      {"exp", Exp, -0.0, 1},
      {"exp", Exp, kInf, kInf},
      {"exp", Exp, -kInf, 0},
      {"exp", Exp, kNan, kNan},
      {"exp", Exp, kMax, kInf},
      {"exp", Exp, -kMax, 0},
      {"exp", Exp, 0x1.62e42fefa39efp9, 0x1.fffffffffff2ap1023},  // the last before infinity
      {"exp", Exp, 0x1.62e42fefa39f0p9, kInf},
      {"exp", Exp, -0x1.74910d52d3051p9, 5e-324},  // the last before zero
      {"exp", Exp, -0x1.74910d52d3052p9, 0},
      {"expm1", Expm1, 0.0, 0.0},
      {"expm1", Expm1, -0.0, -0.0},
      {"expm1", Expm1, 5e-324, 5e-324},
      {"expm1", Expm1, -5e-324, -5e-324},
      {"expm1", Expm1, kInf, kInf},
      {"expm1", Expm1, -kInf, -1},
      {"expm1", Expm1, kNan, kNan},
      {"expm1", Expm1, 0x1.62e42fefa39f0p9, kInf},
      {"exprel", Exprel, 0.0, 1},
      {"exprel", Exprel, -0.0, 1},
      {"exprel", Exprel, 5e-324, 1},
      {"exprel", Exprel, kInf, kInf},
      {"exprel", Exprel, 717, kInf},
      {"exprel", Exprel, kMax, kInf},
      {"exprel", Exprel, -kInf, 0},
      {"exprel", Exprel, -0x1p1023, 0x1p-1023},
      {"exprel", Exprel, kNan, kNan},
      {"log", Log, 1, 0.0},
      {"log", Log, 0.0, -kInf},
      {"log", Log, -0.0, -kInf},
      {"log", Log, -5e-324, kNan},
      {"log", Log, -1, kNan},
      {"log", Log, -kInf, kNan},
      {"log", Log, kInf, kInf},
      {"log", Log, kNan, kNan},
      {"log1p", Log1p, 0.0, 0.0},
      {"log1p", Log1p, -0.0, -0.0},
      {"log1p", Log1p, 5e-324, 5e-324},
      {"log1p", Log1p, -1, -kInf},
      {"log1p", Log1p, -1.0000000000000002, kNan},
      {"log1p", Log1p, kInf, kInf},
      {"log1p", Log1p, -kInf, kNan},
      {"log1p", Log1p, kNan, kNan},
      {"tanh", Tanh, 0.0, 0.0},
      {"tanh", Tanh, -0.0, -0.0},
      {"tanh", Tanh, -5e-324, -5e-324},
      {"tanh", Tanh, 20, 1},
      {"tanh", Tanh, kInf, 1},
      {"tanh", Tanh, -kInf, -1},
      {"tanh", Tanh, kNan, kNan},
      {"logistic", Logistic, 0.0, 0.5},
      {"logistic", Logistic, -0.0, 0.5},
      {"logistic", Logistic, kInf, 1},
      {"logistic", Logistic, 1000, 1},
      {"logistic", Logistic, -kInf, 0},
      {"logistic", Logistic, -1000, 0},
      {"logistic", Logistic, kNan, kNan},
      {"sin", Sin, 0.0, 0.0},
      {"sin", Sin, -0.0, -0.0},
      {"sin", Sin, -5e-324, -5e-324},
      {"sin", Sin, kInf, kNan},
      {"sin", Sin, -kInf, kNan},
      {"sin", Sin, kNan, kNan},
      {"cos", Cos, 0.0, 1},
      {"cos", Cos, -0.0, 1},
      {"cos", Cos, 5e-324, 1},
      {"cos", Cos, kInf, kNan},
      {"cos", Cos, -kInf, kNan},
      {"cos", Cos, kNan, kNan},
      {"tan", Tan, 0.0, 0.0},
      {"tan", Tan, -0.0, -0.0},
      {"tan", Tan, -5e-324, -5e-324},
      {"tan", Tan, 0x1.921fb54442d18p0, 16331239353195370},
      {"tan", Tan, kInf, kNan},
      {"tan", Tan, -kInf, kNan},
      {"tan", Tan, kNan, kNan},
      {"sinh", Sinh, 0.0, 0.0},
      {"sinh", Sinh, -0.0, -0.0},
      {"sinh", Sinh, -5e-324, -5e-324},
      {"sinh", Sinh, 711, kInf},
      {"sinh", Sinh, kInf, kInf},
      {"sinh", Sinh, -kInf, -kInf},
      {"sinh", Sinh, kNan, kNan},
      {"cosh", Cosh, 0.0, 1},
      {"cosh", Cosh, -0.0, 1},
      {"cosh", Cosh, 5e-324, 1},
      {"cosh", Cosh, 711, kInf},
      {"cosh", Cosh, -kInf, kInf},
      {"cosh", Cosh, kNan, kNan},
      {"asin", Asin, 0.0, 0.0},
      {"asin", Asin, -0.0, -0.0},
      {"asin", Asin, -5e-324, -5e-324},
      {"asin", Asin, 1, 0x1.921fb54442d18p0},
      {"asin", Asin, -1, -0x1.921fb54442d18p0},
      {"asin", Asin, 1.0000000000000002, kNan},
      {"asin", Asin, -kInf, kNan},
      {"asin", Asin, kNan, kNan},
      {"acos", Acos, 1, 0.0},
      {"acos", Acos, -1, 0x1.921fb54442d18p1},
      {"acos", Acos, 0.0, 0x1.921fb54442d18p0},
      {"acos", Acos, -0.0, 0x1.921fb54442d18p0},
      {"acos", Acos, -1.0000000000000002, kNan},
      {"acos", Acos, kInf, kNan},
      {"acos", Acos, kNan, kNan},
      {"atan", Atan, 0.0, 0.0},
      {"atan", Atan, -0.0, -0.0},
      {"atan", Atan, -5e-324, -5e-324},
      {"atan", Atan, 1, 0x1.921fb54442d18p-1},
      {"atan", Atan, kMax, 0x1.921fb54442d18p0},
      {"atan", Atan, kInf, 0x1.921fb54442d18p0},
      {"atan", Atan, -kInf, -0x1.921fb54442d18p0},
      {"atan", Atan, kNan, kNan},
      {"log10", Log10, 1, 0.0},
      {"log10", Log10, 1000, 3},
      {"log10", Log10, 1e-300, -300},
      {"log10", Log10, 0.0, -kInf},
      {"log10", Log10, -0.0, -kInf},
      {"log10", Log10, -1, kNan},
      {"log10", Log10, kInf, kInf},
      {"log10", Log10, kNan, kNan},
      {"log2", Log2, 1, 0.0},
      {"log2", Log2, 8, 3},
      {"log2", Log2, 0x1p-1074, -1074},
      {"log2", Log2, 0x1p1023, 1023},
      {"log2", Log2, 0.0, -kInf},
      {"log2", Log2, -0.0, -kInf},
      {"log2", Log2, -1, kNan},
      {"log2", Log2, kInf, kInf},
      {"log2", Log2, kNan, kNan},
      {"exp2", Exp2, 0.0, 1},
      {"exp2", Exp2, -0.0, 1},
      {"exp2", Exp2, 10, 1024},
      {"exp2", Exp2, -1074, 5e-324},
      {"exp2", Exp2, -1076, 0},
      {"exp2", Exp2, 1023, 0x1p1023},
      {"exp2", Exp2, 1024, kInf},
      {"exp2", Exp2, kMax, kInf},
      {"exp2", Exp2, -kMax, 0},
      {"exp2", Exp2, kInf, kInf},
      {"exp2", Exp2, -kInf, 0},
      {"exp2", Exp2, kNan, kNan},
      {"cbrt", Cbrt, 0.0, 0.0},
      {"cbrt", Cbrt, -0.0, -0.0},
      {"cbrt", Cbrt, 27, 3},
      {"cbrt", Cbrt, -1000, -10},
      {"cbrt", Cbrt, 0x1p-1074, 0x1p-358},
      {"cbrt", Cbrt, kInf, kInf},
      {"cbrt", Cbrt, -kInf, -kInf},
      {"cbrt", Cbrt, kNan, kNan},
  };
  for (const Special& special : specials) {
    ExpectIdentical(special.ours(special.x), special.expected,
                    std::string(special.name) + "(" + std::to_string(special.x) + ")");
  }
}

TEST(FunctionsR2, SpecialPowers) {
  struct Case {
    double x, y, expected;
  };
  const std::vector<Case> cases = {
      // Anything to the power of 0, and 1 to any power.
      {kNan, 0.0, 1},
      {kNan, -0.0, 1},
      {kInf, 0.0, 1},
      {-0.0, 0.0, 1},
      {0.0, -0.0, 1},
      {1, kNan, 1},
      {1, kInf, 1},
      {1, -kInf, 1},
      {1, kMax, 1},
      // Zero.
      {0.0, 3, 0.0},
      {-0.0, 3, -0.0},
      {0.0, 2, 0.0},
      {-0.0, 2, 0.0},
      {-0.0, 0.5, 0.0},
      {0.0, -3, kInf},
      {-0.0, -3, -kInf},
      {-0.0, -2, kInf},
      {-0.0, -2.5, kInf},
      {0.0, kInf, 0.0},
      {-0.0, kInf, 0.0},
      {0.0, -kInf, kInf},
      {-0.0, -kInf, kInf},
      {0.0, 1e-300, 0.0},
      {0.0, -1e-300, kInf},
      // Infinite powers.
      {-1, kInf, 1},
      {-1, -kInf, 1},
      {0.5, kInf, 0.0},
      {0.5, -kInf, kInf},
      {-0.5, kInf, 0.0},
      {2, kInf, kInf},
      {2, -kInf, 0.0},
      {-2, kInf, kInf},
      {1 - 0x1p-53, kInf, 0.0},
      // Infinite bases.
      {kInf, 2, kInf},
      {kInf, -2, 0.0},
      {kInf, 0.1, kInf},
      {-kInf, 3, -kInf},
      {-kInf, 2, kInf},
      {-kInf, 2.5, kInf},
      {-kInf, -3, -0.0},
      {-kInf, -2, 0.0},
      {-kInf, -2.5, 0.0},
      {-kInf, kInf, kInf},
      {-kInf, -kInf, 0.0},
      {kInf, kInf, kInf},
      {kInf, -kInf, 0.0},
      // Negative bases.
      {-2, 3, -8},
      {-2, 2, 4},
      {-2, -3, -0.125},
      {-2, 0.5, kNan},
      {-1e-300, 1e-300, kNan},
      {-1, 0x1p52 + 1, -1},
      {-1, 0x1p53, 1},
      {-1, kMax, 1},
      {-2, kMax, kInf},
      {-2, -kMax, 0.0},
      {-2, 1025, -kInf},
      // NaN.
      {kNan, 1, kNan},
      {kNan, kInf, kNan},
      {2, kNan, kNan},
      {-1, kNan, kNan},
      {0.0, kNan, kNan},
      {kInf, kNan, kNan},
      // Exact, and the ends of the range.
      {3, 4, 81},
      {10, 15, 1e15},
      {2, -1074, 5e-324},
      {2, -1075, 0.0},
      {2, 1023, 0x1p1023},
      {2, 1024, kInf},
      {0x1p-1074, 1, 0x1p-1074},
      {0x1p-1074, -1, kInf},
      {kMax, 1, kMax},
      {4, 0.5, 2},
  };
  for (const Case& c : cases) {
    ExpectIdentical(Pow(c.x, c.y), c.expected,
                    "pow(" + std::to_string(c.x) + ", " + std::to_string(c.y) + ")");
  }
}

TEST(FunctionsR2, SpecialAngles) {
  struct Case {
    double y, x, expected;
  };
  constexpr double kPi = std::numbers::pi;
  const std::vector<Case> cases = {
      // On the axes.
      {0.0, 1, 0.0},
      {0.0, 0.0, 0.0},
      {0.0, -0.0, kPi},
      {0.0, -1, kPi},
      {1, 0.0, kPi / 2},
      {1, -0.0, kPi / 2},
      {5e-324, 0.0, kPi / 2},
      // Infinite coordinates.
      {1, kInf, 0.0},
      {1, -kInf, kPi},
      {kInf, 1, kPi / 2},
      {kInf, -1, kPi / 2},
      {kInf, kInf, kPi / 4},
      {kInf, -kInf, 3 * (kPi / 4)},
      {0.0, kInf, 0.0},
      {kInf, 0.0, kPi / 2},
      // Equal and extreme ones.
      {5e-324, 5e-324, kPi / 4},
      {kMax, kMax, kPi / 4},
      {5e-324, 1, 5e-324},
      {5e-324, kMax, 0.0},
      {5e-324, -kMax, kPi},
      {kMax, 5e-324, kPi / 2},
      // NaN.
      {kNan, 1, kNan},
      {1, kNan, kNan},
      {kNan, kInf, kNan},
      {kInf, kNan, kNan},
  };
  for (const Case& c : cases) {
    const std::string what = "atan2(" + std::to_string(c.y) + ", " + std::to_string(c.x) + ")";
    ExpectIdentical(Atan2(c.y, c.x), c.expected, what);
    ExpectIdentical(Atan2(-c.y, c.x), -c.expected, what + " with the other sign of y");
  }
}

TEST(FunctionsR2, SpecialLengths) {
  struct Case {
    double x, y, expected;
  };
  const std::vector<Case> cases = {
      {3, 4, 5},
      {0.0, 0.0, 0.0},
      {0.0, 5e-324, 5e-324},
      {0x1.8p-1073, 0x1p-1072, 0x1.4p-1072},
      {0x1.8p1022, 0x1p1023, 0x1.4p1023},
      {kMax, 0.0, kMax},
      {kMax, kMax, kInf},
      {1, 1e-9, 1},
      {kInf, 1, kInf},
      // An infinite length, whatever the other number is.
      {kInf, kNan, kInf},
      {kNan, 1, kNan},
      {kNan, 0.0, kNan},
  };
  for (const Case& c : cases) {
    const std::string what = "hypot(" + std::to_string(c.x) + ", " + std::to_string(c.y) + ")";
    for (const double x : {c.x, -c.x}) {
      for (const double y : {c.y, -c.y}) {
        ExpectIdentical(Hypot(x, y), c.expected, what);
        ExpectIdentical(Hypot(y, x), c.expected, what);
      }
    }
  }
}

TEST(FunctionsR2, ExprelSmallIsExprelButForItsPolynomial) {
  constexpr double kLeast = sequences::kExprelLeast;
  const auto of_polynomial = [](double x) { return std::signbit(x) && x >= kLeast; };
  std::vector<double> points = {0.0,  -0.0,  5e-324, -5e-324, kMax, -kMax,
                                kInf, -kInf, kNan,   -kNan,   717,  -40};
  for (double x = -45; x < 45; x += 0.01) points.push_back(x);
  double below = kLeast;
  double above = kLeast;
  for (int i = 0; i < 100; ++i) {
    points.push_back(below = std::nextafter(below, -1));
    points.push_back(above = std::nextafter(above, 1));
  }
  int apart = 0;
  for (const double x : points) {
    const std::string what = "exprel_small(" + std::to_string(x) + ")";
    if (!of_polynomial(x)) ExpectIdentical(ExprelSmall(x), Exprel(x), what);
    if (of_polynomial(x) && ExprelSmall(x) != Exprel(x)) ++apart;
  }
  EXPECT_GT(apart, 0) << "the polynomial is not used";
  ExpectIdentical(ExprelSmall(-0.0), 1, "exprel_small(-0)");
  ExpectIdentical(ExprelSmall(-5e-324), 1, "exprel_small(-5e-324)");
}

}  // namespace
}  // namespace bnsyn::reference
