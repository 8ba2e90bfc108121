// Models of synapses: the programs that are written for them.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/accumulator.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

// Populations a and b of one model, and a projection p from a to b with these keys.
std::string Joined(const std::string& projection) {
  return absl::StrCat(R"toml(
[network]
dt = "1 ms"
[models.m]
parameters = { k = 2 }
equations = """
v : volt
c : volt (constant)
g : siemens (input)
"""
update = "v = v + g*(1 mV/nS)"
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
rule = "all_to_all"
constants = { tau = "10 ms" }
)toml",
                      projection);
}

// The text of one block of projection p.
std::string Synaptic(const ir::Program& program, ir::BlockKind kind) {
  const ir::Block* block = program.FindSynaptic(kind, 0);
  return block == nullptr ? "" : ir::PrintBlock(program, *block);
}

std::string DomainOf(const ir::Program& program, const std::string& state) {
  const auto id = program.FindState(state);
  EXPECT_TRUE(id.has_value()) << state;
  if (!id.has_value()) return "";
  return std::string(program.DomainName(program.states[*id].type.domain));
}

TEST(SynapseModel, WritesVariablesAndBothEvents) {
  const ir::Program program = MustLower(Joined(R"toml(
weight = "2 nS"
equations = """
w : siemens
half = w/2 : siemens
"""
bounds = { w = ["-100 nS", "100 nS"] }
on_pre = "g_post += half; w = max(w - 0.5 nS, 0 nS)"
on_post = "w += 0.25 nS if v_pre > c_post else 0 nS"
)toml"));
  EXPECT_EQ(program.states[*program.FindState("p.w")].initial, ir::BitsOfF64(2));
  EXPECT_EQ(Synaptic(program, ir::BlockKind::kOnPre), R"ir(on_pre p {
  %0 = load p.w : f64[p]
  %1 = mul %0, 0.5 : f64[p]
  accumulate b.g, %1
  %2 = sub %0, 0.5 : f64[p]
  %3 = max %2, 0 : f64[p]
  %4 = abs %3 : f64[p]
  %5 = lt %4, 8.900295434028806e-308 : bool[p]
  %6 = select %5, 0, %3 : f64[p]
  check p.w, %6
  store p.w, %6
}
)ir");
  EXPECT_EQ(Synaptic(program, ir::BlockKind::kOnPost), R"ir(on_post p delay=1 {
  %0 = load_pre a.v : f64[p]
  %1 = load_post b.c : f64[p]
  %2 = gt %0, %1 : bool[p]
  %3 = select %2, 0.25, 0 : f64[p]
  %4 = load p.w : f64[p]
  %5 = add %4, %3 : f64[p]
  %6 = abs %5 : f64[p]
  %7 = lt %6, 8.900295434028806e-308 : bool[p]
  %8 = select %7, 0, %5 : f64[p]
  check p.w, %8
  store p.w, %8
}
)ir");
  EXPECT_EQ(ir::PrintBlock(program, program.step[0]), R"ir(step {
  %0 = load a.v : f64[a]
  %1 = add %0, 0 : f64[a]
  %2 = gt %1, 10 : bool[a]
  %3 = select %2, 0, %1 : f64[a]
  %4 = abs %3 : f64[a]
  %5 = lt %4, 8.900295434028806e-308 : bool[a]
  %6 = select %5, 0, %3 : f64[a]
  check a.v, %6
  store a.v, %6
  spike a, %2
  %7 = take b.g : f64[b]
  %8 = load b.v : f64[b]
  %9 = add %8, %7 : f64[b]
  %10 = gt %9, 10 : bool[b]
  %11 = select %10, 0, %9 : f64[b]
  %12 = abs %11 : f64[b]
  %13 = lt %12, 8.900295434028806e-308 : bool[b]
  %14 = select %13, 0, %11 : f64[b]
  check b.v, %14
  store b.v, %14
  spike b, %10
}
)ir");
}

TEST(SynapseModel, R5_EventDrivenVariablesMoveToTheirEvent) {
  const ir::Program program = MustLower(Joined(R"toml(
weight = "2 nS"
equations = """
dx/dt = -x/tau : 1 (event-driven)
dy/dt = (k_post - y)/(2*tau) : 1 (event-driven)
"""
on_pre = "x = 1 - x; g_post += w*y"
on_post = "y += x"
)toml"));
  EXPECT_EQ(Synaptic(program, ir::BlockKind::kOnPre), R"ir(on_pre p {
  %0 = load p.last.step : i64[p]
  %1 = step : u64
  %2 = convert %1 : i64
  %3 = sub %2, %0 : i64[p]
  %4 = convert %3 : f64[p]
  %5 = mul %4, -0.1 : f64[p]
  %6 = exp %5 : f64[p]
  %7 = load p.x : f64[p]
  %8 = mul %7, %6 : f64[p]
  %9 = mul %4, -0.05 : f64[p]
  %10 = exp %9 : f64[p]
  %11 = load p.y : f64[p]
  %12 = sub %11, 2 : f64[p]
  %13 = fma %12, %10, 2 : f64[p]
  %14 = sub 1, %8 : f64[p]
  %15 = weight : f64[p]
  %16 = mul %15, %13 : f64[p]
  accumulate b.g, %16
  %17 = abs %14 : f64[p]
  %18 = lt %17, 1e-290 : bool[p]
  %19 = select %18, 0, %14 : f64[p]
  check p.x, %19
  store p.x, %19
  %20 = abs %13 : f64[p]
  %21 = lt %20, 1e-290 : bool[p]
  %22 = select %21, 0, %13 : f64[p]
  check p.y, %22
  store p.y, %22
  store p.last.step, %2
}
)ir");
  EXPECT_EQ(Synaptic(program, ir::BlockKind::kOnPost), R"ir(on_post p delay=1 {
  %0 = load p.last.step : i64[p]
  %1 = step : u64
  %2 = convert %1 : i64
  %3 = sub %2, %0 : i64[p]
  %4 = convert %3 : f64[p]
  %5 = mul %4, -0.1 : f64[p]
  %6 = exp %5 : f64[p]
  %7 = load p.x : f64[p]
  %8 = mul %7, %6 : f64[p]
  %9 = mul %4, -0.05 : f64[p]
  %10 = exp %9 : f64[p]
  %11 = load p.y : f64[p]
  %12 = sub %11, 2 : f64[p]
  %13 = fma %12, %10, 2 : f64[p]
  %14 = add %13, %8 : f64[p]
  %15 = abs %8 : f64[p]
  %16 = lt %15, 1e-290 : bool[p]
  %17 = select %16, 0, %8 : f64[p]
  check p.x, %17
  store p.x, %17
  %18 = abs %14 : f64[p]
  %19 = lt %18, 1e-290 : bool[p]
  %20 = select %19, 0, %14 : f64[p]
  check p.y, %20
  store p.y, %20
  store p.last.step, %2
}
)ir");
}

TEST(SynapseModel, R5_StepsOfSynapsesComeFirst) {
  const ir::Program program = MustLower(Joined(R"toml(
weight = "2 nS"
equations = """
ds/dt = -s/tau : 1 (clock-driven)
g_post = w*s*(v_pre - v_post)/(1 mV) : siemens (summed)
"""
on_pre = "s += 1"
)toml"));
  EXPECT_EQ(Synaptic(program, ir::BlockKind::kOnStep), R"ir(on_step p {
  %0 = weight : f64[p]
  %1 = load p.s : f64[p]
  %2 = mul %0, %1 : f64[p]
  %3 = load_pre a.v : f64[p]
  %4 = load_post b.v : f64[p]
  %5 = sub %3, %4 : f64[p]
  %6 = mul %2, %5 : f64[p]
  accumulate b.g, %6
  %7 = div -1, 10 : f64
  %8 = exp %7 : f64
  %9 = fma %1, %8, 2.310648801106982e-274 : f64[p]
  %10 = sub %9, 2.310648801106982e-274 : f64[p]
  check p.s, %10
  store p.s, %10
}
)ir");
  EXPECT_TRUE(
      absl::StrContains(ir::PrintBlock(program, program.step[0]), "step {\n  run_on_step p\n"))
      << ir::Print(program);
}

constexpr char kPair[] = R"toml(
weight = "2 nS"
delay = "7 ms"
equations = """
w : siemens
dx/dt = -x/tau : siemens (event-driven)
dy/dt = -y/(2*tau) : siemens (event-driven)
"""
initial = { y = "1 nS" }
on_pre = "g_post += w; x += 0.5 nS; w = clip(w - y, 0 nS, 4 nS)"
on_post = "y = 0.75 nS; w = clip(w + x, 0 nS, 4 nS)"
)toml";

TEST(SynapseModel, R5_PairsOfSpikesNeedOneStateOfASynapse) {
  const ir::Program program = MustLower(Joined(kPair));
  EXPECT_EQ(ir::Print(program), R"ir(program test dt=1 seed=0
population a size=2
population b size=3
param a.k : f64 = 2
param b.k : f64 = 2
state a.v : f64[a] = 0 unit="mV"
state a.c : f64[a] = 0 unit="mV"
state b.v : f64[b] = 0 unit="mV"
state b.c : f64[b] = 0 unit="mV"
state p.w : f64[p] = 2 unit="nS"
state p.x : f64[a] = 0 unit="nS"
state p.y : f64[b] = 1 unit="nS"
state p.x.step : i64[a] = 0i64
input b.g : b scale=2^-46 limit=2^49 in="nS"
projection p : a -> b rule=all_to_all weight=1 delay=8 of_source=[p.x] of_target=[p.y]
on_pre p {
  %0 = load_pre p.x.step : i64[p]
  %1 = step : u64
  %2 = convert %1 : i64
  %3 = sub %2, %0 : i64[p]
  %4 = convert %3 : f64[p]
  %5 = mul %4, -0.1 : f64[p]
  %6 = exp %5 : f64[p]
  %7 = load_pre p.x : f64[p]
  %8 = mul %7, %6 : f64[p]
  %9 = load p.w : f64[p]
  accumulate b.g, %9
  %10 = add %8, 0.5 : f64[p]
  %11 = load_post p.y : f64[p]
  %12 = sub %9, %11 : f64[p]
  %13 = max %12, 0 : f64[p]
  %14 = min %13, 4 : f64[p]
  %15 = abs %14 : f64[p]
  %16 = lt %15, 8.900295434028806e-308 : bool[p]
  %17 = select %16, 0, %14 : f64[p]
  check p.w, %17
  store p.w, %17
  %18 = abs %10 : f64[p]
  %19 = lt %18, 1e-290 : bool[p]
  %20 = select %19, 0, %10 : f64[p]
  check p.x, %20
  store_pre p.x, %20
  store_pre p.x.step, %2
}
on_post p delay=1 {
  %0 = load_pre p.x.step : i64[p]
  %1 = step : u64
  %2 = convert %1 : i64
  %3 = sub %2, %0 : i64[p]
  %4 = convert %3 : f64[p]
  %5 = mul %4, -0.1 : f64[p]
  %6 = exp %5 : f64[p]
  %7 = load_pre p.x : f64[p]
  %8 = mul %7, %6 : f64[p]
  %9 = load p.w : f64[p]
  %10 = add %9, %8 : f64[p]
  %11 = max %10, 0 : f64[p]
  %12 = min %11, 4 : f64[p]
  %13 = abs %12 : f64[p]
  %14 = lt %13, 8.900295434028806e-308 : bool[p]
  %15 = select %14, 0, %12 : f64[p]
  check p.w, %15
  store p.w, %15
  %16 = abs 0.75 : f64
  %17 = lt %16, 1e-290 : bool
  %18 = select %17, 0, 0.75 : f64
  check p.y, %18
  store_post p.y, %18
}
now p {
  %0 = load_pre p.x.step : i64[p]
  %1 = step : u64
  %2 = convert %1 : i64
  %3 = sub %2, %0 : i64[p]
  %4 = convert %3 : f64[p]
  %5 = mul %4, -0.1 : f64[p]
  %6 = exp %5 : f64[p]
  %7 = load_pre p.x : f64[p]
  %8 = mul %7, %6 : f64[p]
  store_pre p.x, %8
  store_pre p.x.step, %2
}
step {
  %0 = load a.v : f64[a]
  %1 = add %0, 0 : f64[a]
  %2 = gt %1, 10 : bool[a]
  %3 = select %2, 0, %1 : f64[a]
  %4 = abs %3 : f64[a]
  %5 = lt %4, 8.900295434028806e-308 : bool[a]
  %6 = select %5, 0, %3 : f64[a]
  check a.v, %6
  store a.v, %6
  spike a, %2
  %7 = take b.g : f64[b]
  %8 = load b.v : f64[b]
  %9 = add %8, %7 : f64[b]
  %10 = gt %9, 10 : bool[b]
  %11 = select %10, 0, %9 : f64[b]
  %12 = abs %11 : f64[b]
  %13 = lt %12, 8.900295434028806e-308 : bool[b]
  %14 = select %13, 0, %11 : f64[b]
  check b.v, %14
  store b.v, %14
  %15 = load p.y : f64[b]
  %16 = mul %15, 0.951229424500714 : f64[b]
  %17 = abs %16 : f64[b]
  %18 = lt %17, 1e-290 : bool[b]
  %19 = select %18, 0, %16 : f64[b]
  check p.y, %19
  store p.y, %19
  spike b, %10
}
)ir");
}

// Which population holds x, for synapses that differ in one way each.
TEST(SynapseModel, KeepsOnlyTracesThatAreTheSame) {
  struct Case {
    const char* equation;
    const char* more;
    const char* keeper;
  };
  const char* const plain = "-x/tau : 1 (event-driven)";
  const Case cases[] = {
      {plain, "on_pre = \"x += 1\"\non_post = \"w += x\"", "a"},
      {plain, "on_pre = \"x = 1\"\non_post = \"w += x\"", "a"},
      {plain, "on_pre = \"x -= two\"\non_post = \"w += x\"", "a"},
      {plain, "on_pre = \"x += k_pre\"\non_post = \"w += x\"", "a"},
      {plain, "on_pre = \"x += 1\"\ndelay = \"3 ms\"\ninitial = { x = \"2*3\" }", "a"},
      {"-k_pre*x/tau : 1 (event-driven)", "on_pre = \"x += 1\"", "a"},
      {plain, "on_pre = \"w += x\"\non_post = \"x += 1\"", "b"},
      {plain, "on_pre = \"w += x\"\non_post = \"x = 1; w -= x\"", "b"},
      {plain, "on_pre = \"w += x\"\non_post = \"x += 1\"\ndelay = \"1 ms + j*1 ms\"", "b"},
      {plain, "on_post = \"w += x; x += 1\"", "b"},
      {plain, "on_post = \"w += half; x += 1\"\npost_delay = \"2 ms\"", "b"},
      // Synapses have delays of their own.
      {plain, "on_pre = \"x += 1\"\ndelay = \"1 ms + j*1 ms\"", "p"},
      // The initial value, the decay or the jump differs between synapses.
      {plain, "on_pre = \"x += 1\"\ninitial = { x = \"j\" }", "p"},
      {"-x*(c_post/(1 mV))/tau : 1 (event-driven)", "on_pre = \"x += 1\"", "p"},
      {"(1 - x)/tau : 1 (event-driven)", "on_pre = \"x += 1\"", "p"},
      {plain, "on_pre = \"x += v_post/(1 mV)\"", "p"},
      {plain, "on_pre = \"x += 1 - x\"", "p"},
      {plain, "on_pre = \"x *= 2\"", "p"},
      {plain, "on_pre = \"n = 1; x += n\"", "p"},
      // Two statements change x, or none.
      {plain, "on_pre = \"x += 1; x += 1\"", "p"},
      {plain, "on_pre = \"x += 1\"\non_post = \"x += 1\"", "p"},
      {plain, "on_pre = \"x += 1\"\non_post = \"w += x; x -= 1\"", "p"},
      {plain, "on_pre = \"w += x\"", "p"},
  };
  for (const Case& c : cases) {
    const ir::Program program = MustLower(
        Joined(absl::StrCat("weight = 1\nequations = \"\"\"\nw : 1\ntwo = 2 : 1\nhalf = x/2 : 1\n",
                            "dx/dt = ", c.equation, "\n\"\"\"\n", c.more, "\n")));
    EXPECT_EQ(DomainOf(program, "p.x"), c.keeper) << c.equation << "\n" << c.more;
    const bool of_synapses = std::string(c.keeper) == "p";
    EXPECT_EQ(program.FindState("p.last.step").has_value(), of_synapses) << c.more;
  }
}

// Code that names no event-driven variable does not bring any up to date.
TEST(SynapseModel, LeavesVariablesAloneThatCodeDoesNotName) {
  const ir::Program program = MustLower(Joined(R"toml(
weight = "2 nS"
equations = "dx/dt = -x/tau : 1 (event-driven)"
on_pre = "g_post += w"
on_post = "x = 1 - x"
)toml"));
  EXPECT_EQ(Synaptic(program, ir::BlockKind::kOnPre),
            "on_pre p {\n  %0 = weight : f64[p]\n  accumulate b.g, %0\n}\n");
}

// R6: the bounds to which code clips w bound the contributions.
TEST(SynapseModel, R6_QuantaFollowFromWhatCodeStores) {
  const auto scale = [](const std::string& more) {
    const ir::Program program =
        MustLower(Joined(absl::StrCat("equations = \"w : siemens\"\n", more)));
    return program.inputs[*program.FindInput("b.g")].accumulator.scale_log2;
  };
  const std::string add = "weight = \"5 nS\"\non_pre = \"g_post += w\"\n";
  EXPECT_EQ(scale(add), reference::ScaleLog2For(5));
  // Two synapses end at a neuron: contributions have 49 bits where sums have 50, and 60 or 124.
  EXPECT_EQ(scale(absl::StrCat(add, "on_post = \"w = clip(w + 1 nS, 0 nS, 12 nS)\"\n")), 4 - 49);
  EXPECT_EQ(scale(absl::StrCat(add, "on_post = \"w = clip(w + 1 nS, 0 nS, 3 nS)\"\n")), 3 - 49);
  EXPECT_EQ(scale(absl::StrCat(add, "on_post = \"w += 1 nS\"\n")), -64 - (124 - 104) / 2);
  EXPECT_EQ(scale(absl::StrCat(add, "on_post = \"w += 1 nS\"\n",
                               "bounds = { w = [\"-70 nS\", \"40 nS\"] }\n")),
            7 - 60);
  EXPECT_EQ(scale("weight = \"uniform(3 nS, 20 nS)\"\non_pre = \"g_post += w\"\n"),
            reference::ScaleLog2For(20));
}

TEST(SynapseModel, IsTheSameInCpp) {
  const absl::StatusOr<Network> file = ParseNetwork(Joined(kPair), "test.toml");
  ASSERT_TRUE(file.ok()) << file.status().message();
  Network network = *file;
  network.projections.clear();
  ConnectOptions options = {.weight = Setting("2 nS"),
                            .delay = Setting("7 ms"),
                            .constants = {{"tau", "10 ms"}},
                            .initial = {{"y", "1 nS"}}};
  options.Equations(
      "w : siemens\n"
      "dx/dt = -x/tau : siemens (event-driven)\n"
      "dy/dt = -y/(2*tau) : siemens (event-driven)");
  options.OnPre("g_post += w; x += 0.5 nS; w = clip(w - y, 0 nS, 4 nS)");
  options.OnPost("y = 0.75 nS; w = clip(w + x, 0 nS, 4 nS)");
  network.Connect("p", PopulationHandle{0}, PopulationHandle{1}, AllToAll(), options);
  const absl::StatusOr<ir::Program> program = LowerNetwork(network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_EQ(ir::Print(*program), ir::Print(MustLower(Joined(kPair))));
}

TEST(SynapseModel, IsExplained) {
  const absl::StatusOr<Network> network = ParseNetwork(Joined(R"toml(
weight = "2 nS"
equations = """
dx/dt = -x/tau : 1 (event-driven)
dy/dt = -y/tau : 1 (event-driven)  # a comment
ds/dt = -s/(2*tau) : 1 (clock-driven)
g_post = w*s : siemens (summed)
"""
on_pre = "s += y; x += 1; y = x + y"
)toml"),
                                                       "test.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  const absl::StatusOr<std::string> text = ExplainEquations(*network);
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_TRUE(absl::StrContains(*text, R"(
synapses of p:

  dx/dt = -x/tau : 1 (event-driven)
    exact: it decays at a constant rate from event to event
    the same for all synapses of a source, so it is a state of a

  dy/dt = -y/tau : 1 (event-driven)
    exact: it decays at a constant rate from event to event

  g_post = w*s : siemens (summed)
    summed in every step

  ds/dt = -s/(2*tau) : 1 (clock-driven)
    exact: it decays at a constant rate
    s' = 0.951229424500714*s
)")) << *text;
}

}  // namespace
}  // namespace bnsyn
