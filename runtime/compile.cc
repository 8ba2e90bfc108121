// Compiles networks and programs to simulations, and opens simulations to tools.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "ir/verifier.h"
#include "runtime/change_parameters.h"
#include "runtime/coarse_report.h"
#include "runtime/engine.h"
#include "runtime/simulation_impl.h"
#include "runtime/simulation_internal.h"

namespace bnsyn {
namespace {

absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(ir::Program program, EngineOptions options,
                                                   EngineReport& report) {
  // Engines record what somebody may ask for.
  options.record_spikes = options.record_spikes || options.spike_recorders;
  switch (options.backend) {
    case Backend::kReference:
      return MakeReferenceEngine(std::move(program), options, report);
    case Backend::kAccelerated:
      return MakeAcceleratedEngine(std::move(program), options, report);
  }
  return absl::InternalError("no such backend");
}

absl::StatusOr<Simulation> CompileProgram(ir::Program program, const EngineOptions& options) {
  BNSYN_ASSIGN_OR_RETURN(std::unique_ptr<SimulationAccess::Impl> impl,
                         SimulationAccess::MakeImpl(std::move(program), options));
  return SimulationAccess::Make(std::move(impl));
}

absl::StatusOr<Simulation> CompileNetwork(const Network& network, const EngineOptions& options) {
  BNSYN_ASSIGN_OR_RETURN(
      std::unique_ptr<SimulationAccess::Impl> impl,
      SimulationAccess::MakeImpl(std::make_shared<const Network>(network), {}, options));
  return SimulationAccess::Make(std::move(impl));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SimulationAccess::Impl>> SimulationAccess::MakeImpl(
    ir::Program program, const EngineOptions& options) {
  const Stopwatch stopwatch;
  BNSYN_RETURN_IF_ERROR(ir::Verify(program));
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->params = program.params;
  impl->record_spikes = options.record_spikes;
  impl->hands_over_spikes = options.record_spikes || options.spike_recorders;
  impl->trains.resize(program.populations.size());
  impl->cleared_counts.resize(program.populations.size());
  EngineReport& report = impl->report;
  report.neurons = program.Neurons();
  BNSYN_ASSIGN_OR_RETURN(impl->engine, MakeEngine(std::move(program), options, report));
  impl->FindInterpolated();
  impl->variables.emplace(*impl->engine, impl->params);
  report.synapses = impl->engine->synapses();
  report.cache_problem = report.compile.cache_problem;
  report.coarse = DescribeCoarse(impl->engine->program(), impl->engine->Coarse());
  BNSYN_RETURN_IF_ERROR(CheckCoarse(impl->engine->program(), report.coarse));
  for (const auto& phase : report.compile.phases) {
    report.compile_seconds += phase.milliseconds / 1e3;
  }
  report.construct_seconds = stopwatch.seconds() - report.compile_seconds;
  return impl;
}

absl::StatusOr<std::unique_ptr<SimulationAccess::Impl>> SimulationAccess::MakeImpl(
    std::shared_ptr<const Network> network, const ChangedParameters& changed,
    const EngineOptions& options) {
  const Stopwatch stopwatch;
  std::vector<compiler::TunableRequirement> requirements;
  BNSYN_ASSIGN_OR_RETURN(ir::Program program,
                         LowerChanged(*network, changed, options.compile, &requirements));
  const double seconds = stopwatch.seconds();
  BNSYN_ASSIGN_OR_RETURN(std::unique_ptr<Impl> impl, MakeImpl(std::move(program), options));
  impl->network = std::move(network);
  impl->changed = changed;
  impl->requirements = std::move(requirements);
  impl->report.compile.phases.insert(impl->report.compile.phases.begin(), {"lower", seconds * 1e3});
  impl->report.compile_seconds += seconds;
  return impl;
}

absl::StatusOr<Simulation> Compile(ir::Program program, const EngineOptions& options) {
  return ir::WithinMemory([&] { return CompileProgram(std::move(program), options); });
}

absl::StatusOr<Simulation> Compile(const Network& network, const EngineOptions& options) {
  return ir::WithinMemory([&] { return CompileNetwork(network, options); });
}

absl::StatusOr<Simulation> Compile(const Network& network, const SimulationOptions& options) {
  return ir::WithinMemory([&] {
    EngineOptions engine(options);
    engine.compile.defer_from = compiler::kDeferFrom;
    return CompileNetwork(network, engine);
  });
}

absl::Status Attach(Simulation& simulation, const std::shared_ptr<RunObserver>& observer,
                    bool needs_spikes) {
  SimulationAccess::Impl& impl = SimulationAccess::Of(simulation);
  if (needs_spikes && !impl.hands_over_spikes) {
    return absl::FailedPreconditionError(
        "this simulation hands over no spikes: compile it with record_spikes or spike_recorders");
  }
  impl.observers.push_back({observer, needs_spikes});
  return absl::OkStatus();
}

const ir::Program& ProgramOf(const Simulation& simulation) {
  return SimulationAccess::Of(simulation).program();
}

const EngineReport& ReportOf(const Simulation& simulation) {
  return SimulationAccess::Of(simulation).report;
}

reference::ArrayView RawState(const Simulation& simulation, ir::StateId state) {
  return SimulationAccess::Of(simulation).engine->State(state);
}

absl::Status SetRawState(Simulation& simulation, ir::StateId state, uint32_t element,
                         ir::Bits bits) {
  return SimulationAccess::Of(simulation).SetState(state, element, bits);
}

}  // namespace bnsyn
