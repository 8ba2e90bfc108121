// Facts about the values of a block while it is written.
#include "compiler/analysis/facts.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "ir/builder.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::Op;
using ir::Value;

class FactsTest : public testing::Test {
 protected:
  FactsTest() : builder_(program_, block_), facts_(program_, block_) {
    const ir::DomainId domain = program_.populations[program_.AddPopulation("p", 4)].domain;
    block_.kind = ir::BlockKind::kStep;
    program_.params.push_back({"p.fixed", Element::kF64, ir::BitsOfF64(3), false, ""});
    program_.params.push_back({"p.tunable", Element::kF64, ir::BitsOfF64(3), true, ""});
    drawn_ = builder_.Emit(Op::kNormal, {Element::kF64, domain}, {}, ir::StreamAttr(0, 0));
  }

  Value F(double number) { return builder_.F64(number); }
  Value Emit(Op op, std::vector<Value> operands) { return builder_.Emit(op, operands); }

  ir::Program program_;
  ir::Block block_;
  ir::Builder builder_;
  const Facts facts_;
  Value drawn_;
};

TEST_F(FactsTest, NumbersFollowFromLiteralsAndFixedParameters) {
  EXPECT_EQ(facts_.Number(Emit(Op::kDiv, {F(1), builder_.Param(0)})), 1 / 3.0);
  EXPECT_FALSE(facts_.Number(builder_.Param(1)).has_value());
  EXPECT_FALSE(facts_.Number(Emit(Op::kMul, {builder_.Param(1), F(0)})).has_value());
  EXPECT_FALSE(facts_.Number(drawn_).has_value());
  EXPECT_FALSE(facts_.Number(Emit(Op::kAdd, {drawn_, F(1)})).has_value());
}

TEST_F(FactsTest, NumbersAreFiniteAndBitsNeedNotBe) {
  const Value infinite = Emit(Op::kDiv, {F(1), F(0)});
  EXPECT_FALSE(facts_.Number(infinite).has_value());
  EXPECT_EQ(facts_.Bits(infinite.id), ir::BitsOfF64(std::numeric_limits<double>::infinity()));
  const Value less = Emit(Op::kLt, {F(1), builder_.Param(0)});
  EXPECT_FALSE(facts_.Number(less).has_value());
  EXPECT_EQ(facts_.Bits(less.id), ir::Bits{1});
}

// The number of the step differs between steps, and the index between elements.
TEST_F(FactsTest, ValuesThatOnlyEnginesKnowAreNoFacts) {
  const Value step = builder_.Emit(Op::kStep, {Element::kU64, ir::DomainId::kNetwork}, {});
  const Value index = builder_.Emit(Op::kIndex, {Element::kU32, builder_.type(drawn_).domain}, {});
  for (const Value v : {step, index}) {
    EXPECT_FALSE(facts_.Bits(v.id).has_value());
    EXPECT_FALSE(IsConstant(builder_, v));
  }
}

TEST_F(FactsTest, ConstantsMayBeTunable) {
  EXPECT_TRUE(IsConstant(builder_, Emit(Op::kExp, {Emit(Op::kMul, {F(2), builder_.Param(1)})})));
  EXPECT_FALSE(IsConstant(builder_, Emit(Op::kMul, {F(2), drawn_})));
}

TEST_F(FactsTest, LiteralsAreComparedByTheirBits) {
  EXPECT_TRUE(IsLiteral(builder_, F(-1), -1));
  EXPECT_FALSE(IsLiteral(builder_, F(-0.0), 0));
  EXPECT_TRUE(IsZero(builder_, F(-0.0)));
  EXPECT_TRUE(IsLiteral(builder_, builder_.Literal(Element::kU32, 0xffffffff), -1));
  EXPECT_TRUE(IsLiteral(builder_, builder_.F32(0.5f), 0.5));
  EXPECT_TRUE(IsLiteral(builder_, builder_.Bool(true), 1));
  EXPECT_FALSE(IsLiteral(builder_, builder_.Param(0), 3));
}

TEST_F(FactsTest, DependenceIsFoundThroughAllOperands) {
  const Value sum = Emit(Op::kFma, {F(2), F(3), Emit(Op::kNeg, {drawn_})});
  EXPECT_TRUE(DependsOn(builder_, sum, {drawn_}));
  EXPECT_FALSE(DependsOn(builder_, Emit(Op::kMul, {F(2), F(3)}), {drawn_}));
}

}  // namespace
}  // namespace bnsyn::compiler
