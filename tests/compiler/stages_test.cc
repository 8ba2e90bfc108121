#include "compiler/schedule/stages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/rare_arms.h"
#include "compiler/schedule/resets.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

std::vector<Stage> StagesOf(const ir::Block& kernel, bool masks = false) {
  return PlanStages(kernel, GatherResets(kernel, PlanRareArms(kernel)), masks);
}

// Whether a stage keeps the first node of this op.
bool Keeps(const std::vector<Stage>& stages, const ir::Block& kernel, ir::Op op) {
  const auto first = std::find_if(kernel.nodes.begin(), kernel.nodes.end(),
                                  [&](const ir::Node& node) { return node.op == op; });
  const auto id = static_cast<ir::NodeId>(first - kernel.nodes.begin());
  return std::any_of(stages.begin(), stages.end(), [&](const Stage& stage) {
    return std::find(stage.kept.begin(), stage.kept.end(), id) != stage.kept.end();
  });
}

TEST(Stages, ShortKernelIsOne) {
  const ir::Block kernel = Kernel("  %2 = select %1, 0, %0 : f64[a]\n  store a.V, %2\n");
  const std::vector<Stage> stages = StagesOf(kernel);
  ASSERT_EQ(stages.size(), 1);
  EXPECT_EQ(stages[0].nodes.size(), 4);
  EXPECT_TRUE(stages[0].kept.empty());
}

TEST(Stages, LongChainIsDividedWithItsNodesInOrder) {
  const ir::Block kernel = Kernel(absl::StrCat(Chain(2, 100, "%0"), "  store a.V, %101\n"));
  const std::vector<Stage> stages = StagesOf(kernel);
  ASSERT_GT(stages.size(), 1);
  std::vector<ir::NodeId> divided;
  for (const Stage& stage : stages) {
    EXPECT_FALSE(stage.nodes.empty());
    for (const PlannedNode& node : stage.nodes) divided.push_back(node.id);
  }
  std::vector<ir::NodeId> planned;
  for (const PlannedNode& node : PlanRareArms(kernel)) planned.push_back(node.id);
  EXPECT_EQ(divided, planned);
  // One value goes from stage to stage: the last of each.
  for (size_t s = 0; s + 1 < stages.size(); ++s) {
    EXPECT_EQ(stages[s].kept, std::vector<ir::NodeId>{stages[s].nodes.back().id});
  }
}

TEST(Stages, WhatIsLoadedAndComparedIsMadeAnew) {
  const ir::Block kernel = Kernel(absl::StrCat(
      Chain(2, 100, "%0"), "  %102 = select %1, %101, %0 : f64[a]\n  store a.w, %102\n"));
  const std::vector<Stage> stages = StagesOf(kernel);
  ASSERT_GT(stages.size(), 1);
  EXPECT_FALSE(Keeps(stages, kernel, ir::Op::kLoad));
  EXPECT_FALSE(Keeps(stages, kernel, ir::Op::kGt));
}

TEST(Stages, WhatIsLoadedIsKeptWhereItIsStoredBeforeItIsReadAgain) {
  const ir::Block kernel =
      Kernel(absl::StrCat("  store a.V, 7\n", Chain(3, 100, "%0"),
                          "  %103 = select %1, %102, %0 : f64[a]\n  store a.w, %103\n"));
  const std::vector<Stage> stages = StagesOf(kernel);
  ASSERT_GT(stages.size(), 1);
  EXPECT_TRUE(Keeps(stages, kernel, ir::Op::kLoad));
  EXPECT_FALSE(Keeps(stages, kernel, ir::Op::kGt));  // compares what was kept
}

TEST(Stages, ValuesThatOnlyARareArmReadsAgainAreKept) {
  const ir::Block kernel = Kernel(absl::StrCat(
      "  %2 = mul %0, 5 : f64[a]\n", Chain(3, 100, "%2"), "  %103 = gt %102, 9 : bool[a]\n",
      Chain(104, 20, "%2"), "  %124 = select %103, %123, 0 : f64[a]\n  store a.w, %124\n"));
  const std::vector<Stage> stages = StagesOf(kernel);
  ASSERT_GT(stages.size(), 1);
  const auto select = std::find_if(
      stages.back().nodes.begin(), stages.back().nodes.end(),
      [&](const PlannedNode& node) { return kernel.nodes[node.id].op == ir::Op::kSelect; });
  ASSERT_NE(select, stages.back().nodes.end());
  EXPECT_EQ(select->arms.size(), 1);
  EXPECT_TRUE(Keeps(stages, kernel, ir::Op::kMul));
}

// `count` additions to n, of nodes `first` and on; the first is its load.
std::string SmallIntegers(int first, int count) {
  std::string lines = absl::StrCat("  %", first, " = load a.n : i32[a]\n");
  for (int i = first + 1; i < first + count; ++i) {
    absl::StrAppend(&lines, "  %", i, " = add %", i - 1, ", 3i32 : i32[a]\n");
  }
  return lines;
}

std::vector<ir::Op> NarrowOps(const std::vector<Stage>& stages, const ir::Block& kernel) {
  std::vector<ir::Op> ops;
  for (const Stage& stage : stages) {
    if (!stage.narrow) continue;
    for (const PlannedNode& node : stage.nodes) ops.push_back(kernel.nodes[node.id].op);
  }
  return ops;
}

TEST(Stages, SmallIntegersGoFirst) {
  const ir::Block kernel = Kernel(absl::StrCat(
      SmallIntegers(2, 12), "  %14 = eq %13, 7i32 : bool[a]\n  store a.n, %13\n",
      "  %15 = convert %13 : f64[a]\n  %16 = select %14, %15, %0 : f64[a]\n  store a.V, %16\n"));
  const std::vector<Stage> stages = StagesOf(kernel);
  ASSERT_EQ(stages.size(), 2);
  EXPECT_TRUE(stages[0].narrow);
  EXPECT_EQ(stages[0].nodes.size(), 14);  // with their comparison and store
  EXPECT_EQ(stages[0].kept.size(), 1);
  EXPECT_TRUE(Keeps(stages, kernel, ir::Op::kEq));
  ASSERT_EQ(stages[0].stored.size(), 1);  // the last sum, which the state holds
  EXPECT_EQ(kernel.nodes[stages[0].stored[0].value].op, ir::Op::kAdd);
  EXPECT_EQ(stages[0].stored[0].state, 2);
  EXPECT_FALSE(stages[1].narrow);
}

TEST(Stages, ComparisonsAreMadeAnewWhereThereAreMasks) {
  const ir::Block kernel = Kernel(absl::StrCat(
      SmallIntegers(2, 12), "  %14 = eq %13, 7i32 : bool[a]\n  store a.n, %13\n",
      "  %15 = convert %13 : f64[a]\n  %16 = select %14, %15, %0 : f64[a]\n  store a.V, %16\n"));
  const std::vector<Stage> stages = StagesOf(kernel, /*masks=*/true);
  ASSERT_EQ(stages.size(), 2);
  EXPECT_TRUE(stages[0].kept.empty());
  EXPECT_EQ(stages[0].stored.size(), 1);
}

TEST(Stages, FewSmallIntegersStayWithOthers) {
  const ir::Block kernel =
      Kernel(absl::StrCat(SmallIntegers(2, 3), "  %5 = convert %4 : f64[a]\n  store a.V, %5\n"));
  const std::vector<Stage> stages = StagesOf(kernel);
  ASSERT_EQ(stages.size(), 1);
  EXPECT_FALSE(stages[0].narrow);
}

TEST(Stages, WhatIsLoadedBehindAStoreOfOthersIsNotNarrow) {
  const ir::Block kernel = Kernel(
      absl::StrCat("  %2 = select %1, 1i32, 0i32 : i32[a]\n  store a.n, %2\n", SmallIntegers(3, 12),
                   "  %15 = convert %14 : f64[a]\n  store a.V, %15\n"));
  EXPECT_TRUE(NarrowOps(StagesOf(kernel), kernel).empty());
}

TEST(Stages, StoresBeforeAResetMayBeNarrow) {
  const ir::Block kernel =
      Kernel(absl::StrCat(SmallIntegers(2, 12), "  %14 = select %1, 5i32, %13 : i32[a]\n",
                          "  store a.n, %14\n  spike a, %1\n"));
  const std::vector<ir::Op> ops = NarrowOps(StagesOf(kernel), kernel);
  ASSERT_FALSE(ops.empty());
  EXPECT_EQ(ops.back(), ir::Op::kStore);
}

// A state holds what was stored before a reset until the reset, and not behind it.
TEST(Stages, AStateHoldsItsValueUntilItsReset) {
  const std::string kernel =
      absl::StrCat(SmallIntegers(2, 12), "  %14 = eq %13, 0i32 : bool[a]\n",
                   "  %15 = select %1, 5i32, %13 : i32[a]\n  store a.n, %15\n  spike a, %1\n");
  const ir::Block until = Kernel(kernel);
  std::vector<Stage> stages = StagesOf(until);
  ASSERT_GT(stages.size(), 1);
  EXPECT_TRUE(stages[0].kept.empty());
  ASSERT_EQ(stages[0].stored.size(), 1);
  EXPECT_EQ(until.nodes[stages[0].stored[0].value].op, ir::Op::kAdd);

  const ir::Block behind =
      Kernel(absl::StrCat(kernel, "  %16 = convert %13 : f64[a]\n  store a.V, %16\n"));
  stages = StagesOf(behind);
  ASSERT_GT(stages.size(), 1);
  ASSERT_EQ(stages[0].kept.size(), 1);
  EXPECT_EQ(behind.nodes[stages[0].kept[0]].op, ir::Op::kAdd);
  EXPECT_TRUE(stages[0].stored.empty());
}

}  // namespace
}  // namespace bnsyn::compiler
