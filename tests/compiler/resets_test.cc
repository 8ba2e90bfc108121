#include "compiler/schedule/resets.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/rare_arms.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// The ops of a plan in order, those of resets in brackets after their spike and the selects that
// others read: "load gt spike(select)[select store]". A store before its reset has a star.
std::string Describe(const std::vector<PlannedNode>& nodes, const ir::Block& kernel) {
  std::string text;
  for (const PlannedNode& node : nodes) {
    absl::StrAppend(&text, text.empty() ? "" : " ", ir::Info(kernel.nodes[node.id].op).name,
                    node.before_reset ? "*" : "");
    if (node.resets.nodes.empty()) continue;
    absl::StrAppend(&text, "(", node.resets.selects.size(), ")[",
                    Describe(node.resets.nodes, kernel), "]");
  }
  return text;
}

std::string PlanOf(const std::string& lines) {
  const ir::Block kernel = Kernel(lines);
  return Describe(GatherResets(kernel, PlanRareArms(kernel)), kernel);
}

TEST(Resets, SelectsOfASpikeWaitForIt) {
  EXPECT_EQ(PlanOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                   "  store a.V, %3\n  spike a, %1\n"),
            "load gt spike(1)[select] abs store");
}

TEST(Resets, SoDoesWhatOnlyTheyNeed) {
  EXPECT_EQ(PlanOf("  %2 = mul %0, 3 : f64[a]\n  %3 = sqrt %0 : f64[a]\n"
                   "  %4 = add %2, %3 : f64[a]\n  %5 = select %1, %4, %3 : f64[a]\n"
                   "  %6 = abs %5 : f64[a]\n  store a.V, %6\n  spike a, %1\n"),
            "load gt sqrt spike(1)[mul add select] abs store");
}

TEST(Resets, WithoutThemASpikeStaysWhereItWas) {
  EXPECT_EQ(PlanOf("  %2 = abs %0 : f64[a]\n  store a.V, %2\n  spike a, %1\n"),
            "load gt abs store spike");
}

TEST(Resets, OtherConditionsAreNoResets) {
  EXPECT_EQ(PlanOf("  %2 = gt %0, 2 : bool[a]\n  %3 = select %2, 0, %0 : f64[a]\n"
                   "  store a.V, %3\n  spike a, %1\n"),
            "load gt gt select store spike");
}

TEST(Resets, LaterSelectsTakeWhatTheyChooseFromAlong) {
  EXPECT_EQ(PlanOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                   "  store a.V, %3\n  %4 = load a.w : f64[a]\n  %5 = mul %4, 3 : f64[a]\n"
                   "  %6 = select %1, 1, %5 : f64[a]\n  %7 = abs %6 : f64[a]\n"
                   "  store a.w, %7\n  spike a, %1\n"),
            "load gt load mul spike(2)[select select] abs store abs store");
}

TEST(Resets, SelectsThatDependOnOthersStay) {
  EXPECT_EQ(PlanOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                   "  %4 = select %1, 1, %3 : f64[a]\n  %5 = abs %4 : f64[a]\n"
                   "  store a.V, %5\n  spike a, %1\n"),
            "load gt spike(1)[select] abs select abs store");
}

TEST(Resets, SelectsOfWhatIsLoadedBehindAStoreStay) {
  EXPECT_EQ(PlanOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                   "  store a.V, %3\n  %4 = load a.V : f64[a]\n"
                   "  %5 = select %1, 1, %4 : f64[a]\n  %6 = abs %5 : f64[a]\n"
                   "  store a.w, %6\n  spike a, %1\n"),
            "load gt spike(1)[select] abs store load select abs store");
}

TEST(Resets, WhatIsOnlyStoredIsStoredBefore) {
  EXPECT_EQ(PlanOf("  %2 = select %1, 0, %0 : f64[a]\n  store a.V, %2\n  spike a, %1\n"),
            "load gt store* spike(0)[select store]");
}

TEST(Resets, UnlessTheStateIsLoadedInBetween) {
  EXPECT_EQ(PlanOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = load a.V : f64[a]\n"
                   "  store a.V, %2\n  %4 = abs %3 : f64[a]\n  store a.w, %4\n  spike a, %1\n"),
            "load gt spike(1)[select] load store abs store");
}

TEST(Resets, ManyPathsToOneNodeAreWalkedOnce) {
  std::string lines = "  %2 = select %1, 0, %0 : f64[a]\n  %3 = mul %0, 3 : f64[a]\n";
  for (int i = 4; i < 100; ++i) {
    absl::StrAppend(&lines, "  %", i, " = add %", i - 1, ", %", i - 1, " : f64[a]\n");
  }
  const std::string plan = PlanOf(
      absl::StrCat(lines, "  %100 = select %1, %0, %99 : f64[a]\n  %101 = sub %100, %2 : f64[a]\n",
                   "  store a.V, %101\n  spike a, %1\n"));
  EXPECT_NE(plan.find("spike(2)[select select] sub store"), std::string::npos) << plan;
}

}  // namespace
}  // namespace bnsyn::compiler
