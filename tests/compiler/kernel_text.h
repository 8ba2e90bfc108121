// Kernels for tests of what the emitter plans, written as text.
#ifndef BNSYN_TESTS_COMPILER_KERNEL_TEXT_H_
#define BNSYN_TESTS_COMPILER_KERNEL_TEXT_H_

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "ir/text.h"

namespace bnsyn::compiler {

// A kernel over states V and w, and n of 4 bytes, and an input I, that loads V as %0, compares it
// as %1 and runs `lines`. Spikes may be of a, or of a.too.
inline ir::Block Kernel(const std::string& lines) {
  const auto program = ir::Parse(absl::StrCat(R"(program p dt=1 seed=1
population a size=64
population a.too size=64 domain=a
state a.V : f64[a] = 0
state a.w : f64[a] = 0
state a.n : i32[a] = 0i32
input a.I : a quantum=2^-30
kernel a.step : a phase=0 {
  %0 = load a.V : f64[a]
  %1 = gt %0, 1 : bool[a]
)",
                                              lines, "}\n"),
                                 "kernel.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  return program->step[0];
}

// `count` multiplications, each of the one before, from %FIRST on; the first is of `operand`.
inline std::string Chain(int first, int count, const std::string& operand) {
  std::string lines = absl::StrCat("  %", first, " = mul ", operand, ", 3 : f64[a]\n");
  for (int i = 1; i < count; ++i) {
    absl::StrAppend(&lines, "  %", first + i, " = mul %", first + i - 1, ", 3 : f64[a]\n");
  }
  return lines;
}

}  // namespace bnsyn::compiler

#endif  // BNSYN_TESTS_COMPILER_KERNEL_TEXT_H_
