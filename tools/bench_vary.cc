// bnsyn bench --vary: how the cost of a step grows with a value of the network.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "ir/status_macros.h"
#include "tools/bench.h"
#include "tools/output.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

struct Cost {
  std::string value;
  double number = 0;  // the value without its unit
  double neurons = 0;
  double synapses = 0;
  double hz = 0;
  double events = 0;     // that arrive in a step
  double compile_s = 0;  // passes and code
  double construction_s = 0;
  double step_ns = 0;
  double delivery_ns = 0;  // of the step
  double update_ns = 0;
  Json receipt;
};

// Measures the mean over all steps, since the activity changes from step to step.
absl::StatusOr<Cost> Measure(const BenchArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded, Load(arguments.source));
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.compile.width = arguments.width;
  options.profile = true;
  options.record_spikes = false;
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(loaded.program, options));
  RunControl control;
  control.cancel = &Interrupted();
  BNSYN_RETURN_IF_ERROR(simulation.Step(arguments.warmup, control));
  const EngineReport before = ReportOf(simulation);
  const uint64_t steps = arguments.steps * static_cast<uint64_t>(arguments.repeats);
  BNSYN_RETURN_IF_ERROR(simulation.Step(steps, control));
  const EngineReport& report = ReportOf(simulation);
  const auto spikes = static_cast<double>(report.spikes - before.spikes);
  if (spikes == 0) return NothingSpiked();
  const auto count = static_cast<double>(steps);
  const auto spent = [&](KernelKind kind) {
    return (SecondsIn(report.kernels, kind) - SecondsIn(before.kernels, kind)) * 1e9 / count;
  };
  Cost cost;
  cost.step_ns = (report.run_seconds - before.run_seconds) * 1e9 / count;
  cost.delivery_ns = spent(KernelKind::kDelivery);
  cost.update_ns = spent(KernelKind::kPopulation);
  cost.neurons = static_cast<double>(report.neurons);
  cost.synapses = static_cast<double>(report.synapses);
  cost.hz = spikes / cost.neurons / (count * loaded.program.dt / 1000);
  cost.events = spikes / count * cost.synapses / cost.neurons;
  cost.compile_s = report.compile_seconds;
  cost.construction_s = report.construct_seconds;
  cost.receipt = BenchReceipt(arguments, loaded, simulation, 1);
  return cost;
}

// The b of y = a*x^b, by least squares of the logarithms; nullopt if x hardly changes.
std::optional<double> Exponent(const std::vector<Cost>& costs, double Cost::*x, double Cost::*y) {
  double mean_x = 0;
  double mean_y = 0;
  const auto count = static_cast<double>(costs.size());
  for (const Cost& cost : costs) {
    if (!(cost.*x > 0) || !(cost.*y > 0)) return std::nullopt;
    mean_x += std::log(cost.*x) / count;
    mean_y += std::log(cost.*y) / count;
  }
  double xx = 0;
  double xy = 0;
  for (const Cost& cost : costs) {
    const double dx = std::log(cost.*x) - mean_x;
    xx += dx * dx;
    xy += dx * (std::log(cost.*y) - mean_y);
  }
  constexpr double kLeastVariance = 0.01;  // about a tenth up or down
  if (xx / count < kLeastVariance) return std::nullopt;
  return xy / xx;
}

struct Fit {
  std::string of;
  std::string with;
  double exponent;
};

std::vector<Fit> Fits(const std::string& name, const std::vector<Cost>& costs) {
  std::vector<Fit> fits;
  const auto add = [&](const char* of, double Cost::*y, const std::string& with, double Cost::*x) {
    const std::optional<double> exponent = Exponent(costs, x, y);
    if (exponent.has_value()) fits.push_back({of, with, *exponent});
  };
  add("compilation", &Cost::compile_s, name, &Cost::number);
  add("a step", &Cost::step_ns, name, &Cost::number);
  add("a step", &Cost::step_ns, "rate", &Cost::hz);
  add("the update", &Cost::update_ns, "neurons", &Cost::neurons);
  add("delivery", &Cost::delivery_ns, "events", &Cost::events);
  return fits;
}

void Print(const std::string& name, const std::vector<Cost>& costs, const std::vector<Fit>& fits,
           bool json) {
  if (json) {
    Json rows = Json::array();
    for (const Cost& cost : costs) {
      rows.push_back({{"value", cost.value},
                      {"neurons", cost.neurons},
                      {"synapses", cost.synapses},
                      {"hz", cost.hz},
                      {"events_per_step", cost.events},
                      {"compile_s", cost.compile_s},
                      {"construction_s", cost.construction_s},
                      {"ns_per_step", cost.step_ns},
                      {"update_ns", cost.update_ns},
                      {"delivery_ns", cost.delivery_ns},
                      {"receipt", cost.receipt}});
    }
    Json exponents = Json::array();
    for (const Fit& fit : fits) {
      exponents.push_back({{"of", fit.of}, {"with", fit.with}, {"exponent", fit.exponent}});
    }
    std::printf(
        "%s\n",
        TextOf(Json({{"varied", name}, {"costs", rows}, {"exponents", exponents}})).c_str());
    return;
  }
  Table table({name, "neurons", "synapses", "Hz", "compiled in s", "made in s", "us/step",
               "update ns/neuron", "delivery ns/event"});
  for (const Cost& cost : costs) {
    table.Add({cost.value, Short(cost.neurons), Short(cost.synapses),
               absl::StrFormat("%.2f", cost.hz), absl::StrFormat("%.3f", cost.compile_s),
               absl::StrFormat("%.3f", cost.construction_s),
               absl::StrFormat("%.2f", cost.step_ns / 1e3),
               absl::StrFormat("%.2f", cost.update_ns / cost.neurons),
               cost.events > 0 ? absl::StrFormat("%.2f", cost.delivery_ns / cost.events) : ""});
  }
  std::printf("%s\n", table.ToString().c_str());
  for (const Fit& fit : fits) {
    std::printf("the time of %s grows with %s^%.2f\n", fit.of.c_str(), fit.with.c_str(),
                fit.exponent);
  }
}

}  // namespace

absl::Status BenchVary(const BenchArguments& arguments) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(arguments.vary, absl::MaxSplits('=', 1));
  const std::vector<std::string> names = absl::StrSplit(parts.first, ',', absl::SkipWhitespace());
  const std::vector<std::string> values = absl::StrSplit(parts.second, ',', absl::SkipWhitespace());
  if (names.empty() || values.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("--vary ", arguments.vary,
                     ": expected a name and two values or more, as in --vary N=1000,10000"));
  }
  std::vector<Cost> costs;
  for (const std::string& value : values) {
    BenchArguments varied = arguments;
    for (const std::string& name : names) {
      varied.source.sets.push_back(absl::StrCat(name, "=", value));
    }
    BNSYN_ASSIGN_OR_RETURN(Cost cost, Measure(varied));
    cost.value = value;
    cost.number = std::strtod(value.c_str(), nullptr);
    costs.push_back(std::move(cost));
  }
  Print(parts.first, costs, Fits(parts.first, costs), arguments.json);
  return absl::OkStatus();
}

}  // namespace bnsyn::tools
