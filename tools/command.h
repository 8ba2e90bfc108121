// What the subcommands share: loading of networks, options, interruption and progress.
#ifndef BNSYN_TOOLS_COMMAND_H_
#define BNSYN_TOOLS_COMMAND_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bnsyn/bnsyn.h"
#include "runtime/simulation_internal.h"
#include "tools/arguments.h"

namespace bnsyn::tools {

// Each adds a subcommand with its arguments and its action.
void AddRun(CommandLine& line);
void AddDump(CommandLine& line);
void AddVerify(CommandLine& line);
void AddCheck(CommandLine& line);
void AddDiff(CommandLine& line);
void AddBench(CommandLine& line);
void AddAnalyse(CommandLine& line);
void AddLists(CommandLine& line);     // ops, models, info
void AddDescribe(CommandLine& line);  // hidden: for what installs the command

// Prints the error on stderr and returns kError.
int Report(const absl::Status& status);

// Stands for standard input in the place of a file.
inline constexpr char kStandardInput[] = "-";

// The network that a subcommand works on, and the values that are changed in it.
struct Source {
  std::string path;               // a network file (.toml), a configuration of SONATA (.json), or
                                  // the text of a program (.ir)
  std::vector<std::string> sets;  // "exc.b=60pA"
  std::string seed;
  std::string duration;
  // What standard input held, once it has been read; copies share it.
  std::shared_ptr<std::optional<std::string>> input =
      std::make_shared<std::optional<std::string>>();

  // Adds the arguments. `duration_help` explains --duration.
  void AddArguments(Command& command, bool required = true,
                    const char* duration_help = "time to run, as in 250ms");
};

// True if the file is the text of a program.
bool IsProgramText(const std::string& path);

// A network as a program, and how long to run it.
struct Loaded {
  std::string name;
  ir::Program program;
  uint64_t steps = 0;
  double lower_ms = 0;          // reading and lowering
  std::vector<Record> records;  // of the network, for the files of --out
};
// Lowers a network with these options, and shows the stages of that to `observer` (may be null).
absl::StatusOr<Loaded> Load(const Source& source, const compiler::CompileOptions& options = {},
                            const compiler::StageObserver& observer = nullptr);
// The network itself, with `sets` applied; not for programs.
absl::StatusOr<Network> LoadNetwork(const Source& source);

// The values that --width takes.
inline const std::vector<std::string> kWidths = {"0", "1", "2", "4", "8", "16"};

// The options of every subcommand that runs a simulation.
struct Machine {
  std::string backend = "reference";
  std::string propagation = "csr";
  int threads = 1;
  bool pin = false;
  int width = 0;
  int optimization = 2;
  bool no_cache = false;
  uint64_t cache_mb = 256;
  bool check_cache = false;
  bool debug = false;
  std::vector<std::string> disabled_passes;
  std::string layout;

  void AddArguments(Command& command, bool with_backend);
  // Spikes are counted, not recorded.
  EngineOptions Options() const;
};

// Runs the command within `run`, which returns the exit code. If memory runs out, or something else
// throws, says so and returns kError, or ends the process with it: the libraries give errors as
// statuses.
int Guarded(const std::function<int()>& run);

// Says on stderr why compiled code was not taken from the cache or not kept there, if it was not.
void NoteCacheProblem(const Simulation& simulation);

// True after Ctrl-C or SIGTERM, if InstallInterrupt was called; the second signal ends the process.
const std::atomic<bool>& Interrupted();
void InstallInterrupt();

// Shows a line with the speed and the time left on stderr; null if that is no terminal.
std::function<void(const Progress&)> ProgressLine(const std::string& what, double dt_ms);
void EndProgressLine();
// The same for the construction of synapses, if it takes more than a second.
std::function<void(double part)> ConstructionLine();

// The steps of `dt` ms of a time that an option gives, at least one.
absl::StatusOr<uint64_t> StepsOf(const char* option, const std::string& time, double dt);

// Mean rate in Hz of each population over the steps run so far, in declaration order.
struct Rate {
  std::string population;
  double hz = 0;
  uint32_t neurons = 0;  // 0 for events that are no spikes
};
std::vector<Rate> Rates(const Simulation& simulation);

// With BNSYN_LOG=1 in the environment, prints a line on stderr for each kernel (its domain, code
// and number of nodes), and one with the time of compilation and the use of the cache.
void LogKernels(const Simulation& simulation);

// Flips one mantissa bit (0 is the lowest) of the first element of the first float state of a
// population, to show that the checks of this command notice it.
absl::Status CorruptBit(Simulation& simulation, int bit);

// All states of the network as a whole by name, without those of a population ("exc.ext.rate").
std::vector<std::pair<std::string, double>> UniformValues(const Simulation& simulation);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_COMMAND_H_
