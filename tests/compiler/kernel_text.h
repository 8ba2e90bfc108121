// Kernels for tests of plans, written as text, and plans of them by chosen rows.
#ifndef BNSYN_TESTS_COMPILER_KERNEL_TEXT_H_
#define BNSYN_TESTS_COMPILER_KERNEL_TEXT_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/graph.h"
#include "compiler/schedule/kernel_plan.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/text.h"

namespace bnsyn::compiler {

// A kernel over states V and w, and n of 4 bytes, and an input I, that loads V as %0, compares it
// as %1 and runs `lines`. Spikes may be of a, or of a.too.
inline ir::Program KernelProgram(const std::string& lines) {
  auto program = ir::Parse(absl::StrCat(R"(program p dt=1 seed=1
population a size=64
population a.too size=64 domain=a
state a.V : f64[a] = 0
state a.w : f64[a] = 0
state a.n : i32[a] = 0i32
state a.f : f32[a] = 0f32
input a.I : a scale=2^-30
kernel a.step : a phase=0 {
  %0 = load a.V : f64[a]
  %1 = gt %0, 1 : bool[a]
)",
                                        lines, "}\n"),
                           "kernel.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

// Such a kernel and its graph.
class KernelText {
 public:
  explicit KernelText(const std::string& lines)
      : program_(KernelProgram(lines)), graph_(program_, program_.step[0]) {}
  KernelText(const KernelText&) = delete;
  KernelText& operator=(const KernelText&) = delete;

  const KernelGraph& graph() const { return graph_; }
  const ir::Node& node(ir::NodeId id) const { return graph_.node(id); }
  absl::string_view OpName(ir::NodeId id) const { return ir::Info(node(id).op).name; }

  // The plan by these rows alone.
  KernelPlan PlanBy(const std::vector<std::string>& rows, bool has_masks = false) const {
    CompileOptions options;
    for (const PlanRow& row : PlanRows()) {
      const std::string name(row.name);
      if (std::find(rows.begin(), rows.end(), name) == rows.end()) {
        options.disabled_passes.push_back(name);
      }
    }
    auto plan = PlanKernel(graph_, {.native_lanes = has_masks ? 8 : 4}, options);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.ok() ? *std::move(plan) : PlainPlan(graph_);
  }

 private:
  const ir::Program program_;
  const KernelGraph graph_;
};

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
