#include "runtime/thread_team.h"

#include <algorithm>
#include <system_error>

#include "absl/strings/str_format.h"

namespace bnsyn {
namespace {

// Some tens of microseconds: longer than the threads of a well-balanced step differ, shorter than a
// time slice of the system.
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits in a row that may do without spinning: 2^6.
constexpr int kMostFailures = 6;

}  // namespace

bool WaitWord::Spin(uint32_t old, int spins) const {
  for (int i = 0; i < spins; ++i) {
    if (Get() != old) return true;
    Pause();
  }
  return false;
}

void WaitWord::Await(uint32_t old, Patience& patience) const {
  if (patience.skip > 0) {
    --patience.skip;
  } else if (Spin(old, patience.spins)) {
    patience.failures = 0;
    return;
  } else {
    patience.failures = std::min(patience.failures + 1, kMostFailures);
    patience.skip = 1 << patience.failures;
  }
  while (Get() == old) word_.wait(old, std::memory_order_acquire);
}

ThreadTeam::ThreadTeam(int threads) : threads_(threads), patience_(static_cast<size_t>(threads)) {
  // Spinning takes the core from the thread that is waited for when there are too few cores.
  const unsigned cores = std::thread::hardware_concurrency();
  const bool crowded = cores != 0 && static_cast<unsigned>(threads) > cores;
  for (Patience& patience : patience_) patience.spins = crowded ? 0 : kSpins;
}

absl::StatusOr<std::unique_ptr<ThreadTeam>> ThreadTeam::Create(int threads) {
  auto team = std::unique_ptr<ThreadTeam>(new ThreadTeam(threads));
  try {
    team->workers_.reserve(static_cast<size_t>(threads) - 1);
    for (int t = 1; t < threads; ++t) {
      team->workers_.emplace_back([raw = team.get(), t] { raw->Work(t); });
    }
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("cannot start %d threads: %s", threads, error.what()));
  }
  return team;
}

ThreadTeam::~ThreadTeam() {
  job_ = nullptr;
  started_.Advance();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadTeam::RunErased(Job job, void* context) {
  if (threads_ > 1) {
    job_ = job;
    context_ = context;
    started_.Advance();
  }
  job(context, 0);
  Barrier(0);
}

void ThreadTeam::Work(int thread) {
  Patience patience = patience_[static_cast<size_t>(thread)];
  for (uint32_t seen = 0;; ++seen) {
    started_.Await(seen, patience);
    if (job_ == nullptr) return;
    job_(context_, thread);
    Barrier(thread);
  }
}

void ThreadTeam::Barrier(int thread) {
  if (threads_ == 1) return;
  const uint32_t generation = released_.Get();
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    released_.Advance();
  } else {
    released_.Await(generation, patience_[static_cast<size_t>(thread)]);
  }
}

}  // namespace bnsyn
