// Compiles a network for a machine of another family, on which tests/targets/foreign_main.cc runs
// it:
//
//   emit_object NETWORK TRIPLE DIRECTORY [NAME=VALUE...]
//
// writes program.ir, the program that engines are given, placed.ir, the same after all passes, and
// code.o, its code for that machine.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bnsyn/bnsyn.h"
#include "compiler/emission/levels.h"
#include "compiler/lowering/lower.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "runtime/accelerated_program.h"

namespace bnsyn {
namespace {

absl::Status Run(const std::vector<std::string>& arguments) {
  BNSYN_ASSIGN_OR_RETURN(Network network, ReadNetwork(arguments[0]));
  for (size_t i = 3; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    if (equals == std::string::npos) return absl::InvalidArgumentError("expected NAME=VALUE");
    BNSYN_RETURN_IF_ERROR(
        network.Set(arguments[i].substr(0, equals), arguments[i].substr(equals + 1)));
  }
  BNSYN_ASSIGN_OR_RETURN(const ir::Program program, LowerNetwork(network));
  EngineOptions options;
  // Every synapse runs compiled code, which is what is to be compared.
  options.layout = "code";
  options.compile.disabled_passes = {"defer"};  // tests/targets/foreign puts nothing off
  BNSYN_ASSIGN_OR_RETURN(const AcceleratedProgram accelerated,
                         PrepareAccelerated(program, options));
  BNSYN_ASSIGN_OR_RETURN(const compiler::Target target, compiler::ForeignTarget(arguments[1]));
  BNSYN_ASSIGN_OR_RETURN(const std::string object,
                         compiler::CompileObject(accelerated.program, options.compile, target));
  const std::string& directory = arguments[2];
  BNSYN_RETURN_IF_ERROR(ir::WriteFile(directory + "/program.ir", ir::Print(program)));
  BNSYN_RETURN_IF_ERROR(ir::WriteFile(directory + "/placed.ir", ir::Print(accelerated.program)));
  return ir::WriteFile(directory + "/code.o", object);
}

}  // namespace
}  // namespace bnsyn

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    std::fprintf(stderr, "usage: emit_object NETWORK TRIPLE DIRECTORY [NAME=VALUE...]\n");
    return 2;
  }
  const absl::Status status = bnsyn::Run(arguments);
  if (status.ok()) return 0;
  std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  return 1;
}
