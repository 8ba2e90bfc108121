// The arguments and helpers that the files of `bnsyn bench` share.
#ifndef BNSYN_TOOLS_BENCH_H_
#define BNSYN_TOOLS_BENCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/command.h"
#include "tools/output.h"

namespace bnsyn::tools {

struct BenchArguments {
  Source source;
  int threads = 2;
  int width = 0;
  uint64_t warmup = 1000;
  uint64_t steps = 200;
  int repeats = 5;
  bool only_ladder = false;
  bool only_kernels = false;
  bool plan = false;
  bool profile = false;
  std::string save;     // of the profile: where to write it
  std::string compare;  // of the profile: an older one
  std::string vary;     // NAME,NAME,...=VALUE,VALUE,...
  bool json = false;
};

// The time spent in kernels of that kind.
double SecondsIn(const std::vector<KernelTime>& kernels, KernelKind kind);

// The error of a run in which nothing spiked while it was measured.
absl::Status NothingSpiked();

// The receipt of a run of so many threads, which `bnsyn check` can repeat.
Json BenchReceipt(const BenchArguments& arguments, const Loaded& loaded,
                  const Simulation& simulation, int threads);

// Runs the network once for each value of `vary`, on one thread. Prints the cost of a step, and the
// powers of the value, of the neurons and of the events with which it grows.
absl::Status BenchVary(const BenchArguments& arguments);

// Runs the network with and without each row of the plans of its kernels, on one thread, and prints
// how much slower its kernels are without the row.
absl::Status BenchPlan(const BenchArguments& arguments);

// Measures the parts of a step by their roles, the processor's counters, and how near each part is
// to what the machine can do; prints them, saves them, and compares them with an older profile.
// False if some part has become slower, beyond noise.
absl::StatusOr<bool> BenchProfile(const BenchArguments& arguments);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_BENCH_H_
