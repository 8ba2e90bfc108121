#include "tools/command.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/prepare.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "ir/text.h"

namespace bnsyn::tools {
namespace {

// A signal handler can only use an object of static storage.
std::atomic<bool>& InterruptFlag() {
  static std::atomic<bool> flag{false};
  return flag;
}

void OnInterrupt(int signal) {
  if (InterruptFlag().exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

// The network of a file, or of standard input.
absl::StatusOr<Network> ReadNetworkOf(const Source& source) {
  if (std::filesystem::path(source.path).extension() == ".json") return ReadSonata(source.path);
  if (source.path != kStandardInput) return ReadNetwork(source.path);
  if (!source.input->has_value()) {
    BNSYN_ASSIGN_OR_RETURN(*source.input, ir::ReadStandardInput(ir::kMostDescription));
  }
  return ParseNetwork(**source.input, "stdin");
}

// Without memory of its own.
void SayOutOfMemory() {
  std::fputs("error: the system refused memory; end other programs, or make the network smaller\n",
             stderr);
}

// Where an exception meets a destructor.
void EndWithoutMemory() {
  try {
    if (std::current_exception() != nullptr) std::rethrow_exception(std::current_exception());
  } catch (const std::bad_alloc&) {
    SayOutOfMemory();
    ::_exit(kError);
  } catch (...) {
    // Not foreseen.
  }
  std::abort();
}

double MillisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

bool IsProgramText(const std::string& path) {
  return std::filesystem::path(path).extension() == ".ir";
}

int Report(const absl::Status& status) {
  const std::string message(status.message());
  // Diagnostics carry their own "error:" behind the place.
  const bool placed = message.find("error: ") != std::string::npos;
  std::fprintf(stderr, "%s%s\n", placed ? "" : "error: ", message.c_str());
  return kError;
}

int Guarded(const std::function<int()>& run) {
  // Destructors of JSON need memory, and where it is refused no one can catch that.
  const std::terminate_handler before = std::set_terminate(&EndWithoutMemory);
  const absl::Cleanup restore = [before] { std::set_terminate(before); };
  try {
    return run();
  } catch (const std::bad_alloc&) {
    SayOutOfMemory();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
  }
  return kError;
}

void Source::AddArguments(Command& command, bool required, const char* duration_help) {
  command.Add({.name = "network",
               .value = &path,
               .help = "a network file (.toml), a configuration of SONATA (.json), a program's text "
                       "(.ir), or - for a network on standard input",
               .type = "FILE",
               .required = required});
  command.Add({.name = "--set",
               .value = &sets,
               .help = "change a value, as in --set N=1000 --set exc.b=60pA; repeatable",
               .type = "NAME=VALUE"});
  command.Add({.name = "--seed", .value = &seed, .help = "seed of all randomness", .type = "S"});
  command.Add({.name = "--duration", .value = &duration, .help = duration_help, .type = "TIME"});
}

absl::StatusOr<Network> LoadNetwork(const Source& source) {
  BNSYN_ASSIGN_OR_RETURN(Network network, ReadNetworkOf(source));
  std::vector<std::string> sets = source.sets;
  if (!source.seed.empty()) sets.push_back(absl::StrCat("seed=", source.seed));
  if (!source.duration.empty()) sets.push_back(absl::StrCat("duration=", source.duration));
  for (const std::string& set : sets) {
    const size_t equals = set.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set ", set, ": expected NAME=VALUE, as in --set exc.b=60pA"));
    }
    BNSYN_RETURN_IF_ERROR(network.Set(set.substr(0, equals), set.substr(equals + 1)));
  }
  return network;
}

absl::StatusOr<Loaded> Load(const Source& source, const compiler::CompileOptions& options,
                            const compiler::StageObserver& observer) {
  const auto start = std::chrono::steady_clock::now();
  Loaded loaded;
  if (IsProgramText(source.path)) {
    if (!source.sets.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          source.path, " is a program: --set changes networks; edit its text instead"));
    }
    std::vector<absl::string_view> of_networks = {compiler::kSynapseTraces};
    for (const compiler::PreparePass& pass : compiler::AllPreparePasses()) {
      of_networks.push_back(pass.name);
    }
    for (const absl::string_view name : of_networks) {
      if (!absl::c_linear_search(options.disabled_passes, name)) continue;
      return absl::InvalidArgumentError(absl::StrCat(source.path, " is a program: ", name,
                                                     " has no part in it, since it ",
                                                     "works on networks"));
    }
    BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(source.path, ir::kMostDescription));
    const std::string directory = std::filesystem::path(source.path).parent_path().string();
    BNSYN_ASSIGN_OR_RETURN(loaded.program,
                           ir::Parse(text, source.path, directory.empty() ? "." : directory));
    if (!source.seed.empty() && !absl::SimpleAtoi(source.seed, &loaded.program.seed)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--seed ", source.seed, ": expected a whole number"));
    }
    // A program has no duration: take the default of a network.
    Network clock({.dt = Quantity(loaded.program.dt, Unit{dimension::kTime, 0})});
    if (!source.duration.empty()) {
      BNSYN_RETURN_IF_ERROR(clock.Set("duration", source.duration));
    }
    BNSYN_ASSIGN_OR_RETURN(loaded.steps, DurationSteps(clock));
  } else {
    BNSYN_ASSIGN_OR_RETURN(const Network network, LoadNetwork(source));
    BNSYN_ASSIGN_OR_RETURN(loaded.program, LowerNetwork(network, options, observer));
    BNSYN_ASSIGN_OR_RETURN(loaded.steps, DurationSteps(network));
    BNSYN_ASSIGN_OR_RETURN(loaded.records, RecordsOf(network));
  }
  loaded.name = loaded.program.name;
  loaded.lower_ms = MillisecondsSince(start);
  return loaded;
}

void Machine::AddArguments(Command& command, bool with_backend) {
  if (with_backend) {
    command.Add({.name = "--backend",
                 .value = &backend,
                 .help = "reference (the oracle), accelerated (compiled), or both",
                 .type = "NAME",
                 .one_of = {"reference", "accelerated", "both"},
                 .show_default = true});
    command.Add({.name = "--propagation",
                 .value = &propagation,
                 .help = "of the reference backend: csr or dense",
                 .type = "NAME",
                 .one_of = {"csr", "dense"},
                 .show_default = true});
  }
  command.Add({.name = "--threads",
               .value = &threads,
               .help = "threads of the accelerated backend",
               .type = "N",
               .range = {{1, 1024}},
               .show_default = true});
  command.Add({.name = "--pin",
               .value = &pin,
               .help = "keep each of several threads on a core of its own"});
  command.Add({.name = "--width",
               .value = &width,
               .help = "lanes of vectors: 1, 2, 4, 8 or 16; 0 lets the machine choose",
               .type = "N",
               .one_of = kWidths,
               .show_default = true});
  command.Add({.name = "--opt",
               .value = &optimization,
               .help = "LLVM's optimisation level, 0 to 3",
               .type = "N",
               .range = {{0, 3}},
               .show_default = true});
  command.Add(
      {.name = "--disable-pass",
       .value = &disabled_passes,
       .help =
           "leave out a pass, or a row of the plans of kernels; repeatable. Without share_inputs, "
           "decay_inputs or synapse_traces (variables of synapses as states of neurons) the "
           "program is another one: it does the same, but its digest differs",
       .type = "PASS"});
  command.Add({.name = "--layout",
               .value = &layout,
               .help = "how synapses lie in memory: see the stage layout of dump",
               .type = "NAME"});
  command.Add({.name = "--no-cache",
               .value = &no_cache,
               .help = "neither read nor write compiled code on disk"});
  command.Add({.name = "--cache-mb",
               .value = &cache_mb,
               .help = "the most megabytes of compiled code that are kept on disk",
               .type = "N",
               .range = {{1, 1000000}},
               .variable = "BNSYN_CACHE_MB",
               .show_default = true});
  command.Add({.name = "--check-cache",
               .value = &check_cache,
               .help = "compile also if the cache has the code, and compare"});
  command.Add({.name = "--debug", .value = &debug, .help = "announce the kernels to gdb and perf"});
}

EngineOptions Machine::Options() const {
  EngineOptions options;
  options.construction = ConstructionLine();
  options.backend = backend == "accelerated" ? Backend::kAccelerated : Backend::kReference;
  options.propagation = propagation == "dense" ? Propagation::kDense : Propagation::kCsr;
  options.threads = threads;
  options.layout = layout;
  options.record_spikes = false;
  options.pin = pin;
  options.compile.width = width;
  options.compile.optimization = optimization;
  options.compile.disabled_passes = disabled_passes;
  options.compile.defer_from = compiler::kDeferFrom;
  options.compile.check_cache = check_cache;
  options.compile.register_with_debugger = debug;
  options.compile.cache_bytes = cache_mb << 20;
  if (!no_cache) options.compile.cache_directory = compiler::DefaultCacheDirectory();
  if (const char* directory = std::getenv("BNSYN_DUMP")) options.compile.dump_directory = directory;
  return options;
}

void NoteCacheProblem(const Simulation& simulation) {
  const std::string& problem = simulation.report().cache_problem;
  if (!problem.empty()) std::fprintf(stderr, "note: %s\n", problem.c_str());
}

const std::atomic<bool>& Interrupted() { return InterruptFlag(); }

void InstallInterrupt() {
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
}

std::function<void(double)> ConstructionLine() {
  if (isatty(STDERR_FILENO) == 0) return nullptr;
  const auto start = std::chrono::steady_clock::now();
  auto last = std::make_shared<std::chrono::steady_clock::time_point>(start);
  return [start, last](double part) {
    // Most networks are made before anyone could read the line.
    constexpr std::chrono::milliseconds kOften(200);
    const auto now = std::chrono::steady_clock::now();
    if (now - start < 5 * kOften) return;
    if (part < 1 && now - *last < kOften) return;
    *last = now;
    if (part < 1) {
      std::fprintf(stderr, "\r\033[Kconnecting: %.0f %%", part * 100);
    } else {
      EndProgressLine();
    }
  };
}

std::function<void(const Progress&)> ProgressLine(const std::string& what, double dt_ms) {
  if (isatty(STDERR_FILENO) == 0) return nullptr;
  auto last = std::make_shared<std::chrono::steady_clock::time_point>();
  return [what, dt_ms, last](const Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now - *last < std::chrono::milliseconds(100) || progress.done == 0) return;
    *last = now;
    const double left = progress.seconds * static_cast<double>(progress.total - progress.done) /
                        static_cast<double>(progress.done);
    const double simulated_seconds = static_cast<double>(progress.done) * dt_ms / 1000;
    std::fprintf(stderr, "\r%s: %3.0f %%, %.3g wall s per simulated s, %.1f s left ", what.c_str(),
                 100.0 * static_cast<double>(progress.done) / static_cast<double>(progress.total),
                 progress.seconds / simulated_seconds, left);
    std::fflush(stderr);
  };
}

void EndProgressLine() {
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
}

absl::StatusOr<uint64_t> StepsOf(const char* option, const std::string& time, double dt) {
  Network clock({.dt = Quantity(dt, Unit{dimension::kTime, 0})});
  clock.duration = SourceText{option, time, 1, 1};
  BNSYN_ASSIGN_OR_RETURN(const uint64_t steps, DurationSteps(clock));
  if (steps > 0) return steps;
  return absl::InvalidArgumentError(
      absl::StrCat(option, " ", time, ": expected a time of at least one step, ", dt, " ms"));
}

std::vector<Rate> Rates(const Simulation& simulation) {
  std::vector<Rate> rates;
  const double seconds = simulation.time_ms() / 1000;
  const ir::Program& program = ProgramOf(simulation);
  for (uint32_t p = 0; p < program.populations.size(); ++p) {
    const auto spikes = static_cast<double>(simulation.SpikeCount(PopulationHandle{p}));
    rates.push_back({program.populations[p].name,
                     seconds > 0 ? spikes / program.populations[p].size / seconds : 0,
                     program.HasNeurons(p) ? program.populations[p].size : 0});
  }
  return rates;
}

void LogKernels(const Simulation& simulation) {
  const char* const wanted = std::getenv("BNSYN_LOG");
  if (wanted == nullptr || std::string(wanted) == "0") return;
  const ir::Program& program = ProgramOf(simulation);
  const auto log = [&](const ir::Block& block) {
    size_t ops = 0;
    for (const ir::Node& node : block.nodes) ops += node.op != ir::Op::kLiteral;
    const std::string domain(program.DomainName(block.domain));
    std::fprintf(stderr, "bnsyn: kernel %s over %s: %zu ops, code %s\n", block.name.c_str(),
                 domain.c_str(), ops, block.code.c_str());
  };
  for (const ir::Block& block : program.synaptic) log(block);
  for (const ir::Block& block : program.step) log(block);
  const compiler::CompileReport& report = ReportOf(simulation).compile;
  std::fprintf(stderr, "bnsyn: compiled in %.1f ms, cache %s, key %s\n",
               ReportOf(simulation).compile_seconds * 1e3, report.cache_hit ? "hit" : "miss",
               report.key.c_str());
}

absl::Status CorruptBit(Simulation& simulation, int bit) {
  const ir::Program& program = ProgramOf(simulation);
  for (ir::StateId s = 0; s < program.states.size(); ++s) {
    const ir::State& state = program.states[s];
    // A state that an input holds has only the precision of the input.
    if (program.FindInputHeldBy(s)) continue;
    if (state.temporary || state.type.uniform() || state.type.element != ir::Element::kF64)
      continue;
    const ir::Bits bits = RawState(simulation, s).bits(0);
    return SetRawState(simulation, s, 0, bits ^ (ir::Bits{1} << bit));
  }
  return absl::FailedPreconditionError("there is no float state of a population to corrupt");
}

std::vector<std::pair<std::string, double>> UniformValues(const Simulation& simulation) {
  std::vector<std::pair<std::string, double>> values;
  for (const ir::State& state : ProgramOf(simulation).states) {
    const bool of_population = state.name.find('.') != std::string::npos;
    if (!state.type.uniform() || state.temporary || of_population) continue;
    if (auto value = simulation.Uniform(state.name); value.ok())
      values.emplace_back(state.name, *value);
  }
  return values;
}

}  // namespace bnsyn::tools
