#include "tests/schedules/seeded_team.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/exchange/thread_team.h"
#include "tests/fuzz/random.h"

namespace bnsyn {
namespace {

// Whose turn it is in a team.
class Turns {
 public:
  Turns(int threads, uint64_t seed) : random_(seed), ready_(static_cast<size_t>(threads), false) {}

  // Thread 0 begins a job, which all threads are ready to run.
  void Begin() {
    std::unique_lock<std::mutex> lock(mutex_);
    Refill();
    PassOn();
    Await(0, lock);
  }
  // The thread waits until its first turn of a job.
  void Await(int thread) {
    std::unique_lock<std::mutex> lock(mutex_);
    Await(thread, lock);
  }
  // The thread has come to a barrier; returns at its first turn behind it.
  void Barrier(int thread) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (left_ == 0) Refill();
    PassOn();
    Await(thread, lock);
  }
  // The thread has come to the end of the job; thread 0 returns when all have.
  void End(int thread) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++ended_;
    if (left_ > 0) PassOn();
    if (thread != 0) {
      changed_.notify_all();
      return;
    }
    changed_.wait(lock, [&] { return ended_ == ready_.size(); });
    ended_ = 0;
  }

  TeamOrder order;

 private:
  void Refill() {
    ready_.assign(ready_.size(), true);
    left_ = ready_.size();
  }
  // Gives the turn to one of the threads that have not had it since the last barrier.
  void PassOn() {
    size_t choice = random_.Below(left_--);
    size_t thread = 0;
    for (;; ++thread) {
      if (ready_[thread] && choice-- == 0) break;
    }
    ready_[thread] = false;
    running_ = static_cast<int>(thread);
    ++order.turns;
    order.hash = (order.hash ^ thread) * 0x100000001b3;
    changed_.notify_all();
  }
  void Await(int thread, std::unique_lock<std::mutex>& lock) {
    changed_.wait(lock, [&] { return running_ == thread; });
    running_ = -1;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  fuzz::Random random_;
  std::vector<bool> ready_;  // to run up to the next barrier
  size_t left_ = 0;          // how many are
  size_t ended_ = 0;
  int running_ = -1;  // the thread whose turn has come, until it takes it
};

// The teams and their seed; a ThreadTeam has no place for them.
struct Registry {
  std::mutex mutex;
  uint64_t seed = 0;
  bool leaves_out_barriers = false;
  TeamOrder order;
  std::map<const ThreadTeam*, std::unique_ptr<Turns>> turns;
};

Registry& Teams() {
  static Registry registry;
  return registry;
}

bool LeavesOutBarriers() {
  const std::lock_guard<std::mutex> lock(Teams().mutex);
  return Teams().leaves_out_barriers;
}

Turns& TurnsOf(const ThreadTeam& team) {
  const std::lock_guard<std::mutex> lock(Teams().mutex);
  return *Teams().turns.at(&team);
}

}  // namespace

void SetTeamSeed(uint64_t seed) {
  const std::lock_guard<std::mutex> lock(Teams().mutex);
  Teams().seed = seed;
  Teams().order = {};
}

void LeaveOutBarriers(bool leave_out) {
  const std::lock_guard<std::mutex> lock(Teams().mutex);
  Teams().leaves_out_barriers = leave_out;
}

TeamOrder OrderOfTeams() {
  const std::lock_guard<std::mutex> lock(Teams().mutex);
  return Teams().order;
}

// Workers sleep until a job is published, and at the end of the team.
void WaitWord::Await(uint32_t old, SpinPolicy&) const {
  while (Get() == old) word_.wait(old, std::memory_order_acquire);
}

ThreadTeam::ThreadTeam(int threads, bool, HostThreads)
    : threads_(threads), members_(static_cast<size_t>(threads)) {
  const std::lock_guard<std::mutex> lock(Teams().mutex);
  Teams().turns[this] = std::make_unique<Turns>(threads, Teams().seed);
}

absl::StatusOr<std::unique_ptr<ThreadTeam>> ThreadTeam::Create(int threads, bool pin, HostThreads,
                                                               std::chrono::milliseconds) {
  auto team = std::unique_ptr<ThreadTeam>(new ThreadTeam(threads, pin, nullptr));
  for (int t = 1; t < threads; ++t) {
    team->workers_.emplace_back([raw = team.get(), t] { raw->Work(t); });
  }
  return team;
}

ThreadTeam::~ThreadTeam() {
  job_ = nullptr;
  started_.Advance();
  for (std::thread& worker : workers_) worker.join();
  const std::lock_guard<std::mutex> lock(Teams().mutex);
  const TeamOrder& order = Teams().turns.at(this)->order;
  Teams().order.turns += order.turns;
  Teams().order.hash = (Teams().order.hash ^ order.hash) * 0x100000001b3;
  Teams().turns.erase(this);
}

ThreadTeam::Time ThreadTeam::time(int) const { return {}; }
void ThreadTeam::ClearTimes() {}

void ThreadTeam::RunErased(Job job, void* context) {
  job_ = job;
  context_ = context;
  started_.Advance();
  TurnsOf(*this).Begin();
  job_(context_, 0);
  TurnsOf(*this).End(0);
}

void ThreadTeam::Work(int thread) {
  SpinPolicy policy;
  for (uint32_t seen = 0;; ++seen) {
    started_.Await(seen, policy);
    if (job_ == nullptr) return;
    RunJob(thread);
  }
}

void ThreadTeam::RunJob(int thread) {
  Turns& turns = TurnsOf(*this);
  turns.Await(thread);
  job_(context_, thread);
  turns.End(thread);
}

void ThreadTeam::Barrier(int thread) {
  if (!LeavesOutBarriers()) TurnsOf(*this).Barrier(thread);
}

}  // namespace bnsyn
