// What a run leaves: its JSON report, and files written whole or not at all.
#ifndef BNSYN_TOOLS_OUTPUT_H_
#define BNSYN_TOOLS_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
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
  std::vector<Rate> rates;
  std::vector<std::pair<std::string, double>> uniform;
  std::string digest;
  SimulationReport report;

  double wall_s() const { return report.run_seconds; }
  double simulated_s() const { return static_cast<double>(report.steps) * dt_ms / 1000; }
  double updates_per_sec() const;
};
RunResult Summarise(const Loaded& loaded, const Simulation& simulation, const std::string& backend,
                    int threads);
Json ToJson(const RunResult& result);

// Writes `text` to DIR/NAME through a temporary file and a rename, so that no partial file is ever
// seen under its name.
absl::Status WriteWhole(const std::string& directory, const std::string& name,
                        const std::string& text);
// spikes.csv (population, neuron, step, time_ms) and report.json into `directory`, made if missing.
absl::Status WriteRun(const std::string& directory, const Simulation& simulation,
                      const RunResult& result);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_OUTPUT_H_
