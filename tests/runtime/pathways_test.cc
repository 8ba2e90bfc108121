// Projections with several pathways, before the step and where it delivers, on all engines.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "networks.h"

namespace bnsyn {
namespace {

// Noisy neurons that spike and, apart from that, have bursts. The synapses within exc have delays
// of their own and four pathways that change w and add to their target; arrivals also leave what
// other pathways read, at their sources (early) and targets (heat). Those onto inh only add.
// DELIVER stands behind the spikes in the step or nowhere; delays begin with LEAST.
constexpr char kPathways[] = R"(program pathways dt=0.1 seed=7
population exc size=150
population exc.burst size=150 domain=exc
population inh size=70
state exc.V : f64[exc] = -60 unit="mV"
state exc.m : f64[exc] = 0
state exc.early : f64[exc] = 0
state exc.heat : f64[exc] = 0
state inh.V : f64[inh] = -60 unit="mV"
input exc.g : exc scale=2^-30
input exc.h : exc scale=2^-30
input inh.g : inh scale=2^-30
state ee.w : f64[ee] = 1 bounds=[0, 4]
projection ee : exc -> exc rule=bernoulli p=0.1 self=false stream=1 weight=0.5 delay=[LEAST, 12]
projection ei : exc.burst -> inh rule=fixed_in_degree n=20 multiple=true stream=2 weight=1.5 delay=3
projection ie : inh -> exc rule=fixed_total n=900 stream=3 weight=-1 delay=LEAST
connect ee {
  %0 = uniform stream=5 draw=0 : f64[ee]
  %1 = fma %0, 12, LEAST : f64[ee]
  %2 = convert %1 : i64[ee]
  set_delay %2
}
on_post ee pathway=first spikes=exc.burst delay=4 {
  %0 = load ee.w : f64[ee]
  %1 = mul %0, 0.9 : f64[ee]
  store ee.w, %1
  %2 = load_post exc.heat : f64[ee]
  %3 = add %2, 0.125 : f64[ee]
  store_post exc.heat, %3
}
on_pre ee {
  %0 = load ee.w : f64[ee]
  accumulate exc.g, %0
  %1 = load_post exc.m : f64[ee]
  %2 = fma %1, 0.001, %0 : f64[ee]
  %3 = load_post exc.heat : f64[ee]
  %4 = fma %3, -0.001, %2 : f64[ee]
  %5 = max %4, 0 : f64[ee]
  check ee.w, %5
  store ee.w, %5
}
on_pre ee pathway=late delay=17 {
  %0 = load ee.w : f64[ee]
  %1 = mul %0, 0.25 : f64[ee]
  accumulate exc.h, %1
  %2 = load_pre exc.early : f64[ee]
  %3 = fma %2, 0.875, 1 : f64[ee]
  check exc.early, %3
  store_pre exc.early, %3
}
on_post ee delay=LEAST {
  %0 = load ee.w : f64[ee]
  %1 = load_pre exc.V : f64[ee]
  %2 = fma %1, 0.0001, %0 : f64[ee]
  %5 = load_pre exc.early : f64[ee]
  %6 = fma %5, 0.001, %2 : f64[ee]
  %3 = add %6, 0.02 : f64[ee]
  %4 = min %3, 4 : f64[ee]
  check ee.w, %4
  store ee.w, %4
}
on_pre ei {
  %0 = weight : f64[ei]
  accumulate inh.g, %0
}
on_pre ie {
  %0 = weight : f64[ie]
  accumulate exc.g, %0
}
step {
  %2 = load exc.V : f64[exc]
  %3 = normal stream=6 draw=0 : f64[exc]
  %4 = mul %3, 1.5 : f64[exc]
  %5 = add %2, 60 : f64[exc]
  %6 = fma %5, -0.02, %4 : f64[exc]
  %7 = add %2, %6 : f64[exc]
  %8 = gt %7, -50 : bool[exc]
  %9 = select %8, -60, %7 : f64[exc]
  %20 = gt %7, -51 : bool[exc]
  spike exc, %8
  spike exc.burst, %20
  %11 = load inh.V : f64[inh]
  %13 = gt %11, -50 : bool[inh]
  spike inh, %13
  %40 = load exc.heat : f64[exc]
  %41 = mul %40, 0.984375 : f64[exc]
  store exc.heat, %41
  DELIVER
  %0 = take exc.h : f64[exc]
  store exc.m, %0
  %1 = take exc.g : f64[exc]
  %30 = add %9, %1 : f64[exc]
  store exc.V, %30
  %10 = take inh.g : f64[inh]
  %14 = select %13, -60, %11 : f64[inh]
  %12 = add %14, %10 : f64[inh]
  store inh.V, %12
}
)";

std::string Program(bool delivers) {
  const std::string text = Replaced(kPathways, "  DELIVER\n", delivers ? "  deliver\n" : "");
  return Replaced(text, "LEAST", delivers ? "0" : "1");
}

struct Outcome {
  std::string digest;
  std::vector<double> weights;
  uint64_t spikes = 0;
  uint64_t bursts = 0;
  uint64_t inhibitory = 0;
};

// Runs 500 steps. The host adds spikes of neurons of both threads.
Outcome RunPathways(bool delivers, const EngineOptions& options) {
  Simulation simulation = Compiled(Program(delivers), options);
  EXPECT_TRUE(simulation.Step(100).ok());
  EXPECT_TRUE(simulation.InjectSpikes(*simulation.Population("exc"), {3, 3, 149}).ok());
  EXPECT_TRUE(simulation.InjectSpikes(*simulation.Population("exc.burst"), {0, 100}).ok());
  std::string digests = simulation.Digest().ToString();
  for (const uint64_t steps : {1u, 199u, 200u}) {
    const absl::Status status = simulation.Step(steps);
    EXPECT_TRUE(status.ok()) << status.message();
    absl::StrAppend(&digests, " ", simulation.Digest().ToString());
  }
  for (const char* arrived : {"exc.early", "exc.heat"}) {
    const std::vector<double> values = *simulation.StateByName(arrived);
    EXPECT_GT(*std::max_element(values.begin(), values.end()), 0) << arrived;
  }
  return {digests, *simulation.StateByName("ee.w"),
          simulation.SpikeCount(*simulation.Population("exc")),
          simulation.SpikeCount(*simulation.Population("exc.burst")),
          simulation.SpikeCount(*simulation.Population("inh"))};
}

TEST(Pathways, R5_EnginesAgree) {
  for (const bool delivers : {false, true}) {
    const Outcome reference = RunPathways(delivers, Reference());
    ASSERT_GT(reference.spikes, 200u);
    ASSERT_GT(reference.bursts, 300u);
    ASSERT_GT(reference.inhibitory, 50u);
    EXPECT_LT(*std::min_element(reference.weights.begin(), reference.weights.end()), 0.8);
    EXPECT_GT(*std::max_element(reference.weights.begin(), reference.weights.end()), 1);
    for (const int threads : {1, 2, 3}) {
      for (const char* layout : {"best", "code"}) {
        EngineOptions options = Accelerated(threads, 4);
        options.layout = layout;
        const Outcome accelerated = RunPathways(delivers, options);
        EXPECT_EQ(accelerated.digest, reference.digest) << threads << layout << delivers;
        EXPECT_EQ(accelerated.weights, reference.weights);
        EXPECT_EQ(accelerated.spikes, reference.spikes);
      }
    }
  }
}

TEST(Pathways, R5_EnginesAgreeWithEachPassLeftOut) {
  for (const bool delivers : {false, true}) {
    const std::string digest = RunPathways(delivers, Reference()).digest;
    for (const char* pass : {"specialise", "expand_math", "simplify", "fuse", "place"}) {
      EngineOptions options = Accelerated(2);
      options.compile.disabled_passes = {pass};
      EXPECT_EQ(RunPathways(delivers, options).digest, digest) << "without " << pass << delivers;
    }
  }
}

TEST(Pathways, R10_FaultsAreTheSame) {
  for (const bool delivers : {false, true}) {
    const std::string text = Replaced(Program(delivers), "bounds=[0, 4]", "bounds=[0, 1.01]");
    std::vector<std::string> messages;
    for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(3)}) {
      Simulation simulation = Compiled(text, options);
      const absl::Status status = simulation.Step(600);
      EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
      messages.emplace_back(status.message());
    }
    EXPECT_NE(messages[0].find("above its bound 1.01"), std::string::npos) << messages[0];
    EXPECT_EQ(messages[1], messages[0]);
    EXPECT_EQ(messages[2], messages[0]);
  }
}

// A spike that the host injects where the step delivers is one of the step that comes: it arrives
// in it if the delay is 0.
TEST(Pathways, R5_InjectedSpikesArriveInTheStep) {
  for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(2)}) {
    Simulation simulation = Compiled(R"(program injected dt=1 seed=1
population a size=200
state a.s : f64[a] = 0
input a.g : a scale=2^-20
projection p : a -> a rule=one_to_one weight=1 delay=0
on_pre p {
  accumulate a.g, 1
}
on_post p delay=2 {
  accumulate a.g, 16
}
step {
  spike a, false
  deliver
  %0 = take a.g : f64[a]
  %1 = load a.s : f64[a]
  %2 = add %1, %0 : f64[a]
  store a.s, %2
}
)",
                                     options);
    ASSERT_TRUE(simulation.Step(3).ok());
    ASSERT_TRUE(simulation.InjectSpikes(*simulation.Population("a"), {0, 150}).ok());
    ASSERT_TRUE(simulation.Step(1).ok());
    const auto sum = [&] {
      const std::vector<double> values = *simulation.StateByName("a.s");
      EXPECT_EQ(values[150], values[0]);
      EXPECT_EQ(values[1], 0);
      return values[0];
    };
    EXPECT_EQ(sum(), 1);
    ASSERT_TRUE(simulation.Step(1).ok());
    EXPECT_EQ(sum(), 1);
    ASSERT_TRUE(simulation.Step(1).ok());
    EXPECT_EQ(sum(), 17);
  }
}

}  // namespace
}  // namespace bnsyn
