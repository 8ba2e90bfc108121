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

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::reference {

// Limits of R6, in quanta. A sum within kMaxSum converts to a double exactly. Contributions within
// kMaxContribution cannot overflow 64 bits before the sum is checked. A decaying accumulator may
// begin with kMaxHeld, and receive as much again.
inline constexpr int64_t kMaxSum = int64_t{1} << 51;
inline constexpr int64_t kMaxContribution = int64_t{1} << 40;
inline constexpr int64_t kMaxHeld = int64_t{1} << 50;

// value / 2^scale_log2, rounded to the nearest integer, ties to even. NaN and values beyond 2^62
// quanta become 2^62 with a sign, which is far outside all limits.
int64_t ToQuanta(double value, int scale_log2);
// quanta * 2^scale_log2; exact within kMaxSum.
double FromQuanta(int64_t quanta, int scale_log2);

// The exponent of the default scale for contributions of at most `largest` > 0: the least power of
// two that rounds them to 31 bits and a sign.
int ScaleLog2For(double largest);

// The phase of a step is its number modulo the period of the accumulator's decay. An accumulator
// that does not decay has the period 1.
class AccumulatorArithmetic {
 public:
  explicit AccumulatorArithmetic(const ir::Accumulator& accumulator);

  // The most quanta that may arrive at an element in one step if as much arrives in every step.
  int64_t MostInAStep() const;

  bool decays() const { return left_.size() > 1; }
  uint32_t period() const { return period_; }
  uint32_t PhaseOf(uint64_t step) const { return static_cast<uint32_t>(step) & (period_ - 1); }
  // What so many steps leave of 1, from none to a whole period: products, rounded each.
  double Left(uint32_t steps) const { return left_[steps]; }
  // What a contribution adds to the sum in a step of this phase. Quanta that have lost value are
  // worth less, so it adds more of them.
  int64_t Counted(int64_t quanta, uint32_t phase) const;

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
  uint32_t period_;
  std::vector<double> left_;  // by steps; {1} where nothing decays
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_ACCUMULATOR_H_
