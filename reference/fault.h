// The errors that arise while running (R6, R10), worded the same by every engine.
#ifndef BNSYN_REFERENCE_FAULT_H_
#define BNSYN_REFERENCE_FAULT_H_

#include <functional>

#include "absl/status/status.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// True unless a `check` of the state stops the run: the value is finite and within the bounds.
bool WithinBounds(const ir::State& state, double value);

// The two neurons of a synapse, by its number (see SynapseTable).
struct SynapseEnds {
  uint32_t source;
  uint32_t target;
};
using EndsOf = std::function<SynapseEnds(ir::ProjectionId, uint64_t synapse)>;

// Called after a step in which some `check` failed: finds the first state in declaration order, of
// those that are checked, and in it the first element, whose stored value is not finite or outside
// its bounds, and words the error: population, element, variable, step, value and bounds; of a
// synapse, its projection and neurons. OutOfRange status.
absl::Status DescribeFault(const ir::Program& program, uint64_t step,
                           const std::function<ArrayView(ir::StateId)>& state, const EndsOf& ends);

// A contribution or event of more than 2^40 quanta, or not a number, arrived at an element.
absl::Status DescribeContributionFault(const ir::Program& program, uint64_t step, ir::InputId input,
                                       uint32_t element, double value);
// A sum of more than 2^51 quanta stood at an element when it was taken.
absl::Status DescribeSumFault(const ir::Program& program, uint64_t step, ir::InputId input,
                              uint32_t element, int64_t quanta);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_FAULT_H_
