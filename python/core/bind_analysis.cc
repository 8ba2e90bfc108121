// The statistics of spikes: bnsyn/criticality.h and bnsyn/spike_statistics.h.
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "bnsyn/criticality.h"
#include "bnsyn/spike_statistics.h"
#include "python/core/arrays.h"
#include "python/core/bind.h"
#include "python/core/status.h"

namespace bnsyn::python {
namespace {

using Doubles = Numbers<double>;
using Steps = Numbers<uint64_t>;

const char* WordOf(BranchingVerdict verdict) {
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
  return "?";
}

py::dict Branching(const std::vector<Doubles>& trials, uint32_t lags, uint32_t resamples,
                   double confidence, uint64_t seed) {
  std::vector<std::vector<double>> counts;
  for (const Doubles& trial : trials) counts.push_back(VectorOf(trial));
  BranchingOptions options;
  options.lags = lags;
  options.resamples = resamples;
  options.confidence = confidence;
  options.seed = seed;
  BranchingEstimate estimate = Take(EstimateBranchingRatio(counts, options));
  py::dict out;
  out["verdict"] = WordOf(estimate.verdict);
  out["reason"] = estimate.reason;
  out["m"] = estimate.m;
  out["low"] = estimate.low;
  out["high"] = estimate.high;
  out["b"] = estimate.b;
  out["explained"] = estimate.explained;
  out["time_constant"] = estimate.TimeConstant();
  out["bins"] = estimate.bins;
  out["spikes"] = estimate.spikes;
  out["blocks"] = estimate.blocks;
  out["one_step_slope"] = estimate.one_step_slope;
  out["lags"] = ArrayOf(std::move(estimate.lags));
  out["slopes"] = ArrayOf(std::move(estimate.slopes));
  return out;
}

py::dict PowerLaw(const Steps& numbers, uint64_t least, uint64_t most, uint32_t resamples,
                  uint64_t seed) {
  PowerLawOptions options;
  options.least = least;
  options.most = most;
  options.resamples = resamples;
  options.seed = seed;
  const PowerLawFit fit = Take(FitPowerLaw(SpanOf(numbers), options));
  py::dict out;
  out["problem"] = fit.problem;
  out["exponent"] = fit.exponent;
  out["error"] = fit.error;
  out["least"] = fit.least;
  out["most"] = fit.most;
  out["count"] = fit.count;
  out["distance"] = fit.distance;
  out["p"] = fit.p;
  return out;
}

py::dict Describe(const Steps& steps, const Numbers<uint32_t>& neurons, double dt_ms,
                  uint64_t begin, uint64_t end, uint64_t steps_per_bin, uint32_t size,
                  uint32_t correlated, uint64_t seed) {
  SpikeStatisticsOptions options;
  options.dt_ms = dt_ms;
  options.begin = begin;
  options.end = end;
  options.steps_per_bin = steps_per_bin;
  options.neurons = size;
  options.correlated = correlated;
  options.seed = seed;
  const SpikeStatistics statistics = Take(DescribeSpikes(SpanOf(steps), SpanOf(neurons), options));
  py::dict out;
  out["spikes"] = statistics.spikes;
  out["rate_hz"] = statistics.rate_hz;
  out["cv"] = statistics.cv;
  out["cv_neurons"] = statistics.cv_neurons;
  out["correlation"] = statistics.correlation;
  out["correlated"] = statistics.correlated;
  return out;
}

py::tuple AvalanchesIn(const Doubles& counts) {
  Avalanches avalanches = Take(FindAvalanches(SpanOf(counts)));
  return py::make_tuple(ArrayOf(std::move(avalanches.sizes)),
                        ArrayOf(std::move(avalanches.durations)));
}

py::array_t<double> Simulate(double m, double mean, double observed, uint64_t bins, uint64_t seed) {
  BranchingProcess process;
  process.m = m;
  process.mean = mean;
  process.observed = observed;
  process.bins = bins;
  process.seed = seed;
  return ArrayOf(Take(SimulateBranchingProcess(process)));
}

}  // namespace

void BindAnalysis(py::module_& module) {
  module.def("count_in_bins",
             [](const Steps& steps, uint64_t begin, uint64_t end, uint64_t per_bin) {
               return ArrayOf(Take(CountInBins(SpanOf(steps), begin, end, per_bin)));
             });
  module.def("branching_ratio", Branching);
  module.def("original_sigma", [](const Doubles& counts, double alpha) {
    const OriginalSigma sigma = EstimateOriginalSigma(SpanOf(counts), alpha);
    return std::pair(sigma.last, sigma.mean);
  });
  module.def("simulate_branching", Simulate);
  module.def("avalanches", AvalanchesIn);
  module.def("mean_interval", [](const Steps& steps) { return MeanInterval(SpanOf(steps)); });
  module.def("power_law", PowerLaw);
  module.def("describe_spikes", Describe);
}

}  // namespace bnsyn::python
