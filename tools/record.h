// Records variables while a network runs, each in a CSV file.
#ifndef BNSYN_TOOLS_RECORD_H_
#define BNSYN_TOOLS_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/statistics.h"

namespace bnsyn::tools {

// What to record and when.
struct RecordOptions {
  std::vector<std::string> variables;   // "exc.V", "exc.V[0:100]", "left.V", "sigma"
  std::vector<std::string> statistics;  // "ee.w", "ee.w, 0 mV, 1 mV, 20"
  std::string every;                    // the time between samples; empty: each step
  std::string until;                    // the time of the last sample; empty: the whole run

  void AddArguments(Command& command);
};

// Writes states of a simulation, in the internal units (ms, mV, nS, pF, pA), to
// DIRECTORY/VARIABLE.csv. Each row is a sample of the state between two steps: the column time_ms,
// and a column for each neuron, headed by its number. A number is the shortest decimal that reads
// back as the same value. Statistics of variables go to DIRECTORY/VARIABLE.statistics.csv likewise.
// Rows are written as they are sampled, so that memory does not grow; the files get their names
// when they are whole.
class Recorder {
 public:
  // Fails if a variable, its neurons or a time is wrong, or if a file cannot be made. A recorder
  // without variables does nothing.
  static absl::StatusOr<Recorder> Create(const RecordOptions& options, const std::string& directory,
                                         const Simulation& simulation);

  // Runs simulation.Step(steps, control) and samples the state wherever a sample is due, the
  // beginning and the end included.
  absl::Status Step(Simulation& simulation, uint64_t steps, const RunControl& control);
  // Gives the files their names, which it returns.
  absl::StatusOr<std::vector<std::string>> Finish();
  // What statistics are asked for, of the present values.
  absl::StatusOr<std::vector<NamedStatistics>> Statistics(const Simulation& simulation) const;

 private:
  struct Column {
    std::string name;  // of the file, without .csv
    std::string variable;
    std::vector<uint32_t> elements;
    PartialFile file;
  };

  struct Summary {
    StatisticsOption option;
    std::optional<PartialFile> file;  // none without a directory
  };

  absl::Status AddVariable(const std::string& text, const std::string& directory,
                           const Simulation& simulation);
  absl::Status AddStatistics(const std::string& text, const std::string& directory,
                             const Simulation& simulation);
  absl::Status Sample(const Simulation& simulation);
  // Steps from `step` to the next sample after it; UINT64_MAX if there is none.
  uint64_t StepsToSample(uint64_t step) const;

  std::vector<Column> columns_;
  std::vector<Summary> summaries_;
  uint64_t every_ = 1;
  uint64_t until_ = UINT64_MAX;
};

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_RECORD_H_
