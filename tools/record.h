// The options of `bnsyn run` that say what to record, as records of the library.
#ifndef BNSYN_TOOLS_RECORD_H_
#define BNSYN_TOOLS_RECORD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bnsyn/recorder.h"
#include "recording/record_source.h"
#include "tools/command.h"
#include "tools/output.h"

namespace bnsyn::tools {

// What to record and when.
struct RecordOptions {
  std::vector<std::string> variables;   // "exc.V", "exc.V[0:100]", "left.V", "sigma"
  std::vector<std::string> statistics;  // "ee.w", "ee.w, 0 mV, 1 mV, 20"
  std::string every;                    // the time between samples; empty: each step
  std::string until;                    // the time of the last sample; empty: the whole run
  std::string format = "csv";           // a word of RecordFormatWords()

  void AddArguments(Command& command);
};

// Where `bnsyn run` writes its recording as bytes, in the place of a directory.
inline constexpr char kStandardOutput[] = "-";

// The records that the options ask for: those of variables, then those of statistics. Fails if they
// contradict each other.
absl::StatusOr<std::vector<Record>> RecordsOf(const RecordOptions& options);

// All that a run records into `directory`: its spikes, unless the network has a record of that
// name, what the options ask for, and what the network does.
absl::StatusOr<FileRecorder> StartRecording(Simulation& simulation, const Loaded& loaded,
                                            const RecordOptions& options,
                                            const std::string& directory, int descriptor);

// Statistics at the end of a run, for its report: a JSON object and a line for people.
struct EndStatistics {
  Json json;
  std::string line;
};
absl::StatusOr<EndStatistics> StatisticsAtEnd(const RecordSource& source);
// What they are taken from, by the options; made before the run, so that mistakes are told then.
absl::StatusOr<std::vector<RecordSource>> StatisticsSources(const Simulation& simulation,
                                                            const RecordOptions& options);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_RECORD_H_
