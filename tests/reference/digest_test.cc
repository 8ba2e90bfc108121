#include "reference/digest.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

TEST(Digest, R11_ItemsAreSummedInAnyOrder) {
  Digest forward, backward, first_half, second_half;
  for (uint32_t i = 0; i < 100; ++i) {
    forward.AddSpike(1, i, 7 * i);
    backward.AddSpike(1, 99 - i, 7 * (99 - i));
    (i < 50 ? first_half : second_half).AddSpike(1, i, 7 * i);
  }
  EXPECT_EQ(forward, backward);
  second_half += first_half;
  EXPECT_EQ(forward, second_half);
  EXPECT_EQ(Digest{}.ToString(), std::string(32, '0'));
  EXPECT_EQ((Digest{0x1, 0xabc}).ToString(), "00000000000000010000000000000abc");
}

TEST(Digest, R11_SpikesOfAStepAreItemsEach) {
  Digest together, each;
  together.AddSpikes(3, 7, {1, 5, 4000000000});
  together.AddSpikes(3, 8, {});
  for (const uint32_t neuron : {1u, 5u, 4000000000u}) each.AddSpike(3, 7, neuron);
  EXPECT_EQ(together, each);
  EXPECT_NE(together, Digest());
}

TEST(Digest, R11_AnyChangeOfAnItemShows) {
  std::set<std::string> digests;
  const auto add = [&](auto fill) {
    Digest digest;
    fill(digest);
    EXPECT_TRUE(digests.insert(digest.ToString()).second) << digests.size();
    EXPECT_NE(digest.high, 0u);
    EXPECT_NE(digest.low, 0u);
  };
  // Small numbers in each place, and each single bit of a value.
  for (uint64_t tag = 0; tag < 10; ++tag) {
    for (uint64_t position = 0; position < 10; ++position) {
      for (uint64_t value = 0; value < 10; ++value) {
        add([&](Digest& d) { d.Add(tag, position, value); });
      }
    }
  }
  for (int bit = 4; bit < 64; ++bit) {
    add([&](Digest& d) { d.Add(0, 0, uint64_t{1} << bit); });
    add([&](Digest& d) { d.Add(0, uint64_t{1} << bit, 0); });
    add([&](Digest& d) { d.Add(uint64_t{1} << bit, 0, 0); });
  }
  add([](Digest& d) { d.AddSpike(0, 5, 6); });
  add([](Digest& d) { d.AddInFlight(0, 5, 6); });
  // Two values that change places.
  add([](Digest& d) { d.Add(0, 0, 1), d.Add(0, 1, 2); });
  add([](Digest& d) { d.Add(0, 0, 2), d.Add(0, 1, 1); });
}

// By the formula of SEMANTICS.md, computed elsewhere.
TEST(Digest, R11_ItemsHaveTheNumbersOfTheFormula) {
  Digest item;
  item.Add(1, 2, 3);
  EXPECT_EQ(item.ToString(), "3ff861ccd4e05d11ed671830066ae2ec");
  Digest spike;  // of population 5 before the first step
  spike.AddSpike(5, ~uint64_t{0}, 7);
  EXPECT_EQ(spike.ToString(), "290d2a23e2383fd453b40373a3b2cbc5");
}

TEST(Digest, R11_HistoriesAreItemsFromTheLatestOn) {
  ir::State state;
  state.history = 2;  // in four places of two elements
  const std::vector<double> values = {0, 1, 10, 11, 20, 21, 30, 31};
  Digest history, items;
  history.AddHistory(3, state, {ir::Element::kF64, values.data(), values.size()}, 5);
  // Step 4 is in place 0, and step 3 in place 3.
  const uint64_t tag = (uint64_t{1} << 32) + 3;
  const double expected[] = {0, 1, 30, 31};
  for (uint64_t position = 0; position < 4; ++position) {
    items.Add(tag, position, ir::BitsOfF64(expected[position]));
  }
  EXPECT_EQ(history, items);
}

TEST(Digest, R10_AllNansCountAsOneAndZerosAsTwo) {
  const auto digest = [](double value) {
    Digest d;
    d.AddState(0, ArrayView{ir::Element::kF64, &value, 1});
    return d;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double other = ir::F64OfBits(0xfff0000000000001);
  EXPECT_EQ(digest(nan), digest(other));
  EXPECT_NE(digest(nan), digest(std::numeric_limits<double>::infinity()));
  EXPECT_NE(digest(0.0), digest(-0.0));
  const float f32 = ir::F32OfBits(0xffc12345);
  const float plain = std::numeric_limits<float>::quiet_NaN();
  Digest a, b;
  a.AddState(3, ArrayView{ir::Element::kF32, &f32, 1});
  b.AddState(3, ArrayView{ir::Element::kF32, &plain, 1});
  EXPECT_EQ(a, b);
}

constexpr char kRing[] = R"(program ring dt=0.1 seed=5
population a size=40
state a.x : f64[a] = 0
state n : i64 = 0i64
temp a.t : f64[a]
input a.g : a scale=2^-30
projection p : a -> a rule=bernoulli p=0.06 stream=1 weight=0.25 delay=2
projection q : a -> a rule=one_to_one weight=0.5 delay=5
on_pre p {
  %0 = weight : f64[p]
  accumulate a.g, %0
}
step {
  %0 = take a.g : f64[a]
  store a.t, %0
  %1 = load a.t : f64[a]
  %2 = uniform stream=3 draw=0 : f64[a]
  %3 = add %1, %2 : f64[a]
  %4 = ge %3, 0.97 : bool[a]
  store a.x, %3
  spike a, %4
  %5 = count a : i64
  store n, %5
}
)";

// The sums of R11, written out here.
Digest ByHand(const Interpreter& run, const std::vector<std::vector<uint32_t>>& spikes_before) {
  Digest digest;
  digest.AddState(0, run.State(0));
  digest.AddState(1, run.State(1));
  for (uint64_t i = 0; i < spikes_before.size(); ++i) {
    const uint64_t step = i - 1;
    for (const uint32_t neuron : spikes_before[i]) {
      digest.AddSpike(0, step, neuron);
      if (step + 5 >= run.step() && step + 5 - run.step() < 5) digest.AddInFlight(0, step, neuron);
    }
  }
  return digest;
}

TEST(Digest, R11_CoversStatesSpikesAndWhatIsInFlight) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(kRing));
  const std::unique_ptr<Interpreter> dense = Start(ParseProgram(kRing), Propagation::kDense);
  const std::vector<uint32_t> injected = {3, 7, 11};
  ASSERT_TRUE(run->InjectSpikes(0, injected).ok());
  ASSERT_TRUE(dense->InjectSpikes(0, injected).ok());
  std::vector<std::vector<uint32_t>> spikes = {injected};  // from step -1 on
  size_t total = 0;
  EXPECT_EQ(run->ComputeDigest(), ByHand(*run, spikes));
  for (int step = 0; step < 200; ++step) {
    ASSERT_TRUE(run->Step().ok());
    ASSERT_TRUE(dense->Step().ok());
    spikes.push_back(Spikes(*run));
    total += spikes.back().size();
    ASSERT_EQ(run->ComputeDigest(), ByHand(*run, spikes)) << "step " << step;
    ASSERT_EQ(run->ComputeDigest(), dense->ComputeDigest()) << "step " << step;
  }
  EXPECT_GT(total, 400u) << "the network is silent and shows nothing";
  EXPECT_LT(total, 6000u) << "the network is saturated and shows little";
}

TEST(Digest, R11_EqualProgramsAndSeedsGiveEqualDigestsAndOthersDoNot) {
  const auto digest = [](ir::Program program, bool corrupt) {
    const std::unique_ptr<Interpreter> run = Start(std::move(program));
    for (int step = 0; step < 50; ++step) EXPECT_TRUE(run->Step().ok());
    if (corrupt) {
      const ir::Bits bits = run->State(0).bits(17);
      EXPECT_TRUE(run->SetState(0, 17, bits ^ 1).ok());
    }
    return run->ComputeDigest();
  };
  const ir::Program program = ParseProgram(kRing);
  EXPECT_EQ(digest(program, false), digest(ParseProgram(ir::Print(program)), false));
  EXPECT_NE(digest(program, false), digest(program, true)) << "one bit of one state";
  ir::Program other = program;
  other.seed = 6;
  EXPECT_NE(digest(program, false), digest(other, false));
}

}  // namespace
}  // namespace bnsyn::reference
