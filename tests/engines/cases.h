// Reads case files, and lists the engines on which they run.
#ifndef BNSYN_TESTS_ENGINES_CASES_H_
#define BNSYN_TESTS_ENGINES_CASES_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/program.h"
#include "runtime/simulation_internal.h"

namespace bnsyn::testing {

// An op case, tests/cases/ops/NAME.case: a line `fma : f64 f64 f64 -> f64`, then lines
// `1.5, 2, 0.25 -> 3.25` of literals as in program text (without suffixes: the types are known).
struct OpCase {
  std::string op;
  std::vector<ir::Element> operands;
  ir::Element result;
  struct Row {
    int line;
    std::vector<ir::Bits> inputs;
    ir::Bits expected;
  };
  std::vector<Row> rows;
};
absl::StatusOr<OpCase> ReadOpCase(const std::string& path);

// A program case, tests/cases/{ops,networks}/NAME.ir: a program whose comments say what to expect,
//   # steps 3
//   # expect p.V = -65, -64.5       all elements after those steps
//   # spikes p = 0:1 2:0            step:neuron of all spikes
// and whose first comment may list the ops that it tests: `# ops load store`.
struct ProgramCase {
  std::string text;
  std::vector<std::string> ops;
  uint64_t steps = 1;
  struct Expectation {
    int line;
    std::string state;
    std::vector<std::string> values;
  };
  std::vector<Expectation> states;
  std::vector<Expectation> spikes;
};
absl::StatusOr<ProgramCase> ReadProgramCase(const std::string& path);

// All engines on which every case must pass: the interpreter, and compiled code at both
// optimisation levels and every width. A case cannot leave one out.
struct EngineVariant {
  std::string name;
  EngineOptions options;
};
std::vector<EngineVariant> AllEngines();
// Fewer of them, for programs of some size: the interpreter, both kinds of conversions of integers,
// code that is not optimised, and threads with rows and with code.
std::vector<EngineVariant> SomeEngines();

// The bits of a literal of this element, written as in program text, with or without its suffix.
absl::StatusOr<ir::Bits> ParseLiteral(ir::Element element, const std::string& text);

// Equal bits, or both NaN (R10).
bool SameBits(ir::Element element, ir::Bits a, ir::Bits b);

// Files of tests/cases/FOLDER that end in `extension`, sorted.
std::vector<std::string> CaseFiles(const std::string& folder, const std::string& extension);
absl::StatusOr<std::string> ReadCaseFile(const std::string& path);
// The name of the test of a case file.
std::string CaseName(const ::testing::TestParamInfo<std::string>& info);

}  // namespace bnsyn::testing

#endif  // BNSYN_TESTS_ENGINES_CASES_H_
