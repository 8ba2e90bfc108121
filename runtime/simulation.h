// Compile and run.
#ifndef BNSYN_RUNTIME_SIMULATION_H_
#define BNSYN_RUNTIME_SIMULATION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/description/network.h"
#include "compiler/emission/jit.h"
#include "compiler/options.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/digest.h"
#include "reference/interpreter.h"

namespace bnsyn {

enum class Backend { kReference, kAccelerated };
using reference::Propagation;

struct SimulationOptions {
  Backend backend = Backend::kReference;
  Propagation propagation = Propagation::kCsr;  // of the reference backend
  int threads = 1;                              // of the accelerated backend
  // Keep each of several threads on a core of its own while it runs steps: for machines that run
  // nothing else.
  bool pin = false;
  bool record_spikes = true;
  // Time each kernel of the accelerated backend (SimulationReport::kernels), at the price of two
  // looks at the clock a kernel and step.
  bool profile = false;
  // How the accelerated backend lays out synapses: the best way, or one of LayoutNames() in
  // runtime/delivery/layout.h, for tests. The result is slower or larger, never different.
  std::string layout = "";
  // Told now and then, while the accelerated backend draws synapses, which part of them is in its
  // place: from 0 to 1.
  std::function<void(double part)> construction = nullptr;
  uint64_t memory_limit = 0;  // bytes; 0 takes what the machine has free
  compiler::CompileOptions compile = {};
};

// All spikes of one population, in order of (step, neuron). Injected spikes are not among them.
struct SpikeTrain {
  std::vector<uint64_t> steps;
  std::vector<uint32_t> neurons;
};

struct Progress {
  uint64_t done = 0;  // steps of this Run
  uint64_t total = 0;
  double seconds = 0;  // wall time since it began
};

// How a run may be watched and ended. Both are polled between slices of at most a few
// milliseconds' work, never inside a step.
struct RunControl {
  std::function<void(const Progress&)> progress;
  // True ends the run after a whole step, with Cancelled.
  const std::atomic<bool>* cancel = nullptr;
};

enum class KernelKind : uint8_t { kDelivery, kPopulation, kNetwork };

// Time spent so far in one kernel by the first thread.
struct KernelTime {
  std::string name;  // of the kernel, or of the projection whose spikes are delivered
  KernelKind kind = KernelKind::kPopulation;
  double seconds = 0;
};

// What a thread of the accelerated backend has done with its time while steps ran: wall time, in
// which the system may have run others in its place.
struct ThreadTime {
  double working_seconds = 0;
  double waiting_seconds = 0;  // for other threads
};

struct SimulationReport {
  compiler::CompileReport compile;
  uint64_t neurons = 0;
  uint64_t synapses = 0;
  uint64_t memory_bytes = 0;  // planned
  uint64_t steps = 0;
  uint64_t spikes = 0;
  double construct_seconds = 0;
  double run_seconds = 0;
  // Processor time of the process, all its threads, in those seconds.
  double run_processor_seconds = 0;
  std::vector<KernelTime> kernels;  // with SimulationOptions::profile
  std::vector<ThreadTime> threads;  // of the accelerated backend
};

// The synapses of a projection, in the order in which its states hold their values: by source, then
// target, then as they were drawn or listed.
struct SynapseList {
  std::vector<uint32_t> sources;
  std::vector<uint32_t> targets;
  std::vector<double> weights;   // they began with, in internal units
  std::vector<uint32_t> delays;  // steps
};

// What runs a program; the two backends.
class Engine;

// A compiled network and its state. Movable; many may live in one process, each used by one thread
// at a time.
class Simulation {
 public:
  Simulation(Simulation&&) noexcept;
  Simulation& operator=(Simulation&&) noexcept;
  ~Simulation();

  // Advances by a time, which must be a whole number of steps, or by steps. After an error the
  // state is that at the end of the step in which it arose.
  absl::Status Run(Quantity duration, const RunControl& control = {});
  absl::Status Step(uint64_t steps = 1, const RunControl& control = {});

  const ir::Program& program() const;
  uint64_t step() const;  // the number of the next step
  double time_ms() const;

  absl::StatusOr<PopulationHandle> Population(absl::string_view name) const;
  // Spikes since the beginning (or ClearSpikes), if they are recorded; none of an unknown
  // population.
  const SpikeTrain& Spikes(PopulationHandle population) const;
  // Their number, whether they are recorded or not.
  uint64_t SpikeCount(PopulationHandle population) const;
  void ClearSpikes();

  // Values of a variable of a population, in the internal units (ms, mV, nS, pF, pA); T must be its
  // element type.
  template <typename T>
  absl::StatusOr<std::vector<T>> State(PopulationHandle population,
                                       absl::string_view variable) const;
  // The same by name, as doubles: "exc.V", or "ee.w" of synapses, in the order of Synapses("ee").
  absl::StatusOr<std::vector<double>> StateByName(absl::string_view name) const;
  // OutOfRange beyond what an input can hold, where the state shows one (R6 in
  // reference/SEMANTICS.md).
  absl::Status SetState(absl::string_view name, uint32_t element, double value);
  // The synapses of a projection, drawn once more (R8).
  absl::StatusOr<SynapseList> Synapses(absl::string_view projection) const;
  // A uniform state, as "sigma".
  absl::StatusOr<double> Uniform(absl::string_view name) const;
  // Changes a tunable parameter, as "exc.b", from the next step on.
  absl::Status SetParameter(absl::string_view name, Quantity value);
  // Adds spikes from outside, as if emitted in the step before the next.
  absl::Status InjectSpikes(PopulationHandle population, absl::Span<const uint32_t> neurons);

  // What the host gives a stimulus of type host. Events of the next step: one at each of these
  // neurons, or as many as `numbers` says (one an entry, any finite number); they add up over
  // calls.
  absl::Status AddEvents(PopulationHandle population, absl::string_view stimulus,
                         absl::Span<const uint32_t> neurons, absl::Span<const double> numbers = {});
  // A current from the next step on, until it is set again: one for all neurons, or one each, in
  // internal units.
  absl::Status SetInput(PopulationHandle population, absl::string_view stimulus, Quantity value);
  absl::Status SetInput(PopulationHandle population, absl::string_view stimulus,
                        absl::Span<const double> values);

  reference::Digest Digest() const;
  const SimulationReport& report() const;

  // For tools: raw access to any state.
  reference::ArrayView RawState(ir::StateId state) const;
  absl::Status SetRawState(ir::StateId state, uint32_t element, ir::Bits bits);

 private:
  friend absl::StatusOr<Simulation> Compile(ir::Program, const SimulationOptions&);
  friend absl::StatusOr<Simulation> Compile(const Network&, const SimulationOptions&);
  struct Impl;
  explicit Simulation(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Lowers, compiles, draws the connectivity and sets the initial state.
absl::StatusOr<Simulation> Compile(const Network& network, const SimulationOptions& options = {});
absl::StatusOr<Simulation> Compile(ir::Program program, const SimulationOptions& options = {});

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_SIMULATION_H_
