// What threads that work in step with each other ask of the system's scheduler.
#ifndef BNSYN_RUNTIME_EXCHANGE_THREAD_SETTINGS_H_
#define BNSYN_RUNTIME_EXCHANGE_THREAD_SETTINGS_H_

#ifdef __linux__
#include <sched.h>
#endif

#include <cstdint>
#include <optional>
#include <vector>

namespace bnsyn {

// The cores this thread may run on, ascending; empty where the system does not tell.
std::vector<int> AllowedCores();

// Settings of the calling thread, from construction to destruction, which must be on that thread:
// the former ones then come back. What the system refuses stays as it was.
//
// - Short slices of time. A thread that slept at a barrier then runs again as soon as the last one
//   arrives; with slices of the usual length it would wait for those of other programs to end, some
//   milliseconds for each step. Its share of the core stays what it was. Linux 6.12 and later.
// - If `core` is not negative, that core and no other.
class ThreadSettings {
 public:
  explicit ThreadSettings(int core);
  ~ThreadSettings();
  ThreadSettings(const ThreadSettings&) = delete;
  ThreadSettings& operator=(const ThreadSettings&) = delete;

#ifdef __linux__
 private:
  // The first version of what sched_setattr(2) takes.
  struct Attributes {
    uint32_t size = sizeof(Attributes);
    uint32_t policy = 0;
    uint64_t flags = 0;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 0;  // nanoseconds; of ordinary threads, their slice
    uint64_t deadline = 0;
    uint64_t period = 0;
  };

  std::optional<Attributes> attributes_;  // to come back
  std::optional<cpu_set_t> cores_;
#endif
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_THREAD_SETTINGS_H_
