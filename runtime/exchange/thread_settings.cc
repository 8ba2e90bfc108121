#include "runtime/exchange/thread_settings.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace bnsyn {

#ifdef __linux__
namespace {

// The shortest time slice that Linux gives.
constexpr uint64_t kSliceNanoseconds = 100'000;

}  // namespace

std::vector<int> AllowedCores() {
  std::vector<int> cores;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

ThreadSettings::ThreadSettings(int core) {
  Attributes attributes;
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0 &&
      attributes.policy == SCHED_OTHER) {
    const Attributes former = attributes;
    attributes.runtime = kSliceNanoseconds;
    if (syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) attributes_ = former;
  }
  if (core < 0) return;
  cpu_set_t former;
  if (sched_getaffinity(0, sizeof former, &former) != 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) == 0) cores_ = former;
}

ThreadSettings::~ThreadSettings() {
  if (attributes_) syscall(SYS_sched_setattr, 0, &*attributes_, 0);
  if (cores_) sched_setaffinity(0, sizeof *cores_, &*cores_);
}
#else
std::vector<int> AllowedCores() { return {}; }
ThreadSettings::ThreadSettings(int) {}
ThreadSettings::~ThreadSettings() = default;
#endif

}  // namespace bnsyn
