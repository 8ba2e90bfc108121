// Compares compiled kernels with the interpreter where it runs the same text, else with the
// reference of their parts.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emit_testing.h"
#include "ir/text.h"
#include "kernel_machine.h"
#include "reference/accumulator.h"
#include "reference/interpreter.h"
#include "reference/philox.h"

namespace bnsyn::compiler {
namespace {

using EmitKernelTest = EmitTest;
INSTANTIATE_TEST_SUITE_P(All, EmitKernelTest, testing::ValuesIn(AllVariants()), Name);

// Runs kernels beside the interpreter, which runs the same text, and compares states and spikes.
void CompareWithInterpreter(KernelMachine compiled, int steps) {
  KernelMachine* const machine = &compiled;
  auto interpreter =
      reference::Interpreter::Create(machine->program(), reference::Propagation::kCsr);
  ASSERT_TRUE(interpreter.ok()) << interpreter.status();
  const ir::Program& program = machine->program();
  for (int step = 0; step < steps; ++step) {
    machine->Step();
    const absl::Status status = (*interpreter)->Step();
    ASSERT_EQ(machine->fault(), !status.ok()) << status;
    for (ir::StateId s = 0; s < program.states.size(); ++s) {
      const reference::ArrayView expected = (*interpreter)->State(s);
      for (size_t i = 0; i < expected.size; ++i) {
        ASSERT_TRUE(Same(expected.element, machine->state(s).bits(i), expected.bits(i)))
            << program.states[s].name << " of element " << i << " in step " << step << ": "
            << ir::PrintLiteral(expected.element, machine->state(s).bits(i)) << ", not "
            << ir::PrintLiteral(expected.element, expected.bits(i));
      }
    }
    for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
      const auto expected = (*interpreter)->LastSpikes(p);
      ASSERT_EQ(machine->spikes(p), std::vector<uint32_t>(expected.begin(), expected.end()));
    }
  }
}

TEST_P(EmitKernelTest, SpikesCountsAndSums) {
  // Sizes around whole groups; spikes at every place of a group in turn.
  for (const int size : {1, 63, 64, 65, 127, 128, 200}) {
    CompareWithInterpreter(Compile(absl::StrCat(R"(program p dt=1 seed=9
population p size=)",
                                                size, R"(
state p.x : f64[p] = 1
state p.seen : bool[p] = false
state n : i64 = 0i64
state sum : f64 = 0
reduction p.r : p
kernel p : p phase=0 {
  %0 = load p.x : f64[p]
  %1 = uniform stream=4 draw=0 : f64[p]
  %2 = add %0, %1 : f64[p]
  %3 = gt %2, 2.5 : bool[p]
  %4 = select %3, 0, %2 : f64[p]
  %5 = load p.seen : bool[p]
  %6 = or %5, %3 : bool[p]
  store p.x, %4
  store p.seen, %6
  spike p, %3
  reduce p.r, %2
}
kernel n : network phase=1 {
  %0 = count p : i64
  %1 = total p.r : f64
  store n, %0
  store sum, %1
}
)")),
                           6);
  }
}

TEST_P(EmitKernelTest, AReadAfterAStoreSeesIt) {
  CompareWithInterpreter(Compile(R"(program p dt=1 seed=0
population p size=70
param half : f64 = 0.5 tunable
state p.a : f64[p] = 1
state p.b : f64[p] = 0
kernel p : p phase=0 {
  %0 = param half : f64
  %1 = load p.a : f64[p]
  %2 = mul %1, %0 : f64[p]
  store p.a, %2
  %3 = load p.a : f64[p]
  %4 = add %3, %1 : f64[p]
  store p.b, %4
  store p.a, 3
  %5 = load p.a : f64[p]
  %6 = add %5, %3 : f64[p]
  store p.a, %6
}
)"),
                         3);
}

// Draws of one stream with several numbers, of a second population with the same code, and of the
// network, over steps beyond 32 bits.
TEST_P(EmitKernelTest, RandomBitsOfEveryDomain) {
  KernelMachine machine = Compile(R"(program p dt=1 seed=0xfedcba9876543210
population p size=130
population q size=70
state p.r0 : u32[p] = 0u32
state p.r1 : u32[p] = 0u32
state q.r0 : u32[q] = 0u32
state q.r1 : u32[q] = 0u32
state r : u32 = 0u32
kernel p : p phase=0 {
  %0 = random stream=3 draw=0 : u32[p]
  %1 = random stream=3 draw=5 : u32[p]
  store p.r0, %0
  store p.r1, %1
}
kernel q : q phase=0 {
  %0 = random stream=4 draw=0 : u32[q]
  %1 = random stream=4 draw=5 : u32[q]
  store q.r0, %0
  store q.r1, %1
}
kernel n : network phase=1 {
  %0 = random stream=9 draw=2 : u32
  store r, %0
}
)");
  ASSERT_EQ(machine.program().step[0].code, machine.program().step[1].code);
  machine.step = 0x200000001;
  machine.Step();
  const auto expect = [&](const char* state, uint32_t stream, uint32_t draw, uint32_t i) {
    EXPECT_EQ(machine.state(state).bits(i),
              reference::RandomBits(machine.program().seed, stream, i, 0x200000001, draw))
        << state << " " << i;
  };
  for (uint32_t i = 0; i < 130; ++i) {
    expect("p.r0", 3, 0, i);
    expect("p.r1", 3, 5, i);
  }
  for (uint32_t i = 0; i < 70; ++i) {
    expect("q.r0", 4, 0, i);
    expect("q.r1", 4, 5, i);
  }
  expect("r", 9, 2, 0);
}

constexpr char kTakeProgram[] = R"(program p dt=1 seed=0
population p size=70
state p.x : f64[p] = 0
input p.g : p scale=2^-33
kernel p : p phase=0 {
  %0 = take p.g : f64[p]
  store p.x, %0
}
)";

TEST_P(EmitKernelTest, TakeConvertsAndEmptiesTheInput) {
  for (const int bits : {64, 52}) {
    ir::Program program = PlacedProgram(kTakeProgram);
    program.inputs[0].accumulator.bits = bits;
    KernelMachine machine = Compile(program);
    std::mt19937_64 random(1);
    for (int round = 0; round < 100; ++round) {
      std::vector<int64_t> sums = {
          0, 1, -1, 12345, reference::kMaxExactSum, -7, 1ll << 50, -reference::kMaxExactSum};
      if (bits == 64) sums.insert(sums.end(), {(1ll << 53) + 1, (1ll << 62) - 1, -(1ll << 62)});
      while (sums.size() < 70) {
        const auto number = static_cast<int64_t>(random());
        const auto spare = static_cast<uint64_t>(65 - bits);
        sums.push_back(number >> (spare + random() % 50));
      }
      for (size_t i = 0; i < 70; ++i) {
        machine.input(0).set_bits(i, static_cast<ir::Bits>(sums[i]));
      }
      machine.Step();
      EXPECT_FALSE(machine.fault());
      for (size_t i = 0; i < 70; ++i) {
        EXPECT_EQ(machine.state("p.x").bits(i), ir::BitsOfF64(reference::FromQuanta(sums[i], -33)))
            << sums[i];
        EXPECT_EQ(machine.input(0).bits(i), 0u);
      }
    }
  }
}

TEST_P(EmitKernelTest, R6_TakeConvertsWideSums) {
  ir::Program program = PlacedProgram(kTakeProgram);
  program.inputs[0].accumulator.wide = true;
  KernelMachine machine = Compile(program);
  std::mt19937_64 random(1);
  for (int round = 0; round < 100; ++round) {
    std::vector<reference::Quanta> sums;
    for (int i = 0; i < 70; ++i) {
      const reference::Quanta number = absl::MakeInt128(static_cast<int64_t>(random()), random());
      sums.push_back(number >> static_cast<int>(1 + random() % 126));
      machine.input(0).set_bits(static_cast<size_t>(2 * i), absl::Int128Low64(sums.back()));
      machine.input(0).set_bits(static_cast<size_t>(2 * i + 1),
                                static_cast<uint64_t>(absl::Int128High64(sums.back())));
    }
    machine.Step();
    EXPECT_FALSE(machine.fault());
    for (size_t i = 0; i < 70; ++i) {
      EXPECT_EQ(machine.state("p.x").bits(i), ir::BitsOfF64(reference::FromQuanta(sums[i], -33)))
          << sums[i];
      EXPECT_EQ(machine.input(0).bits(2 * i), 0u);
      EXPECT_EQ(machine.input(0).bits(2 * i + 1), 0u);
    }
  }
  const reference::Quanta limit = reference::LimitsOf({.wide = true}).sum;
  for (const reference::Quanta sum : {limit, limit + 1, -limit - 1, -limit - 2}) {
    machine.input(0).set_bits(5 * 2, absl::Int128Low64(sum));
    machine.input(0).set_bits(5 * 2 + 1, static_cast<uint64_t>(absl::Int128High64(sum)));
    machine.Step();
    EXPECT_EQ(machine.fault(), !reference::LimitsOf({.wide = true}).Holds(sum)) << sum;
  }
}

// What synapses add is not known before running, so no proof covers it.
constexpr char kCheckedTakeProgram[] = R"(program p dt=1 seed=0
population p size=70
state p.x : f64[p] = 0
input p.g : p scale=2^-33
projection e : p -> p rule=one_to_one weight=1 delay=1
on_pre e {
  %0 = load_pre p.x : f64[e]
  accumulate p.g, %0
}
kernel p : p phase=0 {
  %0 = take p.g : f64[p]
  store p.x, %0
}
)";

TEST_P(EmitKernelTest, TakeFaultsWhenTheSumIsTooLarge) {
  for (const int64_t sum :
       {int64_t{1} << 62, -(int64_t{1} << 62) - 1, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min()}) {
    for (const size_t element : std::vector<size_t>{0, 5, 63, 69}) {
      KernelMachine machine = Compile(kCheckedTakeProgram);
      machine.input(0).set_bits(element, static_cast<ir::Bits>(sum));
      machine.Step();
      EXPECT_TRUE(machine.fault()) << sum << " at " << element;
      machine.Step();
      EXPECT_FALSE(machine.fault());
    }
  }
}

// Checks of loaded values, with `stores` behind them.
std::string CheckProgram(const std::string& stores) {
  return absl::StrCat(R"(program p dt=1 seed=0
population p size=70
state p.v : f64[p] = 0 bounds=[-100, 50]
state p.w : f64[p] = 0
state p.f : f32[p] = 0f32
state p.x : f64[p] = 0
state u : f64 = 0 bounds=[-2, 2]
kernel p : p phase=0 {
  %0 = load p.v : f64[p]
  check p.v, %0
  %1 = load p.w : f64[p]
  check p.w, %1
  %2 = load p.f : f32[p]
  check p.f, %2
  %3 = load p.x : f64[p]
  check p.x, %3
)",
                      stores, R"(}
kernel n : network phase=0 {
  %0 = load u : f64
  check u, %0
}
)");
}

void ExpectFaultsOutsideOfTheBoundsAndOnlyThere(KernelMachine compiled) {
  KernelMachine* const machine = &compiled;
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double max = std::numeric_limits<double>::max();
  const auto faults = [&](const char* state, size_t element, ir::Bits value) {
    const ir::Bits before = machine->state(state).bits(element);
    machine->state(state).set_bits(element, value);
    machine->Step();
    machine->state(state).set_bits(element, before);
    return machine->fault();
  };
  const auto f64 = [&](const char* state, size_t element, double value) {
    return faults(state, element, ir::BitsOfF64(value));
  };
  for (const size_t element : std::vector<size_t>{0, 3, 17, 63, 64, 69}) {
    for (const double bad : {inf, -inf, nan}) {
      EXPECT_TRUE(f64("p.v", element, bad));
      EXPECT_TRUE(f64("p.w", element, bad));
      EXPECT_TRUE(f64("p.x", element, bad));
      EXPECT_TRUE(faults("p.f", element, ir::BitsOfF32(static_cast<float>(bad))));
    }
    for (const double good : {max, -max, 0.0, 0x1p-1074}) EXPECT_FALSE(f64("p.w", element, good));
    EXPECT_FALSE(faults("p.f", element, ir::BitsOfF32(std::numeric_limits<float>::max())));
    EXPECT_FALSE(f64("p.v", element, -100));
    EXPECT_FALSE(f64("p.v", element, 50));
    EXPECT_TRUE(f64("p.v", element, std::nextafter(-100, -101)));
    EXPECT_TRUE(f64("p.v", element, std::nextafter(50, 51)));
  }
  // Elements behind the end do not count, neither alone nor beside elements that do.
  EXPECT_FALSE(f64("p.v", 70, 1000));
  EXPECT_FALSE(f64("p.w", 127, nan));
  machine->state("p.w").set_bits(127, ir::BitsOfF64(nan));
  EXPECT_FALSE(f64("p.v", 69, 50));
  EXPECT_TRUE(f64("p.v", 69, 51));
  EXPECT_TRUE(f64("p.x", 64, inf));
  EXPECT_TRUE(f64("p.x", 0, inf));
  for (const double bad : {nan, inf, 2.5, -2.5}) EXPECT_TRUE(f64("u", 0, bad));
  for (const double good : {2.0, -2.0, 0.0}) EXPECT_FALSE(f64("u", 0, good));
}

TEST_P(EmitKernelTest, CheckFaultsOutsideOfTheBoundsAndOnlyThere) {
  ExpectFaultsOutsideOfTheBoundsAndOnlyThere(Compile(CheckProgram("")));
}

TEST_P(EmitKernelTest, DeferredChecksFaultThereToo) {
  ExpectFaultsOutsideOfTheBoundsAndOnlyThere(
      Compile(CheckProgram("  store p.v, %0\n  store p.w, %1\n  store p.f, %2\n")));
  ExpectFaultsOutsideOfTheBoundsAndOnlyThere(
      Compile(CheckProgram("  store p.v, %0\n  store p.w, %1\n  store p.x, %3\n")));
}

}  // namespace
}  // namespace bnsyn::compiler
