#include "reference/evaluate.h"

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/functions.h"
#include "reference/philox.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

using ir::Bits;
using ir::BitsOfF32;
using ir::BitsOfF64;
using ir::Element;
using ir::Op;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Bits F(double value) { return BitsOfF64(value); }
Bits S(float value) { return BitsOfF32(value); }
Bits I32(int32_t value) { return static_cast<uint32_t>(value); }
Bits I64(int64_t value) { return static_cast<uint64_t>(value); }

Bits FoldAs(Op op, Element result, Element operand, std::vector<Bits> operands) {
  ir::Node node;
  node.op = op;
  node.element = result;
  return Fold(node, std::vector<Element>(operands.size(), operand), operands);
}

// For ops whose result is of the element of the operands.
struct Case {
  Op op;
  Element element;
  std::vector<Bits> operands;
  Bits expected;
};

void Expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    std::string call(ir::Info(c.op).name);
    for (const Bits bits : c.operands) call += " " + ir::PrintLiteral(c.element, bits);
    const Bits result = FoldAs(c.op, c.element, c.element, c.operands);
    EXPECT_EQ(result, c.expected) << call << " is " << ir::PrintLiteral(c.element, result)
                                  << ", not " << ir::PrintLiteral(c.element, c.expected);
  }
}

TEST(Evaluate, R1_FloatArithmeticRoundsOnceToNearestEven) {
  const double tiny = 0x1p-53;
  Expect({
      {Op::kAdd, Element::kF64, {F(1), F(tiny)}, F(1)},  // a tie: to even
      {Op::kAdd, Element::kF64, {F(1 + 2 * tiny), F(tiny)}, F(1 + 4 * tiny)},
      {Op::kAdd, Element::kF32, {S(1), S(0x1p-24f)}, S(1)},
      {Op::kSub, Element::kF64, {F(1), F(tiny)}, F(1 - tiny)},
      {Op::kMul, Element::kF64, {F(0.1), F(0.1)}, F(0.010000000000000002)},
      {Op::kMul, Element::kF32, {S(0.1f), S(0.1f)}, S(0.01f * (1 + 0x1p-23f))},
      {Op::kDiv, Element::kF64, {F(1), F(3)}, F(0.3333333333333333)},
      {Op::kDiv, Element::kF64, {F(1), F(-0.0)}, F(-kInf)},
      // The square of 1 + 2^-30 needs 61 bits: fma keeps the last one, mul and add lose it.
      {Op::kFma, Element::kF64, {F(1 + 0x1p-30), F(1 + 0x1p-30), F(-1 - 0x1p-29)}, F(0x1p-60)},
      {Op::kFma, Element::kF32, {S(1 + 0x1p-15f), S(1 + 0x1p-15f), S(-1 - 0x1p-14f)}, S(0x1p-30f)},
      {Op::kSqrt, Element::kF64, {F(2)}, F(1.4142135623730951)},
      {Op::kAdd, Element::kF64, {F(0x1p-1074), F(0x1p-1074)}, F(0x1p-1073)},  // denormals are kept
  });
}

TEST(Evaluate, R1_SignsMinMaxAndRoundings) {
  Expect({
      {Op::kNeg, Element::kF64, {F(0)}, F(-0.0)},
      {Op::kNeg, Element::kF64, {F(-kInf)}, F(kInf)},
      {Op::kNeg, Element::kF64, {F(kNan)}, F(kNan) ^ (Bits{1} << 63)},
      {Op::kAbs, Element::kF64, {F(-0.0)}, F(0)},
      {Op::kAbs, Element::kF32, {S(-1.5f)}, S(1.5f)},
      {Op::kMin, Element::kF64, {F(2), F(1)}, F(1)},
      {Op::kMin, Element::kF64, {F(0), F(-0.0)}, F(0)},  // neither is less: the first
      {Op::kMin, Element::kF64, {F(kNan), F(1)}, F(kNan)},
      {Op::kMin, Element::kF64, {F(1), F(kNan)}, F(1)},
      {Op::kMax, Element::kF64, {F(-0.0), F(0)}, F(-0.0)},
      {Op::kMax, Element::kF64, {F(kNan), F(1)}, F(kNan)},
      {Op::kMax, Element::kF64, {F(1), F(kNan)}, F(1)},
      {Op::kMax, Element::kI32, {I32(-3), I32(2)}, I32(2)},
      {Op::kMax, Element::kU32, {I32(-3), I32(2)}, I32(-3)},
      {Op::kFloor, Element::kF64, {F(-0.5)}, F(-1)},
      {Op::kCeil, Element::kF64, {F(-0.5)}, F(-0.0)},
      {Op::kRint, Element::kF64, {F(2.5)}, F(2)},
      {Op::kRint, Element::kF64, {F(3.5)}, F(4)},
      {Op::kRint, Element::kF32, {S(-0.5f)}, S(-0.0f)},
  });
}

TEST(Evaluate, R1_IntegersWrap) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  Expect({
      {Op::kAdd, Element::kI32, {I32(0x7fffffff), I32(1)}, I32(-0x7fffffff - 1)},
      {Op::kAdd, Element::kU32, {I32(-1), I32(2)}, I32(1)},
      {Op::kSub, Element::kU64, {0, 1}, ~Bits{0}},
      {Op::kMul, Element::kI64, {I64(most), I64(2)}, I64(-2)},
      {Op::kMul, Element::kU32, {0x10001, 0x10001}, 0x20001},
      {Op::kNeg, Element::kI32, {0x80000000}, 0x80000000},
      {Op::kNeg, Element::kU64, {1}, ~Bits{0}},
  });
}

TEST(Evaluate, R1_BitsAndShifts) {
  Expect({
      {Op::kAnd, Element::kU32, {0xc, 0xa}, 0x8},
      {Op::kOr, Element::kI64, {0xc, 0xa}, 0xe},
      {Op::kXor, Element::kBool, {1, 1}, 0},
      {Op::kNot, Element::kBool, {1}, 0},
      {Op::kNot, Element::kU32, {0}, 0xffffffff},
      {Op::kShl, Element::kU32, {1, 31}, 0x80000000},
      {Op::kShl, Element::kU32, {1, 32}, 0},
      {Op::kShl, Element::kU64, {1, 64}, 0},
      {Op::kShl, Element::kI32, {I32(1), I32(-1)}, 0},  // a negative count is beyond any width
      {Op::kShl, Element::kI32, {I32(-1), I32(4)}, I32(-16)},
      {Op::kShr, Element::kU32, {0x80000000, 31}, 1},
      {Op::kShr, Element::kU32, {0x80000000, 32}, 0},
      {Op::kShr, Element::kI32, {I32(-16), I32(2)}, I32(-4)},
      {Op::kShr, Element::kI32, {I32(-16), I32(99)}, I32(-1)},
      {Op::kShr, Element::kI64, {I64(16), I64(64)}, 0},
  });
  EXPECT_EQ(FoldAs(Op::kBitcast, Element::kU64, Element::kF64, {F(1)}), 0x3ff0000000000000);
  EXPECT_EQ(FoldAs(Op::kBitcast, Element::kF32, Element::kI32, {0x3f800000}), S(1));
}

TEST(Evaluate, R1_ConversionsSaturateTruncateAndRound) {
  const auto convert = [](Element from, Bits bits, Element to) {
    return FoldAs(Op::kConvert, to, from, {bits});
  };
  EXPECT_EQ(convert(Element::kF64, F(-1.9), Element::kI32), I32(-1));
  EXPECT_EQ(convert(Element::kF64, F(1e10), Element::kI32), I32(0x7fffffff));
  EXPECT_EQ(convert(Element::kF64, F(-2147483648.5), Element::kI32), Bits{0x80000000});
  EXPECT_EQ(convert(Element::kF64, F(-1e300), Element::kI64), Bits{1} << 63);
  EXPECT_EQ(convert(Element::kF64, F(0x1p63), Element::kI64), ~(Bits{1} << 63));
  EXPECT_EQ(convert(Element::kF64, F(0x1p63), Element::kU64), Bits{1} << 63);
  EXPECT_EQ(convert(Element::kF32, S(-0.5f), Element::kU32), Bits{0});
  EXPECT_EQ(convert(Element::kF32, S(-7.0f), Element::kU64), Bits{0});
  EXPECT_EQ(convert(Element::kF64, F(kInf), Element::kU32), Bits{0xffffffff});
  EXPECT_EQ(convert(Element::kF64, F(kNan), Element::kI64), Bits{0});
  EXPECT_EQ(convert(Element::kI64, I64((int64_t{1} << 53) + 1), Element::kF64), F(0x1p53));
  EXPECT_EQ(convert(Element::kU64, ~Bits{0}, Element::kF32), S(0x1p64f));
  EXPECT_EQ(convert(Element::kU64, ~Bits{0}, Element::kF64), F(0x1p64));
  EXPECT_EQ(convert(Element::kF64, F(0.1), Element::kF32), S(0.1f));
  EXPECT_EQ(convert(Element::kI64, I64(-1), Element::kU32), Bits{0xffffffff});
  EXPECT_EQ(convert(Element::kI32, I32(-1), Element::kI64), ~Bits{0});
  EXPECT_EQ(convert(Element::kU32, 0xffffffff, Element::kI64), Bits{0xffffffff});
  EXPECT_EQ(convert(Element::kF64, F(kNan), Element::kBool), Bits{1});
  EXPECT_EQ(convert(Element::kF64, F(-0.0), Element::kBool), Bits{0});
  EXPECT_EQ(convert(Element::kBool, 1, Element::kF64), F(1));
}

TEST(Evaluate, R1_ComparisonsAreOrdered) {
  const std::vector<std::pair<Op, bool>> with_nan = {{Op::kEq, false}, {Op::kNe, true},
                                                     {Op::kLt, false}, {Op::kLe, false},
                                                     {Op::kGt, false}, {Op::kGe, false}};
  for (const auto& [op, expected] : with_nan) {
    EXPECT_EQ(FoldAs(op, Element::kBool, Element::kF64, {F(kNan), F(1)}), Bits{expected});
    EXPECT_EQ(FoldAs(op, Element::kBool, Element::kF32, {S(1), S(static_cast<float>(kNan))}),
              Bits{expected});
  }
  EXPECT_EQ(FoldAs(Op::kEq, Element::kBool, Element::kF64, {F(0), F(-0.0)}), Bits{1});
  EXPECT_EQ(FoldAs(Op::kLt, Element::kBool, Element::kI32, {I32(-1), I32(0)}), Bits{1});
  EXPECT_EQ(FoldAs(Op::kLt, Element::kBool, Element::kU32, {I32(-1), I32(0)}), Bits{0});
  EXPECT_EQ(FoldAs(Op::kGe, Element::kBool, Element::kF64, {F(2), F(2)}), Bits{1});
}

TEST(Evaluate, R2_F32FunctionsAreTheF64OnesRoundedOnce) {
  for (const float x : {-3.7f, -0.1f, 0.3f, 1.0f, 5.5f}) {
    EXPECT_EQ(FoldAs(Op::kExp, Element::kF32, Element::kF32, {S(x)}),
              S(static_cast<float>(Exp(x))));
    EXPECT_EQ(FoldAs(Op::kTanh, Element::kF32, Element::kF32, {S(x)}),
              S(static_cast<float>(Tanh(x))));
    EXPECT_EQ(FoldAs(Op::kPow, Element::kF32, Element::kF32, {S(2.5f), S(x)}),
              S(static_cast<float>(Pow(2.5f, x))));
  }
}

ir::Node Draw(Op op, Element element, uint32_t stream, uint32_t draw) {
  ir::Node node;
  node.op = op;
  node.element = element;
  node.attr = ir::StreamAttr(stream, draw);
  return node;
}

TEST(Evaluate, R3_ADrawIsAFunctionOfSeedStreamElementStepAndDraw) {
  const EvaluationPoint all{0x123456789abcdef0, 77, 0};
  Array whole(Element::kF64, 300);
  Evaluate(Draw(Op::kNormal, Element::kF64, 5, 2), all, {}, whole);
  for (const uint32_t e : {0u, 1u, 63u, 64u, 299u}) {
    EXPECT_EQ(whole.as<double>()[e], NormalFromBits(RandomBits(all.seed, 5, e, all.step, 2),
                                                    RandomBits(all.seed, 5, e, all.step, 3)));
  }
  // A part of the elements draws the same numbers.
  for (const uint32_t first : {1u, 64u, 130u}) {
    Array part(Element::kF64, 40);
    Evaluate(Draw(Op::kNormal, Element::kF64, 5, 2), {all.seed, all.step, first}, {}, part);
    for (uint32_t i = 0; i < 40; ++i) EXPECT_EQ(part.bits(i), whole.bits(first + i));
  }
  // Any other coordinate gives other numbers.
  const auto first_of = [](uint64_t seed, uint64_t step, uint32_t stream, uint32_t draw) {
    Array one(Element::kU32, 1);
    Evaluate(Draw(Op::kRandom, Element::kU32, stream, draw), {seed, step, 0}, {}, one);
    return one.bits(0);
  };
  const std::set<Bits> distinct = {first_of(1, 2, 3, 4),
                                   first_of(5, 2, 3, 4),
                                   first_of(1, 5, 3, 4),
                                   first_of(1, 2, 5, 4),
                                   first_of(1, 2, 3, 5),
                                   first_of(1 + (uint64_t{1} << 32), 2, 3, 4),
                                   first_of(1, 2 + (uint64_t{1} << 32), 3, 4)};
  EXPECT_EQ(distinct.size(), 7u);
}

TEST(Evaluate, UniformOperandsServeEveryElement) {
  ir::Node add;
  add.op = Op::kAdd;
  Array a(Element::kF64, 5);
  for (size_t i = 0; i < 5; ++i) a.as<double>()[i] = static_cast<double>(i);
  const double one = 1;
  Array sum(Element::kF64, 5);
  Evaluate(add, {}, {a.view(), ArrayView{Element::kF64, &one, 1}}, sum);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(sum.as<double>()[i], static_cast<double>(i) + 1);
}

// The elements that an op's first operand may have.
std::vector<Element> ElementsOf(const ir::OpInfo& info) {
  const std::vector<Element> all(std::begin(ir::kElements), std::end(ir::kElements));
  std::vector<Element> taken;
  for (const Element e : all) {
    switch (info.rule) {
      case ir::TypeRule::kSame:
      case ir::TypeRule::kCompare:
        if (!ir::IsNumeric(e)) continue;
        break;
      case ir::TypeRule::kFloat:
        if (!ir::IsFloat(e)) continue;
        break;
      case ir::TypeRule::kInteger:
        if (!ir::IsInteger(e)) continue;
        break;
      case ir::TypeRule::kLogic:
        if (ir::IsFloat(e)) continue;
        break;
      case ir::TypeRule::kSelect:
      case ir::TypeRule::kConvert:
      case ir::TypeRule::kBitcast:
        break;
      case ir::TypeRule::kLookup:
      case ir::TypeRule::kGather:
      case ir::TypeRule::kDeclared:
      case ir::TypeRule::kEffect:
        if (e != Element::kF64) continue;
        break;
    }
    taken.push_back(e);
  }
  return taken;
}

Element ResultElement(const ir::OpInfo& info, Element operand) {
  if (info.rule == ir::TypeRule::kCompare || info.op == Op::kBernoulli) return Element::kBool;
  if (info.op == Op::kStep) return Element::kU64;
  if (info.op == Op::kIndex || info.op == Op::kRandom) return Element::kU32;
  return operand;
}

// Engine ops, each used once by a program that spikes.
constexpr char kEngineOps[] = R"(program ops dt=1 seed=1
population a size=2
table three columns=[value] values=[3]
param a.b : f64 = 3 tunable
state a.V : f64[a] = 1 bounds=[-10, 10]
state a.s : f64[a] = 0
state a.k : f64[a] = 0
state a.shown : f64[a] = 4
state a.half : f64[a] = 0
state n : i64 = 0i64
state a.past : f64[a] = 0 history=2
state a.back : f64[a] = 0
state a.arrived : f64[a] = 0
state a.returned : f64[a] = 0
temp a.passes : u64[a]
input a.g : a scale=2^-20
input a.h : a scale=2^-20
input a.p : a scale=2^-20
input a.c : a scale=2^-20
input a.d : a scale=2^-20 decay=0.5 period=2 state=a.shown
reduction a.r : a
projection p : a -> a rule=all_to_all weight=0.25 delay=0
on_pre p {
  %0 = weight : f64[p]
  %1 = load_pre a.V : f64[p]
  %2 = load_post a.V : f64[p]
  %3 = fma %0, %1, %2 : f64[p]
  %4 = index_pre : u32[p]
  %5 = index_post : u32[p]
  %6 = sub %4, %4 : u32[p]
  %7 = sub %5, %5 : u32[p]
  %8 = add %6, %7 : u32[p]
  %9 = convert %8 : f64[p]
  %10 = add %3, %9 : f64[p]
  accumulate a.g, %10
  %11 = delay : i64[p]
  %12 = past a.past, %4, %11 : f64[p]
  %13 = gather a.V, %5 : f64[p]
  %14 = sub %13, %13 : f64[p]
  %15 = add %12, %14 : f64[p]
  accumulate_pre a.p, %15
  store_pre a.arrived, 1
}
on_step p {
  accumulate a.h, 0.5
}
on_step p sums=a.c {
  accumulate a.c, 0.5
}
on_post p delay=0 {
  accumulate a.h, 0.25
  store_post a.returned, 1
}
loop a.counts : a times=2 {
  %0 = pass : u64
  store a.passes, %0
  %1 = lt %0, 0u64 : bool
  until %1
}
step {
  run_sums a.c
  run_on_step p
  run a.counts
  %0 = take a.g : f64[a]
  %1 = param a.b : f64
  %2 = load a.V : f64[a]
  %3 = add %2, %0 : f64[a]
  check a.V, %3
  store a.s, %3
  store a.past, %2
  %4 = lookup three, 7i64, -1i64 : f64
  %5 = min %1, %4 : f64
  %6 = ge %5, 2 : bool
  spike a, %6
  %7 = count a : i64
  store n, %7
  reduce a.r, %3
  %8 = total a.r : f64
  store a.V, %8
  deliver
  %9 = take a.h : f64[a]
  store a.k, %9
  %13 = take a.p : f64[a]
  store a.back, %13
  %10 = held a.d : f64[a]
  %11 = scale a.d : f64
  %12 = mul %10, %11 : f64[a]
  store a.half, %12
  expect_sum true, %7, 1i64
  expect_difference true, %7, 1i64
  expect_product true, %7, 2i64
  expect_quotient true, %7, 2i64
  expect_float true, %7
  expect_integer true, %10, 1e18
}
)";

constexpr char kConnectOps[] = R"(program ops dt=1 seed=1
population a size=2
projection p : a -> a rule=bernoulli p=1 stream=1 weight=0.25 delay=[1, 2]
connect p {
  set_probability 0.5
  set_weight 2
  set_delay 1i64
}
step {
}
)";

TEST(Evaluate, EveryOpHasSemantics) {
  std::set<Op> met;
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!IsEvaluable(info.op)) continue;
    met.insert(info.op);
    for (const Element element : ElementsOf(info)) {
      ir::Node node;
      node.op = info.op;
      node.element = ResultElement(info, element);
      std::vector<Element> elements(static_cast<size_t>(info.arity), element);
      if (info.op == Op::kSelect) elements[0] = Element::kBool;
      const std::vector<Bits> operands(static_cast<size_t>(info.arity), 0);
      Fold(node, elements, operands);  // ends the process when it has none
    }
  }
  const ir::Program program = ParseProgram(kEngineOps);
  // Connect blocks are run by Connectivity, and tested with it.
  const ir::Program connecting = ParseProgram(kConnectOps);
  for (const ir::Node& node : connecting.connect[0].nodes) met.insert(node.op);
  for (const ir::Block& block : program.synaptic) {
    for (const ir::Node& node : block.nodes) met.insert(node.op);
  }
  for (const ir::Node& node : program.loops[0].nodes) met.insert(node.op);
  for (const ir::Node& node : program.step[0].nodes) met.insert(node.op);
  for (const ir::OpInfo& info : ir::AllOps()) {
    EXPECT_TRUE(met.contains(info.op)) << "no semantics for the op '" << info.name << "'";
  }
}

TEST(Evaluate, EngineOpsByHand) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(kEngineOps));
  ASSERT_TRUE(run->Step().ok());
  // Nothing arrives; V = 1 on both, so that the total is 2.
  EXPECT_EQ(F64At(*run, "a.s"), 1);
  EXPECT_EQ(F64At(*run, "a.V"), 2);
  EXPECT_EQ(run->State(*run->program().FindState("n")).bits(0), Bits{2});
  EXPECT_EQ(Spikes(*run), (std::vector<uint32_t>{0, 1}));
  // Two synapses add 0.5 each in every step, and 0.25 where their target spikes.
  EXPECT_EQ(F64At(*run, "a.k"), 1.5);
  EXPECT_EQ(F64At(*run, "a.half"), 2);
  EXPECT_EQ(F64At(*run, "a.shown"), 2);
  // Two synapses bring 0.25*2 + 2 each to V = 2.
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "a.s", 1), 7);
  EXPECT_EQ(F64At(*run, "a.V", 0), 14);
  // Two synapses bring back the V = 1 with which the step before began.
  EXPECT_EQ(F64At(*run, "a.back"), 2);
  // Below the threshold of 2 the parameter silences both; 14 + 2*(0.25*14 + 14) is out of bounds.
  ASSERT_TRUE(run->SetParam(0, F(1)).ok());
  const absl::Status fault = run->Step();
  EXPECT_EQ(fault.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(F64At(*run, "a.s"), 49);
  EXPECT_EQ(F64At(*run, "a.k"), 1);
  EXPECT_TRUE(Spikes(*run).empty());
}

}  // namespace
}  // namespace bnsyn::reference
