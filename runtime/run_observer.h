// What takes part in the runs of a simulation beside it: recorders.
#ifndef BNSYN_RUNTIME_RUN_OBSERVER_H_
#define BNSYN_RUNTIME_RUN_OBSERVER_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "bnsyn/simulation.h"
#include "ir/program.h"

namespace bnsyn {

// All calls come from the thread that runs the simulation, within Run or Step, in the order of the
// steps.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  // A run begins at `step`. It is an earlier one than the last run ended at if the host went back.
  virtual absl::Status Begin(uint64_t step) = 0;
  // The first step from `step` on before which Sample is to be called; UINT64_MAX for none. Called
  // before step 0 and after each sample.
  virtual uint64_t NextSample(uint64_t step) const = 0;
  // The state between two steps, of which `step` is the next.
  virtual absl::Status Sample(uint64_t step) = 0;
  // The spikes of a population in one step, ascending. Of a population with interpolated spike
  // times `before` holds how long before the end of the step each was, in ms; else it is empty.
  virtual void OnSpikes(ir::PopulationId population, uint64_t step,
                        absl::Span<const uint32_t> neurons, absl::Span<const double> before) = 0;
  // Some steps are over: those before `step` will not be heard of again. Called every few
  // milliseconds, and at the end of each run, whatever its status.
  virtual absl::Status EndSlice(uint64_t step) = 0;
};

// Lets an observer take part in the runs of a simulation until nobody holds it any more.
// FailedPrecondition if it needs spikes, which the simulation was not built to hand over.
absl::Status Attach(Simulation& simulation, const std::shared_ptr<RunObserver>& observer,
                    bool needs_spikes);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_RUN_OBSERVER_H_
