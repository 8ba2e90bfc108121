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

// Each group has the ops that its predicate says, and no op is in two.
TEST(OpTest, FunctionsDrawsAndEngineOpsArePartsOfTheTable) {
  int functions = 0;
  int draws = 0;
  int engine = 0;
  for (const OpInfo& info : AllOps()) {
    functions += IsFunction(info.op);
    draws += IsDraw(info.op);
    engine += IsEngineOp(info.op);
    EXPECT_LE(IsFunction(info.op) + IsDraw(info.op) + IsEngineOp(info.op), 1) << info.name;
    if (info.effect != Effect::kPure) {
      EXPECT_TRUE(IsEngineOp(info.op)) << info.name;
    }
  }
  EXPECT_EQ(functions, static_cast<int>(AllFunctions().size()) + 3) << "and those of two arguments";
  EXPECT_GE(functions, 18);
  EXPECT_EQ(draws, 5);
  EXPECT_GE(engine, 20);
  EXPECT_TRUE(IsFunction(Op::kPow));
  EXPECT_TRUE(IsFunction(Op::kHypot));
  EXPECT_FALSE(IsDraw(Op::kRandom));
  EXPECT_TRUE(IsEngineOp(Op::kParam));
}

TEST(OpTest, FunctionsHaveArgumentsAndValues) {
  std::set<std::string> words;
  for (const FunctionInfo& function : AllFunctions()) {
    const OpInfo& info = Info(function.op);
    EXPECT_EQ(FindFunction(function.op), &function);
    EXPECT_EQ(info.arity, 1) << info.name;
    EXPECT_EQ(info.rule, TypeRule::kFloat) << info.name;
    EXPECT_LT(function.from, function.to) << info.name;
    EXPECT_LT(function.least, function.greatest) << info.name;
    if (function.word.empty()) continue;
    EXPECT_TRUE(words.insert(std::string(function.word)).second) << function.word;
  }
  EXPECT_EQ(FindFunction(Op::kAdd), nullptr);
}

TEST(OpTest, EffectsYieldNothingAndAreKept) {
  for (const OpInfo& info : AllOps()) {
    EXPECT_EQ(HasResult(info.op), info.rule != TypeRule::kEffect) << info.name;
    if (!HasResult(info.op)) {
      EXPECT_EQ(info.effect, Effect::kWrite) << info.name;
    }
    // The builder keeps the version of the symbol that is read in the place of the third operand.
    if (info.effect == Effect::kRead) {
      EXPECT_LT(info.arity, 3) << info.name;
    }
  }
}

}  // namespace
}  // namespace bnsyn::ir
