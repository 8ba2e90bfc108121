// What a Simulation holds: the files simulation.cc and compile.cc share it.
#ifndef BNSYN_RUNTIME_SIMULATION_IMPL_H_
#define BNSYN_RUNTIME_SIMULATION_IMPL_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "bnsyn/network.h"
#include "bnsyn/simulation.h"
#include "compiler/lowering/requirements.h"
#include "ir/out_of_memory.h"
#include "ir/program.h"
#include "runtime/checkpoint_bytes.h"
#include "runtime/engine.h"
#include "runtime/engine_options.h"
#include "runtime/run_observer.h"
#include "runtime/variables.h"

namespace bnsyn {

// The wall time since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

struct Simulation::Impl : public SpikeSink {
  std::unique_ptr<Engine> engine;
  EngineReport report;
  EngineOptions options;
  // What was compiled, as it was given; none where that was a program.
  std::shared_ptr<const Network> network;
  // Of its parameters those that were changed since and compiled in.
  ChangedParameters changed;
  mutable SavedProgram saved;  // what was first compiled; empty until FirstProgram
  // As the network declares them, with their present values.
  std::vector<ir::Param> params;
  std::vector<compiler::TunableRequirement> requirements;  // on them, with the same values
  mutable std::optional<Variables> variables;  // of the engine; reading them may draw synapses
  bool record_spikes = true;
  bool hands_over_spikes = true;         // to recorders
  std::vector<SpikeTrain> trains;        // by population
  std::vector<uint64_t> cleared_counts;  // of each at the last ClearSpikes
  SpikeTrain no_spikes;                  // of unknown populations; always empty
  // By population with interpolated spike times: the state that has how long before the end of its
  // step each neuron last spiked. It is read after each step.
  std::vector<std::optional<ir::StateId>> before_end;
  struct Observer {
    std::weak_ptr<RunObserver> observer;
    bool needs_spikes = false;
  };
  std::vector<Observer> observers;
  // While steps run: the observers that there still are, and those of them that take spikes.
  std::vector<std::shared_ptr<RunObserver>> observing;
  std::vector<RunObserver*> spike_observers;
  // The spikes of one step, until it is known how long before its end they were.
  struct HeldSpikes {
    ir::PopulationId population = 0;
    uint64_t step = 0;
    std::vector<uint32_t> neurons;
  };
  bool holds_spikes = false;
  std::vector<HeldSpikes> held_spikes;
  // Memory ran out while something changed, so that the state is no longer known.
  bool spent = false;
  uint64_t slice = 1;  // steps that take about kSliceSeconds, as found so far

  const ir::Program& program() const { return engine->program(); }

  void OnSpikes(ir::PopulationId population, uint64_t step,
                absl::Span<const uint32_t> neurons) override {
    if (holds_spikes) {
      held_spikes.push_back({population, step, {neurons.begin(), neurons.end()}});
    } else {
      TakeSpikes(population, step, neurons, {});
    }
  }

  // What `prepare` returns, a status. It comes before a change and leaves everything as it is.
  template <typename Function>
  absl::Status Prepare(Function prepare) const {
    return ir::WithinMemory([&]() -> absl::Status {
      if (!spent) return prepare();
      return absl::FailedPreconditionError(
          "the system refused memory in an earlier call, so that the state of the simulation is "
          "not known: compile it again");
    });
  }
  // The same of `change`. Whatever changes the simulation runs in it: where memory runs out midway,
  // all later changes are refused.
  template <typename Change>
  absl::Status Try(Change change) {
    const absl::Status status = Prepare(change);
    spent |= absl::IsResourceExhausted(status);
    return status;
  }
  // Who takes the spikes; null if nobody does.
  SpikeSink* Sink() { return record_spikes || !spike_observers.empty() ? this : nullptr; }
  // Gives spikes to the trains and to the observers.
  void TakeSpikes(ir::PopulationId population, uint64_t step, absl::Span<const uint32_t> neurons,
                  absl::Span<const double> before);
  absl::Status Advance(uint64_t steps, const RunControl& control);
  // The same between the Begin and the EndSlice of the observers.
  absl::Status AdvanceObserved(uint64_t steps, const RunControl& control);
  // Finds the observers that there still are.
  void MeetObservers();
  // Shows the state to those observers that ask for it before the present step.
  absl::Status Sample();
  // Steps from the present one to the next sample after it; UINT64_MAX for none.
  uint64_t StepsToSample() const;
  // Runs a part of that, and chooses the size of the next part by the time that this one took.
  absl::Status RunSlice(uint64_t steps);
  absl::Status RunSteps(uint64_t steps);
  void FindInterpolated();
  const SavedProgram& FirstProgram() const;
  // Updates the numbers of the report that steps change.
  void RefreshReport();
  // Changes a parameter that is tunable.
  absl::Status Tune(ir::ParamId id, const Quantity& value);
  // Brings everything else in line with the engine, which has resumed from a moment.
  void NoteResumed(const reference::Moment& moment);
  // The network as it was lowered. FailedPrecondition if files that it reads are others now.
  absl::StatusOr<ir::Program> LowerAgain() const;
  // Finds a parameter that may have that value: nullopt if it is not tunable.
  absl::StatusOr<std::optional<ir::ParamId>> FindParameter(const std::string& name,
                                                           const Quantity& value) const;
  // The network with changed parameters, and the present in its terms.
  struct Changed {
    std::unique_ptr<Impl> impl;
    reference::Moment moment;
    std::vector<ir::ProjectionId> otherwise_between_steps;
  };
  absl::StatusOr<Changed> CompileChanged(const ChangedParameters& changed_now) const;
  // Compiles the network with these changed parameters, and carries the state over.
  absl::Status CompileIn(const ChangedParameters& changed_now);
  // Goes on with the engine of another simulation of the network. What is recorded stays.
  void TakeOver(Impl& next);
  absl::Status CheckPopulation(PopulationHandle population) const;
  absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits bits);
  // A variable by its name, and those of its elements that the name selects ("left.V"); nullopt for
  // all.
  struct Elements {
    ir::StateId state = 0;
    std::optional<std::vector<uint32_t>> numbers;
  };
  absl::StatusOr<Elements> FindElements(const ir::SourceText& name) const;
  // A value for a variable; InvalidArgument if its type or its bounds do not allow it.
  absl::StatusOr<ir::Bits> BitsFor(ir::StateId id, double value) const;
  // The state that holds what the host gave a stimulus: `name` follows that of the population.
  absl::StatusOr<ir::StateId> FindGiven(PopulationHandle population, absl::string_view name) const;
};

// The way of runtime/simulation_internal.h into a Simulation.
struct SimulationAccess {
  using Impl = Simulation::Impl;
  static Impl& Of(const Simulation& simulation) { return *simulation.impl_; }
  static Simulation Make(std::unique_ptr<Impl> impl) { return Simulation(std::move(impl)); }
  static absl::StatusOr<std::unique_ptr<Impl>> MakeImpl(ir::Program program,
                                                        const EngineOptions& options);
  static absl::StatusOr<std::unique_ptr<Impl>> MakeImpl(std::shared_ptr<const Network> network,
                                                        const ChangedParameters& changed,
                                                        const EngineOptions& options);
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_SIMULATION_IMPL_H_
