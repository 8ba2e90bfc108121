#include "compiler/language/code.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/code_integer.h"
#include "ir/text.h"
#include "tests/compiler/code_testing.h"

namespace bnsyn::compiler {
namespace {

std::string Emitted(const std::string& text, MathMode math = MathMode::kDefault) {
  TestScope scope(math);
  const absl::StatusOr<TypedValue> value = EmitText(text, scope);
  if (!value.ok()) return std::string(value.status().message());
  const ir::SourceText source = Source(text);
  const auto number = IntegerArithmetic(source, {0, text.size()}, scope).AsFloat(*value);
  return number.ok() ? Term(scope, number->value.id) : std::string(number.status().message());
}

TEST(CodeTest, ArithmeticInBothModes) {
  const struct {
    const char* text;
    const char* strict;
    const char* fused;
  } cases[] = {
      {"x + y", "add(x, y)", "add(x, y)"},
      {"x*y + k", "add(mul(x, y), k)", "fma(x, y, k)"},
      {"k + x*y", "add(k, mul(x, y))", "fma(x, y, k)"},
      {"x*y - k", "sub(mul(x, y), k)", "fma(x, y, neg(k))"},
      {"x*y - 3", "sub(mul(x, y), 3)", "fma(x, y, -3)"},
      {"k - x*y", "sub(k, mul(x, y))", "fma(neg(x), y, k)"},
      {"k - 2*x", "sub(k, mul(2, x))", "fma(-2, x, k)"},
      {"k - x*2", "sub(k, mul(x, 2))", "fma(x, -2, k)"},
      {"x*y + y*k", "add(mul(x, y), mul(y, k))", "fma(y, k, mul(x, y))"},
      {"x*y + y*k - x*k", "sub(add(mul(x, y), mul(y, k)), mul(x, k))",
       "fma(x, neg(k), fma(y, k, mul(x, y)))"},
      {"(x*y) + 1", "add(mul(x, y), 1)", "fma(x, y, 1)"},
      {"k*3 + x", "add(mul(k, 3), x)", "add(mul(k, 3), x)"},
      {"x/4", "div(x, 4)", "mul(x, 0.25)"},
      {"x/k", "div(x, k)", "mul(x, div(1, k))"},
      {"x/(k + 2)", "div(x, add(k, 2))", "mul(x, div(1, add(k, 2)))"},
      {"x/y", "div(x, y)", "div(x, y)"},
      {"k/3", "div(k, 3)", "div(k, 3)"},
      {"1/x", "div(1, x)", "div(1, x)"},
      {"x/4 + y", "add(div(x, 4), y)", "fma(x, 0.25, y)"},
      {"x/4*y", "mul(div(x, 4), y)", "mul(mul(x, 0.25), y)"},
      {"x/1e-320", "div(x, 1e-320)", "div(x, 1e-320)"},
      {"V/(1 mV)", "V", "V"},
      {"V/(1 mV) + 1", "add(V, 1)", "add(V, 1)"},
      {"1*x", "x", "x"},
      {"-5*mV + V", "add(-5, V)", "add(-5, V)"},
      {"x**0.5", "pow(x, 0.5)", "sqrt(x)"},
      {"x**-0.5", "pow(x, -0.5)", "div(1, sqrt(x))"},
      {"tau**1.5", "pow(tau, 1.5)", "pow(tau, 1.5)"},
      {"x**2 + 1", "add(mul(x, x), 1)", "add(mul(x, x), 1)"},
      {"x**3", "mul(mul(x, x), x)", "mul(mul(x, x), x)"},
      {"x**-2", "div(1, mul(x, x))", "div(1, mul(x, x))"},
      {"x**1", "x", "x"},
      {"x**0", "1", "1"},
      {"x**9", "pow(x, 9)", "pow(x, 9)"},
      {"x**y", "pow(x, y)", "pow(x, y)"},
      {"x**1.5", "pow(x, 1.5)", "pow(x, 1.5)"},
      {"-x**2", "neg(mul(x, x))", "neg(mul(x, x))"},
      {"-3", "-3", "-3"},
      {"--x", "x", "x"},
      {"+x", "x", "x"},
      {"x - -y", "sub(x, neg(y))", "sub(x, neg(y))"},
      {"x - y - k", "sub(sub(x, y), k)", "sub(sub(x, y), k)"},
      {"x/y/k", "div(div(x, y), k)", "mul(div(x, y), div(1, k))"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Emitted(c.text, MathMode::kStrict), c.strict) << c.text;
    EXPECT_EQ(Emitted(c.text, MathMode::kDefault), c.fused) << c.text;
  }
}

TEST(CodeTest, EveryFunctionIsCalledByItsWord) {
  int functions = 0;
  for (const ir::FunctionInfo& function : ir::AllFunctions()) {
    if (function.word.empty()) continue;
    ++functions;
    const std::string word(function.word);
    const std::string op(ir::Info(function.op).name);
    EXPECT_EQ(Emitted(word + "(x)", MathMode::kDefault), op + "(x)");
  }
  EXPECT_GE(functions, 15);
}

TEST(CodeTest, FunctionsLogicAndChoice) {
  const struct {
    const char* text;
    const char* term;
  } cases[] = {
      {"exp(x)", "exp(x)"},
      {"arcsin(x)", "asin(x)"},
      {"int(x)", "select(lt(x, 0), ceil(x), floor(x))"},
      {"int(rand())", "select(lt(uniform0(), 0), ceil(uniform0()), floor(uniform0()))"},
      {"int(floor(x))", "floor(x)"},
      {"floor(x)", "floor(x)"},
      {"ceil(x)", "ceil(x)"},
      {"abs(V)", "abs(V)"},
      {"sqrt(V*V)", "sqrt(mul(V, V))"},
      {"sign(V)", "select(gt(V, 0), 1, select(lt(V, 0), -1, V))"},
      {"min(x, 20)", "min(x, 20)"},
      {"min(20, x)", "min(x, 20)"},
      {"max(k, x, y)", "max(max(x, k), y)"},
      {"max(1, 2, x)", "max(x, max(1, 2))"},
      {"clip(x, 0.2, 5)", "min(max(x, 0.2), 5)"},
      {"pow(x, y)", "pow(x, y)"},
      {"pow(x, 2)", "mul(x, x)"},
      {"int(x > 0)", "convert(gt(x, 0))"},
      {"rand()", "uniform0()"},
      {"randn() + randn()", "add(normal0(), normal1())"},
      {"exponential()", "exponential0()"},
      {"bernoulli(0.5*x)", "bernoulli0(mul(0.5, x))"},
      {"poisson(x)", "poisson0(x)"},
      {"normal(E, 5 mV)", "fma(normal0(), 5, E)"},
      {"uniform(0, 5 mV)", "fma(uniform0(), sub(5, 0), 0)"},
      {"count(exc)", "7"},
      {"x < y", "lt(x, y)"},
      {"x <= y", "le(x, y)"},
      {"x > y", "gt(x, y)"},
      {"x >= y", "ge(x, y)"},
      {"x == y", "eq(x, y)"},
      {"x != y", "ne(x, y)"},
      {"flag == (x > 0)", "not(xor(flag, gt(x, 0)))"},
      {"flag != (x > 0)", "xor(flag, gt(x, 0))"},
      {"flag and x > 0 or not flag", "or(and(flag, gt(x, 0)), not(flag))"},
      {"V if flag else 0", "select(flag, V, 0)"},
      {"flag if x > 0 else true", "select(gt(x, 0), flag, true)"},
      {"x*y if flag else 1", "select(flag, mul(x, y), 1)"},
      {"mV", "1"},
      {"second", "1000"},
      {"0.1 second", "100"},
      {"V > 0", "gt(V, 0)"},
      {"V + 0", "add(V, 0)"},
      {"max(0, V) + -0", "add(max(V, 0), -0)"},
  };
  for (const auto& c : cases) EXPECT_EQ(Emitted(c.text), c.term) << c.text;
}

TEST(CodeTest, DimensionsFollowTheArithmetic) {
  const struct {
    const char* text;
    const char* words;
  } cases[] = {
      {"g*(V - E)/C", "volt/second"},
      {"(E - V)/tau", "volt/second"},
      {"dt*w/C", "volt"},
      {"V*V", "volt**2"},
      {"V**2", "volt**2"},
      {"V**-1", "1/volt"},
      {"V**0", "a number without unit"},
      {"(V**2)**0.5", "volt"},
      {"sqrt(V**2/tau**4)", "volt/second**2"},
      {"V*sqrt(2/tau)", "volt/second**0.5"},
      {"V/sqrt(second)*tau**0.5", "volt"},
      {"second**-0.5", "1/second**0.5"},
      {"V**1.5/sqrt(V)", "volt"},
      {"sign(V)", "a number without unit"},
      {"min(V, 0, E)", "volt"},
      {"clip(0, V, E)", "volt"},
      {"0 if flag else V", "volt"},
      {"0 + V", "volt"},
      {"10 mV", "volt"},
      {"1 uF/cm**2", "farad/metre**2"},
      {"V > E", "a number without unit"},
      {"normal(0, 5 mV)", "volt"},
      {"tau**-9", "1/second**9"},
      {"tau % (2 ms)", "second"},
      {"tau // (2 ms)", "a number without unit"},
      {"mod(tau, 2 ms)", "second"},
      {"arctan2(V, E)", "a number without unit"},
      {"hypot(V, E)", "volt"},
      {"hypot(V, 0)", "volt"},
      {"maximum(V, E)", "volt"},
      {"isnan(V)", "a number without unit"},
      {"5*s", "second"},
      {"5/s", "hertz"},
      {"V/(2*mV/s)", "second"},
      {"8.314*J/mol/K", "metre**2*kilogram/(second**2*kelvin*mole)"},
      {"2*uS/cm**2", "siemens/metre**2"},
      {"3 ohm*cm", "metre/siemens"},
      {"-2*A/m**2", "ampere/metre**2"},
      {"gas_constant*(37*kelvin + zero_celsius)/faraday_constant", "volt"},
  };
  for (const auto& c : cases) {
    for (const MathMode math : {MathMode::kDefault, MathMode::kStrict}) {
      TestScope scope(math);
      const absl::StatusOr<TypedValue> value = EmitText(c.text, scope);
      ASSERT_TRUE(value.ok()) << value.status().message();
      EXPECT_EQ(DescribeDimension(value->dimension), c.words) << c.text;
    }
  }
}

TEST(CodeTest, BooleansAreMarked) {
  TestScope scope;
  EXPECT_TRUE(EmitText("flag", scope)->boolean);
  EXPECT_TRUE(EmitText("x > 0", scope)->boolean);
  EXPECT_TRUE(EmitText("bernoulli(0.5)", scope)->boolean);
  EXPECT_TRUE(EmitText("isnan(V) or isinf(x) or not isfinite(w)", scope)->boolean);
  EXPECT_TRUE(EmitText("flag if flag else true", scope)->boolean);
  EXPECT_FALSE(EmitText("int(flag)", scope)->boolean);
  EXPECT_FALSE(EmitText("x", scope)->boolean);
}

TEST(CodeTest, WholeNumbersAreMarked) {
  for (const char* text : {"3",
                           "-3",
                           "3 + 4",
                           "3 - 4",
                           "2*3",
                           "7 // 2",
                           "x // 2",
                           "7 % 2",
                           "2**3",
                           "abs(-3)",
                           "min(1, 2)",
                           "clip(1, 2, 3)",
                           "floor(x)",
                           "ceil(x)",
                           "int(x)",
                           "int(flag)",
                           "sign(V)",
                           "poisson(x)",
                           "1 if flag else 0",
                           "2*floor(x) + 1",
                           "0"}) {
    TestScope scope;
    const TypedValue value = *EmitText(text, scope);
    EXPECT_TRUE(value.integer || value.whole) << text;
  }
  for (const char* text : {"x", "2.5", "3 mV", "7/2", "x % 2", "7 % 0.5", "2**-1", "4**0.5",
                           "min(1, x)", "1 if flag else x", "2*x", "1 + x", "sqrt(4)", "V"}) {
    TestScope scope;
    const TypedValue value = *EmitText(text, scope);
    EXPECT_FALSE(value.integer || value.whole) << text;
  }
}

// An error says `message` at column `column` of line 1, and `note` below.
struct Wrong {
  const char* text;
  int column;
  const char* message;
  const char* note;
};

void ExpectError(const Wrong& c, const absl::Status& status) {
  ASSERT_FALSE(status.ok()) << c.text;
  const std::string message(status.message());
  EXPECT_TRUE(absl::StartsWith(message, absl::StrCat("net.toml:1:", c.column, ": error: ")))
      << c.text << "\n"
      << message;
  EXPECT_TRUE(absl::StrContains(message, c.message)) << c.text << "\n" << message;
  EXPECT_TRUE(absl::StrContains(message, absl::StrCat("note: ", c.note)) ||
              (c.note[0] == '\0' && !absl::StrContains(message, "note: ")))
      << c.text << "\n"
      << message;
}

TEST(CodeTest, ErrorsInExpressions) {
  const Wrong cases[] = {
      {"V + g", 1, "the two sides of '+' differ in dimension: volt and siemens",
       "they differ by a factor of the dimension volt/siemens"},
      {"x*(V - 5)", 3, "the two sides of '-' differ in dimension: volt and a number",
       "give the number a unit, as in 1 mV"},
      {"1 + w", 1, "differ in dimension: a number without unit and ampere",
       "give the number a unit, as in 1 pA"},
      {"V > -50", 1, "the two sides of '>' differ in dimension", "give the number a unit"},
      {"V == w", 1, "the two sides of '==' differ in dimension: volt and ampere",
       "they differ by a factor of the dimension ohm"},
      {"min(V, w)", 1, "the arguments of min differ in dimension: volt and ampere", "they differ"},
      {"max(V, 0, 1)", 1, "the arguments of max differ in dimension", "give the number a unit"},
      {"clip(V, 0, 5)", 1, "the arguments of clip differ in dimension", "give the number a unit"},
      {"V if flag else w", 1, "the two values of a choice differ in dimension", "they differ"},
      {"exp(V)", 5, "exp takes a number without unit, not volt",
       "divide by a value of the same dimension, as in x/(1 mV)"},
      {"1 + log(g*V)", 9, "log takes a number without unit, not ampere", "divide by a value"},
      {"floor(V)", 7, "floor takes a number without unit, not volt", "divide by"},
      {"bernoulli(w)", 11, "bernoulli takes a number without unit, not ampere", "divide by"},
      {"sqrt(sqrt(V))", 1, "the square root of volt**0.5 has no dimension", "exponents of units"},
      {"(V**0.5)**1.5", 1, "the square root of volt**0.5 has no dimension", "exponents of units"},
      {"V**x", 4, "a power of volt needs an exponent that is written out", "as in x**2, x**0.5"},
      {"V**1.25", 4, "written out as a multiple of 1/2", "as in x**2, x**0.5"},
      {"x**V", 4, "an exponent is a number without unit, not volt", "divide by"},
      {"V**100", 1, "the powers of units in this grow beyond 59", ""},
      {"(V**8)**8*V", 1, "the powers of units in this grow beyond 59", ""},
      {"V**19*V", 1, "the powers of units in this grow beyond 59", ""},
      {"x + flag", 5, "this is true or false where a number is needed",
       "int(...) makes 1 or 0 of it"},
      {"-flag", 2, "this is true or false where a number is needed", "int(...)"},
      {"x*(y > 0)", 3, "this is true or false where a number is needed", "int(...)"},
      {"exp(flag)", 5, "this is true or false where a number is needed", "int(...)"},
      {"x < flag", 5, "this is true or false where a number is needed", "int(...)"},
      {"flag < true", 1, "this is true or false where a number is needed", "int(...)"},
      {"x**flag", 4, "this is true or false where a number is needed", "int(...)"},
      {"min(x, flag)", 8, "this is true or false where a number is needed", "int(...)"},
      {"x and flag", 1, "this is a number where true or false is needed",
       "compare it with something, as in x > 0"},
      {"flag or y", 9, "this is a number where true or false is needed", "compare it"},
      {"not x", 5, "this is a number where true or false is needed", "compare it"},
      {"V if x else E", 6, "this is a number where true or false is needed", "compare it"},
      {"V if flag else true", 16, "one value of a choice is true or false, the other", "int(...)"},
      {"int(V)", 5, "int takes a number without unit, not volt", "divide by"},
      {"V % x", 1, "the two sides of '%' differ in dimension: volt and a number",
       "give the number"},
      {"V // tau", 1, "the two sides of '//' differ in dimension: volt and second", "they differ"},
      {"x // 0", 6, "this divides by 0", ""},
      {"flag % 2", 1, "this is true or false where a number is needed", "int(...)"},
      {"asin(x)", 1, "unknown function 'asin'", "it is arcsin(x) here"},
      {"ln(x)", 1, "unknown function 'ln'", "it is log(x) here"},
      {"np.exp(x)", 1, "unknown function 'np.exp'", "write exp(...)"},
      {"np.pi*x", 1, "unknown name 'np.pi' (did you mean 'pi'?)", ""},
      {"x < Inf", 5, "unknown name 'Inf' (did you mean 'inf'?)", ""},
      {"1 MOhm", 3, "'MOhm' is no unit (did you mean 'Mohm'?)", ""},
      {"x/cm2", 3, "unknown name 'cm2' (did you mean 'cm**2'?)", ""},
      {"37 celsius", 4, "'celsius' is no unit", "a temperature is in kelvin, as in 37*kelvin"},
      {"x*celsius", 3, "unknown name 'celsius'", "a temperature is in kelvin, as in 37*kelvin"},
      {"90 degree", 4, "'degree' is no unit", "an angle is in radian, as in deg2rad(90)"},
      {"2 hours", 3, "'hours' is no unit (did you mean 'hour'?)", ""},
      {"atan2(x, y)", 1, "unknown function 'atan2'", "it is arctan2(y, x) here"},
      {"arctan2(V, x)", 1, "the arguments of arctan2 differ in dimension", "give the number"},
      {"hypot(V, w)", 1, "the arguments of hypot differ in dimension", ""},
      {"mod(V, 3)", 1, "the arguments of mod differ in dimension", "give the number"},
      {"mod(x, 0)", 8, "this divides by 0", ""},
      {"trunc(V)", 7, "trunc takes a number without unit, not volt", ""},
      {"deg2rad(flag)", 9, "this is true or false where a number is needed", "int(...)"},
      {"minimum(x, y, k)", 1, "minimum takes 2 arguments, not 3", "it is called as minimum(a, b)"},
      {"timestep(x, dt)", 10, "the time of timestep has the dimension second", ""},
      {"file(x.csv)(x)", 6, "the name of a file stands in quotes", "as in file("},
      {"file(x)", 1, "which file?", "write it in quotes"},
      {"file(\"x.csv)(x)", 6, "this quote is not closed", ""},
      {"file(\"x.csv\", V)", 15, "expected a column in quotes, found 'V'", ""},
      {"file(\"x.csv\" + 1)", 14, "expected ')' or an operator, found '+'", ""},
      {"\"x.csv\"", 1, "'\"' has no meaning here", "names stand without quotes"},
      {"max(1,5 mV, 2 mV)", 1, "the arguments of max differ in dimension", ""},
      {"exp()", 1, "exp takes 1 argument, not 0", "it is called as exp(x)"},
      {"clip(x, 0)", 1, "clip takes 3 arguments, not 2", "it is called as clip(x, low, high)"},
      {"min(x)", 1, "min takes at least 2 arguments, not 1", "it is called as min(a, b, ...)"},
      {"rand(3)", 1, "rand takes 0 arguments, not 1", "it is called as rand()"},
      {"foo(x)", 1, "unknown function 'foo'", ""},
      {"expp(x)", 1, "unknown function 'expp' (did you mean 'exp'?)", ""},
      {"V(x)", 1, "'V' is a value, not a function", "a product is written with '*'"},
      {"exp + 1", 1, "'exp' is a function", "it is called as exp(x)"},
      {"taau + 1", 1, "unknown name 'taau' (did you mean 'tau'?)", ""},
      {"5*mv", 3, "unknown name 'mv' (did you mean 'mV'?)", ""},
      {"5*volts", 3, "unknown name 'volts' (did you mean 'volt'?)", ""},
      {"x/s", 3, "unknown name 's'", "the unit is 'second', or its letter after a number"},
      {"x*S", 3, "unknown name 'S'", "the unit is 'siemens'"},
      {"5*M", 3, "unknown name 'M'", "the unit is 'molar'"},
      {"m*s", 1, "unknown name 'm'", "the unit is 'metre'"},
      {"qqqqqqqq", 1, "unknown name 'qqqqqqqq'", ""},
      {"x + secret", 5, "'secret' cannot be read here", ""},
      {"x/0", 3, "this divides by 0", ""},
      {"bernoulli(1.5)", 11, "a probability lies between 0 and 1", ""},
      {"poisson(-1)", 9, "the mean of a Poisson number lies in 0 to 10^6", ""},
      {"normal(5 mV, 1)", 1, "the arguments of normal differ in dimension", "give the number"},
  };
  for (const Wrong& c : cases) {
    for (const MathMode math : {MathMode::kDefault, MathMode::kStrict}) {
      TestScope scope(math);
      ExpectError(c, EmitText(c.text, scope).status());
    }
  }
}

TEST(CodeTest, AssignmentsInBothModes) {
  const struct {
    const char* text;
    const char* strict;
    const char* fused;
  } cases[] = {
      {"x = y", "y", "y"},
      {"x += y", "add(x, y)", "add(x, y)"},
      {"x -= y", "sub(x, y)", "sub(x, y)"},
      {"x *= y", "mul(x, y)", "mul(x, y)"},
      {"x /= y", "div(x, y)", "div(x, y)"},
      {"x /= k", "div(x, k)", "mul(x, div(1, k))"},
      {"x += y*k", "add(x, mul(y, k))", "fma(y, k, x)"},
      {"x -= y*k", "sub(x, mul(y, k))", "fma(y, neg(k), x)"},
      {"x -= k*y", "sub(x, mul(k, y))", "fma(neg(k), y, x)"},
      {"x += y/4", "add(x, div(y, 4))", "fma(y, 0.25, x)"},
      {"x += k*2", "add(x, mul(k, 2))", "add(x, mul(k, 2))"},
      {"z = y*y; x += z", "add(x, mul(y, y))", "add(x, mul(y, y))"},
      {"x = 2; x += x*y", "add(2, mul(2, y))", "fma(2, y, 2)"},
      {"x *= 1", "x", "x"},
  };
  for (const auto& c : cases) {
    for (const MathMode math : {MathMode::kDefault, MathMode::kStrict}) {
      TestScope scope(math);
      const absl::Status status = RunCode(c.text, scope);
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(Term(scope, scope.value("x").value.id),
                math == MathMode::kStrict ? c.strict : c.fused)
          << c.text;
    }
  }
  TestScope scope;
  ASSERT_TRUE(RunCode("V = 0; flag = V > 0; w -= g*V; V *= 2", scope).ok());
  EXPECT_EQ(scope.value("V").dimension, dimension::kVoltage);
  EXPECT_EQ(scope.value("w").dimension, dimension::kCurrent);
  EXPECT_EQ(Term(scope, scope.value("flag").value.id), "gt(0, 0)");
}

TEST(CodeTest, ErrorsInStatements) {
  const Wrong cases[] = {
      {"V = w", 5, "V has the dimension volt, but the right side is ampere",
       "divide by a conductance, as in I/g_L"},
      {"V = 5", 5, "V has the dimension volt, but the right side is a number without unit",
       "give the number a unit, as in 1 mV"},
      {"x = V", 5, "x is a number without unit, but the right side is volt",
       "divide by a value of the same dimension"},
      {"V += w/C", 6, "V has the dimension volt, but the right side is volt/second",
       "multiply by a time constant, as in dt*x"},
      {"V = flag", 5, "V has the dimension volt, but the right side is true or false", "int(...)"},
      {"flag = x", 8, "flag is true or false, but this is a number", "compare it"},
      {"flag = V", 8, "flag is true or false, but this is volt", "compare it"},
      {"flag += 1", 1, "'flag' is true or false and can only be set with '='", ""},
      {"V *= E", 6, "what follows '*=' is a number without unit, not volt", "divide by"},
      {"V /= tau", 6, "what follows '/=' is a number without unit, not second", "divide by"},
      {"V *= flag", 6, "what follows '*=' is a number without unit, not true or false", "int(...)"},
      {"x /= 0", 6, "this divides by 0", ""},
      {"z = 0; V = z", 12, "V has the dimension volt, but the right side is a number", "give"},
  };
  for (const Wrong& c : cases) {
    TestScope scope;
    ExpectError(c, RunCode(c.text, scope));
  }
}

TEST(CodeTest, DimensionErrorsSayWhatToDo) {
  TestScope scope;
  const std::string text = "dV/dt = (E - V)*k : volt";
  const ir::SourceText source = {"balanced.toml", text, 14, 1};
  const auto equations = ParseEquations(source).value();
  const auto value = EmitExpression(*equations[0].right, source, scope).value();
  const Dimension rate = dimension::kVoltage / dimension::kTime;
  EXPECT_EQ(ExpectDimension(value, rate, "dV/dt", source, equations[0].right->range).message(),
            "balanced.toml:14:9: error: dV/dt has the dimension volt/second, but the right side is "
            "volt\n"
            "  dV/dt = (E - V)*k : volt\n"
            "          ^~~~~~~~~\n"
            "  note: divide by a time constant, as in (E_L - V)/tau_m");
  const ir::SourceText alone = Source("10 pA");
  const auto current = EmitText("10 pA", scope).value();
  const Wrong wrong = {"10 pA", 1, "the delay has the dimension second, but the value is ampere",
                       "it is off by a factor of the dimension ampere/second"};
  ExpectError(wrong, ExpectDimension(current, dimension::kTime, "the delay", alone, {0, 5}));
  EXPECT_TRUE(ExpectDimension(current, dimension::kCurrent, "I", alone, {0, 5}).ok());
  EXPECT_TRUE(ExpectBoolean(EmitText("x > 0", scope).value(), "the threshold", alone, {}).ok());
  EXPECT_FALSE(ExpectBoolean(current, "the threshold", alone, {}).ok());
}

TEST(CodeTest, HelpersOfArithmeticFollowTheMode) {
  for (const MathMode math : {MathMode::kDefault, MathMode::kStrict}) {
    TestScope scope(math);
    const bool strict = math == MathMode::kStrict;
    const auto v = [&](const char* text) { return EmitText(text, scope)->value; };
    EXPECT_EQ(Term(scope, EmitMulAdd(scope, v("x"), v("y"), v("k")).id),
              strict ? "add(mul(x, y), k)" : "fma(x, y, k)");
    EXPECT_EQ(Term(scope, EmitMulAdd(scope, v("k"), v("2"), v("x")).id), "add(mul(k, 2), x)");
    EXPECT_EQ(Term(scope, EmitMulAdd(scope, v("1"), v("x"), v("y")).id), "add(x, y)");
    EXPECT_EQ(Term(scope, EmitDivide(scope, v("x"), v("k")).id),
              strict ? "div(x, k)" : "mul(x, div(1, k))");
    EXPECT_EQ(Term(scope, EmitDivide(scope, v("x"), v("1")).id), "x");
  }
}

TEST(CodeTest, ConstantsAreFolded) {
  const std::vector<Constant> constants = {{"N", Quantity(200)},
                                           {"tau", Quantity(20, {dimension::kTime, 0})}};
  const struct {
    const char* text;
    double value;
    const char* words;
  } cases[] = {
      {"200/N", 1, "a number without unit"},
      {"0.8*N", 160, "a number without unit"},
      {"0.5 nS*200/N", 0.5, "siemens"},
      {"2000 Hz", 2, "hertz"},
      {"4.1 us", 4.1e-3, "second"},
      {"-70 mV", -70, "volt"},
      {"tau/2 + 1 ms", 11, "second"},
      {"0.1*3", 0.1 * 3, "a number without unit"},
      {"0.1*3 + 0.1", 0.1 * 3 + 0.1, "a number without unit"},
      {"1/3", 1.0 / 3, "a number without unit"},
      {"2**10", 1024, "a number without unit"},
      {"2**3", 8, "a number without unit"},
      {"max(1, 2, N) if N > 3 else 0", 200, "a number without unit"},
      {"int(not (N == 200))", 0, "a number without unit"},
      {"clip(7, 0, 5) - floor(2.5)", 3, "a number without unit"},
      {"sqrt((3 mV)**2)", 3, "volt"},
      {"7 % 3", 1, "a number without unit"},
      {"-7 % 3", 2, "a number without unit"},
      {"7 % -3", -2, "a number without unit"},
      {"-7 % -3", -1, "a number without unit"},
      {"7 // 3", 2, "a number without unit"},
      {"-7 // 3", -3, "a number without unit"},
      {"7 // -3", -3, "a number without unit"},
      {"-7 // -3", 2, "a number without unit"},
      {"6 % 3", 0, "a number without unit"},
      {"-6 // 3", -2, "a number without unit"},
      {"2.5 % 0.25", 0, "a number without unit"},
      // 1/0.1 rounds up to 10, but the double 0.1 is more than a tenth.
      {"1 % 0.1", 0.09999999999999995, "a number without unit"},
      {"1 // 0.1", 9, "a number without unit"},
      {"-1 % 0.1", 5.551115123125783e-17, "a number without unit"},
      {"tau % (3 ms)", 2, "second"},
      {"int(2.7) + int(-2.7)", 0, "a number without unit"},
      {"mod(-7, 3)", 2, "a number without unit"},
      {"mod(tau, 3*ms)", 2, "second"},
      {"trunc(-2.7)", -2, "a number without unit"},
      {"round(2.5) + round(3.5)", 6, "a number without unit"},
      {"hypot(3 mV, -4 mV)", 5, "volt"},
      {"arctan2(0 mV, -1 mV)", 3.141592653589793, "a number without unit"},
      {"deg2rad(180)", 3.141592653589793, "a number without unit"},
      {"rad2deg(pi)", 180, "a number without unit"},
      {"log2(8) + exp2(3) + cbrt(27)", 14, "a number without unit"},
      {"minimum(2, N) + maximum(2, N)", 202, "a number without unit"},
      {"int(isnan(inf - inf)) + int(isinf(-inf)) + int(isfinite(inf))", 2, "a number without unit"},
      {"timestep(0.3 ms, 0.1 ms)", 3, "a number without unit"},
      {"timestep(tau - 1 us, 0.1 ms)", 199, "a number without unit"},
      {"2 min", 120000, "second"},
      {"0.5*hour + 1 h", 5400000, "second"},
      {"1 day", 86400000, "second"},
      {"1/(1 minute)", 1 / 60000.0, "hertz"},
      {"0.3 kg", 0.3e12, "kilogram"},
      {"0.3*kilogram - 300 gram", 0, "kilogram"},
      {"1 mmolar", 1, "molar"},
      {"2 uM", 2e-3, "molar"},
      {"2 radian + 1", 3, "a number without unit"},
      {"zero_celsius", 273.15, "kelvin"},
      {"elementary_charge/(1.602176634e-19 C)", 1, "a number without unit"},
      {"exp(0)", 1, "a number without unit"},
  };
  for (const auto& c : cases) {
    const absl::StatusOr<Quantity> quantity = EvaluateConstant(Source(c.text), constants);
    ASSERT_TRUE(quantity.ok()) << quantity.status().message();
    EXPECT_EQ(quantity->value, c.value) << c.text;
    EXPECT_EQ(DescribeDimension(quantity->dimension), c.words) << c.text;
  }
  const Wrong wrong[] = {
      {"M + 1", 1, "unknown name 'M'", "the unit is 'molar'"},
      {"1 + rand()", 5, "'rand' draws a random number", ""},
      {"normal(0, 1)", 1, "'normal' draws a random number", ""},
      {"N > 3", 1, "this is true or false where a number is needed", "int(...)"},
      {"1/(N - 200)", 3, "this divides by 0, since N is 200", "give it another value"},
      {"log(-N)", 1, "this is nan, since N is 200", "give it another value"},
      {"10 mV + 3", 1, "differ in dimension", "give the number a unit"},
      {"", 1, "expected a value", ""},
  };
  for (const Wrong& c : wrong) ExpectError(c, EvaluateConstant(Source(c.text), constants).status());
}

}  // namespace
}  // namespace bnsyn::compiler
