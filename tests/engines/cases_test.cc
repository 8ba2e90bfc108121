// Runs the case files of tests/cases on every engine.

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/text.h"
#include "tests/engines/cases.h"

namespace bnsyn::testing {
namespace {

// A program that applies the op to states of one population, an element for each row, so that no
// value is known before it runs.
std::string OpProgram(const OpCase& op_case) {
  std::string text = absl::StrCat("program ", op_case.op,
                                  " dt=1 seed=0\npopulation p size=", op_case.rows.size(), "\n");
  std::string loads, operands;
  for (size_t i = 0; i < op_case.operands.size(); ++i) {
    const std::string element(ir::ElementName(op_case.operands[i]));
    const std::string zero = op_case.operands[i] == ir::Element::kBool  ? "false"
                             : op_case.operands[i] == ir::Element::kF64 ? "0"
                                                                        : "0" + element;
    absl::StrAppend(&text, "state p.x", i, " : ", element, "[p] = ", zero, "\n");
    absl::StrAppend(&loads, "  %", i, " = load p.x", i, " : ", element, "[p]\n");
    absl::StrAppend(&operands, i == 0 ? " %" : ", %", i);
  }
  const std::string element(ir::ElementName(op_case.result));
  const std::string zero = op_case.result == ir::Element::kBool  ? "false"
                           : op_case.result == ir::Element::kF64 ? "0"
                                                                 : "0" + element;
  const size_t n = op_case.operands.size();
  absl::StrAppend(&text, "state p.y : ", element, "[p] = ", zero, "\nstep {\n", loads, "  %", n,
                  " = ", op_case.op, operands, " : ", element, "[p]\n  store p.y, %", n, "\n}\n");
  return text;
}

class OpCases : public ::testing::TestWithParam<std::string> {};

TEST_P(OpCases, HoldOnEveryEngine) {
  const auto op_case = ReadOpCase(GetParam());
  ASSERT_TRUE(op_case.ok()) << op_case.status();
  const std::string text = OpProgram(*op_case);
  for (const EngineVariant& engine : AllEngines()) {
    const auto program = ir::Parse(text, GetParam());
    ASSERT_TRUE(program.ok()) << program.status() << "\n" << text;
    auto simulation = Compile(*program, engine.options);
    ASSERT_TRUE(simulation.ok()) << engine.name << ": " << simulation.status();
    for (uint32_t r = 0; r < op_case->rows.size(); ++r) {
      for (uint32_t i = 0; i < op_case->operands.size(); ++i) {
        ASSERT_TRUE(SetRawState(*simulation, i, r, op_case->rows[r].inputs[i]).ok());
      }
    }
    ASSERT_TRUE(simulation->Step().ok());
    const auto output = ProgramOf(*simulation).FindState("p.y");
    ASSERT_TRUE(output.has_value());
    for (uint32_t r = 0; r < op_case->rows.size(); ++r) {
      const ir::Bits actual = RawState(*simulation, *output).bits(r);
      EXPECT_TRUE(SameBits(op_case->result, actual, op_case->rows[r].expected))
          << GetParam() << ":" << op_case->rows[r].line << ": " << engine.name << " gives "
          << ir::PrintLiteral(op_case->result, actual) << ", expected "
          << ir::PrintLiteral(op_case->result, op_case->rows[r].expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, OpCases, ::testing::ValuesIn(CaseFiles("ops", ".case")), CaseName);

class ProgramCases : public ::testing::TestWithParam<std::string> {};

TEST_P(ProgramCases, HoldOnEveryEngine) {
  const auto program_case = ReadProgramCase(GetParam());
  ASSERT_TRUE(program_case.ok()) << program_case.status();
  const std::string directory = GetParam().substr(0, GetParam().rfind('/'));
  for (const EngineVariant& engine : AllEngines()) {
    const auto program = ir::Parse(program_case->text, GetParam(), directory);
    ASSERT_TRUE(program.ok()) << program.status();
    auto simulation = Compile(*program, engine.options);
    ASSERT_TRUE(simulation.ok()) << engine.name << ": " << simulation.status();
    const absl::Status status = simulation->Step(program_case->steps);
    ASSERT_TRUE(status.ok()) << engine.name << ": " << status;
    for (const auto& expectation : program_case->states) {
      const auto state = ProgramOf(*simulation).FindState(expectation.state);
      ASSERT_TRUE(state.has_value()) << GetParam() << ":" << expectation.line;
      const reference::ArrayView view = RawState(*simulation, *state);
      ASSERT_EQ(view.size, expectation.values.size()) << GetParam() << ":" << expectation.line;
      for (size_t i = 0; i < view.size; ++i) {
        const auto expected = ParseLiteral(view.element, expectation.values[i]);
        ASSERT_TRUE(expected.ok()) << expected.status();
        EXPECT_TRUE(SameBits(view.element, view.bits(i), *expected))
            << GetParam() << ":" << expectation.line << ": " << engine.name << " gives "
            << ir::PrintLiteral(view.element, view.bits(i)) << " for element " << i << ", expected "
            << expectation.values[i];
      }
    }
    for (const auto& expectation : program_case->spikes) {
      const auto population = simulation->Population(expectation.state);
      ASSERT_TRUE(population.ok()) << GetParam() << ":" << expectation.line;
      const SpikeTrain& train = simulation->Spikes(*population);
      std::vector<std::string> spikes;
      for (size_t i = 0; i < train.steps.size(); ++i) {
        spikes.push_back(absl::StrCat(train.steps[i], ":", train.neurons[i]));
      }
      EXPECT_EQ(absl::StrJoin(spikes, " "), absl::StrJoin(expectation.values, " "))
          << GetParam() << ":" << expectation.line << ": " << engine.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, ProgramCases, ::testing::ValuesIn(CaseFiles("ops", ".ir")), CaseName);
INSTANTIATE_TEST_SUITE_P(Networks, ProgramCases, ::testing::ValuesIn(CaseFiles("networks", ".ir")),
                         CaseName);

// Each op has a case: a file of its name, or a program that lists it.
TEST(Cases, EveryOpHasOne) {
  std::set<std::string> covered;
  for (const std::string& file : CaseFiles("ops", ".case")) {
    const auto op_case = ReadOpCase(file);
    ASSERT_TRUE(op_case.ok()) << op_case.status();
    covered.insert(op_case->op);
  }
  for (const char* folder : {"ops", "networks"}) {
    for (const std::string& file : CaseFiles(folder, ".ir")) {
      const auto program_case = ReadProgramCase(file);
      ASSERT_TRUE(program_case.ok()) << program_case.status();
      for (const std::string& op : program_case->ops) {
        EXPECT_NE(program_case->text.find(op), std::string::npos) << file << " lists " << op;
        covered.insert(op);
      }
    }
  }
  for (const ir::OpInfo& op : ir::AllOps()) {
    if (op.op == ir::Op::kLiteral) continue;  // every case has one, in place of an operand
    EXPECT_TRUE(covered.count(std::string(op.name)))
        << "no case for `" << std::string(op.name) << "`: add tests/cases/ops/"
        << std::string(op.name) << ".case";
  }
}

}  // namespace
}  // namespace bnsyn::testing
