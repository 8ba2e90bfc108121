#include "reference/coarse.h"

#include <cmath>
#include <tuple>

#include "reference/accumulator.h"

namespace bnsyn::reference {

void CoarseTally::Count(double contribution, int scale_log2, uint64_t times) {
  if (times == 0 || !IsCoarse(contribution, scale_log2)) return;
  Add({times, RelativeError(contribution, scale_log2), std::fabs(contribution)});
}

void CoarseTally::Add(const CoarseTally& other) {
  count += other.count;
  if (std::tie(other.error, other.value) <= std::tie(error, value)) return;
  error = other.error;
  value = other.value;
}

extern "C" void CountCoarse(CoarseTally* tally, double contribution, int32_t scale_log2) {
  tally->Count(contribution, scale_log2);
}

void Add(const CoarseTallies& from, CoarseTallies& to) {
  for (const auto& [source, tally] : from) to[source].Add(tally);
}

}  // namespace bnsyn::reference
