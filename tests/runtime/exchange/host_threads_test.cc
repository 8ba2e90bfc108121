// A simulation whose threads are those of the host.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/exchange/thread_team.h"
#include "tests/runtime/allocations.h"
#include "tests/runtime/closed_loop.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

// A pool as a host may have one: each thread waits for a task and runs it.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int t = 0; t < threads; ++t) threads_.emplace_back([this] { Work(); });
  }
  ~Pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void Run(int count, const std::function<void(int)>& task) {
    std::unique_lock<std::mutex> lock(mutex_);
    task_ = &task;
    next_ = 0;
    count_ = left_ = count;
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return left_ == 0; });
  }

  HostThreads threads() {
    return [this](int count, const std::function<void(int)>& task) { Run(count, task); };
  }
  int calls() const { return calls_; }
  // The threads that have run a task.
  size_t used() const { return used_.size(); }

 private:
  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ends_ || next_ < count_; });
      if (ends_) return;
      const int number = next_++;
      const std::function<void(int)>& task = *task_;
      used_.insert(std::this_thread::get_id());
      lock.unlock();
      task(number);
      lock.lock();
      if (--left_ == 0) changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(int)>* task_ = nullptr;
  int next_ = 0;
  int count_ = 0;
  int left_ = 0;
  int calls_ = 0;
  bool ends_ = false;
  std::set<std::thread::id> used_;
  std::vector<std::thread> threads_;
};

EngineOptions OnPool(Pool& pool, int threads) {
  EngineOptions options = Accelerated(threads);
  options.host_threads = pool.threads();
  return options;
}

TEST(HostThreads, GiveTheDigestsOfAnyOthers) {
  for (const char* const text : {kBalanced, kNoisy}) {
    Simulation oracle = Compiled(text, Reference());
    const ClosedLoopResult right = RunClosedLoop(oracle, "exc.V", "exc");
    EXPECT_GT(right.spikes, 50u) << "equal digests of silence prove nothing";
    for (const int threads : {2, 3}) {
      Pool pool(4);
      Simulation simulation = Compiled(text, OnPool(pool, threads));
      EXPECT_EQ(RunClosedLoop(simulation, "exc.V", "exc").digests, right.digests) << threads;
      EXPECT_GT(pool.calls(), 2);
      EXPECT_GE(pool.used(), static_cast<size_t>(threads));
    }
  }
}

// Two threads of the host each run a simulation, on pools of their own.
TEST(HostThreads, RunTwoSimulationsAtOnce) {
  Simulation oracle = Compiled(kNoisy, Reference());
  ASSERT_TRUE(oracle.Step(2000).ok());
  std::vector<std::string> digests(2);
  std::vector<std::thread> hosts;
  for (std::string& digest : digests) {
    hosts.emplace_back([&digest] {
      Pool pool(2);
      Simulation simulation = Compiled(kNoisy, OnPool(pool, 2));
      if (simulation.Step(2000).ok()) digest = simulation.Digest().ToString();
    });
  }
  for (std::thread& host : hosts) host.join();
  EXPECT_GT(oracle.report().spikes, 50u);
  for (const std::string& digest : digests) EXPECT_EQ(digest, oracle.Digest().ToString());
}

TEST(HostThreads, TakeNoMemoryForAStep) {
  Pool pool(2);
  EngineOptions options = OnPool(pool, 2);
  options.record_spikes = false;
  Simulation simulation = Compiled(kBalanced, options);
  ASSERT_TRUE(simulation.Step(10).ok());
  const uint64_t before = Allocations();
  ASSERT_TRUE(simulation.Step(100).ok());
  EXPECT_EQ(Allocations(), before);
}

TEST(HostThreads, AreNotAskedForOneThread) {
  Pool pool(1);
  Simulation simulation = Compiled(kBalanced, OnPool(pool, 1));
  ASSERT_TRUE(simulation.Step(10).ok());
  EXPECT_EQ(pool.calls(), 0);
}

// A host that does not do what it must is refused with a message that has this part.
void ExpectRefused(const HostThreads& host, std::chrono::milliseconds patience,
                   const std::string& part) {
  const absl::Status status = ThreadTeam::Create(3, /*pin=*/false, host, patience).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
}

TEST(HostThreads, ThatCannotRunTasksTogetherAreRefused) {
  const HostThreads one_by_one = [](int count, const std::function<void(int)>& task) {
    for (int t = 0; t < count; ++t) task(t);
  };
  ExpectRefused(one_by_one, std::chrono::milliseconds(10),
                "did not run its 3 tasks at the same time");
}

TEST(HostThreads, ThatForgetTasksAreRefused) {
  const HostThreads idle = [](int, const std::function<void(int)>&) {};
  ExpectRefused(idle, std::chrono::milliseconds(10), "called task(0) 0 times");
  const HostThreads twice = [](int count, const std::function<void(int)>& task) {
    std::vector<std::thread> threads;
    for (int t = 0; t < count; ++t) threads.emplace_back([&task, t] { task(std::min(t, 1)); });
    for (std::thread& thread : threads) thread.join();
  };
  ExpectRefused(twice, std::chrono::minutes(1), "called task(1) 2 times");
}

}  // namespace
}  // namespace bnsyn
