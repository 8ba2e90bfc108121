// Decaying accumulators (R6).
#include "reference/accumulator.h"

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "reference/input_proof.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

AccumulatorArithmetic Decaying(double factor, uint32_t period, int scale_log2) {
  return AccumulatorArithmetic({.scale_log2 = scale_log2, .decay = factor, .period = period});
}

TEST(Decay, R6_QuantaLoseValueAndContributionsCountMore) {
  const AccumulatorArithmetic decay = Decaying(0.5, 4, -10);
  EXPECT_EQ(decay.period(), 4u);
  EXPECT_EQ(decay.PhaseOf(11), 3u);
  EXPECT_EQ(decay.Counted(7, 0), 7);
  EXPECT_EQ(decay.Counted(-7, 3), -56);
  EXPECT_EQ(decay.ScaleAfter(0), 0x1p-11);
  EXPECT_EQ(decay.ScaleAfter(3), 0x1p-14);
  // Rounded once, to even.
  const AccumulatorArithmetic thirds = Decaying(0.4, 2, 0);
  EXPECT_EQ(thirds.Counted(1, 1), 2);  // 2.5
  EXPECT_EQ(thirds.Counted(3, 1), 8);  // 7.5
  EXPECT_EQ(thirds.Counted(-1, 1), -2);
}

TEST(Decay, R6_APeriodEndsWithFullQuanta) {
  const AccumulatorArithmetic decay = Decaying(0.5, 2, 0);
  std::vector<int64_t> sums = {4, 2, -6, 7, 1, kMaxExactSum - 1, -kMaxExactSum};
  const std::vector<int64_t> before = sums;
  decay.EndStep(0, absl::MakeSpan(sums));
  EXPECT_EQ(sums, before);
  decay.EndStep(1, absl::MakeSpan(sums));
  // A quarter, to nearest even: 0.5, -1.5 and 1.75 among them.
  EXPECT_EQ(sums, (std::vector<int64_t>{1, 0, -2, 2, 0, kMaxExactSum / 4, -kMaxExactSum / 4}));
}

TEST(Decay, R6_SumsHoldTheValuesThatAreSet) {
  const AccumulatorArithmetic decay = Decaying(0.9, 8, -20);
  for (const uint64_t step : {0u, 5u, 8u, 1007u}) {
    for (const double value : {0.0, 1.0, -123.456, 1e6}) {
      const absl::StatusOr<int64_t> sum = decay.SumFor(step, value);
      ASSERT_TRUE(sum.ok()) << sum.status();
      double value_read = 0;
      decay.ReadSums(step, {*sum}, &value_read);
      EXPECT_NEAR(value_read, value, 0x1p-21) << step;
    }
    EXPECT_FALSE(decay.SumFor(step, 0x1.1p30).ok());
    EXPECT_FALSE(decay.SumFor(step, -HUGE_VAL).ok());
    EXPECT_FALSE(decay.SumFor(step, std::nan("")).ok());
  }
  EXPECT_TRUE(decay.SumFor(0, 0x1p30).ok());
}

// What arrives in every step, and as much as that may be, stays within what an input may hold.
TEST(Decay, R6_SumsStayInRangeWhateverArrives) {
  for (const double factor : {0.5, 0.9, 0.99, 0.999}) {
    const uint32_t period = factor == 0.5 ? 4 : factor == 0.9 ? 16 : factor == 0.99 ? 128 : 1024;
    const AccumulatorArithmetic decay = Decaying(factor, period, 0);
    const Quanta most = decay.MostInAStep();
    std::vector<int64_t> sums = {0};
    int64_t largest = 0;
    for (uint64_t step = 0; step < 20000; ++step) {
      sums[0] += static_cast<int64_t>(decay.Counted(most, decay.PhaseOf(step)));
      largest = std::max(largest, sums[0]);
      decay.EndStep(step, absl::MakeSpan(sums));
    }
    EXPECT_LE(largest, kMaxHeld);
    EXPECT_GT(largest, kMaxHeld / 8) << factor;  // the bound is not idle
  }
  EXPECT_EQ(AccumulatorArithmetic({}).MostInAStep(), (Quanta(1) << 62) - 1);
}

std::string Text(const std::string& weight, const std::string& on_pre, const std::string& initial) {
  return absl::StrCat(R"(program decay dt=1 seed=1
population a size=4
table list columns=[pre, post, weight, delay] values=[0, 1, 2, 1]
param free : f64 = 1 tunable
state a.x : f64[a] = )",
                      initial, R"(
state a.y : f64[a] = 0
input a.in : a scale=2^-20 decay=0.5 period=2 state=a.x
projection p : a -> a rule=all_to_all weight=)",
                      weight, " delay=1\non_pre p {\n", on_pre, R"(}
step {
  %0 = held a.in : f64[a]
  store a.y, %0
}
)");
}

constexpr char kAdds[] = "  %0 = weight : f64[p]\n  accumulate a.in, %0\n";

TEST(Decay, R6_WhatCannotBeHeldIsRefused) {
  const auto refusal = [](const std::string& text) {
    const auto made = Interpreter::Create(ParseProgram(text), Propagation::kCsr);
    return made.ok() ? std::string() : std::string(made.status().message());
  };
  EXPECT_EQ(refusal(Text("1", kAdds, "0")), "");
  // 2^50 quanta of 2^-20 are 2^30; an eighth of that may arrive in each step, from 200 neurons.
  const auto from_200 = [](std::string text) {
    return text.replace(text.find("size=4"), 6, "size=200");
  };
  EXPECT_EQ(refusal(from_200(Text("6.7e5", kAdds, "0"))), "");
  EXPECT_NE(refusal(from_200(Text("6.8e5", kAdds, "0"))).find("may arrive in one step"),
            std::string::npos);
  EXPECT_EQ(refusal(Text("1", kAdds, "1e9")), "");
  EXPECT_NE(refusal(Text("1", kAdds, "2e9")).find("a.x of element 0: 2e+09 is beyond what"),
            std::string::npos);
  EXPECT_NE(refusal(Text("1", "  %0 = param free : f64\n  accumulate a.in, %0\n", "0"))
                .find("must depend on nothing but the weight"),
            std::string::npos);
}

TEST(Decay, R6_StatesAreSetAndRead) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(Text("1", kAdds, "6")));
  const ir::StateId x = *run->program().FindState("a.x");
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "a.x", 3), 3);
  ASSERT_TRUE(run->SetState(x, 3, ir::BitsOfF64(8)).ok());
  EXPECT_EQ(F64At(*run, "a.x", 3), 8);
  EXPECT_FALSE(run->SetState(x, 3, ir::BitsOfF64(1e10)).ok());
  EXPECT_FALSE(run->SetState(x, 4, ir::BitsOfF64(1)).ok());
  // Neuron 2 spikes in the step before: all four get 1, of which half is left.
  ASSERT_TRUE(run->InjectSpikes(0, {2}).ok());
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "a.x", 3), 4.5);
  EXPECT_EQ(F64At(*run, "a.x", 0), 2);
}

// Both propagations of the reference, of several synapses a pair too.
TEST(Decay, R6_DensePropagationCountsSynapses) {
  std::vector<std::string> digests;
  for (const Propagation propagation : {Propagation::kCsr, Propagation::kDense}) {
    std::string text = Text("0.3", kAdds, "0");
    text.replace(text.find("all_to_all"), 10, "fixed_total n=40 multiple=true stream=3");
    const std::unique_ptr<Interpreter> run = Start(ParseProgram(text), propagation);
    ASSERT_TRUE(run->Step().ok());
    ASSERT_TRUE(run->InjectSpikes(0, {0, 1, 2, 3}).ok());
    ASSERT_TRUE(run->Step().ok());
    double sum = 0;
    for (size_t i = 0; i < 4; ++i) sum += F64At(*run, "a.x", i);
    EXPECT_NEAR(sum, 40 * 0.3 / 2, 40 * 0x1p-20) << static_cast<int>(propagation);
    digests.push_back(run->ComputeDigest().ToString());
  }
  EXPECT_EQ(digests[0], digests[1]);
}

}  // namespace
}  // namespace bnsyn::reference
