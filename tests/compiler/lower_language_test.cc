// What the model language means: integers, refractoriness, lastspike, shared variables, events. Run
// on the oracle.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/functions.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

// A neuron whose v climbs by 1 a step and spikes above 3: at steps 2, 5, ... when nothing delays
// it.
std::string Climber(const std::string& more, const std::string& equations = "",
                    const std::string& reset = "", const std::string& population = "") {
  const char* flag = absl::StrContains(more, "refractory") ? " (unless refractory)" : "";
  return One(absl::StrCat("equations = \"\"\"\nv : 1", flag, "\n", equations,
                          "\"\"\"\nupdate = \"v += 1\"\nthreshold = \"v > 2.5\"\nreset = \"v = 0; ",
                          reset, "\"\n", more),
             population);
}

TEST(Language, CommentsAndContinuedLines) {
  Oracle run(MustLower(One(R"toml(equations = """
# a comment by itself
v : 1  # and one after a declaration
w = v + \
    2*(v  # within brackets a line goes on
       + 1) : 1
u : 1
"""
update = """
v += 1; u = w  # two statements
"""
)toml")));
  run.Steps(1);
  EXPECT_EQ(run.Get("p.u"), 5);
}

TEST(Language, NamesOfTimeAndPlaceWorkInEveryKindOfCode) {
  Oracle run(MustLower(R"toml(
[models.m]
equations = """
dv/dt = (i + N)/(1 ms) + 0*t/(1 ms)**2 : 1
u : 1
at : second
first : integer
"""
threshold = "v > 40 - i and t > 5*dt"
reset = "v = 0; u = t/dt; at = lastspike; first = i + 1"
refractory = "i*dt + 0*t + 3*dt*(N//2)"
[populations.p]
model = "m"
size = 2
initial = { v = "i + 10*N + t/ms + dt/ms - 0.1" }
[stimuli.s]
target = "p"
type = "bernoulli"
rate = "1/dt if t > 1e9*dt or i > N else 0*Hz"
on_event = "v += i*N"
)toml"));
  EXPECT_EQ(run.Get("p.v", 0), 20);
  EXPECT_EQ(run.Get("p.v", 1), 21);
  run.Steps(7);
  EXPECT_EQ(run.count(), 0u);
  run.Steps(100);
  EXPECT_GT(run.count(), 0u);
  EXPECT_NEAR(run.Get("p.u", 1) * 0.1, run.Get("p.at", 1), 1e-12);
  EXPECT_EQ(run.Get("p.first", 1), 2);
}

TEST(Language, IntegersHoldWholeNumbers) {
  Oracle run(MustLower(Climber("parameters = { most = 5 }",
                               "n : integer\nk : integer\nodd = n % 2 : integer\n",
                               "n += 1; k = int(n/2) + most*odd", "initial = { n = 3 }")));
  run.Steps(9);
  EXPECT_EQ(run.first(), (std::vector<int>{2, 5, 8}));
  EXPECT_EQ(run.Get("p.n"), 6);
  EXPECT_EQ(run.Get("p.k"), 3);
}

TEST(Language, EventsAddToIntegers) {
  Oracle run(MustLower(R"toml(
[models.clock]
equations = "c : integer"
update = "c += 1"
threshold = "c % 4 == 0"
[models.m]
equations = "n : integer"
[populations.s]
model = "clock"
size = 3
[populations.p]
model = "m"
size = 1
[projections.sp]
source = "s"
target = "p"
rule = "all_to_all"
weight = 2
on_pre = "n_post += w + 1"
)toml"));
  run.Steps(13);  // spikes of steps 3, 7 and 11 have arrived
  EXPECT_EQ(run.count(), 9u);
  EXPECT_EQ(run.Get("p.n"), 27);
}

TEST(Language, LastSpikeIsTheTimeOfIt) {
  const ir::Program program =
      MustLower(Climber("", "since : second\nseen : second\n", "since = t - lastspike",
                        "initial = { since = \"1 ms\" }"));
  Oracle run(program);
  EXPECT_EQ(run.Get("p.lastspike"), -HUGE_VAL);
  run.Steps(2);
  EXPECT_EQ(run.Get("p.lastspike"), -HUGE_VAL);
  run.Steps(1);
  EXPECT_EQ(run.Get("p.lastspike"), 3 * 0.1) << "the end of step 2";
  EXPECT_EQ(run.Get("p.since"), 0) << "in the reset it is now";
  run.Steps(3);
  EXPECT_EQ(run.Get("p.lastspike"), 6 * 0.1);
  // Without a reader there is no such state.
  EXPECT_FALSE(MustLower(Climber("")).FindState("p.lastspike").has_value());
  const absl::StatusOr<ir::Program> parsed = ir::Parse(ir::Print(program), "printed.ir");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(ir::Print(*parsed), ir::Print(program));
}

TEST(Language, LastSpikeIsTheOneBeforeInTheThreshold) {
  Oracle run(MustLower(One(R"toml(equations = "x : 1"
update = "x += 1"
threshold = "t - lastspike > 0.35 ms")toml")));
  run.Steps(12);
  EXPECT_EQ(run.first(), (std::vector<int>{0, 4, 8}));
}

TEST(Language, RefractoryTimesDifferBetweenNeuronsAndInTime) {
  // The time is evaluated after the reset and goes to the nearest step; a negative one is 0.
  Oracle run(MustLower(Climber("refractory = \"wait\"", "wait : second\n", "wait += 0.26 ms",
                               "initial = { wait = \"-0.26 ms\" }")));
  run.Steps(20);
  // Spikes at 2; none held: 5; then three steps held for 0.26 ms: 11; then five for 0.52 ms.
  EXPECT_EQ(run.first(), (std::vector<int>{2, 5, 11, 19}));
}

TEST(Language, RefractoryTimesMayBeOfTables) {
  const std::string table = "[tables.wait]\nunit = \"ms\"\ndt = \"0.6 ms\"\nvalues = [0.2, 0.4]\n";
  Oracle changing(MustLower(Climber("refractory = \"wait(t)\"", "", "", "") + table));
  changing.Steps(16);
  EXPECT_EQ(changing.first(), (std::vector<int>{2, 7, 14}));
  Oracle fixed(MustLower(Climber("refractory = \"wait(0*ms)\"", "", "", "") + table));
  fixed.Steps(13);
  EXPECT_EQ(fixed.first(), (std::vector<int>{2, 7, 12}));
}

TEST(Language, RefractoryTimesMayBeTunable) {
  const ir::Program program = MustLower(Climber(
      "parameters = { t_ref = \"0.4 ms\" }\ntunable = [\"t_ref\"]\nrefractory = \"t_ref\""));
  EXPECT_TRUE(program.params[*program.FindParam("p.t_ref")].tunable);
  Oracle run(program);
  run.Steps(14);
  EXPECT_EQ(run.first(), (std::vector<int>{2, 9}));
}

TEST(Language, ConditionsKeepNeuronsRefractory) {
  // u is set by a spike and falls by 1 a step: a neuron that spiked waits until u is at most 3.
  const std::string model = R"toml(equations = """
v : 1 (unless refractory)
u : 1
"""
update = "u -= 1; v += 1"
threshold = "v > 2.5"
reset = "v = 0; u = 6"
refractory = "u > 3")toml";
  Oracle run(MustLower(One(model, "initial = { u = 50 }")));
  run.Steps(3);
  EXPECT_EQ(run.first(), (std::vector<int>{2})) << "what holds before a spike holds nothing back";
  run.Steps(12);
  // u is 6 before step 3, 3 before step 6: v is 1 then, and 3 in step 8.
  EXPECT_EQ(run.first(), (std::vector<int>{2, 8, 14}));
}

TEST(Language, SharedVariablesAreOneForAll) {
  const ir::Program program = MustLower(R"toml(
[models.m]
parameters = { tau = "10 ms" }
equations = """
dx/dt = (drive - x)/tau : 1 (shared)
drive = 1 + noise : 1 (shared)
noise = rand() : 1 (shared)
y : 1 (shared)
v : 1
w : 1
"""
update = ""
[models.u]
equations = """
y : 1 (shared)
noise = rand() : 1 (shared)
v : 1
w : 1
"""
update = """
y += 2
v = y + i + noise
w = noise
"""
threshold = "v > 2.5 + y"
[populations.p]
model = "m"
size = 5
initial = { x = "rand()", y = 4 }
[populations.q]
model = "u"
size = 5
)toml");
  EXPECT_TRUE(absl::StrContains(ir::Print(program), "state p.x : f64 = 0"));
  EXPECT_TRUE(absl::StrContains(ir::Print(program), "state p.y : f64 = 4"));
  Oracle run(program);
  run.Steps(1);
  EXPECT_GT(run.Get("p.x"), 0);
  EXPECT_LT(run.Get("p.x"), 1.02);
  EXPECT_EQ(run.Get("q.y"), 2);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(run.Get("q.w", i), run.Get("q.w", 0));
    EXPECT_EQ(run.Get("q.v", i), 2.0 + static_cast<double>(i) + run.Get("q.w", 0));
  }
  EXPECT_GE(run.count(), 2u);
}

// A shared pair that is solved together with what refractoriness holds stays one value for all.
TEST(Language, SharedEquationsBesideHeldOnes) {
  Oracle run(MustLower(R"toml(
[models.m]
parameters = { tau = "20 ms", tau_s = "1 ms" }
equations = """
dV/dt = (30*(1 + a) - V)/tau : 1 (unless refractory)
da/dt = b/tau_s : 1 (shared)
db/dt = -a/tau_s : 1 (shared)
de/dt = 1 mV*xi/sqrt(tau) + (rand()*mV - e)/tau : volt (shared)
"""
threshold = "V > 10"
reset = "V = 0"
refractory = "2 ms"
[populations.p]
model = "m"
size = 3
initial = { a = 1 }
)toml"));
  run.Steps(100);
  EXPECT_GT(run.count(), 0u);
  EXPECT_NEAR(run.Get("p.a"), std::cos(10.0), 1e-12);
  EXPECT_NEAR(run.Get("p.b"), -std::sin(10.0), 1e-12);
  EXPECT_NE(run.Get("p.e"), 0);
}

TEST(Language, ConditionsOfParametersAloneAreConditions) {
  Oracle run(MustLower(Climber("parameters = { once = 1 }\nrefractory = \"once > 0\"")));
  run.Steps(20);
  EXPECT_EQ(run.first(), (std::vector<int>{2})) << "once it has spiked it is refractory for ever";
}

// Conditions are tested together, code runs in turn: reset, then events in order.
TEST(Language, EventsOfAModel) {
  const ir::Program program = MustLower(R"toml(
[models.m]
equations = """
v : 1
n : integer
m : integer
"""
update = "v += 1"
threshold = "v > 2.5"
reset = "v = 0"
events = { high = "v > 1.5", higher = "v > 2.5" }
on_event = { high = "n += 1", higher = "m = n; n += 10" }
[models.counter]
equations = "c : 1"
[populations.p]
model = "m"
size = 1
[populations.q]
model = "counter"
size = 1
[projections.pq]
source = "p"
target = "q"
event = "high"
rule = "all_to_all"
weight = 1
on_pre = "c_post += w"
[projections.spikes]
source = "p"
target = "q"
event = "spike"
rule = "all_to_all"
weight = 100
on_pre = "c_post += w"
[uniform]
equations = "count : 1"
update = "count = 10*count(p.high) + count(p.higher) + 100*count(p)"
)toml");
  const std::string text = ir::Print(program);
  EXPECT_TRUE(absl::StrContains(text, "\npopulation p.high size=1 domain=p\n")) << text;
  const absl::StatusOr<ir::Program> parsed = ir::Parse(text, "printed.ir");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(ir::Print(*parsed), text);
  Oracle run(program);
  run.Steps(2);
  EXPECT_EQ(run.Get("count"), 10);
  EXPECT_EQ(run.Get("p.n"), 1);
  run.Steps(1);
  EXPECT_EQ(run.Get("count"), 111);
  EXPECT_EQ(run.Get("p.v"), 0);
  EXPECT_EQ(run.Get("p.m"), 2);
  EXPECT_EQ(run.Get("p.n"), 12);
  run.Steps(3);  // v: 1, 2, 3
  EXPECT_EQ(run.Get("q.c"), 3 + 100) << "the events of step 5 are under way";
}

TEST(Language, EventsOfOnePopulationAreOfItsNeurons) {
  // Without self, an event does not reach the neuron that it is of.
  Oracle run(MustLower(R"toml(
[models.m]
equations = "v : 1"
events = { go = "t < 0.15 ms" }
on_event = { go = "v += 0" }
[populations.p]
model = "m"
size = 4
[projections.pp]
source = "p"
target = "p"
event = "go"
rule = { type = "all_to_all", self = false }
weight = 1
on_pre = "v_post += w"
)toml"));
  run.Steps(2);
  EXPECT_EQ(run.count(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(run.Get("p.v", i), 3);
}

TEST(Language, ModelsBuiltInCppHaveEventsToo) {
  Network net({.seed = 1});
  const ModelHandle model = net.AddModel(Model("m")
                                             .Equations("v : 1")
                                             .Update("v += 1")
                                             .OnEvent("tick", "v % 2 == 0")
                                             .OnEvent("tock", "v % 3 == 0", "v += 1"));
  const PopulationHandle p = net.AddPopulation("p", model, 1);
  ConnectOptions options{.weight = 1};
  net.Connect("pp", p, p, AllToAll(), options.Event("tock").OnPre("v_post += w"));
  const absl::StatusOr<ir::Program> program = LowerNetwork(net);
  ASSERT_TRUE(program.ok()) << program.status().message();
  Oracle run(*program);
  run.Steps(3);  // v: 1, 2 tick, 3 tock -> 4
  EXPECT_EQ(run.Get("p.v"), 4);
  EXPECT_EQ(run.count(), 2u);
  run.Steps(1);  // 4, 5 as the tock arrives, 6 tick and tock -> 7
  EXPECT_EQ(run.Get("p.v"), 7);
}

}  // namespace
}  // namespace bnsyn
