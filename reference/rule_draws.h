// Draws the random numbers of connectivity rules (R8).
#ifndef BNSYN_REFERENCE_RULE_DRAWS_H_
#define BNSYN_REFERENCE_RULE_DRAWS_H_

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "reference/functions.h"
#include "reference/philox.h"

namespace bnsyn::reference {

// The number of targets in a block of a Bernoulli row. Each block has draws of its own, so that a
// part of a row costs a part of the work.
inline constexpr uint32_t kBernoulliBlock = 4096;

// A sequence of numbers that depends on (seed, stream, a, b) alone; the rule defines a and b.
// Number n takes words 0 and 1 (n even) or 2 and 3 (n odd) of the counter (n/2, a, b, stream). A
// stream belongs to one rule, so that no element has the same counters.
class RuleDraws {
 public:
  // Begins with number `first`.
  RuleDraws(uint64_t seed, uint32_t stream, uint32_t a, uint32_t b, uint32_t first = 0)
      : counter_{first / 2, a, b, stream},
        key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {
    if (first % 2 != 0) Advance();
  }

  // Uniform in (0, 1], a multiple of 2^-53.
  double Next() {
    const size_t word = Advance();
    return 1 - UniformFromBits(words_[word], words_[word + 1]);
  }

  // Uniform among 0, ..., n - 1, but for a bias below n 2^-64.
  uint64_t Below(uint64_t n) {
    const size_t word = Advance();
    const uint64_t bits = uint64_t{words_[word]} << 32 | words_[word + 1];
    // The high word of the 128-bit product.
    const uint64_t low = (bits & 0xffffffff) * (n & 0xffffffff);
    const uint64_t cross1 = (bits >> 32) * (n & 0xffffffff) + (low >> 32);
    const uint64_t cross2 = (bits & 0xffffffff) * (n >> 32) + (cross1 & 0xffffffff);
    return (bits >> 32) * (n >> 32) + (cross1 >> 32) + (cross2 >> 32);
  }

 private:
  // The first of the two words of the next number.
  size_t Advance() {
    if (used_ == words_.size()) {
      words_ = Philox4x32(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    const size_t word = used_;
    used_ += 2;
    return word;
  }

  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> words_ = {};
  size_t used_ = 4;
};

// The number of targets that a Bernoulli rule skips; log_miss is log(1 - p).
inline double BernoulliSkip(RuleDraws& draws, double log_miss) {
  return std::floor(Log(draws.Next()) / log_miss);
}

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_RULE_DRAWS_H_
