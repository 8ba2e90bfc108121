#include "tools/run_once.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"

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

}  // namespace

absl::StatusOr<Finished> RunOnce(const Loaded& loaded, const RunRequest& request) {
  const Machine& machine = request.machine;
  EngineOptions options = machine.Options();
  options.record_spikes = !request.out.empty();
  for (const std::string& projection : request.synapses) {
    if (request.out.empty()) {
      return absl::InvalidArgumentError("--synapses needs --out DIR, where its files are written");
    }
    BNSYN_RETURN_IF_ERROR(CheckProjection(loaded.program, projection));
  }
  const bool accelerated = machine.backend == "accelerated";
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(loaded.program, options));
  if (accelerated) LogKernels(simulation);
  NoteCacheProblem(simulation);
  RunControl control;
  control.progress =
      ProgressLine(absl::StrCat(loaded.name, ", ", machine.backend), loaded.program.dt);
  control.cancel = &Interrupted();
  BNSYN_ASSIGN_OR_RETURN(Recorder recorder,
                         Recorder::Create(request.record, request.out, simulation));
  const absl::Status status = recorder.Step(simulation, loaded.steps, control);
  if (control.progress != nullptr) EndProgressLine();
  if (!status.ok() && !absl::IsCancelled(status)) return status;

  Finished finished;
  RunResult& result = finished.result;
  result = Summarise(loaded, simulation, machine.backend, accelerated ? machine.threads : 1);
  result.interrupted = !status.ok();
  BNSYN_ASSIGN_OR_RETURN(const std::vector<NamedStatistics> statistics,
                         recorder.Statistics(simulation));
  for (const NamedStatistics& one : statistics) {
    result.statistics.push_back(ToJson(one));
    result.statistics_lines.push_back(ToLine(one));
  }
  Receipt& receipt = finished.receipt;
  receipt = ReceiptOf(request.source, machine, loaded);
  receipt.digest = result.digest;
  receipt.spikes = result.report.spikes;
  receipt.interrupted = result.interrupted;
  receipt.record = request.record;
  receipt.synapses = request.synapses;
  result.receipt = ToJson(receipt);

  if (!request.out.empty()) BNSYN_RETURN_IF_ERROR(RetractReport(request.out));
  BNSYN_ASSIGN_OR_RETURN(finished.files, recorder.Finish());
  if (request.out.empty()) return finished;
  for (const std::string& projection : request.synapses) {
    BNSYN_RETURN_IF_ERROR(WriteSynapses(request.out, simulation, projection));
    finished.files.push_back(projection + ".synapses.csv");
  }
  BNSYN_RETURN_IF_ERROR(WriteSpikes(request.out, simulation));
  finished.files.insert(finished.files.begin(), "spikes.csv");
  BNSYN_RETURN_IF_ERROR(HashFiles(request.out, finished.files, receipt));
  BNSYN_RETURN_IF_ERROR(WriteWhole(request.out, "receipt.json", TextOf(ToJson(receipt)) + "\n"));
  BNSYN_RETURN_IF_ERROR(WriteReport(request.out, result));
  finished.files.insert(finished.files.begin() + 1, {"report.json", "receipt.json"});
  return finished;
}

}  // namespace bnsyn::tools
