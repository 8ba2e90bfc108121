// The processor's counters, of this thread and in its own code, where the system allows it
// (perf_event_open(2)).
#ifndef BNSYN_TOOLS_COUNTERS_H_
#define BNSYN_TOOLS_COUNTERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bnsyn::tools {

struct CounterValue {
  std::string name;  // "cycles"
  double number = 0;
};

class Counters {
 public:
  // Unavailable, with the reason, where the system has no counters or does not let them be read.
  static absl::StatusOr<Counters> Open();
  ~Counters();
  Counters(Counters&& other) noexcept;
  Counters& operator=(Counters&&) = delete;

  // What has been counted since Open.
  std::vector<CounterValue> Read() const;

 private:
  Counters() = default;
  std::vector<std::pair<std::string, int>> events_;  // name and file
};

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_COUNTERS_H_
