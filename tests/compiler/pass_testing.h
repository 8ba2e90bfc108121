// What the tests of passes share: programs from text, single passes, and what a program does.
#ifndef BNSYN_TESTS_COMPILER_PASS_TESTING_H_
#define BNSYN_TESTS_COMPILER_PASS_TESTING_H_

#include <iosfwd>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/passes/passes.h"
#include "ir/program.h"

namespace bnsyn::compiler::testing {

std::string ReadFileOrDie(const std::string& path);
// Ends the test program with the parser's message when the text is no program.
ir::Program ParseOrDie(absl::string_view text);

// The row of AllPasses() of that name, which must be there.
const Pass& PassNamed(absl::string_view name);

// One pass alone, and what of it is verified after it.
absl::StatusOr<ir::Program> RunAlone(const Pass& pass, const ir::Program& program);

// What a program does in some steps, by the interpreter: all that two programs of the same meaning
// have in common.
struct Behaviour {
  std::string digest;
  uint64_t spikes = 0;
  std::string fault;  // and in which step, if any
  friend bool operator==(const Behaviour&, const Behaviour&) = default;
};
Behaviour Interpret(const ir::Program& program, int steps);
std::ostream& operator<<(std::ostream& out, const Behaviour& behaviour);

// tests/compiler/small_network.ir: what the passes see of a real network, in small.
ir::Program SmallNetwork();

}  // namespace bnsyn::compiler::testing

#endif  // BNSYN_TESTS_COMPILER_PASS_TESTING_H_
