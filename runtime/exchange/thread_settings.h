// Settings of the system's scheduler for threads that wait for each other.
#ifndef BNSYN_RUNTIME_EXCHANGE_THREAD_SETTINGS_H_
#define BNSYN_RUNTIME_EXCHANGE_THREAD_SETTINGS_H_

#ifdef __linux__
#include <sched.h>
#endif

#include <cstdint>
#include <optional>
#include <vector>

namespace bnsyn {

// The cores that this thread may run on, ascending; empty if the system does not say.
std::vector<int> AllowedCores();

// Settings of the calling thread, from construction to destruction, which must be on that thread
// and restores the former settings. A setting that the system refuses stays as it was.
//
// - Short time slices (Linux 6.12 and later). A thread that slept at a barrier then runs as soon as
//   the last thread arrives. With slices of the usual length it would wait some milliseconds in
//   each step for the slices of other programs to end. Its share of the core does not change.
// - If `core` is not negative, the thread runs on that core alone.
class ThreadSettings {
 public:
  explicit ThreadSettings(int core);
  ~ThreadSettings();
  ThreadSettings(const ThreadSettings&) = delete;
  ThreadSettings& operator=(const ThreadSettings&) = delete;

#ifdef __linux__
 private:
  // The first version of the structure that sched_setattr(2) takes.
  struct Attributes {
    uint32_t size = sizeof(Attributes);
    uint32_t policy = 0;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 0;  // nanoseconds; the time slice of an ordinary thread
    uint64_t deadline = 0;
    uint64_t period = 0;
  };

  std::optional<Attributes> attributes_;  // to restore
  std::optional<cpu_set_t> cores_;
#endif
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_THREAD_SETTINGS_H_
