#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// The states whose checks are deferred, in a kernel that doubles V as %2 and runs `lines`.
std::vector<std::string> NamesFor(const std::string& lines) {
  const KernelText kernel("  %2 = mul %0, 2 : f64[a]\n" + lines);
  std::vector<std::string> names;
  for (const DeferredCheck& check : kernel.PlanBy({"defer_checks"}).deferred_checks) {
    names.push_back(kernel.graph().program().states[check.state].name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(DeferChecks, TakesChecksOfTheStoredValue) {
  EXPECT_EQ(NamesFor("  check a.V, %2\n  store a.V, %2\n  store a.w, %2\n"), Names{"a.V"});
  EXPECT_EQ(NamesFor("  store a.w, %2\n  check a.w, %2\n  check a.V, %0\n  store a.V, %0\n"),
            (Names{"a.V", "a.w"}));
}

TEST(DeferChecks, NotChecksOfOtherValues) {
  EXPECT_EQ(NamesFor("  check a.V, %0\n  store a.V, %2\n"), Names{});
  EXPECT_EQ(NamesFor("  check a.V, %0\n  check a.V, %2\n  store a.V, %2\n"), Names{});
  EXPECT_EQ(NamesFor("  check a.V, %2\n  store a.w, %2\n"), Names{});
}

TEST(DeferChecks, NotWhereTheStateIsStoredTwiceOrNever) {
  EXPECT_EQ(NamesFor("  check a.V, %2\n  store a.V, %2\n  store a.V, %2\n"), Names{});
  EXPECT_EQ(NamesFor("  check a.V, %2\n"), Names{});
}

TEST(DeferChecks, NotOfStatesOfOtherElements) {
  EXPECT_EQ(NamesFor("  %3 = load a.f : f32[a]\n  check a.f, %3\n  store a.f, %3\n"), Names{});
}

// A tail checks what it stores: the neurons of its spike are not checked in memory before.
TEST(DeferChecks, SparesNeuronsWhoseTailsStore) {
  const KernelText kernel(
      "  %2 = mul %0, 2 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n  check a.V, %3\n"
      "  store a.V, %3\n  check a.w, %2\n  store a.w, %2\n  spike a, %1\n");
  const KernelPlan plan = kernel.PlanBy({"defer_checks", "sink_handlers", "sink_to_tail"});
  ASSERT_EQ(plan.tails.size(), 1);
  ASSERT_EQ(plan.deferred_checks.size(), 2);
  EXPECT_EQ(plan.deferred_checks[0].spared, std::vector<ir::NodeId>{plan.tails[0].spike});
  EXPECT_TRUE(plan.deferred_checks[1].spared.empty());
}

}  // namespace
}  // namespace bnsyn::compiler
