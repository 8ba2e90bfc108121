#include "reference/accumulator.h"

#include <bit>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "reference/columns.h"

namespace bnsyn::reference {

Quanta Magnitude(Quanta quanta) { return quanta < 0 ? -quanta : quanta; }

SumLimits LimitsOf(const ir::Accumulator& accumulator) {
  const auto power = [](int exponent) { return Quanta(1) << exponent; };
  const Quanta unknown = power(accumulator.limit() + (Mutant("R6.limit") ? 1 : 0));
  if (accumulator.wide) {
    const int sum = Mutant("R6.limit_of_a_wide_sum") ? 125 : 126;
    return {power(accumulator.greatest_limit()), unknown, power(sum) - 1, absl::Int128Max()};
  }
  if (Mutant("R6.limit_of_a_sum")) return {power(62) - 1, unknown, power(62), power(63) - 1};
  if (Mutant("R6.limit_of_a_contribution"))
    return {power(62), unknown, power(62) - 1, power(63) - 1};
  return {power(62) - 1, unknown, power(62) - 1, power(63) - 1};
}

Quanta ToQuanta(double value, int scale_log2) {
  constexpr double kSaturated = 0x1p126;
  // The product is exact unless it underflows, and then it rounds to 0 all the same.
  const double exact = std::ldexp(value, -scale_log2);
  const double quanta = Mutant("R6.ties_to_even") ? std::round(exact) : std::nearbyint(exact);
  if (!(quanta < kSaturated)) return Quanta(1) << 126;
  if (!(quanta > -kSaturated)) return -(Quanta(1) << 126);
  return static_cast<Quanta>(quanta);
}

double FromQuanta(Quanta quanta, int scale_log2) {
  const auto low = static_cast<int64_t>(absl::Int128Low64(quanta));
  const auto high = static_cast<int64_t>((quanta - low) >> 64);
  if (Mutant("R6.value_of_a_wide_sum")) return std::ldexp(static_cast<double>(quanta), scale_log2);
  return std::ldexp(static_cast<double>(high) * 0x1p64 + static_cast<double>(low), scale_log2);
}

bool IsCoarse(double value, int scale_log2) {
  const double exact = std::ldexp(value, -scale_log2);
  const double rounded = std::nearbyint(exact);
  if (rounded == 0) return value != 0 && !Mutant("R6.what_becomes_nothing_is_coarse");
  return std::fabs(rounded - exact) > (Mutant("R6.coarse") ? 0x1p-23 : 0x1p-24) * std::fabs(exact);
}

double RelativeError(double value, int scale_log2) {
  const double exact = std::ldexp(value, -scale_log2);
  const double rounded = std::nearbyint(exact);
  if (Mutant("R6.relative_error")) return std::fabs(rounded - exact) / std::fabs(rounded);
  return rounded == 0 ? 1 : std::fabs(rounded - exact) / std::fabs(exact);
}

int ScaleLog2For(double largest) {
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  const int scale = exponent - 31;
  // A number just below a power of two may round up to it.
  if (Mutant("R6.largest_in_31_bits")) return scale;
  return ToQuanta(largest, scale) > std::numeric_limits<int32_t>::max() ? scale + 1 : scale;
}

AccumulatorArithmetic::AccumulatorArithmetic(const ir::Accumulator& accumulator)
    : scale_log2_(accumulator.scale_log2),
      most_(LimitsOf(accumulator).sum),
      period_(accumulator.period),
      left_{1} {
  if (!accumulator.decays()) return;
  for (uint32_t step = 0; step < period_; ++step) {
    left_.push_back(left_.back() * accumulator.decay);
  }
}

Quanta AccumulatorArithmetic::MostInAStep() const {
  if (!decays()) return most_;
  // All that ever arrived is at most 1 + d + d^2 + ... of it, in quanta of the least value.
  const double share =
      Mutant("R6.all_that_ever_arrives") ? left_.back() : (1 - left_[1]) * left_.back();
  return static_cast<int64_t>(static_cast<double>(kMaxHeld) * share);
}

Quanta AccumulatorArithmetic::Counted(Quanta quanta, uint32_t phase) const {
  if (!decays()) return quanta;
  if (Mutant("R6.quanta_lose_value")) return quanta;
  return static_cast<int64_t>(std::nearbyint(static_cast<double>(quanta) / left_[phase]));
}

double AccumulatorArithmetic::ScaleAfter(uint32_t phase) const {
  return std::ldexp(left_[Mutant("R6.scale_after_the_step") ? phase : phase + 1], scale_log2_);
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
    const double rest = Mutant("R6.rounding_of_a_period") ? std::floor(held * left) : held * left;
    sum = std::bit_cast<int64_t>(rest + kMagic) - kMagicBits;
  }
}

void AccumulatorArithmetic::ReadSums(uint64_t step, absl::Span<const int64_t> sums,
                                     double* values) const {
  const double scale = std::ldexp(left_[PhaseOf(step)], scale_log2_);
  for (const int64_t sum : sums) *values++ = static_cast<double>(sum) * scale;
}

absl::StatusOr<int64_t> AccumulatorArithmetic::SumFor(uint64_t step, double value) const {
  const uint32_t phase = Mutant("R6.phase_of_what_is_set") ? 0 : PhaseOf(step);
  const Quanta sum = ToQuanta(value / left_[phase], scale_log2_);
  if (Magnitude(sum) <= kMaxHeld) return static_cast<int64_t>(sum);
  const double most = FromQuanta(kMaxHeld, scale_log2_);
  return absl::OutOfRangeError(absl::StrCat(ShowValue(value), " is beyond what a decaying input ",
                                            "with the scale 2^", scale_log2_,
                                            " can hold, which is ", ShowValue(most)));
}

}  // namespace bnsyn::reference
