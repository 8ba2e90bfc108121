// place: what the cases in tests/cases/passes/place cannot say.
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_replace.h"
#include "ir/text.h"
#include "tests/compiler/pass_testing.h"

namespace bnsyn::compiler::testing {
namespace {

ir::Program PlacedOrDie(const ir::Program& program) {
  const auto result = RunPasses(program, {}, nullptr);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : program;
}

std::string CodeOf(const ir::Program& program, absl::string_view kernel) {
  for (const ir::Block& block : program.step) {
    if (block.name == kernel) return block.code;
  }
  return "none";
}

TEST(Place, PopulationsOfOneModelShareCode) {
  const ir::Program program = PlacedOrDie(SmallNetwork());
  EXPECT_EQ(CodeOf(program, "exc.step"), "exc.step");
  EXPECT_EQ(CodeOf(program, "inh.step"), "exc.step");
  EXPECT_EQ(CodeOf(program, "network.step"), "network.step");
  // Equal weights into inputs of equal scale, and another weight.
  EXPECT_EQ(program.synaptic[0].code, "ee.on_pre");
  EXPECT_EQ(program.synaptic[1].code, "ee.on_pre");
  EXPECT_EQ(program.synaptic[2].code, "ie.on_pre");
}

// Whatever the emitter may see of a symbol must keep code apart when it differs.
TEST(Place, WhatReachesTheCodeKeepsItApart) {
  const std::string text = ir::Print(SmallNetwork());
  const auto code_with = [&](absl::string_view from, absl::string_view to) {
    const std::string changed = absl::StrReplaceAll(text, {{from, to}});
    EXPECT_NE(changed, text) << from;
    const ir::Program program = PlacedOrDie(ParseOrDie(changed));
    return std::pair(CodeOf(program, "inh.step"), program.synaptic[1].code);
  };
  using Codes = std::pair<std::string, std::string>;
  EXPECT_EQ(code_with("program small", "program other"), Codes("exc.step", "ee.on_pre"));
  EXPECT_EQ(code_with("inh size=20", "inh size=21"), Codes("exc.step", "ee.on_pre"));
  EXPECT_EQ(code_with("inh.drive : f64 = 1 ", "inh.drive : f64 = 2 "),
            Codes("exc.step", "ee.on_pre"));
  EXPECT_EQ(code_with("inh.tau : f64 = 3", "inh.tau : f64 = 4"), Codes("inh.step", "ee.on_pre"));
  EXPECT_EQ(code_with("inh.s : inh scale=2^-30", "inh.s : inh scale=2^-31"),
            Codes("inh.step", "ei.on_pre"));
  EXPECT_EQ(code_with("inh.V : f64[inh] = -65 bounds=[-500, 500]",
                      "inh.V : f64[inh] = -65 bounds=[-500, 600]"),
            Codes("inh.step", "ee.on_pre"));
}

TEST(Place, AWeightThatIsNotALiteralKeepsCodeApart) {
  CompileOptions options;
  options.disabled_passes = {"specialise"};
  const auto program = RunPasses(SmallNetwork(), options, nullptr);
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->synaptic[1].code, "ee.on_pre");
  EXPECT_EQ(program->synaptic[2].code, "ie.on_pre");
}

TEST(Place, DisabledSharesNothing) {
  CompileOptions options;
  options.disabled_passes = {"place"};
  const auto program = RunPasses(SmallNetwork(), options, nullptr);
  ASSERT_TRUE(program.ok()) << program.status();
  std::set<std::string> codes;
  for (const ir::Block& block : program->synaptic) codes.insert(block.code);
  for (const ir::Block& block : program->step) codes.insert(block.code);
  EXPECT_EQ(codes.size(), 6u);
}

TEST(Place, CheckSeesMissingSlotsAndForeignCode) {
  const ir::Program placed = PlacedOrDie(SmallNetwork());
  ir::Program program = placed;
  program.step[0].slots.pop_back();
  EXPECT_NE(CheckPlace(program).message().find("has no slot"), absl::string_view::npos)
      << CheckPlace(program);
  program = placed;
  program.step[2].code = "exc.step";
  EXPECT_EQ(CheckPlace(program).message(),
            "network.step differs from what its code exc.step was made for");
}

}  // namespace
}  // namespace bnsyn::compiler::testing
