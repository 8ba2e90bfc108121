// Recording variables while a network runs: one CSV file a variable.
#ifndef BNSYN_TOOLS_RECORD_H_
#define BNSYN_TOOLS_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/command.h"
#include "tools/output.h"

namespace bnsyn::tools {

// What to record and when, as the command line says it.
struct RecordOptions {
  std::vector<std::string> variables;  // "exc.V", "exc.V[0:100]", "sigma"
  std::string every;                   // the time between samples; empty: each step
  std::string until;                   // the time of the last sample; empty: the whole run

  void AddArguments(Command& command);
};

// Writes the state of a simulation, in the internal units (ms, mV, nS, pF, pA), to
// DIRECTORY/VARIABLE.csv: a row is a sample, of the state between two steps, and has the column
// time_ms and one for each neuron, headed by its number. Numbers are the shortest that read back
// as they were. Rows go to disk as they come, so memory does not grow with them; the files get
// their names when they are whole.
class Recorder {
 public:
  // A recorder without variables does nothing. Fails where a variable, its neurons or a time is
  // wrong, or a file cannot be made.
  static absl::StatusOr<Recorder> Create(const RecordOptions& options, const std::string& directory,
                                         const Simulation& simulation);

  // simulation.Step(steps, control), with a sample of the state at the beginning, wherever one is
  // due and, if one is due there, at the end.
  absl::Status Step(Simulation& simulation, uint64_t steps, const RunControl& control);
  // Gives the files their names, which it returns.
  absl::StatusOr<std::vector<std::string>> Finish();

 private:
  struct Column {
    std::string variable;
    size_t first = 0;
    size_t end = 0;
    PartialFile file;
  };

  absl::Status Sample(const Simulation& simulation);
  // Steps from `step` to the next sample after it; UINT64_MAX if there is none.
  uint64_t StepsToSample(uint64_t step) const;

  std::vector<Column> columns_;
  uint64_t every_ = 1;
  uint64_t until_ = UINT64_MAX;
};

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_RECORD_H_
