// What tests of the emitter share: the variants of code they run on, and comparison by R10.
#ifndef BNSYN_TESTS_COMPILER_EMIT_TESTING_H_
#define BNSYN_TESTS_COMPILER_EMIT_TESTING_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernel_machine.h"

namespace bnsyn::compiler {

struct Variant {
  int width;
  int optimization;
  bool plain = false;  // for the oldest machine of this family: no FMA, two lanes
};

inline std::vector<Variant> AllVariants() {
  std::vector<Variant> variants;
  for (const int width : {1, 2, 4, 8, 16}) {
    for (const int optimization : {0, 2}) variants.push_back({width, optimization});
  }
  variants.push_back({4, 2, true});
  return variants;
}

inline std::string Name(const testing::TestParamInfo<Variant>& info) {
  return absl::StrCat("width", info.param.width, "_O", info.param.optimization,
                      info.param.plain ? "_plain" : "");
}

class EmitTest : public testing::TestWithParam<Variant> {
 protected:
  CompileOptions Options() const {
    CompileOptions options;
    options.width = GetParam().width;
    options.optimization = GetParam().optimization;
    return options;
  }
  Target MachineTarget() const {
    Target target = *HostTarget();
    if (!GetParam().plain) return target;
    target.cpu = absl::StartsWith(target.triple, "x86_64") ? "x86-64" : "generic";
    target.features = "";
    target.native_lanes = 2;
    return target;
  }
  KernelMachine Compile(absl::string_view text) const { return Compile(PlacedProgram(text)); }
  KernelMachine Compile(ir::Program placed) const {
    absl::StatusOr<KernelMachine> machine =
        KernelMachine::Create(std::move(placed), Options(), MachineTarget());
    EXPECT_TRUE(machine.ok()) << machine.status();
    if (!machine.ok()) std::abort();
    return *std::move(machine);
  }
};

// Equal by R10: bits, but that all NaNs are one.
inline bool Same(ir::Element element, ir::Bits a, ir::Bits b) {
  if (element == ir::Element::kF64 && std::isnan(ir::F64OfBits(a)))
    return std::isnan(ir::F64OfBits(b));
  if (element == ir::Element::kF32 && std::isnan(ir::F32OfBits(a)))
    return std::isnan(ir::F32OfBits(b));
  return a == b;
}

}  // namespace bnsyn::compiler

#endif  // BNSYN_TESTS_COMPILER_EMIT_TESTING_H_
