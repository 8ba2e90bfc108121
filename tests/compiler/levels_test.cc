// Targets other than this machine as it is.
#include "compiler/emission/levels.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "kernel_machine.h"

namespace bnsyn::compiler {
namespace {

TEST(Levels, EachHasTheInstructionsOfTheOneBefore) {
  const std::vector<std::string> levels = CpuLevels();
  ASSERT_FALSE(levels.empty());
  std::string before;
  int reached = 0;
  for (const std::string& level : levels) {
    const absl::StatusOr<Target> target = TargetOfLevel(level);
    if (!target.ok()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(target.status())) << target.status();
      EXPECT_TRUE(absl::StrContains(target.status().message(), level)) << target.status();
      break;
    }
    EXPECT_TRUE(absl::StartsWith(target->features, before)) << level;
    EXPECT_EQ(target->default_width, 2 * target->native_lanes);
    before = target->features;
    ++reached;
  }
  EXPECT_GE(reached, 1);
}

TEST(Levels, AnUnknownOneIsRefusedWithThoseThatThereAre) {
  const absl::Status status = TargetOfLevel("x86-64-v9").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_TRUE(absl::StrContains(status.message(), "there is no processor level 'x86-64-v9'"));
  EXPECT_TRUE(absl::StrContains(status.message(), CpuLevels()[0])) << status;
}

TEST(Levels, ObjectsAreMadeForOtherFamilies) {
  const ir::Program program = PlacedProgram(R"(program p dt=1 seed=0
population p size=100
state p.x : f64[p] = 1
kernel k : p phase=0 {
  %0 = load p.x : f64[p]
  %1 = fma %0, 0.5, 0.25 : f64[p]
  store p.x, %1
}
)");
  const absl::StatusOr<Target> arm = ForeignTarget("aarch64-linux-gnu");
  ASSERT_TRUE(arm.ok()) << arm.status();
  const absl::StatusOr<std::string> object = CompileObject(program, {}, *arm);
  ASSERT_TRUE(object.ok()) << object.status();
  constexpr size_t kMachine = 18;  // of the header of an ELF file
  constexpr char kAarch64 = static_cast<char>(183);
  ASSERT_GT(object->size(), kMachine);
  EXPECT_EQ(object->substr(1, 3), "ELF");
  EXPECT_EQ((*object)[kMachine], kAarch64);
  EXPECT_TRUE(absl::StrContains(*object, "kernel.k"));
  EXPECT_TRUE(absl::IsInvalidArgument(ForeignTarget("pdp11").status()));
}

}  // namespace
}  // namespace bnsyn::compiler
