#include "compiler/equations/differentiate.h"

#include <cmath>
#include <string>

#include "compiler/analysis/facts.h"
#include "compiler/analysis/node_algebra.h"
#include "gtest/gtest.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;

// A block over one population, with two independent leaves x and y.
class Derivative : public testing::Test {
 protected:
  Derivative() : builder_(program_, block_) {
    const ir::DomainId domain = program_.populations[program_.AddPopulation("p", 4)].domain;
    block_.kind = ir::BlockKind::kStep;
    x_ = builder_.Emit(Op::kNormal, {ir::Element::kF64, domain}, {}, ir::StreamAttr(0, 0));
    y_ = builder_.Emit(Op::kNormal, {ir::Element::kF64, domain}, {}, ir::StreamAttr(1, 0));
  }

  Value F(double number) { return builder_.F64(number); }
  Value Emit(Op op, std::initializer_list<Value> operands) {
    return builder_.Emit(op, std::vector<Value>(operands));
  }
  std::optional<Value> ByX(Value value) { return Differentiate(builder_, value, x_, F(1)); }

  // The number that a value is for these numbers x and y.
  double At(Value value, double x, double y) {
    const Value number =
        Replace(builder_, value, {{x_.id, F(x)}, {y_.id, F(y)}}, /*simplified=*/false);
    return Facts(program_, block_).Number(number).value_or(NAN);
  }

  // Compares with a central difference.
  void ExpectDerivative(Value value, double x) {
    const std::optional<Value> slope = ByX(value);
    ASSERT_TRUE(slope.has_value());
    constexpr double kH = 1e-6;
    const double expected = (At(value, x + kH, 0.7) - At(value, x - kH, 0.7)) / (2 * kH);
    EXPECT_NEAR(At(*slope, x, 0.7), expected, 1e-8 * (1 + std::fabs(expected)));
  }

  ir::Program program_;
  ir::Block block_;
  ir::Builder builder_;
  Value x_;
  Value y_;
};

TEST_F(Derivative, OfEveryFunctionAgreesWithDifferences) {
  int functions = 0;
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (info.rule != ir::TypeRule::kFloat || info.op == Op::kFloor || info.op == Op::kCeil ||
        info.op == Op::kRint) {
      continue;
    }
    SCOPED_TRACE(std::string(info.name));
    ++functions;
    // Within the domain of log, asin and sqrt, and on one side of 0 for abs.
    for (const double x : {0.2, 0.4, 0.8}) {
      const Value inner = Emit(Op::kMul, {x_, F(1.1)});
      if (info.arity == 1) {
        ExpectDerivative(Emit(info.op, {inner}), x);
      } else if (info.arity == 2) {
        ExpectDerivative(Emit(info.op, {inner, y_}), x);
        ExpectDerivative(Emit(info.op, {y_, inner}), x);
        ExpectDerivative(Emit(info.op, {inner, Emit(Op::kAdd, {x_, y_})}), x);
      } else {
        ExpectDerivative(Emit(info.op, {inner, Emit(Op::kExp, {x_}), x_}), x);
        ExpectDerivative(Emit(info.op, {y_, inner, x_}), x);
      }
    }
  }
  EXPECT_GE(functions, 20);
  for (const Op op : {Op::kAdd, Op::kSub, Op::kMul, Op::kMin, Op::kMax}) {
    ExpectDerivative(Emit(op, {Emit(Op::kSin, {x_}), Emit(Op::kMul, {x_, y_})}), 0.4);
    ExpectDerivative(Emit(op, {Emit(Op::kMul, {x_, y_}), Emit(Op::kSin, {x_})}), 0.4);
  }
  ExpectDerivative(Emit(Op::kAbs, {x_}), -0.4);
  ExpectDerivative(Emit(Op::kNeg, {Emit(Op::kNeg, {x_})}), -0.4);
}

TEST_F(Derivative, OfExprelAtItsSingularPointIsAHalf) {
  EXPECT_EQ(At(*ByX(Emit(Op::kExprel, {x_})), 0, 0), 0.5);
}

// (y - x)/5 has the slope -1/5, a literal; x*y the slope y.
TEST_F(Derivative, OfALinearValueIsFreeOfTheVariable) {
  const Value leak = Emit(Op::kMul, {Emit(Op::kSub, {y_, x_}), F(0.2)});
  EXPECT_TRUE(IsLiteral(builder_, *ByX(leak), -0.2));
  EXPECT_EQ(*ByX(Emit(Op::kMul, {x_, y_})), y_);
  const Value gate = Emit(Op::kFma, {Emit(Op::kSub, {F(1), x_}), y_, Emit(Op::kNeg, {x_})});
  EXPECT_FALSE(DependsOn(builder_, *ByX(gate), {x_}));
  EXPECT_TRUE(IsZero(builder_, *ByX(Emit(Op::kExp, {y_}))));
  EXPECT_TRUE(IsZero(builder_, *ByX(Emit(Op::kSub, {x_, x_}))));
}

TEST_F(Derivative, OfANonlinearValueDependsOnTheVariable) {
  for (const Value value : {Emit(Op::kMul, {x_, x_}), Emit(Op::kExp, {x_}), Emit(Op::kAbs, {x_}),
                            Emit(Op::kMin, {x_, y_}), Emit(Op::kDiv, {y_, x_})}) {
    EXPECT_TRUE(DependsOn(builder_, *ByX(value), {x_}));
  }
}

// A choice that depends on the variable jumps: its derivative would hide that it is not linear.
TEST_F(Derivative, OfAJumpThereIsNone) {
  const Value positive = Emit(Op::kGt, {x_, F(0)});
  EXPECT_FALSE(ByX(Emit(Op::kSelect, {positive, F(1), F(2)})).has_value());
  EXPECT_FALSE(ByX(builder_.Convert(positive, ir::Element::kF64)).has_value());
  EXPECT_FALSE(ByX(Emit(Op::kFloor, {x_})).has_value());
  const Value other = Emit(Op::kGt, {y_, F(0)});
  const std::optional<Value> chosen = ByX(Emit(Op::kSelect, {other, x_, F(2)}));
  ASSERT_TRUE(chosen.has_value());
  EXPECT_FALSE(DependsOn(builder_, *chosen, {x_}));
}

TEST_F(Derivative, IsScaledByTheTangent) {
  const std::optional<Value> slope =
      Differentiate(builder_, Emit(Op::kDiv, {Emit(Op::kNeg, {x_}), F(5)}), x_, F(0.1));
  ASSERT_TRUE(slope.has_value());
  EXPECT_TRUE(IsLiteral(builder_, *slope, -0.1 / 5));
}

TEST_F(Derivative, SharedNodesAreVisitedOnce) {
  Value value = x_;
  for (int i = 0; i < 60; ++i) value = Emit(Op::kAdd, {value, value});
  const size_t before = block_.nodes.size();
  EXPECT_TRUE(IsLiteral(builder_, *ByX(value), std::ldexp(1.0, 60)));
  EXPECT_LT(block_.nodes.size(), before + 100);
}

}  // namespace
}  // namespace bnsyn::compiler
