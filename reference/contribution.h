// What a synapse adds to an input (R6), where that can be known before running.
#ifndef BNSYN_REFERENCE_CONTRIBUTION_H_
#define BNSYN_REFERENCE_CONTRIBUTION_H_

#include <cstdint>
#include <optional>

#include "ir/program.h"

namespace bnsyn::reference {

// Limits of R6, in quanta: a sum of at most 2^51 converts to a double exactly; contributions of at
// most 2^40 cannot overflow 64 bits before the sum is checked.
inline constexpr int64_t kMaxSum = int64_t{1} << 51;
inline constexpr int64_t kMaxContribution = int64_t{1} << 40;

// The operand of the `accumulate` node `node` of an on_pre block for a synapse of this weight, when
// it depends on nothing but the weight, literals and parameters that are not tunable; nullopt
// otherwise.
std::optional<double> StaticContribution(const ir::Program& program, const ir::Block& block,
                                         ir::NodeId node, double weight);

// value / 2^quantum_log2, rounded to the nearest integer, ties to even. Values beyond 2^62 quanta
// saturate there, far outside both limits, and so does NaN.
int64_t ToQuanta(double value, int quantum_log2);
// quanta * 2^quantum_log2; exact for |quanta| <= kMaxSum.
double FromQuanta(int64_t quanta, int quantum_log2);

// The default quantum for contributions of at most `largest` > 0: the least power of two that puts
// them, rounded, into 31 bits and a sign.
int QuantumFor(double largest);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_CONTRIBUTION_H_
