// expand_math: the plain ops give the bits of the oracle's functions, on any argument.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "compiler/schedule/plan_rows.h"
#include "ir/builder.h"
#include "ir/text.h"
#include "reference/evaluate.h"
#include "reference/functions.h"
#include "tests/compiler/pass_testing.h"

namespace bnsyn::compiler::testing {
namespace {

using ir::Element;
using ir::Op;

constexpr uint32_t kElements = 4096;

// A population with states a and b of operands and r of the result, whose step computes `op`.
ir::Program OneNode(Op op, Element element, Element result, std::optional<double> literal = {}) {
  ir::Program program;
  program.name = "one";
  program.seed = 7;
  const ir::PopulationId population = program.AddPopulation("p", kElements);
  const ir::DomainId domain = program.populations[population].domain;
  for (const char* name : {"p.a", "p.b", "p.r"}) {
    ir::State& state = program.states.emplace_back();
    state.name = name;
    state.type = {program.states.size() < 3 ? element : result, domain};
  }
  ir::Block block;
  ir::Builder builder(program, block);
  std::vector<ir::Value> operands;
  for (int i = 0; i < ir::Info(op).arity; ++i) {
    operands.push_back(literal ? builder.F64(*literal) : builder.Load(static_cast<ir::StateId>(i)));
  }
  const uint64_t attr = ir::IsDraw(op) ? ir::StreamAttr(5, 0) : 0;
  builder.Store(2, builder.Emit(op, {result, domain}, operands, attr));
  program.step.push_back(block);
  return program;
}

// The value the step stores, node by node through the oracle's ops.
reference::Array Run(const ir::Program& program, const std::vector<reference::Array>& states) {
  const ir::Block& block = program.step[0];
  const reference::EvaluationPoint point = {.seed = program.seed, .step = 3, .first_element = 0};
  std::vector<reference::Array> values;
  for (const ir::Node& node : block.nodes) {
    if (node.op == Op::kStore) {
      reference::Array stored(program.states[2].type.element, kElements);
      const reference::Array& value = values[node.operands[0]];
      for (size_t i = 0; i < kElements; ++i) stored.set_bits(i, value.bits(i % value.size()));
      return stored;
    }
    if (node.op == Op::kLoad) {
      values.push_back(states[node.attr]);
      continue;
    }
    std::vector<reference::ArrayView> operands;
    for (const ir::NodeId operand : node.inputs()) operands.push_back(values[operand].view());
    reference::Array value(node.element, node.type().uniform() ? 1 : kElements);
    if (node.op == Op::kLiteral) {
      value.set_bits(0, node.attr);
    } else {
      reference::Evaluate(node, point, operands, value);
    }
    values.push_back(std::move(value));
  }
  ADD_FAILURE() << "nothing is stored";
  return reference::Array(program.states[2].type.element, kElements);
}

bool Same(Element element, ir::Bits a, ir::Bits b) {
  if (a == b) return true;
  if (element == Element::kF64) return std::isnan(ir::F64OfBits(a)) && std::isnan(ir::F64OfBits(b));
  return element == Element::kF32 && std::isnan(ir::F32OfBits(a)) && std::isnan(ir::F32OfBits(b));
}

// Runs a program as it is and expanded, and compares every element.
void ExpectSameBits(const ir::Program& program, const std::vector<reference::Array>& states) {
  const absl::StatusOr<ir::Program> expanded = RunAlone(PassNamed("expand_math"), program);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  const reference::Array want = Run(program, states);
  const reference::Array got = Run(*expanded, states);
  int shown = 0;
  for (size_t i = 0; i < kElements && shown < 3; ++i) {
    if (Same(want.element(), want.bits(i), got.bits(i))) continue;
    ++shown;
    ADD_FAILURE() << ir::PrintBlock(program, program.step[0]) << "of "
                  << ir::PrintLiteral(states[0].element(), states[0].bits(i)) << " and "
                  << ir::PrintLiteral(states[1].element(), states[1].bits(i)) << ": want "
                  << ir::PrintLiteral(want.element(), want.bits(i)) << ", got "
                  << ir::PrintLiteral(got.element(), got.bits(i));
  }
}

// Operands: any bits, then moderate numbers, then special ones.
std::vector<reference::Array> Operands(Element element, uint64_t seed) {
  constexpr double kSpecial[] = {0.0,   -0.0, 1.0,   -1.0,     0.5,       -0.5,   2.0,
                                 3.0,   -3.0, 1e22,  -745.2,   709.8,     -708.5, 5e-324,
                                 1e308, 40.0, -40.0, INFINITY, -INFINITY, NAN,    0x1p-1022};
  constexpr size_t kSpecials = std::size(kSpecial);
  std::mt19937_64 random(seed);
  std::vector<reference::Array> states(2, reference::Array(element, kElements));
  const auto bits_of = [&](double x) {
    return element == Element::kF64 ? ir::BitsOfF64(x) : ir::BitsOfF32(static_cast<float>(x));
  };
  for (size_t i = 0; i < kElements; ++i) {
    for (reference::Array& state : states) {
      const uint64_t bits = random();
      const double moderate = (static_cast<double>(bits >> 11) * 0x1p-53 - 0.5) * 80;
      const bool any = i % 2 == 0;
      state.set_bits(i, !any                       ? bits_of(moderate)
                        : element == Element::kF64 ? bits
                                                   : bits & 0xffffffff);
    }
    if (i >= kSpecials * kSpecials) continue;
    states[0].set_bits(i, bits_of(kSpecial[i / kSpecials]));
    states[1].set_bits(i, bits_of(kSpecial[i % kSpecials]));
  }
  return states;
}

TEST(ExpandMath, FunctionsGiveTheBitsOfTheOracle) {
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!ir::IsFunction(info.op)) continue;
    for (const Element element : {Element::kF64, Element::kF32}) {
      for (const uint64_t seed : {uint64_t{1}, uint64_t{2}, uint64_t{3}}) {
        ExpectSameBits(OneNode(info.op, element, element), Operands(element, seed));
      }
    }
  }
}

TEST(ExpandMath, DrawsGiveTheBitsOfTheOracle) {
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!ir::IsDraw(info.op)) continue;
    const Element result = info.op == Op::kBernoulli ? Element::kBool : Element::kF64;
    std::vector<reference::Array> states = Operands(Element::kF64, 4);
    for (size_t i = 0; i < kElements; ++i) {  // every second a probability
      if (i % 2 == 0) states[0].set_bits(i, ir::BitsOfF64(static_cast<double>(i) / kElements));
    }
    ExpectSameBits(OneNode(info.op, Element::kF64, result), states);
  }
}

TEST(ExpandMath, DrawsOfLiteralsGiveTheBitsOfTheOracle) {
  const std::vector<reference::Array> states = Operands(Element::kF64, 5);
  for (const double p :
       {0.0, -1.0, 0x1p-40, 0x1p-32, 1e-9, 0.02, 0.5, 1 - 0x1p-32, 1 - 0x1p-33, 1 - 0x1p-53, 1.0,
        2.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    ExpectSameBits(OneNode(Op::kBernoulli, Element::kF64, Element::kBool, p), states);
  }
  for (const double mean : {0.0, 1e-300, 1e-12, 1e-5, 0.2, 1.0, 3.7, 15.5, 16.0, 16.5, 300.0, 1e4,
                            1e6, 1000000.5, -0.1, static_cast<double>(NAN)}) {
    ExpectSameBits(OneNode(Op::kPoisson, Element::kF64, Element::kF64, mean), states);
  }
}

// The thresholds are met to the last bit, which random bits would not find.
TEST(ExpandMath, PoissonThresholdsAreExact) {
  for (const double mean : {1e-9, 0.2, 3.7, 11.0, 15.5}) {
    const auto expanded = RunAlone(PassNamed("expand_math"),
                                   OneNode(Op::kPoisson, Element::kF64, Element::kF64, mean));
    ASSERT_TRUE(expanded.ok()) << expanded.status();
    int sums = 0;  // far in the tail several counts may share a threshold, but each is added
    for (const ir::Node& node : expanded->step[0].nodes) {
      sums += node.op == Op::kAdd;
      if (node.op != Op::kGe) continue;
      const ir::Node& limit = expanded->step[0].nodes[node.operands[1]];
      const uint32_t bits = static_cast<uint32_t>(limit.attr) ^ 0x80000000;
      EXPECT_LT(reference::PoissonFromBits(mean, bits - 1, 0),
                reference::PoissonFromBits(mean, bits, 0))
          << "mean " << mean << " bits " << bits;
    }
    const double most = reference::PoissonFromBits(mean, 0xffffffff, 0);
    const double least = reference::PoissonFromBits(mean, 0, 0);
    EXPECT_GT(most, least);
    EXPECT_EQ(sums, least > 0 ? most - least : most - 1) << "mean " << mean;
  }
}

// How many comparisons a draw of that mean takes always, and how many only where some lane of a
// vector needs them.
std::pair<int, int> PoissonComparisons(double mean) {
  const auto expanded =
      RunAlone(PassNamed("expand_math"), OneNode(Op::kPoisson, Element::kF64, Element::kF64, mean));
  EXPECT_TRUE(expanded.ok()) << expanded.status();
  const ir::Block& block = expanded->step[0];
  const auto count = [&](const std::vector<PlannedNode>& nodes) {
    return static_cast<int>(std::count_if(nodes.begin(), nodes.end(), [&](const PlannedNode& node) {
      return block.nodes[node.id].op == Op::kGe;
    }));
  };
  const KernelGraph graph(*expanded, block);
  const KernelPlan plan = SinkArms(graph, {}, PlainPlan(graph));
  const std::vector<PlannedNode>& planned = plan.loops[0].nodes;
  int rare = 0;
  for (const PlannedNode& node : planned) {
    for (const ColdRegion& region : node.regions) rare += count(region.nodes);
  }
  return {count(planned), rare};
}

// The probability of more than k is below 1/200 from k = 6 on where the mean is 2, and so on; the
// first comparison of those decides about the others.
TEST(ExpandMath, HighPoissonCountsAreComparedRarely) {
  EXPECT_EQ(PoissonComparisons(2.0), std::make_pair(7, 9));
  EXPECT_EQ(PoissonComparisons(0.5), std::make_pair(4, 6));
  const auto [always, rare] = PoissonComparisons(15.0);
  EXPECT_LT(always, 30);
  EXPECT_GT(rare, 10);
}

TEST(ExpandMath, FewPoissonCountsAreComparedAlways) {
  EXPECT_EQ(PoissonComparisons(1e-5).second, 0);
  EXPECT_GT(PoissonComparisons(1e-5).first, 0);
}

// Means of all sizes, so that vectors need one arm, another, both or none.
TEST(ExpandMath, PoissonDrawsOfVaryingMeansGiveTheBitsOfTheOracle) {
  std::vector<reference::Array> states = Operands(Element::kF64, 6);
  constexpr double kMeans[] = {0,    -0.0, 1e-9,  0.3, 2,   7.5, 15, 16,   16.0001, 40,
                               1000, 1e6,  1.1e6, -1,  NAN, 0,   0,  0.01, 3e4,     9};
  for (const size_t run : {size_t{1}, size_t{9}}) {
    for (size_t i = 0; i < kElements; ++i) {
      states[0].set_bits(i, ir::BitsOfF64(kMeans[i / run % std::size(kMeans)]));
    }
    ExpectSameBits(OneNode(Op::kPoisson, Element::kF64, Element::kF64), states);
  }
}

// A mean of 0 needs neither random bits nor any arithmetic but comparisons.
TEST(ExpandMath, PoissonDrawsOfMeanZeroAreCold) {
  const auto expanded =
      RunAlone(PassNamed("expand_math"), OneNode(Op::kPoisson, Element::kF64, Element::kF64));
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_TRUE(CheckExpandMath(*expanded).ok());
  const ir::Block& block = expanded->step[0];
  const KernelGraph graph(*expanded, block);
  const KernelPlan plan = SinkArms(graph, {}, PlainPlan(graph));
  for (const PlannedNode& planned : plan.loops[0].nodes) {
    const Op op = block.nodes[planned.id].op;
    if (!planned.regions.empty()) continue;
    EXPECT_TRUE(op == Op::kLoad || op == Op::kGt || op == Op::kEq || op == Op::kSelect ||
                op == Op::kStore || op == Op::kLiteral)
        << ir::PrintNode(*expanded, block, planned.id);
  }
}

TEST(ExpandMath, CheckNamesTheNode) {
  const absl::Status status = CheckExpandMath(OneNode(Op::kTanh, Element::kF64, Element::kF64));
  EXPECT_EQ(status.message(), "'%1 = tanh %0 : f64[p]' is not written as plain ops");
  EXPECT_FALSE(CheckExpandMath(OneNode(Op::kPoisson, Element::kF64, Element::kF64, 2.0)).ok());
}

// A mean that is itself a draw of an impossible mean is known once that is expanded.
TEST(ExpandMath, DrawsOfImpossibleDrawsAreExpanded) {
  const auto parsed = ir::Parse(R"(program p dt=0.1 seed=1
population a size=4
state a.x : f64[a] = 0
step {
  %0 = poisson -1 stream=0 draw=0 : f64[a]
  %1 = poisson %0 stream=1 draw=0 : f64[a]
  store a.x, %1
}
)",
                                "test.ir");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const auto expanded = RunAlone(PassNamed("expand_math"), *parsed);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_TRUE(CheckExpandMath(*expanded).ok());
}

// What a step of a neuron costs hangs on these; a change must be meant.
TEST(ExpandMath, SequencesKeepTheirLength) {
  const auto length = [](Op op) {
    const auto expanded =
        RunAlone(PassNamed("expand_math"), OneNode(op, Element::kF64, Element::kF64));
    int ops = 0;
    for (const ir::Node& node : expanded->step[0].nodes) {
      ops += node.op != Op::kLiteral && node.op != Op::kBitcast && node.op != Op::kLoad &&
             node.op != Op::kStore;
    }
    return ops;
  };
  EXPECT_LE(length(Op::kExp), 24);
  EXPECT_LE(length(Op::kLog), 40);
  EXPECT_LE(length(Op::kLogistic), 52);
  EXPECT_LE(length(Op::kTanh), 53);
  EXPECT_LE(length(Op::kNormal), 53);
  EXPECT_LE(length(Op::kPow), 141);
  EXPECT_LE(length(Op::kSin), 209);
  EXPECT_LE(length(Op::kTan), 250);
  EXPECT_LE(length(Op::kAtan), 90);
  EXPECT_LE(length(Op::kAsin), 100);
  EXPECT_LE(length(Op::kAcos), 110);
  EXPECT_LE(length(Op::kSinh), 80);
  EXPECT_LE(length(Op::kLog10), 81);
  EXPECT_LE(length(Op::kLog2), 81);
  EXPECT_LE(length(Op::kExp2), 30);
  EXPECT_LE(length(Op::kCbrt), 130);
  EXPECT_LE(length(Op::kAtan2), 110);
  EXPECT_LE(length(Op::kHypot), 45);
}

}  // namespace
}  // namespace bnsyn::compiler::testing
