// Inputs that keep what arrives, and decay (R6): every engine, thread count, width and layout gives
// the same bits, and these are the sums that they stand for.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "networks.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {
namespace {

// Noise a, and neurons b that spike when x + y + z is large; a drives x and z with one weight,
// which count differently, and b its own x and y at once. No thread needs anything but spikes of
// another.
std::string Network(const std::string& delay, const std::string& bounds = "") {
  return absl::Substitute(R"(program decaying dt=0.1 seed=5
population a size=300
population b size=203
state b.x : f64[b] = 2 unit="nS"
state b.y : f64[b] = 0 unit="nS"
state b.n : f64[b] = 0$1
input b.x.in : b scale=2^-26 decay=0.9 period=16 state=b.x
input b.y.in : b scale=2^-22 decay=0.99 period=256 state=b.y
input b.z.in : b scale=2^-26
projection ab : a -> b rule=bernoulli p=0.1 stream=1 weight=0.3 delay=$0
projection bb : b -> b rule=bernoulli p=0.05 stream=2 weight=-0.7 delay=$0
projection az : a -> b rule=bernoulli p=0.01 stream=3 weight=0.3 delay=$0
on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.x.in, %0
}
on_pre bb {
  %0 = weight : f64[bb]
  accumulate b.x.in, %0
  %1 = mul %0, 0.11 : f64[bb]
  accumulate b.y.in, %1
}
on_pre az {
  %0 = weight : f64[az]
  accumulate b.z.in, %0
}
init {
  %0 = normal stream=6 draw=0 : f64[b]
  store b.y, %0
}
step {
  %0 = uniform stream=4 draw=0 : f64[a]
  %1 = lt %0, 0.01 : bool[a]
  spike a, %1
  %2 = held b.x.in : f64[b]
  %3 = scale b.x.in : f64
  %4 = mul %3, %2 : f64[b]
  %5 = held b.y.in : f64[b]
  %6 = scale b.y.in : f64
  %7 = fma %6, %5, %4 : f64[b]
  %8 = take b.z.in : f64[b]
  %9 = add %7, %8 : f64[b]
  %10 = ge %9, 0.8 : bool[b]
  spike b, %10
  %11 = convert %10 : f64[b]
  %12 = load b.n : f64[b]
  %13 = add %12, %11 : f64[b]
  check b.n, %13
  store b.n, %13
}
)",
                          delay, bounds);
}

struct Outcome {
  std::vector<std::string> digests;
  std::vector<std::string> errors;
  std::vector<double> shown;
  uint64_t spikes = 0;
};

// Parts end within periods and at their ends; the host looks and changes things between them.
Outcome RunParts(const std::string& text, const EngineOptions& options) {
  Simulation simulation = Compiled(text, options);
  Outcome outcome;
  for (const uint64_t steps : {1u, 14u, 1u, 16u, 7u, 217u, 500u}) {
    const absl::Status status = simulation.Step(steps);
    outcome.errors.emplace_back(status.message());
    outcome.digests.push_back(simulation.Digest().ToString());
    const std::vector<double> y = *simulation.StateByName("b.y");
    outcome.shown.insert(outcome.shown.end(), y.begin(), y.end());
    EXPECT_TRUE(simulation.SetState("b.x", 100 + static_cast<uint32_t>(steps % 100), 1.25).ok());
    EXPECT_TRUE(simulation.InjectSpikes(*simulation.Population("a"), {3, 200}).ok());
    outcome.digests.push_back(simulation.Digest().ToString());
  }
  outcome.spikes = simulation.SpikeCount(*simulation.Population("b"));
  return outcome;
}

void ExpectLikeReference(const std::string& text, const EngineOptions& options,
                         const Outcome& reference, const std::string& what) {
  const Outcome outcome = RunParts(text, options);
  EXPECT_EQ(outcome.digests, reference.digests) << what;
  EXPECT_EQ(outcome.shown, reference.shown) << what;
  EXPECT_EQ(outcome.errors, reference.errors) << what;
  EXPECT_EQ(outcome.spikes, reference.spikes) << what;
}

class Decay : public testing::TestWithParam<const char*> {};

TEST_P(Decay, R6_EnginesAgree) {
  const std::string text = Network(GetParam());
  const Outcome reference = RunParts(text, Reference());
  ASSERT_GT(reference.spikes, 1000u);
  for (const std::string& error : reference.errors) EXPECT_EQ(error, "");
  for (const int threads : {1, 2, 3, 4}) {
    for (const int width : {0, 1, 2, 4, 16}) {
      ExpectLikeReference(text, Accelerated(threads, width), reference,
                          absl::StrCat(threads, " threads, width ", width));
    }
  }
  for (const absl::string_view layout : LayoutNames()) {
    for (const int threads : {1, 2}) {
      EngineOptions options = Accelerated(threads);
      options.layout = std::string(layout);
      ExpectLikeReference(text, options, reference, options.layout);
    }
  }
  for (const char* pass : {"simplify", "narrow_sums", "expand_math"}) {
    EngineOptions options = Accelerated();
    options.compile.disabled_passes = {pass};
    ExpectLikeReference(text, options, reference, pass);
  }
}

// After a fault in an epoch of several steps, threads restore its beginning.
TEST_P(Decay, R6_FaultsLeaveWhatTheReferenceHolds) {
  const std::string text = Network(GetParam(), " bounds=[0, 2]");
  const Outcome reference = RunParts(text, Reference());
  EXPECT_NE(reference.errors.back().find("b.n"), std::string::npos) << reference.errors.back();
  for (const int threads : {1, 2, 3}) {
    ExpectLikeReference(text, Accelerated(threads), reference, absl::StrCat(threads, " threads"));
  }
}

INSTANTIATE_TEST_SUITE_P(Delays, Decay, testing::Values("1", "7", "1000"));

// Synapses of their own weights may add to a decaying input as well.
TEST(DecayingInputs, R6_TakeWeightsOfTheirOwn) {
  std::string text = Network("3");
  text = Replaced(text, "on_pre ab {", R"(connect ab {
  %0 = normal stream=9 draw=0 : f64[ab]
  %1 = fma %0, 0.05, 0.3 : f64[ab]
  set_weight %1
}
on_pre ab {)");
  const Outcome reference = RunParts(text, Reference());
  ASSERT_GT(reference.spikes, 1000u);
  for (const int threads : {1, 3}) {
    ExpectLikeReference(text, Accelerated(threads), reference, absl::StrCat(threads, " threads"));
  }
}

// Code that connects sees the beginning as it is held: multiples of the quantum.
TEST(DecayingInputs, R6_BeginWithWhatTheyHold) {
  const std::string text = Replaced(Network("3"), "on_pre ab {", R"(connect ab {
  %0 = load_post b.y : f64[ab]
  %1 = mul %0, 4194304 : f64[ab]
  %2 = rint %1 : f64[ab]
  %3 = eq %1, %2 : bool[ab]
  %4 = select %3, 0.3, 100 : f64[ab]
  set_weight %4
}
on_pre ab {)");
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    Simulation simulation = Compiled(text, options);
    ASSERT_TRUE(simulation.Step(100).ok());
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("a")), 100u);
    const std::vector<double> held = *simulation.StateByName("b.x");
    for (const double x : held) EXPECT_LT(x, 50);
  }
}

// Populations whose code is the same but for the decay.
TEST(DecayingInputs, R6_DecayEachAsItSays) {
  const std::string text = R"(program two dt=1 seed=1
population p size=3
population q size=3
state p.x : f64[p] = 8
state p.left : f64[p] = 0
state q.x : f64[q] = 8
state q.left : f64[q] = 0
input p.in : p scale=2^-20 decay=0.5 period=4 state=p.x
input q.in : q scale=2^-20 decay=0.25 period=4 state=q.x
step {
  %0 = held p.in : f64[p]
  %1 = scale p.in : f64
  %2 = mul %1, %0 : f64[p]
  store p.left, %2
  %3 = held q.in : f64[q]
  %4 = scale q.in : f64
  %5 = mul %4, %3 : f64[q]
  store q.left, %5
}
)";
  for (const EngineOptions& options : {Reference(), Accelerated()}) {
    Simulation simulation = Compiled(text, options);
    ASSERT_TRUE(simulation.Step(2).ok());
    EXPECT_EQ((*simulation.StateByName("p.left"))[2], 2);
    EXPECT_EQ((*simulation.StateByName("q.left"))[2], 0.5);
  }
}

// The closed form: each spike's weight, decayed since it arrived.
TEST(DecayingInputs, R6_HoldWhatTheyStandFor) {
  std::string text = Replaced(Network("7"), "rule=bernoulli p=0.1 stream=1", "rule=all_to_all");
  text = Replaced(text, "rule=bernoulli p=0.05 stream=2", "rule=all_to_all");
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    Simulation simulation = Compiled(text, options);
    constexpr uint64_t kSteps = 1500;
    ASSERT_TRUE(simulation.Step(kSteps).ok());
    double x = 2 * std::pow(0.9, kSteps);
    double y = 0;
    double size = x;
    const auto add = [&](const char* population, double to_x, double to_y) {
      const SpikeTrain& train = simulation.Spikes(*simulation.Population(population));
      EXPECT_GT(train.steps.size(), 1000u) << population;
      for (const uint64_t step : train.steps) {
        if (step + 7 >= kSteps) continue;
        const auto since = static_cast<double>(kSteps - (step + 7));
        x += to_x * std::pow(0.9, since);
        y += to_y * std::pow(0.99, since);
        size += std::fabs(to_x) * std::pow(0.9, since);
      }
    };
    add("a", 0.3, 0);
    add("b", -0.7, -0.077);
    EXPECT_NEAR((*simulation.StateByName("b.x"))[202], x, 1e-7 * size);
    // y begins with a draw, of which little is left, and 0.077 is rounded to half a quantum.
    const double rounding = std::ldexp(0.5, -22) / 0.077;
    EXPECT_NEAR((*simulation.StateByName("b.y"))[202], y,
                rounding * -y + 9 * std::pow(0.99, kSteps));
  }
}

TEST(DecayingInputs, R6_RefuseWhatTheyCannotHold) {
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    Simulation simulation = Compiled(Network("1"), options);
    const absl::Status status = simulation.SetState("b.x", 7, 1e12);
    EXPECT_NE(status.message().find("1e+12 is beyond what a decaying input"), std::string::npos)
        << status.message();
    EXPECT_EQ((*simulation.StateByName("b.x"))[7], 2);
  }
  // 2^50 quanta of 2^-26, 1/0.1 times what arrives in a step, and 1/0.9^16 at the end of a period.
  const std::string too_much =
      Replaced(Replaced(Network("1"), "rule=bernoulli p=0.1 stream=1 weight=0.3",
                        "rule=all_to_all weight=1100"),
               "rule=bernoulli p=0.05 stream=2", "rule=one_to_one");
  const std::string just_fits = Replaced(too_much, "weight=1100", "weight=1000");
  std::vector<std::string> refusals;
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    EXPECT_TRUE(Compile(Parsed(just_fits), options).ok());
    refusals.emplace_back(Compile(Parsed(too_much), options).status().message());
    EXPECT_NE(refusals.back().find("may arrive in one step"), std::string::npos) << refusals.back();
  }
  EXPECT_EQ(refusals[0], refusals[1]);
}

}  // namespace
}  // namespace bnsyn
