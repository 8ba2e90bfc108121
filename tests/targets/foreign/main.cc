// Runs a network on this machine by both ways, and prints a line for each:
//
//   foreign program.ir placed.ir code.so STEPS
//   reference   DIGEST SPIKES
//   accelerated DIGEST SPIKES
//
// The files are those of tests/targets/emit_object.cc; code.so is its code.o, linked.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "reference/interpreter.h"
#include "reference/ops.h"
#include "tests/targets/foreign/engine.h"

// What compiled code calls: the rest is in its own instructions.
extern "C" double BnsynRem(double a, double b) asm("bnsyn.rem");
extern "C" double BnsynRem(double a, double b) { return bnsyn::reference::ops::Rem(a, b); }

namespace bnsyn::foreign {
namespace {

void Print(const char* backend, const reference::Digest& digest, uint64_t spikes) {
  std::printf("%s %s %llu\n", backend, digest.ToString().c_str(),
              static_cast<unsigned long long>(spikes));
}

absl::StatusOr<ir::Program> Read(const std::string& path) {
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(path, ir::kMostDescription));
  return ir::Parse(text, path);
}

absl::Status Run(char** arguments) {
  uint64_t steps = 0;
  if (!absl::SimpleAtoi(arguments[4], &steps)) return absl::InvalidArgumentError("STEPS");
  BNSYN_ASSIGN_OR_RETURN(const ir::Program program, Read(arguments[1]));
  BNSYN_ASSIGN_OR_RETURN(const auto interpreter,
                         reference::Interpreter::Create(program, reference::Propagation::kCsr));
  uint64_t spikes = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    BNSYN_RETURN_IF_ERROR(interpreter->Step());
    for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
      spikes += interpreter->LastSpikes(p).size();
    }
  }
  Print("reference", interpreter->ComputeDigest(), spikes);

  BNSYN_ASSIGN_OR_RETURN(ir::Program placed, Read(arguments[2]));
  void* const code = dlopen(arguments[3], RTLD_NOW);
  if (code == nullptr) return absl::InternalError(dlerror());
  BNSYN_ASSIGN_OR_RETURN(const auto engine, Engine::Create(std::move(placed), code));
  for (uint64_t step = 0; step < steps; ++step) BNSYN_RETURN_IF_ERROR(engine->Step());
  Print("accelerated", engine->ComputeDigest(), engine->spikes());
  return absl::OkStatus();
}

}  // namespace
}  // namespace bnsyn::foreign

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: foreign program.ir placed.ir code.so STEPS\n");
    return 2;
  }
  const absl::Status status = bnsyn::foreign::Run(argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  return 1;
}
