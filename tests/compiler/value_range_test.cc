// Ranges contain the values that are computed, for random blocks.
#include "compiler/analysis/value_range.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ir/builder.h"
#include "ir/text.h"
#include "reference/evaluate.h"
#include "reference/functions.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::Op;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Ops {
  size_t arity;
  std::vector<Op> ops;
};
const std::vector<Ops>& FloatOps() {
  static const auto* const all = [] {
    auto* const ops = new std::vector<Ops>{
        {1, {Op::kNeg, Op::kAbs, Op::kSqrt, Op::kFloor, Op::kCeil, Op::kRint}},
        {2,
         {Op::kAdd, Op::kSub, Op::kMul, Op::kDiv, Op::kMin, Op::kMax, Op::kPow, Op::kAtan2,
          Op::kHypot}},
        {3, {Op::kFma}},
    };
    for (const ir::FunctionInfo& f : ir::AllFunctions()) (*ops)[0].ops.push_back(f.op);
    return ops;
  }();
  return *all;
}

// A random block over three states, and its values for any values of these.
class Sample {
 public:
  explicit Sample(uint64_t seed) : random_(seed), builder_(program_, block_) {
    block_.kind = ir::BlockKind::kInit;
    for (int s = 0; s < 3; ++s) {
      ir::State state;
      state.name = "s" + std::to_string(s);
      state.type = {Element::kF64, ir::DomainId::kNetwork};
      program_.states.push_back(state);
      double a = Number();
      double b = Below(3) == 0 ? a : Number();
      if (b < a) std::swap(a, b);
      states_.push_back({a, b});
    }
    sources_.states = states_;
    for (ir::StateId s = 0; s < 3; ++s) numbers_.push_back(builder_.Load(s));
    for (int n = 0; n < 12; ++n) AddNode();
  }

  void Check() {
    const std::vector<Range> ranges = FindRanges(program_, block_, sources_);
    std::vector<ir::Bits> bits;
    for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
      bits.push_back(Value(block_.nodes[id], bits));
      const Range& range = ranges[id];
      const double value = AsNumber(block_.nodes[id].element, bits.back());
      const bool inside =
          std::isnan(value) ? range.nan : value >= range.least && value <= range.greatest;
      ASSERT_TRUE(inside) << "node " << id << " is " << value << ", not in [" << range.least << ", "
                          << range.greatest << "] nan=" << range.nan << "\n"
                          << ir::PrintBlock(program_, block_);
      if (value == 0 || std::isnan(value)) continue;
      ASSERT_GE(std::fabs(value), range.nonzero()) << "node " << id << "\n"
                                                   << ir::PrintBlock(program_, block_);
    }
  }

 private:
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  double Number() {
    constexpr double kSpecial[] = {0, 1, -1, 0.5, 2, 1e-300, -1e300, 1e5, -3, 700};
    if (Below(3) == 0) return kSpecial[Below(std::size(kSpecial))];
    return std::uniform_real_distribution<double>(-4, 4)(random_);
  }
  ir::Value Any() {
    return Below(6) == 0 ? builder_.F64(Number()) : numbers_[Below(numbers_.size())];
  }

  void AddNode() {
    const size_t kind = Below(8);
    if (kind == 0) {
      const ir::Value truth = builder_.Emit(Op::kLt, {Any(), Any()});
      numbers_.push_back(builder_.Emit(Op::kSelect, {truth, Any(), Any()}));
    } else if (kind == 1) {
      const ir::Value whole =
          builder_.Convert(Any(), Below(2) == 0 ? Element::kI64 : Element::kU32);
      const ir::Value sum = builder_.Emit(Below(2) == 0 ? Op::kAdd : Op::kMul, {whole, whole});
      numbers_.push_back(builder_.Convert(sum, Element::kF64));
    } else if (kind == 2) {
      const ir::Value x = Any();
      numbers_.push_back(Below(2) == 0 ? builder_.Emit(Op::kMul, {x, x})
                                       : builder_.Emit(Op::kFma, {x, x, Any()}));
    } else if (kind == 3) {
      // x % y and periodic(x, y).
      const ir::Value x = Any();
      const double length = std::fabs(Number());
      const ir::Value y = builder_.F64(length);
      const bool floor = Below(2) == 0;
      const ir::Value turns =
          builder_.Emit(floor ? Op::kFloor : Op::kRint,
                        {floor ? builder_.Emit(Op::kDiv, {x, y})
                               : builder_.Emit(Op::kMul, {x, builder_.F64(1 / length)})});
      numbers_.push_back(floor ? builder_.Emit(Op::kFma, {builder_.Emit(Op::kNeg, {turns}), y, x})
                               : builder_.Emit(Op::kFma, {turns, builder_.F64(-length), x}));
    } else {
      const Ops& shape = FloatOps()[Below(FloatOps().size())];
      std::vector<ir::Value> operands;
      for (size_t i = 0; i < shape.arity; ++i) operands.push_back(Any());
      numbers_.push_back(builder_.Emit(shape.ops[Below(shape.ops.size())], operands));
    }
  }

  // The ends of a state's range are drawn more often than values within.
  double StateValue(const Range& range) {
    const size_t kind = Below(4);
    if (kind == 0) return range.least;
    if (kind == 1) return range.greatest;
    const double part = std::uniform_real_distribution<double>(0, 1)(random_);
    const double value = range.least * (1 - part) + range.greatest * part;
    return std::fmin(std::fmax(value, range.least), range.greatest);
  }

  ir::Bits Value(const ir::Node& node, const std::vector<ir::Bits>& bits) {
    if (node.op == Op::kLiteral) return node.attr;
    if (node.op == Op::kLoad) return ir::BitsOfF64(StateValue(sources_.states[node.attr]));
    std::vector<Element> elements;
    std::vector<ir::Bits> operands;
    for (const ir::NodeId operand : node.inputs()) {
      elements.push_back(block_.nodes[operand].element);
      operands.push_back(bits[operand]);
    }
    return reference::Fold(node, elements, operands);
  }

  static double AsNumber(Element element, ir::Bits bits) {
    if (element == Element::kF64) return ir::F64OfBits(bits);
    if (element == Element::kI64) return static_cast<double>(static_cast<int64_t>(bits));
    return static_cast<double>(bits);
  }

  std::mt19937_64 random_;
  ir::Program program_;
  ir::Block block_;
  ir::Builder builder_;
  std::vector<Range> states_;
  RangeSources sources_;
  std::vector<ir::Value> numbers_;
};

TEST(ValueRange, ContainsEveryComputedValue) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Sample sample(seed);
    for (int i = 0; i < 8; ++i) {
      sample.Check();
      if (HasFatalFailure()) FAIL() << "seed " << seed;
    }
  }
}

// The range of one expression over the states s0 in [-2, 3] and s1 in [0.5, 4].
Range Of(const std::string& nodes) {
  const absl::StatusOr<ir::Program> program = ir::Parse(
      "program p dt=0.1 seed=1\npopulation a size=5\nstate s0 : f64 = 0\nstate s1 : f64 = 0\n"
      "param fixed : f64 = 2.5\nparam turned : f64 = 2.5 tunable\n"
      "init {\n  %0 = load s0 : f64\n  %1 = load s1 : f64\n" +
          nodes + "}\n",
      "test");
  EXPECT_TRUE(program.ok()) << program.status().message();
  if (!program.ok()) return {};
  const std::vector<Range> states = {{-2, 3}, {0.5, 4}};
  return FindRanges(*program, *program->init, {.states = states}).back();
}

TEST(ValueRange, IsTightWhereItMatters) {
  const auto expect = [](const Range& range, double least, double greatest) {
    EXPECT_EQ(range.least, least);
    EXPECT_EQ(range.greatest, greatest);
    EXPECT_FALSE(range.nan);
  };
  expect(Of("  %2 = mul %0, %0 : f64\n"), 0, 9);
  expect(Of("  %2 = fma %0, %0, %1 : f64\n"), 0.5, 13);
  expect(Of("  %2 = mul %0, %1 : f64\n"), -8, 12);
  expect(Of("  %2 = div %0, %1 : f64\n"), -4, 6);
  expect(Of("  %2 = abs %0 : f64\n"), 0, 3);
  expect(Of("  %2 = max %0, 0 : f64\n  %3 = min %2, 1 : f64\n"), 0, 1);
  expect(Of("  %2 = sin %0 : f64\n"), -1, 1);
  expect(Of("  %2 = param fixed : f64\n"), 2.5, 2.5);
  expect(Of("  %2 = uniform stream=1 draw=0 : f64\n"), 0, 1 - 0x1p-53);
  expect(Of("  %2 = index : u32[a]\n"), 0, 4);
  expect(Of("  %2 = convert %0 : i64\n"), -2, 3);
  // Remainders, except for the rounding of the quotient.
  const Range left =
      Of("  %2 = mul %0, 100 : f64\n  %3 = div %2, 7 : f64\n  %4 = floor %3 : f64\n"
         "  %5 = neg %4 : f64\n  %6 = fma %5, 7, %2 : f64\n");
  EXPECT_NEAR(left.least, 0, 1e-12);
  EXPECT_NEAR(left.greatest, 7, 1e-12);
  const Range ring =
      Of("  %2 = mul %0, 0.5 : f64\n  %3 = rint %2 : f64\n  %4 = fma %3, -2, %0 : f64\n");
  EXPECT_NEAR(ring.least, -1, 1e-12);
  EXPECT_NEAR(ring.greatest, 1, 1e-12);
  // Values that may be anything.
  EXPECT_EQ(Of("  %2 = param turned : f64\n").greatest, kInfinity);
  EXPECT_TRUE(Of("  %2 = sqrt %0 : f64\n").nan);
  EXPECT_TRUE(Of("  %2 = div %1, %0 : f64\n").nan);
  EXPECT_FALSE(Of("  %2 = div %1, %0 : f64\n").bounded());
  // Functions, within 2 ulps of their ends.
  const Range exp = Of("  %2 = neg %1 : f64\n  %3 = exp %2 : f64\n");
  EXPECT_LE(exp.least, std::exp(-4.0));
  EXPECT_GE(exp.greatest, std::exp(-0.5));
  EXPECT_NEAR(exp.least, std::exp(-4.0), 1e-16);
  EXPECT_NEAR(exp.greatest, std::exp(-0.5), 1e-15);
}

TEST(ValueRange, KnowsHowSmallWhatIsNotZeroCanBe) {
  // s0 is in [-2, 3], and s1 in [0.5, 4].
  EXPECT_EQ(Of("").nonzero(), 0.5);
  EXPECT_EQ(Of("  %2 = mul %0, %1 : f64\n").nonzero(), 0);
  EXPECT_EQ(Of("  %2 = mul %1, %1 : f64\n").nonzero(), 0.25);
  EXPECT_EQ(Of("  %2 = floor %0 : f64\n  %3 = div %2, %1 : f64\n").nonzero(), 0.25);
  EXPECT_EQ(Of("  %2 = lt %0, %1 : bool\n  %3 = select %2, 0.7, 0 : f64\n").nonzero(), 0.7);
  EXPECT_EQ(Of("  %2 = rint %0 : f64\n  %3 = min %2, %1 : f64\n").nonzero(), 0.5);
  EXPECT_EQ(Of("  %2 = convert %0 : i64\n  %3 = convert %2 : f64\n").nonzero(), 1);
  EXPECT_EQ(Of("  %2 = index : u32[a]\n").nonzero(), 1);
  EXPECT_EQ(Of("  %2 = fma %1, %1, 0 : f64\n").nonzero(), 0.25);
  EXPECT_EQ(Of("  %2 = add %1, %1 : f64\n").nonzero(), 1);
  EXPECT_EQ(Of("  %2 = sub %1, %1 : f64\n").nonzero(), 0);
  EXPECT_EQ(Of("  %2 = uniform stream=1 draw=0 : f64\n  %3 = mul %2, %1 : f64\n").nonzero(),
            0x1p-21);
  EXPECT_TRUE(std::isinf(Of("  %2 = mul %0, 0 : f64\n").nonzero()));
}

TEST(ValueRange, DrawsAreBounded) {
  const Range normal = Of("  %2 = normal stream=1 draw=0 : f64\n");
  const Range exponential = Of("  %2 = exponential stream=1 draw=0 : f64\n");
  EXPECT_LT(normal.greatest, 6.77);
  EXPECT_EQ(normal.least, -normal.greatest);
  EXPECT_LT(exponential.greatest, 36.8);
  EXPECT_EQ(exponential.least, 0);
  std::mt19937 random(1);
  for (int n = 0; n < 20000; ++n) {
    // The ends of either word and of the two together, and anything between.
    const uint32_t a = n < 1000 ? static_cast<uint32_t>(n) : static_cast<uint32_t>(random());
    const uint32_t b = n % 3 == 0 ? static_cast<uint32_t>(n / 3) : static_cast<uint32_t>(random());
    for (const uint32_t first : {a, ~a}) {
      for (const uint32_t second : {b, ~b}) {
        EXPECT_LE(std::fabs(reference::NormalFromBits(first, second)), normal.greatest);
        EXPECT_LE(reference::ExponentialFromBits(first, second), exponential.greatest);
        EXPECT_GE(reference::ExponentialFromBits(first, second), 0);
      }
    }
  }
}

TEST(ValueRange, OfStatesBeforeStepZero) {
  const absl::StatusOr<ir::Program> program = ir::Parse(R"(program p dt=0.1 seed=1
population a size=4
table t columns=[x, y] values=[1, 10, -3, 20, 2, 30, 0, 40]
state a.fixed : f64[a] = -65
state a.listed : f64[a] = t.x
state a.drawn : f64[a] = 0
state a.twice : f64[a] = 0
init {
  %0 = uniform stream=1 draw=0 : f64[a]
  %1 = fma %0, 4, -1 : f64[a]
  store a.drawn, %1
  %2 = load a.drawn : f64[a]
  %3 = mul %2, %2 : f64[a]
  store a.twice, %3
}
)",
                                                        "test");
  ASSERT_TRUE(program.ok()) << program.status().message();
  const std::vector<Range> ranges = InitialRanges(*program);
  EXPECT_EQ(ranges[0].least, -65);
  EXPECT_EQ(ranges[0].greatest, -65);
  EXPECT_EQ(ranges[1].least, -3);
  EXPECT_EQ(ranges[1].greatest, 2);
  EXPECT_EQ(ranges[2].least, -1);
  EXPECT_NEAR(ranges[2].greatest, 3, 1e-15);
  EXPECT_EQ(ranges[3].least, 0);
  EXPECT_NEAR(ranges[3].greatest, 9, 1e-14);
}

}  // namespace
}  // namespace bnsyn::compiler
