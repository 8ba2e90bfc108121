// What steps may leave out: CatchUpTest compares the bits, and here is that it is found, and where
// it must not be.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "compiler/analysis/step_shortcuts.h"
#include "tests/compiler/pass_testing.h"

namespace bnsyn::compiler::testing {
namespace {

constexpr char kProgram[] = R"(program p dt=0.1 seed=1
population a size=5
population b size=7
state b.c : f64[b] = 2
state M : f64 = 0
state ab.w : f64[ab] = 1
state ab.e : f64[ab] = 0
projection ab : a -> b rule=all_to_all weight=1 delay=1
on_step ab deferred {
  %0 = load ab.w : f64[ab]
  %1 = load M : f64
  %2 = mul %1, 0.01 : f64
  %3 = load ab.e : f64[ab]
  %4 = mul %3, 0.875 : f64[ab]
  %5 = abs %4 : f64[ab]
  %6 = lt %5, 1e-290 : bool[ab]
  %7 = select %6, 0, %4 : f64[ab]
  store ab.e, %7
  %8 = fma %3, %2, %0 : f64[ab]
  %9 = max %8, 0 : f64[ab]
  %10 = min %9, 4 : f64[ab]
  %11 = abs %10 : f64[ab]
  %12 = lt %11, 8.900295434028806e-308 : bool[ab]
  %13 = select %12, 0, %10 : f64[ab]
  store ab.w, %13
}
)";

using Texts = std::vector<std::pair<std::string, std::string>>;

struct Found : StepShortcuts {
  ir::Program program;

  // The flush of what is stored into a state is left out.
  bool Idle(absl::string_view state) const {
    for (const ir::Node& node : program.synaptic[0].nodes) {
      if (node.op == ir::Op::kStore && program.states[node.attr].name == state) {
        return flushes.contains(node.operands[0]);
      }
    }
    return false;
  }
};

// Of the program with these texts replaced.
Found With(const Texts& replaced) {
  std::string text = kProgram;
  for (const auto& [from, to] : replaced) {
    EXPECT_NE(text.find(from), std::string::npos) << from;
    text = absl::StrReplaceAll(text, {{from, to}});
  }
  const ir::Program program = ParseOrDie(text);
  const std::vector<Deferral> deferrals = FindDeferrals(program);
  EXPECT_EQ(deferrals.size(), 1u);
  return {FindStepShortcuts(program, deferrals.at(0)), program};
}

TEST(StepShortcuts, FlushesAreIdle) {
  const Found found = With({});
  EXPECT_TRUE(found.Idle("ab.e"));
  EXPECT_TRUE(found.Idle("ab.w"));
  EXPECT_EQ(found.flushes.size(), 2u);
  EXPECT_EQ(found.large.size(), 2u);
  EXPECT_TRUE(found.large_captured);
  // 0.875^40 is about 2^-7.7.
  EXPECT_EQ(found.most_steps, 40u);
}

TEST(StepShortcuts, AsksNoMoreThanNecessary) {
  // Nothing is asked of what was captured where only the falling state matters.
  const Found found = With({{"max %8, 0", "div %8, 3"}});
  EXPECT_TRUE(found.Idle("ab.e"));
  EXPECT_FALSE(found.Idle("ab.w"));
  EXPECT_EQ(found.large.size(), 1u);
  EXPECT_FALSE(found.large_captured);
  EXPECT_TRUE(found.held.empty());
}

TEST(StepShortcuts, OnlyThoseThatCannotMatter) {
  // A state that changes its sign, grows or falls too fast.
  for (const char* factor : {"-0.875", "1.125", "0"}) {
    EXPECT_FALSE(With({{"0.875", factor}}).Idle("ab.e")) << factor;
  }
  EXPECT_EQ(With({{"0.875", "0.5"}}).most_steps, 0u);
  EXPECT_FALSE(With({{"1e-290", "1e-130"}}).Idle("ab.e")) << "too great to be R9";
  // Of these sums the last bits may be anything, or a zero that is negative.
  EXPECT_FALSE(With({{"max %8, 0", "max %8, -0.0"}}).Idle("ab.w"));
  EXPECT_FALSE(With({{"fma %3, %2, %0", "mul %3, %2"}}).Idle("ab.w"));
  EXPECT_FALSE(With({{"fma %3, %2, %0", "div %0, 3"}}).Idle("ab.w"));
  EXPECT_FALSE(With({{"max %8, 0", "max %8, 1e-300"}}).Idle("ab.w"));
  EXPECT_FALSE(With({{"fma %3, %2, %0", "fma %0, 0.5, %3"}}).Idle("ab.w"))
      << "it falls without end";
}

TEST(StepShortcuts, Held) {
  const Found found = With({});
  ASSERT_EQ(found.falling.size(), 1u);
  ASSERT_EQ(found.held.size(), 1u);
  EXPECT_EQ(found.program.states[found.held.begin()->first].name, "ab.w");
  EXPECT_FALSE(With({{"fma %3, %2, %0", "sub %0, %3"}}).held.empty());
  EXPECT_FALSE(With({{"fma %3, %2, %0", "add %3, %0"}}).held.empty());
  // A difference that falls as its subtrahend rises, and a state that does more than fall.
  EXPECT_TRUE(With({{"fma %3, %2, %0", "sub %3, %0"}}).held.empty());
  EXPECT_TRUE(With({{"0.875", "1.125"}}).held.empty());
  EXPECT_TRUE(With({{"fma %3, %2, %0", "mul %0, 0.9"}, {"0.875", "0.5"}}).held.empty());
  EXPECT_TRUE(With({{"  store ab.w", "  check ab.w, %13\n  store ab.w"}}).held.empty())
      << "a check that may fail";
}

TEST(StepShortcuts, NoneWhereStatesAreReadBehindTheirStore) {
  EXPECT_EQ(With({{"  %8 = fma", "  %14 = load ab.e : f64[ab]\n  %8 = fma"}}).most_steps, 0u);
}

}  // namespace
}  // namespace bnsyn::compiler::testing
