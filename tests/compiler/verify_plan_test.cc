// Plans that do not compute their kernel are found out.
#include "compiler/schedule/verify_plan.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

constexpr char kStores[] =
    "  %2 = mul %0, 3 : f64[a]\n  store a.V, %2\n  %3 = load a.V : f64[a]\n  store a.w, %3\n";
constexpr char kReset[] =
    "  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n  check a.V, %3\n"
    "  store a.V, %3\n  spike a, %1\n";

// The complaint about the plan of a kernel by these rows after a change, or "".
std::string Complaint(const std::string& lines, const std::vector<std::string>& rows,
                      const std::function<void(KernelPlan&)>& change) {
  const KernelText kernel(lines);
  KernelPlan plan = kernel.PlanBy(rows);
  EXPECT_TRUE(VerifyPlan(kernel.graph(), plan).ok());
  change(plan);
  return std::string(VerifyPlan(kernel.graph(), plan).message());
}

std::vector<PlannedNode>& NodesOf(KernelPlan& plan) { return plan.loops[0].nodes; }

TEST(VerifyPlan, EveryNodeOnce) {
  EXPECT_EQ(Complaint(kStores, {}, [](KernelPlan& plan) { NodesOf(plan).pop_back(); }),
            "'store a.w, %3' is missing");
  EXPECT_EQ(
      Complaint(kStores, {}, [](KernelPlan& plan) { NodesOf(plan).push_back(NodesOf(plan)[0]); }),
      "'%0 = load a.V : f64[a]' is there twice");
}

TEST(VerifyPlan, MemoryInOrder) {
  EXPECT_EQ(Complaint(kStores, {},
                      [](KernelPlan& plan) { std::swap(NodesOf(plan)[3], NodesOf(plan)[4]); }),
            "'store a.V, %2' changed places with '%3 = load a.V : f64[a]'");
}

TEST(VerifyPlan, OperandsFirst) {
  EXPECT_EQ(Complaint(kStores, {},
                      [](KernelPlan& plan) { std::swap(NodesOf(plan)[2], NodesOf(plan)[3]); }),
            "'store a.V, %2' reads '%2 = mul %0, 3 : f64[a]' where it is not known");
}

TEST(VerifyPlan, ColdRegionsKeepTheirValues) {
  const std::string lines =
      absl::StrCat(Chain(2, 20, "%0"), "  %22 = select %1, 0, %21 : f64[a]\n  store a.V, %22\n");
  EXPECT_EQ(Complaint(lines, {"sink_arms"},
                      [](KernelPlan& plan) { NodesOf(plan)[2].regions[0].results.clear(); }),
            "'store a.V, %22' reads '%22 = select %1, 0, %21 : f64[a]' where it is not known");
  EXPECT_EQ(Complaint(lines, {"sink_arms"},
                      [](KernelPlan& plan) {
                        NodesOf(plan)[2].regions[0].nodes.push_back(NodesOf(plan)[3]);
                        NodesOf(plan).pop_back();
                      }),
            "'store a.V, %22' does not act on lanes that need no cold region");
}

TEST(VerifyPlan, LanesThatDoNotSpikeStoreToo) {
  const auto remove = [](KernelPlan& plan, size_t place) {
    NodesOf(plan).erase(NodesOf(plan).begin() + static_cast<std::ptrdiff_t>(place));
  };
  const std::vector<std::string> handler = {"defer_checks", "sink_handlers"};
  EXPECT_EQ(Complaint(kReset, handler, [&](KernelPlan& plan) { remove(plan, 4); }),
            "'store a.V, %3' does not act on lanes that need no cold region");
  EXPECT_EQ(Complaint(kReset, handler,
                      [](KernelPlan& plan) { NodesOf(plan)[5].regions[0].nodes.pop_back(); }),
            "'spike a, %1' is missing");
  EXPECT_EQ(Complaint(kReset, handler, [](KernelPlan& plan) { plan.deferred_checks.clear(); }),
            "'check a.V, %3' acts before its spike and is not deferred");
}

TEST(VerifyPlan, TailsReadWhatIsLeft) {
  const std::vector<std::string> tail = {"defer_checks", "sink_handlers", "sink_to_tail"};
  EXPECT_EQ(Complaint(kReset, tail,
                      [](KernelPlan& plan) { plan.tails[0].nodes[0].known = Known::kNothing; }),
            "'%3 = select %1, 0, %2 : f64[a]' reads '%2 = mul %0, 3 : f64[a]' where it is not "
            "known");
  EXPECT_EQ(
      Complaint(kReset, tail, [](KernelPlan& plan) { plan.deferred_checks[0].spared.clear(); }),
      "'spike a, %1' is not spared by the checks that it would fail");
}

TEST(VerifyPlan, LoopsKeepWhatOthersRead) {
  const std::string lines = absl::StrCat(Chain(2, 100, "%0"), "  store a.V, %101\n");
  EXPECT_TRUE(absl::StrContains(
      Complaint(lines, {"divide_loops"}, [](KernelPlan& plan) { plan.loops[0].kept.clear(); }),
      "where it is not known"));
  EXPECT_TRUE(absl::StrContains(
      Complaint(lines, {"divide_loops"},
                [](KernelPlan& plan) { std::swap(plan.loops[0], plan.loops[1]); }),
      "where it is not known"));
}

}  // namespace
}  // namespace bnsyn::compiler
