// Sums of synaptic input (R6): every engine adds, rounds and counts alike.
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/engines/cases.h"

namespace bnsyn::testing {
namespace {

// Weights that are drawn, one for all, computed while running, in every step and when targets
// spike, and events. All of a spike in every step, a third of b as well.
constexpr char kTail[] = R"(
table ev columns=[step, index, value] values=[3, 7, 2.5, 3, 8, 4, 5, 129, 1e-9]
population a size=150
population b size=130
state a.x : f64[a] = 0.3
state b.sum : f64[b] = 0
projection drawn : a -> b rule=bernoulli p=0.2 stream=7 weight=1 delay=[1, 2]
connect drawn {
  %0 = normal stream=8 draw=0 : f64[drawn]
  %1 = mul %0, SIZE : f64[drawn]
  set_weight %1
  %2 = index_pre : u32[drawn]
  %3 = lt %2, 75u32 : bool[drawn]
  %4 = select %3, 1i64, 2i64 : i64[drawn]
  set_delay %4
}
projection shared : a -> b rule=fixed_in_degree n=5 stream=9 weight=0.3 delay=1
projection computed : a -> b rule=fixed_out_degree n=4 stream=10 weight=0.001 delay=1
events e : b.g table=ev
on_pre drawn {
  %0 = weight : f64[drawn]
  accumulate b.g, %0
}
on_pre shared {
  %0 = weight : f64[shared]
  accumulate b.h, %0
}
on_pre computed {
  %0 = load_pre a.x : f64[computed]
  %1 = weight : f64[computed]
  %2 = mul %0, %1 : f64[computed]
  accumulate b.g, %2
  accumulate b.k, %0
}
on_step computed {
  %0 = load_post b.sum : f64[computed]
  %1 = mul %0, 0.001 : f64[computed]
  accumulate b.k, %1
}
on_post computed {
  %0 = load_pre a.x : f64[computed]
  accumulate b.h, %0
}
step {
  run_on_step computed
  %0 = take b.g : f64[b]
  %1 = take b.h : f64[b]
  %2 = take b.k : f64[b]
  %3 = load b.sum : f64[b]
  %4 = add %0, %1 : f64[b]
  %5 = fma %3, 0.9, %4 : f64[b]
  %6 = add %2, %5 : f64[b]
  store b.sum, %6
  %7 = load a.x : f64[a]
  %8 = mul %7, 0.93 : f64[a]
  store a.x, %8
  %9 = index : u32[a]
  %10 = ge %9, 0u32 : bool[a]
  spike a, %10
  %11 = index : u32[b]
  %12 = lt %11, 40u32 : bool[b]
  spike b, %12
}
)";

ir::Program Summing(const std::string& header, const std::string& inputs, const std::string& size) {
  std::string tail = kTail;
  tail.replace(tail.find("SIZE"), 4, size);
  const size_t at = tail.find("projection drawn");
  tail.insert(at, inputs);
  const absl::StatusOr<ir::Program> program = ir::Parse(header + tail, "summing.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  return *program;
}

using Coarse = std::vector<std::tuple<std::string, std::string, uint64_t, double, double>>;

Coarse CoarseOf(const Simulation& simulation) {
  Coarse result;
  for (const CoarseContributions& c : simulation.report().coarse) {
    result.emplace_back(c.source, c.input, c.count, c.worst, c.value);
  }
  return result;
}

TEST(Sums, R6_EveryEngineCountsTheSameCoarseContributions) {
  const ir::Program program = Summing("program p dt=1 seed=5",
                                      "input b.g : b scale=2^-20\ninput b.h : b scale=2^-4 wide\n"
                                      "input b.k : b scale=2^-12 limit=2^50\n",
                                      "0.5");
  Coarse before, after;
  std::string digest;
  for (const EngineVariant& engine : SomeEngines()) {
    absl::StatusOr<Simulation> simulation = Compile(program, engine.options);
    ASSERT_TRUE(simulation.ok()) << engine.name << ": " << simulation.status();
    const Coarse built = CoarseOf(*simulation);
    ASSERT_TRUE(simulation->Step(20).ok()) << engine.name;
    if (before.empty()) {
      before = built;
      after = CoarseOf(*simulation);
      digest = simulation->Digest().ToString();
      EXPECT_EQ(before.size(), 3u);  // drawn, shared and events
      EXPECT_EQ(after.size(), 6u);   // computed: to each of three inputs
    }
    EXPECT_EQ(built, before) << engine.name;
    EXPECT_EQ(CoarseOf(*simulation), after) << engine.name;
    EXPECT_EQ(simulation->Digest().ToString(), digest) << engine.name;
  }
}

// Weights of 0.5 and of 10^12 in sums of 128 bits, and in those of 64 bits that need all of them.
TEST(Sums, R6_EveryEngineAddsAndRoundsAlike) {
  const ir::Program wide = Summing("program p dt=1 seed=5",
                                   "input b.g : b scale=2^-64 wide\n"
                                   "input b.h : b scale=2^-64 wide\n"
                                   "input b.k : b scale=2^-64 wide\n",
                                   "1e11");
  const ir::Program full = Summing("program p dt=1 seed=5",
                                   "input b.g : b scale=2^-55 limit=2^56\n"
                                   "input b.h : b scale=2^-52 limit=2^52\n"
                                   "input b.k : b scale=2^-50 limit=2^58\n",
                                   "0.5");
  for (const ir::Program& program : {wide, full}) {
    std::string digest;
    for (const EngineVariant& engine : SomeEngines()) {
      absl::StatusOr<Simulation> simulation = Compile(program, engine.options);
      ASSERT_TRUE(simulation.ok()) << engine.name << ": " << simulation.status();
      const absl::Status ran = simulation->Step(20);
      ASSERT_TRUE(ran.ok()) << engine.name << ": " << ran;
      const std::vector<double> sums = *simulation->StateByName("b.sum");
      EXPECT_NE(sums[3], 0);
      EXPECT_NE(sums[3], sums[4]);
      if (digest.empty()) digest = simulation->Digest().ToString();
      EXPECT_EQ(simulation->Digest().ToString(), digest) << engine.name;
    }
  }
}

TEST(Sums, R6_EveryEngineStopsAlikeAtWhatIsCoarseWhereSumsAreStrict) {
  // a.x falls from 0.3 below what b.k holds.
  const ir::Program program = Summing("program p dt=1 seed=5 strict_sums",
                                      "input b.g : b scale=2^-64 wide\n"
                                      "input b.h : b scale=2^-64 wide\n"
                                      "input b.k : b scale=2^-26\n",
                                      "0.5");
  std::string fault;
  for (const EngineVariant& engine : SomeEngines()) {
    absl::StatusOr<Simulation> simulation = Compile(program, engine.options);
    ASSERT_TRUE(simulation.ok()) << engine.name << ": " << simulation.status();
    const std::string stopped(simulation->Step(100).message());
    if (fault.empty()) fault = stopped;
    EXPECT_EQ(stopped, fault) << engine.name;
  }
  EXPECT_NE(fault.find("precision = \"strict\" refuses it"), std::string::npos) << fault;
}

}  // namespace
}  // namespace bnsyn::testing
