// The rows that run the network in every way and compare its digests with that of the reference.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "compiler/passes/passes.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/status_macros.h"
#include "runtime/delivery/layout.h"
#include "tools/suite.h"

namespace bnsyn::tools {
namespace {

// Changes a value by one part in 4096, so that the leak cannot round the change away before the
// end.
constexpr int kCorruptedBit = 40;

// One way to run a network.
struct Way {
  std::string build;  // empty for this one
  Machine machine;
  std::string off;             // the pass or row of plans that is left out; empty for none
  std::string cache = "kept";  // "none", "cold", "warm", or "kept": as it may be
  std::string text() const;    // "width 4 threads 2"
};

struct Outcome {
  std::string digest;
  uint64_t spikes = 0;
  bool cache_hit = false;
};

std::string Way::text() const {
  std::string text = machine.backend;
  if (!build.empty()) absl::StrAppend(&text, " by ", build);
  if (machine.propagation != "csr") absl::StrAppend(&text, " ", machine.propagation);
  if (machine.threads > 1) absl::StrAppend(&text, " threads ", machine.threads);
  if (machine.width > 0) absl::StrAppend(&text, " width ", machine.width);
  if (!machine.layout.empty()) absl::StrAppend(&text, " layout ", machine.layout);
  if (!off.empty()) absl::StrAppend(&text, " without ", off);
  if (cache == "cold" || cache == "warm") absl::StrAppend(&text, " cache ", cache);
  return text;
}

Way Accelerated(int width = 0, int threads = 1) {
  Way way;
  way.machine.backend = "accelerated";
  way.machine.width = width;
  way.machine.threads = threads;
  return way;
}

absl::StatusOr<Outcome> RunHere(const Loaded& loaded, const Way& way,
                                const std::string& cache_directory, bool corrupt,
                                const std::string& dropped) {
  EngineOptions options = way.machine.Options();
  options.compile.cache_directory = way.cache == "none" ? "" : cache_directory;
  if (!way.off.empty()) options.compile.disabled_passes = {way.off};
  if (!dropped.empty()) options.compile.dropped_passes = {dropped};
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(loaded.program, options));
  RunControl control;
  control.cancel = &Interrupted();
  const uint64_t half = loaded.steps / 2;
  BNSYN_RETURN_IF_ERROR(simulation.Step(half, control));
  if (corrupt) BNSYN_RETURN_IF_ERROR(CorruptBit(simulation, kCorruptedBit));
  BNSYN_RETURN_IF_ERROR(simulation.Step(loaded.steps - half, control));
  Outcome outcome;
  outcome.digest = simulation.Digest().ToString();
  outcome.spikes = simulation.report().spikes;
  outcome.cache_hit = ReportOf(simulation).compile.cache_hit;
  return outcome;
}

// Runs the same with another build of this command, and reads its JSON.
absl::StatusOr<Outcome> RunThere(const Source& source, const Way& way) {
  if (source.path == kStandardInput) {
    return absl::InvalidArgumentError(
        "another build cannot read the network from standard input: give its file");
  }
  std::vector<std::string> words = {way.build,    "run",          source.path, "--json",
                                    "--no-hint",  "--no-cache",   "--backend", way.machine.backend,
                                    "--duration", source.duration};
  if (!source.seed.empty()) words.insert(words.end(), {"--seed", source.seed});
  for (const std::string& set : source.sets) words.insert(words.end(), {"--set", set});
  std::string command;
  for (const std::string& word : words) {
    if (word.find('\'') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("a quote in ", word));
    }
    absl::StrAppend(&command, "'", word, "' ");
  }
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return absl::UnavailableError(absl::StrCat("cannot run ", way.build));
  std::string text;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  const int status = pclose(pipe);
  const Json report = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (status != 0 || !report.is_object() || !report.contains("digest") ||
      !report.contains("spikes")) {
    return absl::InternalError(absl::StrCat(way.build, " failed; its arguments were ", command));
  }
  Outcome outcome;
  outcome.digest = report["digest"].get<std::string>();
  outcome.spikes = report["spikes"].get<uint64_t>();
  return outcome;
}

// True if dense propagation refused the network: it is for small networks of plain synapses.
bool IsLimitOfDense(const Way& way, const absl::Status& status) {
  return way.machine.propagation == "dense" &&
         (absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status));
}

class Ways {
 public:
  Ways(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result)
      : options_(options), loaded_(loaded), result_(result) {
    const std::vector<std::string> words = absl::StrSplit(options.inject, '=');
    if (words.size() == 2 && words[0] == "drop-pass") dropped_ = words[1];
  }

  // Runs the ways and adds a row that says how many gave the digest of the reference.
  absl::Status Add(const char* name, const std::vector<Way>& ways);
  void LeaveOut(const char* name, const char* why) {
    if (!options_.Skips(name)) result_.Add({name, "", "", Verdict::kLeftOut, why});
  }

 private:
  const SuiteOptions& options_;
  const Loaded& loaded_;
  SuiteResult& result_;
  std::string dropped_;
  const ScratchDirectory kept_;  // compiled code of the ways that may share it
};

absl::Status Ways::Add(const char* name, const std::vector<Way>& ways) {
  if (options_.Skips(name)) return absl::OkStatus();
  const ScratchDirectory scratch;
  uint64_t equal = 0;
  std::string problem;
  for (const Way& way : ways) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    const bool accelerated = way.machine.backend == "accelerated";
    const bool last = &way == &ways.back();
    const bool corrupt =
        (options_.inject == "corrupt-bit" && accelerated) || (options_.Injects(name) && last);
    if (corrupt && !way.build.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--inject ", options_.inject, ": another build cannot be made wrong"));
    }
    const auto outcome =
        way.build.empty()
            ? RunHere(loaded_, way, way.cache == "kept" ? kept_.path() : scratch.path(), corrupt,
                      accelerated ? dropped_ : "")
            : RunThere(options_.source, way);
    if (IsLimitOfDense(way, outcome.status())) {
      result_.Add({name, "", "", Verdict::kLeftOut, std::string(outcome.status().message())});
      return absl::OkStatus();
    }
    Json run = {{"row", name},
                {"build", way.build},
                {"backend", way.machine.backend},
                {"propagation", way.machine.propagation},
                {"threads", way.machine.threads},
                {"width", way.machine.width},
                {"layout", way.machine.layout},
                {"without", way.off},
                {"cache", way.cache}};
    std::string wrong;
    if (!outcome.ok()) {
      wrong = std::string(outcome.status().message());
    } else {
      run["spikes"] = outcome->spikes;
      run["digest"] = outcome->digest;
      const bool cold_or_warm = way.cache == "cold" || way.cache == "warm";
      if (cold_or_warm && (way.cache == "warm") != outcome->cache_hit) {
        wrong = absl::StrCat("the cache was not ", way.cache);
      }
      if (outcome->digest != result_.digest) {
        wrong = absl::StrCat("digest ", outcome->digest, " is not ", result_.digest);
      }
    }
    run["equal"] = wrong.empty();
    result_.runs.push_back(std::move(run));
    equal += wrong.empty();
    if (!wrong.empty() && problem.empty()) problem = absl::StrCat(way.text(), ": ", wrong);
  }
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", name);
  result_.Add({name, absl::StrCat(equal, " of ", ways.size(), " equal"), "all",
               equal == ways.size() ? Verdict::kOk : Verdict::kRed, problem});
  return absl::OkStatus();
}

// Each name left out, by these widths; or by all widths, threads and states of the cache.
std::vector<Way> Without(const std::vector<std::string>& names, const std::vector<int>& widths,
                         bool every) {
  std::vector<Way> ways;
  for (const std::string& name : names) {
    for (const int threads : every ? std::vector<int>{1, 2} : std::vector<int>{1}) {
      for (const int width : widths) {
        // Threads do not change the code, so that with two of them the cache has it.
        const bool cold = every && threads == 1;
        for (const char* cache : cold    ? std::vector<const char*>{"cold", "warm"}
                                 : every ? std::vector<const char*>{"warm"}
                                         : std::vector<const char*>{"kept"}) {
          Way way = Accelerated(width, threads);
          way.off = name;
          way.cache = cache;
          ways.push_back(way);
        }
      }
    }
  }
  return ways;
}

}  // namespace

absl::Status AddWays(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result) {
  Ways ways(options, loaded, result);
  const std::vector<int> all_widths = {1, 2, 4, 8};
  const std::vector<int> widths = options.every ? all_widths : std::vector<int>{0};
  BNSYN_RETURN_IF_ERROR(ways.Add("determinism", {Accelerated(), Accelerated()}));
  Way dense;
  dense.machine.propagation = "dense";
  BNSYN_RETURN_IF_ERROR(ways.Add("dense", {dense}));
  BNSYN_RETURN_IF_ERROR(
      ways.Add("threads", {Accelerated(0, 1), Accelerated(0, 2), Accelerated(0, 3)}));
  std::vector<Way> of_widths;
  for (const int width : all_widths) of_widths.push_back(Accelerated(width));
  BNSYN_RETURN_IF_ERROR(ways.Add("widths", of_widths));
  std::vector<Way> layouts;
  for (const absl::string_view layout : LayoutNames()) {
    for (const int threads : {1, 2, 3}) {
      Way way = Accelerated(0, threads);
      way.machine.layout = std::string(layout);
      layouts.push_back(way);
    }
  }
  BNSYN_RETURN_IF_ERROR(ways.Add("layouts", layouts));
  std::vector<std::string> passes;
  if (options.every) passes.emplace_back();  // with all of them
  for (const compiler::Pass& pass : compiler::AllPasses()) passes.emplace_back(pass.name);
  BNSYN_RETURN_IF_ERROR(ways.Add("passes", Without(passes, widths, options.every)));
  std::vector<std::string> rows;
  for (const compiler::PlanRow& row : compiler::PlanRows()) rows.emplace_back(row.name);
  BNSYN_RETURN_IF_ERROR(ways.Add("plan", Without(rows, widths, false)));
  Way cold = Accelerated();
  cold.cache = "cold";
  Way warm = Accelerated();
  warm.cache = "warm";
  BNSYN_RETURN_IF_ERROR(ways.Add("cache", {cold, warm}));
  std::vector<Way> builds;
  for (const std::string& build : options.other_builds) {
    for (const char* backend : {"reference", "accelerated"}) {
      Way way;
      way.build = build;
      way.machine.backend = backend;
      builds.push_back(way);
    }
  }
  if (builds.empty()) {
    ways.LeaveOut("builds", "--with names no other build");
    return absl::OkStatus();
  }
  return ways.Add("builds", builds);
}

}  // namespace bnsyn::tools
