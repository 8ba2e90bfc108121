#include "tools/counters.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bnsyn::tools {
namespace {

struct Event {
  const char* name;
  uint64_t config;
};
constexpr Event kEvents[] = {{"cycles", PERF_COUNT_HW_CPU_CYCLES},
                             {"instructions", PERF_COUNT_HW_INSTRUCTIONS},
                             {"cache misses", PERF_COUNT_HW_CACHE_MISSES},
                             {"branch misses", PERF_COUNT_HW_BRANCH_MISSES}};

int OpenEvent(uint64_t config) {
  perf_event_attr attributes = {};
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof(attributes);
  attributes.config = config;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  // Where there are more events than counters, they take turns: values are scaled by the times.
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  constexpr int kThisThread = 0, kAnyProcessor = -1, kNoGroup = -1;
  return static_cast<int>(
      syscall(SYS_perf_event_open, &attributes, kThisThread, kAnyProcessor, kNoGroup, 0UL));
}

}  // namespace

absl::StatusOr<Counters> Counters::Open() {
  Counters counters;
  for (const Event& event : kEvents) {
    const int file = OpenEvent(event.config);
    if (file >= 0) counters.events_.emplace_back(event.name, file);
  }
  if (!counters.events_.empty()) return counters;
  const int error = errno;
  const char* const advice =
      error == EACCES || error == EPERM ? "; /proc/sys/kernel/perf_event_paranoid must be at most 2"
      : error == ENOENT                 ? "; this processor has none, as most virtual machines"
                                        : "";
  return absl::UnavailableError(
      absl::StrCat("no hardware counters: perf_event_open says ", std::strerror(error), advice));
}

Counters::Counters(Counters&& other) noexcept : events_(std::exchange(other.events_, {})) {}

Counters::~Counters() {
  for (const auto& [name, file] : events_) close(file);
}

std::vector<CounterValue> Counters::Read() const {
  struct Reading {
    uint64_t value, enabled, running;
  };
  std::vector<CounterValue> values;
  for (const auto& [name, file] : events_) {
    Reading reading = {};
    if (read(file, &reading, sizeof(reading)) != sizeof(reading) || reading.running == 0) continue;
    values.push_back(
        {name, static_cast<double>(reading.value) * static_cast<double>(reading.enabled) /
                   static_cast<double>(reading.running)});
  }
  return values;
}

}  // namespace bnsyn::tools
