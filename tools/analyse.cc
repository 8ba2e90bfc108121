// bnsyn analyse: what the spikes of a run say of its network, and a table of processes of known
// branching ratio, which shows how far each estimator is to be trusted.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bnsyn/criticality.h"
#include "bnsyn/spike_statistics.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/spike_file.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

struct AnalyseArguments {
  std::string what;
  std::string file;
  std::vector<std::string> of;  // populations
  std::string bin = "4ms";
  std::string avalanche_bin;
  std::string correlation_bin = "2ms";
  std::string from;
  std::string until;
  int lags = 0;
  int least = 1;
  int most = 0;
  int resamples = 200;
  uint64_t bins = 500'000;
  uint64_t seed = 42;
  bool json = false;
};

// NaN and infinity, which JSON does not have, as null.
Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

std::string Text(double value, const char* none = "-") {
  return std::isnan(value) ? none : absl::StrFormat("%.4g", value);
}

const char* Word(BranchingVerdict verdict) {
  switch (verdict) {
    case BranchingVerdict::kEstimated:
      return "estimated";
    case BranchingVerdict::kTooSilent:
      return "too silent to say";
    case BranchingVerdict::kUncorrelated:
      return "uncorrelated";
    case BranchingVerdict::kNotBranching:
      return "not branching";
  }
  return "";
}

Json ToJson(const BranchingEstimate& estimate, double bin_ms) {
  Json json = {{"verdict", Word(estimate.verdict)}, {"reason", estimate.reason}};
  const bool told = estimate.verdict == BranchingVerdict::kEstimated;
  json["m"] = told ? Json(estimate.m) : Json();
  json["low"] = told ? Json(estimate.low) : Json();
  json["high"] = told ? Json(estimate.high) : Json();
  json["b"] = told ? Json(estimate.b) : Json();
  json["explained"] = estimate.explained;
  json["time_constant_ms"] = told ? Number(estimate.TimeConstant() * bin_ms) : Json();
  json["one_step_slope"] = estimate.one_step_slope;
  json["bins"] = estimate.bins;
  json["spikes"] = estimate.spikes;
  json["blocks"] = estimate.blocks;
  json["lags"] = estimate.lags;
  json["slopes"] = estimate.slopes;
  return json;
}

// The spikes of a run within a time.
struct Analysis {
  SpikeFile file;
  uint64_t begin = 0;
  uint64_t end = 0;
  std::vector<uint64_t> steps;  // of the populations that are looked at together
  std::vector<std::pair<const RecordedPopulation*, SpikeStatistics>> populations;
  uint64_t per_bin = 1;
  OriginalSigma per_step;
  OriginalSigma in_bins;
  BranchingEstimate branching;
  double mean_interval = 0;  // steps
  uint64_t per_avalanche_bin = 1;
  Avalanches avalanches;
  PowerLawFit sizes;
  PowerLawFit durations;
};

absl::Status ChooseSpikes(const AnalyseArguments& arguments, Analysis& analysis) {
  std::vector<std::string> names;
  for (const RecordedPopulation& population : analysis.file.populations) {
    names.push_back(population.name);
  }
  for (const std::string& name : arguments.of) {
    if (absl::c_linear_search(names, name)) continue;
    return absl::NotFoundError(absl::StrCat("--of ", name, ": no population of ",
                                            analysis.file.path, " is named so",
                                            ir::DidYouMean(name, names)));
  }
  for (const RecordedPopulation& population : analysis.file.populations) {
    if (!arguments.of.empty() && !absl::c_linear_search(arguments.of, population.name)) continue;
    for (const uint64_t step : population.steps) {
      if (step >= analysis.begin && step < analysis.end) analysis.steps.push_back(step);
    }
  }
  return absl::OkStatus();
}

absl::Status DescribePopulations(const AnalyseArguments& arguments, Analysis& analysis) {
  BNSYN_ASSIGN_OR_RETURN(
      const uint64_t per_bin,
      StepsOf("--correlation-bin", arguments.correlation_bin, analysis.file.dt_ms));
  for (const RecordedPopulation& population : analysis.file.populations) {
    if (!arguments.of.empty() && !absl::c_linear_search(arguments.of, population.name)) continue;
    SpikeStatisticsOptions options;
    options.dt_ms = analysis.file.dt_ms;
    options.begin = analysis.begin;
    options.end = analysis.end;
    options.steps_per_bin = per_bin;
    options.neurons = population.neurons;
    options.seed = arguments.seed;
    BNSYN_ASSIGN_OR_RETURN(const SpikeStatistics statistics,
                           DescribeSpikes(population.steps, population.numbers, options));
    analysis.populations.emplace_back(&population, statistics);
  }
  return absl::OkStatus();
}

absl::Status FindBranching(const AnalyseArguments& arguments, Analysis& analysis) {
  BNSYN_ASSIGN_OR_RETURN(analysis.per_bin, StepsOf("--bin", arguments.bin, analysis.file.dt_ms));
  BNSYN_ASSIGN_OR_RETURN(const std::vector<double> steps,
                         CountInBins(analysis.steps, analysis.begin, analysis.end, 1));
  analysis.per_step = EstimateOriginalSigma(steps);
  BNSYN_ASSIGN_OR_RETURN(
      const std::vector<double> counts,
      CountInBins(analysis.steps, analysis.begin, analysis.end, analysis.per_bin));
  analysis.in_bins = EstimateOriginalSigma(counts);
  BranchingOptions options;
  options.lags = static_cast<uint32_t>(arguments.lags);
  options.seed = arguments.seed;
  BNSYN_ASSIGN_OR_RETURN(analysis.branching, EstimateBranchingRatio({{counts}}, options));
  return absl::OkStatus();
}

absl::Status FitAvalanches(const AnalyseArguments& arguments, Analysis& analysis) {
  analysis.mean_interval = MeanInterval(analysis.steps);
  if (arguments.avalanche_bin.empty()) {
    analysis.per_avalanche_bin =
        static_cast<uint64_t>(std::max(1.0, std::rint(analysis.mean_interval)));
  } else {
    BNSYN_ASSIGN_OR_RETURN(
        analysis.per_avalanche_bin,
        StepsOf("--avalanche-bin", arguments.avalanche_bin, analysis.file.dt_ms));
  }
  // An interval is longer than the time that is looked at only where a bin is given.
  BNSYN_ASSIGN_OR_RETURN(
      const std::vector<double> counts,
      CountInBins(analysis.steps, analysis.begin, analysis.end, analysis.per_avalanche_bin));
  analysis.avalanches = FindAvalanches(counts);
  PowerLawOptions options;
  options.least = static_cast<uint64_t>(arguments.least);
  options.most = static_cast<uint64_t>(arguments.most);
  options.resamples = static_cast<uint32_t>(arguments.resamples);
  options.seed = arguments.seed;
  BNSYN_ASSIGN_OR_RETURN(analysis.sizes, FitPowerLaw(analysis.avalanches.sizes, options));
  BNSYN_ASSIGN_OR_RETURN(analysis.durations, FitPowerLaw(analysis.avalanches.durations, options));
  return absl::OkStatus();
}

absl::Status Analyse(const AnalyseArguments& arguments, Analysis& analysis) {
  BNSYN_ASSIGN_OR_RETURN(analysis.file, ReadSpikeFile(arguments.file));
  analysis.end = analysis.file.end;
  if (!arguments.from.empty()) {
    BNSYN_ASSIGN_OR_RETURN(analysis.begin, StepsOf("--from", arguments.from, analysis.file.dt_ms));
  }
  if (!arguments.until.empty()) {
    BNSYN_ASSIGN_OR_RETURN(const uint64_t until,
                           StepsOf("--until", arguments.until, analysis.file.dt_ms));
    analysis.end = std::min(analysis.end, until);
  }
  if (analysis.begin >= analysis.end) {
    const auto ms = [&](uint64_t steps) {
      return static_cast<double>(steps) * analysis.file.dt_ms;
    };
    return absl::InvalidArgumentError(absl::StrCat("nothing lies between ", ms(analysis.begin),
                                                   " and ", ms(analysis.end),
                                                   " ms; see --from and --until"));
  }
  BNSYN_RETURN_IF_ERROR(ChooseSpikes(arguments, analysis));
  BNSYN_RETURN_IF_ERROR(DescribePopulations(arguments, analysis));
  BNSYN_RETURN_IF_ERROR(FindBranching(arguments, analysis));
  return FitAvalanches(arguments, analysis);
}

Json ToJson(const PowerLawFit& fit) {
  if (!fit.problem.empty()) return {{"problem", fit.problem}};
  return {{"exponent", fit.exponent}, {"error", fit.error},
          {"least", fit.least},       {"most", fit.most > 0 ? Json(fit.most) : Json()},
          {"count", fit.count},       {"distance", fit.distance},
          {"p", Number(fit.p)}};
}

Json ToJson(const Analysis& analysis) {
  const double dt = analysis.file.dt_ms;
  Json populations = Json::object();
  for (const auto& [population, statistics] : analysis.populations) {
    populations[population->name] = {
        {"neurons", population->neurons},      {"spikes", statistics.spikes},
        {"rate_hz", statistics.rate_hz},       {"cv", Number(statistics.cv)},
        {"cv_neurons", statistics.cv_neurons}, {"correlation", Number(statistics.correlation)},
        {"correlated", statistics.correlated}};
  }
  const double bin = static_cast<double>(analysis.per_bin) * dt;
  return {{"file", analysis.file.path},
          {"dt_ms", dt},
          {"from_ms", static_cast<double>(analysis.begin) * dt},
          {"until_ms", static_cast<double>(analysis.end) * dt},
          {"spikes", analysis.steps.size()},
          {"populations", populations},
          {"branching",
           {{"bin_ms", bin},
            {"original_sigma_of_steps", analysis.per_step.mean},
            {"original_sigma_of_bins", analysis.in_bins.mean},
            {"multistep", ToJson(analysis.branching, bin)}}},
          {"avalanches",
           {{"mean_interval_ms", analysis.mean_interval * dt},
            {"bin_ms", static_cast<double>(analysis.per_avalanche_bin) * dt},
            {"number", analysis.avalanches.sizes.size()},
            {"sizes", ToJson(analysis.sizes)},
            {"durations", ToJson(analysis.durations)}}}};
}

void AddFit(const char* name, const PowerLawFit& fit, Table& table) {
  if (!fit.problem.empty()) {
    table.Add({name, "-", "-", "-", "-", "-", "-", "-", fit.problem});
    return;
  }
  const char* meaning = std::isnan(fit.p) ? "not tested"
                        : fit.p < 0.1     ? "no power law"
                                          : "a power law is plausible";
  table.Add({name, absl::StrFormat("%.3f", fit.exponent), absl::StrFormat("%.3f", fit.error),
             absl::StrCat(fit.least), fit.most > 0 ? absl::StrCat(fit.most) : "-",
             absl::StrCat(fit.count), absl::StrFormat("%.4f", fit.distance), Text(fit.p), meaning});
}

void Print(const Analysis& analysis) {
  const double dt = analysis.file.dt_ms;
  const auto ms = [&](uint64_t steps) { return static_cast<double>(steps) * dt; };
  std::printf("%s: %s spikes from %g to %g ms, in steps of %g ms\n\n", analysis.file.path.c_str(),
              Short(static_cast<double>(analysis.steps.size())).c_str(), ms(analysis.begin),
              ms(analysis.end), dt);
  Table populations(
      {"population", "neurons", "Hz", "CV", "of neurons", "correlation", "of neurons"});
  for (const auto& [population, statistics] : analysis.populations) {
    populations.Add({population->name, absl::StrCat(population->neurons),
                     absl::StrFormat("%.3f", statistics.rate_hz), Text(statistics.cv),
                     absl::StrCat(statistics.cv_neurons), Text(statistics.correlation),
                     absl::StrCat(statistics.correlated)});
  }
  std::printf("%s\n", populations.ToString().c_str());

  const BranchingEstimate& branching = analysis.branching;
  const double bin = ms(analysis.per_bin);
  Table ratios({"branching ratio by", "bin, ms", "ratio", "from", "to", "what it says"});
  const char* biased = "close to 1 for any stationary activity";
  ratios.Add({"original sigma, mean", absl::StrFormat("%g", dt),
              absl::StrFormat("%.4f", analysis.per_step.mean), "-", "-", biased});
  ratios.Add({"original sigma, mean", absl::StrFormat("%g", bin),
              absl::StrFormat("%.4f", analysis.in_bins.mean), "-", "-", biased});
  if (branching.verdict != BranchingVerdict::kTooSilent) {
    ratios.Add({"regression over one bin", absl::StrFormat("%g", bin),
                absl::StrFormat("%.4f", branching.one_step_slope), "-", "-",
                "too small where not all neurons are seen"});
  }
  if (branching.verdict == BranchingVerdict::kEstimated) {
    const double tau = branching.TimeConstant() * bin;
    ratios.Add({"multistep regression", absl::StrFormat("%g", bin),
                absl::StrFormat("%.4f", branching.m), absl::StrFormat("%.4f", branching.low),
                absl::StrFormat("%.4f", branching.high),
                absl::StrFormat("a time constant of %.4g ms", tau)});
  } else {
    ratios.Add({"multistep regression", absl::StrFormat("%g", bin), "-", "-", "-",
                absl::StrCat(Word(branching.verdict), ": ", branching.reason)});
  }
  std::printf("%s\n", ratios.ToString().c_str());

  std::printf("%s avalanches in bins of %g ms; the mean interval of spikes is %.4g ms\n\n",
              Short(static_cast<double>(analysis.avalanches.sizes.size())).c_str(),
              ms(analysis.per_avalanche_bin), analysis.mean_interval * dt);
  Table fits({"avalanches", "exponent", "error", "from", "to", "number", "distance", "p", ""});
  AddFit("sizes", analysis.sizes, fits);
  AddFit("durations", analysis.durations, fits);
  std::printf("%s", fits.ToString().c_str());
}

int AnalyseSpikes(const AnalyseArguments& arguments) {
  if (arguments.file.empty()) {
    return Report(absl::InvalidArgumentError(
        "which spikes? `bnsyn run NET.toml --out DIR` writes them, and `bnsyn analyse spikes DIR` "
        "reads them"));
  }
  Analysis analysis;
  const absl::Status status = Analyse(arguments, analysis);
  if (!status.ok()) return Report(status);
  if (!analysis.file.note.empty()) std::fprintf(stderr, "note: %s\n", analysis.file.note.c_str());
  if (arguments.json) {
    std::printf("%s\n", TextOf(ToJson(analysis)).c_str());
  } else {
    Print(analysis);
  }
  return kDone;
}

struct Demonstration {
  BranchingProcess process;
  OriginalSigma original;
  BranchingEstimate estimate;
};

absl::StatusOr<std::vector<Demonstration>> Demonstrate(const AnalyseArguments& arguments) {
  std::vector<BranchingProcess> processes;
  for (const double m : {0.9, 0.98, 0.999}) {
    for (const double observed : {1.0, 0.1}) {
      processes.push_back({m, 100, observed, arguments.bins, arguments.seed});
    }
  }
  processes.push_back({0, 5, 1, arguments.bins, arguments.seed});
  processes.push_back({0.9, 0, 1, arguments.bins, arguments.seed});
  std::vector<Demonstration> all;
  for (const BranchingProcess& process : processes) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<double> counts, SimulateBranchingProcess(process));
    BranchingOptions options;
    options.lags = static_cast<uint32_t>(arguments.lags);
    options.seed = arguments.seed;
    BNSYN_ASSIGN_OR_RETURN(BranchingEstimate estimate, EstimateBranchingRatio({{counts}}, options));
    all.push_back({process, EstimateOriginalSigma(counts), std::move(estimate)});
  }
  return all;
}

void Print(const std::vector<Demonstration>& all) {
  Table table(
      {"m", "mean", "seen", "original sigma", "one bin", "multistep", "from", "to", "verdict"});
  for (const Demonstration& one : all) {
    const BranchingEstimate& estimate = one.estimate;
    std::vector<std::string> row = {absl::StrFormat("%g", one.process.m),
                                    absl::StrFormat("%g", one.process.mean),
                                    absl::StrFormat("%g %%", 100 * one.process.observed),
                                    absl::StrFormat("%.4f", one.original.mean)};
    if (estimate.verdict == BranchingVerdict::kTooSilent) {
      for (const char* cell : {"-", "-", "-", "-"}) row.emplace_back(cell);
    } else {
      row.push_back(absl::StrFormat("%.4f", estimate.one_step_slope));
      const bool told = estimate.verdict == BranchingVerdict::kEstimated;
      for (const double value : {estimate.m, estimate.low, estimate.high}) {
        row.push_back(told ? absl::StrFormat("%.5f", value) : "-");
      }
    }
    row.emplace_back(Word(estimate.verdict));
    table.Add(row);
  }
  std::printf("branching processes of %s bins, of which a part is seen:\n\n%s",
              Short(static_cast<double>(all.front().process.bins)).c_str(),
              table.ToString().c_str());
}

int AnalyseProcesses(const AnalyseArguments& arguments) {
  const auto all = Demonstrate(arguments);
  if (!all.ok()) return Report(all.status());
  if (!arguments.json) {
    Print(*all);
    return kDone;
  }
  Json rows = Json::array();
  for (const Demonstration& one : *all) {
    Json estimate = ToJson(one.estimate, 1);
    estimate.erase("time_constant_ms");
    rows.push_back({{"m", one.process.m},
                    {"mean", one.process.mean},
                    {"observed", one.process.observed},
                    {"original_sigma", one.original.mean},
                    {"multistep", std::move(estimate)}});
  }
  std::printf("%s\n", TextOf(rows).c_str());
  return kDone;
}

}  // namespace

void AddAnalyse(CommandLine& line) {
  auto arguments = std::make_shared<AnalyseArguments>();
  Command& analyse = line.Add(
      "analyse", "rates, branching ratio and avalanches of recorded spikes; docs/criticality.md");
  analyse.SetFooter(
      "Examples:\n"
      "  bnsyn run examples/networks/bnsyn.toml --duration 20s --backend accelerated --out "
      "results\n"
      "  bnsyn analyse spikes results --from 1s\n"
      "  bnsyn analyse spikes results/spikes.csv --of exc --bin 2ms --json\n"
      "  bnsyn analyse branching");
  analyse.Add({.name = "what",
               .value = &arguments->what,
               .help = "spikes: of a run; branching: of processes of known branching ratio, which "
                       "shows what the estimators are worth",
               .type = "WHAT",
               .one_of = {"spikes", "branching"},
               .required = true});
  analyse.Add({.name = "file",
               .value = &arguments->file,
               .help = "the directory of `bnsyn run --out`, or its spikes.csv",
               .type = "FILE"});
  analyse.Add({.name = "--of",
               .value = &arguments->of,
               .help = "take the spikes of this population alone; repeatable",
               .type = "POPULATION"});
  analyse.Add({.name = "--from",
               .value = &arguments->from,
               .help = "leave out what comes before",
               .type = "TIME"});
  analyse.Add({.name = "--until",
               .value = &arguments->until,
               .help = "leave out what comes after",
               .type = "TIME"});
  analyse.Add({.name = "--bin",
               .value = &arguments->bin,
               .help = "width of the bins of the branching ratio",
               .type = "TIME",
               .show_default = true});
  analyse.Add({.name = "--lags",
               .value = &arguments->lags,
               .help = "bins over which slopes are fitted; 0 follows the time constant",
               .type = "N",
               .range = {{0, 1000000}},
               .show_default = true});
  analyse.Add({.name = "--avalanche-bin",
               .value = &arguments->avalanche_bin,
               .help = "width of the bins of avalanches; without it, the mean interval of spikes",
               .type = "TIME"});
  analyse.Add({.name = "--least",
               .value = &arguments->least,
               .help = "the least size and duration that are fitted; 0 lets the fit choose",
               .type = "N",
               .range = {{0, 1000000}},
               .show_default = true});
  analyse.Add({.name = "--most",
               .value = &arguments->most,
               .help = "the greatest size and duration that are fitted; 0 for all",
               .type = "N",
               .range = {{0, 1000000000}},
               .show_default = true});
  analyse.Add({.name = "--resamples",
               .value = &arguments->resamples,
               .help = "samples of the test of fit; 0 for no test",
               .type = "N",
               .range = {{0, 100000}},
               .show_default = true});
  analyse.Add({.name = "--correlation-bin",
               .value = &arguments->correlation_bin,
               .help = "width of the bins of pairwise correlations",
               .type = "TIME",
               .show_default = true});
  analyse.Add({.name = "--bins",
               .value = &arguments->bins,
               .help = "bins of each branching process",
               .type = "N",
               .positive = true,
               .show_default = true});
  analyse.Add({.name = "--seed",
               .value = &arguments->seed,
               .help = "seed of processes, of resampling, and of which neurons are correlated",
               .type = "S",
               .show_default = true});
  analyse.Add({.name = "--json", .value = &arguments->json, .help = "print JSON"});
  analyse.SetAction([arguments] {
    return arguments->what == "spikes" ? AnalyseSpikes(*arguments) : AnalyseProcesses(*arguments);
  });
}

}  // namespace bnsyn::tools
