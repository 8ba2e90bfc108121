#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/accumulator.h"
#include "reference/input_proof.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

TEST(Input, R6_ContributionsRoundOnceToNearestEven) {
  EXPECT_EQ(ToQuanta(0.75, -1), 2);  // 1.5 to even
  EXPECT_EQ(ToQuanta(1.25, -1), 2);  // 2.5 to even
  EXPECT_EQ(ToQuanta(-1.25, -1), -2);
  EXPECT_EQ(ToQuanta(0.5, -33), int64_t{1} << 32);
  EXPECT_EQ(ToQuanta(100, 3), 12);
  EXPECT_EQ(ToQuanta(1e-320, -40), 0);
  EXPECT_EQ(ToQuanta(1e300, -40), int64_t{1} << 62);
  EXPECT_EQ(ToQuanta(-std::numeric_limits<double>::infinity(), -40), -(int64_t{1} << 62));
  EXPECT_GT(ToQuanta(std::numeric_limits<double>::quiet_NaN(), -40), kMaxContribution);
  EXPECT_EQ(FromQuanta(kMaxSum - 1, -40), std::ldexp(static_cast<double>(kMaxSum - 1), -40));
  EXPECT_EQ(FromQuanta(-3, 2), -12);
}

TEST(Input, R6_TheDefaultScalePutsTheLargestIn31Bits) {
  for (const double largest : {1.0, 0.5, 0.7, 1e-9, 123.456, 1 - 0x1p-53, 0x1p30, 3.0}) {
    const int scale = ScaleLog2For(largest);
    EXPECT_LT(ToQuanta(largest, scale), int64_t{1} << 31) << largest;
    EXPECT_GE(ToQuanta(largest, scale - 1), int64_t{1} << 31) << largest;
  }
  EXPECT_EQ(ScaleLog2For(1.0), -30);
  EXPECT_EQ(ScaleLog2For(1 - 0x1p-53), -30);  // rounds up to 2^31 quanta of 2^-31
}

constexpr char kSum[] = R"(program sum dt=1 seed=1
population a size=200
population b size=10
input b.g : b scale=2^-40
state b.got : f64[b] = 0
projection p : a -> b rule=all_to_all weight=1 delay=1
on_pre p {
  %0 = weight : f64[p]
  %1 = mul %0, 0.7 : f64[p]
  accumulate b.g, %1
}
step {
  %0 = take b.g : f64[b]
  store b.got, %0
}
)";

TEST(Input, R6_SumsAreProvenWhereAllThatIsAddedIsKnown) {
  const auto program = [](const std::string& added) {
    return ParseProgram(absl::StrCat("program p dt=1 seed=1\npopulation a size=3\n",
                                     "state a.x : f64[a] = 0\ninput a.g : a scale=2^-40\n",
                                     "projection e : a -> a rule=all_to_all weight=1 delay=1\n",
                                     "on_pre e {\n  %0 = ", added,
                                     " : f64[e]\n  accumulate a.g, %0\n}\nstep {\n",
                                     "  %0 = take a.g : f64[a]\n  store a.x, %0\n}\n"));
  };
  ir::Program known = program("weight");
  EXPECT_TRUE(SumsAreProven(known));
  known.events.emplace_back();
  EXPECT_FALSE(SumsAreProven(known));
  EXPECT_FALSE(SumsAreProven(program("load_pre a.x")));
}

TEST(Input, R6_OrderOfDeliveryIsFree) {
  // Weights over six decades, so that sums of doubles depend on the order.
  std::mt19937_64 random(1);
  struct Item {
    double pre, post, weight;
  };
  std::vector<Item> synapses;
  for (uint32_t i = 0; i < 2000; ++i) {
    const double weight = std::pow(10.0, static_cast<double>(random() % 6)) *
                          (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5) * 1e-3;
    synapses.push_back(
        {static_cast<double>(random() % 200), static_cast<double>(random() % 10), weight});
  }
  std::vector<uint32_t> all(200);
  for (uint32_t i = 0; i < 200; ++i) all[i] = i;

  std::vector<Digest> digests;
  std::vector<int64_t> expected(10);
  std::vector<double> plain_forward(10), plain_backward(10);
  for (const Item& s : synapses) {
    expected[static_cast<size_t>(s.post)] += ToQuanta(s.weight * 0.7, -30);
    plain_forward[static_cast<size_t>(s.post)] += s.weight * 0.7;
  }
  for (size_t i = synapses.size(); i-- > 0;) {
    plain_backward[static_cast<size_t>(synapses[i].post)] += synapses[i].weight * 0.7;
  }
  EXPECT_NE(plain_forward, plain_backward) << "the weights do not show what order does";
  for (int order = 0; order < 4; ++order) {
    std::shuffle(synapses.begin(), synapses.end(), random);
    std::vector<double> pre, post, weight;
    for (const Item& s : synapses) {
      pre.push_back(s.pre);
      post.push_back(s.post);
      weight.push_back(s.weight);
    }
    ir::Program program = ParseProgram(kSum);
    program.inputs[0].accumulator.scale_log2 = -30;
    UseList(program, 0, pre, post, weight);
    for (const Propagation kind : {Propagation::kCsr, Propagation::kDense}) {
      const std::unique_ptr<Interpreter> run = Start(program, kind);
      ASSERT_TRUE(run->InjectSpikes(0, all).ok());
      ASSERT_TRUE(run->Step().ok());
      for (size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(F64At(*run, "b.got", i), FromQuanta(expected[i], -30));
      }
      digests.push_back(run->ComputeDigest());
      EXPECT_EQ(digests.back(), digests.front());
    }
  }
}

// A sum of `n` contributions of 2^`exponent` quanta of 2^-40.
ir::Program Many(uint32_t n, int exponent) {
  ir::Program program = ParseProgram(kSum);
  program.populations[0].size = n;
  program.synaptic[0].nodes[1].attr = ir::BitsOfF64(1.0);  // in place of 0.7
  EXPECT_EQ(program.synaptic[0].nodes[1].op, ir::Op::kLiteral);
  program.projections[0].weight = std::ldexp(1.0, exponent - 40);
  return program;
}

TEST(Input, R6_StaticWeightsAreProvedNotToOverflow) {
  EXPECT_TRUE(Interpreter::Create(Many(2048, 40), Propagation::kCsr).ok());  // 2^51: the limit
  for (const Propagation kind : {Propagation::kCsr, Propagation::kDense}) {
    const auto sum = Interpreter::Create(Many(2049, 40), kind);
    EXPECT_EQ(sum.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(sum.status().message(),
              "projection p: the sum of what may arrive in one step at input b.g of element 0 "
              "reaches 2049, but its scale 2^-40 allows at most 2048; a larger scale allows "
              "more");
    const auto one = Interpreter::Create(Many(1, 41), kind);
    EXPECT_EQ(one.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(one.status().message(),
              "projection p: what one synapse adds to input b.g of element 0 reaches 2, but its "
              "scale 2^-40 allows at most 1; a larger scale allows more");
  }
  // Signs do not help: half of the spikes may come alone.
  ir::Program mixed = Many(3000, 40);
  std::vector<double> pre, post, weight;
  for (int i = 0; i < 3000; ++i) {
    pre.push_back(i);
    post.push_back(0);
    weight.push_back(i % 2 == 0 ? 1 : -1);
  }
  UseList(mixed, 0, pre, post, weight);
  EXPECT_FALSE(Interpreter::Create(mixed, Propagation::kCsr).ok());
}

constexpr char kDynamic[] = R"(program dynamic dt=0.5 seed=1
population a size=4096
population b size=3
state a.x : f64[a] = 1
input b.g : b scale=2^-40
state b.got : f64[b] = 0
projection p : a -> b rule=all_to_all weight=1 delay=1
on_pre p {
  %0 = load_pre a.x : f64[p]
  accumulate b.g, %0
}
step {
  %0 = take b.g : f64[b]
  store b.got, %0
}
)";

TEST(Input, R6_OverflowWhileRunningIsAnErrorThatNamesThePlace) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(kDynamic));
  std::vector<uint32_t> spikes(2048);
  for (uint32_t i = 0; i < 2048; ++i) spikes[i] = i;
  ASSERT_TRUE(run->InjectSpikes(0, spikes).ok());
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "b.got", 2), 2048);

  spikes.push_back(4000);
  ASSERT_TRUE(run->InjectSpikes(0, spikes).ok());
  const absl::Status sum = run->Step();
  EXPECT_EQ(sum.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(sum.message(),
            "input b.g of element 0 of population b summed to 2049 in step 1 (from t = 0.5 ms): "
            "its scale 2^-40 allows at most 2048; a larger scale allows more");

  ASSERT_TRUE(run->SetState(0, 77, ir::BitsOfF64(1.5)).ok());
  ASSERT_TRUE(run->InjectSpikes(0, {77}).ok());
  const absl::Status one = run->Step();
  EXPECT_EQ(one.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(one.message(),
            "input b.g of element 0 of population b was to receive 1.5 in step 2 (from t = 1 ms): "
            "its scale 2^-40 allows at most 1; a larger scale allows more");
  ASSERT_TRUE(run->SetState(0, 77, ir::BitsOfF64(std::nan(""))).ok());
  ASSERT_TRUE(run->InjectSpikes(0, {77}).ok());
  EXPECT_EQ(run->Step().code(), absl::StatusCode::kOutOfRange);
}

TEST(Input, R6_EventsOfFilesKeepTheLimits) {
  const auto error = [](std::vector<std::vector<double>> values) {
    ir::Program program = ParseProgram(kSum);
    const ir::TableId table =
        AddTable(program, "ev", {"step", "index", "value"}, std::move(values));
    program.events.push_back({"ext", 0, table});
    const auto interpreter = Interpreter::Create(program, Propagation::kCsr);
    EXPECT_EQ(interpreter.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(interpreter.status().message());
  };
  EXPECT_EQ(error({{1, 1}, {0, 0}, {1, -1.5}}),
            "ev.csv: row 2: input b.g would receive -1.5, but its scale 2^-40 allows at most 1; "
            "a larger scale allows more");
  EXPECT_EQ(error({std::vector<double>(2049, 5), std::vector<double>(2049, 3),
                   std::vector<double>(2049, -1)}),
            "ev.csv: row 2049: input b.g would receive 2049, but its scale 2^-40 allows at most "
            "2048; a larger scale allows more");
}

TEST(Input, R6_StaticContributionsDependOnTheWeightAlone) {
  ir::Program program = ParseProgram(R"(program terms dt=1 seed=1
population a size=2
state a.x : f64[a] = 1
param k : f64 = 3
param t : f64 = 3 tunable
input a.g : a scale=2^-20
projection p : a -> a rule=all_to_all weight=1 delay=1
on_pre p {
  %0 = weight : f64[p]
  %1 = param k : f64
  %2 = param t : f64
  %3 = load_post a.x : f64[p]
  %4 = fma %0, %1, 0.5 : f64[p]
  accumulate a.g, %4
  %5 = mul %0, %2 : f64[p]
  accumulate a.g, %5
  %6 = mul %0, %3 : f64[p]
  accumulate a.g, %6
}
step {
  %0 = take a.g : f64[a]
  store a.x, %0
}
)");
  std::vector<std::optional<double>> found;
  const ir::Block& block = program.synaptic[0];
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    if (block.nodes[id].op == ir::Op::kAccumulate) {
      found.push_back(StaticContribution(program, block, id, 2.0));
    }
  }
  // A tunable parameter may change, and a state does.
  EXPECT_EQ(found, (std::vector<std::optional<double>>{6.5, std::nullopt, std::nullopt}));
}

}  // namespace
}  // namespace bnsyn::reference
