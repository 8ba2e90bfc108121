#include "reference/reduction.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

std::vector<double> Values(size_t n) {
  std::vector<double> values;
  for (size_t i = 0; i < n; ++i) values.push_back(std::sin(static_cast<double>(i * i + 1)) * 1e3);
  return values;
}

// The tree of R7 written as a recursion over which values an inner node joins.
double Leaf(const std::vector<double>& x, size_t i) { return i < x.size() ? x[i] : 0.0; }
double GroupByHand(const std::vector<double>& x, size_t begin, size_t i, size_t h) {
  // After the rounds h = 32, ..., h/1 the value i is the sum of those with equal index modulo h.
  if (h == 64) return Leaf(x, begin + i);
  return GroupByHand(x, begin, i, 2 * h) + GroupByHand(x, begin, i + h, 2 * h);
}

TEST(Reduction, R7_AGroupIsAFixedTree) {
  for (const size_t n : {1u, 2u, 31u, 63u, 64u}) {
    const std::vector<double> x = Values(n);
    EXPECT_EQ(GroupSum(x), GroupByHand(x, 0, 0, 1)) << n;
  }
  EXPECT_EQ(GroupSum({}), 0);
  EXPECT_FALSE(std::signbit(GroupSum(std::vector<double>{-0.0})));  // missing values are +0
}

TEST(Reduction, R7_GroupsJoinHalfWithHalf) {
  std::vector<double> five = {1, 1e16, -1e16, 3, 5};
  // h = 3: 0+3, 1+4, 2; h = 2: (0+3)+2, 1+4; h = 1: all.
  EXPECT_EQ(TreeSum(absl::MakeSpan(five)), ((1 + 3.0) + -1e16) + (1e16 + 5));
  std::vector<double> one = {-0.0};
  EXPECT_TRUE(std::signbit(TreeSum(absl::MakeSpan(one))));
  EXPECT_EQ(TreeSum({}), 0);
}

TEST(Reduction, R7_AProgramSumsAlongTheTree) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program sums dt=1 seed=3
population a size=1000
state a.x : f64[a] = 0
state sum : f64 = 0
reduction a.r : a
init {
  %0 = normal stream=1 draw=0 : f64[a]
  %1 = exp %0 : f64[a]
  store a.x, %1
}
step {
  %0 = load a.x : f64[a]
  reduce a.r, %0
  %1 = total a.r : f64
  store sum, %1
}
)"));
  ASSERT_TRUE(run->Step().ok());
  std::vector<double> x;
  double naive = 0;
  for (size_t i = 0; i < 1000; ++i) {
    x.push_back(F64At(*run, "a.x", i));
    naive += x.back();
  }
  std::vector<double> partials;
  for (size_t begin = 0; begin < 1000; begin += 64) {
    partials.push_back(GroupByHand(x, begin, 0, 1));
  }
  ASSERT_EQ(partials.size(), 16u);
  for (size_t h = 8; h >= 1; h /= 2) {
    for (size_t i = 0; i < h; ++i) partials[i] += partials[i + h];
  }
  EXPECT_EQ(F64At(*run, "sum"), partials[0]);
  EXPECT_NE(F64At(*run, "sum"), naive) << "a plain sum gives the same value as the tree";
  EXPECT_NEAR(F64At(*run, "sum"), naive, 1e-9);
}

}  // namespace
}  // namespace bnsyn::reference
