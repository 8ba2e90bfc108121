#include "python/core/report.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <string>

#include "compiler/language/expression.h"
#include "compiler/lowering/select_neurons.h"
#include "ir/program.h"
#include "python/core/status.h"
#include "reference/array.h"
#include "runtime/conversion.h"
#include "runtime/named_neurons.h"
#include "runtime/simulation_impl.h"
#include "runtime/simulation_internal.h"

namespace py = pybind11;

namespace bnsyn::python {
namespace {

const char* KindName(KernelKind kind) {
  switch (kind) {
    case KernelKind::kDelivery:
      return "delivery";
    case KernelKind::kPopulation:
      return "population";
    case KernelKind::kNetwork:
      return "network";
  }
  return "?";
}

py::dict DescribeCoarse(const CoarseContributions& coarse) {
  py::dict out;
  out["source"] = coarse.source;
  out["input"] = coarse.input;
  out["population"] = coarse.population;
  out["count"] = coarse.count;
  out["worst"] = coarse.worst;
  out["value"] = coarse.value;
  return out;
}

}  // namespace

py::list DescribePopulations(Session& session) {
  const Simulation& simulation = session.Use();
  const ir::Program& program = ProgramOf(simulation);
  py::list out;
  for (uint32_t p = 0; p < program.populations.size(); ++p) {
    out.append(py::make_tuple(program.populations[p].name,
                              program.HasNeurons(p) ? program.populations[p].size : 0,
                              simulation.SpikeCount(PopulationHandle{p})));
  }
  return out;
}

py::list DescribeVariables(Session& session) {
  const Simulation& simulation = session.Use();
  const ir::Program& program = ProgramOf(simulation);
  py::list out;
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const ir::State& state = program.states[id];
    // Names of three parts are the compiler's own.
    if (state.temporary || std::count(state.name.begin(), state.name.end(), '.') > 1) continue;
    out.append(py::make_tuple(state.name, state.unit, RawState(simulation, id).size));
  }
  return out;
}

py::tuple DescribeVariable(Session& session, const std::string& name) {
  const Simulation& simulation = session.Use();
  const size_t size = Take(simulation.StateByName(name)).size();
  const auto elements =
      Take(SimulationAccess::Of(simulation).FindElements(SourceText{name, name, 1, 1}));
  return py::make_tuple(ProgramOf(simulation).states[elements.state].unit, size);
}

std::string PopulationOfNeurons(Session& session, const std::string& neurons) {
  const ir::Program& program = ProgramOf(session.Use());
  const SourceText source = {neurons, neurons, 1, 1};
  const compiler::Expr expr = Take(compiler::ParseExpression(source));
  const compiler::NeuronSet set =
      Take(compiler::SelectNeurons(expr, source, NamedNeuronsOf(program), {}));
  return program.populations[set.section].name;
}

py::list DescribeParameters(Session& session) {
  py::list out;
  for (const ir::Param& param : SimulationAccess::Of(session.Use()).params) {
    const absl::StatusOr<double> value = ToExactDouble(param.element, param.value, param.name);
    if (!value.ok()) continue;
    out.append(py::make_tuple(param.name, param.unit, *value, param.tunable));
  }
  return out;
}

py::list DescribeProjections(Session& session) {
  const ir::Program& program = ProgramOf(session.Use());
  py::list out;
  for (const ir::Projection& projection : program.projections) {
    out.append(py::make_tuple(projection.name, program.populations[projection.source].name,
                              program.populations[projection.target].name));
  }
  return out;
}

py::dict DescribeRun(Session& session) {
  const EngineReport& report = ReportOf(session.Use());
  py::dict out;
  out["neurons"] = report.neurons;
  out["synapses"] = report.synapses;
  out["memory_bytes"] = report.memory_bytes;
  out["steps"] = report.steps;
  out["spikes"] = report.spikes;
  out["compile_seconds"] = report.compile_seconds;
  out["cache_hit"] = report.compile.cache_hit;
  out["cache_problem"] = report.cache_problem;
  out["construct_seconds"] = report.construct_seconds;
  out["run_seconds"] = report.run_seconds;
  out["run_processor_seconds"] = report.run_processor_seconds;
  py::list coarse;
  for (const CoarseContributions& one : report.coarse) coarse.append(DescribeCoarse(one));
  out["coarse"] = coarse;
  py::dict phases;
  for (const auto& phase : report.compile.phases) {
    phases[py::str(phase.name)] = phase.milliseconds / 1e3;
  }
  out["compile_phases"] = phases;
  py::list kernels;
  for (const KernelTime& kernel : report.kernels) {
    kernels.append(py::make_tuple(kernel.name, KindName(kernel.kind), kernel.seconds));
  }
  out["kernels"] = kernels;
  py::list threads;
  for (const ThreadTime& thread : report.threads) {
    threads.append(py::make_tuple(thread.working_seconds, thread.waiting_seconds));
  }
  out["threads"] = threads;
  return out;
}

}  // namespace bnsyn::python
