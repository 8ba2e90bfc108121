// fuse: differential tests, and what the cases in tests/cases/passes/fuse cannot say.
#include <gtest/gtest.h>

#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "tests/compiler/pass_testing.h"
#include "tests/compiler/random_program.h"

namespace bnsyn::compiler::testing {
namespace {

// "exc.step:0 network.step:1": the kernels and their phases.
std::string Kernels(const ir::Program& program) {
  return absl::StrJoin(program.step, " ", [](std::string* out, const ir::Block& block) {
    absl::StrAppend(out, block.name, ":", block.phase);
  });
}

ir::Program FusedOrDie(const ir::Program& program) {
  auto result = RunAlone(PassNamed("fuse"), program);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : program;
}

TEST(Fuse, OneKernelAPopulationAndOneForTheNetwork) {
  EXPECT_EQ(Kernels(FusedOrDie(SmallNetwork())), "exc.step:0 inh.step:0 network.step:1");
}

TEST(Fuse, KeepsWhatRandomProgramsDo) {
  constexpr int kPrograms = 300;
  int spiking = 0;
  size_t kernels = 0;
  size_t temporaries = 0;
  for (uint64_t seed = 0; seed < kPrograms; ++seed) {
    const ir::Program program = RandomProgram(1000 + seed, 100);
    const Behaviour expected = Interpret(program, 4);
    spiking += expected.spikes > 0 ? 1 : 0;
    const ir::Program fused = FusedOrDie(program);
    ASSERT_EQ(Interpret(fused, 4), expected) << "seed " << seed << ":\n"
                                             << ir::Print(program) << "became\n"
                                             << ir::Print(fused);
    kernels += fused.step.size();
    temporaries += fused.states.size() - program.states.size();
  }
  std::printf("%d programs, %d of them spiked; %.1f kernels and %.1f temporaries each\n", kPrograms,
              spiking, static_cast<double>(kernels) / kPrograms,
              static_cast<double>(temporaries) / kPrograms);
  EXPECT_GT(spiking, kPrograms / 4);
  EXPECT_GT(temporaries, 0u);
}

TEST(Fuse, DisabledEveryNodeIsAKernel) {
  const ir::Program program = SmallNetwork();
  const auto result = FuseNothing(program, {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(CheckFuse(*result).ok()) << CheckFuse(*result);
  EXPECT_EQ(Interpret(*result, 60), Interpret(program, 60));
  for (const ir::Block& block : result->step) {
    int nodes = 0;
    for (const ir::Node& node : block.nodes) {
      const bool carries = (node.op == ir::Op::kLoad || node.op == ir::Op::kStore) &&
                           result->states[node.attr].temporary;
      if (!carries && node.op != ir::Op::kLiteral) ++nodes;
    }
    EXPECT_EQ(nodes, 1) << ir::PrintBlock(*result, block);
  }
}

TEST(Fuse, DisabledKeepsWhatRandomProgramsDo) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const ir::Program program = RandomProgram(2000 + seed, 60);
    const auto result = FuseNothing(program, {});
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(CheckFuse(*result).ok()) << CheckFuse(*result);
    ASSERT_EQ(Interpret(*result, 4), Interpret(program, 4)) << "seed " << seed;
  }
}

TEST(Fuse, TheVerifierSeesThreadsThatShouldHaveMet) {
  ir::Program program = FusedOrDie(SmallNetwork());
  for (ir::Block& block : program.step) block.phase = 0;
  const absl::Status status = ir::Verify(program);
  EXPECT_TRUE(absl::StrContains(status.message(), "count needs threads to meet before it"))
      << status;
}

TEST(Fuse, TheVerifierSeesAUniformStateStoredByAPopulation) {
  ir::Program program = FusedOrDie(SmallNetwork());
  // Threads without neurons of exc would keep the old value.
  program.step[2].domain = program.populations[0].domain;
  const absl::Status status = ir::Verify(program);
  EXPECT_TRUE(absl::StrContains(status.message(), "a kernel over exc cannot store a uniform state"))
      << status;
}

}  // namespace
}  // namespace bnsyn::compiler::testing
