// bnsyn run: runs a network for a time, on one backend or on both.

#include <algorithm>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "runtime/coarse_report.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/record.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

struct RunArguments {
  Source source;
  Machine machine;
  RecordOptions record;
  std::vector<std::string> synapses;  // projections
  std::string out;
  bool json = false;
  bool no_hint = false;
};

struct Finished {
  RunResult result;
  std::vector<std::string> files;  // written into the directory of --out
};

absl::Status CheckProjection(const ir::Program& program, const std::string& name) {
  if (program.FindProjection(name)) return absl::OkStatus();
  std::vector<std::string> names;
  for (const ir::Projection& projection : program.projections) names.push_back(projection.name);
  return absl::NotFoundError(absl::StrCat("--synapses ", name, ": no projection is named so",
                                          ir::DidYouMean(name, names)));
}

// Runs on one backend; the files of --out are written if `with_files`.
absl::StatusOr<Finished> RunOn(const Loaded& loaded, const RunArguments& arguments,
                               const std::string& backend, bool with_files) {
  const Machine& machine = arguments.machine;
  Machine chosen = machine;
  chosen.backend = backend;
  EngineOptions options = chosen.Options();
  options.record_spikes = with_files && !arguments.out.empty();
  for (const std::string& projection : arguments.synapses) {
    if (arguments.out.empty()) {
      return absl::InvalidArgumentError("--synapses needs --out DIR, where its files are written");
    }
    BNSYN_RETURN_IF_ERROR(CheckProjection(loaded.program, projection));
  }
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(loaded.program, options));
  if (backend == "accelerated") LogKernels(simulation);
  NoteCacheProblem(simulation);
  RunControl control;
  control.progress = ProgressLine(absl::StrCat(loaded.name, ", ", backend), loaded.program.dt);
  control.cancel = &Interrupted();
  const RecordOptions record = with_files ? arguments.record : RecordOptions{};
  BNSYN_ASSIGN_OR_RETURN(Recorder recorder, Recorder::Create(record, arguments.out, simulation));
  const absl::Status status = recorder.Step(simulation, loaded.steps, control);
  if (control.progress != nullptr) EndProgressLine();
  if (!status.ok() && !absl::IsCancelled(status)) return status;
  RunResult result =
      Summarise(loaded, simulation, backend, backend == "accelerated" ? machine.threads : 1);
  result.interrupted = !status.ok();
  BNSYN_ASSIGN_OR_RETURN(const std::vector<NamedStatistics> statistics,
                         recorder.Statistics(simulation));
  for (const NamedStatistics& one : statistics) {
    result.statistics.push_back(ToJson(one));
    result.statistics_lines.push_back(ToLine(one));
  }
  const bool writes = with_files && !arguments.out.empty();
  if (writes) BNSYN_RETURN_IF_ERROR(RetractReport(arguments.out));
  BNSYN_ASSIGN_OR_RETURN(std::vector<std::string> files, recorder.Finish());
  if (writes) {
    for (const std::string& projection : arguments.synapses) {
      BNSYN_RETURN_IF_ERROR(WriteSynapses(arguments.out, simulation, projection));
      files.push_back(projection + ".synapses.csv");
    }
    BNSYN_RETURN_IF_ERROR(WriteRun(arguments.out, simulation, result));
    files.insert(files.begin(), {"spikes.csv", "report.json"});
  }
  return Finished{std::move(result), std::move(files)};
}

// How many times faster than the reference the accelerated backend is, measured over at most 2000
// of the same steps.
std::optional<double> MeasureGain(const Loaded& loaded, const Machine& machine,
                                  const RunResult& reference) {
  Machine accelerated = machine;
  accelerated.backend = "accelerated";
  auto simulation = Compile(loaded.program, accelerated.Options());
  if (!simulation.ok()) return std::nullopt;
  const uint64_t steps = std::min<uint64_t>(reference.report.steps, 2000);
  RunControl control;
  control.cancel = &Interrupted();
  if (steps == 0 || !simulation->Step(steps, control).ok()) return std::nullopt;
  const double ours = simulation->report().run_seconds / static_cast<double>(steps);
  const double theirs = reference.wall_s() / static_cast<double>(reference.report.steps);
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

int Run(const RunArguments& arguments) {
  InstallInterrupt();
  const auto loaded = Load(arguments.source, arguments.machine.Options().compile);
  if (!loaded.ok()) return Report(loaded.status());
  const std::string& backend = arguments.machine.backend;
  std::vector<std::string> backends = {backend};
  if (backend == "both") backends = {"reference", "accelerated"};
  std::vector<RunResult> results;
  std::vector<std::string> written;
  for (const std::string& name : backends) {
    auto finished = RunOn(*loaded, arguments, name, name == backends.back());
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
    std::printf("wrote in %s: %s\n", arguments.out.c_str(), absl::StrJoin(written, ", ").c_str());
  }
  if (backend == "reference" && !arguments.no_hint && !results[0].interrupted) {
    if (const auto gain = MeasureGain(*loaded, arguments.machine, results[0])) {
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
      "  bnsyn run examples/networks/coba-stdp.toml --statistics 'ee.w, 0 nS, 60 nS, 20'");
  arguments->source.AddArguments(run);
  arguments->machine.AddArguments(run, /*with_backend=*/true);
  run.Add({.name = "--out",
           .value = &arguments->out,
           .help = "write spikes.csv and report.json there",
           .type = "DIR"});
  arguments->record.AddArguments(run);
  run.Add({.name = "--synapses",
           .value = &arguments->synapses,
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
