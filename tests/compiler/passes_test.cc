// The table of passes and what runs them.
#include "compiler/passes/passes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "ir/text.h"
#include "tests/compiler/pass_testing.h"
#include "tests/compiler/random_program.h"

namespace bnsyn::compiler::testing {
namespace {

constexpr int kSteps = 60;

std::vector<std::string> PassNames() {
  std::vector<std::string> names;
  for (const Pass& pass : AllPasses()) names.emplace_back(pass.name);
  return names;
}

TEST(Passes, KeepWhatTheProgramDoesStageByStage) {
  const ir::Program program = SmallNetwork();
  const Behaviour expected = Interpret(program, kSteps);
  ASSERT_GT(expected.spikes, 20u) << "a silent network proves nothing";
  std::vector<std::string> stages;
  const auto result = RunPasses(
      program, {}, [&](absl::string_view stage, const ir::Program& after, double milliseconds) {
        stages.emplace_back(stage);
        EXPECT_EQ(Interpret(after, kSteps), expected) << "after " << stage;
        EXPECT_GE(milliseconds, 0);
      });
  ASSERT_TRUE(result.ok()) << result.status();
  std::vector<std::string> all = {"program"};
  for (const std::string& name : PassNames()) all.push_back(name);
  EXPECT_EQ(stages, all);
}

TEST(Passes, ResultIsTextThatMeansTheSame) {
  const auto result = RunPasses(SmallNetwork(), {}, nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  const std::string text = ir::Print(*result);
  const ir::Program parsed = ParseOrDie(text);
  EXPECT_EQ(ir::Print(parsed), text);
  EXPECT_EQ(Interpret(parsed, kSteps), Interpret(SmallNetwork(), kSteps));
}

TEST(Passes, AreDeterministic) {
  const auto a = RunPasses(SmallNetwork(), {}, nullptr);
  const auto b = RunPasses(SmallNetwork(), {}, nullptr);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(ir::Print(*a), ir::Print(*b));
}

// The small network with a loop that all passes but one leave alone, and with on_post code that
// reads when spikes of its sources have arrived.
ir::Program NetworkWithLoop() {
  std::string text = ir::Print(SmallNetwork());
  const std::string on_pre = "on_pre ee {\n  %0 = weight : f64[ee]\n  accumulate exc.s, %0\n}\n";
  text.erase(text.find(on_pre), on_pre.size());
  const std::string step = "step {\n";
  text.insert(text.find("\n" + step) + 1 + step.size(), R"(  %900 = load exc.later : f64[exc]
  %901 = add %900, 1 : f64[exc]
  store exc.now, %901
  run exc.halves
  %902 = load exc.now : f64[exc]
  store exc.later, %902
)");
  return ParseOrDie(text + R"(state exc.later : f64[exc] = 0
temp exc.now : f64[exc]
loop exc.halves : exc times=3 {
  %0 = load exc.now : f64[exc]
  %1 = mul %0, 0.5 : f64[exc]
  store exc.now, %1
}
state exc.last : i64[exc] = 0i64
on_pre ee {
  %0 = weight : f64[ee]
  accumulate exc.s, %0
  %1 = step : u64
  %2 = convert %1 : i64
  store_pre exc.last, %2
}
on_post ee {
  %0 = step : u64
  %1 = convert %0 : i64
  %2 = load_pre exc.last : i64[ee]
  %3 = sub %1, %2 : i64[ee]
  %4 = convert %3 : f64[ee]
  %5 = mul %4, -0.05 : f64[ee]
  %6 = exp %5 : f64[ee]
  accumulate exc.s, %6
}
)");
}

TEST(Passes, AnySetMayBeDisabled) {
  const ir::Program program = NetworkWithLoop();
  const Behaviour expected = Interpret(program, kSteps);
  const std::vector<std::string> names = PassNames();
  for (unsigned set = 0; set < (1u << names.size()); ++set) {
    CompileOptions options;
    for (size_t i = 0; i < names.size(); ++i) {
      if (set >> i & 1) options.disabled_passes.push_back(names[i]);
    }
    const auto result = RunPasses(program, options, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(Interpret(*result, kSteps), expected) << "set " << set;
    // What code is made from is there in any case.
    EXPECT_TRUE(PassNamed("fuse").check(*result).ok()) << "set " << set;
    EXPECT_TRUE(PassNamed("place").check(*result).ok()) << "set " << set;
  }
}

TEST(Passes, DroppedPassIsNoticed) {
  for (const std::string& name : PassNames()) {
    if (name == "defer") continue;  // it allows something, and does no work that others need
    CompileOptions options;
    options.dropped_passes = {name};
    const auto result = RunPasses(NetworkWithLoop(), options, nullptr);
    ASSERT_FALSE(result.ok()) << name;
    EXPECT_TRUE(absl::StrContains(std::string(result.status().message()),
                                  absl::StrCat("pass ", name, " did not do its work: ")))
        << result.status();
  }
}

TEST(Passes, UnknownNamesAreErrors) {
  CompileOptions options;
  options.disabled_passes = {"simplfy"};
  auto result = RunPasses(SmallNetwork(), options, nullptr);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(result.status().message(),
            "cannot disable 'simplfy': there is no such pass (did you mean 'simplify'?)");
  options.disabled_passes.clear();
  options.dropped_passes = {"nothing"};
  result = RunPasses(SmallNetwork(), options, nullptr);
  EXPECT_EQ(result.status().message(), "cannot drop 'nothing': there is no such pass");
}

TEST(Passes, DumpsTheStagesThatChanged) {
  const std::filesystem::path directory =
      std::filesystem::path(::testing::TempDir()) / "bnsyn_passes_test";
  std::filesystem::remove_all(directory);
  CompileOptions options;
  options.dump_directory = directory.string();
  options.disabled_passes = {"expand_math"};
  const auto result = RunPasses(SmallNetwork(), options, nullptr);
  ASSERT_TRUE(result.ok()) << result.status();

  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    files[entry.path().filename().string()] = ReadFileOrDie(entry.path().string());
  }
  std::filesystem::remove_all(directory);
  std::vector<std::string> names;
  for (const auto& [name, text] : files) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"00-program.ir", "01-specialise.ir", "05-simplify.ir",
                                             "06-narrow_sums.ir", "07-fuse.ir", "08-place.ir"}));
  EXPECT_EQ(files["00-program.ir"], ir::Print(SmallNetwork()));
  EXPECT_EQ(files["08-place.ir"], ir::Print(*result));
}

TEST(Passes, UnwritableDumpIsAnError) {
  CompileOptions options;
  options.dump_directory = "/dev/null/dumps";
  const auto result = RunPasses(SmallNetwork(), options, nullptr);
  EXPECT_EQ(result.status().message(),
            "cannot write '/dev/null/dumps/00-program.ir': Not a directory");
}

// The network of the examples: three kernels, one barrier, one function for both populations.
TEST(Passes, BnsynIsThreeKernels) {
  const auto network = ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/bnsyn.toml");
  ASSERT_TRUE(network.ok()) << network.status();
  const auto program = LowerNetwork(*network);
  ASSERT_TRUE(program.ok()) << program.status();
  const auto result = RunPasses(*program, {}, nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->step.size(), 3u);
  EXPECT_EQ(result->step[0].name, "exc.step");
  EXPECT_EQ(result->step[0].phase, 0u);
  EXPECT_EQ(result->step[1].name, "inh.step");
  EXPECT_EQ(result->step[1].phase, 0u);
  EXPECT_EQ(result->step[1].code, "exc.step");
  EXPECT_EQ(result->step[2].name, "network.step");
  EXPECT_EQ(result->step[2].phase, 1u);
  constexpr int kBnsynSteps = 1500;
  const Behaviour expected = Interpret(*program, kBnsynSteps);
  EXPECT_GT(expected.spikes, 100u) << "a silent network proves nothing";
  EXPECT_EQ(Interpret(*result, kBnsynSteps), expected);
}

// Everything together, on programs nobody would write.
TEST(Passes, KeepWhatRandomProgramsDo) {
  int spiking = 0;
  constexpr int kPrograms = 60;
  for (uint64_t seed = 0; seed < kPrograms; ++seed) {
    const ir::Program program = RandomProgram(5000 + seed, 80);
    const Behaviour expected = Interpret(program, 4);
    spiking += expected.spikes > 0 ? 1 : 0;
    const auto result = RunPasses(program, {}, nullptr);
    ASSERT_TRUE(result.ok()) << "seed " << seed << ": " << result.status();
    ASSERT_EQ(Interpret(*result, 4), expected) << "seed " << seed << ":\n" << ir::Print(program);
  }
  std::printf("%d programs, %d of them spiked\n", kPrograms, spiking);
  EXPECT_GT(spiking, kPrograms / 4);
}

}  // namespace
}  // namespace bnsyn::compiler::testing
