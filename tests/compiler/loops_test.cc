#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

std::vector<Loop> LoopsOf(const KernelText& kernel, bool masks = false) {
  return kernel
      .PlanBy({"defer_checks", "sink_arms", "sink_handlers", "narrow_first", "divide_loops"}, masks)
      .loops;
}

// True if a loop keeps the first node of this op.
bool Keeps(const std::vector<Loop>& loops, const KernelText& kernel, ir::Op op) {
  ir::NodeId id = 0;
  while (kernel.node(id).op != op) ++id;
  return std::any_of(loops.begin(), loops.end(), [&](const Loop& loop) {
    return std::find(loop.kept.begin(), loop.kept.end(), id) != loop.kept.end();
  });
}

TEST(Loops, AShortKernelIsOneLoop) {
  const KernelText kernel("  %2 = select %1, 0, %0 : f64[a]\n  store a.V, %2\n");
  const std::vector<Loop> loops = LoopsOf(kernel);
  ASSERT_EQ(loops.size(), 1);
  EXPECT_EQ(loops[0].nodes.size(), 4);
  EXPECT_TRUE(loops[0].kept.empty());
}

TEST(Loops, LongChainIsDividedWithItsNodesInOrder) {
  const KernelText kernel(absl::StrCat(Chain(2, 100, "%0"), "  store a.V, %101\n"));
  const std::vector<Loop> loops = LoopsOf(kernel);
  ASSERT_GT(loops.size(), 1);
  std::vector<ir::NodeId> divided;
  for (const Loop& loop : loops) {
    EXPECT_FALSE(loop.nodes.empty());
    for (const PlannedNode& node : loop.nodes) divided.push_back(node.id);
  }
  std::vector<ir::NodeId> planned;
  const KernelPlan whole = kernel.PlanBy({"sink_arms"});
  for (const PlannedNode& node : whole.loops[0].nodes) {
    planned.push_back(node.id);
  }
  EXPECT_EQ(divided, planned);
  // One value goes from loop to loop: the last of each.
  for (size_t s = 0; s + 1 < loops.size(); ++s) {
    EXPECT_EQ(loops[s].kept, std::vector<ir::NodeId>{loops[s].nodes.back().id});
  }
}

TEST(Loops, LoadsAndComparisonsAreComputedAgain) {
  const KernelText kernel(absl::StrCat(
      Chain(2, 100, "%0"), "  %102 = select %1, %101, %0 : f64[a]\n  store a.w, %102\n"));
  const std::vector<Loop> loops = LoopsOf(kernel);
  ASSERT_GT(loops.size(), 1);
  EXPECT_FALSE(Keeps(loops, kernel, ir::Op::kLoad));
  EXPECT_FALSE(Keeps(loops, kernel, ir::Op::kGt));
}

TEST(Loops, ALoadIsKeptWhereItsStateIsStoredBeforeItIsReadAgain) {
  const KernelText kernel(
      absl::StrCat("  store a.V, 7\n", Chain(3, 100, "%0"),
                   "  %103 = select %1, %102, %0 : f64[a]\n  store a.w, %103\n"));
  const std::vector<Loop> loops = LoopsOf(kernel);
  ASSERT_GT(loops.size(), 1);
  EXPECT_TRUE(Keeps(loops, kernel, ir::Op::kLoad));
  EXPECT_FALSE(Keeps(loops, kernel, ir::Op::kGt));  // compares what was kept
}

TEST(Loops, ValuesThatOnlyAColdRegionReadsAreKept) {
  const KernelText kernel(absl::StrCat(
      "  %2 = mul %0, 5 : f64[a]\n", Chain(3, 100, "%2"), "  %103 = gt %102, 9 : bool[a]\n",
      Chain(104, 20, "%2"), "  %124 = select %103, %123, 0 : f64[a]\n  store a.w, %124\n"));
  const std::vector<Loop> loops = LoopsOf(kernel);
  ASSERT_GT(loops.size(), 1);
  const auto select = std::find_if(
      loops.back().nodes.begin(), loops.back().nodes.end(),
      [&](const PlannedNode& node) { return kernel.node(node.id).op == ir::Op::kSelect; });
  ASSERT_NE(select, loops.back().nodes.end());
  EXPECT_EQ(select->regions.size(), 1);
  EXPECT_TRUE(Keeps(loops, kernel, ir::Op::kMul));
}

// `count` additions to n, of nodes `first` and on; the first is its load.
std::string SmallIntegers(int first, int count) {
  std::string lines = absl::StrCat("  %", first, " = load a.n : i32[a]\n");
  for (int i = first + 1; i < first + count; ++i) {
    absl::StrAppend(&lines, "  %", i, " = add %", i - 1, ", 3i32 : i32[a]\n");
  }
  return lines;
}

std::vector<ir::Op> NarrowOps(const std::vector<Loop>& loops, const KernelText& kernel) {
  std::vector<ir::Op> ops;
  for (const Loop& loop : loops) {
    if (!loop.narrow) continue;
    for (const PlannedNode& node : loop.nodes) ops.push_back(kernel.node(node.id).op);
  }
  return ops;
}

TEST(Loops, SmallIntegersGoFirst) {
  const KernelText kernel(absl::StrCat(
      SmallIntegers(2, 12), "  %14 = eq %13, 7i32 : bool[a]\n  store a.n, %13\n",
      "  %15 = convert %13 : f64[a]\n  %16 = select %14, %15, %0 : f64[a]\n  store a.V, %16\n"));
  const std::vector<Loop> loops = LoopsOf(kernel);
  ASSERT_EQ(loops.size(), 2);
  EXPECT_TRUE(loops[0].narrow);
  EXPECT_EQ(loops[0].nodes.size(), 14);  // with their comparison and store
  EXPECT_EQ(loops[0].kept.size(), 1);
  EXPECT_TRUE(Keeps(loops, kernel, ir::Op::kEq));
  ASSERT_EQ(loops[0].held.size(), 1);  // the last sum, which the state holds
  EXPECT_EQ(kernel.node(loops[0].held[0].value).op, ir::Op::kAdd);
  EXPECT_EQ(loops[0].held[0].state, 2);
  EXPECT_FALSE(loops[1].narrow);
}

TEST(Loops, ComparisonsAreComputedAgainWhereThereAreMasks) {
  const KernelText kernel(absl::StrCat(
      SmallIntegers(2, 12), "  %14 = eq %13, 7i32 : bool[a]\n  store a.n, %13\n",
      "  %15 = convert %13 : f64[a]\n  %16 = select %14, %15, %0 : f64[a]\n  store a.V, %16\n"));
  const std::vector<Loop> loops = LoopsOf(kernel, /*masks=*/true);
  ASSERT_EQ(loops.size(), 2);
  EXPECT_TRUE(loops[0].kept.empty());
  EXPECT_EQ(loops[0].held.size(), 1);
}

TEST(Loops, FewSmallIntegersStayWithOthers) {
  const KernelText kernel(
      absl::StrCat(SmallIntegers(2, 3), "  %5 = convert %4 : f64[a]\n  store a.V, %5\n"));
  const std::vector<Loop> loops = LoopsOf(kernel);
  ASSERT_EQ(loops.size(), 1);
  EXPECT_FALSE(loops[0].narrow);
}

TEST(Loops, ALoadBehindAStoreOfOthersIsNotNarrow) {
  const KernelText kernel(absl::StrCat("  %2 = select %1, 1i32, 0i32 : i32[a]\n  store a.n, %2\n",
                                       SmallIntegers(3, 12),
                                       "  %15 = convert %14 : f64[a]\n  store a.V, %15\n"));
  EXPECT_TRUE(NarrowOps(LoopsOf(kernel), kernel).empty());
}

TEST(Loops, AStoreBeforeItsHandlerMayBeNarrow) {
  const KernelText kernel(absl::StrCat(SmallIntegers(2, 12),
                                       "  %14 = select %1, 5i32, %13 : i32[a]\n",
                                       "  store a.n, %14\n  spike a, %1\n"));
  const std::vector<ir::Op> ops = NarrowOps(LoopsOf(kernel), kernel);
  ASSERT_FALSE(ops.empty());
  EXPECT_EQ(ops.back(), ir::Op::kStore);
}

// A state holds what was stored before a spike until the handler stores it, and not behind it.
TEST(Loops, AStateHoldsItsValueUntilItsHandler) {
  const std::string kernel =
      absl::StrCat(SmallIntegers(2, 12), "  %14 = eq %13, 0i32 : bool[a]\n",
                   "  %15 = select %1, 5i32, %13 : i32[a]\n  store a.n, %15\n  spike a, %1\n");
  const KernelText until(kernel);
  std::vector<Loop> loops = LoopsOf(until);
  ASSERT_GT(loops.size(), 1);
  EXPECT_TRUE(loops[0].kept.empty());
  ASSERT_EQ(loops[0].held.size(), 1);
  EXPECT_EQ(until.node(loops[0].held[0].value).op, ir::Op::kAdd);

  const KernelText behind(absl::StrCat(kernel, "  %16 = convert %13 : f64[a]\n  store a.V, %16\n"));
  loops = LoopsOf(behind);
  ASSERT_GT(loops.size(), 1);
  ASSERT_EQ(loops[0].kept.size(), 1);
  EXPECT_EQ(behind.node(loops[0].kept[0]).op, ir::Op::kAdd);
  EXPECT_TRUE(loops[0].held.empty());
}

}  // namespace
}  // namespace bnsyn::compiler
