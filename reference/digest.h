// The digest of R11: 128 bits over all state, in-flight events and spikes.
#ifndef BNSYN_REFERENCE_DIGEST_H_
#define BNSYN_REFERENCE_DIGEST_H_

#include <cstdint>
#include <string>

#include "reference/array.h"

namespace bnsyn::reference {

// A sum, modulo 2^64 in each half, of one mixed item at a time: order is free, so threads keep
// digests of their own and add them.
struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;

  // An item is three numbers: what it belongs to (a tag), where, and its value.
  void Add(uint64_t tag, uint64_t position, uint64_t value);
  void AddSpike(uint32_t population, uint64_t step, uint32_t neuron);
  // All elements of a state; all NaNs count as one (R10).
  void AddState(uint32_t state, const ArrayView& values);
  // A spike of `step` whose synaptic events are still to be delivered, and an input not yet taken.
  void AddInFlight(uint32_t population, uint64_t step, uint32_t neuron);

  Digest& operator+=(const Digest& other) {
    high += other.high;
    low += other.low;
    return *this;
  }
  friend bool operator==(const Digest&, const Digest&) = default;
  std::string ToString() const;  // 32 hex digits
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_DIGEST_H_
