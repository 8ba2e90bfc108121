// bnsyn bench --plan: the price of each row of the plans of a network's kernels.

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/status_macros.h"
#include "tools/bench.h"
#include "tools/output.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

struct Price {
  std::string row;
  double with_ns = 0;  // of the population kernels, per step
  double without_ns = 0;
  double update_ratio = 0;  // of the kernels without the row, over those with all rows
  double step_ratio = 0;    // the same of whole steps
  Json receipt;             // of the run with all rows
};

// A simulation, and the least times of its steps.
struct Runner {
  Simulation simulation;
  double update_ns = std::numeric_limits<double>::infinity();  // of population kernels
  double step_ns = std::numeric_limits<double>::infinity();

  absl::Status Run(uint64_t steps) {
    const EngineReport before = ReportOf(simulation);
    BNSYN_RETURN_IF_ERROR(simulation.Step(steps));
    const EngineReport& after = ReportOf(simulation);
    const double scale = 1e9 / static_cast<double>(steps);
    const double seconds = SecondsIn(after.kernels, KernelKind::kPopulation) -
                           SecondsIn(before.kernels, KernelKind::kPopulation);
    update_ns = std::min(update_ns, scale * seconds);
    step_ns = std::min(step_ns, scale * (after.run_seconds - before.run_seconds));
    return absl::OkStatus();
  }
};

absl::StatusOr<Runner> Start(const ir::Program& program, const BenchArguments& arguments,
                             const std::vector<std::string>& disabled) {
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.compile.width = arguments.width;
  options.compile.disabled_passes = disabled;
  options.profile = true;
  options.record_spikes = false;
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(program, options));
  BNSYN_RETURN_IF_ERROR(simulation.Step(arguments.warmup));
  return Runner{std::move(simulation)};
}

// Runs the network with and without the rows, in turn.
absl::StatusOr<Price> Measure(const Loaded& loaded, const BenchArguments& arguments,
                              std::string name, const std::vector<std::string>& rows) {
  BNSYN_ASSIGN_OR_RETURN(Runner with, Start(loaded.program, arguments, {}));
  BNSYN_ASSIGN_OR_RETURN(Runner without, Start(loaded.program, arguments, rows));
  const uint64_t spikes_before = with.simulation.report().spikes;
  for (int i = 0; i < arguments.repeats; ++i) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    BNSYN_RETURN_IF_ERROR(with.Run(arguments.steps));
    BNSYN_RETURN_IF_ERROR(without.Run(arguments.steps));
  }
  if (with.simulation.report().spikes == spikes_before) return NothingSpiked();
  if (with.simulation.Digest() != without.simulation.Digest()) {
    return absl::InternalError(
        absl::StrCat("the digest is another one without ", name, "; `bnsyn verify` says where"));
  }
  return Price{.row = std::move(name),
               .with_ns = with.update_ns,
               .without_ns = without.update_ns,
               .update_ratio = without.update_ns / with.update_ns,
               .step_ratio = without.step_ns / with.step_ns,
               .receipt = BenchReceipt(arguments, loaded, with.simulation, 1)};
}

void Print(const std::string& network, const std::vector<Price>& prices) {
  std::printf("%s, one thread; a ratio above 1 is what the row is worth\n\n", network.c_str());
  Table table({"without", "update us/step", "with all rows", "update", "whole step"});
  for (const Price& price : prices) {
    table.Add({price.row, absl::StrFormat("%.2f", price.without_ns / 1e3),
               absl::StrFormat("%.2f", price.with_ns / 1e3),
               absl::StrFormat("%.3fx", price.update_ratio),
               absl::StrFormat("%.3fx", price.step_ratio)});
  }
  std::printf("%s", table.ToString().c_str());
}

}  // namespace

absl::Status BenchPlan(const BenchArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded, Load(arguments.source));
  std::vector<Price> prices;
  std::vector<std::string> all;
  for (const compiler::PlanRow& row : compiler::PlanRows()) {
    const std::string name(row.name);
    all.push_back(name);
    BNSYN_ASSIGN_OR_RETURN(Price price, Measure(loaded, arguments, name, {name}));
    prices.push_back(std::move(price));
  }
  BNSYN_ASSIGN_OR_RETURN(Price price, Measure(loaded, arguments, "any row", all));
  prices.push_back(std::move(price));
  if (!arguments.json) {
    Print(loaded.name, prices);
    return absl::OkStatus();
  }
  Json json = Json::array();
  for (const Price& p : prices) {
    json.push_back({{"without", p.row},
                    {"update_ns_per_step", p.without_ns},
                    {"update_ns_per_step_with_all", p.with_ns},
                    {"update_ratio", p.update_ratio},
                    {"step_ratio", p.step_ratio}});
  }
  json = {{"network", loaded.name}, {"rows", std::move(json)}, {"receipt", prices[0].receipt}};
  std::printf("%s\n", TextOf(json).c_str());
  return absl::OkStatus();
}

}  // namespace bnsyn::tools
