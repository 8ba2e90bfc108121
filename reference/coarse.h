// Counts contributions that are coarse (R6): those that rounding to quanta changes by more than
// 2^-24 of themselves.
#ifndef BNSYN_REFERENCE_COARSE_H_
#define BNSYN_REFERENCE_COARSE_H_

#include <compare>
#include <cstdint>
#include <map>

#include "ir/program.h"

namespace bnsyn::reference {

// The coarse contributions of one kind. Compiled code counts in the same struct.
struct CoarseTally {
  uint64_t count = 0;
  double error = 0;  // the greatest RelativeError of one
  double value = 0;  // the greatest magnitude of those that have this error

  // Counts a contribution, so many times, if it is coarse.
  void Count(double contribution, int scale_log2, uint64_t times = 1);
  void Add(const CoarseTally& other);
  friend bool operator==(const CoarseTally&, const CoarseTally&) = default;
};

// CoarseTally::Count for compiled code to call.
extern "C" void CountCoarse(CoarseTally* tally, double contribution, int32_t scale_log2);

// Who adds to which input: the synapses of a projection, or a declaration of events.
struct CoarseSource {
  enum class Kind : uint8_t { kProjection, kEvents };
  Kind kind = Kind::kProjection;
  uint32_t index = 0;  // into the projections or the events of the program
  ir::InputId input = 0;
  friend auto operator<=>(const CoarseSource&, const CoarseSource&) = default;
};

// Holds nothing for those that add no coarse contributions.
using CoarseTallies = std::map<CoarseSource, CoarseTally>;
void Add(const CoarseTallies& from, CoarseTallies& to);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_COARSE_H_
