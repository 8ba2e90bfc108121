// The digest of R11: 128 bits over all state, in-flight events and spikes.
#ifndef BNSYN_REFERENCE_DIGEST_H_
#define BNSYN_REFERENCE_DIGEST_H_

#include <cstdint>

#include "absl/types/span.h"
#include "bnsyn/digest.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// A sum of mixed items, modulo 2^64 in each half. The order of additions is free, so each thread
// keeps a digest of its own, and their sum is the digest of the run.
//
// The digest of a run whose next step is k holds
//   - AddState for each state that is not temporary, by its index in Program::states: every element
//     of it, padding excluded; AddHistory for one with a history;
//   - AddSpike once for each spike since the beginning. An injected spike belongs to step k - 1,
//     where k is the next step at the time of injection; for k = 0 that is 2^64 - 1;
//   - AddInFlight for each spike, injected ones included, of the steps k - MaxDelay() to k - 1.
// Inputs are empty between steps and have no part.
struct Digest : bnsyn::Digest {
  // Adds an item: a tag that says what it belongs to, its position there, and its value.
  void Add(uint64_t tag, uint64_t position, uint64_t value);
  void AddSpike(uint32_t population, uint64_t step, uint32_t neuron);
  void AddSpikes(uint32_t population, uint64_t step, absl::Span<const uint32_t> neurons);
  // All elements of a state; all NaNs count as one (R10).
  void AddState(uint32_t state, const ArrayView& values);
  // The values of a state with a history that `past` may read from `step` on; `values` has place
  // after place.
  void AddHistory(uint32_t state, const ir::State& declared, const ArrayView& values,
                  uint64_t step);
  // A spike of `step` that the longest delay of the program still has to deliver.
  void AddInFlight(uint32_t population, uint64_t step, uint32_t neuron);

  Digest& operator+=(const Digest& other) {
    high += other.high;
    low += other.low;
    return *this;
  }
};

// The bits of a value for digests and comparisons of runs, in which all NaNs are equal (R10).
ir::Bits CanonicalBits(ir::Element element, ir::Bits bits);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_DIGEST_H_
