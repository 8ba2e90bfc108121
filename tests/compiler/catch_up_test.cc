// Compiled deferred code against the same code compiled to run when it is due: every bit of every
// state, whenever rows are brought up to date.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "compiler/passes/catch_up.h"
#include "emit_testing.h"
#include "kernel_machine.h"

namespace bnsyn::compiler {
namespace {

constexpr uint32_t kSources = 9;
constexpr uint32_t kTargets = 70;

constexpr char kDeclarations[] = R"(program p dt=0.1 seed=7
param k : f64 = 3 tunable
population a size=9
population b size=70
state a.x : f64[a] = 0
state a.x.step : i64[a] = 0i64
state a.c : f64[a] = 0.25
state b.y : f64[b] = 0
state b.c : f64[b] = 0.125
state M : f64 = 0
state ab.w : f64[ab] = 1
state ab.e : f64[ab] = 0
state ab.f : f32[ab] = 0.5f32
state ab.n : i64[ab] = 0i64
state ab.late : bool[ab] = false
input b.g : b scale=2^-30
projection ab : a -> b rule=all_to_all weight=1 delay=1
)";
constexpr char kOnPre[] = R"(on_pre ab {
  %0 = load ab.w : f64[ab]
  accumulate b.g, %0
  %1 = load_post b.y : f64[ab]
  %2 = fma %1, -0.01, %0 : f64[ab]
  store ab.w, %2
  %3 = load ab.e : f64[ab]
  %4 = add %3, %1 : f64[ab]
  store ab.e, %4
  %5 = load_pre a.x : f64[ab]
  %6 = add %5, 1 : f64[ab]
  store_pre a.x, %6
  %7 = step : u64
  %8 = convert %7 : i64
  store_pre a.x.step, %8
}
)";
// Reads all that deferred code of arrivals may read.
constexpr char kOnPost[] = R"(on_post ab delay=1 deferred {
  %0 = load ab.w : f64[ab]
  %1 = load_pre a.x : f64[ab]
  %2 = step : u64
  %3 = convert %2 : i64
  %4 = load_pre a.x.step : i64[ab]
  %5 = sub %3, %4 : i64[ab]
  %6 = convert %5 : f64[ab]
  %7 = mul %6, 0.125 : f64[ab]
  %8 = add %7, 1 : f64[ab]
  %9 = div %1, %8 : f64[ab]
  %10 = load_post b.y : f64[ab]
  %11 = fma %10, 0.03125, %9 : f64[ab]
  %12 = load M : f64
  %13 = mul %12, 0.5 : f64
  %14 = fma %11, %13, %0 : f64[ab]
  %15 = max %14, -3 : f64[ab]
  %16 = min %15, 4 : f64[ab]
  check ab.w, %16
  store ab.w, %16
  %17 = index_post : u32[ab]
  %18 = convert %17 : i64[ab]
  %19 = load ab.n : i64[ab]
  %20 = mul %19, 3i64 : i64[ab]
  %21 = add %20, %18 : i64[ab]
  store ab.n, %21
  %22 = gt %6, 20 : bool[ab]
  %23 = load ab.late : bool[ab]
  %24 = xor %22, %23 : bool[ab]
  store ab.late, %24
  %25 = add %10, 1 : f64[ab]
  store_post b.y, %25
}
)";
constexpr char kOnStep[] = R"(on_step ab deferred {
  %0 = load ab.e : f64[ab]
  %1 = mul %0, 0.9375 : f64[ab]
  check ab.e, %1
  store ab.e, %1
  %2 = load ab.w : f64[ab]
  %3 = load M : f64
  %4 = mul %3, 0.01 : f64
  %5 = fma %0, %4, %2 : f64[ab]
  %6 = load_pre a.c : f64[ab]
  %7 = load_post b.c : f64[ab]
  %8 = mul %6, %7 : f64[ab]
  %9 = step : u64
  %10 = convert %9 : f64
  %11 = mul %10, %8 : f64[ab]
  %12 = fma %11, 0.001, %5 : f64[ab]
  %13 = max %12, -3 : f64[ab]
  %14 = min %13, 4 : f64[ab]
  check ab.w, %14
  store ab.w, %14
}
)";
// Steps of which much may be left out. What lowering writes for R9 is idle mostly.
constexpr char kFalls[] = R"(on_step ab deferred {
  %0 = load ab.w : f64[ab]
  %1 = load ab.e : f64[ab]
  %2 = load M : f64
  %3 = mul %2, 0.01 : f64
  %4 = fma %1, %3, %0 : f64[ab]
  %5 = max %4, LEAST : f64[ab]
  %6 = min %5, 4 : f64[ab]
  %7 = abs %6 : f64[ab]
  %8 = lt %7, 8.900295434028806e-308 : bool[ab]
  %9 = select %8, 0, %6 : f64[ab]
  store ab.w, %9
  %10 = mul %1, 0.875 : f64[ab]
  %11 = abs %10 : f64[ab]
  %12 = lt %11, 1e-290 : bool[ab]
  %13 = select %12, 0, %10 : f64[ab]
  store ab.e, %13
  %14 = load ab.f : f32[ab]
  %15 = convert %14 : f64[ab]
  %16 = mul 0.96875, %15 : f64[ab]
  %17 = abs %16 : f64[ab]
  %18 = lt %17, 1e-30 : bool[ab]
  %19 = select %18, 0, %16 : f64[ab]
  %20 = convert %19 : f32[ab]
  store ab.f, %20
}
)";
constexpr char kDelivery[] = R"(kernel move : b phase=0 {
}
kernel delivery : network phase=1 {
  deliver
}
)";

// Rows of random lengths, one of them empty, and the same synapses by target.
struct Connections {
  std::vector<uint32_t> rows = {0};
  std::vector<uint32_t> targets;
  std::vector<uint32_t> by_target_rows = {0};
  std::vector<uint32_t> places;
  std::vector<uint32_t> sources;

  explicit Connections(std::mt19937& random) {
    std::vector<std::vector<std::pair<uint32_t, uint32_t>>> onto(kTargets);
    for (uint32_t source = 0; source < kSources; ++source) {
      const auto chance = source == 3 ? 0u : random() % 100;
      for (uint32_t target = 0; target < kTargets; ++target) {
        if (random() % 100 >= chance) continue;
        onto[target].push_back({static_cast<uint32_t>(targets.size()), source});
        targets.push_back(target);
      }
      rows.push_back(static_cast<uint32_t>(targets.size()));
    }
    for (const auto& synapses : onto) {
      for (const auto& [place, source] : synapses) {
        places.push_back(place);
        sources.push_back(source);
      }
      by_target_rows.push_back(static_cast<uint32_t>(places.size()));
    }
  }
};

// A program on plain arrays, with synapses.
class Network {
 public:
  Network(KernelMachine machine, const Connections& connections)
      : machine_(std::move(machine)), connections_(connections) {
    const ir::Program& program = machine_.program();
    for (const ir::StateId id : program.SynapseStates(0)) {
      const ir::State& state = program.states[id];
      GroupArray& array =
          synapses_.try_emplace(id, state.type.element, connections.targets.size()).first->second;
      for (size_t i = 0; i < connections.targets.size(); ++i) array.set_bits(i, state.initial);
    }
  }

  KernelMachine& machine() { return machine_; }
  const std::map<ir::StateId, GroupArray>& synapses() const { return synapses_; }
  void Set(size_t synapse, const std::string& name, double value) {
    for (auto& [id, array] : synapses_) {
      const ir::State& state = machine_.program().states[id];
      if (state.name != name) continue;
      const bool narrow = state.type.element == ir::Element::kF32;
      array.set_bits(synapse,
                     narrow ? ir::BitsOfF32(static_cast<float>(value)) : ir::BitsOfF64(value));
    }
  }
  bool fault() const { return fault_; }

  // Runs a function over the rows of these neurons.
  void Run(const ir::Block& block, const std::vector<uint32_t>& neurons, uint64_t step,
           DeferArgs* defer = nullptr) {
    std::vector<void*> slots = machine_.Slots(block);
    for (size_t i = 0; i < block.slots.size(); ++i) {
      if (block.slots[i].kind != ir::AttrKind::kState) continue;
      const auto own = synapses_.find(block.slots[i].index);
      if (own != synapses_.end()) slots[i] = own->second.data();
    }
    const bool by_target = block.kind == ir::BlockKind::kOnPost;
    DeliverArgs args = {};
    args.slots = slots.data();
    args.step = step;
    args.seed = machine_.program().seed;
    args.spikes = neurons.data();
    args.spike_count = static_cast<uint32_t>(neurons.size());
    args.row_begin = by_target ? connections_.by_target_rows.data() : connections_.rows.data();
    args.row_stride = 1;
    args.row_count = 1;
    args.others = by_target ? connections_.sources.data() : connections_.targets.data();
    args.synapses = by_target ? connections_.places.data() : nullptr;
    args.delay = 1;
    args.coarse = tallies_;
    args.defer = defer;
    const DeliverFunction function = machine_.code().deliver(block.code);
    ASSERT_NE(function, nullptr) << block.code;
    function(&args);
    fault_ |= args.fault != 0;
  }

 private:
  KernelMachine machine_;
  const Connections& connections_;
  std::map<ir::StateId, GroupArray> synapses_;
  reference::CoarseTally tallies_[2] = {};
  bool fault_ = false;
};

// What an engine does that defers.
class Deferring {
 public:
  Deferring(Network& network, uint32_t capacity, uint32_t window)
      : network_(network), catch_ups_(FindCatchUps(network.machine().program())) {
    EXPECT_EQ(catch_ups_.size(), 1u);
    arrivals_.resize(kTargets);
    times_.resize(kTargets * capacity);
    values_.resize(times_.size() * deferral().post_captured.size());
    window_.resize(window * deferral().step_captured.size());
    done_.resize(kSources);
    args_.arrivals = arrivals_.data();
    args_.times = times_.data();
    args_.values = values_.data();
    args_.capacity = capacity;
    args_.window = window_.data();
    args_.window_steps = window;
    args_.done = done_.data();
    for (uint32_t source = 0; source < kSources; ++source) all_.push_back(source);
  }

  const Deferral& deferral() const { return catch_ups_[0].deferral; }
  int sweeps() const { return sweeps_; }

  void CatchUpTo(const std::vector<uint32_t>& sources, uint64_t until, uint64_t step) {
    args_.until = until;
    network_.Run(catch_ups_[0].block, sources, step, &args_);
  }
  void Sweep(uint64_t until, uint64_t step) {
    CatchUpTo(all_, until, step);
    ++sweeps_;
  }
  void BeginStep(uint64_t step) {
    const uint32_t least = *std::min_element(done_.begin(), done_.end());
    const uint32_t behind = static_cast<uint32_t>(2 * step) - least;
    if (behind >= 2 * (args_.window_steps - 1)) Sweep(Deferral::Before(step), step);
  }
  void Post(std::vector<uint32_t> targets, uint64_t step) {
    while (!targets.empty()) {
      args_.needed_from = *std::min_element(done_.begin(), done_.end());
      network_.Run(Block(*deferral().post), targets, step, &args_);
      targets.erase(targets.begin(), targets.begin() + args_.taken);
      if (!targets.empty()) Sweep(deferral().TimeOfPost(step), step);
    }
  }
  void Capture(uint64_t step) { network_.Run(Block(*deferral().step), {}, step, &args_); }

 private:
  const ir::Block& Block(size_t number) const {
    return network_.machine().program().synaptic[number];
  }

  Network& network_;
  std::vector<CatchUp> catch_ups_;
  std::vector<Arrivals> arrivals_;
  std::vector<uint32_t> times_, done_, all_;
  std::vector<uint64_t> values_, window_;
  DeferArgs args_ = {};
  int sweeps_ = 0;
};

class CatchUpTest : public EmitTest {
 protected:
  // Runs steps of a program with `blocks` both ways. Returns how often all rows were swept.
  // Where `odd`, the host sets synapses to odd values now and then, and the modulator stays odd for
  // a while.
  int Compare(const std::string& blocks, bool delivers, uint32_t capacity, uint32_t window,
              bool odd = false) {
    constexpr double kOdd[] = {0.0,    -0.0,  5e-324, -1e-310, 1e-300, 1e-250, -1e-140, 1e-70,
                               -1e-60, 1e-28, -1e-20, 1e-16,   0.25,   4,      1e9};
    SCOPED_TRACE(
        absl::StrCat("capacity ", capacity, " window ", window, delivers ? " delivers" : ""));
    const std::string text = absl::StrCat(kDeclarations, blocks, delivers ? kDelivery : "");
    std::mt19937 random(5);
    const Connections connections(random);
    Network due(Compile(absl::StrReplaceAll(text, {{" deferred {", " {"}})), connections);
    Network late(Compile(text), connections);
    Deferring deferring(late, capacity, window);
    const std::vector<ir::Block>& code = due.machine().program().synaptic;
    const std::vector<ir::Block>& late_code = late.machine().program().synaptic;
    const auto neurons = [&](uint32_t size, uint32_t chance) {
      std::vector<uint32_t> list;
      for (uint32_t i = 0; i < size; ++i) {
        while (random() % 1000 < chance) list.push_back(i);
      }
      return list;
    };
    std::vector<uint32_t> sources(kSources);
    for (uint32_t i = 0; i < kSources; ++i) sources[i] = i;
    constexpr uint64_t kFirst = uint64_t{1} << 32;  // what is kept of times loses bits
    constexpr uint64_t kSteps = 300;
    deferring.Sweep(Deferral::Before(kFirst), kFirst);
    const double* steady = nullptr;
    for (uint64_t step = kFirst; step < kFirst + kSteps; ++step) {
      double modulator = static_cast<double>(random() % 64) / 64 - 0.25;
      if (odd && step % 20 == 0)
        steady = random() % 4 != 0 ? &kOdd[random() % std::size(kOdd)] : nullptr;
      if (steady != nullptr) modulator = *steady;
      for (Network* network : {&due, &late}) {
        network->machine().state("M").set_bits(0, ir::BitsOfF64(modulator));
        const uint32_t moved = static_cast<uint32_t>(step % kTargets);
        network->machine().state("b.y").set_bits(moved, ir::BitsOfF64(modulator * 3));
      }
      deferring.BeginStep(step);
      const std::vector<uint32_t> pre = neurons(kSources, 20);
      const std::vector<uint32_t> post = neurons(kTargets, 40);
      const auto steps = [&] {
        for (const ir::Block& block : code) {
          if (block.kind != ir::BlockKind::kOnStep) continue;
          due.Run(block, sources, step);
          deferring.Capture(step);
        }
      };
      if (delivers) steps();
      for (size_t b = 0; b < code.size(); ++b) {
        if (code[b].kind == ir::BlockKind::kOnPre) {
          due.Run(code[b], pre, step);
          deferring.CatchUpTo(pre, deferring.deferral().BeforePre(step), step);
          late.Run(late_code[b], pre, step);
        } else if (code[b].kind == ir::BlockKind::kOnPost) {
          due.Run(code[b], post, step);
          deferring.Post(post, step);
        }
      }
      if (!delivers) steps();
      if (random() % 50 != 0) continue;
      deferring.Sweep(Deferral::Before(step + 1), step + 1);
      for (size_t i = 0; odd && i < connections.targets.size(); ++i) {
        for (const char* name : {"ab.w", "ab.e", "ab.f"}) {
          if (random() % 8 != 0) continue;
          const double value = kOdd[random() % std::size(kOdd)];
          due.Set(i, name, value);
          late.Set(i, name, value);
        }
      }
    }
    deferring.Sweep(Deferral::Before(kFirst + kSteps), kFirst + kSteps);
    EXPECT_FALSE(due.fault());
    EXPECT_FALSE(late.fault());
    ExpectSame(due, late);
    return deferring.sweeps();
  }

  static void ExpectSame(Network& due, Network& late) {
    const ir::Program& program = due.machine().program();
    int changed = 0;
    for (const auto& [id, array] : due.synapses()) {
      const ir::State& state = program.states[id];
      for (size_t i = 0; i < late.synapses().at(id).padded_size(); ++i) {
        ASSERT_EQ(array.bits(i), late.synapses().at(id).bits(i))
            << state.name << " of synapse " << i;
        changed += array.bits(i) != state.initial ? 1 : 0;
      }
    }
    EXPECT_GT(changed, 100);
    for (const char* name : {"a.x", "b.y"}) {
      for (size_t i = 0; i < 9; ++i) {
        EXPECT_EQ(due.machine().state(name).bits(i), late.machine().state(name).bits(i)) << name;
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, CatchUpTest,
                         testing::Values(Variant{1, 0}, Variant{4, 2}, Variant{8, 2},
                                         Variant{16, 2}, Variant{4, 2, true}),
                         Name);

TEST_P(CatchUpTest, Arrivals) {
  const std::string blocks = absl::StrCat(kOnPre, kOnPost);
  EXPECT_LT(Compare(blocks, false, 64, 1024), 10);
  EXPECT_GT(Compare(blocks, false, 4, 1024), 10) << "full rings";
  EXPECT_LT(Compare(blocks, true, 64, 1024), 10);
}

TEST_P(CatchUpTest, ArrivalsBeforeThoseOfSources) {
  Compare(absl::StrCat(kOnPost, kOnPre), false, 16, 1024);
}

TEST_P(CatchUpTest, Steps) {
  const std::string blocks = absl::StrCat(kOnPre, kOnStep);
  Compare(blocks, false, 16, 1024);
  EXPECT_GT(Compare(blocks, false, 16, 16), 15) << "full windows";
  Compare(blocks, true, 16, 1024);
}

TEST_P(CatchUpTest, StepsAndArrivals) {
  for (const bool delivers : {false, true}) {
    Compare(absl::StrCat(kOnPre, kOnStep, kOnPost), delivers, 64, 1024);
    Compare(absl::StrCat(kOnPost, kOnPre, kOnStep), delivers, 8, 64);
  }
}

TEST_P(CatchUpTest, StepsOfWhichMuchIsLeftOut) {
  for (const char* least : {"0", "-1", "0.5"}) {
    const std::string falls = absl::StrReplaceAll(kFalls, {{"LEAST", least}});
    for (const bool odd : {false, true}) {
      Compare(absl::StrCat(kOnPre, falls), false, 16, 1024, odd);
      Compare(absl::StrCat(kOnPre, falls, kOnPost), true, 64, 64, odd);
    }
  }
}

TEST_P(CatchUpTest, DrawsAreThoseOfTheirStep) {
  const std::string post = R"(on_post ab delay=1 deferred {
  %0 = load ab.w : f64[ab]
  %1 = uniform stream=2 draw=0 : f64[ab]
  %2 = add %0, %1 : f64[ab]
  store ab.w, %2
}
)";
  Compare(absl::StrCat(kOnPre, post), false, 16, 1024);
  const std::string step = absl::StrReplaceAll(post, {{"on_post ab delay=1", "on_step ab"}});
  Compare(absl::StrCat(kOnPre, step), false, 16, 1024);
}

TEST_P(CatchUpTest, ChecksThatMayFail) {
  std::mt19937 random(5);
  const Connections connections(random);
  const std::string grows = R"(on_post ab delay=1 deferred {
  %0 = load ab.w : f64[ab]
  %1 = mul %0, 1e200 : f64[ab]
  check ab.w, %1
  store ab.w, %1
}
)";
  Network late(Compile(absl::StrCat(kDeclarations, kOnPre, grows)), connections);
  Deferring deferring(late, 16, 16);
  EXPECT_TRUE(deferring.deferral().checks);
  deferring.Post({2}, 3);
  deferring.Sweep(Deferral::Before(4), 4);
  EXPECT_FALSE(late.fault());
  deferring.Post({2}, 4);
  EXPECT_FALSE(late.fault()) << "it runs later";
  deferring.Sweep(Deferral::Before(5), 5);
  EXPECT_TRUE(late.fault());
}

}  // namespace
}  // namespace bnsyn::compiler
