#include "tools/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "recording/part_file.h"

namespace bnsyn::tools {
namespace {

constexpr char kReport[] = "report.json";

}  // namespace

double RunResult::updates_per_sec() const {
  return wall_s() > 0
             ? static_cast<double>(report.synapses) * static_cast<double>(steps_run()) / wall_s()
             : 0;
}

RunResult Summarise(const Loaded& loaded, const Simulation& simulation, const std::string& backend,
                    int threads) {
  RunResult result;
  result.backend = backend;
  result.threads = threads;
  result.network = loaded.name;
  result.lower_ms = loaded.lower_ms;
  result.dt_ms = ProgramOf(simulation).dt;
  result.seed = ProgramOf(simulation).seed;
  result.rates = Rates(simulation);
  result.uniform = UniformValues(simulation);
  result.digest = simulation.Digest().ToString();
  result.report = ReportOf(simulation);
  return result;
}

Json ToJson(const RunResult& result) {
  Json rates = Json::object();
  Json sizes = Json::object();
  for (const Rate& rate : result.rates) {
    rates[rate.population] = rate.hz;
    if (rate.neurons > 0) sizes[rate.population] = rate.neurons;
  }
  Json uniform = Json::object();
  for (const auto& [name, value] : result.uniform) uniform[name] = value;
  const compiler::CompileReport& compile = result.report.compile;
  const double compile_ms_total = result.lower_ms + result.report.compile_seconds * 1e3;
  Json compile_ms = {{"total", compile_ms_total}, {"lower", result.lower_ms}};
  for (const auto& phase : compile.phases) compile_ms[phase.name] = phase.milliseconds;
  compile_ms["cache"] = compile.cache_hit ? "hit" : "miss";
  Json thread_seconds = Json::array();
  for (const ThreadTime& time : result.report.threads) {
    thread_seconds.push_back(
        {{"working", time.working_seconds}, {"waiting", time.waiting_seconds}});
  }
  Json coarse = Json::array();
  for (const CoarseContributions& one : result.report.coarse) {
    coarse.push_back({{"source", one.source},
                      {"input", one.input},
                      {"population", one.population},
                      {"count", one.count},
                      {"worst", one.worst},
                      {"value", one.value}});
  }
  const double run_s = static_cast<double>(result.steps_run()) * result.dt_ms / 1000;
  Json json = {{"network", result.network},
               {"backend", result.backend},
               {"threads", result.threads},
               {"width", compile.width},
               {"seed", result.seed},
               {"dt_ms", result.dt_ms},
               {"steps", result.report.steps},
               {"neurons", result.report.neurons},
               {"synapses", result.report.synapses},
               {"spikes", result.report.spikes},
               {"sizes", sizes},
               {"rates_hz", rates},
               {"wall_s", result.wall_s()},
               {"real_time_factor", run_s > 0 ? result.wall_s() / run_s : 0},
               {"updates_per_sec", result.updates_per_sec()},
               {"processor_s", result.report.run_processor_seconds},
               {"thread_seconds", thread_seconds},
               {"construct_s", result.report.construct_seconds},
               {"memory_bytes", result.report.memory_bytes},
               {"compile_ms", compile_ms},
               {"coarse", coarse},
               {"digest", result.digest},
               {"uniform", uniform},
               {"interrupted", result.interrupted}};
  if (!result.statistics.empty()) json["statistics"] = result.statistics;
  if (!result.checkpoints.empty()) json["checkpoints"] = result.checkpoints;
  if (!result.receipt.empty()) json["receipt"] = result.receipt;
  return json;
}

std::string TextOf(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

absl::Status RetractReport(const std::string& directory) {
  const std::string path = (std::filesystem::path(directory) / kReport).string();
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot replace '", path, "': ", std::strerror(errno)));
}

absl::Status WriteSynapses(const std::string& directory, const Simulation& simulation,
                           const std::string& projection) {
  const ir::Program& program = ProgramOf(simulation);
  BNSYN_ASSIGN_OR_RETURN(const SynapseList synapses, simulation.Synapses(projection));
  std::string header = "pre,post,weight,delay";
  std::vector<std::vector<double>> variables;
  for (const ir::StateId id : program.SynapseStates(*program.FindProjection(projection))) {
    const std::string& name = program.states[id].name;
    if (!program.IsVariable(id) || name == absl::StrCat(projection, ".w")) continue;
    absl::StrAppend(&header, ",", name.substr(projection.size() + 1));
    BNSYN_ASSIGN_OR_RETURN(variables.emplace_back(), simulation.StateByName(name));
  }
  const auto text = [](double value) {
    return ir::PrintLiteral(ir::Element::kF64, ir::BitsOfF64(value));
  };
  BNSYN_ASSIGN_OR_RETURN(PartFile file, PartFile::Create(directory, projection + ".synapses.csv"));
  BNSYN_RETURN_IF_ERROR(file.Append(header + "\n"));
  for (size_t synapse = 0; synapse < synapses.sources.size(); ++synapse) {
    std::string line = absl::StrCat(synapses.sources[synapse], ",", synapses.targets[synapse], ",",
                                    text(synapses.weights[synapse]), ",",
                                    text(synapses.delays[synapse] * program.dt));
    for (const std::vector<double>& values : variables) {
      absl::StrAppend(&line, ",", text(values[synapse]));
    }
    line += '\n';
    BNSYN_RETURN_IF_ERROR(file.Append(line));
  }
  return file.Publish();
}

absl::Status WriteReport(const std::string& directory, const RunResult& result) {
  return WritePartFile(directory, kReport, TextOf(ToJson(result)) + "\n");
}

}  // namespace bnsyn::tools
