#include "reference/decay.h"

#include <bit>
#include <cmath>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "reference/columns.h"
#include "reference/contribution.h"

namespace bnsyn::reference {

DecayTable::DecayTable(const ir::Input& input) : quantum_log2_(input.quantum_log2), left_{1} {
  for (uint32_t step = 0; step < input.decay->period; ++step) {
    left_.push_back(left_.back() * input.decay->factor);
  }
}

int64_t DecayTable::Counted(int64_t quanta, uint32_t phase) const {
  return static_cast<int64_t>(std::nearbyint(static_cast<double>(quanta) / left_[phase]));
}

double DecayTable::QuantumBefore(uint64_t step) const {
  return std::ldexp(left_[PhaseOf(step)], quantum_log2_);
}

double DecayTable::QuantumAfter(uint32_t phase) const {
  return std::ldexp(left_[phase + 1], quantum_log2_);
}

void DecayTable::EndStep(uint64_t step, absl::Span<int64_t> sums) const {
  if (PhaseOf(step + 1) != 0) return;
  // Adding an integer within 2^51 to the bits of this number adds it to the number, and the other
  // way round: conversions that every vector unit can do.
  constexpr double kMagic = 0x1.8p52;
  constexpr auto kMagicBits = std::bit_cast<int64_t>(kMagic);
  const double left = left_.back();
  for (int64_t& sum : sums) {
    const double held = std::bit_cast<double>(sum + kMagicBits) - kMagic;
    const double rest = held * left;
    sum = std::bit_cast<int64_t>(rest + kMagic) - kMagicBits;
  }
}

void DecayTable::Show(uint64_t step, absl::Span<const int64_t> sums, double* values) const {
  const double quantum = QuantumBefore(step);
  for (const int64_t sum : sums) *values++ = static_cast<double>(sum) * quantum;
}

absl::StatusOr<int64_t> DecayTable::Hold(uint64_t step, double value) const {
  const int64_t sum = ToQuanta(value / left_[PhaseOf(step)], quantum_log2_);
  if (std::abs(sum) <= kMaxHeld) return sum;
  const double most = std::ldexp(static_cast<double>(kMaxHeld), quantum_log2_);
  return absl::OutOfRangeError(absl::StrCat(ShowValue(value), " is beyond what a decaying input ",
                                            "with the quantum 2^", quantum_log2_,
                                            " can hold, which is ", ShowValue(most)));
}

int64_t MostInAStep(const ir::Input& input) {
  if (!input.decay) return kMaxSum;
  // All that ever arrived is at most 1 + factor + factor^2 + ... of it, in quanta of least worth.
  const DecayTable decay(input);
  const double share = (1 - input.decay->factor) * decay.Left(decay.period());
  return static_cast<int64_t>(static_cast<double>(kMaxHeld) * share);
}

}  // namespace bnsyn::reference
