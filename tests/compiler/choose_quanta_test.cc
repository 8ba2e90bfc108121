// Which scale and width an input gets, by what arrives (R6).
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/substitute.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "ir/program.h"

namespace bnsyn::compiler {
namespace {

// Synapses from 4 neurons to 4: $0 are keys of the network, $1 of the model of the targets, and $2
// of the projection.
constexpr char kNetwork[] = R"toml(
[network]
$0
[models.source]
equations = "arrived : 1 (input)"
threshold = "arrived > 0"
[models.cell]
$1
[populations]
src = { model = "source", size = 4 }
dst = { model = "cell", size = 4 }
[projections.p]
source = "src"
target = "dst"
rule = "all_to_all"
$2
)toml";

constexpr char kCell[] = "equations = \"x : 1\"";

absl::StatusOr<ir::Program> Lowered(const std::string& network, const std::string& model,
                                    const std::string& projection) {
  absl::StatusOr<Network> parsed =
      ParseNetwork(absl::Substitute(kNetwork, network, model, projection), "quanta.toml");
  if (!parsed.ok()) return parsed.status();
  return LowerNetwork(*parsed, {}, nullptr);
}

ir::Accumulator SumOf(const std::string& projection, const std::string& network = "",
                      const std::string& model = kCell) {
  const absl::StatusOr<ir::Program> program = Lowered(network, model, projection);
  EXPECT_TRUE(program.ok()) << program.status().message();
  if (!program.ok()) return {};
  return program->inputs[*program->FindInput("dst.x.in")].accumulator;
}

std::string Weights(const std::string& weight) {
  return "weight = \"" + weight + "\"\non_pre = \"x_post += w\"";
}

std::string Plastic(const std::string& initial, const std::string& bounds) {
  return "weight = " + initial + "\nequations = \"w : 1\"\n" + bounds +
         "\non_pre = \"x_post += w; w *= 0.5\"";
}

TEST(ChooseQuanta, R6_WeightsOfOneSizeFill31Bits) {
  for (const char* weight : {"1", "0.3", "normal(87.8, 8.78)", "uniform(0.5, 1.5)",
                             "0.3 if i == 0 else 30", "clip(normal(1, 3), 0.1, 2)"}) {
    const ir::Accumulator sum = SumOf(Weights(weight));
    EXPECT_FALSE(sum.wide) << weight;
    EXPECT_EQ(sum.limit_log2, ir::Accumulator().limit_log2) << weight;
  }
  EXPECT_EQ(SumOf(Weights("1")).scale_log2, -30);
  EXPECT_EQ(SumOf(Weights("0.3")).scale_log2, -32);
  EXPECT_EQ(SumOf(Weights("1e-15")).scale_log2, -80);
  EXPECT_EQ(SumOf(Weights("0.3 if i == 0 else 30")).scale_log2, -26);
}

TEST(ChooseQuanta, R6_WeightsFurtherApartTake64Bits) {
  for (const char* weight : {"0.3 if i == 0 else 300", "uniform(0, 1)", "normal(0, 1)",
                             "lognormal(0, 0.5)", "0.1*exponential(1)"}) {
    const ir::Accumulator sum = SumOf(Weights(weight));
    EXPECT_FALSE(sum.wide) << weight;
    EXPECT_LT(sum.scale_log2, -37) << weight;
  }
  // Four of at most 300 are less than 2^11; 50 bits hold them.
  EXPECT_EQ(SumOf(Weights("0.3 if i == 0 else 300")).scale_log2, 11 - 50);
}

TEST(ChooseQuanta, R6_WeightsOfManySizesAreWide) {
  for (const char* weight : {"lognormal(0, 3)", "1e-9 if i == 0 else 1e9", "uniform(0, 1)**6"}) {
    EXPECT_TRUE(SumOf(Weights(weight)).wide) << weight;
  }
  // Four of at most 1e9 < 2^30 are at most 2^32; 125 bits hold them.
  EXPECT_EQ(SumOf(Weights("1e-9 if i == 0 else 1e9")).scale_log2, 32 - 125);
}

TEST(ChooseQuanta, R6_WhatIsComputedIsAsWideAsItsBounds) {
  // Nothing bounds it. Four meet at most, of 2^123 quanta each.
  const ir::Accumulator unbounded = SumOf(Plastic("1", ""));
  EXPECT_TRUE(unbounded.wide);
  EXPECT_EQ(unbounded.limit_log2, 123);
  EXPECT_EQ(unbounded.scale_log2, -64 - 9);
  // Bounds near what is there, and far above it.
  const ir::Accumulator near = SumOf(Plastic("1", "bounds = { w = [0, 10] }"));
  EXPECT_FALSE(near.wide);
  EXPECT_EQ(near.limit_log2, 59);
  EXPECT_EQ(near.scale_log2, 3 - 59);  // it begins with 1, and code stores 5 at most
  EXPECT_TRUE(SumOf(Plastic("1", "bounds = { w = [0, 1e9] }")).wide);
  // Nothing says how small it is, as it begins with 0.
  EXPECT_TRUE(SumOf(Plastic("0", "bounds = { w = [0, 10] }")).wide);
  // What is added to does not become small, and neither does a choice between two amounts.
  const ir::Accumulator grows = SumOf(
      "weight = 1\nequations = \"w : 1\"\nbounds = { w = [0, 10] }\n"
      "on_pre = \"x_post += w; w += 0.5\"");
  EXPECT_FALSE(grows.wide);
  EXPECT_EQ(grows.scale_log2, -27);
  EXPECT_EQ(SumOf("weight = 1\nequations = \"works : boolean\"\n"
                  "on_pre = \"x_post += (w if works else 0); works = not works\"")
                .scale_log2,
            -30);
  // Time ends after 2^48 steps.
  const ir::Accumulator time = SumOf("weight = 1\non_pre = \"x_post += w*t/ms\"");
  EXPECT_TRUE(time.wide);
  EXPECT_EQ(time.scale_log2, 45 - 123);
}

TEST(ChooseQuanta, R6_StrictMathKeeps53Bits) {
  constexpr char kStrict[] = "math = \"strict\"";
  EXPECT_EQ(SumOf(Weights("1"), kStrict).scale_log2, -30);
  const ir::Accumulator third = SumOf(Weights("0.3"), kStrict);
  EXPECT_FALSE(third.wide);
  EXPECT_EQ(std::ldexp(std::nearbyint(std::ldexp(0.3, -third.scale_log2)), third.scale_log2), 0.3);
  EXPECT_TRUE(SumOf(Weights("normal(87.8, 8.78)"), kStrict).wide ||
              SumOf(Weights("normal(87.8, 8.78)"), kStrict).scale_log2 <= 4 - 53);
}

TEST(ChooseQuanta, R6_AResolutionIsTheScale) {
  const auto with = [](const std::string& resolution, const std::string& projection) {
    return SumOf(projection, "",
                 "equations = \"x : volt\"\nresolution = { x = \"" + resolution + "\" }");
  };
  constexpr char kConstant[] = "weight = \"0.3 mV\"\non_pre = \"x_post += w\"";
  EXPECT_EQ(with("1 mV", kConstant).scale_log2, 0);
  EXPECT_EQ(with("1 uV", kConstant).scale_log2, -10);
  EXPECT_EQ(with("1 fV", kConstant).scale_log2, -40);
  EXPECT_FALSE(with("1 fV", kConstant).wide);
  EXPECT_TRUE(with("1e-20 mV", kConstant).wide);
  constexpr char kComputed[] =
      "weight = \"0.3 mV\"\nequations = \"w : volt\"\non_pre = \"x_post += w; w += 1 mV\"";
  EXPECT_EQ(with("1 fV", kComputed).scale_log2, -40);
  EXPECT_TRUE(with("1 fV", kComputed).wide);
}

TEST(ChooseQuanta, R6_AnInputWithAResolutionStaysAsItIs) {
  constexpr char kDecays[] =
      "equations = \"dx/dt = -x/(5 ms) : 1\\ndy/dt = -y/(5 ms) : 1\"\nthreshold = \"x > 3\"\n"
      "reset = \"x = 0\"\n";
  constexpr char kBoth[] = "weight = 0.3\non_pre = \"x_post += 0.7*w; y_post += 0.3*w\"";
  const absl::StatusOr<ir::Program> shared = Lowered("", kDecays, kBoth);
  ASSERT_TRUE(shared.ok()) << shared.status().message();
  EXPECT_TRUE(shared->FindInput("dst.x.y.in").has_value());
  const absl::StatusOr<ir::Program> apart =
      Lowered("", std::string(kDecays) + "resolution = { y = 1e-6 }", kBoth);
  ASSERT_TRUE(apart.ok()) << apart.status().message();
  ASSERT_TRUE(apart->FindInput("dst.y.in").has_value());
  const ir::Accumulator y = apart->inputs[*apart->FindInput("dst.y.in")].accumulator;
  EXPECT_EQ(y.scale_log2, -20);
  EXPECT_FALSE(y.decays());
}

}  // namespace
}  // namespace bnsyn::compiler
