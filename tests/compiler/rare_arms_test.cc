#include "compiler/schedule/rare_arms.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// The selects with rare arms, and how long each arm is: "select false:16".
std::string Describe(const std::vector<PlannedNode>& nodes, const ir::Block& kernel) {
  std::string text;
  for (const PlannedNode& node : nodes) {
    for (const RareArm& arm : node.arms) {
      absl::StrAppend(&text, ir::Info(kernel.nodes[node.id].op).name, " ",
                      arm.when ? "true" : "false", ":", arm.nodes.size(), " ");
      const std::string inner = Describe(arm.nodes, kernel);
      if (!inner.empty()) absl::StrAppend(&text, "[", inner, "] ");
    }
  }
  return text;
}

std::string PlanOf(const std::string& lines) {
  const ir::Block kernel = Kernel(lines);
  return Describe(PlanRareArms(kernel), kernel);
}

TEST(RareArms, LongArmsWaitForALaneThatTakesThem) {
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, 0, %21 : f64[a]\n",
                                "  store a.V, %22\n")),
            "select false:20 ");
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, %21, 0 : f64[a]\n",
                                "  store a.V, %22\n")),
            "select true:20 ");
}

TEST(RareArms, ShortOnesDoNot) {
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 5, "%0"), "  %7 = select %1, 0, %6 : f64[a]\n",
                                "  store a.V, %7\n")),
            "");
}

TEST(RareArms, WhatIsNeededElsewhereIsComputedAlways) {
  // The last link is stored too.
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, 0, %21 : f64[a]\n",
                                "  %23 = add %22, %21 : f64[a]\n  store a.V, %23\n")),
            "");
  // The link in the middle is: what comes after it waits.
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 40, "%0"), "  %42 = select %1, 0, %41 : f64[a]\n",
                                "  %43 = add %42, %21 : f64[a]\n  store a.V, %43\n")),
            "select false:20 ");
  // Both arms have it.
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = neg %21 : f64[a]\n",
                                "  %23 = select %1, %22, %21 : f64[a]\n  store a.V, %23\n")),
            "");
}

TEST(RareArms, MayHoldOthers) {
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = gt %0, 2 : bool[a]\n",
                                "  %23 = select %22, 0, %21 : f64[a]\n", Chain(24, 20, "%23"),
                                "  %44 = select %1, 0, %43 : f64[a]\n  store a.V, %44\n")),
            "select false:22 [select false:20 ] ");
}

TEST(RareArms, AnArmThatIsMostOfAnotherIsNotAskedForAgain) {
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = gt %0, 2 : bool[a]\n",
                                "  %23 = select %22, 0, %21 : f64[a]\n", Chain(24, 5, "%23"),
                                "  %29 = select %1, 0, %28 : f64[a]\n  store a.V, %29\n")),
            "select false:27 ");
}

TEST(RareArms, EveryNodeIsPlannedOnce) {
  const ir::Block kernel = Kernel(absl::StrCat(
      Chain(2, 20, "%0"), "  %22 = select %1, 0, %21 : f64[a]\n", "  store a.V, %22\n"));
  const std::vector<PlannedNode> plan = PlanRareArms(kernel);
  size_t planned = plan.size();
  for (const PlannedNode& node : plan) {
    for (const RareArm& arm : node.arms) planned += arm.nodes.size();
  }
  size_t over_elements = 0;
  for (const ir::Node& node : kernel.nodes) over_elements += node.op != ir::Op::kLiteral ? 1 : 0;
  EXPECT_EQ(planned, over_elements);
}

TEST(RareArms, ArmsAreNotRareWhereTheOtherHoldsAState) {
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, %21, %0 : f64[a]\n",
                                "  store a.V, %22\n")),
            "");
  // The same condition holds it twice.
  EXPECT_EQ(PlanOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, %21, %0 : f64[a]\n",
                                Chain(23, 20, "%22"), "  %43 = select %1, %42, %22 : f64[a]\n",
                                "  store a.V, %43\n")),
            "");
  // Another condition holds it, but not this one.
  EXPECT_EQ(PlanOf(absl::StrCat("  %2 = gt %0, 2 : bool[a]\n", Chain(3, 20, "%0"),
                                "  %23 = select %1, 7, %0 : f64[a]\n",
                                "  %24 = select %2, %22, %23 : f64[a]\n  store a.V, %24\n")),
            "select true:20 ");
}

}  // namespace
}  // namespace bnsyn::compiler
