#include "tests/faults/scenarios.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "runtime/simulation_internal.h"
#include "tools/arguments.h"
#include "tools/command.h"

namespace bnsyn::faults {
namespace {

namespace fs = std::filesystem;

const char kNetwork[] = BNSYN_SOURCE_DIR "/tests/faults/network.toml";

// Every error says so much.
constexpr size_t kShortest = 10;

bool IsClear(const absl::Status& status) {
  return !absl::IsInternal(status) && !absl::IsUnknown(status) &&
         status.message().size() >= kShortest;
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

using Files = std::map<std::string, std::string>;

// The files of a directory.
Files ReadFiles(const fs::path& directory) {
  Files files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    files[entry.path().filename().string()] = ReadText(entry.path());
  }
  return files;
}

void WriteFiles(const fs::path& directory, const Files& files) {
  fs::remove_all(directory);
  fs::create_directories(directory);
  for (const auto& [name, text] : files) std::ofstream(directory / name, std::ios::binary) << text;
}

// Temporary files of a directory: compiled code and results.
std::string Temporary(const fs::path& directory) {
  for (const auto& [name, text] : ReadFiles(directory)) {
    const bool object = absl::StrContains(name, ".o.");
    if (object || absl::EndsWith(name, ".part")) return absl::StrCat(name, " is left over");
  }
  return "";
}

// The answer of a host program, without what it makes of it.
struct Results {
  std::optional<Digest> digest;
  uint64_t spikes = 0;
  std::vector<double> weights;
};

// Functions that give a status throw nothing; of what this function allocates itself nothing fails.
absl::StatusOr<Results> RunSimulation(const std::string& path, const SimulationOptions& options) {
  BNSYN_ASSIGN_OR_RETURN(const Network network, ReadNetwork(path));
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(network, options));
  BNSYN_RETURN_IF_ERROR(simulation.Step(200));
  Results results;
  BNSYN_ASSIGN_OR_RETURN(results.weights, simulation.StateByName("ee.w"));
  BNSYN_ASSIGN_OR_RETURN(const SynapseList synapses, simulation.Synapses("in"));
  results.spikes = simulation.report().spikes;
  try {
    results.digest = simulation.Digest();
  } catch (const std::bad_alloc&) {
    return ir::OutOfMemory();  // a function that gives a value, as a container does
  }
  return results;
}

// A simulation with these options. The first answer is the right one.
Scenario OfHost(const std::string& name, const SimulationOptions& options) {
  Scenario scenario;
  scenario.name = name;
  const auto right = std::make_shared<std::string>();
  const std::string cache = options.cache_directory;
  const std::string path = kNetwork;
  scenario.run = [path, options, right]() -> Answer {
    const absl::StatusOr<Results> results = RunSimulation(path, options);
    Disarm();
    if (!results.ok()) {
      return {IsClear(results.status()) ? Outcome::kRefused : Outcome::kUnclear,
              results.status().ToString()};
    }
    if (results->spikes == 0) return {Outcome::kWrong, "no spikes"};
    const std::string text = results->digest->ToString();
    if (right->empty()) *right = text;
    return {text == *right ? Outcome::kRight : Outcome::kWrong, text};
  };
  scenario.check = [cache](bool killed) {
    return cache.empty() || killed ? std::string() : Temporary(cache);
  };
  scenario.prepare = [] {};
  return scenario;
}

// Makes a call of a simulation, and once more if it fails; returns what came of it.
template <typename Call>
absl::Status TryTwice(Call call) {
  const absl::Status status = call();
  if (status.ok() || !IsClear(status)) return status;
  return call();
}

absl::StatusOr<Results> TakePart(Simulation& simulation, PopulationHandle given,
                                 absl::Span<const uint32_t> neurons) {
  BNSYN_RETURN_IF_ERROR(TryTwice([&] { return simulation.Step(50); }));
  BNSYN_RETURN_IF_ERROR(TryTwice([&] { return simulation.SetState("exc.v", 3, -51); }));
  BNSYN_RETURN_IF_ERROR(TryTwice([&] { return simulation.SetState("ee.w", 5, 0.5); }));
  BNSYN_RETURN_IF_ERROR(TryTwice([&] { return simulation.InjectSpikes(given, neurons); }));
  BNSYN_RETURN_IF_ERROR(TryTwice([&] { return simulation.Step(100); }));
  Results results;
  const auto read = [&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(results.weights, simulation.StateByName("ee.w"));
    return absl::OkStatus();
  };
  BNSYN_RETURN_IF_ERROR(TryTwice(read));
  BNSYN_RETURN_IF_ERROR(TryTwice([&] { return simulation.Step(50); }));
  return results;
}

// Standard output and error of this process, in a file while it lives.
class Captured {
 public:
  explicit Captured(const std::string& path) {
    std::fflush(nullptr);
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
      before_[stream] = ::dup(stream);
      ::dup2(file, stream);
    }
    ::close(file);
  }
  ~Captured() {
    std::fflush(nullptr);
    for (const auto& [stream, file] : before_) {
      ::dup2(file, stream);
      ::close(file);
    }
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

 private:
  std::map<int, int> before_;
};

// Runs the command within this process; what it prints goes to `output`. A fault that is
// paused is for the command alone.
int Bnsyn(std::vector<std::string> words, const std::string& output) {
  words.insert(words.begin(), "bnsyn");
  const Captured captured(output);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  Resume();
  const int code = tools::Guarded([&] {
    tools::CommandLine line("bnsyn", "test");
    tools::AddRun(line);
    tools::AddDump(line);
    return line.Run(static_cast<int>(arguments.size()), arguments.data());
  });
  Disarm();
  return code;
}

// A command that writes files into `results`. `right` are those that it should write, and `before`
// those that are there when it begins.
struct OfCommand {
  std::vector<std::string> words;
  fs::path results;
  fs::path output;
  std::string cache;
  Files before;
  Files right;
};

// The digest of a report.json; empty if it is none.
std::string DigestOf(const std::string& report) {
  const auto json = nlohmann::json::parse(report, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json.value("digest", "") : "";
}

// A report has times in it; all other files are compared as they are.
bool Same(const std::string& name, const std::string& a, const std::string& b) {
  if (name != "report.json") return a == b;
  return !DigestOf(a).empty() && DigestOf(a) == DigestOf(b);
}

bool AllRight(const OfCommand& command) {
  const Files files = ReadFiles(command.results);
  for (const auto& [name, text] : command.right) {
    const auto file = files.find(name);
    if (file == files.end() || !Same(name, file->second, text)) return false;
  }
  return true;
}

// Each file is whole: that of before or the right one. Where the report is, which is written last,
// all others are of its run.
std::string WhatIsBroken(const OfCommand& command, bool killed) {
  const Files files = ReadFiles(command.results);
  for (const auto& [name, text] : files) {
    if (absl::EndsWith(name, ".part")) {
      if (killed) continue;
      return absl::StrCat(name, " is left over");
    }
    const auto right = command.right.find(name);
    const auto before = command.before.find(name);
    const bool is_right = right != command.right.end() && Same(name, text, right->second);
    const bool is_before = before != command.before.end() && Same(name, text, before->second);
    if (!is_right && !is_before) return absl::StrCat(name, " is broken");
    if (name != "report.json") continue;
    for (const auto& [other, other_text] : is_right ? command.right : command.before) {
      const auto file = files.find(other);
      if (file == files.end() || !Same(other, file->second, other_text)) {
        return absl::StrCat("report.json is of another run than ", other);
      }
    }
  }
  return killed ? "" : Temporary(command.cache);
}

Scenario OfWords(const std::string& name, OfCommand given) {
  const auto command = std::make_shared<OfCommand>(std::move(given));
  Scenario scenario;
  scenario.name = name;
  scenario.prepare = [command] {
    ::setenv("BNSYN_CACHE", command->cache.c_str(), /*overwrite=*/1);
    WriteFiles(command->results, command->before);
  };
  scenario.run = [command]() -> Answer {
    Pause();
    const int code = Bnsyn(command->words, command->output.string());
    const std::string printed = ReadText(command->output);
    if (code == tools::kDone) {
      if (command->right.empty()) command->right = ReadFiles(command->results);
      return {AllRight(*command) ? Outcome::kRight : Outcome::kWrong, printed};
    }
    const size_t error = printed.find("error: ");
    const bool clear = error != std::string::npos && printed.size() - error > kShortest + 7 &&
                       !absl::StrContains(printed, "std::");
    return {clear ? Outcome::kRefused : Outcome::kUnclear,
            absl::StrCat("exit code ", code, ": ", printed)};
  };
  scenario.check = [command](bool killed) { return WhatIsBroken(*command, killed); };
  scenario.words = command->words;
  scenario.is_right = [command] { return AllRight(*command); };
  return scenario;
}

}  // namespace

Scenario Reference(const std::string&) { return OfHost("reference", {}); }

Scenario Accelerated(const std::string& directory, bool cached) {
  const std::string cache = absl::StrCat(directory, cached ? "/warm" : "/cold");
  Scenario scenario =
      OfHost(cached ? "accelerated, cached" : "accelerated, compiled",
             {.backend = Backend::kAccelerated, .threads = 2, .cache_directory = cache});
  if (!cached) scenario.prepare = [cache] { fs::remove_all(cache); };
  return scenario;
}

Scenario ClosedLoop(const std::string& directory) {
  const SimulationOptions options = {.backend = Backend::kAccelerated,
                                     .threads = 2,
                                     .cache_directory = absl::StrCat(directory, "/loop")};
  const auto simulation = std::make_shared<std::optional<Simulation>>();
  const auto right = std::make_shared<std::string>();
  const std::vector<uint32_t> neurons = {0, 2};
  Scenario scenario;
  scenario.name = "closed loop";
  scenario.prepare = [options, simulation] {
    const auto network = ReadNetwork(kNetwork);
    auto compiled = network.ok() ? Compile(*network, options) : network.status();
    if (compiled.ok()) simulation->emplace(*std::move(compiled));
  };
  scenario.run = [simulation, right, neurons]() -> Answer {
    Simulation& loop = **simulation;
    const absl::StatusOr<Results> results = TakePart(loop, PopulationHandle{0}, neurons);
    Disarm();
    if (!results.ok()) {
      return {IsClear(results.status()) ? Outcome::kRefused : Outcome::kUnclear,
              results.status().ToString()};
    }
    size_t recorded = 0;
    for (uint32_t p = 0; p < 3; ++p) recorded += loop.Spikes(PopulationHandle{p}).steps.size();
    if (recorded == 0) return {Outcome::kWrong, "no spikes"};
    const std::string text = absl::StrCat(loop.Digest().ToString(), ", ", recorded, " spikes, ",
                                          absl::StrJoin(results->weights, " "));
    if (right->empty()) *right = text;
    return {text == *right ? Outcome::kRight : Outcome::kWrong, text};
  };
  scenario.check = [](bool) { return std::string(); };
  return scenario;
}

Scenario RunCommand(const std::string& directory) {
  OfCommand command;
  command.results = fs::path(directory) / "results";
  command.output = fs::path(directory) / "printed";
  command.cache = absl::StrCat(directory, "/command_cache");
  command.words = {"run",          kNetwork, "--backend",      "accelerated",
                   "--threads",    "2",      "--out",          command.results.string(),
                   "--record",     "exc.v",  "--record",       "ee.w",
                   "--statistics", "ee.w",   "--record-every", "2ms",
                   "--synapses",   "ee"};
  std::vector<std::string> other = command.words;
  other.insert(other.end(), {"--seed", "12"});
  ::setenv("BNSYN_CACHE", command.cache.c_str(), /*overwrite=*/1);
  Bnsyn(other, command.output.string());
  command.before = ReadFiles(command.results);
  return OfWords("bnsyn run --out", std::move(command));
}

Scenario DumpCommand(const std::string& directory) {
  OfCommand command;
  command.results = fs::path(directory) / "stages";
  command.output = fs::path(directory) / "printed";
  command.words = {"dump", kNetwork, "--all", command.results.string()};
  return OfWords("bnsyn dump --all", std::move(command));
}

}  // namespace bnsyn::faults
