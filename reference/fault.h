// Words the errors that arise while running (R6, R10), for every engine.
#ifndef BNSYN_REFERENCE_FAULT_H_
#define BNSYN_REFERENCE_FAULT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"
#include "reference/accumulator.h"

namespace bnsyn::reference {

// True if the value is finite and within the bounds of the state; else a `check` stops the run.
bool WithinBounds(const ir::State& state, double value);

// The two neurons of a synapse, by its number (see SynapseTable).
struct SynapseEnds {
  uint32_t source;
  uint32_t target;
};
using EndsOf = std::function<SynapseEnds(ir::ProjectionId, uint64_t synapse)>;

// A `check` that failed.
struct CheckFault {
  ir::StateId state = 0;
  uint64_t element = 0;
  double value = 0;
  std::string cause;  // of a value that is not finite (FirstNotFinite); else empty

  // True if an error of the step names this fault and not the other: the first state in order of
  // declaration, and its first element.
  bool GoesBefore(const CheckFault& other) const {
    return state != other.state ? state < other.state : element < other.element;
  }
};

// The error of integers that have no result (R10), for the reason `why`: those of an element of a
// domain (of the network: element 0), or of the synapse between `ends`. Without a step, the error
// is of an initial value.
absl::Status DescribeArithmeticFault(const ir::Program& program, std::optional<uint64_t> step,
                                     ir::DomainId domain, size_t element,
                                     const std::optional<SynapseEnds>& ends, absl::string_view why);

// "its resolution of 0.5 pA allows at most 512 pA; a coarser resolution allows more", for a limit
// in quanta.
std::string DescribeLimit(const ir::Input& input, Quanta limit);
// "3 pA", in the unit of an input.
std::string ShowIn(const ir::Input& input, double value);

// The error (InvalidArgument) where spikes are injected that a neuron cannot have in one step.
absl::Status TooManySpikes(const ir::Program& program, ir::PopulationId population,
                           uint32_t neuron);

// The errors (OutOfRange) of a step. The messages name what failed, where, when, the value, the
// limit with its unit, and what to do.
//
// Of a check that failed. Names population and element; for a synapse, projection and neurons.
absl::Status DescribeCheckFault(const ir::Program& program, uint64_t step, const CheckFault& fault,
                                const EndsOf& ends);
// Of an initial value that the init block made and that is not finite (InvalidArgument).
absl::Status DescribeInitialFault(const ir::Program& program, const CheckFault& fault);
// Of a contribution that is not finite, exceeds the limit of its input (SumLimits::unknown), or is
// coarse in a strict program. `cause` as in CheckFault.
absl::Status DescribeContributionFault(const ir::Program& program, uint64_t step, ir::InputId input,
                                       uint32_t element, double value,
                                       const std::string& cause = "");
// Of a sum that exceeded the limit of its input when it was taken.
absl::Status DescribeSumFault(const ir::Program& program, uint64_t step, ir::InputId input,
                              uint32_t element, Quanta quanta);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_FAULT_H_
