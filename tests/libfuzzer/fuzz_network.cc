// Any bytes as a network file: a network that lowers to a valid program, or an error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "tests/libfuzzer/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto network = bnsyn::ParseNetwork(text, "network.toml", BNSYN_SOURCE_DIR "/tests/cases");
  if (!network.ok()) {
    bnsyn::fuzz::RequireClear(network.status());
    return 0;
  }
  const auto program = bnsyn::LowerNetwork(*network);
  if (!program.ok()) bnsyn::fuzz::RequireClear(program.status());
  return 0;
}
