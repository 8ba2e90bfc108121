// What the pass `defer` marks, and why it leaves code as it is.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/analysis/deferral.h"
#include "compiler/passes/passes.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

constexpr char kDeclarations[] = R"(program p dt=0.1 seed=1
param k : f64 = 3 tunable
population a size=5
population b size=7
state a.c : f64[a] = 2
state a.x : f64[a] = 0
state a.x.step : i64[a] = 0i64
state a.V : f64[a] = 0
state b.c : f64[b] = 2
state b.V : f64[b] = 0
state b.y : f64[b] = 0
state M : f64 = 0
state ab.w : f64[ab] = 1
state ab.e : f64[ab] = 0
input a.g : a scale=2^-30
input b.g : b scale=2^-30
projection ab : a -> b rule=all_to_all weight=1 delay=1
)";
constexpr char kOnPre[] = R"(on_pre ab {
  %0 = load ab.w : f64[ab]
  accumulate b.g, %0
  %1 = load_pre a.x : f64[ab]
  %2 = add %1, 1 : f64[ab]
  store_pre a.x, %2
  %3 = step : u64
  %4 = convert %3 : i64
  store_pre a.x.step, %4
}
)";
// Adds the trace of the source to the weight, within bounds.
constexpr char kOnPost[] = R"(on_post ab delay=1 {
  %0 = load ab.w : f64[ab]
  %1 = load_pre a.x : f64[ab]
  %2 = add %0, %1 : f64[ab]
  %3 = max %2, 0 : f64[ab]
  %4 = min %3, 4 : f64[ab]
  check ab.w, %4
  store ab.w, %4
  %5 = load_post b.y : f64[ab]
  %6 = add %5, 1 : f64[ab]
  store_post b.y, %6
}
)";
constexpr char kOnStep[] = R"(on_step ab {
  %0 = load ab.e : f64[ab]
  %1 = mul %0, 0.99 : f64[ab]
  check ab.e, %1
  store ab.e, %1
}
)";
constexpr char kStep[] = R"(step {
  run_on_step ab
  %0 = load a.V : f64[a]
  %1 = add %0, 1 : f64[a]
  store a.V, %1
  %2 = gt %1, 3 : bool[a]
  spike a, %2
  %3 = load b.V : f64[b]
  %4 = add %3, 1 : f64[b]
  store b.V, %4
  %5 = gt %4, 3 : bool[b]
  spike b, %5
  %6 = load b.y : f64[b]
  %7 = mul %6, 0.5 : f64[b]
  store b.y, %7
  %8 = load M : f64
  %9 = add %8, 1 : f64
  store M, %9
  %10 = take a.g : f64[a]
  store a.c, %10
}
)";

// A block of kind `kind` that visits synapses by storing what `nodes` compute as %9.
std::string Storing(const std::string& kind, const std::string& nodes) {
  return absl::StrCat(kind, " {\n", nodes, "  store ab.w, %9\n}\n");
}

std::string Without(std::string text, const std::string& line) {
  const size_t at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return text.erase(at, line.size());
}

ir::Program Parsed(const std::string& text) {
  absl::StatusOr<ir::Program> program = ir::Parse(text, "defer.ir");
  EXPECT_TRUE(program.ok()) << program.status().message();
  return program.ok() ? *std::move(program) : ir::Program{};
}

// The program with these blocks; without on_step blocks the step runs none.
ir::Program WithBlocks(const std::string& blocks) {
  std::string step = kStep;
  if (blocks.find("on_step") == std::string::npos) step = Without(step, "  run_on_step ab\n");
  return Parsed(absl::StrCat(kDeclarations, blocks, step));
}

// Of each on_post and on_step block: "deferred" or the reason why not.
std::vector<std::string> Decided(const ir::Program& program) {
  std::vector<std::string> decided;
  for (const BlockDeferral& block : DecideDeferral(program, 0)) {
    decided.push_back(block.deferred ? "deferred" : block.reason);
  }
  return decided;
}
std::vector<std::string> Decided(const std::string& blocks) { return Decided(WithBlocks(blocks)); }

using Reasons = std::vector<std::string>;

TEST(Defer, CodeOfArrivalsAndOfStepsWithinTheSynapse) {
  EXPECT_EQ(Decided(absl::StrCat(kOnPre, kOnPost)), Reasons{"deferred"});
  EXPECT_EQ(Decided(absl::StrCat(kOnPre, kOnStep)), Reasons{"deferred"});
  EXPECT_EQ(Decided(absl::StrCat(kOnPre, kOnStep, kOnPost)), (Reasons{"deferred", "deferred"}));
  EXPECT_EQ(Decided(absl::StrCat(kOnPost, kOnPre)), Reasons{"deferred"});
}

TEST(Defer, ThePassMarksWhatIsDecidedAndNothingElse) {
  const ir::Program program =
      WithBlocks(absl::StrCat(kOnPre, "on_post ab pathway=back delay=3 deferred {\n}\n", kOnPost));
  const absl::StatusOr<ir::Program> marked = Defer(program, {});
  ASSERT_TRUE(marked.ok());
  EXPECT_FALSE(marked->synaptic[0].deferred);
  EXPECT_FALSE(marked->synaptic[1].deferred) << "it visits no synapse";
  EXPECT_TRUE(marked->synaptic[2].deferred);
  EXPECT_TRUE(CheckDefer(*marked).ok());
  EXPECT_NE(ir::Print(*marked).find("on_post ab delay=1 deferred {"), std::string::npos);
  const absl::StatusOr<ir::Program> parsed = ir::Parse(ir::Print(*marked), "again");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_TRUE(parsed->synaptic[2].deferred);

  const absl::StatusOr<ir::Program> none = DeferNothing(*marked, {});
  ASSERT_TRUE(none.ok());
  for (const ir::Block& block : none->synaptic) EXPECT_FALSE(block.deferred);
}

TEST(Defer, TheCheckFindsAMarkThatIsNotAllowed) {
  ir::Program program = WithBlocks(absl::StrCat(
      kOnPre, "on_post ab delay=1 deferred {\n  accumulate b.g, 1\n}\n"));
  const absl::Status status = CheckDefer(program);
  EXPECT_EQ(status.message(), "on_post ab cannot be deferred");
}

TEST(Defer, CodeThatAddsToANeuron) {
  EXPECT_EQ(Decided(absl::StrCat(kOnPre, "on_post ab delay=1 {\n  accumulate b.g, 1\n}\n")),
            Reasons{"adds to its target (b.g)"});
  EXPECT_EQ(Decided(absl::StrCat(kOnPre, "on_post ab delay=1 {\n  accumulate_pre a.g, 1\n}\n")),
            Reasons{"adds to its source (a.g)"});
}

TEST(Defer, CodeThatReadsWhatMoves) {
  EXPECT_EQ(Decided(absl::StrCat(
                kOnPre, Storing("on_post ab delay=1", "  %9 = load_pre a.V : f64[ab]\n"))),
            Reasons{"reads a.V, which moves in every step"});
  EXPECT_EQ(Decided(absl::StrCat(kOnPre,
                                 Storing("on_step ab", "  %9 = load_post b.V : f64[ab]\n"))),
            Reasons{"reads b.V, which moves in every step"});
  EXPECT_EQ(Decided(absl::StrCat(kOnPre, Storing("on_post ab delay=1",
                                                 "  %8 = index_pre : u32[ab]\n"
                                                 "  %9 = gather a.V, %8 : f64[ab]\n"))),
            Reasons{"reads a.V, which moves in every step"});
}

TEST(Defer, AStateOfTheTargetThatArrivalsStoreMovesForCodeOfSteps) {
  const std::string blocks = absl::StrCat(
      kOnPre, Storing("on_step ab", "  %9 = load_post b.c : f64[ab]\n"),
      "on_post ab delay=1 {\n  %0 = load_post b.c : f64[ab]\n  %1 = add %0, 1 : f64[ab]\n"
      "  store_post b.c, %1\n}\n");
  EXPECT_EQ(Decided(blocks), (Reasons{"reads b.c, which changes when spikes arrive by ab",
                                      "only stores variables of neurons, and visits no synapse"}));
}

TEST(Defer, WhatNothingChangesAndWhatIsOfTheTargetAtTheArrivalMayBeRead) {
  for (const char* read :
       {"load_pre a.x : f64[ab]", "load_post b.c : f64[ab]", "load_post b.V : f64[ab]",
        "param k : f64", "load M : f64", "weight : f64[ab]"}) {
    const std::string nodes =
        absl::StrCat("  %0 = ", read, "\n  %1 = load ab.w : f64[ab]\n  %9 = add %0, %1 : f64[ab]\n");
    EXPECT_EQ(Decided(absl::StrCat(kOnPre, Storing("on_post ab delay=1", nodes))),
              Reasons{"deferred"})
        << read;
  }
}

TEST(Defer, TwoPathwaysOfTargetsThatVisitSynapses) {
  const std::string twice = absl::StrCat(
      kOnPre, kOnPost,
      Storing("on_post ab pathway=late delay=5",
              "  %0 = load ab.w : f64[ab]\n  %9 = mul %0, 0.5 : f64[ab]\n"));
  const std::string reason =
      "could be deferred, but there are two on_post pathways that visit synapses";
  EXPECT_EQ(Decided(twice), (Reasons{reason, reason}));
}

TEST(Defer, CodeOfTargetsBetweenPathwaysOfSources) {
  const std::string between = absl::StrCat(
      kOnPre, kOnPost, "on_pre ab pathway=late delay=3 {\n  accumulate b.g, 1\n}\n");
  EXPECT_EQ(Decided(between), Reasons{"could be deferred, but on_post stands between on_pre "
                                      "pathways in the order"});
}

TEST(Defer, OneBlockThatCannotWaitKeepsTheOthers) {
  const std::string blocks =
      absl::StrCat(kOnPre, Storing("on_step ab", "  %9 = load_pre a.V : f64[ab]\n"), kOnPost);
  EXPECT_EQ(Decided(blocks),
            (Reasons{"reads a.V, which moves in every step",
                     "could be deferred, but on_step reads a.V, which moves in every step"}));
}

TEST(Defer, Clocks) {
  const auto with_clock = [](int every) {
    return absl::StrCat(kOnPre, "on_step ab every=", every,
                        " offset=0 {\n  accumulate b.g, 1\n}\n", kOnStep, kOnPost);
  };
  EXPECT_EQ(Decided(with_clock(100)),
            (Reasons{"has a clock that ticks every 100 steps", "deferred", "deferred"}));
  const std::string reason =
      "could be deferred, but on_step every=99 ticks every 99 steps, which is less than 100";
  EXPECT_EQ(Decided(with_clock(99)),
            (Reasons{"ticks every 99 steps, which is less than 100", reason, reason}));
}

TEST(Defer, SpikesThatArriveBeforeTheEquationsOfSynapsesMove) {
  for (const bool before : {true, false}) {
    std::string step = kStep;
    step.replace(step.find("  run_on_step ab\n"), 17,
                 before ? "  run_on_step ab\n  deliver\n" : "  deliver\n  run_on_step ab\n");
    const ir::Program program = Parsed(absl::StrCat(kDeclarations, kOnPre, kOnStep, step));
    EXPECT_EQ(Decided(program),
              Reasons{before ? "deferred"
                             : "could be deferred, but spikes arrive before the equations of "
                               "synapses move"});
  }
}

// The deferral of the only projection, as an engine finds it.
Deferral Found(const std::string& blocks) {
  const absl::StatusOr<ir::Program> marked = Defer(WithBlocks(blocks), {});
  EXPECT_TRUE(marked.ok());
  const std::vector<Deferral> found = FindDeferrals(*marked);
  EXPECT_EQ(found.size(), 1u);
  return found.empty() ? Deferral{} : found[0];
}

TEST(Deferral, WhatIsCaptured) {
  const std::string post = Storing("on_post ab delay=1",
                                   "  %0 = load_post b.V : f64[ab]\n"
                                   "  %1 = load M : f64\n"
                                   "  %2 = mul %0, %1 : f64[ab]\n"
                                   "  %3 = load ab.w : f64[ab]\n"
                                   "  %4 = add %2, %3 : f64[ab]\n"
                                   "  %5 = index_post : u32[ab]\n"
                                   "  %6 = convert %5 : f64[ab]\n"
                                   "  %7 = add %6, 1 : f64[ab]\n"
                                   "  %8 = mul %7, %4 : f64[ab]\n"
                                   "  %9 = add %8, 2 : f64[ab]\n");
  const std::string step = Storing("on_step ab",
                                   "  %0 = load M : f64\n"
                                   "  %1 = param k : f64\n"
                                   "  %2 = load ab.w : f64[ab]\n"
                                   "  %3 = mul %0, %2 : f64[ab]\n"
                                   "  %4 = load_pre a.c : f64[ab]\n"
                                   "  %9 = fma %1, %4, %3 : f64[ab]\n");
  Deferral deferral = Found(absl::StrCat(kOnPre, post));
  EXPECT_EQ(deferral.post_captured.size(), 2u) << absl::StrJoin(deferral.post_captured, " ");
  // a.c is taken by the step here, so that code of steps cannot read it later.
  EXPECT_EQ(Decided(absl::StrCat(kOnPre, step)), Reasons{"reads a.c, which moves in every step"});
  std::string constant = step;
  constant.replace(constant.find("load_pre a.c"), 12, "load_pre a.x");
  deferral = Found(absl::StrCat(kOnPre, constant));
  EXPECT_EQ(deferral.step_captured.size(), 2u) << absl::StrJoin(deferral.step_captured, " ");
}

TEST(Deferral, Times) {
  Deferral deferral = Found(absl::StrCat(kOnPre, kOnStep, kOnPost));
  EXPECT_FALSE(deferral.posts_first);
  EXPECT_EQ(deferral.BeforePre(7), 14u);
  EXPECT_EQ(deferral.TimeOfPost(7), 14u);
  EXPECT_EQ(deferral.BeforeClock(7), 15u);
  EXPECT_EQ(deferral.TimeOfStep(7), 15u);
  EXPECT_EQ(Deferral::Before(8), 16u);
  deferral = Found(absl::StrCat(kOnPost, kOnPre, kOnStep));
  EXPECT_TRUE(deferral.posts_first);
  EXPECT_EQ(deferral.BeforePre(7), 15u);
}

TEST(Deferral, ChecksThatMayFail) {
  EXPECT_FALSE(Found(absl::StrCat(kOnPre, kOnPost)).checks) << "the weight is clipped";
  EXPECT_FALSE(Found(absl::StrCat(kOnPre, kOnStep)).checks) << "the variable decays";
  const std::string grows = Storing("on_post ab delay=1",
                                    "  %0 = load ab.w : f64[ab]\n  %9 = mul %0, 2 : f64[ab]\n"
                                    "  check ab.w, %9\n");
  EXPECT_TRUE(Found(absl::StrCat(kOnPre, grows)).checks);
  // The time since the last arrival is never negative, so that the trace only decays.
  const std::string decays = Storing("on_post ab delay=1",
                                     "  %0 = step : u64\n"
                                     "  %1 = convert %0 : i64\n"
                                     "  %2 = load_pre a.x.step : i64[ab]\n"
                                     "  %3 = sub %1, %2 : i64[ab]\n"
                                     "  %4 = convert %3 : f64[ab]\n"
                                     "  %5 = mul %4, -0.005 : f64[ab]\n"
                                     "  %6 = exp %5 : f64[ab]\n"
                                     "  %7 = load_pre a.x : f64[ab]\n"
                                     "  %8 = mul %6, %7 : f64[ab]\n"
                                     "  %10 = min %8, 5 : f64[ab]\n"
                                     "  %9 = max %10, -5 : f64[ab]\n"
                                     "  check ab.w, %9\n");
  EXPECT_FALSE(Found(absl::StrCat(kOnPre, decays)).checks);
}

TEST(Deferral, RowsByTarget) {
  ir::Program program = WithBlocks(absl::StrCat(kOnPre, kOnPost));
  EXPECT_TRUE(NeedsRowsByTarget(program, 0));
  program = *Defer(program, {});
  EXPECT_FALSE(NeedsRowsByTarget(program, 0));
  EXPECT_FALSE(NeedsRowsByTarget(
      WithBlocks(absl::StrCat(kOnPre, "on_post ab delay=1 {\n  %0 = load_post b.c : f64[ab]\n  "
                                      "%1 = add %0, 1 : f64[ab]\n  store_post b.c, %1\n}\n")),
      0));
}

}  // namespace
}  // namespace bnsyn::compiler
