// Threads that run the same function side by side and meet at barriers.
#ifndef BNSYN_RUNTIME_THREAD_TEAM_H_
#define BNSYN_RUNTIME_THREAD_TEAM_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"

namespace bnsyn {

// How long a thread is willing to spin before it sleeps. Where spinning was in vain - the thread
// waited for is not running, since there are more threads than free cores - the next waits do
// without, the more of them the more often that happened.
struct alignas(64) Patience {
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

// The caller's thread and `threads - 1` workers. Not itself for use by several threads.
class ThreadTeam {
 public:
  static absl::StatusOr<std::unique_ptr<ThreadTeam>> Create(int threads);
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

 private:
  using Job = void (*)(void* context, int thread);

  explicit ThreadTeam(int threads);
  void RunErased(Job job, void* context);
  void Work(int thread);

  const int threads_;
  std::vector<Patience> patience_;  // of each thread, at barriers
  std::vector<std::thread> workers_;

  // The job, published by advancing `started_`; a null job ends the workers.
  Job job_ = nullptr;
  void* context_ = nullptr;
  WaitWord started_;

  alignas(64) std::atomic<int> arrived_ = 0;
  WaitWord released_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_THREAD_TEAM_H_
