// Words the errors that arise while running (R6, R10), for every engine.
#ifndef BNSYN_REFERENCE_FAULT_H_
#define BNSYN_REFERENCE_FAULT_H_

#include <functional>

#include "absl/status/status.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/array.h"

namespace bnsyn::reference {

// True if the value is finite and within the bounds of the state; else a `check` stops the run.
bool WithinBounds(const ir::State& state, double value);

// The two neurons of a synapse, by its number (see SynapseTable).
struct SynapseEnds {
  uint32_t source;
  uint32_t target;
};
using EndsOf = std::function<SynapseEnds(ir::ProjectionId, uint64_t synapse)>;

// The error (OutOfRange) of a step in which a `check` failed. Finds the first checked state, in
// order of declaration, and its first element that is not finite or outside its bounds. The message
// names population, element, variable, step, value and bounds; for a synapse, projection and
// neurons.
absl::Status DescribeFault(const ir::Program& program, uint64_t step,
                           const std::function<ArrayView(ir::StateId)>& state, const EndsOf& ends);

// The error of a contribution that is NaN or exceeds the limit of its input (SumLimits::unknown),
// or that is coarse in a strict program.
absl::Status DescribeContributionFault(const ir::Program& program, uint64_t step, ir::InputId input,
                                       uint32_t element, double value);
// The error of a sum that exceeded the limit of its input when it was taken.
absl::Status DescribeSumFault(const ir::Program& program, uint64_t step, ir::InputId input,
                              uint32_t element, Quanta quanta);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_FAULT_H_
