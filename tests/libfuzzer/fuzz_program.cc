// Any text as a program: a valid program, whose text is read as the same program again, or an
// error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "ir/text.h"
#include "ir/verifier.h"
#include "tests/libfuzzer/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ir = bnsyn::ir;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string directory = BNSYN_SOURCE_DIR "/tests/cases/networks";
  const auto program = ir::Parse(text, "program.ir", directory);
  if (!program.ok()) {
    bnsyn::fuzz::RequireClear(program.status());
    return 0;
  }
  bnsyn::fuzz::Require(ir::Verify(*program).ok(), "what is parsed is valid");
  const std::string printed = ir::Print(*program);
  const auto again = ir::Parse(printed, "printed.ir", directory);
  bnsyn::fuzz::Require(again.ok(), "what is printed can be read: " + again.status().ToString());
  bnsyn::fuzz::Require(ir::Print(*again) == printed, "what is read is what was printed");
  return 0;
}
