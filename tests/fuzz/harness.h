// Runs many trials in child processes, so that a crash or a hang ends one trial and is told.
#ifndef BNSYN_TESTS_FUZZ_HARNESS_H_
#define BNSYN_TESTS_FUZZ_HARNESS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/fuzz/trial.h"

namespace bnsyn::fuzz {

// Makes the input of a seed and tries it.
using Trial = std::function<Verdict(uint64_t seed)>;

struct Failure {
  uint64_t seed = 0;
  std::string reason;
};

struct Report {
  std::map<Outcome, uint64_t> outcomes;
  uint64_t learned = 0;                      // in which a variable of synapses changed
  std::map<std::string, uint64_t> refusals;  // by their reason
  std::vector<Failure> failures;
};

// What one trial may take before it counts as a hang or as a waste of memory.
struct Limits {
  unsigned processor_seconds = 30;
  unsigned wall_seconds = 300;
  uint64_t memory_bytes = uint64_t{4} << 30;  // not under sanitizers, which reserve more
  int jobs = 1;                               // children at a time
};

// Runs the trials of the seeds first, first + 1, ..., `count` of them.
Report RunTrials(uint64_t first, uint64_t count, const Trial& trial, const Limits& limits = {});

// The number of trials with that outcome, and of those that were not refused.
uint64_t Count(const Report& report, Outcome outcome);
uint64_t Valid(const Report& report);

// The counts of a report as a table of one row, and the most frequent reasons of refusals.
std::string Summary(absl::string_view what, const Report& report);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_HARNESS_H_
