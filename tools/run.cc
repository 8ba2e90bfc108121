// bnsyn run: runs a network for a time, on one backend or on both.

#include <unistd.h>
#include <algorithm>

#include <csignal>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/coarse_report.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/run_once.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

struct RunArguments {
  RunRequest request;
  bool json = false;
  bool no_hint = false;
};

// How many times faster than the reference the accelerated backend is, measured over at most 2000
// of the same steps.
std::optional<double> MeasureGain(const Loaded& loaded, const Machine& machine,
                                  const RunResult& reference) {
  Machine accelerated = machine;
  accelerated.backend = "accelerated";
  auto simulation = Compile(loaded.program, accelerated.Options());
  if (!simulation.ok()) return std::nullopt;
  const uint64_t steps = std::min<uint64_t>(reference.steps_run(), 2000);
  RunControl control;
  control.cancel = &Interrupted();
  if (steps == 0 || !simulation->Step(steps, control).ok()) return std::nullopt;
  const double ours = simulation->report().run_seconds / static_cast<double>(steps);
  const double theirs = reference.wall_s() / static_cast<double>(reference.steps_run());
  return ours > 0 ? std::optional<double>(theirs / ours) : std::nullopt;
}

std::string CompileLine(const RunResult& result) {
  const compiler::CompileReport& compile = result.report.compile;
  std::string line = absl::StrFormat("compiled in %.1f ms (cache %s): lower %.1f",
                                     result.lower_ms + result.report.compile_seconds * 1e3,
                                     compile.cache_hit ? "hit" : "miss", result.lower_ms);
  for (const auto& phase : compile.phases) {
    absl::StrAppendFormat(&line, ", %s %.1f", phase.name, phase.milliseconds);
  }
  return line;
}

void PrintResults(const std::vector<RunResult>& results) {
  const RunResult& first = results.front();
  std::printf("%s: %u neurons, %s synapses, %.6g ms in %u steps of %g ms, seed %u\n\n",
              first.network.c_str(), static_cast<unsigned>(first.report.neurons),
              Short(static_cast<double>(first.report.synapses)).c_str(), first.simulated_s() * 1000,
              static_cast<unsigned>(first.report.steps), first.dt_ms,
              static_cast<unsigned>(first.seed));
  std::vector<std::string> header = {"backend"};
  for (const Rate& rate : first.rates) header.push_back(absl::StrCat(rate.population, " Hz"));
  for (const auto& [name, value] : first.uniform) header.push_back(name);
  for (const char* name : {"digest", "wall s", "updates/s"}) header.emplace_back(name);
  if (results.size() > 1) header.emplace_back("ratio");
  Table table(header);
  for (const RunResult& result : results) {
    std::vector<std::string> row = {result.backend};
    for (const Rate& rate : result.rates) row.push_back(absl::StrFormat("%.2f", rate.hz));
    for (const auto& [name, value] : result.uniform) row.push_back(absl::StrFormat("%.4f", value));
    row.push_back(result.digest);
    row.push_back(absl::StrFormat("%.4f", result.wall_s()));
    row.push_back(Short(result.updates_per_sec()));
    if (results.size() > 1) {
      row.push_back(absl::StrFormat("%.1fx", first.wall_s() / result.wall_s()));
    }
    table.Add(row);
  }
  std::printf("%s\n", table.ToString().c_str());
  for (const std::string& line : results.back().statistics_lines) {
    std::printf("%s\n", line.c_str());
  }
  std::printf("%s", results.back().checkpoints_line.c_str());
  for (const RunResult& result : results) {
    if (result.backend == "accelerated") std::printf("%s\n", CompileLine(result).c_str());
    if (result.interrupted) {
      std::printf("interrupted: the %s run ended after %u of its steps\n", result.backend.c_str(),
                  static_cast<unsigned>(result.report.steps));
    }
  }
}

// The verdict of a run on both backends: their digests are equal and the network spiked.
int Judge(const std::vector<RunResult>& results) {
  if (results.size() < 2) return kDone;
  if (results[0].interrupted || results[1].interrupted) return kNo;
  if (results[0].digest != results[1].digest) {
    std::fprintf(stderr, "error: the digests differ; `bnsyn diff` finds where the runs part\n");
    return kNo;
  }
  if (results[0].report.spikes == 0) {
    std::fprintf(stderr,
                 "error: nothing spiked, so equal digests prove nothing; raise the drive\n");
    return kNo;
  }
  std::printf("the digests are equal\n");
  return kDone;
}

// What did not arrive as exactly as it should have: a line each, on stderr.
void PrintCoarse(const ir::Program& program, const RunResult& result) {
  if (result.report.coarse.empty()) return;
  for (const CoarseContributions& coarse : result.report.coarse) {
    std::fprintf(stderr, "warning: %s\n", CoarseSentence(program, coarse).c_str());
  }
  std::fprintf(stderr, "note: docs/precision.md says when that matters, and what to do\n");
}

// Leaves standard output to the bytes of a recording, whose descriptor it returns: what else is
// printed goes to stderr. A reader that ends early is an error, and no end of the process.
int StandardOutputForBytes() {
  std::signal(SIGPIPE, SIG_IGN);
  const int descriptor = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return descriptor;
}

int Run(const RunArguments& arguments) {
  InstallInterrupt();
  RunRequest asked = arguments.request;
  if (asked.out == kStandardOutput) asked.descriptor = StandardOutputForBytes();
  const auto loaded = Load(asked.source, asked.machine.Options().compile);
  if (!loaded.ok()) return Report(loaded.status());
  const std::string& backend = asked.machine.backend;
  std::vector<std::string> backends = {backend};
  if (backend == "both") backends = {"reference", "accelerated"};
  std::vector<RunResult> results;
  std::vector<std::string> written;
  for (const std::string& name : backends) {
    RunRequest request = asked;
    request.machine.backend = name;
    // Of two runs the last one writes the files.
    if (name != backends.back()) {
      request.out.clear();
      request.record.format = RecordOptions().format;
      request.record = {};
      request.synapses.clear();
      request.checkpoints.every.clear();
    }
    auto finished = RunOnce(*loaded, request);
    if (!finished.ok()) return Report(finished.status());
    results.push_back(std::move(finished->result));
    written = std::move(finished->files);
    if (name == backends.back()) PrintCoarse(loaded->program, results.back());
    if (results.back().interrupted) break;
  }
  if (arguments.json) {
    if (results.size() == 1) {
      std::printf("%s\n", TextOf(ToJson(results[0])).c_str());
    } else {
      Json both = Json::array();
      for (const RunResult& result : results) both.push_back(ToJson(result));
      std::printf("%s\n", TextOf(both).c_str());
    }
    return results.back().interrupted ? kNo : kDone;
  }
  PrintResults(results);
  if (!written.empty()) {
    std::printf("wrote in %s: %s\n", asked.out.c_str(), absl::StrJoin(written, ", ").c_str());
  }
  if (backend == "reference" && !arguments.no_hint && !results[0].interrupted) {
    if (const auto gain = MeasureGain(*loaded, asked.machine, results[0])) {
      std::printf("--backend accelerated runs this %.0f times faster, with the same digest\n",
                  *gain);
    }
  }
  if (results.back().interrupted) return kNo;
  return Judge(results);
}

}  // namespace

void AddRun(CommandLine& line) {
  auto arguments = std::make_shared<RunArguments>();
  Command& run = line.Add("run", "run a network");
  run.SetFooter(
      "Examples:\n"
      "  bnsyn run examples/networks/bnsyn.toml --backend accelerated --duration 10s\n"
      "  bnsyn run examples/networks/bnsyn.toml --backend both --set N=1000 --seed 7\n"
      "  bnsyn run examples/networks/bnsyn.toml --out results --json\n"
      "  bnsyn run examples/networks/bnsyn.toml --out results --record 'exc.V[0:10]'\n"
      "  bnsyn run examples/networks/coba.toml --out results --format sonata --record exc.V "
      "--record-every 1ms\n"
      "  bnsyn run examples/networks/coba.toml --out - --format binary | "
      "examples/python/spikes.py\n"
      "  bnsyn run examples/networks/coba-stdp.toml --statistics 'ee.w, 0 nS, 60 nS, 20'\n"
      "  bnsyn run examples/networks/coba-stdp.toml --duration 1h --checkpoint-every 10s "
      "--out first\n"
      "  bnsyn run examples/networks/coba-stdp.toml --duration 1h --continue first "
      "--checkpoint-every 10s --out rest");
  arguments->request.source.AddArguments(run);
  arguments->request.machine.AddArguments(run, /*with_backend=*/true);
  run.Add({.name = "--out",
           .value = &arguments->request.out,
           .help = "write spikes.csv, report.json, receipt.json and what the network records "
                   "there; - for bytes to standard output, with --format binary",
           .type = "DIR"});
  arguments->request.record.AddArguments(run);
  arguments->request.checkpoints.AddArguments(run);
  run.Add({.name = "--synapses",
           .value = &arguments->request.synapses,
           .help =
               "write the synapses of a projection as they are at the end to "
               "DIR/PROJECTION.synapses.csv, which rule = { type = \"list\" } reads; repeatable",
           .type = "PROJECTION"});
  run.Add({.name = "--json",
           .value = &arguments->json,
           .help = "print one JSON object (with both backends, an array)"});
  run.Add({.name = "--no-hint",
           .value = &arguments->no_hint,
           .help = "do not measure how fast the other backend would be"});
  run.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
