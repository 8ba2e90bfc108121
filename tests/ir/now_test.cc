// What a program says of variables of synapses for those who look between steps: now blocks, and
// the states of neurons that hold variables.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "ir/text.h"
#include "ir/verifier.h"

namespace bnsyn::ir {
namespace {

constexpr char kText[] = R"(program seen dt=0.1 seed=1
population a size=2
population b size=3
state b.v : f64[b] = 0
state ab.x : f64[ab] = 1
state ab.last.step : f64[ab] = 0
state ab.y : f64[a] = 0
projection ab : a -> b rule=all_to_all weight=1 delay=1 of_source=[ab.y]
now ab {
  %0 = step : u64
  %1 = convert %0 : f64
  %2 = load ab.last.step : f64[ab]
  %3 = sub %1, %2 : f64[ab]
  %4 = load ab.x : f64[ab]
  %5 = mul %4, %3 : f64[ab]
  store ab.x, %5
  store ab.last.step, %1
}
)";

std::string Changed(const std::string& from, const std::string& to) {
  return absl::StrReplaceAll(kText, {{from, to}});
}

TEST(Now, IsReadAndPrinted) {
  const absl::StatusOr<Program> program = Parse(kText, "test");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_TRUE(Verify(*program).ok());
  EXPECT_EQ(Print(*program), kText);
  ASSERT_NE(program->FindNow(0), nullptr);
  EXPECT_EQ(program->projections[0].of_source, std::vector<StateId>{3});
  EXPECT_TRUE(program->projections[0].of_target.empty());
}

TEST(Now, StatesOfThreePartsAreNoVariables) {
  const absl::StatusOr<Program> program = Parse(kText, "test");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_TRUE(program->IsVariable(1));
  EXPECT_FALSE(program->IsVariable(2));
}

TEST(Now, MistakesAreFound) {
  const auto expect_error = [](const std::string& text, const std::string& words) {
    const absl::Status status = Parse(text, "test").status();
    EXPECT_TRUE(absl::StrContains(status.message(), words)) << status;
  };
  expect_error(Changed("of_source", "of_target"), "a state in the list is none of 'b'");
  expect_error(Changed("[ab.y]", "[ab.z]"), "ab.z");
  expect_error(Changed("store ab.x, %5", "check ab.x, %5"), "check cannot stand in now");
  expect_error(Changed("store ab.x, %5", "store b.v, %5"), "b.v");
  expect_error(std::string(kText) + "now ab {\n}\n", "there are two now blocks of 'ab'");
}

}  // namespace
}  // namespace bnsyn::ir
