#include "reference/accumulator.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "reference/columns.h"

namespace bnsyn::reference {

int64_t ToQuanta(double value, int scale_log2) {
  constexpr double kSaturated = 0x1p62;
  // The product is exact unless it underflows, and then it rounds to 0 all the same.
  const double quanta = std::nearbyint(std::ldexp(value, -scale_log2));
  if (!(quanta < kSaturated)) return int64_t{1} << 62;
  if (!(quanta > -kSaturated)) return -(int64_t{1} << 62);
  return static_cast<int64_t>(quanta);
}

double FromQuanta(int64_t quanta, int scale_log2) {
  return std::ldexp(static_cast<double>(quanta), scale_log2);
}

int ScaleLog2For(double largest) {
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  const int scale = exponent - 31;
  // A number just below a power of two may round up to it.
  return ToQuanta(largest, scale) > std::numeric_limits<int32_t>::max() ? scale + 1 : scale;
}

AccumulatorArithmetic::AccumulatorArithmetic(const ir::Accumulator& accumulator)
    : scale_log2_(accumulator.scale_log2), period_(accumulator.period), left_{1} {
  if (!accumulator.decays()) return;
  for (uint32_t step = 0; step < period_; ++step) {
    left_.push_back(left_.back() * accumulator.decay);
  }
}

int64_t AccumulatorArithmetic::MostInAStep() const {
  if (!decays()) return kMaxSum;
  // All that ever arrived is at most 1 + d + d^2 + ... of it, in quanta of the least value.
  const double share = (1 - left_[1]) * left_.back();
  return static_cast<int64_t>(static_cast<double>(kMaxHeld) * share);
}

int64_t AccumulatorArithmetic::Counted(int64_t quanta, uint32_t phase) const {
  if (!decays()) return quanta;
  return static_cast<int64_t>(std::nearbyint(static_cast<double>(quanta) / left_[phase]));
}

double AccumulatorArithmetic::ScaleAfter(uint32_t phase) const {
  return std::ldexp(left_[phase + 1], scale_log2_);
}

void AccumulatorArithmetic::EndStep(uint64_t step, absl::Span<int64_t> sums) const {
  if (PhaseOf(step + 1) != 0) return;
  // Adding an integer within 2^51 to the bits of this number adds it to the number, and the other
  // way round. Every vector unit can convert so.
  constexpr double kMagic = 0x1.8p52;
  constexpr auto kMagicBits = std::bit_cast<int64_t>(kMagic);
  const double left = left_.back();
  for (int64_t& sum : sums) {
    const double held = std::bit_cast<double>(sum + kMagicBits) - kMagic;
    const double rest = held * left;
    sum = std::bit_cast<int64_t>(rest + kMagic) - kMagicBits;
  }
}

void AccumulatorArithmetic::ReadSums(uint64_t step, absl::Span<const int64_t> sums,
                                     double* values) const {
  const double scale = std::ldexp(left_[PhaseOf(step)], scale_log2_);
  for (const int64_t sum : sums) *values++ = static_cast<double>(sum) * scale;
}

absl::StatusOr<int64_t> AccumulatorArithmetic::SumFor(uint64_t step, double value) const {
  const int64_t sum = ToQuanta(value / left_[PhaseOf(step)], scale_log2_);
  if (std::abs(sum) <= kMaxHeld) return sum;
  const double most = FromQuanta(kMaxHeld, scale_log2_);
  return absl::OutOfRangeError(absl::StrCat(ShowValue(value), " is beyond what a decaying input ",
                                            "with the scale 2^", scale_log2_,
                                            " can hold, which is ", ShowValue(most)));
}

}  // namespace bnsyn::reference
