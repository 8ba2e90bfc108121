// Which layout is chosen for which synapses, and that rows of any layout hold the same.
#include "runtime/delivery/layout.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "compiler/passes/passes.h"
#include "runtime/construction/build_synapses.h"
#include "runtime/delivery/synapses.h"
#include "runtime/exchange/thread_team.h"
#include "runtime/memory_plan.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

// A step in which a population sums what comes to it, and neurons of a spike.
std::string SumStep(const std::string& population) {
  return absl::Substitute(R"(step {
  %0 = take $0.g : f64[$0]
  %1 = load $0.sum : f64[$0]
  %2 = add %0, %1 : f64[$0]
  check $0.sum, %2
  store $0.sum, %2
  %3 = uniform stream=4 draw=0 : f64[a]
  %4 = lt %3, 0.05 : bool[a]
  spike a, %4
}
)",
                          population);
}

// Synapses of drawn weights and delays, from `sources` neurons to `targets` that sum what comes; in
// one population where the numbers are equal.
std::string Drawn(const std::string& scale, int sources, int targets, const std::string& rule) {
  const bool one = sources == targets;
  const std::string population = one ? "a" : "b";
  return absl::Substitute(R"(program drawn dt=1 seed=3
population a size=$0
$1state $2.sum : f64[$2] = 0
input $2.g : $2 scale=$3
projection aa : a -> $2 $4 stream=1 weight=1 delay=[1, 4]
connect aa {
  %0 = normal stream=2 draw=0 : f64[aa]
  set_weight %0
  %1 = uniform stream=3 draw=0 : f64[aa]
  %2 = fma %1, 3, 1 : f64[aa]
  %3 = convert %2 : i64[aa]
  set_delay %3
}
on_pre aa {
  %0 = weight : f64[aa]
  accumulate $2.g, %0
}
)",
                          sources, one ? "" : absl::StrCat("population b size=", targets, "\n"),
                          population, scale, rule) +
         SumStep(population);
}

std::string Drawn(const std::string& scale, int size, const std::string& rule) {
  return Drawn(scale, size, size, rule);
}

// A program with the sums that it will have.
ir::Program Narrowed(const std::string& text) {
  const absl::StatusOr<ir::Program> program = compiler::NarrowSums(Parsed(text), {});
  EXPECT_TRUE(program.ok()) << program.status().message();
  return program.ok() ? *program : ir::Program();
}

Layout ChosenFor(const ir::Program& program, int threads, const std::string& limits) {
  const absl::StatusOr<Layout> layout =
      ChooseLayout(program, Partition(program, threads), *LimitsByName(limits));
  EXPECT_TRUE(layout.ok()) << layout.status().message();
  return layout.ok() ? *layout : Layout();
}

Layout Chosen(const std::string& text, int threads = 1, const std::string& limits = "") {
  return ChosenFor(Narrowed(text), threads, limits);
}

std::string DigestOf(const std::string& text, EngineOptions options, const char* layout = "") {
  options.layout = layout;
  Simulation simulation = Compiled(text, options);
  const absl::Status status = simulation.Step(20);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_GT(simulation.SpikeCount(*simulation.Population("a")), 20u);
  return simulation.Digest().ToString();
}

TEST(Layout, DrawnWeightsAreQuantaOf32Bits) {
  const Layout layout = Chosen(Drawn("2^-27", 100, "rule=bernoulli p=0.1"));
  ASSERT_EQ(layout.groups.size(), 1u);
  EXPECT_EQ(layout.groups[0].form, SynapseForm::kQuanta32);
  EXPECT_EQ(layout.groups[0].target_bits, 16);
  EXPECT_EQ(layout.groups[0].min_delay, 1u);
  EXPECT_EQ(layout.groups[0].max_delay, 4u);
}

// A normal draw is at most 6.7 in magnitude: 2^29 times it does not fit 31 bits and a sign.
TEST(Layout, QuantaThatMayNotFitAreWide) {
  const std::string text = Drawn("2^-29", 100, "rule=bernoulli p=0.1");
  EXPECT_EQ(Chosen(text).groups[0].form, SynapseForm::kQuanta64);
  EXPECT_EQ(DigestOf(text, Accelerated(2)), DigestOf(text, Reference()));
}

TEST(Layout, ProjectionsOfOneSourceShareRows) {
  const std::string two = Replaced(kBalanced, "stream=2 weight=0.5", "stream=2 weight=0.25");
  // ee and ei have one weight now and share rows; ie does not, and ii reads states.
  EXPECT_EQ(Chosen(kBalanced).groups.size(), 4u);
  const Layout layout = ChosenFor(Parsed(two), 1, "");
  EXPECT_EQ(layout.groups.size(), 3u);
  EXPECT_EQ(Chosen(two, 1, "apart").groups.size(), 4u);
  for (const SynapseGroup& group : layout.groups) {
    const bool reads_states = group.projections == std::vector<ir::ProjectionId>{3};
    EXPECT_EQ(group.form, reads_states ? SynapseForm::kCode : SynapseForm::kConstant);
    if (group.projections.size() == 2) {
      EXPECT_EQ(group.min_delay, 3u);
      EXPECT_EQ(group.max_delay, 15u);
    }
  }
  // What ii adds is not known, so that inh has sums of 64 bits, and exc narrower ones.
  EXPECT_EQ(Chosen(two).groups.size(), 4u);
  for (const SynapseGroup& group : Chosen(two, 1, "code").groups) {
    EXPECT_EQ(group.form, SynapseForm::kCode);
  }
}

// More sums than 16 bits tell apart: rows by block where they stay long, else 32 bits.
TEST(Layout, ManyTargetsTakeBlocksWhereThatPays) {
  const std::string few = Drawn("2^-27", 70000, "rule=fixed_out_degree n=2");
  const std::string many = Drawn("2^-27", 100, 70000, "rule=bernoulli p=0.02");
  EXPECT_EQ(Chosen(Replaced(many, "p=0.02", "p=0.002")).groups[0].target_bits, 32);
  EXPECT_EQ(Chosen(few).groups[0].target_bits, 32);
  EXPECT_EQ(Chosen(many).groups[0].target_bits, 16);
  EXPECT_EQ(Chosen(few, 2).groups[0].target_bits, 16);
  const std::string expected = DigestOf(few, Reference());
  EXPECT_EQ(DigestOf(few, Accelerated(1)), expected);
  EXPECT_EQ(DigestOf(few, Accelerated(2)), expected);
  const std::string of_many = DigestOf(many, Accelerated(1), "code");
  for (const char* layout : {"best", "targets32", "quanta64"}) {
    EXPECT_EQ(DigestOf(many, Accelerated(1), layout), of_many) << layout;
  }
}

// Long rows are divided by blocks of sums that the nearest cache holds.
TEST(Layout, LongRowsAreByNearBlocks) {
  const auto network = [](int size, const char* p) {
    return absl::StrCat(R"(program near dt=1 seed=3
population a size=100
population b size=)",
                        size, R"(
state b.sum : f64[b] = 0
input b.g : b scale=2^-20
projection ab : a -> b rule=bernoulli p=)",
                        p, R"( stream=1 weight=0.5 delay=2
on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
}
)",
                        SumStep("b"));
  };
  EXPECT_FALSE(Chosen(network(40000, "0.01")).groups[0].near());
  // With less and with more sums than 16 bits tell apart.
  for (const auto& [size, blocks] : {std::pair(40000, 3u), std::pair(70000, 5u)}) {
    const std::string dense = network(size, "0.2");
    EXPECT_TRUE(Chosen(dense).groups[0].near());
    EXPECT_FALSE(Chosen(dense, 1, "far").groups[0].near());
    const ir::Program program = Narrowed(dense);
    const Partition one(program, 1);
    const SynapseGroup group = Chosen(dense).groups[0];
    EXPECT_EQ(TargetSumsOf(program, group, SumPlaces(program, one), 0).blocks, blocks);
    EXPECT_TRUE(
        absl::StrContains(DescribeLayout(program, Chosen(dense), one), " in blocks of 16384,"));
    const std::string expected = DigestOf(dense, Reference());
    for (const int threads : {1, 2, 3}) {
      for (const char* layout : {"best", "far", "code"}) {
        EXPECT_EQ(DigestOf(dense, Accelerated(threads), layout), expected) << threads << layout;
      }
    }
  }
}

// Sources that all spike in every step, onto three neurons.
std::string Full(int sources, const std::string& weight) {
  return absl::Substitute(R"(program full dt=1 seed=3
population a size=$0
population b size=3
state b.sum : f64[b] = 0
input b.g : b scale=2^-20
projection ab : a -> b rule=all_to_all weight=$1 delay=1
on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
}
)",
                          sources, weight) +
         Replaced(SumStep("b"), "%3, 0.05", "%3, 2");
}

// Sums have as many bits as what arrives can fill.
TEST(Layout, SumsHoldAllThatCanArrive) {
  for (const char* weight : {"0.7", "-0.7"}) {
    for (const auto& [sources, bits] : {std::pair(32767, 16), std::pair(32768, 32)}) {
      const std::string text = Full(sources, weight);
      EXPECT_EQ(Narrowed(text).inputs[0].accumulator.width(), bits);
      const std::string expected = DigestOf(text, Reference());
      EngineOptions wide = Accelerated(1);
      wide.compile.disabled_passes = {"narrow_sums"};
      EXPECT_EQ(DigestOf(text, wide), expected);
      for (const char* layout : {"best", "targets32", "code"}) {
        EXPECT_EQ(DigestOf(text, Accelerated(2), layout), expected) << layout;
      }
    }
  }
}

// How many synapses a neuron has is guessed before they are drawn. Here it is guessed wrong.
TEST(Layout, SumsThatAreTooNarrowAreFound) {
  ir::Program program = Narrowed(Full(32768, "0.7"));
  program.inputs[0].accumulator.bits = 16;
  const Partition partition(program, 2);
  const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(2);
  ASSERT_TRUE(team.ok());
  for (const char* limits : {"best", "code"}) {
    const Layout layout = ChosenFor(program, 2, limits);
    const absl::Status status = BuildSynapses(program, {}, partition, layout, {}, **team).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(std::string(status.message()),
              "input b.g: more may arrive in one step at element 0 than sums of 16 bits hold\n"
              "  note: run with --disable-pass narrow_sums");
  }
}

// Excitation and inhibition are counted in their greatest common unit. Sums of other widths stand
// apart: rows are not shared with them, though the numbers to add are equal.
TEST(Layout, SumsOfDifferentWidthsStandApart) {
  const std::string text = R"(program widths dt=1 seed=3
population a size=100
population b size=130
population c size=70
state b.sum : f64[b] = 0
state c.sum : f64[c] = 0
table late columns=[step, index, value] values=[3, 69, 2.5, 7, 0, 1e6]
input c.g : c scale=2^-1
input b.g : b scale=2^-1
projection ab : a -> b rule=bernoulli p=0.2 stream=1 weight=0.5 delay=1
projection ac : a -> c rule=bernoulli p=0.2 stream=2 weight=0.5 delay=1
projection bc : b -> c rule=bernoulli p=0.2 stream=3 weight=-1.5 delay=2
projection bb : b -> b rule=bernoulli p=0.2 stream=5 weight=-1.5 delay=2
events to_c : c.g table=late
on_pre ab {
  accumulate b.g, 0.5
}
on_pre ac {
  accumulate c.g, 0.5
}
on_pre bc {
  accumulate c.g, -1.5
}
on_pre bb {
  accumulate b.g, -1.5
}
step {
  %0 = take b.g : f64[b]
  %1 = load b.sum : f64[b]
  %2 = add %0, %1 : f64[b]
  store b.sum, %2
  %3 = take c.g : f64[c]
  %4 = load c.sum : f64[c]
  %5 = add %3, %4 : f64[c]
  store c.sum, %5
  %6 = uniform stream=4 draw=0 : f64[a]
  %7 = lt %6, 0.2 : bool[a]
  spike a, %7
  %8 = gt %0, 2 : bool[b]
  spike b, %8
}
)";
  const ir::Program program = Narrowed(text);
  EXPECT_EQ(program.inputs[0].accumulator.bits, 64);
  EXPECT_EQ(program.inputs[1].accumulator.bits, 16);
  EXPECT_EQ(program.inputs[1].accumulator.unit, 1);
  EXPECT_EQ(Chosen(text).groups.size(), 4u);
  const std::string expected = DigestOf(text, Reference());
  for (const int threads : {1, 2, 3}) {
    for (const char* layout : {"best", "targets32", "apart", "code"}) {
      EXPECT_EQ(DigestOf(text, Accelerated(threads), layout), expected) << threads << layout;
    }
  }
}

TEST(Layout, NamesAreChecked) {
  const absl::Status status = LimitsByName("cod").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("code"), std::string::npos);
  EngineOptions options = Accelerated(1);
  options.layout = "thin";
  EXPECT_FALSE(Compile(Parsed(kBalanced), options).ok());
}

TEST(Layout, IsDescribed) {
  const ir::Program program = Parsed(Drawn("2^-27", 100, "rule=bernoulli p=0.1"));
  const Partition partition(program, 2);
  const Layout layout = *ChooseLayout(program, partition, {});
  const std::string text = DescribeLayout(program, layout, partition);
  for (const char* part :
       {"quanta32", "16 bits", "6 bytes", "delays 1 to 4", "aa", "1000 synapses"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  }
}

// What connect blocks say wrong is told alike by both backends.
TEST(ConnectFaults, R8_AreThoseOfTheReference) {
  const std::string text = Drawn("2^-27", 100, "rule=bernoulli p=0.1");
  const std::string cases[] = {
      Replaced(text, "set_weight %0", "set_weight inf"),
      Replaced(text, "fma %1, 3, 1", "fma %1, 9, 1"),
      Replaced(text, "set_weight %0", "set_probability 1.5\n  set_weight %0"),
  };
  for (const std::string& broken : cases) {
    const absl::Status expected = Compile(Parsed(broken), Reference()).status();
    EXPECT_EQ(expected.code(), absl::StatusCode::kInvalidArgument) << expected.message();
    const absl::Status found = Compile(Parsed(broken), Accelerated(1)).status();
    EXPECT_EQ(std::string(found.message()), std::string(expected.message()));
  }
}

}  // namespace
}  // namespace bnsyn
