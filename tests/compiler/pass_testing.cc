#include "tests/compiler/pass_testing.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ostream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "reference/interpreter.h"

namespace bnsyn::compiler::testing {
namespace {

[[noreturn]] void Die(absl::string_view message) {
  std::fprintf(stderr, "%s\n", std::string(message).c_str());
  std::abort();
}

}  // namespace

std::string ReadFileOrDie(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Die(absl::StrCat("cannot read ", path));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

ir::Program ParseOrDie(absl::string_view text) {
  absl::StatusOr<ir::Program> program = ir::Parse(text, "test.ir");
  if (!program.ok()) Die(program.status().message());
  return *std::move(program);
}

const Pass& PassNamed(absl::string_view name) {
  for (const Pass& pass : AllPasses()) {
    if (pass.name == name) return pass;
  }
  Die(absl::StrCat("no pass ", name));
}

absl::StatusOr<ir::Program> RunAlone(const Pass& pass, const ir::Program& program) {
  BNSYN_ASSIGN_OR_RETURN(ir::Program result, pass.run(program, CompileOptions{}));
  BNSYN_RETURN_IF_ERROR(ir::Verify(result));
  BNSYN_RETURN_IF_ERROR(pass.check(result));
  return result;
}

Behaviour Interpret(const ir::Program& program, int steps) {
  auto interpreter = reference::Interpreter::Create(program, reference::Propagation::kCsr);
  if (!interpreter.ok()) Die(interpreter.status().message());
  Behaviour behaviour;
  for (int i = 0; i < steps && behaviour.fault.empty(); ++i) {
    const absl::Status status = (*interpreter)->Step();
    if (!status.ok()) behaviour.fault = absl::StrCat(i, ": ", status.message());
    for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
      behaviour.spikes += (*interpreter)->LastSpikes(p).size();
    }
  }
  behaviour.digest = (*interpreter)->ComputeDigest().ToString();
  return behaviour;
}

std::ostream& operator<<(std::ostream& out, const Behaviour& behaviour) {
  return out << "digest " << behaviour.digest << ", " << behaviour.spikes << " spikes"
             << (behaviour.fault.empty() ? "" : ", fault in step ") << behaviour.fault;
}

ir::Program SmallNetwork() {
  return ParseOrDie(ReadFileOrDie(BNSYN_SOURCE_DIR "/tests/compiler/small_network.ir"));
}

}  // namespace bnsyn::compiler::testing
