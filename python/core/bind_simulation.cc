// Simulations: made of networks, run, read and changed.
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bnsyn/checkpoint.h"
#include "bnsyn/recorder.h"
#include "bnsyn/simulation.h"
#include "compiler/description/settings.h"
#include "compiler/emission/jit.h"
#include "compiler/options.h"
#include "python/core/arrays.h"
#include "python/core/bind.h"
#include "python/core/report.h"
#include "python/core/session.h"
#include "python/core/status.h"
#include "runtime/simulation_internal.h"

namespace bnsyn::python {
namespace {

struct Options {
  std::string backend;
  int threads;
  bool pin;
  bool cache;
  uint64_t memory_limit;
  bool record_spikes;
  bool profile;
};

std::shared_ptr<Session> Make(const Network& network, const Options& given) {
  EngineOptions options;
  options.backend = given.backend == "reference" ? Backend::kReference : Backend::kAccelerated;
  if (given.backend != "reference" && given.backend != "accelerated") {
    Raise(absl::InvalidArgumentError(absl::StrCat("there is no backend '", given.backend,
                                                  "': it is 'accelerated' or 'reference'")));
  }
  options.threads = given.threads;
  options.pin = given.pin;
  options.memory_limit = given.memory_limit;
  options.record_spikes = false;
  options.spike_recorders = given.record_spikes;
  options.profile = given.profile;
  options.compile.defer_from = compiler::kDeferFrom;
  if (given.cache) options.compile.cache_directory = compiler::DefaultCacheDirectory();
  absl::StatusOr<Simulation> simulation = absl::UnknownError("");
  {
    const py::gil_scoped_release unlocked;
    simulation = Compile(network, options);
  }
  return Take(Session::Create(Take(std::move(simulation)), given.record_spikes));
}

PopulationHandle PopulationOf(Session& session, const std::string& name) {
  return Take(session.Use().Population(name));
}

// A vector of what a recorder has, as an array that keeps it alive.
template <typename T>
py::array_t<T> ViewOfData(const std::shared_ptr<const RecordData>& data,
                          const std::vector<T>& values, std::vector<py::ssize_t> shape) {
  return ViewOf(std::shared_ptr<const std::vector<T>>(data, &values), std::move(shape));
}

// How much of it is before the present step: after a simulation went back, the recorder drops the
// rest when it runs on. A sample of the present step is of the state that there is.
py::ssize_t Until(const RecordData& data, uint64_t end) {
  return std::lower_bound(data.steps.begin(), data.steps.end(), end) - data.steps.begin();
}

// Steps, times in ms and neurons.
py::tuple SpikesOf(Session& session, const std::string& name) {
  const Recorder& recorder = session.SpikesOf(PopulationOf(session, name).index);
  const std::shared_ptr<const RecordData> data = recorder.Share();
  const py::ssize_t size = Until(*data, session.Use().step());
  return py::make_tuple(ViewOfData(data, data->steps, {size}),
                        ViewOfData(data, data->times, {size}),
                        ViewOfData(data, data->neurons, {size}));
}

// Times in ms, and a row of values for each.
py::tuple TraceOf(Session& session, size_t number) {
  const Recorder& recorder = session.TraceOf(number);
  const std::shared_ptr<const RecordData> data = recorder.Share();
  const py::ssize_t samples = Until(*data, session.Use().step() + 1);
  const auto width = static_cast<py::ssize_t>(recorder.shape().width());
  const std::vector<py::ssize_t> shape = {samples, width};
  py::array values;
  switch (recorder.shape().type) {
    case RecordedType::kF64:
      values = ViewOfData(data, data->f64, shape);
      break;
    case RecordedType::kF32:
      values = ViewOfData(data, data->f32, shape);
      break;
    case RecordedType::kI64:
      values = ViewOfData(data, data->i64, shape);
      break;
  }
  return py::make_tuple(ViewOfData(data, data->times, {samples}), values);
}

// The unit of a trace, the numbers of the neurons or synapses of its columns, and the names of its
// columns where these are statistics.
py::tuple ShapeOf(Session& session, size_t number) {
  const RecordShape& shape = session.TraceOf(number).shape();
  return py::make_tuple(shape.unit, ArrayOf(shape.elements), shape.columns);
}

void SetInterval(Record& record, std::optional<double> every) {
  if (every.has_value()) record.Every(Quantity(*every, Unit{dimension::kTime, 0}));
}

size_t AddTrace(Session& session, const std::string& variable, std::optional<double> every,
                bool single) {
  Record record = Record::Variable(variable);
  SetInterval(record, every);
  if (single) record.Single();
  return session.Record(record);
}

// `bins` has where the first one begins, where the last one ends, and how many there are.
size_t AddStatistics(Session& session, const std::string& variable, std::optional<double> every,
                     const std::optional<std::tuple<std::string, std::string, int>>& bins) {
  Record record = Record::Statistics(variable);
  SetInterval(record, every);
  if (bins.has_value()) {
    record.Bins(std::get<0>(*bins), std::get<1>(*bins), static_cast<double>(std::get<2>(*bins)));
  }
  return session.Record(record);
}

void WatchSpikes(Session& session, const std::string& neurons, const py::object& weak) {
  session.Watch(Record::Spikes(neurons), weak);
}

void WatchVariable(Session& session, const std::string& variable, std::optional<double> every,
                   const py::object& weak) {
  Record record = Record::Variable(variable);
  SetInterval(record, every);
  session.Watch(record, weak);
}

py::tuple SynapsesOf(Session& session, const std::string& projection) {
  SynapseList list = Take(session.Use().Synapses(projection));
  return py::make_tuple(ArrayOf(std::move(list.sources)), ArrayOf(std::move(list.targets)),
                        ArrayOf(std::move(list.weights)), ArrayOf(std::move(list.delays)));
}

uint64_t StepsIn(Session& session, double milliseconds) {
  const Unit ms = {dimension::kTime, 0};
  return Take(StepsOf(Quantity(milliseconds, ms), Quantity(ProgramOf(session.Use()).dt, ms)));
}

}  // namespace

void BindSimulation(py::module_& module) {
  using Doubles = Numbers<double>;
  using Indices = Numbers<uint32_t>;
  py::class_<Checkpoint>(module, "Checkpoint")
      .def_static("read", [](const std::string& path) { return Take(Checkpoint::Read(path)); })
      .def_static("from_bytes",
                  [](const py::bytes& bytes) {
                    return Take(Checkpoint::FromBytes(static_cast<std::string>(bytes)));
                  })
      .def("write", [](const Checkpoint& checkpoint,
                       const std::string& path) { Check(checkpoint.Write(path)); })
      .def("bytes", [](const Checkpoint& checkpoint) { return py::bytes(checkpoint.bytes()); })
      .def_property_readonly("step", &Checkpoint::step)
      .def_property_readonly("time_ms", &Checkpoint::time_ms)
      .def_property_readonly("program", &Checkpoint::program)
      .def("__repr__",
           [](const Checkpoint& checkpoint) {
             return absl::StrCat("<Checkpoint at ", checkpoint.time_ms(), " ms, step ",
                                 checkpoint.step(), ", ", checkpoint.bytes().size(), " bytes>");
           })
      // For pickle and copy.
      .def(py::pickle([](const Checkpoint& checkpoint) { return py::bytes(checkpoint.bytes()); },
                      [](const py::bytes& bytes) {
                        return Take(Checkpoint::FromBytes(static_cast<std::string>(bytes)));
                      }));
  py::class_<Session, std::shared_ptr<Session>>(module, "Session")
      .def(py::init([](const Network& network, const std::string& backend, int threads, bool pin,
                       bool cache, uint64_t memory_limit, bool record_spikes, bool profile) {
             return Make(network,
                         {backend, threads, pin, cache, memory_limit, record_spikes, profile});
           }),
           py::arg("network"), py::kw_only(), py::arg("backend"), py::arg("threads"),
           py::arg("pin"), py::arg("cache"), py::arg("memory_limit"), py::arg("record_spikes"),
           py::arg("profile"))
      .def_property_readonly("step", [](Session& s) { return s.Use().step(); })
      .def_property_readonly("time_ms", [](Session& s) { return s.Use().time_ms(); })
      .def_property_readonly("dt", [](Session& s) { return ProgramOf(s.Use()).dt; })
      .def("run", &Session::Run)
      .def("steps_in", StepsIn)
      .def("populations", DescribePopulations)
      .def("variables", DescribeVariables)
      .def("describe", DescribeVariable)
      .def("population_of", PopulationOfNeurons)
      .def("parameters", DescribeParameters)
      .def("projections", DescribeProjections)
      .def("report", DescribeRun)
      .def("digest", [](Session& s) { return s.Use().Digest().ToString(); })
      .def("numbers",
           [](Session& s, const std::string& neurons) {
             return ArrayOf(Take(s.Use().Numbers(neurons)));
           })
      .def("spikes", SpikesOf)
      .def("synapses", SynapsesOf)
      .def("record", AddTrace)
      .def("record_statistics", AddStatistics)
      .def("watch_spikes", WatchSpikes)
      .def("watch_variable", WatchVariable)
      .def("trace", TraceOf)
      .def("trace_shape", ShapeOf)
      .def("save", [](Session& s) { return Take(s.Use().Save()); })
      .def("restore", [](Session& s, const Checkpoint& there) { Check(s.Use().Restore(there)); })
      .def("state",
           [](Session& s, const std::string& name) {
             return ArrayOf(Take(s.Use().StateByName(name)));
           })
      .def("set_state",
           [](Session& s, const std::string& name, const Doubles& values) {
             Check(s.Use().SetState(name, SpanOf(values)));
           })
      .def("set_parameter",
           [](Session& s, const std::string& name, double value, const Halves& halves) {
             Quantity quantity(value);
             quantity.dimension = DimensionOf(halves);
             Check(s.Use().SetParameter(name, quantity));
           })
      .def("inject",
           [](Session& s, const std::string& population, const Indices& neurons) {
             Check(s.Use().InjectSpikes(PopulationOf(s, population), SpanOf(neurons)));
           })
      .def("add_events",
           [](Session& s, const std::string& population, const std::string& stimulus,
              const Indices& neurons, const Doubles& numbers) {
             Check(s.Use().AddEvents(PopulationOf(s, population), stimulus, SpanOf(neurons),
                                     SpanOf(numbers)));
           })
      .def("set_input", [](Session& s, const std::string& population, const std::string& stimulus,
                           const Doubles& values) {
        Check(s.Use().SetInput(PopulationOf(s, population), stimulus, SpanOf(values)));
      });
}

}  // namespace bnsyn::python
