// The output of a run: its JSON report, and the synapses at its end.
#ifndef BNSYN_TOOLS_OUTPUT_H_
#define BNSYN_TOOLS_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/command.h"

namespace bnsyn::tools {

// Keys keep the order in which they are written.
using Json = nlohmann::ordered_json;

// The result of one run, as `bnsyn run --json` prints it.
struct RunResult {
  std::string backend;
  int threads = 1;
  double dt_ms = 0;
  uint64_t seed = 0;
  std::string network;
  bool interrupted = false;
  double lower_ms = 0;
  uint64_t first_step = 0;  // of the part that was run now
  std::vector<Rate> rates;
  std::vector<std::pair<std::string, double>> uniform;
  std::string digest;
  EngineReport report;
  Json statistics = Json::array();  // of --statistics, at the end
  std::vector<std::string> statistics_lines;
  Json checkpoints = Json::object();  // what they cost; empty for none
  std::string checkpoints_line;
  Json receipt = Json::object();  // see tools/receipt.h; empty for none

  double wall_s() const { return report.run_seconds; }
  double simulated_s() const { return static_cast<double>(report.steps) * dt_ms / 1000; }
  // Of the part that was run now.
  uint64_t steps_run() const { return report.steps - first_step; }
  double updates_per_sec() const;
};
RunResult Summarise(const Loaded& loaded, const Simulation& simulation, const std::string& backend,
                    int threads);
Json ToJson(const RunResult& result);
// JSON as text in lines. Names of files may hold what is no UTF-8; it is replaced.
std::string TextOf(const Json& json);

// Deletes the report of an earlier run, before one of its other files changes: where a report is,
// the files beside it are of its run.
absl::Status RetractReport(const std::string& directory);
// NAME.synapses.csv into `directory`: source and target of each synapse of a projection, its
// present weight, its delay in ms, and its variables. The rule `list` reads it.
absl::Status WriteSynapses(const std::string& directory, const Simulation& simulation,
                           const std::string& projection);
// report.json. It is the last of all files of a run.
absl::Status WriteReport(const std::string& directory, const RunResult& result);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_OUTPUT_H_
