// R2: every function is within 1 ulp of the true value, by MPFR with 140 bits, over its whole
// range. The worst error found is printed, in ulps, with its argument.
#include "reference/functions.h"

#include <gtest/gtest.h>
#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reference/array.h"
#include "reference/evaluate.h"

namespace bnsyn::reference {
namespace {

constexpr double kInf = HUGE_VAL;
const double kNan = std::nan("");
constexpr double kMax = 0x1.fffffffffffffp1023;

class Real {
 public:
  explicit Real(mpfr_prec_t bits = 140) { mpfr_init2(value_, bits); }
  ~Real() { mpfr_clear(value_); }
  Real(const Real&) = delete;
  Real& operator=(const Real&) = delete;
  mpfr_ptr get() { return value_; }
  mpfr_srcptr get() const { return value_; }

 private:
  mpfr_t value_;
};

// A floating-point format: its significant bits, the exponent (of a significand in [1/2, 1)) below
// which numbers are subnormal, and the first exponent that is too large.
struct Format {
  int bits;
  int lowest;
  int end;
};
constexpr Format kDouble = {53, -1021, 1025};
constexpr Format kFloat = {24, -125, 129};

// The distance of `got` from the true value in units of the format's spacing at the true value.
// Infinity counts as the power of two that is the first not to be finite.
double ErrorInUlps(double got, const Real& truth, const Format& format) {
  if (mpfr_nan_p(truth.get())) return std::isnan(got) ? 0 : kInf;
  if (std::isnan(got)) return kInf;
  Real want;
  mpfr_set(want.get(), truth.get(), MPFR_RNDN);
  Real first_infinite;
  mpfr_set_ui_2exp(first_infinite.get(), 1, format.end - 1, MPFR_RNDN);
  if (mpfr_cmpabs(want.get(), first_infinite.get()) > 0) {
    mpfr_setsign(want.get(), first_infinite.get(), mpfr_signbit(want.get()), MPFR_RNDN);
  }
  Real error;
  if (std::isinf(got)) {
    mpfr_setsign(error.get(), first_infinite.get(), got < 0, MPFR_RNDN);
  } else {
    mpfr_set_d(error.get(), got, MPFR_RNDN);
  }
  mpfr_sub(error.get(), error.get(), want.get(), MPFR_RNDN);
  const long exponent = mpfr_zero_p(want.get())
                            ? format.lowest
                            : std::max<long>(mpfr_get_exp(want.get()), format.lowest);
  mpfr_mul_2si(error.get(), error.get(), format.bits - exponent, MPFR_RNDN);
  return std::fabs(mpfr_get_d(error.get(), MPFR_RNDN));
}

using Truth = std::function<void(mpfr_ptr, mpfr_srcptr)>;
using Draw = std::function<double(std::mt19937_64&)>;

double Unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// Uniform in [a, b].
Draw Between(double a, double b) {
  return [=](std::mt19937_64& random) { return a + (b - a) * Unit(random); };
}
// Both signs, exponents uniform in [a, b].
Draw Exponents(double a, double b) {
  return [=](std::mt19937_64& random) {
    const double size = std::exp2(a + (b - a) * Unit(random));
    return random() % 2 == 0 ? size : -size;
  };
}
// c + x or c - x for such an x.
Draw Near(double c, double a, double b) {
  return [=](std::mt19937_64& random) { return c + Exponents(a, b)(random); };
}
// Any 64 bits, NaNs and infinities included.
double AnyBits(std::mt19937_64& random) { return std::bit_cast<double>(random()); }
// The double nearest to a multiple of pi/2.
double NearQuarterTurn(std::mt19937_64& random) {
  Real pi(1200);
  mpfr_const_pi(pi.get(), MPFR_RNDN);
  mpfr_mul_d(pi.get(), pi.get(), std::floor(std::exp2(Unit(random) * 1000)), MPFR_RNDN);
  mpfr_div_2ui(pi.get(), pi.get(), 1, MPFR_RNDN);
  return mpfr_get_d(pi.get(), MPFR_RNDN);
}

void TrueExprel(mpfr_ptr result, mpfr_srcptr x) {
  if (mpfr_zero_p(x)) {
    mpfr_set_ui(result, 1, MPFR_RNDN);
  } else if (mpfr_inf_p(x)) {
    mpfr_set_d(result, mpfr_sgn(x) > 0 ? kInf : 0, MPFR_RNDN);
  } else {
    mpfr_expm1(result, x, MPFR_RNDN);
    mpfr_div(result, result, x, MPFR_RNDN);
  }
}

void TrueLogistic(mpfr_ptr result, mpfr_srcptr x) {
  mpfr_neg(result, x, MPFR_RNDN);
  mpfr_exp(result, result, MPFR_RNDN);
  mpfr_add_ui(result, result, 1, MPFR_RNDN);
  mpfr_ui_div(result, 1, result, MPFR_RNDN);
}

struct Function {
  const char* name;
  ir::Op op;
  double (*ours)(double);
  Truth truth;
  std::vector<Draw> draws;
};

// MPFR's functions with the rounding that the tests need.
template <int (*function)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t)>
void Rounded(mpfr_ptr result, mpfr_srcptr x) {
  function(result, x, MPFR_RNDN);
}

std::vector<Function> Functions() {
  return {
      {"exp",
       ir::Op::kExp,
       Exp,
       Rounded<mpfr_exp>,
       {Between(-1, 1), Between(-30, 30), Between(-746, 711), Between(-746, -707),
        Between(708, 710), Exponents(-60, 10), AnyBits}},
      {"expm1",
       ir::Op::kExpm1,
       Expm1,
       Rounded<mpfr_expm1>,
       {Between(-1, 1), Between(-45, 45), Between(34, 42), Between(-41, -34), Between(-50, 711),
        Exponents(-1074, 10), AnyBits}},
      {"exprel",
       ir::Op::kExprel,
       Exprel,
       TrueExprel,
       {Between(-1, 1), Between(-45, 45), Between(34, 42), Between(700, 718), Exponents(-1074, 10),
        Exponents(900, 1024), AnyBits}},
      {"exprel_small",
       ir::Op::kExprelSmall,
       ExprelSmall,
       TrueExprel,
       {Between(-1, 1), Between(-0.4375, 0), Near(-0.4375, -53, -2), Between(-45, 45),
        Exponents(-1074, 10), AnyBits}},
      {"log",
       ir::Op::kLog,
       Log,
       Rounded<mpfr_log>,
       {Between(0.5, 2), Between(0.9, 1.1), Near(1, -53, -2), Exponents(-1074, -1020),
        Exponents(-1022, 1024), AnyBits}},
      {"log1p",
       ir::Op::kLog1p,
       Log1p,
       Rounded<mpfr_log1p>,
       {Between(-1, 1), Between(-0.1, 0.1), Between(0, 4), Near(-1, -53, -1), Exponents(-60, 60),
        Exponents(-1074, 1024), AnyBits}},
      {"tanh",
       ir::Op::kTanh,
       Tanh,
       Rounded<mpfr_tanh>,
       {Between(-1, 1), Between(-22, 22), Between(17, 21), Exponents(-40, 5), Exponents(-1074, 0),
        AnyBits}},
      {"logistic",
       ir::Op::kLogistic,
       Logistic,
       TrueLogistic,
       {Between(-1, 1), Between(-45, 45), Between(-40, -34), Between(-746, -705), Between(-746, 40),
        Exponents(-60, 10), AnyBits}},
      {"sin",
       ir::Op::kSin,
       Sin,
       Rounded<mpfr_sin>,
       {Between(-4, 4), Between(-1e6, 1e6), Exponents(-30, 100), Exponents(-1074, 1024),
        NearQuarterTurn, AnyBits}},
      {"cos",
       ir::Op::kCos,
       Cos,
       Rounded<mpfr_cos>,
       {Between(-4, 4), Between(-1e6, 1e6), Exponents(-30, 100), Exponents(-1074, 1024),
        NearQuarterTurn, AnyBits}},
      {"tan",
       ir::Op::kTan,
       Tan,
       Rounded<mpfr_tan>,
       {Between(-0.8, 0.8), Between(-4, 4), Between(-1e6, 1e6), Exponents(-30, 100),
        Exponents(-1074, 1024), NearQuarterTurn, AnyBits}},
      {"sinh",
       ir::Op::kSinh,
       Sinh,
       Rounded<mpfr_sinh>,
       {Between(-1, 1), Between(-40, 40), Between(-712, 712), Between(709, 711), Exponents(-40, 10),
        Exponents(-1074, 0), AnyBits}},
      {"cosh",
       ir::Op::kCosh,
       Cosh,
       Rounded<mpfr_cosh>,
       {Between(-1, 1), Between(-40, 40), Between(-712, 712), Between(709, 711), Exponents(-40, 10),
        AnyBits}},
      {"asin",
       ir::Op::kAsin,
       Asin,
       Rounded<mpfr_asin>,
       {Between(-1, 1), Between(0.3, 0.5), Near(0, -60, 0), Near(1, -53, -2), Near(-1, -53, -2),
        Exponents(-1074, 1), AnyBits}},
      {"acos",
       ir::Op::kAcos,
       Acos,
       Rounded<mpfr_acos>,
       {Between(-1, 1), Between(0.85, 0.95), Near(0, -60, 0), Near(1, -53, -2), Near(-1, -53, -2),
        Exponents(-1074, 1), AnyBits}},
      {"atan",
       ir::Op::kAtan,
       Atan,
       Rounded<mpfr_atan>,
       {Between(-1, 1), Between(0.4, 0.5), Between(-4, 4), Exponents(-30, 60),
        Exponents(-1074, 1024), AnyBits}},
      {"log10",
       ir::Op::kLog10,
       Log10,
       Rounded<mpfr_log10>,
       {Between(0.5, 2), Near(1, -53, -2), Exponents(-1074, -1020), Exponents(-1022, 1024),
        AnyBits}},
      {"log2",
       ir::Op::kLog2,
       Log2,
       Rounded<mpfr_log2>,
       {Between(0.5, 2), Near(1, -53, -2), Exponents(-1074, -1020), Exponents(-1022, 1024),
        AnyBits}},
      {"exp2",
       ir::Op::kExp2,
       Exp2,
       Rounded<mpfr_exp2>,
       {Between(-1, 1), Between(-30, 30), Between(-1076, 1025), Between(-1076, -1020),
        Between(1022, 1025), Exponents(-60, 11), AnyBits}},
      {"cbrt",
       ir::Op::kCbrt,
       Cbrt,
       Rounded<mpfr_cbrt>,
       {Between(-1, 1), Between(-30, 30), Near(1, -53, -2), Exponents(-1074, -1020),
        Exponents(-1022, 1024), AnyBits}},
      {"erf",
       ir::Op::kErf,
       Erf,
       Rounded<mpfr_erf>,
       {Between(-1, 1), Between(0.499, 0.501), Between(-7, 7), Exponents(-40, 3),
        Exponents(-1074, 0)}},
      {"erfc",
       ir::Op::kErfc,
       Erfc,
       Rounded<mpfr_erfc>,
       {Between(-1, 1), Between(0.499, 0.501), Between(-7, 7), Between(5, 28), Between(26, 27.3),
        Exponents(-40, 5)}},
  };
}

constexpr int kSamples = 36000;  // of each draw

TEST(FunctionsR2, EveryFunctionOfTheTableIsTestedHere) {
  std::set<ir::Op> tested;
  for (const Function& function : Functions()) {
    EXPECT_EQ(function.name, ir::Info(function.op).name);
    EXPECT_TRUE(tested.insert(function.op).second) << function.name;
  }
  for (const ir::FunctionInfo& function : ir::AllFunctions()) {
    EXPECT_TRUE(tested.contains(function.op))
        << ir::Info(function.op).name << " needs a row in Functions() above";
  }
}

TEST(FunctionsR2, AreWithinOneUlp) {
  for (const Function& function : Functions()) {
    std::mt19937_64 random(1);
    Real argument(53);
    Real truth;
    double worst = 0;
    double worst_at = 0;
    for (const Draw& draw : function.draws) {
      for (int i = 0; i < kSamples; ++i) {
        const double x = draw(random);
        mpfr_set_d(argument.get(), x, MPFR_RNDN);
        function.truth(truth.get(), argument.get());
        const double error = ErrorInUlps(function.ours(x), truth, kDouble);
        if (error <= worst) continue;
        worst = error;
        worst_at = x;
      }
    }
    std::printf("%-10s worst error %.4f ulp at %a (%.17g)\n", function.name, worst, worst_at,
                worst_at);
    EXPECT_LE(worst, 1) << function.name << " at " << worst_at;
  }
}

// A function of two arguments.
struct FunctionOfTwo {
  const char* name;
  ir::Op op;
  double (*ours)(double, double);
  int (*truth)(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);
  std::vector<std::pair<Draw, Draw>> draws;
  // Further arguments that are related.
  std::function<std::pair<double, double>(std::mt19937_64&)> pair;
};

// Bases and powers whose results are near overflow and underflow.
std::pair<double, double> NearTheEndsOfPow(std::mt19937_64& random) {
  const double x = std::fabs(Exponents(-900, 900)(random));
  const double log =
      random() % 2 == 0 ? Between(-745.2, -700)(random) : Between(700, 709.8)(random);
  return {x, log / std::log(x)};
}

// A coordinate, and another in any ratio to it that counts.
std::pair<double, double> OfAnyRatio(std::mt19937_64& random) {
  const double x = Exponents(-1074, 1024)(random);
  return {x, x * Exponents(-70, 70)(random)};
}

std::vector<FunctionOfTwo> FunctionsOfTwo() {
  return {
      {"pow",
       ir::Op::kPow,
       Pow,
       mpfr_pow,
       {{AnyBits, AnyBits},
        {Between(0, 10), Between(-300, 300)},
        {Between(0.7, 1.42), Between(-2200, 2200)},
        {Near(1, -53, -2), Exponents(1, 62)},
        {Exponents(-1074, 1024), Exponents(-10, 3)},
        {Exponents(-5, 5), [](auto& random) { return std::rint(Between(-60, 60)(random)); }}},
       NearTheEndsOfPow},
      {"atan2",
       ir::Op::kAtan2,
       Atan2,
       mpfr_atan2,
       {{AnyBits, AnyBits},
        {Between(-1, 1), Between(-1, 1)},
        {Between(0.4, 0.5), Near(1, -53, -2)},
        {Exponents(-1074, -1000), Exponents(-1074, -1000)},
        {Exponents(-1074, -1022), Exponents(-700, 90)},
        {Exponents(1000, 1024), Exponents(1000, 1024)},
        {Exponents(-1074, 1024), Exponents(-1074, 1024)}},
       OfAnyRatio},
      {"hypot",
       ir::Op::kHypot,
       Hypot,
       mpfr_hypot,
       {{AnyBits, AnyBits},
        {Between(-1, 1), Between(-1, 1)},
        {Near(1, -53, -2), Near(1, -53, -2)},
        {Exponents(-1074, -1000), Exponents(-1074, -1000)},
        {Exponents(1000, 1024), Exponents(1000, 1024)},
        {Exponents(-405, -395), Exponents(-430, -395)},
        {Exponents(495, 505), Exponents(470, 505)}},
       OfAnyRatio},
  };
}

TEST(FunctionsR2, EveryFunctionOfTwoOfTheTableIsTestedHere) {
  std::vector<ir::Op> tested;
  for (const FunctionOfTwo& function : FunctionsOfTwo()) {
    EXPECT_EQ(function.name, ir::Info(function.op).name);
    tested.push_back(function.op);
  }
  const std::vector<ir::Op> all = {
#define BNSYN_FUNCTION_OF_TWO(name, ...) ir::Op::k##name,
#include "ir/ops.def"
  };
  EXPECT_EQ(tested, all);
}

TEST(FunctionsR2, FunctionsOfTwoAreWithinOneUlp) {
  for (const FunctionOfTwo& function : FunctionsOfTwo()) {
    std::mt19937_64 random(1);
    Real first(53), second(53), truth;
    double worst = 0, worst_x = 0, worst_y = 0;
    const auto check = [&](double x, double y) {
      mpfr_set_d(first.get(), x, MPFR_RNDN);
      mpfr_set_d(second.get(), y, MPFR_RNDN);
      function.truth(truth.get(), first.get(), second.get(), MPFR_RNDN);
      const double error = ErrorInUlps(function.ours(x, y), truth, kDouble);
      if (error <= worst) return;
      worst = error;
      worst_x = x;
      worst_y = y;
    };
    for (int i = 0; i < kSamples; ++i) {
      for (const auto& [x, y] : function.draws) {
        const double first_value = x(random);
        check(first_value, y(random));
      }
      const auto [x, y] = function.pair(random);
      check(x, y);
    }
    std::printf("%-10s worst error %.4f ulp at %a, %a (%.17g, %.17g)\n", function.name, worst,
                worst_x, worst_y, worst_x, worst_y);
    EXPECT_LE(worst, 1) << function.name << " at " << worst_x << ", " << worst_y;
  }
}

// Arguments whose reduction is hardest: 6381956970095103 2^797 is the double nearest to a multiple
// of pi/2 (Muller, Elementary Functions).
TEST(FunctionsR2, HugeAnglesAreReducedExactly) {
  Real argument(53), truth;
  for (const double x : {1e22, 1e300, kMax, std::ldexp(6381956970095103, 797), 0x1p1023,
                         std::ldexp(5319372648326541, -16), 0x1.6ac5b262ca1ffp849}) {
    for (const double signed_x : {x, -x}) {
      mpfr_set_d(argument.get(), signed_x, MPFR_RNDN);
      mpfr_sin(truth.get(), argument.get(), MPFR_RNDN);
      EXPECT_LE(ErrorInUlps(Sin(signed_x), truth, kDouble), 1) << signed_x;
      mpfr_cos(truth.get(), argument.get(), MPFR_RNDN);
      EXPECT_LE(ErrorInUlps(Cos(signed_x), truth, kDouble), 1) << signed_x;
      mpfr_tan(truth.get(), argument.get(), MPFR_RNDN);
      EXPECT_LE(ErrorInUlps(Tan(signed_x), truth, kDouble), 1) << signed_x;
    }
  }
}

// f32 functions, as the op table has them, are the f64 ones rounded once more.
TEST(FunctionsR2, FloatsAreNearlyCorrectlyRounded) {
  constexpr size_t kCount = 20000;
  for (const Function& function : Functions()) {
    std::mt19937_64 random(2);
    Array x(ir::Element::kF32, kCount);
    for (size_t i = 0; i < kCount; ++i) {
      const auto bits = static_cast<uint32_t>(random());
      const auto moderate = static_cast<float>(Between(-20, 20)(random));
      x.as<float>()[i] = i % 2 == 0 ? moderate : std::bit_cast<float>(bits);
    }
    ir::Node node;
    node.op = function.op;
    node.element = ir::Element::kF32;
    Array result(ir::Element::kF32, kCount);
    const ArrayView operands[] = {x.view()};
    Evaluate(node, {}, operands, result);
    Real argument(53), truth;
    double worst = 0;
    float worst_at = 0;
    for (size_t i = 0; i < kCount; ++i) {
      const float value = x.as<float>()[i];
      mpfr_set_flt(argument.get(), value, MPFR_RNDN);
      function.truth(truth.get(), argument.get());
      const double error = ErrorInUlps(result.as<float>()[i], truth, kFloat);
      if (error <= worst) continue;
      worst = error;
      worst_at = value;
    }
    std::printf("%-10s worst error %.4f ulp of f32 at %a\n", function.name, worst,
                static_cast<double>(worst_at));
    EXPECT_LE(worst, 0.51) << function.name << " at " << worst_at;
  }
}

// The measure above must be able to fail.
TEST(FunctionsR2, ErrorsAreMeasuredInUlps) {
  Real truth;
  mpfr_set_d(truth.get(), 1, MPFR_RNDN);
  EXPECT_EQ(ErrorInUlps(1 + 0x1p-52, truth, kDouble), 1);
  EXPECT_EQ(ErrorInUlps(1 - 0x1p-53, truth, kDouble), 0.5);
  EXPECT_EQ(ErrorInUlps(kNan, truth, kDouble), kInf);
  mpfr_set_d(truth.get(), 0x1p-1074, MPFR_RNDN);
  EXPECT_EQ(ErrorInUlps(0, truth, kDouble), 1);
  mpfr_set_d(truth.get(), kMax, MPFR_RNDN);
  EXPECT_EQ(ErrorInUlps(kInf, truth, kDouble), 1);
  mpfr_set_d(truth.get(), kInf, MPFR_RNDN);
  EXPECT_EQ(ErrorInUlps(kInf, truth, kDouble), 0);
  EXPECT_EQ(ErrorInUlps(kMax, truth, kDouble), 0.5);
  EXPECT_EQ(ErrorInUlps(0x1p1023, truth, kDouble), 0x1p51);
}

}  // namespace
}  // namespace bnsyn::reference
