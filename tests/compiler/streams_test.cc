// Names of random streams (R3).
#include "compiler/lowering/streams.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/text.h"
#include "network_testing.h"

namespace bnsyn::compiler {
namespace {

TEST(Streams, R3_HashIsFnv1a) {
  EXPECT_EQ(StreamHash(""), 0x811c9dc5);
  EXPECT_EQ(StreamHash("a"), 0xe40c292c);
  EXPECT_EQ(StreamHash("foobar"), 0xbf9cf968);
  EXPECT_EQ(StreamHash("costarring"), StreamHash("liquid"));
}

TEST(Streams, R3_NameIsCodeOwnerDraw) {
  EXPECT_EQ((StreamName{"rule", "ee"}).ToString(), "rule ee 0");
  EXPECT_EQ((StreamName{"reset", "exc", 12}).ToString(), "reset exc 12");
}

// "costarring", "liquid" and "dapjexw" follow each other.
TEST(Streams, R3_CollisionsTakeTheNextFreeNumber) {
  const uint32_t hash = StreamHash("liquid");
  ASSERT_EQ(StreamHash("dapjexw"), hash + 1);
  EXPECT_EQ(AssignStreams({"liquid"}), (std::vector<uint32_t>{hash}));
  EXPECT_EQ(AssignStreams({"liquid", "costarring"}), (std::vector<uint32_t>{hash + 1, hash}));
  EXPECT_EQ(AssignStreams({"costarring", "liquid"}), (std::vector<uint32_t>{hash, hash + 1}));
  // Whoever collides with nobody keeps the hash, also where it comes after the others by name.
  EXPECT_EQ(AssignStreams({"liquid", "dapjexw", "costarring"}),
            (std::vector<uint32_t>{hash + 2, hash + 1, hash}));
}

TEST(Streams, R3_CollisionsAreSettledWhileLowering) {
  const auto rules = [](const std::string& first, const std::string& second) {
    std::string text =
        "[models.m]\nequations = \"v : 1\"\nthreshold = \"v > 1\"\n"
        "[populations.p]\nmodel = \"m\"\nsize = 10\n";
    for (const std::string& name : {first, second}) {
      absl::StrAppend(&text, "[projections.", name, "]\nsource = \"p\"\ntarget = \"p\"\n",
                      "rule = { type = \"bernoulli\", p = 0.5 }\nweight = 1\n",
                      "on_pre = \"v_post += w\"\n");
    }
    const ir::Program program = MustLower(text);
    return std::vector<uint32_t>{program.projections[0].rule.stream,
                                 program.projections[1].rule.stream};
  };
  const uint32_t hash = StreamHash("rule muakxtkb 0");
  ASSERT_EQ(StreamHash("rule xixzhnis 0"), hash);
  EXPECT_EQ(rules("muakxtkb", "xixzhnis"), (std::vector<uint32_t>{hash, hash + 1}));
  EXPECT_EQ(rules("xixzhnis", "muakxtkb"), (std::vector<uint32_t>{hash + 1, hash}));
  EXPECT_EQ(rules("xixzhnis", "pp"), (std::vector<uint32_t>{hash, StreamHash("rule pp 0")}));
}

// Each draw of a network that draws wherever one can, by its name.
TEST(Streams, R3_EveryDrawHasTheNameThatTheRuleGivesIt) {
  const ir::Program program = MustLower(R"toml(
[models.m]
equations = """
dv/dt = (0.1*rand() - v + noise)/(10 ms) + 0.1*xi/sqrt(10 ms) : 1
noise = randn() : 1
I : 1 (input)
s : 1
"""
method = "euler_maruyama"
threshold = "v > rand()"
reset = "v = rand()"
refractory = "2 ms*rand()"
events = { burst = "s > rand()" }
on_event = { burst = "s = rand()" }
[models.u]
equations = "s : 1"
update = "s = randn() + randn()"
[populations.q]
model = "u"
size = 10
[populations.p]
model = "m"
size = 10
initial = { v = "uniform(0, 1) + noise", s = "normal(0, 1)" }
[stimuli]
drive = { type = "poisson", target = "p", rate = "10 Hz*rand()", weight = 1, on_event = "v += w*rand()" }
own = { type = "ornstein_uhlenbeck", target = "p", variable = "I", sigma = 1, tau = "5 ms" }
common = { type = "ornstein_uhlenbeck", target = "p", variable = "I", sigma = 1, tau = "5 ms", shared = true }
[projections.pp]
source = "p"
target = "p"
rule = { type = "bernoulli", p = "rand()", condition = "rand() > 0.5" }
weight = "rand()"
delay = "1 ms + rand()*1 ms"
equations = "x : 1"
initial = { x = "rand()" }
on_pre = "v_post += w*x"
[uniform]
equations = "u : 1"
initial = { u = "rand()" }
update = "u = rand()"
)toml");
  const std::string text = ir::Print(program);
  std::vector<std::string> names = {"rule pp 0",
                                    "probability pp 0",
                                    "condition pp 0",
                                    "weight pp 0",
                                    "delay pp 0",
                                    "initial pp.x 0",
                                    "initial p.v 0",
                                    "initial p.noise 0",
                                    "initial p.s 0",
                                    "initial p.own 0",
                                    "initial network.common 0",
                                    "initial network.u 0",
                                    "equation p.v 0",
                                    "equation p.noise 0",
                                    "noise p.xi 0",
                                    "update q 0",
                                    "update q 1",
                                    "update network 0",
                                    "threshold p 0",
                                    "threshold p.burst 0",
                                    "reset p 0",
                                    "reset p.burst 0",
                                    "refractory p 0",
                                    "stimulus p.drive 0",
                                    "stimulus p.drive 1",
                                    "stimulus p.drive 2",
                                    "stimulus p.own 0",
                                    "stimulus network.common 0"};
  for (const std::string& name : names) {
    const std::string stream = absl::StrCat("stream=", StreamHash(name), " ");
    EXPECT_NE(text.find(stream), std::string::npos) << name << "\n" << text;
  }
  size_t draws = 0;
  for (size_t at = text.find("stream="); at != std::string::npos;
       at = text.find("stream=", at + 1)) {
    ++draws;
  }
  EXPECT_EQ(draws, names.size()) << text;
}

}  // namespace
}  // namespace bnsyn::compiler
