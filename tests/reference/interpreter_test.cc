#include "reference/interpreter.h"

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "reference/connectivity.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

// A neuron spikes in the step in which at least one unit arrives.
constexpr char kRelay[] = R"(program relay dt=0.1 seed=1
population a size=4
input a.g : a scale=2^-30
state a.got : f64[a] = 0
projection p : a -> a rule=all_to_all weight=1 delay=3
on_pre p {
  %0 = weight : f64[p]
  accumulate a.g, %0
}
step {
  %0 = take a.g : f64[a]
  store a.got, %0
  %1 = ge %0, 1 : bool[a]
  spike a, %1
}
)";

ir::Program Chain() {
  ir::Program program = ParseProgram(kRelay);
  UseList(program, 0, {0, 1, 2}, {1, 2, 3}, {1, 1, 1});
  return program;
}

std::vector<uint32_t> All(uint32_t n) {
  std::vector<uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

class BothPropagations : public testing::TestWithParam<Propagation> {};
INSTANTIATE_TEST_SUITE_P(, BothPropagations,
                         testing::Values(Propagation::kCsr, Propagation::kDense),
                         [](const auto& info) {
                           return info.param == Propagation::kCsr ? "Csr" : "Dense";
                         });

TEST_P(BothPropagations, R4_ADelayIsAWholeNumberOfSteps) {
  const std::unique_ptr<Interpreter> run = Start(Chain(), GetParam());
  ASSERT_TRUE(run->InjectSpikes(0, {0}).ok());  // as if of step -1
  std::vector<std::pair<uint64_t, uint32_t>> spikes;
  for (uint64_t step = 0; step < 12; ++step) {
    ASSERT_TRUE(run->Step().ok());
    for (const uint32_t neuron : Spikes(*run)) spikes.push_back({step, neuron});
  }
  EXPECT_EQ(spikes, (std::vector<std::pair<uint64_t, uint32_t>>{{2, 1}, {5, 2}, {8, 3}}));
}

TEST_P(BothPropagations, R5_InjectedSpikesAreMergedIntoThoseOfTheLastStep) {
  const std::unique_ptr<Interpreter> run = Start(Chain(), GetParam());
  ASSERT_TRUE(run->InjectSpikes(0, {0}).ok());
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(Spikes(*run), std::vector<uint32_t>{1});
  // Neuron 1 did spike in the last step: it is not counted twice. Order and repetition are free.
  ASSERT_TRUE(run->InjectSpikes(0, {2, 0, 2, 1}).ok());
  EXPECT_EQ(Spikes(*run), (std::vector<uint32_t>{0, 1, 2}));
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(Spikes(*run), (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_EQ(F64At(*run, "a.got", 2), 1);

  const absl::Status status = run->InjectSpikes(0, {4});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "no neuron 4 in population a of 4");
}

TEST_P(BothPropagations, R5_ThePairNetworkByHand) {
  ir::Program program = ParseProgram(R"(program pair dt=0.1 seed=42
population exc size=800
state exc.V : f64[exc] = -65
input exc.g : exc scale=2^-33
projection ee : exc -> exc rule=bernoulli p=0.1 stream=1 weight=0.5 delay=15
on_pre ee {
  %0 = weight : f64[ee]
  accumulate exc.g, %0
}
step {
  %0 = load exc.V : f64[exc]
  %1 = take exc.g : f64[exc]
  %2 = fma %1, 0.005, %0 : f64[exc]
  %3 = ge %2, -50 : bool[exc]
  %4 = select %3, -65, %2 : f64[exc]
  store exc.V, %4
  spike exc, %3
}
)");
  // The same network as plain loops over neurons.
  absl::StatusOr<Connectivity> connectivity = Connectivity::Create(program, 0, {});
  ASSERT_TRUE(connectivity.ok());
  const absl::StatusOr<SynapseRows> rows = connectivity->Build(0, 800);
  ASSERT_TRUE(rows.ok());
  std::vector<double> v(800, -65.0);
  std::vector<std::vector<uint32_t>> spikes_of;  // of step s - 1
  const std::unique_ptr<Interpreter> run = Start(program, GetParam());
  uint64_t emitted = 0;
  for (uint64_t step = 0; step < 150; ++step) {
    // Everyone is made to spike for 110 steps, as of the step before each.
    if (step == 0) spikes_of.push_back({});
    if (step < 110) {
      ASSERT_TRUE(run->InjectSpikes(0, All(800)).ok());
      spikes_of[step] = All(800);
    }

    std::vector<double> g(800, 0.0);
    if (step + 1 >= 15) {
      for (const uint32_t source : spikes_of[step + 1 - 15]) {
        for (uint64_t i = rows->begin[source]; i < rows->begin[source + size_t{1}]; ++i) {
          g[rows->targets[i]] += 0.5;  // exact
        }
      }
    }
    std::vector<uint32_t> spikes;
    for (uint32_t i = 0; i < 800; ++i) {
      v[i] = std::fma(g[i], 0.005, v[i]);
      if (v[i] >= -50) {
        v[i] = -65;
        spikes.push_back(i);
      }
    }
    emitted += spikes.size();
    spikes_of.push_back(spikes);

    ASSERT_TRUE(run->Step().ok());
    ASSERT_EQ(Spikes(*run), spikes) << "step " << step;
    for (uint32_t i = 0; i < 800; ++i) {
      ASSERT_EQ(ir::F64OfBits(run->State(0).bits(i)), v[i]) << "step " << step;
    }
  }
  EXPECT_GT(emitted, 700u) << "the network is silent and shows nothing";
  EXPECT_NEAR(static_cast<double>(run->synapses()), 64000, 5 * std::sqrt(64000 * 0.9));
}

TEST(Interpreter, R5_NodesRunInOrder) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program order dt=1 seed=1
population a size=3
state a.x : f64[a] = 1
state a.old : f64[a] = 0
state a.new : f64[a] = 0
state before : i64 = -1i64
state after : i64 = -1i64
step {
  %0 = load a.x : f64[a]
  store a.x, 5
  %1 = load a.x : f64[a]
  store a.old, %0
  store a.new, %1
  %2 = count a : i64
  %3 = index : u32[a]
  %4 = ge %3, 1u32 : bool[a]
  spike a, %4
  %5 = count a : i64
  store before, %2
  store after, %5
}
)"));
  for (int step = 0; step < 2; ++step) {
    ASSERT_TRUE(run->Step().ok());
    EXPECT_EQ(F64At(*run, "a.old", 2), step == 0 ? 1 : 5);  // read before the store
    EXPECT_EQ(F64At(*run, "a.new", 2), 5);                  // read after it
    // Spikes of this step so far; those of the step before do not count.
    EXPECT_EQ(run->State(3).bits(0), ir::Bits{0});
    EXPECT_EQ(run->State(4).bits(0), ir::Bits{2});
  }
}

TEST(Interpreter, R5_EventsOfFilesArriveWithSynapticOnes) {
  ir::Program program = Chain();
  const ir::TableId table = AddTable(program, "ev", {"step", "index", "value"},
                                     {{2, 1, 2, 2}, {1, 3, 1, 0}, {0.5, 4, 0.25, 1}});
  program.events.push_back({"ext", 0, table});
  const ir::TableId plain = AddTable(program, "ones", {"step", "index"}, {{2}, {1}});
  program.events.push_back({"more", 0, plain});
  const std::unique_ptr<Interpreter> run = Start(program);
  ASSERT_TRUE(run->InjectSpikes(0, {0}).ok());  // arrives at neuron 1 in step 2
  ASSERT_TRUE(run->Step().ok());
  EXPECT_TRUE(Spikes(*run).empty());
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "a.got", 3), 4);
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "a.got", 0), 1);
  EXPECT_EQ(F64At(*run, "a.got", 1), 0.5 + 0.25 + 1 + 1);
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "a.got", 1), 0);
}

TEST(Interpreter, R5_KernelsRunAsTheStepDoes) {
  const std::string header = R"(program k dt=1 seed=1
population a size=5
state a.x : f64[a] = 1
state sum : f64 = 0
reduction a.r : a
)";
  const std::unique_ptr<Interpreter> whole = Start(ParseProgram(header + R"(step {
  %0 = load a.x : f64[a]
  %1 = uniform stream=1 draw=0 : f64[a]
  %2 = add %0, %1 : f64[a]
  store a.x, %2
  reduce a.r, %2
  %3 = total a.r : f64
  store sum, %3
}
)"));
  const std::unique_ptr<Interpreter> kernels =
      Start(ParseProgram(header + R"(kernel k0 : a phase=0 {
  %0 = load a.x : f64[a]
  %1 = uniform stream=1 draw=0 : f64[a]
  %2 = add %0, %1 : f64[a]
  store a.x, %2
  reduce a.r, %2
}
kernel k1 : network phase=1 {
  %0 = total a.r : f64
  store sum, %0
}
)"));
  for (int step = 0; step < 3; ++step) {
    ASSERT_TRUE(whole->Step().ok());
    ASSERT_TRUE(kernels->Step().ok());
    EXPECT_EQ(whole->ComputeDigest(), kernels->ComputeDigest());
  }
  EXPECT_GT(F64At(*whole, "sum"), 5);
}

// More synapses than the interpreter takes together.
TEST(Interpreter, R5_AnOnStepBlockRunsOverEverySynapse) {
  constexpr uint32_t kSize = 60;
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program many dt=1 seed=1
population a size=60
state a.sum : f64[a] = 0
state p.w : f64[p] = 0
input a.g : a scale=2^-20
projection p : a -> a rule=all_to_all weight=1 delay=1
on_step p {
  %0 = index_pre : u32[p]
  %1 = convert %0 : f64[p]
  %2 = index_post : u32[p]
  %3 = convert %2 : f64[p]
  %4 = fma %3, 100, %1 : f64[p]
  %5 = load p.w : f64[p]
  %6 = add %5, %4 : f64[p]
  store p.w, %6
  accumulate a.g, %6
}
step {
  run_on_step p
  %0 = take a.g : f64[a]
  store a.sum, %0
}
)"));
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(run->Step().ok());
  for (uint32_t source = 0; source < kSize; ++source) {
    for (uint32_t target = 0; target < kSize; ++target) {
      EXPECT_EQ(F64At(*run, "p.w", source * kSize + target), 3.0 * (100 * target + source));
    }
  }
  for (uint32_t target = 0; target < kSize; ++target) {
    // The sources add up to 59 * 60 / 2.
    EXPECT_EQ(F64At(*run, "a.sum", target), 3.0 * (100 * target * kSize + 1770));
  }
}

// As lowering writes a refractory time of 3 steps.
TEST(Interpreter, R5_ARefractoryNeuronIsHeldForItsSteps) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program refractory dt=1 seed=1
population a size=1
state a.refractory : i32[a] = 0i32
step {
  %0 = load a.refractory : i32[a]
  %1 = eq %0, 0i32 : bool[a]
  %2 = sub %0, 1i32 : i32[a]
  %3 = max %2, 0i32 : i32[a]
  %4 = select %1, 3i32, %3 : i32[a]
  store a.refractory, %4
  spike a, %1
}
)"));
  std::vector<uint64_t> spikes;
  for (uint64_t step = 0; step < 10; ++step) {
    ASSERT_TRUE(run->Step().ok());
    if (!Spikes(*run).empty()) spikes.push_back(step);
  }
  EXPECT_EQ(spikes, (std::vector<uint64_t>{0, 4, 8}));
}

TEST(Interpreter, R9_DenormalsAreKeptAndFlushedDecaysNeverReachThem) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program decay dt=1 seed=1
population a size=1
state a.plain : f64[a] = 1
state a.flushed : f64[a] = 1
step {
  %0 = load a.plain : f64[a]
  %1 = mul %0, 0.5 : f64[a]
  store a.plain, %1
  %2 = load a.flushed : f64[a]
  %3 = mul %2, 0.5 : f64[a]
  %4 = abs %3 : f64[a]
  %5 = lt %4, 1e-290 : bool[a]
  %6 = select %5, 0, %3 : f64[a]
  store a.flushed, %6
}
)"));
  double least = 1;
  for (int step = 0; step < 1074; ++step) {
    ASSERT_TRUE(run->Step().ok());
    const double flushed = F64At(*run, "a.flushed");
    if (flushed != 0) least = flushed;
  }
  EXPECT_EQ(F64At(*run, "a.plain"), 0x1p-1074);
  EXPECT_EQ(F64At(*run, "a.flushed"), 0);
  EXPECT_GE(least, 1e-290);
  EXPECT_LT(least, 2.1e-290);
}

TEST(Interpreter, R3_InitDrawsAtStepZeroAndColumnsStartStates) {
  ir::Program program = ParseProgram(R"(program init dt=1 seed=9
population a size=3
state a.x : f64[a] = 7
state a.y : f64[a] = 0
state a.first : f64[a] = 0
init {
  %0 = load a.x : f64[a]
  %1 = uniform stream=2 draw=0 : f64[a]
  %2 = add %0, %1 : f64[a]
  store a.y, %2
}
step {
  %0 = uniform stream=2 draw=0 : f64[a]
  store a.first, %0
}
)");
  program.states[0].initial_column = ir::ColumnRef{AddTable(program, "x", {"x"}, {{1, 2, 3}}), 0};
  const std::unique_ptr<Interpreter> run = Start(program);
  EXPECT_EQ(F64At(*run, "a.x", 1), 2);
  const double drawn = F64At(*run, "a.y", 1) - 2;
  EXPECT_GT(drawn, 0);
  EXPECT_LT(drawn, 1);
  ASSERT_TRUE(run->Step().ok());
  EXPECT_NEAR(F64At(*run, "a.first", 1), drawn, 1e-15);  // the same point, so the same draw
  EXPECT_NE(F64At(*run, "a.first", 1), F64At(*run, "a.first", 2));
}

TEST(Interpreter, ParametersAndStatesMayBeChangedBetweenSteps) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program tune dt=1 seed=1
population a size=2
param k : f64 = 2 tunable
param fixed : f64 = 2
state a.x : f64[a] = 1
step {
  %0 = load a.x : f64[a]
  %1 = param k : f64
  %2 = mul %0, %1 : f64[a]
  store a.x, %2
}
)"));
  ASSERT_TRUE(run->Step().ok());
  ASSERT_TRUE(run->SetParam(0, ir::BitsOfF64(10)).ok());
  ASSERT_TRUE(run->SetState(0, 1, ir::BitsOfF64(3)).ok());
  ASSERT_TRUE(run->Step().ok());
  EXPECT_EQ(F64At(*run, "a.x", 0), 20);
  EXPECT_EQ(F64At(*run, "a.x", 1), 30);
  EXPECT_EQ(run->SetParam(1, 0).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(run->SetState(0, 2, 0).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Interpreter, DensePropagationRefusesWhatItCannotDo) {
  ir::Program dynamic = ParseProgram(R"(program dynamic dt=1 seed=1
population a size=2
state a.x : f64[a] = 1
input a.g : a scale=2^-20
projection p : a -> a rule=all_to_all weight=1 delay=1
on_pre p {
  %0 = load_pre a.x : f64[p]
  accumulate a.g, %0
}
step {
  %0 = take a.g : f64[a]
  store a.x, %0
}
)");
  const auto refused = Interpreter::Create(dynamic, Propagation::kDense);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Interpreter::Create(dynamic, Propagation::kCsr).ok());

  ir::Program large = ParseProgram(kRelay);
  large.populations[0].size = 30000;
  large.projections[0].rule.kind = ir::RuleKind::kOneToOne;
  const auto too_large = Interpreter::Create(large, Propagation::kDense);
  EXPECT_EQ(too_large.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Interpreter::Create(large, Propagation::kCsr).ok());
}

}  // namespace
}  // namespace bnsyn::reference
