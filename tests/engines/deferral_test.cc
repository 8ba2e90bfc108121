// Deferred synapse code: the reference does all at once, compiled code later, and nothing tells
// them apart but the time that they take.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "bnsyn/bnsyn.h"
#include "compiler/analysis/deferral.h"
#include "runtime/engine.h"
#include "runtime/simulation_internal.h"

namespace bnsyn {
namespace {

// Noisy neurons in two populations, with plastic synapses within the first.
constexpr char kNetwork[] = R"toml(
network = { dt = "0.1 ms", seed = 5, schedule = "SCHEDULE" }
[models.cell]
equations = """
dV/dt = (11 mV - V)/(10 ms) + 3 mV*xi*sqrt(2/(10 ms)) : volt (unless refractory)
a : 1
"""
threshold = "V > 10 mV"
reset = "V = 0 mV"
refractory = "2 ms"
events = { high = "V > 8 mV and rand() < 0.1" }
[uniform]
parameters = { rate = 0.5 }
tunable = ["rate"]
equations = "M : 1"
update = "M = clip(M + rate*0.01*randn(), -1, 1)"
[populations]
exc = { model = "cell", size = 150, initial = { V = "10*rand()*mV", a = "0.5 + rand()" } }
inh = { model = "cell", size = 70, initial = { V = "10*rand()*mV", a = 1 } }
[projections.ee]
source = "exc"
target = "exc"
rule = { type = "bernoulli", p = 0.1, self = false }
weight = "0.1 mV"
PLASTIC
[projections.ie]
source = "inh"
target = "exc"
rule = { type = "fixed_in_degree", n = 5 }
weight = "-0.2 mV"
delay = "0.8 ms"
on_pre = "V_post += w"
)toml";

struct Case {
  std::string name;
  std::string plastic;  // the rest of the projection
  std::string schedule = "default";
  int deferred = 1;  // blocks
};
void PrintTo(const Case& of, std::ostream* out) { *out << of.name; }

std::string TextOf(const Case& of) {
  return absl::StrReplaceAll(kNetwork, {{"PLASTIC", of.plastic}, {"SCHEDULE", of.schedule}});
}

constexpr char kTraces[] = R"toml(
equations = """
w : volt
dx/dt = -x/(20 ms) : volt (event-driven)
dy/dt = -y/(30 ms) : volt (event-driven)
"""
)toml";
constexpr char kPairs[] = R"toml(
on_pre = "V_post += w; x += 0.01 mV; w = clip(w - y, 0 mV, 0.3 mV)"
)toml";
constexpr char kEligible[] = R"toml(
equations = """
w : volt
e : 1
dx/dt = -x/(20 ms) : 1 (event-driven)
dy/dt = -y/(30 ms) : 1 (event-driven)
"""
on_pre = "V_post += w; x += 1; e -= 0.5*y"
on_post = "y += 1; e += x"
[projections.ee.clocks.learn]
every = "0.1 ms"
code = "w = clip(w + 0.01 mV*e*M, 0 mV, 0.3 mV); e = e*exp(-dt/(50 ms))"
)toml";

std::vector<Case> Cases() {
  std::vector<Case> cases;
  const std::string pairs = absl::StrCat(kTraces, kPairs, R"toml(
on_post = "y += 0.0105 mV; w = clip(w + x, 0 mV, 0.3 mV)"
)toml");
  cases.push_back({"Pairs", pairs});
  cases.push_back({"PairsWithDelays", absl::StrCat(pairs, R"toml(
delay = "1.5 ms"
post_delay = "0.7 ms"
)toml")});
  cases.push_back(
      {"PairsPerSynapse",
       absl::StrReplaceAll(pairs, {{"(event-driven)", "(event-driven, per synapse)"}})});
  cases.push_back({"DelaysOfSynapses", absl::StrCat(pairs, R"toml(
delay = "uniform(0.5 ms, 3 ms)"
)toml")});
  cases.push_back({"PostsFirst", absl::StrCat(kTraces, kPairs, R"toml(
on_post = { code = "y += 0.0105 mV; w = clip(w + x, 0 mV, 0.3 mV)", order = -2 }
)toml")});
  cases.push_back({"Brian2", pairs, "brian2"});
  // The code of on_post reads what the host may set: of the source and of the target.
  cases.push_back({"ReadsBothEnds", absl::StrCat(kTraces, kPairs, R"toml(
on_post = "y += 0.0105 mV; w = clip(w + x*int(a_pre > a_post*rate), 0 mV, 0.3 mV)"
)toml")});
  cases.push_back({"Pathways", absl::StrCat(kTraces, R"toml(
on_pre.main = "V_post += w; x += 0.01 mV; w = clip(w - y, 0 mV, 0.3 mV)"
on_pre.late = { code = "V_post += 0.1*w", delay = "2.5 ms" }
on_post.main = "y += 0.0105 mV"
on_post.high = { code = "w = clip(w + 0.3*x, 0 mV, 0.3 mV)", event = "high" }
)toml")});
  cases.push_back({"Draws", absl::StrCat(kTraces, R"toml(
on_pre = "V_post += w; x += 0.01 mV"
on_post = "w = clip(w + (rand() - 0.4)*x, 0 mV, 0.3 mV)"
)toml")});
  cases.push_back({"Eligible", kEligible, "default", 2});
  cases.push_back({"EligibleWithClock", absl::StrCat(kEligible, R"toml(
[projections.ee.clocks.fade]
every = "11.3 ms"
code = "w = clip(0.95*w + 0.01 mV*e, 0 mV, 0.3 mV)"
order = -1
)toml"),
                   "default", 2});
  cases.push_back({"Fades", R"toml(
equations = """
w : volt
dc/dt = (M - c)/(30 ms) : 1 (clock-driven)
"""
on_pre = "V_post += w*c; w = clip(w + 0.01 mV*c, 0 mV, 0.3 mV)"
)toml"});
  // Draws need the targets of a vector, behind more than one branch of a step.
  cases.push_back({"NoiseAndAClock", R"toml(
equations = """
w : volt
s : 1
dy/dt = -y/(1 ms) + 0.1*xi/(1 ms)**0.5 : 1 (clock-driven)
"""
on_pre = "V_post += w*(1 + y); s += 1; w = clip(w + 0.01 mV*(1 + y), 0 mV, 0.3 mV)"
clocks.fade = { every = "1*dt", code = "s = 0.9*s" }
)toml"});
  return cases;
}

EngineOptions Options(int threads, int width, HistoryLimits histories = {}) {
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.threads = threads;
  options.compile.width = width;
  options.histories = histories;
  return options;
}

// With all that is deferred, with rings and windows that are always full, and with nothing.
std::vector<EngineOptions> Engines() {
  std::vector<EngineOptions> engines = {Options(1, 0),         Options(1, 1, {1, 2}),
                                        Options(1, 4, {4, 8}), Options(2, 8, {1, 1}),
                                        Options(3, 2),         Options(4, 0, {2, 64})};
  engines.push_back(Options(2, 0));
  engines.back().compile.disabled_passes = {"defer"};
  engines.push_back(Options(2, 2, {2, 2}));
  engines.back().compile.optimization = 0;
  return engines;
}

std::string NameOf(const EngineOptions& options) {
  return absl::StrFormat("%d threads, width %d, %u arrivals, %u steps%s", options.threads,
                         options.compile.width, options.histories.arrivals, options.histories.steps,
                         options.compile.disabled_passes.empty() ? "" : ", nothing deferred");
}

Simulation Build(const std::string& text, const EngineOptions& options) {
  absl::StatusOr<Network> network = ParseNetwork(text, "test.toml", ".");
  EXPECT_TRUE(network.ok()) << network.status().message();
  absl::StatusOr<Simulation> simulation = Compile(*network, options);
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  return *std::move(simulation);
}

// What a script finds out.
class Findings {
 public:
  explicit Findings(Simulation& simulation) : simulation_(simulation) {}

  void Digest() { Add(simulation_.Digest().ToString()); }
  void Read(const std::string& variable) {
    std::string values;
    const std::vector<double> read = *simulation_.StateByName(variable);
    for (const double value : read) absl::StrAppendFormat(&values, " %a", value);
    Add(absl::StrCat(variable, values));
  }
  void Step(uint64_t steps) {
    const absl::Status status = simulation_.Step(steps);
    if (!status.ok()) Add(std::string(status.message()));
    Add(absl::StrCat("step ", simulation_.step()));
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  void Add(std::string finding) { all_.push_back(std::move(finding)); }

  Simulation& simulation_;
  std::vector<std::string> all_;
};

// Runs a script on the reference and on all engines.
using Script = std::function<void(Simulation&, Findings&)>;
void ExpectEqualFindings(const std::string& text, const std::vector<EngineOptions>& engines,
                         const Script& script) {
  EngineOptions reference;
  reference.backend = Backend::kReference;
  Simulation expected = Build(text, reference);
  Findings of_reference(expected);
  script(expected, of_reference);
  EXPECT_GT(expected.SpikeCount(*expected.Population("exc")), 50u);
  for (const EngineOptions& options : engines) {
    SCOPED_TRACE(NameOf(options));
    Simulation simulation = Build(text, options);
    Findings findings(simulation);
    script(simulation, findings);
    ASSERT_EQ(findings.all().size(), of_reference.all().size());
    for (size_t i = 0; i < findings.all().size(); ++i) {
      ASSERT_EQ(findings.all()[i].substr(0, 300), of_reference.all()[i].substr(0, 300)) << i;
      ASSERT_TRUE(findings.all()[i] == of_reference.all()[i]) << "finding " << i;
    }
  }
}

class Deferrals : public testing::TestWithParam<Case> {
 protected:
  const std::string text_ = TextOf(GetParam());
};

TEST_P(Deferrals, AreWhatTheCaseIsAbout) {
  Simulation simulation = Build(text_, Options(1, 0));
  int deferred = 0;
  for (const compiler::Deferral& deferral : compiler::FindDeferrals(ProgramOf(simulation))) {
    deferred += (deferral.post.has_value() ? 1 : 0) + (deferral.step.has_value() ? 1 : 0);
  }
  EXPECT_EQ(deferred, GetParam().deferred);
  const std::vector<double> before = *simulation.StateByName("ee.w");
  ASSERT_TRUE(simulation.Step(600).ok());
  const std::vector<double> after = *simulation.StateByName("ee.w");
  size_t changed = 0;
  for (size_t i = 0; i < before.size(); ++i) changed += before[i] != after[i] ? 1 : 0;
  EXPECT_GT(changed, before.size() / 4);
}

TEST_P(Deferrals, R5_DigestsAreEqualAtAnyTime) {
  ExpectEqualFindings(text_, Engines(), [](Simulation&, Findings& find) {
    for (const uint64_t steps : {1u, 2u, 97u, 300u, 1u, 199u}) {
      find.Step(steps);
      find.Digest();
    }
  });
}

TEST_P(Deferrals, R5_RunsOnWithoutLooking) {
  ExpectEqualFindings(text_, Engines(), [](Simulation&, Findings& find) {
    find.Step(700);
    find.Digest();
  });
}

TEST_P(Deferrals, R5_ReadersFindWhatIsPutOff) {
  ExpectEqualFindings(text_, Engines(), [](Simulation&, Findings& find) {
    for (int i = 0; i < 4; ++i) {
      find.Step(61);
      find.Read("ee.w");
    }
  });
}

TEST_P(Deferrals, R5_WritersComeAfterWhatIsPutOff) {
  ExpectEqualFindings(text_, Engines(), [](Simulation& simulation, Findings& find) {
    const size_t synapses = simulation.StateByName("ee.w")->size();
    for (uint32_t round = 0; round < 3; ++round) {
      find.Step(103);
      for (uint32_t synapse = round; synapse < synapses; synapse += 7) {
        ASSERT_TRUE(simulation.SetState("ee.w", synapse, 0.05 + 0.05 * round).ok());
      }
      find.Step(89);
      find.Digest();
    }
    find.Step(50);
    ASSERT_TRUE(simulation.SetState("ee.w", std::vector<double>(synapses, 0.2)).ok());
    find.Step(71);
    find.Digest();
  });
}

TEST_P(Deferrals, R5_HostsChangeWhatDeferredCodeReads) {
  ExpectEqualFindings(text_, Engines(), [](Simulation& simulation, Findings& find) {
    for (uint32_t round = 0; round < 4; ++round) {
      find.Step(83);
      for (uint32_t neuron = round; neuron < 150; neuron += 4) {
        ASSERT_TRUE(simulation.SetState("exc.a", neuron, 0.3 * round + 0.01 * neuron).ok());
      }
      ASSERT_TRUE(simulation.SetParameter("rate", Quantity(0.2 + 0.3 * round)).ok());
      ASSERT_TRUE(simulation.SetState("M", 0, 0.1 * round).ok());
    }
    find.Step(60);
    find.Digest();
  });
}

TEST_P(Deferrals, R5_InjectedSpikesArrive) {
  ExpectEqualFindings(text_, Engines(), [](Simulation& simulation, Findings& find) {
    const PopulationHandle exc = *simulation.Population("exc");
    for (uint32_t round = 0; round < 5; ++round) {
      const std::vector<uint32_t> neurons = {round, 64 + round, 128 + round, 149};
      ASSERT_TRUE(simulation.InjectSpikes(exc, neurons).ok());
      find.Step(1 + 30 * round);
    }
    find.Step(150);
    find.Digest();
  });
}

INSTANTIATE_TEST_SUITE_P(All, Deferrals, testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.name; });

// Checkpoints are some thousand steps apart.
TEST(Deferral, R5_CheckpointsHaveWhatIsPutOff) {
  ExpectEqualFindings(TextOf(Cases()[0]), {Options(1, 0), Options(2, 4, {4, 4})},
                      [](Simulation&, Findings& find) {
                        find.Step(9000);
                        find.Digest();
                      });
}

// A simulation reads before it writes; an engine by itself does not.
TEST(Deferral, R5_EnginesWriteBehindWhatIsPutOff) {
  EngineOptions options;
  options.backend = Backend::kReference;
  const ir::Program program = ProgramOf(Build(TextOf(Cases()[0]), options));
  const ir::StateId w = *program.FindState("ee.w");
  for (const bool at_once : {false, true}) {
    std::vector<std::string> digests;
    for (const Backend backend : {Backend::kReference, Backend::kAccelerated}) {
      EngineReport report;
      options.backend = backend;
      absl::StatusOr<std::unique_ptr<Engine>> engine =
          backend == Backend::kReference ? MakeReferenceEngine(program, options, report)
                                         : MakeAcceleratedEngine(program, options, report);
      ASSERT_TRUE(engine.ok()) << engine.status().message();
      reference::Array values(ir::Element::kF64, (*engine)->State(w).size);
      values.Fill(ir::BitsOfF64(0.15));
      ASSERT_TRUE((*engine)->Run(211, nullptr).ok());
      if (at_once) {
        ASSERT_TRUE((*engine)->SetStates(w, values).ok());
      } else {
        for (uint32_t i = 0; i < values.size(); i += 3) {
          ASSERT_TRUE((*engine)->SetState(w, i, values.bits(i)).ok());
        }
      }
      ASSERT_TRUE((*engine)->Run(150, nullptr).ok());
      digests.push_back((*engine)->ComputeDigest().ToString());
      EXPECT_GT((*engine)->SpikeCount(0), 50u);
    }
    EXPECT_EQ(digests[0], digests[1]);
  }
}

// Weights grow without end where the target spikes soon and often after the source. The reference
// finds that in a step in which compiled code only notes the spikes.
std::string Failing(const std::string& on_pre) {
  return TextOf({"Fails", absl::StrCat(kTraces, on_pre, R"toml(
on_post = "y += 0.0105 mV; w = w*exp(x/(3e-5 mV))"
)toml")});
}
constexpr char kOnPreKeepsWeights[] = R"toml(
on_pre = "V_post += 0.1 mV; x += 0.01 mV"
)toml";

TEST(Deferral, R10_DeferredChecksFailInTheirStep) {
  for (const std::string& on_pre : {std::string(kPairs), std::string(kOnPreKeepsWeights)}) {
    const std::string text = Failing(on_pre);
    ASSERT_TRUE(compiler::FindDeferrals(ProgramOf(Build(text, Options(1, 0))))[0].checks);
    ExpectEqualFindings(text, Engines(), [](Simulation& simulation, Findings& find) {
      find.Step(1);
      find.Step(3000);
      EXPECT_GT(simulation.step(), 20u);
      EXPECT_LT(simulation.step(), 3001u);
      find.Digest();
      find.Read("ee.w");
    });
  }
}

// Each run ends with the checks of its own steps.
TEST(Deferral, R10_TheRunThatFailsSaysSo) {
  ExpectEqualFindings(Failing(kOnPreKeepsWeights), Engines(),
                      [](Simulation& simulation, Findings& find) {
                        const auto ran = [&] { return find.all().size(); };
                        for (uint64_t k = 0; ran() == k && k < 3000; ++k) find.Step(1);
                        EXPECT_GT(simulation.step(), 20u);
                        EXPECT_LT(simulation.step(), 3000u);
                      });
}

// The spikes that a run has recorded are those of the steps up to the one that fails.
TEST(Deferral, R10_RecordsEndWithTheStepThatFails) {
  const std::string text = Failing(kOnPreKeepsWeights);
  const auto run = [&](EngineOptions options) {
    options.record_spikes = true;
    Simulation simulation = Build(text, options);
    EXPECT_TRUE(simulation.Step(3).ok());
    EXPECT_FALSE(simulation.Step(5000).ok());
    const SpikeTrain& train = simulation.Spikes(*simulation.Population("exc"));
    std::vector<std::pair<uint64_t, uint32_t>> spikes;
    for (size_t i = 0; i < train.steps.size(); ++i) {
      spikes.emplace_back(train.steps[i], train.neurons[i]);
    }
    return spikes;
  };
  EngineOptions reference;
  reference.backend = Backend::kReference;
  const auto expected = run(reference);
  EXPECT_GT(expected.size(), 20u);
  for (const EngineOptions& options : Engines()) {
    SCOPED_TRACE(NameOf(options));
    EXPECT_EQ(run(options), expected);
  }
}

}  // namespace
}  // namespace bnsyn
