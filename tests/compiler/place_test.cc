// place: what the cases in tests/cases/passes/place cannot say.
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
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

// Many populations of one model with parameters of their own are one function, and do what they
// did.
TEST(Place, ManyThatDifferInNumbersShareCode) {
  const auto network = [](int count) {
    std::string text = "program many dt=0.1 seed=1\n";
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&text, "population p", i, " size=3\n", "state p", i, ".V : f64[p", i,
                      "] = 0\n");
    }
    absl::StrAppend(&text, "step {\n");
    for (int i = 0; i < count; ++i) {
      const std::string p = absl::StrCat("p", i);
      const auto node = [i](int n) { return absl::StrCat("%", 4 * i + n); };
      absl::StrAppend(&text, "  ", node(0), " = load ", p, ".V : f64[", p, "]\n");
      absl::StrAppend(&text, "  ", node(1), " = fma ", node(0), ", 0.5, ", i, ".25 : f64[", p,
                      "]\n");
      absl::StrAppend(&text, "  ", node(2), " = ge ", node(1), ", 1 : bool[", p, "]\n");
      absl::StrAppend(&text, "  ", node(3), " = select ", node(2), ", 0, ", node(1), " : f64[", p,
                      "]\n");
      absl::StrAppend(&text, "  store ", p, ".V, ", node(3), "\n  spike ", p, ", ", node(2), "\n");
    }
    return ParseOrDie(absl::StrCat(text, "}\n"));
  };
  const ir::Program few = PlacedOrDie(network(16));
  EXPECT_EQ(few.step[15].code, "p15.step");
  EXPECT_TRUE(few.params.empty());
  const ir::Program many = PlacedOrDie(network(17));
  ASSERT_EQ(many.step.size(), 17u);
  for (const ir::Block& kernel : many.step) EXPECT_EQ(kernel.code, "p0.step");
  // What all have in common stays a literal.
  EXPECT_EQ(many.params.size(), 17u);
  const Behaviour before = Interpret(network(17), 20);
  EXPECT_GT(before.spikes, 0u);
  EXPECT_EQ(Interpret(many, 20), before);
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
