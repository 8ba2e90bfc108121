// The digest of R11: 128 bits over all state, in-flight events and spikes.
#ifndef BNSYN_REFERENCE_DIGEST_H_
#define BNSYN_REFERENCE_DIGEST_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "ir/type.h"
#include "reference/array.h"

namespace bnsyn::reference {

// A sum, modulo 2^64 in each half, of one mixed item at a time: order is free, so threads keep
// digests of their own and add them.
//
// The digest of a run whose next step is k holds
//   - AddState for each state that is not temporary, by its index in Program::states: every element
//     of it, padding excluded;
//   - AddSpike for each spike since the beginning, once: a neuron spikes at most once in a step. An
//     injected spike counts as one of step k - 1 at the time of injection; at step 0 that is the
//     number 2^64 - 1;
//   - AddInFlight for each spike, injected ones included, of the steps k - MaxDelay() to k - 1.
// Inputs are empty between steps and have no part.
struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;

  // An item is three numbers: what it belongs to (a tag), where, and its value.
  void Add(uint64_t tag, uint64_t position, uint64_t value);
  void AddSpike(uint32_t population, uint64_t step, uint32_t neuron);
  void AddSpikes(uint32_t population, uint64_t step, absl::Span<const uint32_t> neurons);
  // All elements of a state; all NaNs count as one (R10).
  void AddState(uint32_t state, const ArrayView& values);
  // A spike of `step` that a projection has still to deliver, or would with the longest delay.
  void AddInFlight(uint32_t population, uint64_t step, uint32_t neuron);

  Digest& operator+=(const Digest& other) {
    high += other.high;
    low += other.low;
    return *this;
  }
  friend bool operator==(const Digest&, const Digest&) = default;
  std::string ToString() const;  // 32 hex digits
};

// The bits of a value as the digest and comparisons of runs see them: every NaN is one NaN.
ir::Bits CanonicalBits(ir::Element element, ir::Bits bits);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_DIGEST_H_
