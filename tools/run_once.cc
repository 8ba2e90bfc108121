#include "tools/run_once.h"

#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "recording/part_file.h"

namespace bnsyn::tools {
namespace {

absl::Status CheckProjection(const ir::Program& program, const std::string& name) {
  if (program.FindProjection(name)) return absl::OkStatus();
  std::vector<std::string> names;
  for (const ir::Projection& projection : program.projections) names.push_back(projection.name);
  return absl::NotFoundError(absl::StrCat("--synapses ", name, ": no projection is named so",
                                          ir::DidYouMean(name, names)));
}

// The report is none of them: it has times, which no other run repeats.
absl::Status HashFiles(const std::string& directory, const std::vector<std::string>& files,
                       Receipt& receipt) {
  for (const std::string& file : files) {
    BNSYN_ASSIGN_OR_RETURN(receipt.files[file],
                           HashOfFile((std::filesystem::path(directory) / file).string()));
  }
  return absl::OkStatus();
}

// A run that is continued must not replace what the run before it has recorded.
absl::Status CheckDirectory(const RunRequest& request) {
  if (request.checkpoints.from.empty() || request.out.empty()) return absl::OkStatus();
  namespace fs = std::filesystem;
  std::error_code unknown;
  const fs::path from = request.checkpoints.from;
  const fs::path directory = fs::is_directory(from, unknown) ? from : from.parent_path();
  const fs::path of_file = directory.empty() ? fs::path(".") : directory;
  if (!fs::equivalent(of_file, request.out, unknown)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--out ", request.out, " is the directory of the run that is continued, whose ",
      "files would be replaced\n  note: give the rest of the run a directory of its ", "own"));
}

}  // namespace

absl::StatusOr<Finished> RunOnce(const Loaded& loaded, const RunRequest& request) {
  const Machine& machine = request.machine;
  const bool to_stream = request.out == kStandardOutput;
  const bool to_files = !request.out.empty() && !to_stream;
  if (to_stream != (request.record.format == "binary")) {
    return absl::InvalidArgumentError(
        "--format binary and --out - belong together: records of bytes go to standard output, and "
        "files have another format");
  }
  if (request.out.empty() && !request.record.variables.empty()) {
    return absl::InvalidArgumentError("--record needs --out DIR, where its files are written");
  }
  BNSYN_RETURN_IF_ERROR(RecordsOf(request.record).status());
  EngineOptions options = machine.Options();
  options.spike_recorders = !request.out.empty();
  for (const std::string& projection : request.synapses) {
    if (!to_files) {
      return absl::InvalidArgumentError("--synapses needs --out DIR, where its files are written");
    }
    BNSYN_RETURN_IF_ERROR(CheckProjection(loaded.program, projection));
  }
  BNSYN_RETURN_IF_ERROR(CheckDirectory(request));
  BNSYN_ASSIGN_OR_RETURN(
      Checkpoints checkpoints,
      Checkpoints::Create(request.checkpoints, to_files ? request.out : "", loaded.program.dt));
  const bool accelerated = machine.backend == "accelerated";
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(loaded.program, options));
  if (accelerated) LogKernels(simulation);
  NoteCacheProblem(simulation);
  BNSYN_RETURN_IF_ERROR(checkpoints.Continue(simulation));
  RunControl control;
  control.progress =
      ProgressLine(absl::StrCat(loaded.name, ", ", machine.backend), loaded.program.dt);
  control.cancel = &Interrupted();
  BNSYN_ASSIGN_OR_RETURN(const std::vector<RecordSource> statistics,
                         StatisticsSources(simulation, request.record));
  std::optional<FileRecorder> recorder;
  if (!request.out.empty()) {
    BNSYN_ASSIGN_OR_RETURN(recorder, StartRecording(simulation, loaded, request.record, request.out,
                                                    request.descriptor));
  }
  const absl::Status status = checkpoints.RunTo(simulation, loaded.steps, control, [&] {
    return recorder.has_value() ? recorder->Flush() : absl::OkStatus();
  });
  if (control.progress != nullptr) EndProgressLine();
  if (!status.ok() && !absl::IsCancelled(status)) return status;

  Finished finished;
  RunResult& result = finished.result;
  result = Summarise(loaded, simulation, machine.backend, accelerated ? machine.threads : 1);
  result.interrupted = !status.ok();
  result.first_step = checkpoints.first();
  result.checkpoints = checkpoints.ToJson();
  result.checkpoints_line = checkpoints.ToLine();
  for (const RecordSource& source : statistics) {
    BNSYN_ASSIGN_OR_RETURN(const EndStatistics one, StatisticsAtEnd(source));
    result.statistics.push_back(one.json);
    result.statistics_lines.push_back(one.line);
  }
  Receipt& receipt = finished.receipt;
  receipt = ReceiptOf(request.source, machine, loaded);
  receipt.digest = result.digest;
  receipt.spikes = result.report.spikes;
  receipt.interrupted = result.interrupted;
  receipt.record = request.record;
  receipt.synapses = request.synapses;
  result.receipt = ToJson(receipt);

  if (to_files) BNSYN_RETURN_IF_ERROR(RetractReport(request.out));
  if (recorder.has_value()) {
    BNSYN_ASSIGN_OR_RETURN(finished.files, recorder->Finish(/*complete=*/!result.interrupted));
  }
  if (!to_files) return finished;
  for (const std::string& projection : request.synapses) {
    BNSYN_RETURN_IF_ERROR(WriteSynapses(request.out, simulation, projection));
    finished.files.push_back(projection + ".synapses.csv");
  }
  if (request.checkpoints.from.empty()) {
    BNSYN_RETURN_IF_ERROR(HashFiles(request.out, finished.files, receipt));
  }
  BNSYN_RETURN_IF_ERROR(WritePartFile(request.out, "receipt.json", TextOf(ToJson(receipt)) + "\n"));
  BNSYN_RETURN_IF_ERROR(WriteReport(request.out, result));
  finished.files.insert(finished.files.begin() + 1, {"report.json", "receipt.json"});
  return finished;
}

}  // namespace bnsyn::tools
