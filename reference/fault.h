// The error of R10, worded the same by every engine.
#ifndef BNSYN_REFERENCE_FAULT_H_
#define BNSYN_REFERENCE_FAULT_H_

#include <functional>

#include "absl/status/status.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// Called after a step in which some `check` failed: finds the first state in declaration order, and
// in it the first element, whose stored value is not finite or outside its bounds, and words the
// error: population, element, variable, step, value and bounds. OutOfRange status.
absl::Status DescribeFault(const ir::Program& program, uint64_t step,
                           const std::function<ArrayView(ir::StateId)>& state);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_FAULT_H_
