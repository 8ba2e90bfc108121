// Threads that run the same function side by side and meet at barriers.
#ifndef BNSYN_RUNTIME_EXCHANGE_THREAD_TEAM_H_
#define BNSYN_RUNTIME_EXCHANGE_THREAD_TEAM_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/simulation.h"

namespace bnsyn {

// How long a thread is willing to spin before it sleeps. Where spinning was in vain - the thread
// waited for is not running, since there are more threads than free cores - the next waits do
// without, the more of them the more often that happened.
struct Patience {
  int spins = 0;
  int failures = 0;
  int skip = 0;  // waits that are still to do without
};

// A word that threads wait on until it changes: spinning for a while, since the others are usually
// microseconds away, then asleep, so that more threads than cores still make progress.
class alignas(64) WaitWord {
 public:
  uint32_t Get() const { return word_.load(std::memory_order_acquire); }
  void Advance() {
    word_.fetch_add(1, std::memory_order_release);
    word_.notify_all();
  }
  // Returns when the word is no longer `old`.
  void Await(uint32_t old, Patience& patience) const;

 private:
  bool Spin(uint32_t old, int spins) const;

  std::atomic<uint32_t> word_ = 0;
};

// The caller's thread and `threads - 1` workers, with ThreadSettings of their own while they run a
// job. Not itself for use by several threads.
class ThreadTeam {
 public:
  // With `pin` each thread stays on a core of its own, as long as there are enough.
  static absl::StatusOr<std::unique_ptr<ThreadTeam>> Create(int threads, bool pin = false);
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam();

  int threads() const { return threads_; }

  // Calls function(thread) once on every thread of the team, thread 0 being the caller's, and
  // returns when all have. Allocates nothing.
  template <typename Function>
  void Run(Function&& function) {
    RunErased(
        [](void* context, int thread) {
          (*static_cast<std::remove_reference_t<Function>*>(context))(thread);
        },
        const_cast<void*>(static_cast<const void*>(&function)));
  }

  // Called by every thread within Run, with its number: returns when all have called it, and what
  // each wrote before is then visible to all.
  void Barrier(int thread);

  // How long a thread has worked and waited within Run since ClearTimes; to be asked between runs.
  ThreadTime time(int thread) const;
  void ClearTimes();

 private:
  using Job = void (*)(void* context, int thread);
  using Clock = std::chrono::steady_clock;

  // What belongs to one thread.
  struct alignas(64) Member {
    Patience patience;        // at barriers
    Clock::time_point began;  // when it last began to work
    double working_seconds = 0;
  };

  ThreadTeam(int threads, bool pin);
  // The core a thread is to stay on, or -1.
  int CoreOf(int thread) const;
  void RunErased(Job job, void* context);
  void Work(int thread);
  // The job, and the barrier at its end.
  void RunJob(int thread);
  void Meet(Member& member);

  const int threads_;
  std::vector<int> cores_;  // to pin to; empty if threads are to move freely
  std::vector<Member> members_;
  std::vector<std::thread> workers_;
  double run_seconds_ = 0;

  // The job, published by advancing `started_`; a null job ends the workers.
  Job job_ = nullptr;
  void* context_ = nullptr;
  WaitWord started_;

  alignas(64) std::atomic<int> arrived_ = 0;
  WaitWord released_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_THREAD_TEAM_H_
