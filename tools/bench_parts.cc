// The parts of a step by their roles: their measurement, as a table and as JSON.
#include "tools/bench_parts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/status_macros.h"
#include "tools/table.h"

namespace bnsyn::tools {

Measured Measured::Of(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return {times[0], times[times.size() / 2] - times[0]};
}

absl::StatusOr<Sample> Sample::Start(const ir::Program& program, const BenchArguments& arguments,
                                     bool profile) {
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.compile.width = arguments.width;
  options.profile = profile;
  options.record_spikes = false;
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(program, options));
  return Sample(std::move(simulation));
}

absl::Status Sample::Run(uint64_t steps) {
  const EngineReport before = ReportOf(simulation_);
  BNSYN_RETURN_IF_ERROR(simulation_.Step(steps));
  const EngineReport& after = ReportOf(simulation_);
  const double scale = 1e9 / static_cast<double>(steps);
  step_.push_back(scale * (after.run_seconds - before.run_seconds));
  for (const KernelKind kind :
       {KernelKind::kDelivery, KernelKind::kPopulation, KernelKind::kNetwork}) {
    kinds_[static_cast<size_t>(kind)].push_back(
        scale * (SecondsIn(after.kernels, kind) - SecondsIn(before.kernels, kind)));
  }
  return absl::OkStatus();
}

absl::Status RunInTurn(Sample& one, Sample& other, const BenchArguments& arguments) {
  const auto seconds = [&] {
    return one.simulation().report().run_seconds + other.simulation().report().run_seconds;
  };
  constexpr double kMoment = 0.1;  // seconds
  const double begin = seconds();
  for (int i = 0; i < arguments.repeats || seconds() - begin < kMoment; ++i) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    BNSYN_RETURN_IF_ERROR(one.Run(arguments.steps));
    BNSYN_RETURN_IF_ERROR(other.Run(arguments.steps));
  }
  return absl::OkStatus();
}

absl::StatusOr<Parts> MeasureParts(const Loaded& loaded, const BenchArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(Sample plain, Sample::Start(loaded.program, arguments, false));
  BNSYN_ASSIGN_OR_RETURN(Sample timed, Sample::Start(loaded.program, arguments, true));
  for (Sample* const sample : {&plain, &timed}) {
    BNSYN_RETURN_IF_ERROR(sample->simulation().Step(arguments.warmup));
  }
  const uint64_t spikes_before = timed.simulation().report().spikes;
  const uint64_t steps_before = timed.simulation().report().steps;
  BNSYN_RETURN_IF_ERROR(RunInTurn(plain, timed, arguments));
  const SimulationReport& report = timed.simulation().report();
  if (report.spikes == spikes_before) return NothingSpiked();
  const auto neurons = static_cast<double>(report.neurons);
  const double spikes = static_cast<double>(report.spikes - spikes_before) /
                        static_cast<double>(report.steps - steps_before);
  const double events = spikes * static_cast<double>(report.synapses) / neurons;

  const ir::Program& program = ProgramOf(timed.simulation());
  Work update, network;
  bool has_network = false;
  for (const ir::Block& kernel : program.step) {
    if (program.RunsSynapses(kernel)) continue;
    const bool of_network = kernel.domain == ir::DomainId::kNetwork;
    has_network |= of_network;
    Work& work = of_network ? network : update;
    BNSYN_ASSIGN_OR_RETURN(const Work of_kernel, WorkOf(program, kernel));
    const double due = 1.0 / kernel.every;
    work = work + Work{of_kernel.flops * due, of_kernel.bytes * due};
  }
  const Work of_event = WorkOfEvent(program);
  const Work delivery = {of_event.flops * events, of_event.bytes * events};
  std::vector<Part> parts = {
      {"full_step", plain.step(), neurons, update + network + delivery, ""},
      {"adex_update", timed.of(KernelKind::kPopulation), neurons, update, ""},
      {"synapse_propagation", timed.of(KernelKind::kDelivery), events, delivery, ""},
  };
  if (report.synapses == 0) parts.back().missing = "the network has no synapses";
  BNSYN_ASSIGN_OR_RETURN(DecayPrice decay, PriceDecay(arguments));
  parts.push_back(std::move(decay.part));
  parts.push_back({"criticality_estimation", timed.of(KernelKind::kNetwork), 1, network, ""});
  if (!has_network) {
    parts.back().missing = "the network has no code of its own, such as an estimate of sigma";
  }
  std::vector<std::string> notes;
  if (!decay.note.empty()) notes.push_back(std::move(decay.note));
  for (const Part& part : parts) {
    if (!part.missing.empty()) notes.push_back(absl::StrCat("no ", part.name, ": ", part.missing));
  }
  return Parts{std::move(parts), std::move(notes), std::move(plain)};
}

Json ToJson(const Part& part, const Roof* roof) {
  Json json = {{"name", part.name}};
  if (!part.missing.empty()) {
    json["missing"] = part.missing;
    return json;
  }
  json["ns_per_step"] = part.ns.least;
  json["noise_ns"] = part.ns.noise;
  json["ns_per_element"] = part.elements > 0 ? part.ns.least / part.elements : 0;
  if (roof != nullptr && part.work.has_value() && part.ns.least > 0) {
    json["flops_per_step"] = part.work->flops;
    json["bytes_per_step"] = part.work->bytes;
    json["of_the_roof"] = roof->Seconds(*part.work) * 1e9 / part.ns.least;
  }
  return json;
}

std::string TableOf(const std::vector<Part>& parts, const Roof* roof) {
  std::vector<std::string> columns = {"part", "us/step", "noise", "ns/element", "of the step"};
  if (roof != nullptr) {
    for (const char* column : {"kflop", "kB", "GFLOP/s", "GB/s", "of the roof"}) {
      columns.emplace_back(column);
    }
  }
  Table table(columns);
  for (const Part& part : parts) {
    const double ns = part.ns.least;
    std::vector<std::string> row = {part.name, "none"};
    if (part.missing.empty()) {
      row = {part.name, absl::StrFormat("%.3f", ns / 1e3),
             absl::StrFormat("%.3f", part.ns.noise / 1e3),
             part.elements > 0 ? absl::StrFormat("%.3f", ns / part.elements) : "",
             absl::StrFormat("%.1f %%", 100 * ns / parts[0].ns.least)};
      if (roof != nullptr && part.work.has_value() && ns > 0) {
        row.insert(row.end(), {absl::StrFormat("%.2f", part.work->flops / 1e3),
                               absl::StrFormat("%.2f", part.work->bytes / 1e3),
                               absl::StrFormat("%.2f", part.work->flops / ns),
                               absl::StrFormat("%.2f", part.work->bytes / ns),
                               absl::StrFormat("%.0f %%", 1e11 * roof->Seconds(*part.work) / ns)});
      }
    }
    row.resize(columns.size());
    table.Add(std::move(row));
  }
  return table.ToString();
}

}  // namespace bnsyn::tools
