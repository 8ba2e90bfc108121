// Any text as the equations of a model that a population has: equations that lower to a valid
// program, or an error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "tests/libfuzzer/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  bnsyn::Network network({.seed = 1});
  const auto model = network.AddModel(bnsyn::Model("m")
                                          .Equations(bnsyn::SourceText{"equations", text, 1, 1})
                                          .Threshold("v > 1")
                                          .Reset("v = 0"));
  network.AddPopulation("p", model, 3);
  const auto program = bnsyn::LowerNetwork(network);
  if (!program.ok()) bnsyn::fuzz::RequireClear(program.status());
  return 0;
}
