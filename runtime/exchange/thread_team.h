// Threads that run the same function and wait for each other at barriers.
#ifndef BNSYN_RUNTIME_EXCHANGE_THREAD_TEAM_H_
#define BNSYN_RUNTIME_EXCHANGE_THREAD_TEAM_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "bnsyn/host_threads.h"

namespace bnsyn {

// How long a thread spins before it sleeps. Spinning fails if the awaited thread has no core to run
// on. After a failure the next waits sleep at once: twice as many after each further failure.
struct SpinPolicy {
  int spins = 0;
  int failures = 0;
  int skip = 0;  // waits that still sleep at once
};

// A word that threads wait on until it changes. They spin at first, since the change is usually
// microseconds away, and then sleep, so that more threads than cores still make progress.
class alignas(64) WaitWord {
 public:
  uint32_t Get() const { return word_.load(std::memory_order_acquire); }
  void Advance() {
    word_.fetch_add(1, std::memory_order_release);
    word_.notify_all();
  }
  // Returns when the word is no longer `old`.
  void Await(uint32_t old, SpinPolicy& policy) const;

 private:
  bool Spin(uint32_t old, int spins) const;

  std::atomic<uint32_t> word_ = 0;
};

// The caller's thread and `threads - 1` workers, or threads of the host, with ThreadSettings while
// they run a job. Only one thread may call it.
class ThreadTeam {
 public:
  // With `pin` each thread stays on a core of its own, if there are enough cores. A `host` is
  // tried: InvalidArgument if it does not run all tasks at the same time, each once, within
  // `patience`.
  static absl::StatusOr<std::unique_ptr<ThreadTeam>> Create(
      int threads, bool pin = false, HostThreads host = nullptr,
      std::chrono::milliseconds patience = std::chrono::minutes(1));
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam();

  int threads() const { return threads_; }

  // Calls function(thread) once on every thread of the team, thread 0 being the caller's unless the
  // host chooses, and returns when all have. Allocates nothing.
  template <typename Function>
  void Run(Function&& function) {
    RunErased(
        [](void* context, int thread) {
          (*static_cast<std::remove_reference_t<Function>*>(context))(thread);
        },
        const_cast<void*>(static_cast<const void*>(&function)));
  }

  // Every thread calls it within Run, with its number. It returns when all threads have called it.
  // What each thread wrote before is then visible to all.
  void Barrier(int thread);

  struct Time {
    double working_seconds = 0;
    double waiting_seconds = 0;  // for other threads
  };
  // The time that a thread has worked and waited within Run since ClearTimes. Call it between runs.
  Time time(int thread) const;
  void ClearTimes();

 private:
  using Job = void (*)(void* context, int thread);
  using Clock = std::chrono::steady_clock;

  // The data of one thread.
  struct alignas(64) Member {
    SpinPolicy policy;        // at barriers
    Clock::time_point began;  // when the thread last began to work
    double working_seconds = 0;
  };

  ThreadTeam(int threads, bool pin, HostThreads host);
  // The core that a thread stays on, or -1.
  int CoreOf(int thread) const;
  void RunErased(Job job, void* context);
  void Work(int thread);
  // Runs the job and waits at the barrier that ends it.
  void RunJob(int thread);
  void WaitForAll(Member& member);

  const int threads_;
  const HostThreads host_;
  const std::function<void(int)> host_task_;
  std::vector<int> cores_;  // to pin threads to; empty if threads may move
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
