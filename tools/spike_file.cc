#include "tools/spike_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "tools/output.h"

namespace bnsyn::tools {
namespace {

constexpr absl::string_view kHeader = "population,neuron,step,time_ms";
// Of a spike file: a hundred million spikes.
constexpr uint64_t kMostSpikes = uint64_t{4} << 30;

// The report of the run, from report.json.
absl::Status ReadReport(const std::string& path, SpikeFile& file) {
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(path, ir::kMostDescription));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto has = [&](const char* key, auto is) {
    return json.is_object() && json.contains(key) && is(json[key]);
  };
  const auto is_number = [](const Json& value) { return value.is_number(); };
  const auto is_object = [](const Json& value) { return value.is_object(); };
  if (!has("dt_ms", is_number) || !has("steps", is_number) || !has("sizes", is_object)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": this is no report of `bnsyn run --out`, which has dt_ms, steps and sizes; write ",
        "it anew, or remove it, and what it says is taken from the spikes"));
  }
  file.dt_ms = json["dt_ms"].get<double>();
  file.end = json["steps"].get<uint64_t>();
  for (const auto& [name, size] : json["sizes"].items()) {
    if (!size.is_number_unsigned()) continue;
    file.populations.push_back({name, size.get<uint32_t>(), {}, {}});
  }
  return absl::OkStatus();
}

class Reader {
 public:
  Reader(SpikeFile& file, bool with_report) : file_(file), with_report_(with_report) {}

  absl::Status Read(absl::string_view text) {
    for (size_t p = 0; p < file_.populations.size(); ++p) {
      places_[file_.populations[p].name] = p;
    }
    int line = 1;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      BNSYN_RETURN_IF_ERROR(ReadLine(text.substr(0, end), line));
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line;
    }
    if (line == 1) return ErrorOf("", 1, 0, 0, "the file is empty");
    return with_report_ ? absl::OkStatus() : Complete();
  }

 private:
  absl::Status ErrorOf(absl::string_view text, int line, size_t offset, size_t length,
                       absl::string_view what) const {
    return ir::ErrorAt({file_.path, std::string(text), line, 1}, {offset, length}, what,
                       absl::StrCat("expected lines of ", kHeader,
                                    ", as `bnsyn run NET.toml --out DIR` writes them"));
  }

  absl::Status ReadLine(absl::string_view text, int line) {
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (line == 1) {
      if (text == kHeader) return absl::OkStatus();
      return ErrorOf(text, line, 0, text.size(), "this is no header of a spike file");
    }
    if (text.empty()) return absl::OkStatus();
    std::array<absl::string_view, 4> cells;
    size_t begin = 0;
    for (size_t k = 0; k < cells.size(); ++k) {
      const size_t comma = std::min(text.find(',', begin), text.size());
      cells[k] = text.substr(begin, comma - begin);
      if ((k == 3) != (comma == text.size())) {
        return ErrorOf(text, line, 0, text.size(), "expected 4 values");
      }
      begin = comma + 1;
    }
    uint32_t neuron = 0;
    uint64_t step = 0;
    double time = 0;
    const auto at = [&](absl::string_view cell, absl::string_view what) {
      return ErrorOf(text, line, static_cast<size_t>(cell.data() - text.data()), cell.size(), what);
    };
    if (!absl::SimpleAtoi(cells[1], &neuron)) return at(cells[1], "this is no number of a neuron");
    if (!absl::SimpleAtoi(cells[2], &step)) return at(cells[2], "this is no number of a step");
    if (!absl::SimpleAtod(cells[3], &time)) return at(cells[3], "this is no time in ms");
    RecordedPopulation* const population = PopulationOf(cells[0]);
    if (population == nullptr) return absl::OkStatus();
    if (with_report_ && neuron >= population->neurons) {
      return at(cells[1], absl::StrCat("the population has ", population->neurons,
                                       " neurons by the report of the run"));
    }
    if (with_report_ && step >= file_.end) {
      return at(cells[2], absl::StrCat("the run has ", file_.end, " steps by its report"));
    }
    if (!with_report_) Learn(*population, neuron, step, time);
    population->steps.push_back(step);
    population->numbers.push_back(neuron);
    return absl::OkStatus();
  }

  // Null for what the report does not list.
  RecordedPopulation* PopulationOf(absl::string_view name) {
    const auto known = places_.find(name);
    if (known != places_.end()) return &file_.populations[known->second];
    if (with_report_) return nullptr;
    places_[std::string(name)] = file_.populations.size();
    file_.populations.push_back({std::string(name), 0, {}, {}});
    return &file_.populations.back();
  }

  // Takes from a spike what a report would have said.
  void Learn(RecordedPopulation& population, uint32_t neuron, uint64_t step, double time) {
    population.neurons = std::max(population.neurons, neuron + 1);
    file_.end = std::max(file_.end, step + 1);
    if (!first_.has_value()) first_ = {step, time};
    const double steps = static_cast<double>(step) - static_cast<double>(first_->first);
    if (steps > longest_) {
      longest_ = steps;
      // Times are rounded to doubles, and with interpolated spikes to parts of a step.
      const double dt = (time - first_->second) / steps;
      file_.dt_ms = std::rint(dt * 1e6) / 1e6;
    }
  }

  absl::Status Complete() {
    if (file_.dt_ms > 0) {
      file_.note =
          absl::StrCat("there is no report.json beside ", file_.path, ": dt is taken to be ",
                       file_.dt_ms, " ms, and the last spike the end");
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        file_.path, " has fewer than two steps with spikes, and no report.json beside it says ",
        "how long the run was; run the network with --out, which writes both"));
  }

  SpikeFile& file_;
  bool with_report_;
  std::map<std::string, size_t, std::less<>> places_;
  std::optional<std::pair<uint64_t, double>> first_;
  double longest_ = 0;
};

}  // namespace

absl::StatusOr<SpikeFile> ReadSpikeFile(const std::string& path) {
  std::error_code error;
  std::filesystem::path spikes = path;
  if (std::filesystem::is_directory(spikes, error)) spikes /= "spikes.csv";
  const std::filesystem::path report = spikes.parent_path() / "report.json";
  SpikeFile file;
  file.path = spikes.string();
  const bool with_report = std::filesystem::exists(report, error);
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(file.path, kMostSpikes));
  if (with_report) BNSYN_RETURN_IF_ERROR(ReadReport(report.string(), file));
  BNSYN_RETURN_IF_ERROR(Reader(file, with_report).Read(text));
  return file;
}

}  // namespace bnsyn::tools
