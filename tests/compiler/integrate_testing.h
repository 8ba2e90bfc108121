// Networks of one population, for tests of integrators.
#ifndef BNSYN_TESTS_COMPILER_INTEGRATE_TESTING_H_
#define BNSYN_TESTS_COMPILER_INTEGRATE_TESTING_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {

// The file of a network with a population "p" of `size` neurons; the step is `dt` ms.
inline std::string Population(double dt, const std::string& model, const std::string& initial,
                              int size = 1, const std::string& math = "default") {
  return absl::StrCat("[network]\ndt = \"", dt, " ms\"\nseed = 7\nmath = \"", math,
                      "\"\n[models.m]\n", model, "\n[populations.p]\nmodel = \"m\"\nsize = ", size,
                      "\ninitial = { ", initial, " }\n");
}

// Lowers a network and expects that no stand-in is left in its program.
inline ir::Program LowerClean(const std::string& text) {
  ir::Program program = MustLower(text);
  for (const ir::Block& block : program.step) {
    for (const ir::Node& node : block.nodes) {
      const bool draws = ir::Info(node.op).attr == ir::AttrKind::kStream;
      EXPECT_FALSE(draws && node.attr >> 32 == 0xffffffff) << "a stand-in is left";
    }
  }
  return program;
}

}  // namespace bnsyn

#endif  // BNSYN_TESTS_COMPILER_INTEGRATE_TESTING_H_
