// The arithmetic of accumulators (R6): how a contribution becomes quanta, how quanta become a
// number, and what a step leaves of a sum.
//
//   const AccumulatorArithmetic sum(input.accumulator);
//   const int scale = input.accumulator.scale_log2;
//   element += sum.Counted(ToQuanta(weight, scale), sum.PhaseOf(step));   // a spike arrives
//   const double arrived = FromQuanta(element, scale);                    // `take`
#ifndef BNSYN_REFERENCE_ACCUMULATOR_H_
#define BNSYN_REFERENCE_ACCUMULATOR_H_

#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::reference {

// A contribution or a sum of any accumulator, in quanta.
using Quanta = absl::int128;
Quanta Magnitude(Quanta quanta);

// The limits of an accumulator (R6), in quanta.
struct SumLimits {
  Quanta contribution;  // the greatest magnitude of one that is static
  Quanta unknown;       // the same of one that is not static
  Quanta sum;           // the greatest sum; the least is -sum - 1
  // No contributions that keep these limits overflow the integer if their greatest magnitudes add
  // up to at most this.
  Quanta possible;

  bool Holds(Quanta taken) const { return taken <= sum && taken >= -sum - 1; }
};
SumLimits LimitsOf(const ir::Accumulator& accumulator);

// The greatest magnitude that every conversion between integers of 64 bits and doubles can do, and
// exactly. Sums of decaying and of narrow accumulators (ir::Accumulator) are within it.
inline constexpr int64_t kMaxExactSum = int64_t{1} << 51;
// A decaying accumulator may begin with so many quanta, and receive as much again.
inline constexpr int64_t kMaxHeld = int64_t{1} << 50;

// value / 2^scale_log2, rounded to the nearest integer, ties to even. NaN and values beyond 2^126
// quanta become 2^126 with a sign, which is outside all limits.
Quanta ToQuanta(double value, int scale_log2);
// quanta * 2^scale_log2, rounded as R6 says: once within 64 bits.
double FromQuanta(Quanta quanta, int scale_log2);

// True if rounding to quanta changes a value by more than 2^-24 of itself.
bool IsCoarse(double value, int scale_log2);
// By how much of itself rounding to quanta changes a value that is finite and not 0; 1 where it
// becomes 0.
double RelativeError(double value, int scale_log2);

// The exponent of the default scale for contributions of at most `largest` > 0: the least power of
// two that rounds them to 31 bits and a sign.
int ScaleLog2For(double largest);

// The phase of a step is its number modulo the period of the accumulator's decay. An accumulator
// that does not decay has the period 1.
class AccumulatorArithmetic {
 public:
  explicit AccumulatorArithmetic(const ir::Accumulator& accumulator);

  // The most quanta that may arrive at an element in one step if as much arrives in every step.
  Quanta MostInAStep() const;

  bool decays() const { return left_.size() > 1; }
  uint32_t period() const { return period_; }
  uint32_t PhaseOf(uint64_t step) const { return static_cast<uint32_t>(step) & (period_ - 1); }
  // What so many steps leave of 1, from none to a whole period: products, rounded each.
  double Left(uint32_t steps) const { return left_[steps]; }
  // What a contribution adds to the sum in a step of this phase. Quanta that have lost value are
  // worth less, so it adds more of them.
  Quanta Counted(Quanta quanta, uint32_t phase) const;

  // For decaying accumulators:
  // the value of a quantum after a step of this phase;
  double ScaleAfter(uint32_t phase) const;
  // ends a step: at the end of a period it expresses the sums in full quanta again;
  void EndStep(uint64_t step, absl::Span<int64_t> sums) const;
  // writes what the sums are worth before a step;
  void ReadSums(uint64_t step, absl::Span<const int64_t> sums, double* values) const;
  // the sum that is worth `value` before a step. OutOfRange beyond kMaxHeld.
  absl::StatusOr<int64_t> SumFor(uint64_t step, double value) const;

 private:
  int scale_log2_;
  Quanta most_;
  uint32_t period_;
  std::vector<double> left_;  // by steps; {1} where nothing decays
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_ACCUMULATOR_H_
