// Drawing a fixed number of things, in parts that can be drawn without one another.
#ifndef BNSYN_REFERENCE_SAMPLING_H_
#define BNSYN_REFERENCE_SAMPLING_H_

#include <cstdint>
#include <vector>

#include "reference/rule_draws.h"

namespace bnsyn::reference {

// `count` things fall on the places 0 to left + right - 1, any place alike: how many of them on the
// first `left`. With `repeat` a place may take many (binomial), else one (hypergeometric; `count`
// is then at most left + right). By inversion, outward from the most likely number: as many terms
// as a few standard deviations. `u` is uniform in (0, 1].
uint64_t CountOnLeft(uint64_t count, uint64_t left, uint64_t right, bool repeat, double u);

// Appends `count` of the numbers 0 to n - 1, sorted: with `repeat` independent ones, else distinct
// ones (then count <= n), every set alike (Floyd's algorithm: Bentley & Floyd, "A sample of
// brilliance", CACM 30, 1987).
void Sample(uint64_t count, uint32_t n, bool repeat, RuleDraws& draws,
            std::vector<uint32_t>& sample);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_SAMPLING_H_
