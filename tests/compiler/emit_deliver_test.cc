// Compiled delivery of spikes: what reaches the inputs, in quanta.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emit_testing.h"
#include "kernel_machine.h"
#include "reference/accumulator.h"

namespace bnsyn::compiler {
namespace {

// Delivery: rows of sources with per-synapse weights, states of both ends, literals and parameters.
class DeliverTest : public EmitTest {
 protected:
  static constexpr char kHeader[] = R"(program p dt=1 seed=0
population a size=5
population b size=70
param k : f64 = 3 tunable
state a.x : f64[a] = 0
state b.y : f64[b] = 0
input b.g : b scale=2^-10
input b.h : b scale=2^-20
projection ab : a -> b rule=all_to_all weight=0.75 delay=1
)";
  void Run(KernelMachine& machine, const std::vector<double>* weights) {
    const ir::Block& block = machine.program().synaptic[0];
    const std::vector<void*> slots = machine.Slots(block);
    args_ = {};
    args_.slots = slots.data();
    args_.spikes = spikes_.data();
    args_.spike_count = static_cast<uint32_t>(spikes_.size());
    args_.row_begin = rows_.data();
    args_.row_stride = 1;
    args_.row_count = 1;
    args_.others = targets_.data();
    args_.weights = weights == nullptr ? nullptr : weights->data();
    args_.coarse = tallies_;
    const DeliverFunction deliver = machine.code().deliver(block.code);
    ASSERT_NE(deliver, nullptr);
    deliver(&args_);
  }
  int64_t Input(KernelMachine& machine, ir::InputId input, size_t target) {
    return static_cast<int64_t>(machine.input(input).bits(target));
  }

  std::vector<uint32_t> rows_ = {0, 3, 3, 4, 8, 9};
  std::vector<uint32_t> targets_ = {1, 2, 69, 7, 0, 1, 1, 5, 69};
  std::vector<uint32_t> spikes_ = {0, 1, 3};
  DeliverArgs args_ = {};
  reference::CoarseTally tallies_[2];
};

INSTANTIATE_TEST_SUITE_P(All, DeliverTest, testing::Values(Variant{1, 2}, Variant{4, 0}, Variant{4, 2}, Variant{8, 2},
                                         Variant{4, 2, true}),
                         Name);

TEST_P(DeliverTest, TheWeightOfTheProjection) {
  KernelMachine machine = Compile(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
  accumulate b.h, 0.5
}
)"));
  Run(machine, nullptr);
  EXPECT_EQ(args_.fault, 0u);
  std::map<size_t, int64_t> times;
  for (const size_t synapse : std::vector<size_t>{0, 1, 2, 4, 5, 6, 7}) ++times[targets_[synapse]];
  for (size_t i = 0; i < 70; ++i) {
    EXPECT_EQ(Input(machine, 0, i), times[i] * reference::ToQuanta(0.75, -10));
    EXPECT_EQ(Input(machine, 1, i), times[i] * reference::ToQuanta(0.5, -20));
  }
}

TEST_P(DeliverTest, AWeightOfEachSynapse) {
  ir::Program program = PlacedProgram(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
}
)"));
  program.projections[0].weight_column = ir::ColumnRef{0, 0};
  KernelMachine machine = Compile(program);
  const std::vector<double> weights = {0.25, -1.5, 3, 99, 0.0004, 0.0005, 7, 8, 99};
  Run(machine, &weights);
  EXPECT_EQ(args_.fault, 0u);
  std::map<size_t, reference::Quanta> sums;
  for (const size_t synapse : std::vector<size_t>{0, 1, 2, 4, 5, 6, 7}) {
    sums[targets_[synapse]] += reference::ToQuanta(weights[synapse], -10);
  }
  for (size_t i = 0; i < 70; ++i) EXPECT_EQ(Input(machine, 0, i), sums[i]);
}

TEST_P(DeliverTest, StatesOfBothEndsAndParameters) {
  KernelMachine machine = Compile(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = load_pre a.x : f64[ab]
  %1 = load_post b.y : f64[ab]
  %2 = mul %0, %1 : f64[ab]
  %3 = param k : f64
  accumulate b.g, %2
  accumulate b.h, %3
}
)"));
  for (size_t i = 0; i < 5; ++i)
    machine.state("a.x").set_bits(i, ir::BitsOfF64(0.1 * double(i + 1)));
  for (size_t i = 0; i < 70; ++i) machine.state("b.y").set_bits(i, ir::BitsOfF64(double(i) - 30.3));
  machine.param(0).set_bits(0, ir::BitsOfF64(-1.7));
  Run(machine, nullptr);
  EXPECT_EQ(args_.fault, 0u);
  std::map<size_t, reference::Quanta> g, h;
  for (const uint32_t source : spikes_) {
    for (uint64_t k = rows_[source]; k < rows_[source + 1]; ++k) {
      const double product = (0.1 * (source + 1)) * (double(targets_[k]) - 30.3);
      g[targets_[k]] += reference::ToQuanta(product, -10);
      h[targets_[k]] += reference::ToQuanta(-1.7, -20);
    }
  }
  for (size_t i = 0; i < 70; ++i) {
    EXPECT_EQ(Input(machine, 0, i), g[i]);
    EXPECT_EQ(Input(machine, 1, i), h[i]);
  }
}

TEST_P(DeliverTest, AContributionOutOfRangeIsAFaultWhereItIsDelivered) {
  KernelMachine machine = Compile(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = param k : f64
  accumulate b.g, %0
}
)"));
  const auto faults = [&](double value, std::vector<uint32_t> spikes) {
    machine.param(0).set_bits(0, ir::BitsOfF64(value));
    spikes_ = std::move(spikes);
    Run(machine, nullptr);
    return args_.fault != 0;
  };
  const double limit = 0x1p30;  // 2^40 quanta
  EXPECT_FALSE(faults(limit, {0}));
  EXPECT_FALSE(faults(-limit, {0}));
  EXPECT_TRUE(faults(limit + 1, {0}));
  EXPECT_TRUE(faults(-limit - 1, {0}));
  EXPECT_TRUE(faults(std::numeric_limits<double>::quiet_NaN(), {4}));
  EXPECT_TRUE(faults(std::numeric_limits<double>::infinity(), {4}));
  EXPECT_FALSE(faults(limit + 1, {1})) << "the row of source 1 is empty";
  EXPECT_FALSE(faults(limit + 1, {}));
}

// Numbers of every size, as reference::ToQuanta rounds them.
TEST_P(DeliverTest, ContributionsToAWideSum) {
  ir::Program program = PlacedProgram(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = load_post b.y : f64[ab]
  accumulate b.g, %0
  accumulate b.h, 1e12
}
)"));
  for (ir::Input& input : program.inputs) {
    input.accumulator.wide = true;
    input.accumulator.limit_log2 = 120;
  }
  KernelMachine machine = Compile(program);
  const auto sum = [&](ir::InputId input, size_t target) {
    return absl::MakeInt128(static_cast<int64_t>(machine.input(input).bits(2 * target + 1)),
                            machine.input(input).bits(2 * target));
  };
  reference::Quanta expected = 0;
  uint64_t bits = 12345;
  for (int i = 0; i < 2000; ++i) {
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    const double value = std::ldexp(static_cast<double>(static_cast<int64_t>(bits)),
                                    static_cast<int>((bits >> 32) % 110) - 60);
    machine.state("b.y").set_bits(69, ir::BitsOfF64(value));
    spikes_ = {4};
    Run(machine, nullptr);
    const reference::Quanta quanta = reference::ToQuanta(value, -10);
    const bool fits = reference::Magnitude(quanta) <=
                      reference::LimitsOf({.wide = true, .limit_log2 = 120}).unknown;
    EXPECT_EQ(args_.fault == 0, fits) << value;
    if (fits) expected += quanta;
    EXPECT_EQ(sum(0, 69), expected) << value;
  }
  EXPECT_EQ(sum(1, 69), 2000 * reference::ToQuanta(1e12, -20));
}

TEST_P(DeliverTest, R6_CoarseContributionsAreCountedAsTheReferenceCountsThem) {
  // That of target 5 has a little less than 2^23 quanta.
  const auto added = [](size_t target) {
    return target == 5 ? 5 + 0x1p-21 : 1e-6 * (double(target) - 5);
  };
  const auto run = [&](bool strict) {
    ir::Program program = PlacedProgram(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
  %1 = load_post b.y : f64[ab]
  accumulate b.h, %1
}
)"));
    program.projections[0].weight = 0x1p-11;  // static: counted when synapses are built
    program.strict_sums = strict;
    KernelMachine machine = Compile(program);
    for (size_t i = 0; i < 70; ++i) {
      machine.state("b.y").set_bits(i, ir::BitsOfF64(added(i)));
    }
    machine.state("b.y").set_bits(1, ir::BitsOfF64(std::nan("")));
    tallies_[0] = tallies_[1] = {};
    Run(machine, nullptr);
    return Input(machine, 1, 69);
  };
  reference::CoarseTally expected;
  for (const size_t synapse : std::vector<size_t>{1, 2, 4, 7}) {
    expected.Count(added(targets_[synapse]), -20);
  }
  EXPECT_EQ(expected.count, 4u);
  EXPECT_EQ(run(false), static_cast<int64_t>(reference::ToQuanta(64e-6, -20)));
  EXPECT_EQ(tallies_[0], reference::CoarseTally{});
  EXPECT_EQ(tallies_[1], expected);
  EXPECT_EQ(run(true), 0);
  EXPECT_NE(args_.fault, 0u);
  EXPECT_EQ(tallies_[1], reference::CoarseTally{});
}

}  // namespace
}  // namespace bnsyn::compiler
