// simplify: differential tests, and what the cases in tests/cases/passes/simplify cannot say.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>

#include "ir/builder.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "tests/compiler/pass_testing.h"
#include "tests/compiler/random_program.h"

namespace bnsyn::compiler::testing {
namespace {

TEST(Simplify, KeepsWhatRandomProgramsDo) {
  constexpr int kPrograms = 300;
  int spiking = 0;
  size_t before = 0;
  size_t after = 0;
  for (uint64_t seed = 0; seed < kPrograms; ++seed) {
    const ir::Program program = RandomProgram(seed, 100);
    ASSERT_TRUE(ir::Verify(program).ok()) << ir::Verify(program);
    const Behaviour expected = Interpret(program, 4);
    spiking += expected.spikes > 0 ? 1 : 0;
    const auto result = RunAlone(PassNamed("simplify"), program);
    ASSERT_TRUE(result.ok()) << "seed " << seed << ": " << result.status();
    ASSERT_EQ(Interpret(*result, 4), expected) << "seed " << seed << ":\n"
                                               << ir::Print(program) << "became\n"
                                               << ir::Print(*result);
    before += program.step[0].nodes.size();
    after += result->step[0].nodes.size();
  }
  std::printf("%d valid programs, %d of them spiked; %zu nodes became %zu\n", kPrograms, spiking,
              before, after);
  EXPECT_GT(spiking, kPrograms / 4);
  EXPECT_LT(after, before);
}

std::vector<double> SpecialValues() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {0.0,       -0.0,    1.0,       -1.0,       2.0,         0.5,
          -3.0,      0.1,     1e-310,    -1e-310,    0x1p1023,    0x1p-1022,
          0x1p-1074, 1.7e308, kInfinity, -kInfinity, std::nan("")};
}

void AddState(ir::Program& program, std::string name, ir::Type type) {
  ir::State state;
  state.name = std::move(name);
  state.type = type;
  program.states.push_back(std::move(state));
}

// z = op(...), where operand `literal_at` is that literal, and the others are x and y, which run
// through all pairs of special values, a pair an element.
ir::Program ProgramOverPairs(const ir::OpInfo& info, int literal_at, double literal) {
  const std::vector<double> values = SpecialValues();
  ir::Program program;
  program.name = "identity";
  ir::Table pairs;
  pairs.name = "pairs";
  pairs.file = "pairs.csv";
  pairs.columns = {"x", "y"};
  pairs.values.resize(2);
  for (const double x : values) {
    for (const double y : values) {
      pairs.values[0].push_back(x);
      pairs.values[1].push_back(y);
    }
  }
  program.AddPopulation("p", static_cast<uint32_t>(values.size() * values.size()));
  program.tables.push_back(std::move(pairs));
  const ir::DomainId domain = program.populations[0].domain;
  const bool compares = info.rule == ir::TypeRule::kCompare;
  AddState(program, "p.x", {ir::Element::kF64, domain});
  AddState(program, "p.y", {ir::Element::kF64, domain});
  AddState(program, "p.z", {compares ? ir::Element::kBool : ir::Element::kF64, domain});
  program.states[0].initial_column = ir::ColumnRef{0, 0};
  program.states[1].initial_column = ir::ColumnRef{0, 1};

  ir::Block step;
  ir::Builder builder(program, step);
  std::vector<ir::Value> operands;
  ir::StateId next = 0;
  for (int i = 0; i < info.arity; ++i) {
    operands.push_back(i == literal_at ? builder.F64(literal) : builder.Load(next++));
  }
  builder.Store(2, builder.Emit(info.op, operands));
  program.step.push_back(std::move(step));
  return program;
}

// op(op(x, c), d) for every op and all pairs of special c and d, over all special x.
TEST(Simplify, RulesOverTwoOpsHoldForAllSpecialValues) {
  for (const ir::OpInfo& info : ir::AllOps()) {
    const bool floats = info.rule == ir::TypeRule::kSame || info.rule == ir::TypeRule::kFloat;
    if (!floats || info.arity != 2 || ir::IsFunction(info.op)) continue;
    for (const double c : SpecialValues()) {
      for (const double d : SpecialValues()) {
        ir::Program program = ProgramOverPairs(info, 1, c);
        ir::Block& step = program.step[0];
        ir::Builder builder(program, step);
        const ir::Value inner = builder.Emit(info.op, {builder.Load(0), builder.F64(c)});
        builder.Store(1, builder.Emit(info.op, {inner, builder.F64(d)}));
        const auto simple = Simplify(program, {});
        ASSERT_TRUE(simple.ok()) << simple.status();
        ASSERT_EQ(Interpret(program, 1), Interpret(*simple, 1)) << ir::Print(program);
      }
    }
  }
}

// A rule that holds for nearly all numbers would wait long for the random operand that breaks it.
TEST(Simplify, RulesHoldForAllSpecialValues) {
  int rewritten = 0;
  for (const ir::OpInfo& info : ir::AllOps()) {
    const bool floats = info.rule == ir::TypeRule::kSame || info.rule == ir::TypeRule::kFloat ||
                        info.rule == ir::TypeRule::kCompare;
    if (!floats || info.arity < 2) continue;
    for (int literal_at = 0; literal_at < info.arity; ++literal_at) {
      for (const double literal : SpecialValues()) {
        const ir::Program program = ProgramOverPairs(info, literal_at, literal);
        const auto simple = Simplify(program, {});
        ASSERT_TRUE(simple.ok()) << simple.status();
        if (ir::Print(*simple) != ir::Print(program)) ++rewritten;
        ASSERT_EQ(Interpret(program, 1), Interpret(*simple, 1)) << ir::Print(program);
      }
    }
  }
  EXPECT_GT(rewritten, 15);
}

TEST(Simplify, CheckNamesTheNode) {
  const std::string head =
      "program p dt=0.1 seed=1\npopulation p size=1\n"
      "state p.x : f64[p] = 0\n";
  EXPECT_EQ(CheckSimplify(ParseOrDie(head + "step {\n  %0 = load p.x : f64[p]\n}\n")).message(),
            "'%0 = load p.x : f64[p]' is not used");
  EXPECT_EQ(CheckSimplify(ParseOrDie(head + "step {\n  %0 = add 1, 2 : f64\n  store p.x, %0\n}\n"))
                .message(),
            "'%0 = add 1, 2 : f64' could be folded");
}

}  // namespace
}  // namespace bnsyn::compiler::testing
