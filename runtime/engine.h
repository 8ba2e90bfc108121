// What a backend must do for a Simulation.
#ifndef BNSYN_RUNTIME_ENGINE_H_
#define BNSYN_RUNTIME_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "ir/status_macros.h"
#include "reference/array.h"
#include "reference/coarse.h"
#include "reference/digest.h"
#include "reference/moment.h"
#include "runtime/engine_options.h"

namespace bnsyn {

// Receives the sorted spikes of one population in one step, in step order; only of steps in which
// it spiked. Injected spikes are not shown.
class SpikeSink {
 public:
  virtual ~SpikeSink() = default;
  virtual void OnSpikes(ir::PopulationId population, uint64_t step,
                        absl::Span<const uint32_t> neurons) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // The program as it runs: the lowered one, or the one after all passes.
  virtual const ir::Program& program() const = 0;
  virtual uint64_t step() const = 0;
  virtual uint64_t synapses() const = 0;

  // Runs up to `steps` steps and hands their spikes to `sink` (may be null). Virtual calls, locks
  // and allocation happen here, between steps, never within one.
  virtual absl::Status Run(uint64_t steps, SpikeSink* sink) = 0;
  // Ends a run of one or several calls of Run with one sink: runs the code that these have put off
  // and that may fail, and hands over the spikes that waited for that.
  virtual absl::Status Finish(SpikeSink*) { return absl::OkStatus(); }

  virtual reference::ArrayView State(ir::StateId state) const = 0;
  virtual absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits bits) = 0;
  // Sets all elements. After an error, those before the one of the error are set.
  virtual absl::Status SetStates(ir::StateId state, const reference::Array& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      BNSYN_RETURN_IF_ERROR(SetState(state, static_cast<uint32_t>(i), values.bits(i)));
    }
    return absl::OkStatus();
  }
  virtual absl::Status SetParam(ir::ParamId param, ir::Bits value) = 0;
  virtual absl::Status InjectSpikes(ir::PopulationId population,
                                    absl::Span<const uint32_t> neurons) = 0;
  virtual reference::Digest ComputeDigest() const = 0;
  // Spikes of a population since the beginning, injected ones not counted.
  virtual uint64_t SpikeCount(ir::PopulationId population) const = 0;
  // The coarse contributions (R6): those of synapses and events that were known before step 0, and
  // those that were added since. The numbers are those of program().
  virtual reference::CoarseTallies Coarse() const = 0;

  // The program before the passes, in whose terms the following is; it may be without its tables.
  virtual const ir::Program& lowered() const = 0;
  // Its text, tables included.
  virtual std::string LoweredText() const = 0;
  // The present, and the values of a state that is not temporary, for which `out` has room. What is
  // put off is done first.
  virtual reference::Moment Now() const = 0;
  virtual void ReadValues(ir::StateId state, char* out) const = 0;
  // How many values that are; of a state of synapses one for each.
  virtual uint64_t ValueCount(ir::StateId state) const = 0;
  reference::Array Values(ir::StateId state) const {
    reference::Array values(lowered().states[state].type.element, ValueCount(state));
    ReadValues(state, reinterpret_cast<char*>(values.as<unsigned char>()));
    return values;
  }
  // Goes to a moment of the same program, which may be one of another engine. Its parts must have
  // the sizes that Now gives. InvalidArgument, and nothing has changed, if a sum of it is none that
  // the engine can hold.
  virtual absl::Status Resume(const reference::Moment& moment,
                              const reference::StateValues& values) = 0;

  // Time spent in each kernel, if it was asked for.
  virtual std::vector<KernelTime> KernelTimes() const { return {}; }
  // What each thread has done with its time; `times` has as many entries as the run has threads.
  virtual void ReadThreadTimes(absl::Span<ThreadTime>) const {}
};

// Both plan their memory first and refuse what does not fit; they fill in what they know of the
// report.
absl::StatusOr<std::unique_ptr<Engine>> MakeReferenceEngine(ir::Program program,
                                                            const EngineOptions& options,
                                                            EngineReport& report);
absl::StatusOr<std::unique_ptr<Engine>> MakeAcceleratedEngine(ir::Program program,
                                                              const EngineOptions& options,
                                                              EngineReport& report);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_ENGINE_H_
