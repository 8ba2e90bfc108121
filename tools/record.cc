#include "tools/record.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "runtime/named_neurons.h"
#include "runtime/simulation_internal.h"

namespace bnsyn::tools {
namespace {

std::string Text(double value) { return ir::PrintLiteral(ir::Element::kF64, ir::BitsOfF64(value)); }

// A group has a file of its own name, "left.V"; neurons without a name have that of their variable.
std::string FileName(const std::string& text, const SelectedVariable& selected) {
  const size_t point = text.find('.');
  const std::string before = text.substr(0, text.find_first_of(".["));
  const bool of_group = selected.elements.has_value() && point != std::string::npos &&
                        !absl::StartsWith(selected.name, absl::StrCat(before, "."));
  return of_group ? absl::StrCat(before, selected.name.substr(selected.name.find('.')))
                  : selected.name;
}

// The values of a variable as they are written, integers with all their digits.
absl::StatusOr<std::vector<std::string>> Values(const Simulation& simulation,
                                                const std::string& variable) {
  std::vector<std::string> texts;
  const std::optional<ir::StateId> id = ProgramOf(simulation).FindState(variable);
  if (id.has_value() && ProgramOf(simulation).states[*id].type.element == ir::Element::kI64) {
    const reference::ArrayView values = RawState(simulation, *id);
    for (size_t i = 0; i < values.size; ++i) {
      texts.push_back(absl::StrCat(static_cast<int64_t>(values.bits(i))));
    }
    return texts;
  }
  BNSYN_ASSIGN_OR_RETURN(const std::vector<double> values, simulation.StateByName(variable));
  for (const double value : values) texts.push_back(Text(value));
  return texts;
}

}  // namespace

void RecordOptions::AddArguments(Command& command) {
  command.Add({.name = "--record",
               .value = &variables,
               .help = "write a variable over time to DIR/VARIABLE.csv, as exc.V, left.V of a "
                       "group, or 'exc.V[0:100]' for the first 100 neurons; repeatable",
               .type = "VARIABLE"});
  command.Add({.name = "--statistics",
               .value = &statistics,
               .help = "write mean, deviation and histogram of a variable over time to "
                       "DIR/VARIABLE.statistics.csv, and print them at the end: ee.w, or 'ee.w, 0 "
                       "mV, 1 mV, 20' for 20 bins from 0 to 1 mV; repeatable",
               .type = "VARIABLE"});
  command.Add({.name = "--record-every",
               .value = &every,
               .help = "time between samples; without it, each step",
               .type = "TIME"});
  command.Add({.name = "--record-until",
               .value = &until,
               .help = "time of the last sample; without it, the end",
               .type = "TIME"});
}

absl::StatusOr<Recorder> Recorder::Create(const RecordOptions& options,
                                          const std::string& directory,
                                          const Simulation& simulation) {
  Recorder recorder;
  if (options.variables.empty() && options.statistics.empty()) {
    if (options.every.empty() && options.until.empty()) return recorder;
    return absl::InvalidArgumentError(
        "--record-every and --record-until say when, and --record VARIABLE or --statistics "
        "VARIABLE what: it is missing");
  }
  if (!options.variables.empty() && directory.empty()) {
    return absl::InvalidArgumentError("--record needs --out DIR, where its files are written");
  }
  const double dt = ProgramOf(simulation).dt;
  if (!options.every.empty()) {
    BNSYN_ASSIGN_OR_RETURN(recorder.every_, StepsOf("--record-every", options.every, dt));
  }
  if (!options.until.empty()) {
    BNSYN_ASSIGN_OR_RETURN(recorder.until_, StepsOf("--record-until", options.until, dt));
  }
  for (const std::string& text : options.variables) {
    BNSYN_RETURN_IF_ERROR(recorder.AddVariable(text, directory, simulation));
  }
  for (const std::string& text : options.statistics) {
    BNSYN_RETURN_IF_ERROR(recorder.AddStatistics(text, directory, simulation));
  }
  return recorder;
}

absl::Status Recorder::AddVariable(const std::string& text, const std::string& directory,
                                   const Simulation& simulation) {
  const auto size_of = [&](const std::string& variable) -> absl::StatusOr<uint32_t> {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<std::string> values, Values(simulation, variable));
    return static_cast<uint32_t>(values.size());
  };
  BNSYN_ASSIGN_OR_RETURN(const SelectedVariable selected,
                         FindSelected(ProgramOf(simulation), {text, text, 1, 1}, size_of));
  BNSYN_ASSIGN_OR_RETURN(const uint32_t size, size_of(selected.name));
  Column column;
  column.variable = selected.name;
  column.name = FileName(text, selected);
  const compiler::NeuronSet all = {0, size, {}, size};
  column.elements = NumbersOf(selected.elements.value_or(all));
  if (selected.elements.has_value() && size != selected.elements->population_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("--record ", text, ": ", selected.name, " is one value for all neurons"));
  }
  for (const Column& other : columns_) {
    if (other.name != column.name) continue;
    return absl::InvalidArgumentError(absl::StrCat("--record ", column.name, " is given twice"));
  }
  BNSYN_ASSIGN_OR_RETURN(column.file, PartialFile::Create(directory, column.name + ".csv"));
  column.file.stream() << "time_ms";
  for (const uint32_t element : column.elements) column.file.stream() << ',' << element;
  column.file.stream() << '\n';
  columns_.push_back(std::move(column));
  return absl::OkStatus();
}

absl::Status Recorder::AddStatistics(const std::string& text, const std::string& directory,
                                     const Simulation& simulation) {
  Summary summary;
  BNSYN_ASSIGN_OR_RETURN(summary.option, ParseStatisticsOption(text, simulation));
  const std::string& variable = summary.option.variable;
  for (const Summary& other : summaries_) {
    if (other.option.variable != variable) continue;
    return absl::InvalidArgumentError(absl::StrCat("--statistics ", variable, " is given twice"));
  }
  if (!directory.empty()) {
    BNSYN_ASSIGN_OR_RETURN(summary.file,
                           PartialFile::Create(directory, variable + ".statistics.csv"));
    summary.file->stream() << "time_ms," << HeaderOf(summary.option.bins) << '\n';
  }
  summaries_.push_back(std::move(summary));
  return absl::OkStatus();
}

absl::Status Recorder::Sample(const Simulation& simulation) {
  const std::string time = Text(simulation.time_ms());
  for (Column& column : columns_) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<std::string> values,
                           Values(simulation, column.variable));
    std::string row = time;
    for (const uint32_t element : column.elements) absl::StrAppend(&row, ",", values[element]);
    column.file.stream() << row << '\n';
    if (!column.file.stream().good()) return column.file.Failed();
  }
  for (Summary& summary : summaries_) {
    if (!summary.file.has_value()) continue;
    BNSYN_ASSIGN_OR_RETURN(const std::vector<double> values,
                           simulation.StateByName(summary.option.variable));
    summary.file->stream() << time << ',' << RowOf(StatisticsOf(values, summary.option.bins))
                           << '\n';
    if (!summary.file->stream().good()) return summary.file->Failed();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedStatistics>> Recorder::Statistics(
    const Simulation& simulation) const {
  std::vector<NamedStatistics> all;
  for (const Summary& summary : summaries_) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<double> values,
                           simulation.StateByName(summary.option.variable));
    all.push_back({summary.option, StatisticsOf(values, summary.option.bins)});
  }
  return all;
}

uint64_t Recorder::StepsToSample(uint64_t step) const {
  const uint64_t steps = every_ - step % every_;
  return step + steps > until_ ? UINT64_MAX : steps;
}

absl::Status Recorder::Step(Simulation& simulation, uint64_t steps, const RunControl& control) {
  const auto writes = [](const Summary& summary) { return summary.file.has_value(); };
  if (columns_.empty() && absl::c_none_of(summaries_, writes)) {
    return simulation.Step(steps, control);
  }
  const auto start = std::chrono::steady_clock::now();
  uint64_t done = 0;
  RunControl part = control;
  if (control.progress) {
    part.progress = [&](const Progress& progress) {
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
      control.progress({done + progress.done, steps, passed.count()});
    };
  }
  BNSYN_RETURN_IF_ERROR(Sample(simulation));
  while (done < steps) {
    const uint64_t to_sample = StepsToSample(simulation.step());
    const uint64_t count = std::min(to_sample, steps - done);
    BNSYN_RETURN_IF_ERROR(simulation.Step(count, part));
    done += count;
    if (count == to_sample) BNSYN_RETURN_IF_ERROR(Sample(simulation));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Recorder::Finish() {
  std::vector<std::string> names;
  for (Column& column : columns_) {
    BNSYN_RETURN_IF_ERROR(column.file.Publish());
    names.push_back(column.name + ".csv");
  }
  for (Summary& summary : summaries_) {
    if (!summary.file.has_value()) continue;
    BNSYN_RETURN_IF_ERROR(summary.file->Publish());
    names.push_back(summary.option.variable + ".statistics.csv");
  }
  columns_.clear();
  summaries_.clear();
  return names;
}

}  // namespace bnsyn::tools
