// Inputs that receive multiples of the same numbers are one input.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/accumulator.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

// Two projections onto b, with this code.
std::string Joined(const std::string& first, const std::string& second,
                   const std::string& network = "") {
  return absl::StrCat("[network]\ndt = \"1 ms\"\n", network, R"toml(
[models.m]
equations = """
v : volt
x : siemens
y : siemens
z : siemens (input)
"""
update = "v = v + (x + y + z)*(1 mV/nS)"
threshold = "v > 10 mV"
reset = "v = 0 mV"
[populations.a]
model = "m"
size = 2
[populations.b]
model = "m"
size = 3
[projections.p]
source = "a"
target = "b"
weight = "2 nS"
rule = "all_to_all"
on_pre = ")toml",
                      first, R"toml("
[projections.q]
source = "b"
target = "b"
weight = "3 nS"
rule = "all_to_all"
on_pre = ")toml",
                      second, "\"\n");
}

std::string OnPre(const ir::Program& program, ir::ProjectionId id) {
  return ir::PrintBlock(program, *program.FindSynaptic(ir::BlockKind::kOnPre, id));
}

TEST(ShareInputs, AddOnceAndMultiplyAtTheNeuron) {
  const ir::Program program = MustLower(Joined("x_post += 0.7*w; y_post += w*0.3; z_post += 2*w",
                                               "x_post += 0.7*w; y_post += 0.3*w; z_post += 2*w"));
  ASSERT_EQ(program.inputs.size(), 1u);
  EXPECT_EQ(program.inputs[0].name, "b.x.y.z.in");
  EXPECT_EQ(program.inputs[0].accumulator.scale_log2, reference::ScaleLog2For(3));
  EXPECT_EQ(OnPre(program, 0),
            "on_pre p {\n  %0 = weight : f64[p]\n  accumulate b.x.y.z.in, %0\n}\n");
  EXPECT_EQ(OnPre(program, 1),
            "on_pre q {\n  %0 = weight : f64[q]\n  accumulate b.x.y.z.in, %0\n}\n");
  const std::string step = ir::PrintBlock(program, program.step[0]);
  EXPECT_TRUE(absl::StrContains(step, R"(
  %11 = take b.x.y.z.in : f64[b]
  %12 = load b.x : f64[b]
  %13 = fma 0.7, %11, %12 : f64[b]
  %14 = load b.y : f64[b]
  %15 = fma 0.3, %11, %14 : f64[b]
  %16 = mul 2, %11 : f64[b]
)")) << step;
}

TEST(ShareInputs, TellsWhatIsNotTheSame) {
  struct Case {
    const char* first;
    const char* second;
    size_t inputs;
  };
  for (const Case& c : {
           Case{"x_post += 0.7*w; y_post += 0.3*w", "z_post += w", 2},
           // Multiples that are not those of the other projection.
           Case{"x_post += 0.7*w; y_post += 0.3*w", "x_post += 0.7*w; y_post += 0.4*w", 2},
           Case{"x_post += 0.7*w; y_post += 0.3*w", "x_post += 0.7*w", 2},
           Case{"x_post += 0.7*w; y_post += 0.3*w", "x_post += w; y_post += 0.3*w", 2},
           // Of other numbers.
           Case{"x_post += w; y_post += w*i", "x_post += w; y_post += w*i", 2},
           // In twos.
           Case{"x_post += w; x_post += i*w; y_post += 2*w; y_post += 2*i*w", "z_post += w", 3},
           Case{"x_post += w; x_post += i*w; y_post += 2*w; y_post += i*w*2", "z_post += w", 2},
           Case{"x_post += w; y_post -= w", "y_post -= w; x_post += w", 2},
           // Nothing of 0 can be multiplied.
           Case{"x_post += 0*w; y_post += w", "x_post += 0*w; y_post += w", 2},
       }) {
    const ir::Program program = MustLower(Joined(c.first, c.second));
    EXPECT_EQ(program.inputs.size(), c.inputs) << c.first << " / " << c.second;
  }
}

TEST(ShareInputs, StrictCodeAddsWhatIsWritten) {
  const std::string code = "x_post += 0.7*w; y_post += 0.3*w";
  EXPECT_EQ(MustLower(Joined(code, code)).inputs.size(), 1u);
  EXPECT_EQ(MustLower(Joined(code, code, "math = \"strict\"\n")).inputs.size(), 2u);
}

}  // namespace
}  // namespace bnsyn
