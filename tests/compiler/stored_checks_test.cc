#include "compiler/schedule/stored_checks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

// The names of the states, for a kernel that loads x as %0 and y as %1, doubles x as %2 and runs
// `lines`.
std::vector<std::string> NamesFor(const std::string& lines) {
  const auto program = ir::Parse(absl::StrCat(R"(program p dt=1 seed=1
population a size=64
state a.x : f64[a] = 0
state a.y : f64[a] = 0
state a.f : f32[a] = 0f32
kernel a.step : a phase=0 {
  %0 = load a.x : f64[a]
  %1 = load a.y : f64[a]
  %2 = mul %0, 2 : f64[a]
)",
                                              lines, "}\n"),
                                 "kernel.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  std::vector<std::string> names;
  for (const ir::StateId state : StatesCheckedAsStored(program->step[0])) {
    names.push_back(program->states[state].name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(StoredChecks, AreThoseOfTheNodeThatIsStored) {
  EXPECT_EQ(NamesFor("  check a.x, %2\n  store a.x, %2\n  store a.y, %2\n"), Names{"a.x"});
  EXPECT_EQ(NamesFor("  store a.y, %1\n  check a.y, %1\n  check a.x, %0\n  store a.x, %0\n"),
            (Names{"a.x", "a.y"}));
}

TEST(StoredChecks, NotThoseOfOtherValues) {
  EXPECT_EQ(NamesFor("  check a.x, %0\n  store a.x, %2\n"), Names{});
  EXPECT_EQ(NamesFor("  check a.x, %0\n  check a.x, %2\n  store a.x, %2\n"), Names{});
  EXPECT_EQ(NamesFor("  check a.x, %2\n  store a.y, %2\n"), Names{});
}

TEST(StoredChecks, NotWhatIsStoredTwiceOrNever) {
  EXPECT_EQ(NamesFor("  check a.x, %2\n  store a.x, %2\n  store a.x, %2\n"), Names{});
  EXPECT_EQ(NamesFor("  check a.x, %2\n"), Names{});
}

TEST(StoredChecks, NotOfOtherElements) {
  EXPECT_EQ(NamesFor("  %3 = load a.f : f32[a]\n  check a.f, %3\n  store a.f, %3\n"), Names{});
}

}  // namespace
}  // namespace bnsyn::compiler
