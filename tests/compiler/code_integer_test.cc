#include "compiler/language/code_integer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/compiler/code_testing.h"

namespace bnsyn::compiler {
namespace {

TEST(CodeInteger, ConstantsAreExactOverAllBits) {
  const std::vector<Constant> constants = {{"N", Quantity(200)}, {"half", Quantity(0.5)}};
  const struct {
    const char* text;
    int64_t value;
  } cases[] = {
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"-9223372036854775807 - 1", INT64_MIN},
      {"9007199254740993", 9007199254740993},
      {"9007199254740993 + N", 9007199254741193},
      {"9007199254740993*3 - 9007199254740993*2", 9007199254740993},
      {"3**39", 4052555153018976267},
      {"-(3**39)", -4052555153018976267},
      {"2**62 + (2**62 - 1)", INT64_MAX},
      {"-7 // 2", -4},
      {"-7 % 2", 1},
      {"7 % -2", -1},
      {"9223372036854775807 // -2", -4611686018427387904},
      {"9223372036854775807 % -1000", -193},
      {"-9223372036854775808 % -1", 0},
      {"max(9007199254740993, 9007199254740992)", 9007199254740993},
      {"abs(-9007199254740993)", 9007199254740993},
      {"int(9007199254740993 > 9007199254740992)", 1},
      {"9007199254740993 if N > 3 else 0", 9007199254740993},
      {"int(2.9) + int(-2.9)", 0},
      {"int(1e18)", 1000000000000000000},
      {"1e3", 1000},
      {"floor(2.5)*1000", 2000},
      {"N*half*2", 200},
  };
  for (const auto& c : cases) {
    const absl::StatusOr<int64_t> value = EvaluateInteger(Source(c.text), constants, "n");
    ASSERT_TRUE(value.ok()) << value.status().message();
    EXPECT_EQ(*value, c.value) << c.text;
  }
}

TEST(CodeInteger, WhatHasNoResultIsAnError) {
  const struct {
    const char* text;
    const char* words;
  } cases[] = {
      {"9223372036854775808", "beyond the integers of 64 bits"},
      {"99999999999999999999", "for a float write 99999999999999999999.0"},
      {"9223372036854775807 + 1", "9223372036854775807 + 1 is beyond the integers of 64 bits"},
      {"-9223372036854775808 - 1", "is beyond the integers of 64 bits"},
      {"9223372036854775807*3", "is beyond the integers of 64 bits"},
      {"-9223372036854775808 // -1", "is beyond the integers of 64 bits"},
      {"1 // 0", "this divides by 0"},
      {"1 % (3 - 3)", "this divides by 0"},
      {"1e30", "1e+30 is needed as an integer"},
      {"2.5", "need not be a whole number"},
      {"N/3", "need not be a whole number"},
      {"3 > 2", "int(...) makes 1 or 0 of it"},
  };
  const std::vector<Constant> constants = {{"N", Quantity(200)}};
  for (const auto& c : cases) {
    const absl::StatusOr<int64_t> value = EvaluateInteger(Source(c.text), constants, "n");
    ASSERT_FALSE(value.ok()) << c.text;
    EXPECT_TRUE(absl::StrContains(value.status().message(), c.words)) << value.status().message();
  }
}

// What only floats can be made of is rounded at most once, and written digits never.
TEST(CodeInteger, FloatsTakeIntegersUpTo2To53) {
  for (const char* text : {"9007199254740993*0.5", "x + 9007199254740993", "exp(9007199254740993)",
                           "9007199254740993/3", "-9007199254740994 < x"}) {
    TestScope scope;
    const auto value = EmitText(text, scope);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_TRUE(absl::StrContains(value.status().message(), "is beyond 2^53"))
        << value.status().message();
    EXPECT_TRUE(absl::StrContains(value.status().message(), "for a float write "))
        << value.status().message();
  }
  const std::vector<Constant> constants = {{"N", Quantity(1e9)}};
  EXPECT_EQ(EvaluateConstant(Source("N*N*N"), constants)->value, 1e27);
  EXPECT_EQ(EvaluateConstant(Source("N*N + 1"), constants)->value, 1e18 + 1);
  EXPECT_EQ(EvaluateConstant(Source("9007199254740992*2.0"), constants)->value, 0x1p54);
}

// The expectations of integer code stand under the conditions around it.
TEST(CodeInteger, ArmsAreConditions) {
  TestScope scope;
  ASSERT_TRUE(EmitText("int(x)*int(y) if flag and int(x) != 0 else 0", scope).ok());
  int expectations = 0;
  for (const ir::Node& node : scope.builder().block().nodes) {
    if (!ir::IsExpectation(node.op)) continue;
    ++expectations;
    EXPECT_NE(scope.builder().node({node.operands[0]}).op, ir::Op::kLiteral);
  }
  EXPECT_GE(expectations, 3);
}

// Indices and the like are within 2^53 whatever is done to them, so that floats hold them.
TEST(CodeInteger, SmallIntegersAreComputedAsFloats) {
  TestScope scope;
  ASSERT_TRUE(EmitText("(int(flag)*3 + 4) % 5 - abs(int(x > 0) - 7)**2", scope).ok());
  for (const ir::Node& node : scope.builder().block().nodes) {
    EXPECT_FALSE(ir::IsExpectation(node.op));
    EXPECT_NE(node.element, ir::Element::kI64);
  }
}

}  // namespace
}  // namespace bnsyn::compiler
