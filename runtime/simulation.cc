#include "bnsyn/simulation.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/language/expression.h"
#include "ir/diagnostic.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "reference/fault.h"
#include "reference/machine.h"
#include "reference/synapse_table.h"
#include "runtime/change_parameters.h"
#include "runtime/coarse_report.h"
#include "runtime/conversion.h"
#include "runtime/engine.h"
#include "runtime/named_neurons.h"
#include "runtime/simulation_impl.h"

namespace bnsyn {
namespace {

// Random numbers know this many steps (R3).
constexpr uint64_t kMaxStep = uint64_t{1} << 48;
// How long a slice between two looks at RunControl should take.
constexpr double kSliceSeconds = 2e-3;
// How long spikes may wait for checks that deferred code has put off, where a recorder takes them.
constexpr double kHandOverSeconds = 0.5;

// Processor time of the process so far, of all its threads.
double ProcessorSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

template <typename T>
constexpr ir::Element ElementOf() {
  if constexpr (std::is_same_v<T, double>) return ir::Element::kF64;
  if constexpr (std::is_same_v<T, float>) return ir::Element::kF32;
  if constexpr (std::is_same_v<T, int32_t>) return ir::Element::kI32;
  if constexpr (std::is_same_v<T, uint32_t>) return ir::Element::kU32;
  if constexpr (std::is_same_v<T, int64_t>) return ir::Element::kI64;
  if constexpr (std::is_same_v<T, uint64_t>) return ir::Element::kU64;
  if constexpr (std::is_same_v<T, bool>) return ir::Element::kBool;
}

// What to write in State<...> for an element.
absl::string_view CppName(ir::Element element) {
  switch (element) {
    case ir::Element::kF64:
      return "double";
    case ir::Element::kF32:
      return "float";
    case ir::Element::kI32:
      return "int32_t";
    case ir::Element::kU32:
      return "uint32_t";
    case ir::Element::kI64:
      return "int64_t";
    case ir::Element::kU64:
      return "uint64_t";
    case ir::Element::kBool:
      return "bool";
  }
  return "";
}

// A name that a host gives, which is its own source in errors.
ir::SourceText AsSource(absl::string_view name) {
  return {std::string(name), std::string(name), 1, 1};
}

}  // namespace

void Simulation::Impl::FindInterpolated() {
  for (const ir::Population& population : program().populations) {
    before_end.push_back(program().FindState(absl::StrCat(population.name, ".spike.before")));
  }
}

void Simulation::Impl::TakeSpikes(ir::PopulationId population, uint64_t step,
                                  absl::Span<const uint32_t> neurons,
                                  absl::Span<const double> before) {
  for (RunObserver* const observer : spike_observers) {
    observer->OnSpikes(population, step, neurons, before);
  }
  if (!record_spikes) return;
  SpikeTrain& train = trains[population];
  train.steps.insert(train.steps.end(), neurons.size(), step);
  train.neurons.insert(train.neurons.end(), neurons.begin(), neurons.end());
  train.before.insert(train.before.end(), before.begin(), before.end());
}

absl::Status Simulation::Impl::RunSteps(uint64_t steps) {
  const bool interpolated = std::any_of(before_end.begin(), before_end.end(),
                                        [](const auto& state) { return state.has_value(); });
  if (Sink() == nullptr || !interpolated) return engine->Run(steps, Sink());
  for (uint64_t step = 0; step < steps; ++step) {
    holds_spikes = true;
    absl::Status status = engine->Run(1, this);
    if (status.ok()) status = engine->Finish(this);
    holds_spikes = false;
    for (const HeldSpikes& spikes : held_spikes) {
      std::vector<double> before;
      if (const std::optional<ir::StateId>& state = before_end[spikes.population]) {
        const reference::ArrayView values = engine->State(*state);
        for (const uint32_t neuron : spikes.neurons) {
          before.push_back(ir::F64OfBits(values.bits(neuron)));
        }
      }
      TakeSpikes(spikes.population, spikes.step, spikes.neurons, before);
    }
    held_spikes.clear();
    BNSYN_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::Status Simulation::Impl::RunSlice(uint64_t steps) {
  const Stopwatch stopwatch;
  BNSYN_RETURN_IF_ERROR(RunSteps(steps));
  const double seconds = stopwatch.seconds();
  const auto taken = static_cast<double>(steps);
  // At most eightfold at a time, since a step that was quick may have been a quiet one.
  const double next = seconds > 0 ? taken * kSliceSeconds / seconds : 8 * taken;
  slice = static_cast<uint64_t>(std::clamp(next, 1.0, 8 * taken));
  return absl::OkStatus();
}

void Simulation::Impl::MeetObservers() {
  std::erase_if(observers, [](const Observer& one) { return one.observer.expired(); });
  for (const Observer& one : observers) {
    std::shared_ptr<RunObserver> observer = one.observer.lock();
    if (observer == nullptr) continue;
    if (one.needs_spikes) spike_observers.push_back(observer.get());
    observing.push_back(std::move(observer));
  }
}

absl::Status Simulation::Impl::Sample() {
  const uint64_t step = engine->step();
  for (const std::shared_ptr<RunObserver>& observer : observing) {
    if (observer->NextSample(step) == step) BNSYN_RETURN_IF_ERROR(observer->Sample(step));
  }
  return absl::OkStatus();
}

uint64_t Simulation::Impl::StepsToSample() const {
  const uint64_t step = engine->step();
  uint64_t next = UINT64_MAX;
  for (const std::shared_ptr<RunObserver>& observer : observing) {
    next = std::min(next, observer->NextSample(step + 1));
  }
  return next == UINT64_MAX ? UINT64_MAX : next - step;
}

absl::Status Simulation::Impl::AdvanceObserved(uint64_t steps, const RunControl& control) {
  const bool watched =
      control.progress != nullptr || control.cancel != nullptr || !observing.empty();
  const Stopwatch stopwatch;
  double handed_over = 0;  // when spikes that waited for checks last were
  BNSYN_RETURN_IF_ERROR(Sample());
  for (uint64_t done = 0; done < steps;) {
    if (control.cancel != nullptr && control.cancel->load(std::memory_order_relaxed)) {
      BNSYN_RETURN_IF_ERROR(engine->Finish(Sink()));
      return absl::CancelledError(absl::StrCat("cancelled after ", done, " of ", steps, " steps"));
    }
    uint64_t part = watched ? std::min(slice, steps - done) : steps;
    part = std::min(part, StepsToSample());
    BNSYN_RETURN_IF_ERROR(RunSlice(part));
    done += part;
    BNSYN_RETURN_IF_ERROR(Sample());
    if (!spike_observers.empty() && stopwatch.seconds() - handed_over > kHandOverSeconds) {
      BNSYN_RETURN_IF_ERROR(engine->Finish(Sink()));
      handed_over = stopwatch.seconds();
    }
    for (const std::shared_ptr<RunObserver>& observer : observing) {
      BNSYN_RETURN_IF_ERROR(observer->EndSlice(engine->step()));
    }
    if (control.progress) control.progress({done, steps, stopwatch.seconds()});
  }
  return engine->Finish(Sink());
}

absl::Status Simulation::Impl::Advance(uint64_t steps, const RunControl& control) {
  if (steps > kMaxStep - engine->step()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot run ", steps, " steps: a simulation has at most 2^48 steps of which ",
                     engine->step(), " are done"));
  }
  MeetObservers();
  const absl::Cleanup part = [this] {
    observing.clear();
    spike_observers.clear();
  };
  for (const std::shared_ptr<RunObserver>& observer : observing) {
    BNSYN_RETURN_IF_ERROR(observer->Begin(engine->step()));
  }
  absl::Status status = AdvanceObserved(steps, control);
  for (const std::shared_ptr<RunObserver>& observer : observing) {
    status.Update(observer->EndSlice(engine->step()));
  }
  return status;
}

void Simulation::Impl::RefreshReport() {
  report.steps = engine->step();
  report.coarse = DescribeCoarse(program(), engine->Coarse());
  report.spikes = 0;
  for (ir::PopulationId p = 0; p < program().populations.size(); ++p) {
    if (program().HasNeurons(p)) report.spikes += engine->SpikeCount(p);
  }
}

absl::Status Simulation::Impl::CheckPopulation(PopulationHandle population) const {
  if (population.index < program().populations.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("no population has number ", population.index,
                                                 ": there are ", program().populations.size()));
}

absl::StatusOr<ir::StateId> Simulation::Impl::FindGiven(PopulationHandle population,
                                                        absl::string_view name) const {
  BNSYN_RETURN_IF_ERROR(CheckPopulation(population));
  const ir::Population& declared = program().populations[population.index];
  const std::string full = absl::StrCat(declared.name, ".", name);
  std::vector<std::string> known;
  for (ir::StateId id = 0; id < program().states.size(); ++id) {
    const ir::State& state = program().states[id];
    if (state.temporary || state.type.domain != declared.domain) continue;
    known.push_back(state.name);
    if (state.name != full) continue;
    if (state.type.element == ir::Element::kF64) return id;
    return absl::InvalidArgumentError(
        absl::StrCat(full, " is no input: it is of type ", ir::ElementName(state.type.element)));
  }
  return absl::NotFoundError(absl::StrCat("no state of population ", declared.name, " is named '",
                                          full, "'", ir::DidYouMean(full, known)));
}

absl::Status Simulation::Impl::SetState(ir::StateId state, uint32_t element, ir::Bits bits) {
  if (state >= program().states.size()) {
    return absl::InvalidArgumentError(absl::StrCat("no state has number ", state));
  }
  const size_t size = engine->State(state).size;
  if (element >= size) {
    return absl::InvalidArgumentError(absl::StrCat(program().states[state].name, " has ", size,
                                                   size == 1 ? " element" : " elements",
                                                   ", so none of number ", element));
  }
  return engine->SetState(state, element, bits);
}

Simulation::Simulation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Simulation::Simulation(Simulation&&) noexcept = default;
Simulation& Simulation::operator=(Simulation&&) noexcept = default;
Simulation::~Simulation() = default;

absl::Status Simulation::Run(Quantity duration, const RunControl& control) {
  return impl_->Try([&]() -> absl::Status {
    const Quantity dt(impl_->program().dt, Unit{dimension::kTime, 0});
    BNSYN_ASSIGN_OR_RETURN(const uint64_t steps, StepsOf(duration, dt));
    return Step(steps, control);
  });
}

absl::Status Simulation::Step(uint64_t steps, const RunControl& control) {
  return impl_->Try([&]() -> absl::Status {
    const Stopwatch stopwatch;
    const double processor_began = ProcessorSeconds();
    const absl::Status status = impl_->Advance(steps, control);
    EngineReport& report = impl_->report;
    report.run_seconds += stopwatch.seconds();
    report.run_processor_seconds += ProcessorSeconds() - processor_began;
    report.kernels = impl_->engine->KernelTimes();
    impl_->engine->ReadThreadTimes(absl::MakeSpan(report.threads));
    impl_->RefreshReport();
    return status;
  });
}

uint64_t Simulation::step() const { return impl_->engine->step(); }
double Simulation::time_ms() const { return static_cast<double>(step()) * impl_->program().dt; }

absl::StatusOr<PopulationHandle> Simulation::Population(absl::string_view name) const {
  return ir::WithinMemory([&]() -> absl::StatusOr<PopulationHandle> {
    std::vector<std::string> names;
    for (const ir::Population& population : impl_->program().populations) {
      if (population.name == name) return PopulationHandle{static_cast<uint32_t>(names.size())};
      names.push_back(population.name);
    }
    return absl::NotFoundError(absl::StrCat("no population is named '", std::string(name), "'",
                                            ir::DidYouMean(name, names)));
  });
}

const SpikeTrain& Simulation::Spikes(PopulationHandle population) const {
  if (!impl_->CheckPopulation(population).ok()) return impl_->no_spikes;
  return impl_->trains[population.index];
}

std::vector<double> Simulation::SpikeTimes(PopulationHandle population) const {
  const ir::Program& program = impl_->program();
  const SpikeTrain& train = Spikes(population);
  std::vector<double> times;
  for (const uint64_t step : train.steps) {
    times.push_back(static_cast<double>(step + program.spike_lag()) * program.dt);
  }
  for (size_t i = 0; i < train.before.size(); ++i) times[i] -= train.before[i];
  return times;
}

uint64_t Simulation::SpikeCount(PopulationHandle population) const {
  if (!impl_->CheckPopulation(population).ok()) return 0;
  return impl_->engine->SpikeCount(population.index) - impl_->cleared_counts[population.index];
}

void Simulation::ClearSpikes() {
  for (uint32_t p = 0; p < impl_->trains.size(); ++p) {
    impl_->trains[p].steps.clear();
    impl_->trains[p].neurons.clear();
    impl_->trains[p].before.clear();
    impl_->cleared_counts[p] = impl_->engine->SpikeCount(p);
  }
}

template <typename T>
absl::StatusOr<std::vector<T>> Simulation::State(PopulationHandle population,
                                                 absl::string_view variable) const {
  return ir::WithinMemory([&]() -> absl::StatusOr<std::vector<T>> {
    BNSYN_RETURN_IF_ERROR(impl_->CheckPopulation(population));
    BNSYN_ASSIGN_OR_RETURN(const ir::StateId id,
                           impl_->variables->FindOf(population.index, variable));
    const reference::ArrayView values = impl_->engine->State(id);
    if (values.element != ElementOf<T>()) {
      return absl::InvalidArgumentError(
          absl::StrCat(impl_->program().states[id].name, " is of type ",
                       std::string(ir::ElementName(values.element)), ": ask for State<",
                       std::string(CppName(values.element)), ">"));
    }
    const T* const data = static_cast<const T*>(values.data);
    return std::vector<T>(data, data + values.size);
  });
}

template absl::StatusOr<std::vector<double>> Simulation::State<double>(PopulationHandle,
                                                                       absl::string_view) const;
template absl::StatusOr<std::vector<float>> Simulation::State<float>(PopulationHandle,
                                                                     absl::string_view) const;
template absl::StatusOr<std::vector<int32_t>> Simulation::State<int32_t>(PopulationHandle,
                                                                         absl::string_view) const;
template absl::StatusOr<std::vector<uint32_t>> Simulation::State<uint32_t>(PopulationHandle,
                                                                           absl::string_view) const;
template absl::StatusOr<std::vector<int64_t>> Simulation::State<int64_t>(PopulationHandle,
                                                                         absl::string_view) const;
template absl::StatusOr<std::vector<uint64_t>> Simulation::State<uint64_t>(PopulationHandle,
                                                                           absl::string_view) const;
template absl::StatusOr<std::vector<bool>> Simulation::State<bool>(PopulationHandle,
                                                                   absl::string_view) const;

absl::StatusOr<std::vector<uint32_t>> Simulation::Numbers(absl::string_view neurons) const {
  return ir::WithinMemory([&]() -> absl::StatusOr<std::vector<uint32_t>> {
    const SourceText source = {std::string(neurons), std::string(neurons), 1, 1};
    BNSYN_ASSIGN_OR_RETURN(const compiler::Expr expr, compiler::ParseExpression(source));
    BNSYN_ASSIGN_OR_RETURN(
        const compiler::NeuronSet set,
        compiler::SelectNeurons(expr, source, NamedNeuronsOf(impl_->program()), {}));
    return NumbersOf(set);
  });
}

absl::StatusOr<Simulation::Impl::Elements> Simulation::Impl::FindElements(
    const ir::SourceText& name) const {
  const auto size_of = [this](const std::string& variable) -> absl::StatusOr<uint32_t> {
    BNSYN_ASSIGN_OR_RETURN(const ir::StateId id, variables->Find(variable));
    BNSYN_ASSIGN_OR_RETURN(const reference::Array read, variables->Read(id));
    return static_cast<uint32_t>(read.size());
  };
  BNSYN_ASSIGN_OR_RETURN(const SelectedVariable found, FindSelected(program(), name, size_of));
  Elements elements;
  BNSYN_ASSIGN_OR_RETURN(elements.state, variables->Find(found.name));
  if (!found.elements.has_value()) return elements;
  if (program().states[elements.state].type.uniform()) {
    return absl::InvalidArgumentError(absl::StrCat(
        found.name, " is one value for all neurons (shared), of which no neuron has its own"));
  }
  elements.numbers = NumbersOf(*found.elements);
  return elements;
}

absl::StatusOr<std::vector<double>> Simulation::StateByName(absl::string_view name) const {
  return ir::WithinMemory([&]() -> absl::StatusOr<std::vector<double>> {
    BNSYN_ASSIGN_OR_RETURN(const Impl::Elements elements, impl_->FindElements(AsSource(name)));
    BNSYN_ASSIGN_OR_RETURN(const reference::Array read, impl_->variables->Read(elements.state));
    std::vector<double> values;
    const size_t size = elements.numbers.has_value() ? elements.numbers->size() : read.size();
    values.reserve(size);
    for (size_t i = 0; i < size; ++i) {
      const size_t element = elements.numbers.has_value() ? (*elements.numbers)[i] : i;
      BNSYN_ASSIGN_OR_RETURN(const double value,
                             ToExactDouble(read.element(), read.bits(element), name));
      values.push_back(value);
    }
    return values;
  });
}

absl::StatusOr<SynapseList> Simulation::Synapses(absl::string_view projection) const {
  return ir::WithinMemory([&]() -> absl::StatusOr<SynapseList> {
    const ir::Program& program = impl_->program();
    const std::optional<ir::ProjectionId> id = program.FindProjection(projection);
    if (!id) {
      std::vector<std::string> names;
      for (const ir::Projection& declared : program.projections) names.push_back(declared.name);
      return absl::NotFoundError(absl::StrCat("no projection is named '", std::string(projection),
                                              "'", ir::DidYouMean(projection, names)));
    }
    BNSYN_ASSIGN_OR_RETURN(const reference::SynapseTable table, DrawSynapses(program, *id));
    SynapseList list;
    for (uint64_t synapse = 0; synapse < table.size(); ++synapse) {
      list.sources.push_back(table.source(synapse));
      list.targets.push_back(table.target(synapse));
      list.weights.push_back(table.weight(synapse));
      list.delays.push_back(table.delay(synapse) - program.spike_lag());
    }
    const std::string weight = absl::StrCat(std::string(projection), ".w");
    if (program.FindState(weight)) {
      BNSYN_ASSIGN_OR_RETURN(list.weights, StateByName(weight));
    }
    return list;
  });
}

absl::StatusOr<ir::Bits> Simulation::Impl::BitsFor(ir::StateId id, double value) const {
  const ir::State& state = program().states[id];
  BNSYN_ASSIGN_OR_RETURN(const ir::Bits bits, FromDouble(state.type.element, value, state.name));
  if (reference::WithinBounds(state, value)) return bits;
  return absl::InvalidArgumentError(absl::StrCat(
      state.name, " cannot be ", ShowNumber(value), ": it must be a finite number from ",
      ShowNumber(state.lower), " to ", ShowNumber(state.upper)));
}

absl::Status Simulation::SetState(absl::string_view name, uint32_t element, double value) {
  return impl_->Try([&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(const Impl::Elements elements, impl_->FindElements(AsSource(name)));
    if (elements.numbers.has_value()) {
      if (element >= elements.numbers->size()) {
        return absl::InvalidArgumentError(absl::StrCat(std::string(name), " has ",
                                                       elements.numbers->size(),
                                                       " elements, so none of number ", element));
      }
      element = (*elements.numbers)[element];
    }
    BNSYN_ASSIGN_OR_RETURN(const ir::Bits bits, impl_->BitsFor(elements.state, value));
    return impl_->variables->Set(elements.state, element, bits);
  });
}

absl::Status Simulation::SetState(absl::string_view name, absl::Span<const double> values) {
  return impl_->Try([&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(const Impl::Elements elements, impl_->FindElements(AsSource(name)));
    const ir::StateId id = elements.state;
    reference::Array array(impl_->program().states[id].type.element, values.size());
    if (elements.numbers.has_value()) {
      if (values.size() != elements.numbers->size()) {
        return absl::InvalidArgumentError(absl::StrCat(
            std::string(name), " has ", elements.numbers->size(), " values, not ", values.size()));
      }
      BNSYN_ASSIGN_OR_RETURN(array, impl_->variables->Read(id));
    }
    for (size_t i = 0; i < values.size(); ++i) {
      BNSYN_ASSIGN_OR_RETURN(const ir::Bits bits, impl_->BitsFor(id, values[i]));
      array.set_bits(elements.numbers.has_value() ? (*elements.numbers)[i] : i, bits);
    }
    return impl_->variables->SetAll(id, array);
  });
}

absl::StatusOr<double> Simulation::Uniform(absl::string_view name) const {
  return ir::WithinMemory([&]() -> absl::StatusOr<double> {
    BNSYN_ASSIGN_OR_RETURN(const ir::StateId id, impl_->variables->FindUniform(name));
    const reference::ArrayView view = impl_->engine->State(id);
    return ToExactDouble(view.element, view.bits(0), name);
  });
}

absl::Status Simulation::InjectSpikes(PopulationHandle population,
                                      absl::Span<const uint32_t> neurons) {
  return impl_->Try([&]() -> absl::Status {
    BNSYN_RETURN_IF_ERROR(impl_->CheckPopulation(population));
    const ir::Population& declared = impl_->program().populations[population.index];
    for (const uint32_t neuron : neurons) {
      if (neuron < declared.size) continue;
      return absl::InvalidArgumentError(absl::StrCat("no neuron ", neuron, " in population ",
                                                     declared.name, " of ", declared.size));
    }
    return impl_->engine->InjectSpikes(population.index, neurons);
  });
}

absl::Status Simulation::AddEvents(PopulationHandle population, absl::string_view stimulus,
                                   absl::Span<const uint32_t> neurons,
                                   absl::Span<const double> numbers) {
  return impl_->Try([&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(
        const ir::StateId id,
        impl_->FindGiven(population, absl::StrCat(std::string(stimulus), ".events")));
    if (!numbers.empty() && numbers.size() != neurons.size()) {
      return absl::InvalidArgumentError(absl::StrCat("events of ", std::string(stimulus), ": ",
                                                     numbers.size(), " numbers for ",
                                                     neurons.size(), " neurons"));
    }
    const ir::Population& declared = impl_->program().populations[population.index];
    // All or nothing.
    for (size_t e = 0; e < neurons.size(); ++e) {
      if (neurons[e] >= declared.size) {
        return absl::InvalidArgumentError(absl::StrCat("no neuron ", neurons[e], " in population ",
                                                       declared.name, " of ", declared.size));
      }
      if (numbers.empty() || std::isfinite(numbers[e])) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("events of ", std::string(stimulus), " cannot be ", ShowNumber(numbers[e])));
    }
    for (size_t e = 0; e < neurons.size(); ++e) {
      const double before = ir::F64OfBits(impl_->engine->State(id).bits(neurons[e]));
      const double number = numbers.empty() ? 1 : numbers[e];
      BNSYN_RETURN_IF_ERROR(impl_->SetState(id, neurons[e], ir::BitsOfF64(before + number)));
    }
    return absl::OkStatus();
  });
}

absl::Status Simulation::SetInput(PopulationHandle population, absl::string_view stimulus,
                                  Quantity value) {
  return impl_->Try([&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(const ir::StateId id, impl_->FindGiven(population, stimulus));
    const ir::State& state = impl_->program().states[id];
    BNSYN_RETURN_IF_ERROR(CheckDimension(state.name, state.unit, value));
    return SetInput(population, stimulus, absl::MakeConstSpan(&value.value, 1));
  });
}

absl::Status Simulation::SetInput(PopulationHandle population, absl::string_view stimulus,
                                  absl::Span<const double> values) {
  return impl_->Try([&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(const ir::StateId id, impl_->FindGiven(population, stimulus));
    const ir::Population& declared = impl_->program().populations[population.index];
    if (values.size() != 1 && values.size() != declared.size) {
      return absl::InvalidArgumentError(absl::StrCat(impl_->program().states[id].name,
                                                     " takes 1 value or ", declared.size,
                                                     ", one for each neuron, not ", values.size()));
    }
    for (const double value : values) {
      if (std::isfinite(value)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(impl_->program().states[id].name, " cannot be ", ShowNumber(value)));
    }
    for (uint32_t neuron = 0; neuron < declared.size; ++neuron) {
      const double value = values[values.size() == 1 ? 0 : neuron];
      BNSYN_RETURN_IF_ERROR(impl_->SetState(id, neuron, ir::BitsOfF64(value)));
    }
    return absl::OkStatus();
  });
}

Digest Simulation::Digest() const { return impl_->engine->ComputeDigest(); }
const SimulationReport& Simulation::report() const { return impl_->report; }

}  // namespace bnsyn
