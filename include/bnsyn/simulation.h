// Compile a network and run it.
//
//   absl::StatusOr<bnsyn::Simulation> sim =
//       bnsyn::Compile(net, {.backend = bnsyn::Backend::kAccelerated, .threads = 2});
//   if (!sim.ok()) return sim.status();               // says what is wrong with the network
//   if (absl::Status ran = sim->Run(1_s); !ran.ok()) return ran;
//   std::printf("%.1f Hz\n", double(sim->SpikeCount(exc)) / 800);
//   std::vector<double> v = *sim->State<double>(exc, "V");   // mV
//
// Values without a unit are in the internal system of ms, mV, nS, pF and pA (bnsyn/units.h).
#ifndef BNSYN_SIMULATION_H_
#define BNSYN_SIMULATION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bnsyn/checkpoint.h"
#include "bnsyn/digest.h"
#include "bnsyn/host_threads.h"
#include "bnsyn/network.h"

namespace [[gnu::visibility("default")]] bnsyn {

// Both give the same bits.
enum class Backend {
  kReference,    // an interpreter: needs no compiler, and defines what a network means
  kAccelerated,  // machine code, compiled in the process
};

struct SimulationOptions {
  Backend backend = Backend::kReference;
  int threads = 1;  // of the accelerated backend, at least 1
  // Runs these threads on threads of the host, such as those of its pool. By default a simulation
  // starts `threads` - 1 threads of its own, which sleep between runs; the caller's is the other.
  HostThreads host_threads = nullptr;
  // Keeps each thread on a processor core of its own while steps run: for machines that run nothing
  // else.
  bool pin = false;
  // Keeps all spikes for Simulation::Spikes; they are counted in any case.
  bool record_spikes = true;
  // Lets recorders (bnsyn/recorder.h) take spikes also where record_spikes is false: memory then
  // does not grow with their number.
  bool spike_recorders = false;
  // Keeps compiled code in this directory and takes it from there the next time; empty for no
  // cache. Several processes may share it. It is made for the user alone; a directory or a file
  // that others could have written is not used (SimulationReport::cache_problem).
  std::string cache_directory = "";
  // The most bytes of code that are kept there. What has not been used for longest is deleted.
  uint64_t cache_bytes = uint64_t{256} << 20;
  // The most bytes that the simulation may take; 0 for what the machine has free. A network that
  // needs more is refused with ResourceExhausted, before anything is allocated.
  uint64_t memory_limit = 0;
  // Called now and then while the accelerated backend draws synapses, with the part that is done,
  // from 0 to 1.
  std::function<void(double part)> construction = nullptr;
};

// All spikes of one population, in order of (step, neuron); both vectors have the same length.
// Injected spikes are not among them. A spike found in step k has the time (k + 1) dt, and with
// Schedule::kBrian2 k dt: see Simulation::SpikeTimes.
struct SpikeTrain {
  std::vector<uint64_t> steps;
  std::vector<uint32_t> neurons;
  // Of a population with interpolated spike times: so many milliseconds before the end of its step
  // each neuron spiked. Empty for others.
  std::vector<double> before;
};

// How far a Run has come.
struct Progress {
  uint64_t done = 0;  // steps
  uint64_t total = 0;
  double seconds = 0;  // wall time since it began
};

// Ways to watch a run and to end it early. Both are looked at every few milliseconds, between two
// steps.
struct RunControl {
  std::function<void(const Progress&)> progress;
  // True ends the run after a whole step, with Cancelled. May be set by another thread or by a
  // signal handler.
  const std::atomic<bool>* cancel = nullptr;
};

// What one projection, or one table of events, added to one input that rounding changed by more
// than 2^-24 of itself (R6 in reference/SEMANTICS.md).
struct CoarseContributions {
  std::string source;      // the projection or the stimulus
  std::string input;       // "exc.g"
  std::string population;  // of the neurons that received it
  // The number of contributions: of synapses whose contribution never changes one each, of events
  // one each, and of the others one for each time that they were added.
  uint64_t count = 0;
  double worst = 0;  // the greatest relative error: 1 where a contribution became 0
  double value =
      0;  // the greatest magnitude of a contribution with this error, in the input's unit
};

// Sizes and times of a simulation so far.
struct SimulationReport {
  uint64_t neurons = 0;
  uint64_t synapses = 0;
  uint64_t memory_bytes = 0;  // planned
  uint64_t steps = 0;
  uint64_t spikes = 0;
  double compile_seconds = 0;  // from the network to machine code
  // Why compiled code was not taken from the cache or not kept there, and what to do, in one line;
  // empty if all went well.
  std::string cache_problem;
  double construct_seconds = 0;  // synapses and initial values
  double run_seconds = 0;
  double run_processor_seconds = 0;  // processor time of all threads of the process meanwhile
  std::vector<CoarseContributions> coarse;  // by projection, then by table of events
};

// The synapses of a projection, in the order in which their variables hold their values: by source,
// then target, then as they were drawn or listed. All vectors have the same length.
struct SynapseList {
  std::vector<uint32_t> sources;
  std::vector<uint32_t> targets;
  std::vector<double> weights;   // present ones, where a variable w holds them
  std::vector<uint32_t> delays;  // in steps, from the time of the spike to its arrival
};

// A compiled network and its state. A simulation can be moved, and a process may have many. One
// thread at a time may use a simulation; different threads may use different ones.
class Simulation {
 public:
  Simulation(Simulation&&) noexcept;
  Simulation& operator=(Simulation&&) noexcept;
  ~Simulation();

  // Advances by a time, which must be a whole number of steps, or by steps. An error (a variable
  // that left its bounds or is not a number, a sum beyond its range) names population, neuron,
  // variable, step and value; the state is then that at the end of the step of the error. Where the
  // system refuses memory (ResourceExhausted), here or in what else changes the simulation, later
  // changes are refused, since the state is not known.
  absl::Status Run(Quantity duration, const RunControl& control = {});
  absl::Status Step(uint64_t steps = 1, const RunControl& control = {});

  uint64_t step() const;  // the number of the next step
  double time_ms() const;

  // The population of that name, for networks read from a file; NotFound if there is none.
  absl::StatusOr<PopulationHandle> Population(absl::string_view name) const;
  // The numbers in their population of the neurons of a population, a group, or a part of one:
  // "exc", "left", "exc[0:50]", "left[i % 2 == 0]".
  absl::StatusOr<std::vector<uint32_t>> Numbers(absl::string_view neurons) const;
  // The spikes since the beginning or the last ClearSpikes. Empty if spikes are not recorded or the
  // population is unknown.
  const SpikeTrain& Spikes(PopulationHandle population) const;
  // The times of these spikes, in ms and in the same order.
  std::vector<double> SpikeTimes(PopulationHandle population) const;
  // Their number, also if they are not recorded.
  uint64_t SpikeCount(PopulationHandle population) const;
  void ClearSpikes();

  // The values of a variable of a population, one for each neuron, or one for all if it is
  // (shared). T is the type of the variable: double, int64_t for "integer", bool for "boolean";
  // another T is an InvalidArgument error that names the right one. NotFound if the population has
  // no such variable.
  template <typename T>
  absl::StatusOr<std::vector<T>> State(PopulationHandle population,
                                       absl::string_view variable) const;
  // The same by name and as doubles: "exc.V", or "ee.w" for a variable of synapses, in the order of
  // Synapses("ee"). Of a group, or of some neurons, those that they have: "left.V", "exc[0:50].V".
  // An event-driven variable has the value that an arrival in the next step would find. Values that
  // an (input) sums are gone between steps: NotFound.
  absl::StatusOr<std::vector<double>> StateByName(absl::string_view name) const;
  // Sets one element of the variable `name` as it is at present. InvalidArgument if the value is
  // not finite or outside the bounds of the variable, or if the compiler made one value of it for
  // all synapses of a neuron, as the message then tells; OutOfRange if the variable holds synaptic
  // input and the value exceeds the range of its sums (R6 in reference/SEMANTICS.md).
  absl::Status SetState(absl::string_view name, uint32_t element, double value);
  // Sets all elements that the name has, or after the same errors none.
  absl::Status SetState(absl::string_view name, absl::Span<const double> values);
  // The synapses of a projection. They are drawn once more, so that a simulation need not keep
  // them. Weights that the host is to set are a variable, equations = "w : siemens", and
  // SetState("ee.w", ...) sets them, also while the network runs.
  absl::StatusOr<SynapseList> Synapses(absl::string_view projection) const;
  // A variable of the network as a whole: "sigma".
  absl::StatusOr<double> Uniform(absl::string_view name) const;
  // Changes a parameter from the next step on: "exc.b". One that its model declares tunable takes
  // no time. Any other one has the network compiled again with its new value, in a fraction of a
  // second and with the memory of two simulations meanwhile; the state is carried over. Synapses
  // and weights that the value has a part in are drawn anew. InvalidArgument if the value is not
  // finite, has another dimension, or is not what the model requires; FailedPrecondition if the
  // state does not fit the network with the new value (another number of neurons or synapses, other
  // delays), or if the simulation was compiled from a program; then nothing has changed.
  absl::Status SetParameter(absl::string_view name, Quantity value);

  // All that the simulation holds between two steps (docs/checkpoints.md). The simulation goes on
  // as if it had not been saved. ResourceExhausted, before any is taken, if there is no memory for
  // it.
  absl::StatusOr<Checkpoint> Save() const;
  // Goes to the state of a checkpoint, earlier or later, of this simulation or of another one of
  // the same network, whatever its backend and threads. Of the recorded spikes, those of the
  // checkpoint's next step and later are dropped, and what this simulation recorded before stays;
  // SpikeCount counts from the beginning of the run that was saved, or from the last ClearSpikes if
  // that had counted fewer. FailedPrecondition if the checkpoint is of another network;
  // InvalidArgument if its contents do not fit this one. After an error nothing has changed.
  absl::Status Restore(const Checkpoint& checkpoint);

  // Adds spikes of these neurons at the present time, time_ms(), as if they had spiked in the step
  // that is over: without a delay they arrive in the next step.
  absl::Status InjectSpikes(PopulationHandle population, absl::Span<const uint32_t> neurons);
  // Adds events in the next step to a stimulus of kind kHost: one at each of `neurons`, or
  // numbers[k] at neurons[k], any finite number. Events of several calls add up. After an error
  // none has been added.
  absl::Status AddEvents(PopulationHandle population, absl::string_view stimulus,
                         absl::Span<const uint32_t> neurons, absl::Span<const double> numbers = {});
  // Sets the current of a stimulus of kind kHost, from the next step until it is set again: one
  // value for all neurons, or one for each.
  absl::Status SetInput(PopulationHandle population, absl::string_view stimulus, Quantity value);
  absl::Status SetInput(PopulationHandle population, absl::string_view stimulus,
                        absl::Span<const double> values);

  bnsyn::Digest Digest() const;
  const SimulationReport& report() const;

 private:
  friend struct SimulationAccess;  // runtime/simulation_internal.h
  struct [[gnu::visibility("hidden")]] Impl;
  explicit Simulation(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Checks the network, compiles it, draws its synapses and sets its initial state. A mistake in the
// network is InvalidArgument, with a message that points at it; a network that does not fit in
// memory is ResourceExhausted.
absl::StatusOr<Simulation> Compile(const Network& network, const SimulationOptions& options = {});

}  // namespace bnsyn

#endif  // BNSYN_SIMULATION_H_
