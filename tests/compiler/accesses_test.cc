#include "compiler/schedule/accesses.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/rare_arms.h"
#include "compiler/schedule/resets.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// The ops of a plan in order, with the number of the state that each loads, checks or stores.
std::string Describe(const ir::Block& kernel, const std::vector<PlannedNode>& plan) {
  std::string text;
  for (const PlannedNode& planned : plan) {
    const ir::Node& node = kernel.nodes[planned.id];
    const ir::OpInfo& info = ir::Info(node.op);
    absl::StrAppend(&text, text.empty() ? "" : " ", info.name);
    if (info.attr == ir::AttrKind::kState) absl::StrAppend(&text, ":", node.attr);
  }
  return text;
}

std::string PlanOf(const std::string& lines) {
  const ir::Block kernel = Kernel(lines);
  return Describe(kernel, StoreEarly(kernel, GatherResets(kernel, PlanRareArms(kernel))));
}

std::string WithLateTakes(const std::string& lines) {
  const ir::Block kernel = Kernel(lines);
  return Describe(kernel, TakeLate(kernel, PlanRareArms(kernel)));
}

TEST(LateTakes, StandBeforeWhatReadsThem) {
  EXPECT_EQ(WithLateTakes("  %2 = take a.I : f64[a]\n  %3 = abs %0 : f64[a]\n"
                          "  %4 = add %3, %2 : f64[a]\n  store a.V, %4\n"),
            "load:0 gt abs take add store:0");
}

TEST(LateTakes, AReaderInAnArmIsOne) {
  EXPECT_EQ(WithLateTakes(absl::StrCat("  %2 = take a.I : f64[a]\n  %3 = abs %0 : f64[a]\n",
                                       Chain(4, 20, "%2"),
                                       "  %24 = select %1, %3, %23 : f64[a]\n  store a.V, %24\n")),
            "load:0 gt abs take select store:0");
}

TEST(LateTakes, OfNoReaderAreTakenStill) {
  EXPECT_EQ(WithLateTakes("  %2 = take a.I : f64[a]\n  store a.V, %0\n"), "load:0 gt store:0 take");
}

TEST(EarlyStores, GoDirectlyBehindTheirValues) {
  EXPECT_EQ(PlanOf("  %2 = abs %0 : f64[a]\n  %3 = neg %2 : f64[a]\n"
                   "  check a.w, %3\n  store a.w, %3\n  check a.V, %2\n  store a.V, %2\n"),
            "load:0 gt abs check:0 store:0 neg check:1 store:1");
}

TEST(EarlyStores, WaitForLoadsOfTheirState) {
  EXPECT_EQ(PlanOf("  %2 = abs %0 : f64[a]\n  %3 = load a.w : f64[a]\n"
                   "  %4 = add %2, %3 : f64[a]\n  store a.w, %2\n  store a.V, %4\n"),
            "load:0 gt abs load:1 add store:0 store:1");
}

TEST(EarlyStores, StayWhereTheStateIsStoredTwice) {
  EXPECT_EQ(PlanOf("  %2 = abs %0 : f64[a]\n  %3 = neg %2 : f64[a]\n  store a.w, %2\n"
                   "  store a.w, %3\n"),
            "load:0 gt abs neg store:1 store:1");
}

TEST(EarlyStores, ALoadInAnArmIsOne) {
  // The arm of 20 nodes is planned within the select, which comes after abs.
  EXPECT_EQ(PlanOf(absl::StrCat("  %2 = abs %0 : f64[a]\n  %3 = load a.w : f64[a]\n",
                                Chain(4, 20, "%3"), "  %24 = select %1, %2, %23 : f64[a]\n",
                                "  store a.w, %2\n  store a.V, %24\n")),
            "load:0 gt abs load:1 select store:0 store:1");
}

TEST(EarlyStores, OfResetsStayBeforeTheirSpike) {
  EXPECT_EQ(PlanOf("  %2 = abs %0 : f64[a]\n  %3 = neg %2 : f64[a]\n"
                   "  %4 = select %1, 0, %2 : f64[a]\n  store a.w, %4\n  spike a, %1\n"),
            "load:0 gt abs neg store:1 spike");
}

TEST(EarlyStores, AreCounted) {
  const ir::Block kernel = Kernel("  store a.w, %0\n  store a.V, %0\n  store a.w, %0\n");
  EXPECT_EQ(CountStores(kernel), (std::map<uint64_t, int>{{0, 1}, {1, 2}}));
}

}  // namespace
}  // namespace bnsyn::compiler
