#include "tools/record.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "ir/status_macros.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

// A part of an option as a setting, whose errors name the option.
Setting Part(const char* option, const std::string& text) {
  return Setting(SourceText{option, text, 1, 1});
}

// "ee.w", or "ee.w, 0 mV, 1 mV, 20" with the range and the number of bins.
absl::StatusOr<Record> StatisticsRecord(const std::string& text) {
  std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (std::string& part : parts) absl::StripAsciiWhitespace(&part);
  Record record = Record::Statistics(parts[0]);
  if (parts.size() == 1) return record;
  if (parts.size() != 3 && parts.size() != 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("--statistics '", text, "': expected VARIABLE, or VARIABLE, LOW, HIGH[, ",
                     "BINS], as in 'ee.w, 0 mV, 1 mV, 20'"));
  }
  record.low = Part("--statistics", parts[1]);
  record.high = Part("--statistics", parts[2]);
  if (parts.size() == 4) record.bins = Part("--statistics", parts[3]);
  return record;
}

std::string WithUnit(double value, const std::string& unit) {
  return absl::StrCat(absl::StrFormat("%.4g", value), unit.empty() ? "" : " ", unit);
}

Json ToJson(const RecordShape& shape, const std::optional<Bins>& bins, const Statistics& values) {
  Json json = {{"variable", shape.variable},    {"unit", shape.unit},
               {"count", values.count},         {"mean", values.mean},
               {"deviation", values.deviation}, {"least", values.least},
               {"greatest", values.greatest}};
  if (!bins.has_value()) return json;
  json["low"] = bins->low;
  json["high"] = bins->high;
  json["at_low"] = values.at_low;
  json["at_high"] = values.at_high;
  json["bins"] = values.bins;
  return json;
}

std::string ToLine(const RecordShape& shape, const std::optional<Bins>& bins,
                   const Statistics& values) {
  const std::string& unit = shape.unit;
  std::string line = absl::StrCat(
      shape.variable, ": ", Short(static_cast<double>(values.count)), " values, mean ",
      WithUnit(values.mean, unit), ", deviation ", WithUnit(values.deviation, unit), ", from ",
      WithUnit(values.least, unit), " to ", WithUnit(values.greatest, unit));
  if (!bins.has_value() || values.count == 0) return line;
  const auto percent = [&, all = values.count](uint64_t part) {
    return 100 * static_cast<double>(part) / static_cast<double>(all);
  };
  absl::StrAppendFormat(&line, "; %.3g %% at most %s, %.3g %% at least %s", percent(values.at_low),
                        WithUnit(bins->low, unit), percent(values.at_high),
                        WithUnit(bins->high, unit));
  return line;
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
  const absl::Span<const absl::string_view> words = RecordFormatWords();
  command.Add({.name = "--format",
               .value = &format,
               .help = "of spikes and records: csv, npy (NumPy's), sonata (HDF5), or binary for "
                       "--out -; docs/recording.md describes them",
               .type = "NAME",
               .one_of = {words.begin(), words.end()},
               .show_default = true});
}

absl::StatusOr<std::vector<Record>> RecordsOf(const RecordOptions& options) {
  const bool none = options.variables.empty() && options.statistics.empty();
  if (none && !(options.every.empty() && options.until.empty())) {
    return absl::InvalidArgumentError(
        "--record-every and --record-until say when, and --record VARIABLE or --statistics "
        "VARIABLE what: it is missing");
  }
  std::vector<Record> records;
  for (const std::string& text : options.variables) records.push_back(Record::Variable(text));
  for (const std::string& text : options.statistics) {
    BNSYN_ASSIGN_OR_RETURN(records.emplace_back(), StatisticsRecord(text));
  }
  for (Record& record : records) {
    if (!options.every.empty()) record.every = Part("--record-every", options.every);
    if (!options.until.empty()) record.stop = Part("--record-until", options.until);
  }
  return records;
}

absl::StatusOr<FileRecorder> StartRecording(Simulation& simulation, const Loaded& loaded,
                                            const RecordOptions& options,
                                            const std::string& directory, int descriptor) {
  std::vector<Record> records;
  const bool has_spikes = std::any_of(loaded.records.begin(), loaded.records.end(),
                                      [](const Record& record) { return record.name == "spikes"; });
  if (!has_spikes) records.push_back(Record::Spikes());
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Record> asked, RecordsOf(options));
  records.insert(records.end(), asked.begin(), asked.end());
  records.insert(records.end(), loaded.records.begin(), loaded.records.end());
  FileOptions files = {.directory = directory, .descriptor = descriptor};
  const absl::Span<const absl::string_view> words = RecordFormatWords();
  files.format = static_cast<RecordFormat>(std::find(words.begin(), words.end(), options.format) -
                                           words.begin());
  return FileRecorder::Create(simulation, records, files);
}

absl::StatusOr<std::vector<RecordSource>> StatisticsSources(const Simulation& simulation,
                                                            const RecordOptions& options) {
  std::vector<RecordSource> sources;
  for (const std::string& text : options.statistics) {
    BNSYN_ASSIGN_OR_RETURN(const Record record, StatisticsRecord(text));
    BNSYN_ASSIGN_OR_RETURN(RecordSource source, RecordSource::Create(simulation, record));
    for (const RecordSource& other : sources) {
      if (other.shape().name != source.shape().name) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--statistics ", source.shape().variable, " is given twice"));
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

absl::StatusOr<EndStatistics> StatisticsAtEnd(const RecordSource& source) {
  BNSYN_ASSIGN_OR_RETURN(const Statistics values, source.PresentStatistics());
  const RecordShape& shape = source.shape();
  return EndStatistics{ToJson(shape, source.bins(), values), ToLine(shape, source.bins(), values)};
}

}  // namespace bnsyn::tools
