#include "ir/op.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace bnsyn::ir {
namespace {

TEST(OpTest, RowsStandInTheOrderOfTheEnum) {
  int index = 0;
  for (const OpInfo& info : AllOps()) {
    EXPECT_EQ(static_cast<int>(info.op), index++) << info.name;
    EXPECT_EQ(&Info(info.op), &info);
  }
  EXPECT_GT(index, 50);
}

TEST(OpTest, NamesAreUniqueAndFound) {
  std::set<std::string> names;
  for (const OpInfo& info : AllOps()) {
    EXPECT_TRUE(names.insert(std::string(info.name)).second) << info.name;
    EXPECT_EQ(OpFromName(info.name), info.op);
    EXPECT_FALSE(info.meaning.empty());
  }
  EXPECT_EQ(OpFromName("no_such_op"), std::nullopt);
}

TEST(OpTest, FunctionsAndDraws) {
  std::set<std::string> functions;
  std::set<std::string> draws;
  for (const OpInfo& info : AllOps()) {
    if (IsFunction(info.op)) functions.insert(std::string(info.name));
    if (IsDraw(info.op)) draws.insert(std::string(info.name));
  }
  EXPECT_EQ(functions,
            (std::set<std::string>{"exp", "expm1", "exprel", "exprel_small", "log", "log1p", "pow",
                                   "tanh", "logistic", "sin", "cos", "tan", "sinh", "cosh", "asin",
                                   "acos", "atan", "log10"}));
  EXPECT_EQ(draws,
            (std::set<std::string>{"uniform", "normal", "exponential", "bernoulli", "poisson"}));
}

TEST(OpTest, EffectsYieldNothingAndAreKept) {
  for (const OpInfo& info : AllOps()) {
    EXPECT_EQ(HasResult(info.op), info.rule != TypeRule::kEffect) << info.name;
    if (!HasResult(info.op)) {
      EXPECT_EQ(info.effect, Effect::kWrite) << info.name;
    }
    // The builder keeps the version of what a read reads in the place of its first operand.
    if (info.effect == Effect::kRead) {
      EXPECT_EQ(info.arity, 0) << info.name;
    }
  }
}

}  // namespace
}  // namespace bnsyn::ir
