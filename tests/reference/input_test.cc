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
  EXPECT_EQ(ToQuanta(0x1.8p100, -3), Quanta(3) << 102);
  EXPECT_EQ(ToQuanta(1e300, -40), Quanta(1) << 126);
  EXPECT_EQ(ToQuanta(-std::numeric_limits<double>::infinity(), -40), -(Quanta(1) << 126));
  EXPECT_GT(ToQuanta(std::numeric_limits<double>::quiet_NaN(), -40),
            LimitsOf({.wide = true}).contribution);
}

TEST(Input, R6_LimitsAreThoseOfTheRule) {
  const auto power = [](int exponent) { return Quanta(1) << exponent; };
  const SumLimits narrow = LimitsOf({});
  EXPECT_EQ(narrow.contribution, power(62) - 1);
  EXPECT_EQ(narrow.unknown, power(40));
  EXPECT_EQ(narrow.sum, power(62) - 1);
  EXPECT_EQ(narrow.possible, power(62) - 1 + power(62));
  EXPECT_TRUE(narrow.Holds(-power(62)));
  EXPECT_FALSE(narrow.Holds(-power(62) - 1));
  EXPECT_FALSE(narrow.Holds(power(62)));
  EXPECT_EQ(LimitsOf({.limit_log2 = 50}).unknown, power(50));
  const SumLimits wide = LimitsOf({.wide = true});
  EXPECT_EQ(wide.contribution, power(125));
  EXPECT_EQ(wide.unknown, power(104));
  EXPECT_EQ(wide.sum, power(126) - 1);
  EXPECT_EQ(wide.possible, power(126) - 1 + power(126));
}

TEST(Input, R6_SumsOf64BitsRoundOnce) {
  EXPECT_EQ(FromQuanta(-3, 2), -12);
  EXPECT_EQ(FromQuanta((int64_t{1} << 51) - 1, -40), std::ldexp(0x1p51 - 1, -40));
  EXPECT_EQ(FromQuanta((int64_t{1} << 53) + 1, 0), 0x1p53);      // to even
  EXPECT_EQ(FromQuanta((int64_t{1} << 53) + 3, 0), 0x1p53 + 4);  // to even
  EXPECT_EQ(FromQuanta(-(int64_t{1} << 62), -62), -1);
  std::mt19937_64 random(3);
  for (int i = 0; i < 10000; ++i) {
    const int64_t sum = static_cast<int64_t>(random()) >> (1 + random() % 62);
    EXPECT_EQ(FromQuanta(sum, -7), static_cast<double>(sum) * 0x1p-7) << sum;
  }
}

// The exact value of a sum, to more bits than it has.
long double Exact(Quanta sum) {
  const auto high = static_cast<int64_t>(sum >> 64);
  return std::ldexp(static_cast<long double>(high), 64) +
         static_cast<long double>(absl::Int128Low64(sum));
}

TEST(Input, R6_WideSumsAreWithinOneAndAHalfUlp) {
  EXPECT_EQ(FromQuanta(Quanta(1) << 100, -100), 1);
  EXPECT_EQ(FromQuanta(-(Quanta(1) << 126), -64), -0x1p62);
  EXPECT_EQ(FromQuanta((Quanta(1) << 64) - 1, 0), 0x1p64);
  EXPECT_EQ(FromQuanta((Quanta(1) << 64) - (1 << 11), 0), 0x1p64 - 0x1p11);
  EXPECT_EQ(FromQuanta(-(Quanta(1) << 63) - 1, 0), -0x1p63);
  std::mt19937_64 random(4);
  for (int i = 0; i < 100000; ++i) {
    Quanta sum = absl::MakeInt128(static_cast<int64_t>(random()), random());
    sum >>= static_cast<int>(1 + random() % 126);
    // Near a carry between the halves as well.
    if (i % 4 == 0) sum = (Quanta(1) << static_cast<int>(60 + random() % 60)) - (sum & 0xfffff);
    if (sum == 0) continue;
    const double value = FromQuanta(sum, 0);
    const double ulp = std::nextafter(std::fabs(value), HUGE_VAL) - std::fabs(value);
    // long double has 64 bits: its own error is a thousandth of an ulp.
    EXPECT_LE(std::fabs(static_cast<long double>(value) - Exact(sum)), 1.5L * ulp)
        << static_cast<int64_t>(sum >> 64) << " " << absl::Int128Low64(sum);
  }
}

TEST(Input, R6_ContributionsAreCoarseBeyond24Bits) {
  EXPECT_FALSE(IsCoarse(0, -40));
  EXPECT_FALSE(IsCoarse(1, -40));
  EXPECT_FALSE(IsCoarse(-0.25, -2));  // exact, however few quanta
  EXPECT_TRUE(IsCoarse(0.25, 0));
  EXPECT_EQ(RelativeError(0.25, 0), 1);  // becomes 0
  EXPECT_TRUE(IsCoarse(1.25, 0));
  EXPECT_EQ(RelativeError(1.25, 0), 0.2);
  EXPECT_TRUE(IsCoarse(0x1p22 + 0.5, 0));
  EXPECT_FALSE(IsCoarse(0x1p23 + 0.5, 0));
  EXPECT_TRUE(IsCoarse(1e-320, 40));  // too small even for a fraction of a quantum
  EXPECT_FALSE(IsCoarse(std::numeric_limits<double>::quiet_NaN(), -40));
  EXPECT_FALSE(IsCoarse(HUGE_VAL, -40));

  CoarseTally tally;
  for (const double value : {1.0, -1.25, 0.25, -0.375, 0.0}) tally.Count(value, 0);
  EXPECT_EQ(tally, (CoarseTally{3, 1, 0.375}));
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
  std::vector<Quanta> expected(10);
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
  EXPECT_TRUE(Interpreter::Create(Many(1023, 52), Propagation::kCsr).ok());
  for (const Propagation kind : {Propagation::kCsr, Propagation::kDense}) {
    const auto sum = Interpreter::Create(Many(1025, 52), kind);
    EXPECT_EQ(sum.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(sum.status().message(),
              "projection p: the sum of what may arrive in one step at input b.g of element 0 "
              "reaches 4194304, but its resolution of 9.094947017729282e-13 allows at most "
              "4194304; a coarser resolution allows "
              "more");
    const auto one = Interpreter::Create(Many(1, 63), kind);
    EXPECT_EQ(one.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(one.status().message(),
              "projection p: what one synapse adds to input b.g of element 0 reaches 8388608, but "
              "its resolution of 9.094947017729282e-13 allows at most 4194304; a coarser "
              "resolution allows more");
  }
  // Signs do not help: half of the spikes may come alone.
  ir::Program mixed = Many(3000, 51);
  std::vector<double> pre, post, weight;
  for (int i = 0; i < 3000; ++i) {
    pre.push_back(i);
    post.push_back(0);
    weight.push_back(i % 2 == 0 ? 2048 : -2048);
  }
  UseList(mixed, 0, pre, post, weight);
  EXPECT_FALSE(Interpreter::Create(mixed, Propagation::kCsr).ok());
}

constexpr char kDynamic[] = R"(program dynamic dt=0.5 seed=1
population a size=7
population b size=3
state a.x : f64[a] = 1
input b.g : b scale=2^-60 limit=2^60
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
  ASSERT_TRUE(run->InjectSpikes(0, {0, 1, 2}).ok());
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "b.got", 2), 3);

  ASSERT_TRUE(run->InjectSpikes(0, {0, 1, 2, 3, 4}).ok());
  const absl::Status sum = run->Step();
  EXPECT_EQ(sum.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(
      sum.message(),
      "input b.g of element 0 of population b summed to 5 in step 1 (from t = 0.5 ms): "
      "its resolution of 8.673617379884035e-19 allows at most 4; a coarser resolution allows more");

  ASSERT_TRUE(run->SetState(0, 6, ir::BitsOfF64(1.5)).ok());
  ASSERT_TRUE(run->InjectSpikes(0, {6}).ok());
  const absl::Status one = run->Step();
  EXPECT_EQ(one.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(
      one.message(),
      "input b.g of element 0 of population b was to receive 1.5 in step 2 (from t = 1 ms): "
      "its resolution of 8.673617379884035e-19 allows at most 1; a coarser resolution allows more, "
      "and so do bounds of what the contribution is computed from");
  ASSERT_TRUE(run->SetState(0, 6, ir::BitsOfF64(std::nan(""))).ok());
  ASSERT_TRUE(run->InjectSpikes(0, {6}).ok());
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
  EXPECT_EQ(error({{1, 1}, {0, 0}, {1, -6e6}}),
            "ev.csv: row 2: input b.g would receive -6e+06, but its resolution of "
            "9.094947017729282e-13 allows at most "
            "4194304; a coarser resolution allows more");
  EXPECT_EQ(
      error({std::vector<double>(5, 5), std::vector<double>(5, 3), std::vector<double>(5, -1e6)}),
      "ev.csv: row 5: input b.g would receive 5e+06, but its resolution of 9.094947017729282e-13 "
      "allows at most "
      "4194304; a coarser resolution allows more");
}

// Events and synapses meet in one sum.
TEST(Input, R6_EventsAreProvedTogetherWithSynapses) {
  ir::Program program = Many(1, 61);
  const auto create = [&](double value, size_t declarations) {
    ir::Program with = program;
    const ir::TableId table =
        AddTable(with, "ev", {"step", "index", "value"}, {{1, 9}, {0, 0}, {value, value}});
    for (size_t i = 0; i < declarations; ++i) {
      with.events.push_back({absl::StrCat("ext", i), 0, table});
    }
    return Interpreter::Create(with, Propagation::kCsr).status();
  };
  EXPECT_TRUE(create(0x1p20, 1).ok());
  EXPECT_EQ(create(0x1p20, 2).message(),
            "projection p: the sum of what may arrive in one step at input b.g of element 0 "
            "reaches 4194304, but its resolution of 9.094947017729282e-13 allows at most 4194304; "
            "a coarser resolution allows "
            "more");
  EXPECT_EQ(create(0x1p20, 4).message(),
            "the sum of the events of one step at input b.g of element 0 reaches 4194304, but its "
            "resolution of 9.094947017729282e-13 allows at most 4194304; a coarser resolution "
            "allows more");
}

TEST(Input, R6_FewerSynapsesMayComputeTheMoreEachMayAdd) {
  ir::Program program = ParseProgram(kDynamic);
  program.populations[0].size = 8;
  EXPECT_EQ(Interpreter::Create(program, Propagation::kCsr).status().message(),
            "projection p: so many synapses meet at input b.g of element 0 that its sum might "
            "overflow: what they compute while running may be 1 each; bounds of the variables that it "
            "is computed from, as in bounds = { w = [low, high] }, leave room for more synapses");
  program.inputs[0].accumulator.limit_log2 = 59;
  EXPECT_TRUE(Interpreter::Create(program, Propagation::kCsr).ok());
}

// 1e12 and 1e-12 meet, with 2^-24 of each, in any order, and what cancels leaves the rest.
TEST(Input, R6_WideSumsKeepTheSmallBesideTheLarge) {
  for (const bool computed : {false, true}) {
    ir::Program program = ParseProgram(absl::StrCat(R"(program wide dt=1 seed=1
population a size=6
population b size=1
table t columns=[x] values=[1e12, 1e-12, -1e12, 3e-12, 0.5, -2.5e-13]
state a.x : f64[a] = t.x
input b.g : b scale=2^-64 wide
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
)"));
    const std::vector<double> values = {1e12, 1e-12, -1e12, 3e-12, 0.5, -2.5e-13};
    if (!computed) {
      program.synaptic[0].nodes[0] = {};
      program.synaptic[0].nodes[0].op = ir::Op::kWeight;
      program.synaptic[0].nodes[0].domain = program.projections[0].domain;
      UseList(program, 0, {0, 1, 2, 3, 4, 5}, {0, 0, 0, 0, 0, 0}, values);
    }
    const std::unique_ptr<Interpreter> run = Start(program);
    const auto sum_of = [&](const std::vector<uint32_t>& spikes) {
      EXPECT_TRUE(run->InjectSpikes(0, spikes).ok());
      const absl::Status status = run->Step();
      EXPECT_TRUE(status.ok()) << status;
      return F64At(*run, "b.got");
    };
    for (uint32_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(sum_of({i}) / values[i], 1, 0x1p-24) << values[i];
    }
    EXPECT_NEAR(sum_of({0, 1, 2}) / 1e-12, 1, 0x1p-24);
    EXPECT_NEAR(sum_of({0, 1, 2, 3, 5}) / 3.75e-12, 1, 0x1p-24);
    EXPECT_EQ(sum_of({0, 4}), 1e12 + 0.5);
    EXPECT_TRUE(run->Coarse().empty());
    if (!computed) continue;
    // A wide input has limits as well, which may be higher.
    ASSERT_TRUE(run->SetState(0, 0, ir::BitsOfF64(0x1p40)).ok());
    EXPECT_EQ(sum_of({0}), 0x1p40);
    ASSERT_TRUE(run->SetState(0, 0, ir::BitsOfF64(0x1.1p40)).ok());
    ASSERT_TRUE(run->InjectSpikes(0, {0}).ok());
    EXPECT_EQ(run->Step().message(),
              "input b.g of element 0 of population b was to receive 1168231104512 in step 10 "
              "(from t = 10 ms): its resolution of 5.421010862427522e-20 allows at most "
              "1099511627776; a coarser resolution allows more, and so do bounds of what the "
              "contribution is computed from");
    program.inputs[0].accumulator.limit_log2 = 124;
    const std::unique_ptr<Interpreter> higher = Start(program);
    ASSERT_TRUE(higher->SetState(0, 0, ir::BitsOfF64(-0x1p60)).ok());
    ASSERT_TRUE(higher->InjectSpikes(0, {0}).ok());
    ASSERT_TRUE(higher->Step().ok());
    EXPECT_EQ(F64At(*higher, "b.got"), -0x1p60);
  }
}

// Two of three weights are no whole number of quanta, and one contribution is computed.
constexpr char kCoarse[] = R"(program coarse dt=1 seed=1
population a size=3
population b size=1
state a.x : f64[a] = 0.75
input b.g : b scale=2^0
input b.h : b scale=2^0
state b.got : f64[b] = 0
projection p : a -> b rule=all_to_all weight=1 delay=1
on_pre p {
  %0 = weight : f64[p]
  accumulate b.g, %0
  %1 = load_pre a.x : f64[p]
  accumulate b.h, %1
}
step {
  %0 = take b.g : f64[b]
  %1 = take b.h : f64[b]
  %2 = add %0, %1 : f64[b]
  store b.got, %2
}
)";

TEST(Input, R6_CoarseContributionsAreCounted) {
  ir::Program program = ParseProgram(kCoarse);
  UseList(program, 0, {0, 1, 2}, {0, 0, 0}, {7, 0.25, -0.375});
  const ir::TableId table = AddTable(program, "ev", {"step", "index", "value"}, {{1}, {0}, {2.5}});
  program.events.push_back({"ext", 0, table});
  const std::unique_ptr<Interpreter> run = Start(program);
  using Kind = CoarseSource::Kind;
  CoarseTallies expected = {{{Kind::kProjection, 0, 0}, {2, 1, 0.375}},
                            {{Kind::kEvents, 0, 0}, {1, 0.2, 2.5}}};
  EXPECT_EQ(run->Coarse(), expected);
  ASSERT_TRUE(run->SetState(0, 1, ir::BitsOfF64(1e300)).ok());
  for (int step = 0; step < 3; ++step) {
    ASSERT_TRUE(run->InjectSpikes(0, {0, 2}).ok());
    ASSERT_TRUE(run->Step().ok());
  }
  expected[{Kind::kProjection, 0, 1}] = {6, 0.25 / 0.75, 0.75};
  EXPECT_EQ(run->Coarse(), expected);
  // What is not added is not counted.
  ASSERT_TRUE(run->InjectSpikes(0, {1}).ok());
  EXPECT_FALSE(run->Step().ok());
  EXPECT_EQ(run->Coarse(), expected);
}

TEST(Input, R6_CoarseContributionsAreErrorsWhereSumsAreStrict) {
  ir::Program program = ParseProgram(kCoarse);
  program.strict_sums = true;
  const std::unique_ptr<Interpreter> run = Start(program);
  ASSERT_TRUE(run->Step().ok());
  ASSERT_TRUE(run->InjectSpikes(0, {0}).ok());
  EXPECT_EQ(run->Step().message(),
            "input b.h of element 0 of population b was to receive 0.75 in step 1 (from t = 1 "
            "ms): its sums are multiples of 1, so that precision = \"strict\" refuses it; a finer "
            "resolution of the input, or bounds of what the contribution is computed from, help");
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
