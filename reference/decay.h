// Inputs that keep what arrives, and of which each step leaves a part (R6).
#ifndef BNSYN_REFERENCE_DECAY_H_
#define BNSYN_REFERENCE_DECAY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::reference {

// What a decaying input may hold from its beginning, and as much again of what arrives, in quanta.
inline constexpr int64_t kMaxHeld = int64_t{1} << 50;

// The numbers of an input's decay. The phase of a step is its number modulo the period.
class DecayTable {
 public:
  // Of an input that decays.
  explicit DecayTable(const ir::Input& input);

  uint32_t period() const { return static_cast<uint32_t>(left_.size()) - 1; }
  uint32_t PhaseOf(uint64_t step) const { return static_cast<uint32_t>(step) & (period() - 1); }
  // What that many steps leave of 1, from none to a whole period: products, rounded each.
  double Left(uint32_t steps) const { return left_[steps]; }
  // What a contribution adds to the sum in a step of this phase: quanta of less worth are more.
  int64_t Counted(int64_t quanta, uint32_t phase) const;
  // What a quantum of the sum is worth before the step, and after a step of this phase.
  double QuantumBefore(uint64_t step) const;
  double QuantumAfter(uint32_t phase) const;

  // Ends a step: at the end of a period sums are expressed in full quanta again.
  void EndStep(uint64_t step, absl::Span<int64_t> sums) const;
  // What the sums are worth before a step.
  void Show(uint64_t step, absl::Span<const int64_t> sums, double* values) const;
  // The sum that is worth the value before a step; OutOfRange beyond kMaxHeld.
  absl::StatusOr<int64_t> Hold(uint64_t step, double value) const;

 private:
  int quantum_log2_;
  std::vector<double> left_;
};

// What may arrive at an element of an input in one step, in quanta, if it arrives in every step.
int64_t MostInAStep(const ir::Input& input);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_DECAY_H_
