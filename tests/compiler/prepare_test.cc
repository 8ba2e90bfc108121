// The table of prepare passes: its stages, its checks, and what may be left out.
#include "compiler/passes/prepare.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn::compiler {
namespace {

// Every pass changes this network: x and y share an input, and g decays.
constexpr char kNetwork[] = R"toml([network]
dt = "0.1 ms"
[models.m]
equations = """
dV/dt = (x + y)/(1 ms) + (15 mV - V)/(10 ms) + g*(20 mV - V)/(100 pF) : volt
dg/dt = -g/(5 ms) : siemens
x : volt (input)
y : volt (input)
"""
threshold = "V > 10 mV"
reset = "V = 0 mV"
[populations.a]
model = "m"
size = 10
initial = { V = "uniform(0 mV, 15 mV)" }
[projections.p]
source = "a"
target = "a"
rule = "all_to_all"
weight = "2 mV"
on_pre = "x_post += 0.7*w; y_post += 0.3*w"
[projections.q]
source = "a"
target = "a"
rule = "all_to_all"
weight = "3 nS"
on_pre = "g_post += w"
)toml";

absl::StatusOr<ir::Program> Lowered(const CompileOptions& options,
                                    const StageObserver& observer = nullptr,
                                    std::string text = kNetwork) {
  const absl::StatusOr<Network> network = ParseNetwork(text, "test.toml");
  EXPECT_TRUE(network.ok()) << network.status();
  return LowerNetwork(*network, options, observer);
}

TEST(Prepare, ShowsEveryStage) {
  std::vector<std::string> stages;
  std::vector<std::string> texts;
  const auto program = Lowered({}, [&](absl::string_view stage, const ir::Program& p, double) {
    stages.emplace_back(stage);
    texts.push_back(ir::Print(p));
  });
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(stages,
            (std::vector<std::string>{"lowered", "share_inputs", "choose_quanta", "decay_inputs"}));
  for (size_t s = 1; s < texts.size(); ++s) EXPECT_NE(texts[s], texts[s - 1]) << stages[s];
  EXPECT_EQ(texts.back(), ir::Print(*program));
  ASSERT_EQ(program->inputs.size(), 2u);
  EXPECT_EQ(program->inputs[0].name, "a.x.y.in");
  EXPECT_TRUE(program->inputs[1].accumulator.decays());
}

TEST(Prepare, NoticesAPassThatDidNothing) {
  for (const PreparePass& pass : AllPreparePasses()) {
    CompileOptions options;
    options.dropped_passes = {std::string(pass.name)};
    const absl::Status status = Lowered(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << pass.name;
    EXPECT_TRUE(absl::StrContains(status.message(), pass.name)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), pass.promise)) << status;
  }
}

TEST(Prepare, LeavesOutWhatIsDisabled) {
  const auto spikes = [](const std::string& pass) {
    CompileOptions options;
    options.disabled_passes = {pass};
    const auto program = Lowered(options);
    EXPECT_TRUE(program.ok()) << program.status();
    EXPECT_EQ(program->inputs.size(), pass == "share_inputs" ? 3u : 2u);
    EXPECT_EQ(program->inputs.back().accumulator.decays(), pass != "decay_inputs");
    Oracle run(*program);
    run.Steps(500);
    return run.count();
  };
  const size_t all = spikes("fuse");  // a compile pass, which has no part in this
  EXPECT_GT(all, 50u);
  EXPECT_EQ(spikes("share_inputs"), all);
  EXPECT_EQ(spikes("decay_inputs"), all);
  CompileOptions options;
  options.disabled_passes = {"choose_quanta"};
  EXPECT_EQ(Lowered(options).status().message(),
            "cannot disable 'choose_quanta': a program needs what it decides");
}

TEST(Prepare, StrictMathKeepsWhatIsWritten) {
  std::string text = kNetwork;
  text.insert(text.find("dt ="), "math = \"strict\"\n");
  const auto program = Lowered({}, nullptr, text);
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->inputs.size(), 3u);
  for (const ir::Input& input : program->inputs) EXPECT_FALSE(input.accumulator.decays());
}

}  // namespace
}  // namespace bnsyn::compiler
