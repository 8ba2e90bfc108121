// The physics-equivalence suite that `bnsyn verify` runs: rows, each of which compares something of
// the accelerated backend with the reference and has a limit.
#ifndef BNSYN_TOOLS_SUITE_H_
#define BNSYN_TOOLS_SUITE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/command.h"
#include "tools/output.h"

namespace bnsyn::tools {

struct SuiteOptions {
  Source source;
  std::vector<std::string> other_builds;  // commands to compare digests with
  // The name of a row: what it compares is made wrong, and it must turn red. Or corrupt-bit, or
  // drop-pass=NAME, which make all runs wrong that are compared by their digests.
  std::string inject;
  std::vector<std::string> skip;  // rows to leave out
  bool every = false;             // passes x widths x threads x cache, in place of each by itself

  bool Skips(absl::string_view row) const;
  bool Injects(absl::string_view row) const { return inject == row; }
};

enum class Verdict { kOk, kRed, kLeftOut };
absl::string_view VerdictName(Verdict verdict);  // "ok", "RED", "left out"

struct SuiteRow {
  std::string name;      // "spike-counts", as --skip and --inject name it
  std::string measured;  // with its unit, or "16 of 16 equal"
  std::string limit;
  Verdict verdict = Verdict::kOk;
  std::string note;  // what it is about; of a red row what is wrong, of one left out why
};

// The names of all rows, in order, with what each compares.
struct RowInfo {
  absl::string_view name;
  absl::string_view compares;
};
absl::Span<const RowInfo> AllRows();

// What was found for one network.
struct SuiteResult {
  std::vector<SuiteRow> rows;
  Json runs = Json::array();  // those that were compared by their digests
  std::string digest;         // of the reference
  std::vector<Rate> rates;
  uint64_t spikes = 0;

  bool good() const;
  void Add(SuiteRow row) { rows.push_back(std::move(row)); }
};

// Runs all rows. If nothing spikes, the row "active" is red and the only one: equal silence proves
// nothing. An error is one of the network or of the options; what a run reports turns a row red.
absl::StatusOr<SuiteResult> RunSuite(const SuiteOptions& options, const Loaded& loaded);

// The parts of it. Both backends side by side: spikes, states, sigma, weights, speed.
absl::Status AddPhysics(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result);
// Every way to run the network: determinism, threads, widths, layouts, passes, cache, builds.
absl::Status AddWays(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result);
// The network at dt, dt/2 and smaller steps: decays, order of convergence, rates, sigma.
absl::Status AddSteps(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result);

// A directory that is removed with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_SUITE_H_
