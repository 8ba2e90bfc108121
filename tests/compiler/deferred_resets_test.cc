#include "compiler/schedule/deferred_resets.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "compiler/schedule/rare_arms.h"
#include "compiler/schedule/resets.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// Of each spike that has resets: "deferred" and the ops of the values that states hold, or "at
// once".
std::string ResetsOf(const std::string& lines) {
  const ir::Block kernel = Kernel(lines);
  std::string text;
  for (const PlannedNode& planned :
       DeferResets(kernel, GatherResets(kernel, PlanRareArms(kernel)))) {
    if (planned.resets.nodes.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ",
                    planned.resets.deferred ? "deferred" : "at once");
    for (const StoredValue& held : planned.resets.held) {
      absl::StrAppend(&text, " ", ir::Info(kernel.nodes[held.value].op).name);
    }
  }
  return text;
}

TEST(DeferredResets, AreThoseThatNothingReads) {
  EXPECT_EQ(ResetsOf("  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n"
                     "  check a.V, %3\n  store a.V, %3\n  spike a, %1\n"),
            "deferred");
  EXPECT_EQ(ResetsOf("  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n"
                     "  %4 = abs %3 : f64[a]\n  store a.V, %4\n  spike a, %1\n"),
            "at once");
}

TEST(DeferredResets, ReadWhatStatesHold) {
  const std::string w = "  %2 = load a.w : f64[a]\n  %3 = mul %2, 3 : f64[a]\n";
  EXPECT_EQ(ResetsOf(w + "  %4 = add %3, 1 : f64[a]\n  %5 = select %1, %4, %3 : f64[a]\n"
                         "  check a.w, %5\n  store a.w, %5\n  spike a, %1\n"),
            "deferred mul");
  // The state holds something else than they read.
  EXPECT_EQ(ResetsOf(w + "  %4 = add %2, 1 : f64[a]\n  %5 = select %1, %4, %3 : f64[a]\n"
                         "  check a.w, %5\n  store a.w, %5\n  spike a, %1\n"),
            "at once");
}

TEST(DeferredResets, MakeAnewWhatTakesNoTime) {
  // V is loaded and never stored; others read the products, so that they are not of the resets.
  const auto lines = [](int count) {
    const int product = count + 1;
    return absl::StrCat(Chain(2, count, "%0"), "  %", product + 1, " = abs %", product,
                        " : f64[a]\n  %", product + 2, " = select %1, %", product, ", %",
                        product + 1, " : f64[a]\n  store a.w, %", product + 2, "\n  spike a, %1\n");
  };
  EXPECT_EQ(ResetsOf(lines(8)), "deferred");
  EXPECT_EQ(ResetsOf(lines(9)), "at once");
}

TEST(DeferredResets, NotWhereTheStateIsLoadedBehindThem) {
  const std::string reset =
      "  %2 = mul %0, 3 : f64[a]\n  %3 = select %1, 0, %2 : f64[a]\n  store a.V, %3\n";
  EXPECT_EQ(ResetsOf(reset + "  spike a, %1\n"), "deferred");
  EXPECT_EQ(ResetsOf(reset + "  %4 = load a.V : f64[a]\n  %5 = abs %4 : f64[a]\n"
                             "  store a.w, %5\n  spike a, %1\n"),
            "at once");
}

// a's spike resets w; what a.too's stores in n is read from w, or not.
TEST(DeferredResets, NotWhereAnotherSpikeMayHaveChangedWhatTheyRead) {
  const std::string both =
      "  %2 = load a.w : f64[a]\n  %3 = mul %2, 3 : f64[a]\n  %4 = select %1, 0, %3 : f64[a]\n"
      "  store a.w, %4\n  %5 = gt %0, 5 : bool[a]\n  %6 = convert %3 : i32[a]\n"
      "  %7 = select %5, 2i32, 1i32 : i32[a]\n  store a.n, %7\n  spike a, %1\n"
      "  spike a.too, %5\n";
  EXPECT_EQ(ResetsOf(both), "deferred; deferred");
  EXPECT_EQ(ResetsOf(absl::StrReplaceAll(both, {{"2i32", "%6"}})), "deferred; at once");
}

}  // namespace
}  // namespace bnsyn::compiler
