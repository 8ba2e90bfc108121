// Synapses with states of their own, on both backends.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "networks.h"

namespace bnsyn {
namespace {

// Noisy neurons with plastic synapses of their own weights and delays. Every synapse has a weight
// w, two traces that decay from event to event, and the step of its last one; each spike of the
// source or the target changes them. In each step w also decays a little, and the synapses bring
// the potentials of their sources to their targets.
constexpr char kPlastic[] = R"(program plastic dt=0.1 seed=7
population exc size=150
population inh size=70
state exc.V : f64[exc] = -60 unit="mV"
state exc.m : f64[exc] = 0
state inh.V : f64[inh] = -60 unit="mV"
input exc.g : exc scale=2^-30
input exc.h : exc scale=2^-30
input inh.g : inh scale=2^-30
state ee.w : f64[ee] = 1 bounds=[0, 4]
state ee.pre : f64[ee] = 0
state ee.post : f64[ee] = 0
state ee.last : u64[ee] = 0u64
projection ee : exc -> exc rule=bernoulli p=0.1 self=false stream=1 weight=0.5 delay=[1, 12]
projection ei : exc -> inh rule=fixed_in_degree n=20 multiple=true stream=2 weight=1.5 delay=3
projection ie : inh -> exc rule=fixed_total n=900 stream=3 weight=-1 delay=2
connect ee {
  %0 = uniform stream=4 draw=0 : f64[ee]
  %1 = weight : f64[ee]
  %2 = fma %0, 1, %1 : f64[ee]
  store ee.w, %2
  %3 = uniform stream=5 draw=0 : f64[ee]
  %4 = fma %3, 12, 1 : f64[ee]
  %5 = convert %4 : i64[ee]
  set_delay %5
}
on_pre ee {
  %0 = load ee.w : f64[ee]
  accumulate exc.g, %0
  %1 = step : u64
  %2 = load ee.last : u64[ee]
  %3 = sub %1, %2 : u64[ee]
  %4 = convert %3 : f64[ee]
  %5 = mul %4, -0.01 : f64[ee]
  %6 = exp %5 : f64[ee]
  %7 = load ee.pre : f64[ee]
  %8 = fma %7, %6, 0.1 : f64[ee]
  store ee.pre, %8
  %9 = load ee.post : f64[ee]
  %10 = mul %9, %6 : f64[ee]
  store ee.post, %10
  store ee.last, %1
  %11 = sub %0, %10 : f64[ee]
  %12 = max %11, 0 : f64[ee]
  check ee.w, %12
  store ee.w, %12
}
on_step ee {
  %0 = load ee.w : f64[ee]
  %1 = mul %0, 0.99999 : f64[ee]
  store ee.w, %1
  %2 = load_pre exc.V : f64[ee]
  %3 = mul %2, 0.001 : f64[ee]
  accumulate exc.h, %3
}
on_post ee {
  %1 = step : u64
  %2 = load ee.last : u64[ee]
  %3 = sub %1, %2 : u64[ee]
  %4 = convert %3 : f64[ee]
  %5 = mul %4, -0.01 : f64[ee]
  %6 = exp %5 : f64[ee]
  %7 = load ee.pre : f64[ee]
  %8 = mul %7, %6 : f64[ee]
  store ee.pre, %8
  %9 = load ee.post : f64[ee]
  %10 = fma %9, %6, 0.105 : f64[ee]
  store ee.post, %10
  store ee.last, %1
  %11 = load ee.w : f64[ee]
  %12 = add %11, %8 : f64[ee]
  %13 = min %12, 4 : f64[ee]
  check ee.w, %13
  store ee.w, %13
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
  run_on_step ee
  %0 = take exc.h : f64[exc]
  store exc.m, %0
  %1 = take exc.g : f64[exc]
  %2 = load exc.V : f64[exc]
  %3 = normal stream=6 draw=0 : f64[exc]
  %4 = fma %3, 1.5, %1 : f64[exc]
  %5 = add %2, 60 : f64[exc]
  %6 = fma %5, -0.02, %4 : f64[exc]
  %7 = add %2, %6 : f64[exc]
  %8 = gt %7, -50 : bool[exc]
  %9 = select %8, -60, %7 : f64[exc]
  check exc.V, %9
  store exc.V, %9
  spike exc, %8
  %10 = take inh.g : f64[inh]
  %11 = load inh.V : f64[inh]
  %12 = add %11, %10 : f64[inh]
  %13 = gt %12, -50 : bool[inh]
  %14 = select %13, -60, %12 : f64[inh]
  store inh.V, %14
  spike inh, %13
}
)";

constexpr uint64_t kSteps = 600;

struct Outcome {
  std::string digest;
  std::vector<double> weights;
  std::vector<double> sums;
  uint64_t spikes = 0;
};

Outcome RunPlastic(const EngineOptions& options) {
  Simulation simulation = Compiled(kPlastic, options);
  const absl::Status status = simulation.Step(kSteps);
  EXPECT_TRUE(status.ok()) << status.message();
  return {simulation.Digest().ToString(), *simulation.StateByName("ee.w"),
          *simulation.StateByName("exc.m"), simulation.SpikeCount(*simulation.Population("exc"))};
}

TEST(Plasticity, R11_EnginesAgreeOnStatesOfSynapses) {
  const Outcome reference = RunPlastic(Reference());
  ASSERT_GT(reference.spikes, 400u);
  // The weights began in [0.5, 1.5] and were moved both ways.
  const auto [least, greatest] =
      std::minmax_element(reference.weights.begin(), reference.weights.end());
  EXPECT_LT(*least, 0.4);
  EXPECT_GT(*greatest, 1.6);
  for (const int threads : {1, 2, 3}) {
    for (const int width : {1, 4, 8}) {
      const Outcome accelerated = RunPlastic(Accelerated(threads, width));
      EXPECT_EQ(accelerated.digest, reference.digest) << threads << " threads, width " << width;
      EXPECT_EQ(accelerated.weights, reference.weights);
      EXPECT_EQ(accelerated.sums, reference.sums);
      EXPECT_EQ(accelerated.spikes, reference.spikes);
    }
  }
}

TEST(Plasticity, R11_EnginesAgreeWithEachPassLeftOut) {
  const std::string digest = RunPlastic(Reference()).digest;
  for (const char* pass : {"specialise", "expand_math", "simplify", "fuse", "place"}) {
    EngineOptions options = Accelerated(2);
    options.compile.disabled_passes = {pass};
    EXPECT_EQ(RunPlastic(options).digest, digest) << "without " << pass;
  }
}

TEST(Plasticity, SynapsesAreListedInTheOrderOfTheirStates) {
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    Simulation simulation = Compiled(kPlastic, options);
    const absl::StatusOr<SynapseList> ee = simulation.Synapses("ee");
    ASSERT_TRUE(ee.ok()) << ee.status().message();
    EXPECT_GT(ee->sources.size(), 2000u);
    EXPECT_EQ(simulation.StateByName("ee.w")->size(), ee->sources.size());
    for (size_t i = 1; i < ee->sources.size(); ++i) {
      EXPECT_LT(std::pair(ee->sources[i - 1], ee->targets[i - 1]),
                std::pair(ee->sources[i], ee->targets[i]));
      EXPECT_NE(ee->sources[i], ee->targets[i]);
    }
    EXPECT_EQ(*std::min_element(ee->delays.begin(), ee->delays.end()), 0u)
        << "a step less than in the program";
    EXPECT_EQ(*std::max_element(ee->delays.begin(), ee->delays.end()), 11u);
    EXPECT_EQ(ee->weights, *simulation.StateByName("ee.w"));
    // Where a variable holds the weights, present ones are listed.
    ASSERT_TRUE(simulation.SetState("ee.w", 3, 3.5).ok());
    ASSERT_TRUE(simulation.Step(100).ok());
    EXPECT_EQ(simulation.Synapses("ee")->weights, *simulation.StateByName("ee.w"));
    EXPECT_NE(simulation.Synapses("ee")->weights, ee->weights);
    const absl::StatusOr<SynapseList> ei = simulation.Synapses("ei");
    ASSERT_TRUE(ei.ok());
    EXPECT_EQ(ei->targets.size(), 70u * 20);
    EXPECT_EQ(ei->delays, std::vector<uint32_t>(70 * 20, 2));
    EXPECT_EQ(simulation.Synapses("ex").status().code(), absl::StatusCode::kNotFound);
  }
}

TEST(Plasticity, StatesOfSynapsesAreSetByNumber) {
  std::vector<std::string> digests;
  for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(3)}) {
    Simulation simulation = Compiled(kPlastic, options);
    ASSERT_TRUE(simulation.Step(50).ok());
    const size_t synapses = simulation.StateByName("ee.w")->size();
    for (const size_t synapse : {size_t{0}, synapses / 2, synapses - 1}) {
      ASSERT_TRUE(simulation.SetState("ee.w", static_cast<uint32_t>(synapse), 3.5).ok());
      EXPECT_EQ((*simulation.StateByName("ee.w"))[synapse], 3.5);
    }
    EXPECT_FALSE(simulation.SetState("ee.w", static_cast<uint32_t>(synapses), 1).ok());
    ASSERT_TRUE(simulation.Step(200).ok());
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("exc")), 100u);
    digests.push_back(simulation.Digest().ToString());
  }
  EXPECT_EQ(digests[1], digests[0]);
  EXPECT_EQ(digests[2], digests[0]);
}

TEST(Plasticity, R10_AFaultNamesTheNeuronsOfTheSynapse) {
  const std::string text = Replaced(kPlastic, "bounds=[0, 4]", "bounds=[0, 1.75]");
  std::vector<std::string> messages;
  for (const EngineOptions& options :
       {Reference(), Accelerated(1), Accelerated(2), Accelerated(3)}) {
    Simulation simulation = Compiled(text, options);
    const absl::Status status = simulation.Step(kSteps);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    messages.emplace_back(status.message());
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("exc")), 10u);
  }
  for (const char* part : {"ee.w of the synapse of projection ee from neuron ",
                           " of exc to neuron ", "above its bound 1.75"}) {
    EXPECT_NE(messages[0].find(part), std::string::npos) << part << " in: " << messages[0];
  }
  for (const std::string& message : messages) EXPECT_EQ(message, messages[0]);
}

}  // namespace
}  // namespace bnsyn
