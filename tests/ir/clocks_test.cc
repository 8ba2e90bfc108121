// The text of clocks, of spikes that repeat and of times between steps.
#include <gtest/gtest.h>

#include "ir/text.h"

namespace bnsyn::ir {
namespace {

constexpr char kText[] = R"(program clocks dt=0.1 seed=1
table t columns=[time, index] values=[0.14, 0]
population exc size=8
state exc.V : f64[exc] = 0
state exc.n : i64[exc] = 0i64 bounds=[0, 4] repeats=exc
state ee.w : f64[ee] = 0
input exc.g : exc scale=2^-33
reduction exc.r : exc
projection ee : exc -> exc rule=all_to_all weight=1 delay=1
events e : exc.g table=t off_grid=up
on_step ee every=20 offset=5 {
  %0 = load ee.w : f64[ee]
  store ee.w, %0
}
on_step ee every=3 offset=0 {
  store ee.w, 1
}
clock exc.c : exc every=10 offset=0 {
  %0 = load exc.V : f64[exc]
  reduce exc.r, %0
}
clock c : network every=10 offset=0 {
  %0 = total exc.r : f64
}
step {
  run exc.c
  run c
  run_on_step ee
  %0 = load exc.V : f64[exc]
  %1 = gt %0, 1 : bool[exc]
  store exc.n, 2i64
  spike exc, %1
}
)";

TEST(Clocks, TextIsCanonical) {
  const absl::StatusOr<Program> program = Parse(kText, "clocks.ir", ".");
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_EQ(Print(*program), kText);
  EXPECT_EQ(program->MostRepeats(0), 4u);
}

TEST(Clocks, ABlockIsDueFromItsOffsetOn) {
  Block block;
  EXPECT_TRUE(block.IsDue(0));
  EXPECT_TRUE(block.IsDue(17));
  block.every = 10;
  block.offset = 25;
  EXPECT_FALSE(block.IsDue(0));
  EXPECT_FALSE(block.IsDue(5));
  EXPECT_TRUE(block.IsDue(25));
  EXPECT_FALSE(block.IsDue(30));
  EXPECT_TRUE(block.IsDue(35));
}

}  // namespace
}  // namespace bnsyn::ir
