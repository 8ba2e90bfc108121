// What is put off is done once, in order and in time, whatever the rings hold. The code is written
// by hand here, as kernel_abi.h says.
#include "runtime/deferral/backlog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

using compiler::DeferArgs;
using compiler::Deferral;
using compiler::DeliverArgs;

// 70 sources with two rows each, onto targets 64 to 127, which a thread owns.
constexpr uint32_t kSources = 70;
constexpr uint32_t kRows = 2;
constexpr Range kOwn = {64, 128};
constexpr char kProgram[] = R"(program p dt=0.1 seed=1
population a size=70
population b size=128
state ab.h : u64[ab] = 0u64
projection ab : a -> b rule=bernoulli p=0.2 stream=1 weight=1 delay=1
on_post ab deferred {
  %0 = load ab.h : u64[ab]
  store ab.h, %0
}
on_step ab deferred {
  %0 = load ab.h : u64[ab]
  store ab.h, %0
}
step {
  run_on_step ab
}
)";

uint64_t Mix(uint64_t hash, uint64_t value) { return (hash ^ value) * 0x9e3779b97f4a7c15 + 1; }

// What the code acts on: a hash for each synapse, of all that it has done in order.
struct World {
  std::vector<uint32_t> row_begin;
  std::vector<uint32_t> targets;
  std::vector<uint64_t> hashes;
  uint64_t captured = 0;            // by the on_post code, of its target
  uint64_t uniform = 0;             // by the on_step code
  uint64_t failing = ~uint64_t{0};  // a captured value that fails a check
  bool delivers = false;
  uint64_t longest = 0;  // the longest that a row has lagged, in halves of steps

  void Post(size_t synapse, uint64_t time, uint64_t value) {
    hashes[synapse] = Mix(Mix(hashes[synapse], time), value);
  }
  void Step(size_t synapse, uint64_t time, uint64_t value) {
    hashes[synapse] = Mix(Mix(hashes[synapse], ~time), value);
  }
};
World& WorldOf(const DeliverArgs* args) { return *static_cast<World*>(args->slots[0]); }

void Head(DeliverArgs* args) {
  DeferArgs& defer = *args->defer;
  const auto now = static_cast<uint32_t>(2 * args->step + (WorldOf(args).delivers ? 1 : 0));
  for (defer.taken = 0; defer.taken < args->spike_count; ++defer.taken) {
    const size_t target = args->spikes[defer.taken];
    compiler::Arrivals& arrivals = defer.arrivals[target];
    const size_t entry = target * defer.capacity + (arrivals.count & (defer.capacity - 1));
    EXPECT_TRUE(arrivals.count < defer.capacity ||
                static_cast<int32_t>(defer.times[entry] - defer.needed_from) < 0);
    defer.times[entry] = now;
    defer.values[entry] = WorldOf(args).captured;
    ++arrivals.count;
    arrivals.newest[0] = now;
  }
}

void Capture(DeliverArgs* args) {
  const DeferArgs& defer = *args->defer;
  defer.window[args->step & (defer.window_steps - 1)] = WorldOf(args).uniform;
}

void CatchUpRow(DeliverArgs* args, size_t row) {
  World& world = WorldOf(args);
  const DeferArgs& defer = *args->defer;
  const auto lag = static_cast<int32_t>(static_cast<uint32_t>(defer.until) - defer.done[row]);
  if (lag <= 0) return;
  world.longest = std::max(world.longest, static_cast<uint64_t>(lag));
  for (uint32_t k = args->row_begin[row]; k < args->row_begin[row + 1]; ++k) {
    const size_t target = args->others[k];
    for (uint64_t time = defer.until - static_cast<uint64_t>(lag); time < defer.until; ++time) {
      if ((time & 1) == (world.delivers ? 0 : 1)) {
        world.Step(k, time, defer.window[(time / 2) & (defer.window_steps - 1)]);
        continue;
      }
      const uint32_t count = defer.arrivals[target].count;
      for (uint32_t n = count - std::min(count, defer.capacity); n != count; ++n) {
        const size_t entry = target * defer.capacity + (n & (defer.capacity - 1));
        // Compiled code does all work from the position on, and trusts that none is too late.
        EXPECT_LT(static_cast<int32_t>(defer.times[entry] - static_cast<uint32_t>(defer.until)), 0);
        if (defer.times[entry] != static_cast<uint32_t>(time)) continue;
        world.Post(k, time, defer.values[entry]);
        if (defer.values[entry] == world.failing) args->fault = 1;
      }
    }
  }
  defer.done[row] = static_cast<uint32_t>(defer.until);
}

void CatchUp(DeliverArgs* args) {
  for (uint32_t i = 0; i < args->spike_count; ++i) {
    for (uint64_t row = 0; row < args->row_count; ++row) {
      CatchUpRow(args, args->spikes[i] * args->row_stride + row);
    }
  }
}

// A backlog over random rows, and a second world in which all is done at once.
class Trial {
 public:
  Trial(const HistoryLimits& limits, bool delivers, bool posts_first, uint64_t first_step,
        uint32_t most = 1)
      : program_(Parsed(kProgram)), step_(first_step) {
    std::mt19937 random(17);
    for (uint32_t row = 0; row < kSources * kRows; ++row) {
      eager_.row_begin.push_back(static_cast<uint32_t>(eager_.targets.size()));
      for (uint32_t target = kOwn.begin; target < kOwn.end; ++target) {
        if (random() % 8 == 0) eager_.targets.push_back(target);
      }
    }
    eager_.row_begin.push_back(static_cast<uint32_t>(eager_.targets.size()));
    eager_.hashes.resize(eager_.targets.size());
    eager_.delivers = delivers;
    lazy_ = eager_;

    Deferral deferral = compiler::FindDeferrals(program_)[0];
    deferral.delivers = delivers;
    deferral.posts_first = posts_first;
    deferral.post_captured = {0};
    deferral.step_captured = {0};
    Arena arena;
    HistoryShape shape = ChooseHistory(program_, deferral, 1000, limits);
    shape.most = most;
    absl::StatusOr<History> history =
        History::Create(program_, 0, shape, kOwn, kSources * kRows, arena);
    backlog_ = std::make_unique<Backlog>(deferral, *std::move(history), kSources, kRows);
    const auto call = [&](compiler::DeliverFunction function) {
      DeferredCall result = {function, {&lazy_}, {}, nullptr};
      result.args.row_begin = lazy_.row_begin.data();
      result.args.row_stride = kRows;
      result.args.others = lazy_.targets.data();
      return result;
    };
    backlog_->SetCode(call(&CatchUp), call(&Head), call(&Capture));
    backlog_->Begin(Deferral::Before(step_));
  }

  // One step in which these targets and rows have spikes. Where `clock` is set, something reads all
  // synapses between the halves of the step.
  void Step(const std::vector<uint32_t>& posts, const std::vector<uint32_t>& sources,
            bool clock = false) {
    const Deferral& deferral = backlog_->deferral();
    if (deferral.delivers) StepCode();
    if (deferral.delivers && clock) ExpectEqualBetweenHalves();
    if (deferral.posts_first) Posts(posts);
    for (size_t row = 0; row < kRows; ++row) {
      EXPECT_TRUE(backlog_->CatchUp(sources, row, 1, deferral.BeforePre(step_)));
      for (const uint32_t source : sources) ExpectEqualRow(source * kRows + row);
    }
    if (!deferral.posts_first) Posts(posts);
    if (!deferral.delivers && clock) ExpectEqualBetweenHalves();
    if (!deferral.delivers) StepCode();
    ++step_;
  }
  bool Sweep() { return backlog_->Sweep(Deferral::Before(step_)); }
  void ExpectEqual() const { EXPECT_EQ(lazy_.hashes, eager_.hashes); }
  void Begin() { backlog_->Begin(Deferral::Before(step_)); }

  World& lazy() { return lazy_; }
  Backlog& backlog() { return *backlog_; }
  uint64_t step() const { return step_; }
  bool fine() const { return fine_; }

 private:
  void ExpectEqualBetweenHalves() {
    EXPECT_TRUE(backlog_->Sweep(Deferral::Before(step_) + 1));
    ExpectEqual();
  }
  void ExpectEqualRow(size_t row) const {
    for (uint32_t k = lazy_.row_begin[row]; k < lazy_.row_begin[row + 1]; ++k) {
      ASSERT_EQ(lazy_.hashes[k], eager_.hashes[k]) << "row " << row << " step " << step_;
    }
  }
  void Posts(const std::vector<uint32_t>& posts) {
    lazy_.captured = 1000 + step_;
    fine_ &= backlog_->MakeRoom(posts, step_);
    fine_ &= backlog_->NotePosts(posts, step_);
    const uint64_t time = backlog_->deferral().TimeOfPost(step_);
    for (const uint32_t post : posts) {
      for (size_t k = 0; k < eager_.targets.size(); ++k) {
        if (eager_.targets[k] == post) eager_.Post(k, time, 1000 + step_);
      }
    }
  }
  void StepCode() {
    lazy_.uniform = 7 * step_;
    fine_ &= backlog_->NoteStep(step_);
    const uint64_t time = backlog_->deferral().TimeOfStep(step_);
    for (size_t k = 0; k < eager_.targets.size(); ++k) eager_.Step(k, time, 7 * step_);
  }

  ir::Program program_;
  World eager_;
  World lazy_;
  std::unique_ptr<Backlog> backlog_;
  uint64_t step_;
  bool fine_ = true;
};

std::vector<uint32_t> Some(std::mt19937& random, uint32_t begin, uint32_t end, uint32_t one_in) {
  std::vector<uint32_t> some;
  for (uint32_t i = begin; i < end; ++i) {
    if (random() % one_in == 0) some.push_back(i);
  }
  return some;
}

// Sources 0 to 9 never spike, so that only full histories and sweeps catch up with their rows.
void RunSteps(Trial& trial, uint32_t steps, std::mt19937& random) {
  for (uint32_t i = 0; i < steps; ++i) {
    trial.Step(Some(random, kOwn.begin, kOwn.end, 9), Some(random, 10, kSources, 25));
  }
}

TEST(Backlog, R5_DoesAllInOrder) {
  for (const HistoryLimits limits : {HistoryLimits{}, {1, 1}, {2, 64}, {16, 4}}) {
    for (const bool delivers : {false, true}) {
      for (const bool posts_first : {false, true}) {
        SCOPED_TRACE(testing::Message() << limits.arrivals << " arrivals, " << limits.steps
                                        << " steps, " << delivers << posts_first);
        Trial trial(limits, delivers, posts_first, 0);
        std::mt19937 random(3);
        for (const uint32_t steps : {1u, 2u, 250u, 131u}) {
          RunSteps(trial, steps, random);
          EXPECT_TRUE(trial.Sweep());
          trial.ExpectEqual();
        }
        EXPECT_TRUE(trial.fine());
      }
    }
  }
}

TEST(Backlog, R5_StepsPassTheEndOf32Bits) {
  for (const uint64_t first : {(uint64_t{1} << 31) - 100, (uint64_t{1} << 32) - 100}) {
    Trial trial({4, 16}, false, false, first);
    std::mt19937 random(5);
    RunSteps(trial, 200, random);
    EXPECT_TRUE(trial.Sweep());
    trial.ExpectEqual();
  }
}

TEST(Backlog, R5_SweepsBetweenTheHalvesOfAStep) {
  for (const bool delivers : {false, true}) {
    Trial trial({4, 16}, delivers, false, 0);
    std::mt19937 random(13);
    for (int i = 0; i < 60; ++i) {
      trial.Step(Some(random, kOwn.begin, kOwn.end, 9), Some(random, 10, kSources, 25), i % 7 == 3);
    }
    EXPECT_TRUE(trial.Sweep());
    trial.ExpectEqual();
  }
}

// Two spikes of a neuron in one step are two entries of one time.
TEST(Backlog, R5_NotesSpikesThatRepeat) {
  Trial trial({2, 4}, false, false, 0, /*most=*/2);
  for (int i = 0; i < 20; ++i) trial.Step({70, 70, 71, 90, 90}, {11});
  EXPECT_TRUE(trial.Sweep());
  trial.ExpectEqual();
}

TEST(Backlog, CatchesUpWithLaggingRowsAlone) {
  Trial trial({64, 64}, false, false, 0);
  std::mt19937 random(7);
  RunSteps(trial, 60, random);
  trial.lazy().longest = 0;
  // The window has 64 steps. Row 0 lags behind step 0; row 20 is up to date.
  const std::vector<uint32_t> fresh = {20};
  EXPECT_TRUE(trial.backlog().CatchUp(fresh, 0, 2, Deferral::Before(trial.step())));
  for (int i = 0; i < 5; ++i) trial.Step({}, {});
  EXPECT_GE(trial.lazy().longest, 120u);
  trial.lazy().longest = 0;
  for (int i = 0; i < 10; ++i) trial.Step({}, {});
  EXPECT_EQ(trial.lazy().longest, 0u) << "the sweep left room for more than a step";
  EXPECT_TRUE(trial.Sweep());
  trial.ExpectEqual();
}

TEST(Backlog, BeginsAnew) {
  Trial trial({4, 4}, false, false, 0);
  std::mt19937 random(11);
  RunSteps(trial, 50, random);
  EXPECT_TRUE(trial.Sweep());
  trial.Begin();
  RunSteps(trial, 50, random);
  EXPECT_TRUE(trial.Sweep());
  trial.ExpectEqual();
}

TEST(Backlog, R10_ReportsChecksThatFail) {
  Trial trial({4, 16}, false, false, 0);
  trial.lazy().failing = 1000 + 3;
  for (int i = 0; i < 4; ++i) trial.Step({70}, {});  // as many as a ring holds
  EXPECT_TRUE(trial.fine());
  EXPECT_FALSE(trial.Sweep());
  EXPECT_FALSE(trial.Sweep()) << "until it begins anew";
  trial.Begin();
  EXPECT_TRUE(trial.Sweep());
  trial.ExpectEqual();
}

}  // namespace
}  // namespace bnsyn
