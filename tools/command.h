// What the subcommands share: loading networks, options, interruption, progress.
#ifndef BNSYN_TOOLS_COMMAND_H_
#define BNSYN_TOOLS_COMMAND_H_

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/bnsyn/bnsyn.h"

namespace bnsyn::tools {

// A subcommand registers its options on the application, and what runs when it is chosen: the exit
// code of the process (0 done, 1 the answer is no, 2 an error was reported).
using Action = std::function<int()>;
void AddRun(CLI::App& app, Action& action);
void AddDump(CLI::App& app, Action& action);
void AddVerify(CLI::App& app, Action& action);
void AddDiff(CLI::App& app, Action& action);
void AddBench(CLI::App& app, Action& action);
void AddLists(CLI::App& app, Action& action);  // ops, models, info

inline constexpr int kDone = 0;
inline constexpr int kNo = 1;
inline constexpr int kError = 2;

// Prints the status on stderr in the one look of all errors; returns kError.
int Report(const absl::Status& status);

// Where a network comes from and what is changed in it: the options every subcommand on a network
// takes.
struct Source {
  std::string path;               // a network file (.toml) or the text of a program (.ir)
  std::vector<std::string> sets;  // "exc.b=60pA"
  std::string seed;
  std::string duration;

  void AddOptions(CLI::App& app);
};

// Whether a file is the text of a program.
bool IsProgramText(const std::string& path);

// A network as a program, and how long to run it.
struct Loaded {
  std::string name;
  ir::Program program;
  uint64_t steps = 0;
  double lower_ms = 0;  // reading and lowering
};
// Lowers a network with these options, and shows the stages of that to `observer` (may be null).
absl::StatusOr<Loaded> Load(const Source& source, const compiler::CompileOptions& options = {},
                            const compiler::StageObserver& observer = nullptr);
// The network itself, with `sets` applied; not for programs.
absl::StatusOr<Network> LoadNetwork(const Source& source);

// How a simulation is made: the options of every subcommand that runs one.
struct Machine {
  std::string backend = "reference";
  std::string propagation = "csr";
  int threads = 1;
  bool pin = false;
  int width = 0;
  int optimization = 2;
  bool no_cache = false;
  bool check_cache = false;
  bool debug = false;
  std::vector<std::string> disabled_passes;
  std::string layout;

  void AddOptions(CLI::App& app, bool with_backend);
  // Spikes are counted, not recorded.
  SimulationOptions Options() const;
};

// Set by the first Ctrl-C or SIGTERM after InstallInterrupt; a second one ends the process.
const std::atomic<bool>& Interrupted();
void InstallInterrupt();

// A line with speed and time left on stderr, when that is a terminal; otherwise nothing.
std::function<void(const Progress&)> ProgressLine(const std::string& what, double dt_ms);
void EndProgressLine();
// The same of the construction of synapses, where that takes more than a second.
std::function<void(double part)> ConstructionLine();

// Mean rate in Hz of each population over the steps run so far, in declaration order.
struct Rate {
  std::string population;
  double hz = 0;
};
std::vector<Rate> Rates(const Simulation& simulation);

// With BNSYN_LOG=1 in the environment: a line on stderr for each kernel (what it runs over, its
// code, its nodes), and one with the times of compilation and whether the cache held the code.
void LogKernels(const Simulation& simulation);

// Flips one mantissa bit (0 the lowest) of the first element of the first float state of a
// population: what the checks of this command must notice.
absl::Status CorruptBit(Simulation& simulation, int bit);

// All uniform states but those that populations keep ("exc.ext.rate"), by name.
std::vector<std::pair<std::string, double>> UniformValues(const Simulation& simulation);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_COMMAND_H_
