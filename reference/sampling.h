// Draws fixed numbers of things, in parts that can be drawn without the others.
#ifndef BNSYN_REFERENCE_SAMPLING_H_
#define BNSYN_REFERENCE_SAMPLING_H_

#include <cstdint>
#include <vector>

#include "reference/rule_draws.h"

namespace bnsyn::reference {

// `count` things fall on places with equal probability, `left` places on the left and `right` on
// the right. Returns the number of things on the left. With `repeat` a place may take many
// (binomial), and `left` and `right` may be any masses; else a place takes one (hypergeometric;
// then count <= left + right). `u` is uniform in (0, 1]. The distribution is inverted outward from
// the most likely number, in as many terms as a few standard deviations.
uint64_t CountOnLeft(uint64_t count, double left, double right, bool repeat, double u);

// Appends `count` of the numbers 0 to n - 1, sorted: with `repeat` independent ones, else distinct
// ones (then count <= n), every set alike (Floyd's algorithm: Bentley & Floyd, "A sample of
// brilliance", CACM 30, 1987).
void Sample(uint64_t count, uint32_t n, bool repeat, RuleDraws& draws,
            std::vector<uint32_t>& sample);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_SAMPLING_H_
