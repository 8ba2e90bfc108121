#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// The ops of a plan in order, with the number of the state that each loads, checks or stores.
std::string Describe(const KernelText& kernel, const KernelPlan& plan) {
  std::string text;
  for (const PlannedNode& planned : plan.loops[0].nodes) {
    absl::StrAppend(&text, text.empty() ? "" : " ", kernel.OpName(planned.id));
    const ir::Node& node = kernel.node(planned.id);
    if (ir::Info(node.op).attr == ir::AttrKind::kState) absl::StrAppend(&text, ":", node.attr);
  }
  return text;
}

std::string WithEarlyStores(const std::string& lines) {
  const KernelText kernel(lines);
  return Describe(kernel,
                  kernel.PlanBy({"defer_checks", "sink_arms", "sink_handlers", "store_early"}));
}

std::string WithLateTakes(const std::string& lines) {
  const KernelText kernel(lines);
  return Describe(kernel, kernel.PlanBy({"sink_arms", "take_late"}));
}

TEST(TakeLate, MovesSumsBeforeWhatReadsThem) {
  EXPECT_EQ(WithLateTakes("  %2 = take a.I : f64[a]\n  %3 = abs %0 : f64[a]\n"
                          "  %4 = add %3, %2 : f64[a]\n  store a.V, %4\n"),
            "load:0 gt abs take add store:0");
}

TEST(TakeLate, AReaderInAnArmCounts) {
  EXPECT_EQ(WithLateTakes(absl::StrCat("  %2 = take a.I : f64[a]\n  %3 = abs %0 : f64[a]\n",
                                       Chain(4, 20, "%2"),
                                       "  %24 = select %1, %3, %23 : f64[a]\n  store a.V, %24\n")),
            "load:0 gt abs take select store:0");
}

TEST(TakeLate, SumsWithoutAReaderAreTakenStill) {
  EXPECT_EQ(WithLateTakes("  %2 = take a.I : f64[a]\n  store a.V, %0\n"), "load:0 gt store:0 take");
}

TEST(StoreEarly, MovesStoresBehindTheirValues) {
  EXPECT_EQ(WithEarlyStores("  %2 = abs %0 : f64[a]\n  %3 = neg %2 : f64[a]\n"
                            "  check a.w, %3\n  store a.w, %3\n  check a.V, %2\n  store a.V, %2\n"),
            "load:0 gt abs check:0 store:0 neg check:1 store:1");
}

TEST(StoreEarly, NotBeforeALoadOfTheState) {
  EXPECT_EQ(WithEarlyStores("  %2 = abs %0 : f64[a]\n  %3 = load a.w : f64[a]\n"
                            "  %4 = add %2, %3 : f64[a]\n  store a.w, %2\n  store a.V, %4\n"),
            "load:0 gt abs load:1 add store:0 store:1");
}

TEST(StoreEarly, NotWhereTheStateIsStoredTwice) {
  EXPECT_EQ(WithEarlyStores("  %2 = abs %0 : f64[a]\n  %3 = neg %2 : f64[a]\n  store a.w, %2\n"
                            "  store a.w, %3\n"),
            "load:0 gt abs neg store:1 store:1");
}

TEST(StoreEarly, NotBeforeALoadThatAnArmReads) {
  // The arm of 20 nodes is planned within the select, which comes after abs.
  EXPECT_EQ(WithEarlyStores(absl::StrCat(
                "  %2 = abs %0 : f64[a]\n  %3 = load a.w : f64[a]\n", Chain(4, 20, "%3"),
                "  %24 = select %1, %2, %23 : f64[a]\n", "  store a.w, %2\n  store a.V, %24\n")),
            "load:0 gt abs load:1 select store:0 store:1");
}

TEST(StoreEarly, NotWhereTheHandlerStoresToo) {
  EXPECT_EQ(WithEarlyStores("  %2 = abs %0 : f64[a]\n  %3 = neg %2 : f64[a]\n"
                            "  %4 = select %1, 0, %2 : f64[a]\n  store a.w, %4\n  spike a, %1\n"),
            "load:0 gt abs neg store:1 spike");
}

}  // namespace
}  // namespace bnsyn::compiler
