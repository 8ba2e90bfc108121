#include "runtime/exchange/thread_team.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "ir/status_macros.h"
#include "runtime/exchange/thread_settings.h"

namespace bnsyn {
namespace {

// Some tens of microseconds: longer than the threads of a balanced step differ, shorter than a time
// slice of the system.
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// At most 2^6 waits in a row sleep at once.
constexpr int kMostFailures = 6;

// How the first tasks that a host runs have come along.
struct HostTrial {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> calls;  // of each task
  int arrived = 0;
  int met = 0;  // tasks that saw all others arrive
};

// What a host must do, once: it runs all tasks, and each of them meets all others.
absl::Status TryHost(int threads, const HostThreads& host, std::chrono::milliseconds patience) {
  HostTrial trial;
  trial.calls.resize(static_cast<size_t>(threads));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  host(threads, [&](int task) {
    std::unique_lock<std::mutex> lock(trial.mutex);
    if (task >= 0 && task < threads) ++trial.calls[static_cast<size_t>(task)];
    ++trial.arrived;
    trial.changed.notify_all();
    trial.met += trial.changed.wait_until(lock, deadline, [&] { return trial.arrived >= threads; });
  });
  const std::lock_guard<std::mutex> lock(trial.mutex);
  for (int task = 0; task < threads; ++task) {
    const int calls = trial.calls[static_cast<size_t>(task)];
    if (calls == 1) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "host_threads called task(%d) %d times; call each of task(0) to task(%d) once, and return "
        "when all have returned",
        task, calls, threads - 1));
  }
  if (trial.met == threads) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "host_threads did not run its %d tasks at the same time, and they wait for each other; give "
      "it %d threads that are free, or SimulationOptions::threads a smaller number",
      threads, threads));
}

}  // namespace

bool WaitWord::Spin(uint32_t old, int spins) const {
  for (int i = 0; i < spins; ++i) {
    if (Get() != old) return true;
    Pause();
  }
  return false;
}

void WaitWord::Await(uint32_t old, SpinPolicy& policy) const {
  if (policy.skip > 0) {
    --policy.skip;
  } else if (Spin(old, policy.spins)) {
    policy.failures = 0;
    return;
  } else {
    policy.failures = std::min(policy.failures + 1, kMostFailures);
    policy.skip = 1 << policy.failures;
  }
  while (Get() == old) word_.wait(old, std::memory_order_acquire);
}

ThreadTeam::ThreadTeam(int threads, bool pin, HostThreads host)
    : threads_(threads),
      host_(std::move(host)),
      host_task_([this](int thread) {
        const ThreadSettings settings(CoreOf(thread));
        RunJob(thread);
      }),
      members_(static_cast<size_t>(threads)) {
  std::vector<int> cores = AllowedCores();
  // With too few cores, a spinning thread takes the core of the thread it waits for.
  const bool crowded = !cores.empty() && static_cast<size_t>(threads) > cores.size();
  for (Member& member : members_) member.policy.spins = crowded ? 0 : kSpins;
  if (pin) cores_ = std::move(cores);
}

absl::StatusOr<std::unique_ptr<ThreadTeam>> ThreadTeam::Create(int threads, bool pin,
                                                               HostThreads host,
                                                               std::chrono::milliseconds patience) {
  // One thread is the caller's.
  if (threads == 1) host = nullptr;
  auto team = std::unique_ptr<ThreadTeam>(new ThreadTeam(threads, pin, std::move(host)));
  if (team->host_ != nullptr) {
    BNSYN_RETURN_IF_ERROR(TryHost(threads, team->host_, patience));
    return team;
  }
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

int ThreadTeam::CoreOf(int thread) const {
  return cores_.empty() ? -1 : cores_[static_cast<size_t>(thread) % cores_.size()];
}

ThreadTeam::Time ThreadTeam::time(int thread) const {
  const double working = members_[static_cast<size_t>(thread)].working_seconds;
  return {working, std::max(run_seconds_ - working, 0.0)};
}

void ThreadTeam::ClearTimes() {
  run_seconds_ = 0;
  for (Member& member : members_) member.working_seconds = 0;
}

void ThreadTeam::RunErased(Job job, void* context) {
  const Clock::time_point began = Clock::now();
  job_ = job;
  context_ = context;
  if (host_ != nullptr) {
    host_(threads_, host_task_);
  } else {
    std::optional<ThreadSettings> settings;
    if (threads_ > 1) {
      settings.emplace(CoreOf(0));
      started_.Advance();
    }
    RunJob(0);
  }
  run_seconds_ += Seconds(Clock::now() - began);
}

void ThreadTeam::Work(int thread) {
  const ThreadSettings settings(CoreOf(thread));
  SpinPolicy policy = members_[static_cast<size_t>(thread)].policy;
  for (uint32_t seen = 0;; ++seen) {
    started_.Await(seen, policy);
    if (job_ == nullptr) return;
    RunJob(thread);
  }
}

void ThreadTeam::RunJob(int thread) {
  Member& member = members_[static_cast<size_t>(thread)];
  member.began = Clock::now();
  job_(context_, thread);
  WaitForAll(member);
}

void ThreadTeam::Barrier(int thread) {
  if (threads_ > 1) WaitForAll(members_[static_cast<size_t>(thread)]);
}

void ThreadTeam::WaitForAll(Member& member) {
  // Written before the arrival, so that other threads may read it afterwards.
  member.working_seconds += Seconds(Clock::now() - member.began);
  const uint32_t generation = released_.Get();
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    released_.Advance();
  } else {
    released_.Await(generation, member.policy);
  }
  member.began = Clock::now();
}

}  // namespace bnsyn
