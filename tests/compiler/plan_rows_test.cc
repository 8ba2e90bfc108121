// The table of plan rows and what runs it.
#include "compiler/schedule/plan_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/compiler/kernel_machine.h"
#include "tests/compiler/kernel_text.h"

namespace bnsyn::compiler {
namespace {

// A kernel in which every row finds work, and which spikes.
std::string BusyKernel() {
  std::string integers = "  %0 = load p.n : i32[p]\n";
  for (int i = 1; i < 13; ++i) {
    absl::StrAppend(&integers, "  %", i, " = add %", i - 1, ", 3i32 : i32[p]\n");
  }
  std::string chain = "  %22 = mul %21, 0.99 : f64[p]\n";
  for (int i = 23; i < 103; ++i) {
    absl::StrAppend(&chain, "  %", i, " = fma %", i - 1, ", 0.99, 0.1 : f64[p]\n");
  }
  std::string arm = "  %103 = mul %102, 0.5 : f64[p]\n";
  for (int i = 104; i < 124; ++i) {
    absl::StrAppend(&arm, "  %", i, " = add %", i - 1, ", 0.25 : f64[p]\n");
  }
  return absl::StrCat(R"(program p dt=1 seed=1
population p size=200
state p.V : f64[p] = 1
state p.w : f64[p] = 0
state p.n : i32[p] = 0i32
input p.I : p scale=2^-30
kernel p.step : p phase=0 {
)",
                      integers, R"(  %13 = lt %12, 1000i32 : bool[p]
  store p.n, %12
  %14 = take p.I : f64[p]
  %15 = load p.V : f64[p]
  %16 = load p.w : f64[p]
  %17 = uniform stream=4 draw=0 : f64[p]
  %18 = add %15, %17 : f64[p]
  %19 = select %13, %18, %16 : f64[p]
  %20 = add %16, 1 : f64[p]
  %21 = add %19, %14 : f64[p]
)",
                      chain, arm, R"(  %124 = gt %102, 8 : bool[p]
  %125 = select %124, %123, %102 : f64[p]
  %126 = gt %125, 6.2 : bool[p]
  %127 = select %126, 0.25, %125 : f64[p]
  check p.V, %127
  store p.V, %127
  check p.w, %20
  store p.w, %20
  spike p, %126
}
)");
}

class Busy {
 public:
  Busy() : program_(PlacedProgram(BusyKernel())), graph_(program_, program_.step[0]) {}
  absl::StatusOr<KernelPlan> Plan(const CompileOptions& options) const {
    return PlanKernel(graph_, {.native_lanes = 4}, options);
  }
  const ir::Program& program() const { return program_; }
  const KernelGraph& graph() const { return graph_; }

 private:
  const ir::Program program_;
  const KernelGraph graph_;
};

std::vector<std::string> RowNames() {
  std::vector<std::string> names;
  for (const PlanRow& row : PlanRows()) names.emplace_back(row.name);
  return names;
}

TEST(PlanRows, EachChangesThePlanAndIsShown) {
  const Busy busy;
  std::string before = PrintPlan(busy.graph(), PlainPlan(busy.graph()));
  std::vector<std::string> shown;
  const auto plan = PlanKernel(busy.graph(), {.native_lanes = 4}, {},
                               [&](absl::string_view row, const KernelPlan& after) {
                                 shown.emplace_back(row);
                                 std::string text = PrintPlan(busy.graph(), after);
                                 EXPECT_TRUE(text != before) << row;
                                 before = std::move(text);
                               });
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(shown, RowNames());
}

TEST(PlanRows, ADroppedRowIsNoticed) {
  const Busy busy;
  for (const std::string& name : RowNames()) {
    CompileOptions options;
    options.dropped_passes = {name};
    const auto plan = busy.Plan(options);
    ASSERT_FALSE(plan.ok()) << name;
    EXPECT_TRUE(absl::StrContains(std::string(plan.status().message()),
                                  absl::StrCat("row ", name, " did not do its work: ")))
        << plan.status();
  }
}

// The bits of all states after some steps, and the number of spikes.
std::vector<ir::Bits> StatesAfterSteps(const CompileOptions& options) {
  auto machine = KernelMachine::Create(PlacedProgram(BusyKernel()), options);
  EXPECT_TRUE(machine.ok()) << machine.status();
  std::vector<ir::Bits> bits;
  if (!machine.ok()) return bits;
  ir::Bits spikes = 0;
  for (int step = 0; step < 5; ++step) {
    machine->Step();
    EXPECT_FALSE(machine->fault());
    spikes += machine->spikes(0).size();
  }
  EXPECT_GT(spikes, 50u);
  bits.push_back(spikes);
  for (ir::StateId s = 0; s < machine->program().states.size(); ++s) {
    for (size_t i = 0; i < 200; ++i) bits.push_back(machine->state(s).bits(i));
  }
  return bits;
}

TEST(PlanRows, AnyOneMayBeLeftOutOrRunAlone) {
  CompileOptions options;
  options.optimization = 0;
  const std::vector<ir::Bits> expected = StatesAfterSteps(options);
  for (const std::string& name : RowNames()) {
    options.disabled_passes = {name};
    EXPECT_EQ(StatesAfterSteps(options), expected) << "without " << name;
    options.disabled_passes = RowNames();
    std::erase(options.disabled_passes, name);
    EXPECT_EQ(StatesAfterSteps(options), expected) << name << " alone";
  }
  options.disabled_passes = RowNames();
  EXPECT_EQ(StatesAfterSteps(options), expected) << "without any";
}

TEST(PlanRows, CodeWithoutARowHasAnotherKey) {
  const std::string directory = ::testing::TempDir() + "/bnsyn_plan_rows_cache";
  CompileOptions options;
  options.optimization = 0;
  options.cache_directory = directory;
  const ir::Program program = PlacedProgram(BusyKernel());
  CompileReport whole, without;
  ASSERT_TRUE(CompileKernels(program, options, whole).ok());
  options.disabled_passes = {"sink_arms"};
  ASSERT_TRUE(CompileKernels(program, options, without).ok());
  EXPECT_NE(whole.key, without.key);
}

TEST(PlanRows, ThePrintedPlanIsATree) {
  const KernelText kernel(absl::StrCat(
      Chain(2, 20, "%0"), "  %22 = select %1, 0, %21 : f64[a]\n  %23 = gt %22, 5 : bool[a]\n",
      "  %24 = select %23, -60, %22 : f64[a]\n  check a.V, %24\n  store a.V, %24\n",
      "  spike a, %23\n"));
  const KernelPlan plan =
      kernel.PlanBy({"defer_checks", "sink_arms", "sink_handlers", "sink_to_tail"});
  const std::string text = PrintPlan(kernel.graph(), plan);
  const size_t chain = text.find("    %3 = mul %2, 3 : f64[a]\n");
  ASSERT_NE(chain, std::string::npos) << text;
  EXPECT_EQ(text.substr(0, text.find("    %2 =")),
            "loop over vectors {\n"
            "  %0 = load a.V : f64[a]\n"
            "  %1 = gt %0, 1 : bool[a]\n"
            "  if some lane has %1 false {\n");
  EXPECT_EQ(text.substr(text.find("    %22 =")),
            "    %22 = select %1, 0, %21 : f64[a]\n"
            "  } %22, else 0\n"
            "  %23 = gt %22, 5 : bool[a]\n"
            "  check a.V, %24 is %22 where not %23\n"
            "  store a.V, %24 is %22 where not %23\n"
            "  spike a, %23\n"
            "}\n"
            "tail for each spike of a {\n"
            "  %24 = select %23, -60, %22 : f64[a] is -60\n"
            "  check a.V, %24\n"
            "  store a.V, %24\n"
            "}\n"
            "check a.V in memory at the end of a suspect group, apart from spikes of a\n");
}

}  // namespace
}  // namespace bnsyn::compiler
