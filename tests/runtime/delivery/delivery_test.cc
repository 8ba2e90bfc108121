// One suite for both engines of delivery (runtime/delivery/delivery.h): rows of stored integers and
// compiled on_pre blocks run the same cases and give the bits of the reference.
#include "runtime/delivery/delivery.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "runtime/accelerated_program.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

struct Case {
  const char* name;
  std::string text;
  // The columns that are chosen for the first group.
  SynapseForm form;
  int sum_bits;
  int target_bits = 16;
  bool near = false;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.text; }

// Neurons of a spike at random. Those of b sum what arrives at b.g.
std::string Network(const std::string& declarations, const std::string& blocks, int targets = 130) {
  return absl::Substitute(R"(program delivery dt=1 seed=3
population a size=100
population b size=$2
state b.sum : f64[b] = 0
state b.other : f64[b] = 0
$0
$1
step {
  %0 = take b.g : f64[b]
  %1 = load b.sum : f64[b]
  %2 = fma %1, 0.5, %0 : f64[b]
  store b.sum, %2
  %3 = uniform stream=4 draw=0 : f64[a]
  %4 = lt %3, 0.2 : bool[a]
  spike a, %4
}
)",
                          declarations, blocks, targets);
}

std::string AddsWeight(const char* projection) {
  return absl::Substitute(R"(on_pre $0 {
  %0 = weight : f64[$0]
  accumulate b.g, %0
}
)",
                          projection);
}

// Weights from a normal distribution, and delays of 1 to 4 steps.
constexpr char kDraw[] = R"(connect ab {
  %0 = normal stream=2 draw=0 : f64[ab]
  set_weight %0
  %1 = uniform stream=3 draw=0 : f64[ab]
  %2 = fma %1, 3, 1 : f64[ab]
  %3 = convert %2 : i64[ab]
  set_delay %3
}
)";

std::string Constant(const char* input, const char* rule, const char* weight, int targets = 130) {
  return Network(absl::Substitute("input b.g : b $0\nprojection ab : a -> b $1 weight=$2 delay=2",
                                  input, rule, weight),
                 AddsWeight("ab"), targets);
}

std::string Drawn(const char* scale) {
  return Network(absl::StrCat("input b.g : b scale=", scale,
                              "\nprojection ab : a -> b rule=bernoulli p=0.2 stream=1 weight=1 "
                              "delay=[1, 4]"),
                 kDraw + AddsWeight("ab"));
}

std::vector<Case> Cases() {
  const char* const sparse = "rule=bernoulli p=0.2 stream=1";
  const std::string two = R"(input b.g : b scale=2^-20
projection ab : a -> b rule=bernoulli p=0.2 stream=1 weight=0.5 delay=2
projection again : a -> b rule=bernoulli p=0.1 stream=5 weight=)";
  const std::string both = AddsWeight("ab") + AddsWeight("again");
  const std::string two_terms =
      Replaced(Network(R"(input b.g : b scale=2^-20
input b.h : b scale=2^-30
projection ab : a -> b rule=bernoulli p=0.2 stream=1 weight=0.5 delay=2)",
                       Replaced(AddsWeight("ab"), "}", R"(  %1 = mul %0, 0.3 : f64[ab]
  accumulate b.h, %1
})")),
               "  store b.sum, %2", R"(  store b.sum, %2
  %5 = take b.h : f64[b]
  %6 = load b.other : f64[b]
  %7 = fma %6, 0.5, %5 : f64[b]
  store b.other, %7)");
  const std::string decaying =
      Replaced(Replaced(Constant("scale=2^-26 decay=0.9 period=16 state=b.held", sparse, "-0.7"),
                        "state b.sum", "state b.held : f64[b] = 2\nstate b.sum"),
               "  %0 = take b.g : f64[b]\n", R"(  %8 = held b.g : f64[b]
  %9 = scale b.g : f64
  %0 = mul %9, %8 : f64[b]
)");
  return {
      {"Sums16", Constant("scale=2^-20", sparse, "0.5"), SynapseForm::kConstant, 16},
      {"Negative", Constant("scale=2^-20", sparse, "-0.5"), SynapseForm::kConstant, 16},
      {"Sums32", Network(two + "9999 delay=1", both), SynapseForm::kConstant, 32},
      {"Sums64",
       Network("table late columns=[step, index, value] values=[3, 69, 2.5]\n" + two +
                   "0.25 delay=1\nevents to_b : b.g table=late",
               both),
       SynapseForm::kConstant, 64},
      {"SharedRows", Network(two + "0.5 delay=5", both), SynapseForm::kConstant, 16},
      {"SeveralTerms", two_terms, SynapseForm::kConstant, 16},
      {"Decaying", decaying, SynapseForm::kConstant, 64},
      {"Quanta32", Drawn("2^-27"), SynapseForm::kQuanta32, 64},
      // A normal draw has a magnitude of at most 6.7: times 2^29 it may exceed 31 bits.
      {"Quanta64", Drawn("2^-29"), SynapseForm::kQuanta64, 64},
      {"NearBlocks", Constant("scale=2^-20", "rule=bernoulli p=0.2 stream=1", "0.5", 40000),
       SynapseForm::kConstant, 16, 16, true},
      {"Targets32", Constant("scale=2^-20", "rule=fixed_out_degree n=20 stream=1", "0.5", 140000),
       SynapseForm::kConstant, 16, 32},
  };
}

class DeliveryTest : public testing::TestWithParam<Case> {};

// The digest after 20 steps, with spikes injected at the tenth.
std::string DigestOf(const std::string& text, const EngineOptions& options) {
  Simulation simulation = Compiled(text, options);
  const auto population = *simulation.Population("a");
  EXPECT_TRUE(simulation.Step(10).ok());
  EXPECT_TRUE(simulation.InjectSpikes(population, std::vector<uint32_t>{0, 63, 64, 99}).ok());
  EXPECT_TRUE(simulation.Step(10).ok());
  EXPECT_GT(simulation.SpikeCount(population), 200u);
  return simulation.Digest().ToString();
}

TEST_P(DeliveryTest, R6_BothEnginesGiveTheBitsOfTheReference) {
  const std::string& text = GetParam().text;
  const std::string expected = DigestOf(text, Reference());
  for (const int threads : {1, 3}) {
    for (const char* engine : {"best", "code"}) {
      EngineOptions options = Accelerated(threads);
      options.layout = engine;
      EXPECT_EQ(DigestOf(text, options), expected) << engine << ", " << threads << " threads";
    }
  }
}

// The cases test the forms that they are there for.
TEST_P(DeliveryTest, HasTheColumnsOfItsCase) {
  EngineOptions options = Accelerated(1);
  absl::StatusOr<AcceleratedProgram> rows = PrepareAccelerated(Parsed(GetParam().text), options);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  const SynapseGroup& group = rows->layout.groups[0];
  EXPECT_EQ(FormName(group.form), FormName(GetParam().form));
  EXPECT_EQ(rows->program.inputs[group.input].accumulator.width(), GetParam().sum_bits);
  EXPECT_EQ(group.target_bits, GetParam().target_bits);
  EXPECT_EQ(group.near(), GetParam().near);
  // No code is compiled for what rows deliver.
  for (const ir::Block& block : rows->program.synaptic) EXPECT_EQ(block.code, "") << block.name;

  options.layout = "code";
  absl::StatusOr<AcceleratedProgram> code = PrepareAccelerated(Parsed(GetParam().text), options);
  ASSERT_TRUE(code.ok()) << code.status().message();
  for (const SynapseGroup& other : code->layout.groups) EXPECT_EQ(other.form, SynapseForm::kCode);
  for (const ir::Block& block : code->program.synaptic) EXPECT_NE(block.code, "") << block.name;
}

INSTANTIATE_TEST_SUITE_P(Columns, DeliveryTest, testing::ValuesIn(Cases()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace bnsyn
