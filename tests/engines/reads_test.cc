// What neurons and synapses read of other neurons, now and in the past: every engine reads the
// same, with any number of threads.
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/engines/cases.h"

namespace bnsyn::testing {
namespace {

ir::Program Parsed(const std::string& text) {
  const absl::StatusOr<ir::Program> program = ir::Parse(text, "reads.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  return *program;
}

// Runs `act` in the middle of 40 steps. All engines must agree in digests, or in the fault.
void ExpectAlike(const std::string& text, const std::function<void(Simulation&)>& act = nullptr,
                 const std::string& fault = "") {
  const ir::Program program = Parsed(text);
  EXPECT_EQ(ir::Print(Parsed(ir::Print(program))), ir::Print(program));
  std::string digest, stopped;
  for (const EngineVariant& engine : SomeEngines()) {
    absl::StatusOr<Simulation> simulation = Compile(program, engine.options);
    ASSERT_TRUE(simulation.ok()) << engine.name << ": " << simulation.status();
    absl::Status ran = simulation->Step(20);
    if (act) act(*simulation);
    if (ran.ok()) ran = simulation->Step(20);
    if (digest.empty()) {
      digest = simulation->Digest().ToString();
      stopped = std::string(ran.message());
      EXPECT_EQ(ran.ok(), fault.empty()) << ran;
      EXPECT_TRUE(absl::StrContains(stopped, fault)) << stopped;
      EXPECT_GT(simulation->SpikeCount(*simulation->Population("a")), 50u);
    }
    EXPECT_EQ(std::string(ran.message()), stopped) << engine.name;
    if (!fault.empty()) continue;
    EXPECT_EQ(simulation->Digest().ToString(), digest) << engine.name;
  }
}

// Two populations whose neurons read each other's pasts: themselves, others, by synapses with
// delays of their own, before and after their spikes, and in the passes of a loop.
constexpr char kPasts[] = R"(program pasts dt=1 seed=5
population a size=150
population b size=130
state a.x : f64[a] = 0.25 LIMITS
state a.x.past : f64[a] = 0.25 history=9
state a.n : i32[a] = 3i32
state a.n.past : i32[a] = 3i32 history=4
state b.y : f64[b] = 0
state b.on : bool[b] = false history=3
state u : f64 = 1
state u.past : f64 = 1 history=5
temp b.moving : f64[b]
input a.g : a scale=2^-30 limit=2^50
input b.g : b scale=2^-30 limit=2^50
projection ab : a -> b rule=bernoulli p=0.2 stream=7 weight=0.5 delay=[2, 7]
projection ba : b -> a rule=fixed_in_degree n=5 stream=8 weight=-0.1 delay=1
connect ab {
  %0 = index_pre : u32[ab]
  %1 = index_post : u32[ab]
  %2 = add %0, %1 : u32[ab]
  %3 = rem %2, 6u32 : u32[ab]
  %4 = convert %3 : i64[ab]
  %5 = add %4, 2i64 : i64[ab]
  set_delay %5
}
on_pre ab {
  %0 = delay : i64[ab]
  %1 = index_pre : u32[ab]
  %2 = past a.x.past, %1, %0 : f64[ab]
  %3 = weight : f64[ab]
  %4 = mul %2, %3 : f64[ab]
  accumulate b.g, %4
}
on_step ab {
  %0 = delay : i64[ab]
  %1 = index_pre : u32[ab]
  %2 = past a.x.past, %1, %0 : f64[ab]
  %3 = past a.n.past, %1, 2i64 : i32[ab]
  %4 = convert %3 : f64[ab]
  %5 = mul %2, %4 : f64[ab]
  %6 = mul %5, 0.01 : f64[ab]
  accumulate b.g, %6
}
on_post ab {
  %0 = index_post : u32[ab]
  %1 = past b.on, %0, 1i64 : bool[ab]
  %2 = select %1, 0.01, 0.02 : f64[ab]
  accumulate b.g, %2
}
on_step ba {
  %0 = index_pre : u32[ba]
  %1 = past b.on, %0, 3i64 : bool[ba]
  %2 = select %1, 1, -0.5 : f64[ba]
  accumulate a.g, %2
}
loop b.passes : b times=3 {
  %0 = load b.moving : f64[b]
  %1 = index : u32[b]
  %2 = past a.x.past, %1, 4i64 : f64[b]
  %3 = fma %0, 0.5, %2 : f64[b]
  store b.moving, %3
}
step {
  %0 = load a.x : f64[a]
  store a.x.past, %0
  %1 = load u : f64
  store u.past, %1
  run_on_step ab
  run_on_step ba
  %2 = take a.g : f64[a]
  %3 = index : u32[a]
  %4 = load a.n : i32[a]
  %5 = convert %4 : i64[a]
  %6 = past a.x.past, %3, %5 : f64[a]
  %7 = past u.past, 0u32, 5i64 : f64
  %8 = mul %6, 0.6 : f64[a]
  %9 = fma %2, 0.01, %8 : f64[a]
  %10 = add %9, %7 : f64[a]
  %11 = sub 149u32, %3 : u32[a]
  %12 = past a.n.past, %11, %5 : i32[a]
  %13 = add %12, 1i32 : i32[a]
  %14 = rem %13, 11i32 : i32[a]
  %15 = convert %3 : i32[a]
  %16 = rem %15, 3i32 : i32[a]
  %17 = add %14, %16 : i32[a]
  store a.n, %17
  store a.n.past, %17
  %18 = gt %10, 1.5 : bool[a]
  %19 = select %18, 0.5, %10 : f64[a]
  check a.x, %19
  store a.x, %19
  spike a, %18
  %20 = take b.g : f64[b]
  store b.moving, %20
  run b.passes
  %21 = load b.moving : f64[b]
  store b.y, %21
  %22 = gt %21, 3 : bool[b]
  store b.on, %22
  spike b, %22
  %23 = mul %1, 0.99 : f64
  store u, %23
}
)";

TEST(Reads, R5_ThePastIsTheSameOnEveryEngine) {
  ExpectAlike(absl::StrReplaceAll(kPasts, {{"LIMITS", ""}}));
}

TEST(Reads, R10_AFaultIsFoundWithThePastThatItHad) {
  ExpectAlike(absl::StrReplaceAll(kPasts, {{"LIMITS", "bounds=[-10, 1.49]"}}), nullptr, "a.x");
}

TEST(Reads, R5_WhatTheHostSetsBecomesPast) {
  ExpectAlike(absl::StrReplaceAll(kPasts, {{"LIMITS", ""}}), [](Simulation& simulation) {
    const ir::Program& program = ProgramOf(simulation);
    const std::string before = simulation.Digest().ToString();
    ASSERT_TRUE(SetRawState(simulation, *program.FindState("a.x"), 70, ir::BitsOfF64(2.125)).ok());
    EXPECT_NE(simulation.Digest().ToString(), before);
  });
}

// Neurons read their neighbours on a ring before all move, another population after it has moved,
// and each other across populations; the network reads single neurons last of all.
constexpr char kGathers[] = R"(program gathers dt=1 seed=5
population a size=150
population b size=67
state a.x : f64[a] = 0
state b.y : f64[b] = 0
state total : f64 = 0
input b.g : b scale=2^-30 limit=2^50
projection ab : a -> b rule=bernoulli p=0.2 stream=7 weight=0.5 delay=2
init {
  %0 = index : u32[a]
  %1 = convert %0 : f64[a]
  %2 = mul %1, 0.01 : f64[a]
  store a.x, %2
}
on_pre ab {
  %0 = index_post : u32[ab]
  %1 = mul %0, 2u32 : u32[ab]
  %2 = gather a.x, %1 : f64[ab]
  accumulate b.g, %2
}
step {
  %0 = index : u32[a]
  %1 = add %0, 1u32 : u32[a]
  %2 = rem %1, 150u32 : u32[a]
  %3 = gather a.x, %2 : f64[a]
  %4 = load a.x : f64[a]
  %5 = shr %0, 1u32 : u32[a]
  %6 = gather b.y, %5 : f64[a]
  %7 = load total : f64
  %8 = fma %4, 0.9, %3 : f64[a]
  %9 = fma %6, 0.125, %8 : f64[a]
  %10 = mul %9, 0.5 : f64[a]
  %11 = gt %10, 0.7 : bool[a]
  %12 = select %11, 0.25, %10 : f64[a]
  %13 = add %12, %7 : f64[a]
  store a.x, %13
  spike a, %11
  %14 = index : u32[b]
  %15 = mul %14, 3u32 : u32[b]
  %16 = gather a.x, %15 : f64[b]
  %17 = take b.g : f64[b]
  %18 = load b.y : f64[b]
  %19 = fma %17, 0.01, %16 : f64[b]
  %20 = fma %18, -0.25, %19 : f64[b]
  store b.y, %20
  %21 = gather a.x, 149u32 : f64
  %22 = gather b.y, 66u32 : f64
  %23 = sub %21, %22 : f64
  %24 = mul %23, 0.01 : f64
  store total, %24
}
)";

TEST(Reads, R5_OtherNeuronsAreTheSameOnEveryEngine) { ExpectAlike(kGathers); }

// What single neurons were a step ago, read by the network last of all: no thread may overwrite it
// before all have read it. With the spikes counted, the network reads behind a barrier.
constexpr char kPastsOfTheNetwork[] = R"(program pasts dt=1 seed=5
population a size=256
state a.x : f64[a] = 0.25
state a.x.past : f64[a] = 0.25 history=1
state u : f64 = 0
step {
  %0 = load a.x : f64[a]
  %1 = add %0, 1 : f64[a]
  store a.x, %1
  store a.x.past, %1
  %2 = gt %1, 100 : bool[a]
  spike a, %2
  %3 = count a : i64
  %4 = convert %3 : f64
  %5 = past a.x.past, 0u32, 1i64 : f64
  %6 = past a.x.past, 255u32, 1i64 : f64
  %7 = add %5, %6 : f64
  %8 = add %7, %4 : f64
  %9 = load u : f64
  %10 = fma %9, 0.5, %8 : f64
  store u, %10
}
)";

TEST(Reads, R5_NoThreadOverwritesThePastThatTheNetworkReads) {
  const ir::Program program = Parsed(kPastsOfTheNetwork);
  std::string digest;
  for (const int threads : {1, 4}) {
    EngineOptions options;
    options.backend = Backend::kAccelerated;
    options.threads = threads;
    absl::StatusOr<Simulation> simulation = Compile(program, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status();
    ASSERT_TRUE(simulation->Step(5000).ok());
    if (digest.empty()) digest = simulation->Digest().ToString();
    EXPECT_EQ(simulation->Digest().ToString(), digest) << threads << " threads";
  }
}

}  // namespace
}  // namespace bnsyn::testing
