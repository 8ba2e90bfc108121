#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// The selects with cold regions, and how long each arm is: "select false:16".
std::string DescribeArms(const std::vector<PlannedNode>& nodes, const KernelText& kernel) {
  std::string text;
  for (const PlannedNode& node : nodes) {
    for (const ColdRegion& region : node.regions) {
      const size_t select = &region == &node.regions.back() ? 1 : 0;
      absl::StrAppend(&text, kernel.OpName(node.id), " ", region.when ? "true" : "false", ":",
                      region.nodes.size() - select, " ");
      const std::string inner = DescribeArms(region.nodes, kernel);
      if (!inner.empty()) absl::StrAppend(&text, "[", inner, "] ");
    }
  }
  return text;
}

std::string ArmsOf(const std::string& lines) {
  const KernelText kernel(lines);
  const KernelPlan plan = kernel.PlanBy({"sink_arms"});
  return DescribeArms(plan.loops[0].nodes, kernel);
}

TEST(SinkArms, LongArmsRunOnlyWhereALaneTakesThem) {
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, 0, %21 : f64[a]\n",
                                "  store a.V, %22\n")),
            "select false:20 ");
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, %21, 0 : f64[a]\n",
                                "  store a.V, %22\n")),
            "select true:20 ");
}

TEST(SinkArms, ShortOnesDoNot) {
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 5, "%0"), "  %7 = select %1, 0, %6 : f64[a]\n",
                                "  store a.V, %7\n")),
            "");
}

TEST(SinkArms, WhatIsNeededElsewhereStays) {
  // The last link is stored too.
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, 0, %21 : f64[a]\n",
                                "  %23 = add %22, %21 : f64[a]\n  store a.V, %23\n")),
            "");
  // The link in the middle is: what comes after it waits.
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 40, "%0"), "  %42 = select %1, 0, %41 : f64[a]\n",
                                "  %43 = add %42, %21 : f64[a]\n  store a.V, %43\n")),
            "select false:20 ");
  // Both arms have it.
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = neg %21 : f64[a]\n",
                                "  %23 = select %1, %22, %21 : f64[a]\n  store a.V, %23\n")),
            "");
}

TEST(SinkArms, RegionsNest) {
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = gt %0, 2 : bool[a]\n",
                                "  %23 = select %22, 0, %21 : f64[a]\n", Chain(24, 20, "%23"),
                                "  %44 = select %1, 0, %43 : f64[a]\n  store a.V, %44\n")),
            "select false:22 [select false:20 ] ");
}

TEST(SinkArms, AnArmThatIsMostOfAnotherHasNoBranchOfItsOwn) {
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = gt %0, 2 : bool[a]\n",
                                "  %23 = select %22, 0, %21 : f64[a]\n", Chain(24, 5, "%23"),
                                "  %29 = select %1, 0, %28 : f64[a]\n  store a.V, %29\n")),
            "select false:27 ");
}

TEST(SinkArms, AnArmStaysWhereTheOtherLeavesAStateAsItWas) {
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, %21, %0 : f64[a]\n",
                                "  store a.V, %22\n")),
            "");
  // The same condition holds it twice.
  EXPECT_EQ(ArmsOf(absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, %21, %0 : f64[a]\n",
                                Chain(23, 20, "%22"), "  %43 = select %1, %42, %22 : f64[a]\n",
                                "  store a.V, %43\n")),
            "");
  // Another condition holds it, but not this one.
  EXPECT_EQ(ArmsOf(absl::StrCat("  %2 = gt %0, 2 : bool[a]\n", Chain(3, 20, "%0"),
                                "  %23 = select %1, 7, %0 : f64[a]\n",
                                "  %24 = select %2, %22, %23 : f64[a]\n  store a.V, %24\n")),
            "select true:20 ");
}

// The ops of a plan in order, those of a handler in brackets after its spike and the number of its
// results: "load gt spike(1)[select store]". A store that leaves spiking lanes out has a star.
std::string DescribeHandlers(const std::vector<PlannedNode>& nodes, const KernelText& kernel) {
  std::string text;
  for (const PlannedNode& node : nodes) {
    absl::StrAppend(&text, text.empty() ? "" : " ", kernel.OpName(node.id),
                    node.known == Known::kFalse ? "*" : "");
    for (const ColdRegion& region : node.regions) {
      std::vector<PlannedNode> handler = region.nodes;
      EXPECT_EQ(handler.back().id, node.id);
      handler.pop_back();
      absl::StrAppend(&text, "(", region.results.size(), ")[", DescribeHandlers(handler, kernel),
                      "]");
    }
  }
  return text;
}

std::string HandlersOf(const std::string& lines) {
  const KernelText kernel(lines);
  const KernelPlan plan = kernel.PlanBy({"defer_checks", "sink_handlers"});
  return DescribeHandlers(plan.loops[0].nodes, kernel);
}

TEST(SinkHandlers, SelectsOfASpikeSink) {
  EXPECT_EQ(HandlersOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                       "  store a.V, %3\n  spike a, %1\n"),
            "load gt spike(1)[select] abs store");
}

TEST(SinkHandlers, SoDoesWhatOnlyTheyNeed) {
  EXPECT_EQ(HandlersOf("  %2 = mul %0, 3 : f64[a]\n  %3 = sqrt %0 : f64[a]\n"
                       "  %4 = add %2, %3 : f64[a]\n  %5 = select %1, %4, %3 : f64[a]\n"
                       "  %6 = abs %5 : f64[a]\n  store a.V, %6\n  spike a, %1\n"),
            "load gt sqrt spike(1)[mul add select] abs store");
}

TEST(SinkHandlers, WithoutThemASpikeStaysWhereItWas) {
  EXPECT_EQ(HandlersOf("  %2 = abs %0 : f64[a]\n  store a.V, %2\n  spike a, %1\n"),
            "load gt abs store spike");
}

TEST(SinkHandlers, NeuronsThatAllSpikeTogetherHaveNone) {
  EXPECT_EQ(HandlersOf("  %2 = step : u64\n  %3 = eq %2, 7u64 : bool\n"
                       "  %4 = select %3, 0, %0 : f64[a]\n  store a.V, %4\n  spike a, %3\n"),
            "load gt select store spike");
}

TEST(SinkHandlers, SelectsOfOtherConditionsStay) {
  EXPECT_EQ(HandlersOf("  %2 = gt %0, 2 : bool[a]\n  %3 = select %2, 0, %0 : f64[a]\n"
                       "  store a.V, %3\n  spike a, %1\n"),
            "load gt gt select store spike");
}

TEST(SinkHandlers, LaterSelectsTakeWhatTheyChooseFromAlong) {
  EXPECT_EQ(HandlersOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                       "  store a.V, %3\n  %4 = load a.w : f64[a]\n  %5 = mul %4, 3 : f64[a]\n"
                       "  %6 = select %1, 1, %5 : f64[a]\n  %7 = abs %6 : f64[a]\n"
                       "  store a.w, %7\n  spike a, %1\n"),
            "load gt load mul spike(2)[select select] abs store abs store");
}

TEST(SinkHandlers, SelectsThatDependOnOthersStay) {
  EXPECT_EQ(HandlersOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                       "  %4 = select %1, 1, %3 : f64[a]\n  %5 = abs %4 : f64[a]\n"
                       "  store a.V, %5\n  spike a, %1\n"),
            "load gt spike(1)[select] abs select abs store");
}

TEST(SinkHandlers, SelectsOfWhatIsLoadedBehindAStoreStay) {
  EXPECT_EQ(HandlersOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = abs %2 : f64[a]\n"
                       "  store a.V, %3\n  %4 = load a.V : f64[a]\n"
                       "  %5 = select %1, 1, %4 : f64[a]\n  %6 = abs %5 : f64[a]\n"
                       "  store a.w, %6\n  spike a, %1\n"),
            "load gt spike(1)[select] abs store load select abs store");
}

TEST(SinkHandlers, WhatIsOnlyStoredIsStoredBeforeTheSpikeToo) {
  EXPECT_EQ(HandlersOf("  %2 = select %1, 0, %0 : f64[a]\n  store a.V, %2\n  spike a, %1\n"),
            "load gt store* spike(0)[select store]");
}

TEST(SinkHandlers, UnlessTheStateIsLoadedInBetween) {
  EXPECT_EQ(HandlersOf("  %2 = select %1, 0, %0 : f64[a]\n  %3 = load a.V : f64[a]\n"
                       "  store a.V, %2\n  %4 = abs %3 : f64[a]\n  store a.w, %4\n  spike a, %1\n"),
            "load gt spike(1)[select] load store abs store");
}

TEST(SinkHandlers, ManyPathsToOneNodeAreWalkedOnce) {
  std::string lines = "  %2 = select %1, 0, %0 : f64[a]\n  %3 = mul %0, 3 : f64[a]\n";
  for (int i = 4; i < 100; ++i) {
    absl::StrAppend(&lines, "  %", i, " = add %", i - 1, ", %", i - 1, " : f64[a]\n");
  }
  const std::string plan = HandlersOf(
      absl::StrCat(lines, "  %100 = select %1, %0, %99 : f64[a]\n  %101 = sub %100, %2 : f64[a]\n",
                   "  store a.V, %101\n  spike a, %1\n"));
  EXPECT_NE(plan.find("spike(2)[select select] sub store"), std::string::npos) << plan;
}

// For each spike with a handler: "tail" and the ops of the values that states hold, or "at once".
std::string TailsOf(const std::string& lines) {
  const KernelText kernel(lines);
  const KernelPlan plan = kernel.PlanBy({"defer_checks", "sink_handlers", "sink_to_tail"});
  std::string text;
  for (const PlannedNode& planned : plan.loops[0].nodes) {
    if (kernel.node(planned.id).op != ir::Op::kSpike) continue;
    const Tail* const tail = plan.FindTail(planned.id);
    EXPECT_NE(tail == nullptr, planned.regions.empty());
    absl::StrAppend(&text, text.empty() ? "" : "; ", tail != nullptr ? "tail" : "at once");
    if (tail == nullptr) continue;
    for (const HeldValue& held : tail->held) {
      absl::StrAppend(&text, " ", kernel.OpName(held.value));
    }
  }
  return text;
}

TEST(SinkToTail, TakesHandlersThatNothingReads) {
  EXPECT_EQ(TailsOf("  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n"
                    "  check a.V, %3\n  store a.V, %3\n  spike a, %1\n"),
            "tail");
  EXPECT_EQ(TailsOf("  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n"
                    "  %4 = abs %3 : f64[a]\n  store a.V, %4\n  spike a, %1\n"),
            "at once");
}

TEST(SinkToTail, ReadsWhatStatesHold) {
  const std::string w = "  %2 = load a.w : f64[a]\n  %3 = mul %2, 3 : f64[a]\n";
  EXPECT_EQ(TailsOf(w + "  %4 = add %3, 1 : f64[a]\n  %5 = select %1, %4, %3 : f64[a]\n"
                        "  check a.w, %5\n  store a.w, %5\n  spike a, %1\n"),
            "tail mul");
  // The state holds something else than they read.
  EXPECT_EQ(TailsOf(w + "  %4 = add %2, 1 : f64[a]\n  %5 = select %1, %4, %3 : f64[a]\n"
                        "  check a.w, %5\n  store a.w, %5\n  spike a, %1\n"),
            "at once");
}

TEST(SinkToTail, ComputesAgainWhatTakesNoTime) {
  // V is loaded and never stored; others read the products, so that they are not part of the
  // handler.
  const auto lines = [](int count) {
    const int product = count + 1;
    return absl::StrCat(Chain(2, count, "%0"), "  %", product + 1, " = abs %", product,
                        " : f64[a]\n  %", product + 2, " = select %1, %", product, ", %",
                        product + 1, " : f64[a]\n  store a.w, %", product + 2, "\n  spike a, %1\n");
  };
  EXPECT_EQ(TailsOf(lines(8)), "tail");
  EXPECT_EQ(TailsOf(lines(9)), "at once");
}

TEST(SinkToTail, NotWhereTheStateIsLoadedBehindThem) {
  const std::string reset =
      "  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n  store a.V, %3\n";
  EXPECT_EQ(TailsOf(reset + "  spike a, %1\n"), "tail");
  EXPECT_EQ(TailsOf(reset + "  %4 = load a.V : f64[a]\n  %5 = abs %4 : f64[a]\n"
                            "  store a.w, %5\n  spike a, %1\n"),
            "at once");
}

// a's spike resets w; what a.too's stores in n is read from w, or not.
TEST(SinkToTail, NotWhereAnotherSpikeMayHaveChangedWhatTheyRead) {
  const std::string both =
      "  %2 = load a.w : f64[a]\n  %3 = mul %2, 3 : f64[a]\n  %4 = select %1, 0, %3 : f64[a]\n"
      "  store a.w, %4\n  %5 = gt %0, 5 : bool[a]\n  %6 = convert %3 : i32[a]\n"
      "  %7 = select %5, 2i32, 1i32 : i32[a]\n  store a.n, %7\n  spike a, %1\n"
      "  spike a.too, %5\n";
  EXPECT_EQ(TailsOf(both), "tail; tail");
  EXPECT_EQ(TailsOf(absl::StrReplaceAll(both, {{"2i32", "%6"}})), "tail; at once");
}

// The tail would overwrite what was stored behind the spike.
TEST(SinkToTail, NotWhereTheStateIsStoredOnceMore) {
  EXPECT_EQ(TailsOf("  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n"
                    "  store a.V, %3\n  spike a, %1\n  store a.V, 7\n"),
            "at once");
}

}  // namespace
}  // namespace bnsyn::compiler
