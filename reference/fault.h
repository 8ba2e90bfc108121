// Words the errors that arise while running (R6, R10), for every engine.
#ifndef BNSYN_REFERENCE_FAULT_H_
#define BNSYN_REFERENCE_FAULT_H_

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"
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

// The error of integers that have no result (R10), for the reason `why`: those of an element of a
// domain (of the network: element 0), or of the synapse between `ends`. Without a step, the error
// is of an initial value.
absl::Status DescribeArithmeticFault(const ir::Program& program, std::optional<uint64_t> step,
                                     ir::DomainId domain, size_t element,
                                     const std::optional<SynapseEnds>& ends, absl::string_view why);

// The error of a contribution or event that is NaN or exceeds 2^40 quanta.
absl::Status DescribeContributionFault(const ir::Program& program, uint64_t step, ir::InputId input,
                                       uint32_t element, double value);
// The error of a sum that exceeded 2^51 quanta when it was taken.
absl::Status DescribeSumFault(const ir::Program& program, uint64_t step, ir::InputId input,
                              uint32_t element, int64_t quanta);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_FAULT_H_
