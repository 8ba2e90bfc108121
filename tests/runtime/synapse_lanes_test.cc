// Code that runs over several synapses of a row at once gives the bits of code that runs over one
// after another: rows of any length, several synapses of one pair, every kind of read, draw and
// sum.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "networks.h"

namespace bnsyn {
namespace {

constexpr char kLanes[] = R"(program lanes dt=0.1 seed=7
population a size=90
population b size=70
state a.x : f64[a] = 0.25
state a.on : bool[a] = false
state a.sum : f64[a] = 0
state b.y : f64[b] = 0.5
state b.z : f32[b] = 0.125f32
state b.on : bool[b] = false
state b.past : f64[b] = 1 history=4
state ab.w : f64[ab] = 1 bounds=[-50, 50]
state ab.n : f32[ab] = 0.5f32
state ab.on : bool[ab] = false
state ab.count : i32[ab] = 0i32
state ab.wide : i64[ab] = 0i64
input a.f : a scale=2^-30
input a.h : a scale=2^-40 wide
input b.g : b scale=2^-30
input b.h : b scale=2^-40 wide
projection ab : a -> b rule=fixed_in_degree n=23 multiple=true stream=1 weight=0.5 delay=[1, 3]
projection once : a -> b rule=bernoulli p=0.3 stream=8 weight=0.25 delay=2
connect ab {
  %0 = uniform stream=2 draw=0 : f64[ab]
  set_weight %0
  %1 = fma %0, 3, 1 : f64[ab]
  %2 = convert %1 : i64[ab]
  set_delay %2
}
on_pre ab {
  %0 = load_pre a.x : f64[ab]
  %1 = load_post b.y : f64[ab]
  %2 = load_post b.on : bool[ab]
  %3 = load_post b.z : f32[ab]
  %4 = convert %3 : f64[ab]
  %5 = load ab.w : f64[ab]
  %6 = fma %0, %1, %5 : f64[ab]
  %7 = select %2, %6, %4 : f64[ab]
  %8 = uniform stream=3 draw=0 : f64[ab]
  %9 = normal stream=3 draw=2 : f64[ab]
  %10 = fma %9, 0.01, %7 : f64[ab]
  %11 = weight : f64[ab]
  %12 = mul %10, %11 : f64[ab]
  accumulate b.g, %12
  accumulate b.h, %8
  accumulate_pre a.f, %0
  %14 = index_post : u32[ab]
  %15 = past b.past, %14, 3i64 : f64[ab]
  %16 = gather b.y, %14 : f64[ab]
  %17 = mul %15, %16 : f64[ab]
  %18 = fma %17, 0.001, %5 : f64[ab]
  %19 = max %18, -40 : f64[ab]
  %20 = min %19, 40 : f64[ab]
  check ab.w, %20
  store ab.w, %20
  %21 = convert %12 : f32[ab]
  %22 = load ab.n : f32[ab]
  %23 = add %21, %22 : f32[ab]
  store ab.n, %23
  %24 = load ab.on : bool[ab]
  %25 = not %24 : bool[ab]
  store ab.on, %25
  %26 = load ab.count : i32[ab]
  %27 = add %26, 1i32 : i32[ab]
  store ab.count, %27
  %28 = convert %14 : i64[ab]
  store ab.wide, %28
}
on_post ab delay=2 {
  %0 = load_pre a.x : f64[ab]
  %1 = load_pre a.on : bool[ab]
  %2 = load_post b.y : f64[ab]
  %3 = load ab.w : f64[ab]
  %4 = fma %0, %2, %3 : f64[ab]
  %5 = select %1, %4, %3 : f64[ab]
  %6 = normal stream=9 draw=0 : f64[ab]
  %7 = fma %6, 0.01, %5 : f64[ab]
  %8 = weight : f64[ab]
  %9 = mul %7, %8 : f64[ab]
  accumulate b.g, %9
  accumulate b.h, %8
  accumulate_pre a.f, %8
  accumulate_pre a.h, %9
  %10 = index_pre : u32[ab]
  %11 = gather a.x, %10 : f64[ab]
  %12 = fma %11, 0.125, %7 : f64[ab]
  %13 = max %12, -40 : f64[ab]
  %14 = min %13, 40 : f64[ab]
  check ab.w, %14
  store ab.w, %14
  %15 = load ab.n : f32[ab]
  %16 = convert %9 : f32[ab]
  %17 = add %15, %16 : f32[ab]
  store ab.n, %17
  %18 = load ab.on : bool[ab]
  %19 = xor %18, %1 : bool[ab]
  store ab.on, %19
  %20 = load ab.count : i32[ab]
  %21 = add %20, 7i32 : i32[ab]
  store ab.count, %21
  %22 = load ab.wide : i64[ab]
  %23 = convert %10 : i64[ab]
  %24 = add %22, %23 : i64[ab]
  store ab.wide, %24
}
on_pre once {
  %0 = uniform stream=4 draw=0 : f64[once]
  %1 = lt %0, 0.5 : bool[once]
  %2 = select %1, 0.25, 0 : f64[once]
  accumulate b.g, %2
}
step {
  %0 = uniform stream=5 draw=0 : f64[a]
  %1 = lt %0, 0.05 : bool[a]
  spike a, %1
  %2 = take a.f : f64[a]
  %3 = mul %2, 0.5 : f64[a]
  %4 = min %3, 1 : f64[a]
  store a.x, %4
  %5 = take b.g : f64[b]
  %6 = take b.h : f64[b]
  %7 = load b.y : f64[b]
  %8 = fma %7, 0.9, %5 : f64[b]
  %9 = min %8, 2 : f64[b]
  %10 = max %9, -2 : f64[b]
  store b.y, %10
  %11 = convert %6 : f32[b]
  store b.z, %11
  %12 = gt %5, %6 : bool[b]
  store b.on, %12
  store b.past, %10
  %13 = uniform stream=6 draw=0 : f64[b]
  %14 = lt %13, 0.06 : bool[b]
  spike b, %14
  %15 = take a.h : f64[a]
  store a.sum, %15
  %16 = gt %2, 3 : bool[a]
  store a.on, %16
}
)";

TEST(SynapseLanes, R5_R11_ComputeWhatSingleSynapsesDo) {
  const auto run = [](const EngineOptions& options) {
    Simulation simulation = Compiled(kLanes, options);
    const absl::Status status = simulation.Step(200);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("a")), 500u);
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("b")), 500u);
    const std::vector<double> weights = *simulation.StateByName("ab.w");
    EXPECT_NE(weights, std::vector<double>(weights.size(), 1.0));
    return simulation.Digest().ToString();
  };
  const std::string expected = run(Reference());
  for (const int threads : {1, 3}) {
    for (const int width : {1, 2, 4, 8, 16}) {
      EXPECT_EQ(run(Accelerated(threads, width)), expected)
          << threads << " threads, width " << width;
    }
  }
  EngineOptions options = Accelerated();
  options.compile.disabled_passes = {"expand_math"};
  EXPECT_EQ(run(options), expected) << "with calls of the oracle's functions";
}

// Each neuron of a spikes once. At one synapse of b a check fails, or a contribution is out of
// range.
constexpr char kFails[] = R"(program fails dt=0.1 seed=7
population a size=3
population b size=70
state b.y : f64[b] = 0
state ab.w : f64[ab] = 1 bounds=[0, 2]
input b.g : b scale=2^-30
projection ab : SIDES rule=all_to_all weight=1 delay=1
BLOCK {
  %0 = OTHER : u32[ab]
  %1 = eq %0, TARGETu32 : bool[ab]
  %2 = load ab.w : f64[ab]
  %3 = select %1, VALUE, %2 : f64[ab]
  CODE
}
step {
  %0 = step : u64
  %1 = index : u32[a]
  %2 = convert %1 : u64[a]
  %3 = eq %0, %2 : bool[a]
  spike a, %3
  %4 = take b.g : f64[b]
  store b.y, %4
}
)";

// Runs kFails with code that fails at each end of a vector and of a row, of 70 synapses, and once
// with code that does not.
void ExpectTheSameFaults(const std::string& text, const std::string& accumulate) {
  for (const auto& [value, code] :
       {std::pair<std::string, std::string>("3", "check ab.w, %3\n  store ab.w, %3"),
        {"1e30", accumulate}}) {
    for (const char* target : {"0", "7", "8", "61", "69", "70"}) {
      const std::string all =
          Replaced(Replaced(Replaced(text, "TARGET", target), "VALUE", value), "CODE", code);
      const auto run = [&](const EngineOptions& options) {
        Simulation simulation = Compiled(all, options);
        const std::string message(simulation.Step(5).message());
        EXPECT_GT(simulation.SpikeCount(*simulation.Population("a")), 0u);
        return message;
      };
      const std::string expected = run(Reference());
      EXPECT_EQ(expected.empty(), target == absl::string_view("70")) << expected;
      for (const int width : {1, 4, 8}) EXPECT_EQ(run(Accelerated(1, width)), expected) << target;
    }
  }
}

TEST(SynapseLanes, R6_R10_AFaultOfOneLaneStopsTheRun) {
  const std::string on_pre = Replaced(Replaced(kFails, "SIDES", "a -> b"), "BLOCK", "on_pre ab");
  ExpectTheSameFaults(Replaced(on_pre, "OTHER", "index_post"), "accumulate b.g, %3");
  const std::string on_post =
      Replaced(Replaced(kFails, "SIDES", "b -> a"), "BLOCK", "on_post ab delay=1");
  ExpectTheSameFaults(Replaced(on_post, "OTHER", "index_pre"), "accumulate_pre b.g, %3");
}

}  // namespace
}  // namespace bnsyn
