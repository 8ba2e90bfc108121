// The chain of names: which meaning of a name counts, and what an expression reads.
#include "compiler/lowering/names.h"

#include "gtest/gtest.h"

namespace bnsyn::compiler {
namespace {

Meaning Constant1(double value) {
  return {.kind = NameKind::kConstant, .constant = Quantity(value)};
}

Expr Parse(const char* text) {
  const absl::StatusOr<Expr> expr = ParseExpression({"test", text, 1, 1});
  EXPECT_TRUE(expr.ok()) << expr.status().message();
  return expr.ok() ? *expr : Expr();
}

bool IsConstantMeaning(const Meaning& meaning) { return meaning.kind == NameKind::kConstant; }

TEST(Names, FindTheInnermostMeaning) {
  Names names;
  names.Add("a", Constant1(1));
  names.Add("a", {.kind = NameKind::kTime});
  ASSERT_NE(names.Find("a"), nullptr);
  EXPECT_EQ(names.Find("a")->constant.value, 1);
  names.Hide("a", {.kind = NameKind::kIndex});
  EXPECT_EQ(names.Find("a")->kind, NameKind::kIndex);
  EXPECT_EQ(names.Find("b"), nullptr);
}

TEST(Names, RefuseWhiteNoiseUnlessItIsBound) {
  Names names;
  names.RefuseNoise("nobody reads", "");
  ASSERT_NE(names.Find("xi_a"), nullptr);
  EXPECT_EQ(names.Find("xi_a")->refusal, "nobody reads");
}

TEST(Names, SuggestOnlyWhatHasAValue) {
  Names names;
  names.Add("a", Constant1(1));
  names.Add("V", {.kind = NameKind::kOfNeurons, .refusal = "of which neuron?"});
  names.Add("old", {.kind = NameKind::kOther, .refusal = "no"});
  EXPECT_EQ(names.Readable(), std::vector<std::string>{"a"});
}

TEST(Names, KnowWhatAnExpressionReads) {
  Names names;
  names.Add("a", Constant1(1));
  names.Add("t", {.kind = NameKind::kTime});
  names.Add("course", {.kind = NameKind::kTable});
  EXPECT_TRUE(ReadsOnly(Parse("a*(2 + exp(a)) if a > 1 else mV"), names, IsConstantMeaning));
  EXPECT_FALSE(ReadsOnly(Parse("a + t"), names, IsConstantMeaning));
  EXPECT_FALSE(ReadsOnly(Parse("rand()"), names, IsConstantMeaning));
  EXPECT_FALSE(ReadsOnly(Parse("course(a)"), names, IsConstantMeaning));
  EXPECT_FALSE(ReadsOnly(Parse("nothing"), names, IsConstantMeaning));
  EXPECT_TRUE(ReadsOnly(Parse("nothing"), names, IsConstantMeaning, /*unknown=*/true));
}

}  // namespace
}  // namespace bnsyn::compiler
