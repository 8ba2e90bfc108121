// Lowering: what programs are written for networks.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

std::string Block(const ir::Program& program) { return ir::PrintBlock(program, program.step[0]); }

TEST(Lower, WritesASmallNetwork) {
  const ir::Program program = MustLower(R"toml(
[network]
name = "small"
seed = 5
[models.lif]
parameters = { tau = "20 ms", I = "2 mV" }
tunable = ["I"]
equations = """
dv/dt = (I - v)/tau : volt (unless refractory)
dg/dt = -g/(5 ms) : volt
"""
threshold = "v > 10 mV"
reset = "v = 0 mV"
refractory = "2 ms"
bounds = { v = ["-50 mV", "50 mV"] }
[populations.exc]
model = "lif"
size = 4
initial = { v = "uniform(0 mV, 10 mV)", g = "1 mV" }
[projections.ee]
source = "exc"
target = "exc"
rule = { type = "bernoulli", p = 0.5, self = false }
weight = "0.5 mV"
delay = "1.5 ms"
on_pre = "g_post += 2*w"
)toml");
  EXPECT_EQ(ir::Print(program),
            R"ir(program small dt=0.1 seed=5
population exc size=4
param exc.tau : f64 = 20 unit="ms"
param exc.I : f64 = 2 tunable unit="mV"
state exc.v : f64[exc] = 0 bounds=[-50, 50] unit="mV"
state exc.g : f64[exc] = 1 unit="mV"
state exc.refractory : i32[exc] = 0i32
input exc.g.in : exc scale=2^-38 decay=0.9801986733067553 period=128 state=exc.g in="mV"
projection ee : exc -> exc rule=bernoulli p=0.5 self=false stream=3328179611 weight=0.5 delay=16
init {
  %0 = uniform stream=1514890237 draw=0 : f64[exc]
  %1 = sub 10, 0 : f64
  %2 = fma %0, %1, 0 : f64[exc]
  store exc.v, %2
}
on_pre ee {
  %0 = weight : f64[ee]
  %1 = mul 2, %0 : f64[ee]
  accumulate exc.g.in, %1
}
step {
  %0 = load exc.refractory : i32[exc]
  %1 = eq %0, 0i32 : bool[exc]
  %2 = sub %0, 1i32 : i32[exc]
  %3 = max %2, 0i32 : i32[exc]
  %4 = load exc.v : f64[exc]
  %5 = param exc.I : f64
  %6 = param exc.tau : f64
  %7 = div -0.1, %6 : f64
  %8 = div %5, %6 : f64
  %9 = exp %7 : f64
  %10 = exprel %7 : f64
  %11 = mul %8, 0.1 : f64
  %12 = mul %11, %10 : f64
  %13 = fma %4, %9, %12 : f64[exc]
  %14 = select %1, %13, %4 : f64[exc]
  %15 = gt %14, 10 : bool[exc]
  %16 = and %15, %1 : bool[exc]
  %17 = select %16, 0, %14 : f64[exc]
  %18 = abs %17 : f64[exc]
  %19 = lt %18, 1e-290 : bool[exc]
  %20 = select %19, 0, %17 : f64[exc]
  check exc.v, %20
  store exc.v, %20
  %21 = select %16, 20i32, %3 : i32[exc]
  store exc.refractory, %21
  spike exc, %16
}
)ir");
}

// The step of a method and the constants of an equation are one factor.
TEST(Lower, ConstantFactorsAreMultipliedOnce) {
  const std::string model = One(R"toml(equations = """
a : 1
dx/dt = (a - x**2)/(2 ms) : 1
dy/dt = (a - x*y)/(4 ms) : 1
"""
method = { default = "euler", y = "exponential_euler" })toml");
  const std::string together = Block(MustLower(model));
  EXPECT_TRUE(absl::StrContains(together, "fma 0.05, ")) << together;
  EXPECT_TRUE(absl::StrContains(together, "mul 0.025, ")) << together;
  EXPECT_FALSE(absl::StrContains(together, "mul 0.1, ")) << together;
  const std::string strict = Block(MustLower("[network]\nmath = \"strict\"\n" + model));
  EXPECT_TRUE(absl::StrContains(strict, "mul 0.1, ")) << strict;
}

TEST(Lower, StrictMathWritesWhatIsWritten) {
  const std::string model = One(R"toml(equations = """
x : 1
y : 1
"""
update = "x = x*y/3 + y")toml");
  const std::string fused = Block(MustLower(model));
  EXPECT_TRUE(absl::StrContains(fused, "%3 = fma %2, 0.3333333333333333, %1")) << fused;
  const std::string strict = Block(MustLower("[network]\nmath = \"strict\"\n" + model));
  EXPECT_TRUE(absl::StrContains(strict, "%3 = div %2, 3 : f64[p]\n  %4 = add %3, %1")) << strict;
}

TEST(Lower, DrawsOfAnEquationAreTheSameWhereverItIsRead) {
  Oracle run(MustLower(One(R"toml(equations = """
noise = randn() : 1
a : 1
b : 1
c : 1
"""
update = """
a = noise
b = noise
c = randn()
""")toml")));
  run.Steps(1);
  EXPECT_EQ(run.Get("p.a"), run.Get("p.b"));
  EXPECT_NE(run.Get("p.a"), run.Get("p.c"));
}

// What a step draws leaves connectivity and initial values as they are.
TEST(Lower, R3_StreamsOfConnectionsDoNotDependOnCode) {
  const std::string network = R"toml(
[populations.p]
model = "m"
size = 10
initial = { v = "normal(0, 1)" }
[projections.pp]
source = "p"
target = "p"
rule = { type = "bernoulli", p = 0.5 }
weight = 1
on_pre = "v_post += w"
)toml";
  const auto model = [](const char* update) {
    return absl::StrCat("[models.m]\nequations = \"v : 1\"\nthreshold = \"v > 1\"\nupdate = \"",
                        update, "\"\n");
  };
  const ir::Program plain = MustLower(model("v *= 0.5") + network);
  const ir::Program noisy = MustLower(model("v = 0.5*v + randn() + rand()") + network);
  EXPECT_EQ(plain.projections[0].rule.stream, noisy.projections[0].rule.stream);
  EXPECT_EQ(ir::PrintBlock(plain, *plain.init), ir::PrintBlock(noisy, *noisy.init));
}

TEST(Lower, NetworkLevelCountsAndSums) {
  Oracle run(MustLower(R"toml(
[models.m]
equations = "v : volt"
update = "v = (i + N) * (1 mV)"
threshold = "v > 4 mV"
[populations.a]
model = "m"
size = 3
[populations.b]
model = "m"
size = 2
[uniform]
parameters = { half = 0.5 }
equations = """
spikes : 1
total : volt
mean_b : volt
time : second
"""
update = """
spikes = spikes + half*(count(a) + count(b))
total = sum(a.v)
mean_b = mean(b.v)
time = t
"""
)toml"));
  run.Steps(3);
  // a: 3, 4, 5 mV; b: 2, 3 mV.
  EXPECT_EQ(run.Get("spikes"), 3 * 0.5 * 1);
  EXPECT_EQ(run.Get("total"), 12);
  EXPECT_EQ(run.Get("mean_b"), 2.5);
  EXPECT_EQ(run.Get("time"), 3 * 0.1) << "the time of the spikes that it counts";
}

// Populations read network-level variables as they were after the step before.
TEST(R5, NetworkLevelVariablesActFromTheNextStep) {
  Oracle run(MustLower(R"toml(
[models.m]
equations = "v : 1"
update = "v = g"
[populations.p]
model = "m"
size = 1
[uniform]
equations = "g : 1"
update = "g += 1"
)toml"));
  run.Steps(3);
  EXPECT_EQ(run.Get("g"), 3);
  EXPECT_EQ(run.Get("p.v"), 2);
}

TEST(Lower, StimuliActOnNeuronsWithEvents) {
  const ir::Program program = MustLower(R"toml(
[models.m]
equations = """
n : 1
last : 1
"""
[populations.p]
model = "m"
size = 100
[stimuli.ext]
type = "bernoulli"
target = "p"
rate = "1000 Hz"
weight = 3
on_event = """
n += w
last = w
"""
)toml");
  // Adding what is proportional to w needs no choice; setting does.
  const std::string step = Block(program);
  EXPECT_TRUE(absl::StrContains(step, "%1 = select %0, 3, 0 : f64[p]")) << step;
  EXPECT_TRUE(absl::StrContains(step, "%3 = add %2, %1")) << step;
  EXPECT_TRUE(absl::StrContains(step, "%5 = select %0, %1, %4")) << step;
  Oracle run(program);
  run.Steps(1000);
  double sum = 0;
  for (size_t i = 0; i < 100; ++i) {
    sum += run.Get("p.n", i) / 3;
    EXPECT_EQ(run.Get("p.last", i), 3) << i;
  }
  // 100,000 trials at 0.1: mean 10,000, standard deviation 95.
  EXPECT_NEAR(sum, 10000, 5 * 95);
}

class LowerFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bnsyn_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void Write(const char* name, const char* text) { std::ofstream(directory_ / name) << text; }

  std::filesystem::path directory_;
};

TEST_F(LowerFiles, GiveConnectionsEventsAndInitialValues) {
  Write("v0.csv", "v,u\n0.5,1\n1.5,2\n");
  Write("conn.csv", "pre,post,weight\n0,1,0.25\n1,0,2\n0,1,1\n");
  Write("events.csv", "step,index,value\n0,0,1\n0,0,2\n1,1,0.5\n");
  const std::string text = R"toml(
[models.m]
equations = """
v : volt
g : volt
e : volt
"""
threshold = "v > 1 mV"
[populations.p]
model = "m"
size = 2
initial = { v = 'file("v0.csv", "v")' }
[projections.pp]
source = "p"
target = "p"
rule = { type = "list", file = "conn.csv" }
weight = "2 mV"
on_pre = "g_post += w"
[stimuli.ext]
type = "file"
file = "events.csv"
target = "p"
weight = "1 mV"
on_event = "e += w"
)toml";
  Oracle run(MustLower(text, directory_.string()));
  EXPECT_EQ(run.Get("p.v", 0), 0.5);
  EXPECT_EQ(run.Get("p.v", 1), 1.5);
  run.Steps(1);
  EXPECT_EQ(run.Get("p.e", 0), 3);
  EXPECT_EQ(run.Get("p.e", 1), 0);
  run.Steps(1);
  EXPECT_EQ(run.Get("p.e", 1), 0.5);
  // Neuron 1 spiked in step 0: its synapse, 2 in the file, is worth 4 mV.
  EXPECT_EQ(run.Get("p.g", 0), 4);
  EXPECT_EQ(run.Get("p.g", 1), 0);
}

TEST_F(LowerFiles, AreCheckedWhereTheyAreUsed) {
  Write("v0.csv", "v\n0.5\n");
  Write("conn.csv", "from,to\n0,1\n");
  Write("events.csv", "step,index\n0,7\n");
  const auto message = [&](const std::string& population, const std::string& rest) {
    const std::string text = absl::StrCat(
        "[models.m]\nequations = \"v : 1\"\nthreshold = \"v > 1\"\n[populations.p]\n"
        "model = \"m\"\nsize = 2\n",
        population, "\n", rest);
    const absl::StatusOr<Network> network = ParseNetwork(text, "test.toml", directory_.string());
    if (!network.ok()) return std::string(network.status().message());
    return std::string(LowerNetwork(*network).status().message());
  };
  EXPECT_TRUE(absl::StrContains(message("initial = { v = 'file(\"v0.csv\", \"v\")' }", ""),
                                "v0.csv has 1 values, but population 'p' has 2 neurons"));
  EXPECT_TRUE(absl::StrContains(
      message("",
              "[projections.pp]\nsource = \"p\"\ntarget = \"p\"\nweight = 1\n"
              "rule = { type = \"list\", file = \"conn.csv\" }\non_pre = \"v_post += w\"\n"),
      "the list conn.csv has no column 'pre'"));
  EXPECT_TRUE(absl::StrContains(
      message("",
              "[stimuli.e]\ntype = \"file\"\nfile = \"events.csv\"\ntarget = \"p\"\n"
              "on_event = \"v += w\"\n"),
      "row 1 is for neuron 7, but population 'p' has 2"));
}

}  // namespace
}  // namespace bnsyn
