// Moment: what an engine holds between two steps apart from the values of states, in the terms of
// the program before the passes. Any engine can go on from there, and gives the same bits.
#ifndef BNSYN_REFERENCE_MOMENT_H_
#define BNSYN_REFERENCE_MOMENT_H_

#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/array.h"
#include "reference/coarse.h"
#include "reference/digest.h"

namespace bnsyn::reference {

struct Moment {
  uint64_t step = 0;  // the next one
  std::vector<ir::Bits> params;
  std::vector<double> totals;             // by ReductionId: the last ones
  std::vector<std::vector<Quanta>> sums;  // by InputId and element
  // By population the sorted spikes of each step of InFlightBefore, injected ones among them.
  std::vector<std::vector<std::vector<uint32_t>>> spikes;
  std::vector<uint64_t> spike_counts;  // by population, since step 0, injected ones not counted
  Digest spike_digest;                 // of all spikes since step 0
  CoarseTallies coarse;                // of all contributions so far (R6)
};

// The steps whose spikes a moment has: from this one on, modulo 2^64, so many. Where the step
// delivers, the last of them is the next step, into which the host injects.
struct StepsInFlight {
  uint64_t first = 0;
  uint32_t count = 0;
};
inline StepsInFlight InFlightBefore(const ir::Program& program, uint64_t step) {
  const uint32_t longest = program.MaxDelay();
  return {step - longest, longest + (program.Delivers() ? 1 : 0)};
}

inline void CopyBytes(const ArrayView& view, char* out) {
  const size_t bytes = view.size * static_cast<size_t>(ir::ElementBytes(view.element));
  if (bytes != 0) std::memcpy(out, view.data, bytes);
}

inline Array CopyOf(const ArrayView& view) {
  Array values(view.element, view.size);
  CopyBytes(view, reinterpret_cast<char*>(values.as<unsigned char>()));
  return values;
}

// The values of a state that is not temporary, as Machine::states has them.
using StateValues = std::function<Array(ir::StateId)>;

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_MOMENT_H_
