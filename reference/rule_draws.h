// Draws the random numbers of connectivity rules (R8).
#ifndef BNSYN_REFERENCE_RULE_DRAWS_H_
#define BNSYN_REFERENCE_RULE_DRAWS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "ir/mutant.h"
#include "reference/functions.h"
#include "reference/philox.h"

namespace bnsyn::reference {

// The number of targets in a block of a Bernoulli row. Each block has draws of its own, so that a
// part of a row costs a part of the work.
inline constexpr uint32_t kBernoulliBlock = 4096;

// 64 random bits as a number among 0, ..., n - 1, uniform but for a bias below n 2^-64: the upper
// half of their product.
inline uint64_t Below(uint64_t bits, uint64_t n) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(bits) * n >> 64);
}

// A sequence of numbers that depends on (seed, stream, a, b) alone; the rule defines a and b.
// Number n takes words 0 and 1 (n even) or 2 and 3 (n odd) of the counter (n/2, a, b, stream). A
// stream belongs to one rule, so that no element has the same counters.
class RuleDraws {
 public:
  // Begins with number `first`.
  RuleDraws(uint64_t seed, uint32_t stream, uint32_t a, uint32_t b, uint32_t first = 0)
      : counter_{first / 2, a, b, stream},
        key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {
    if (first % 2 != 0 && !Mutant("R8.first_number")) Advance();
  }

  // Uniform in (0, 1], a multiple of 2^-53.
  double Next() {
    const size_t word = Advance();
    const double uniform = UniformFromBits(words_[word], words_[word + 1]);
    return Mutant("R8.uniform") ? uniform : 1 - uniform;
  }

  // How many targets a Bernoulli rule of probability p passes over, for log_miss = log(1 - p).
  double NextSkip(double log_miss) {
    const size_t word = Advance();
    return SkipFromBits(words_[word], words_[word + 1], log_miss);
  }

  // Uniform among 0, ..., n - 1.
  uint64_t Below(uint64_t n) {
    const size_t word = Advance();
    if (Mutant("R8.below")) return (uint64_t{words_[word]} << 32 | words_[word + 1]) % n;
    return reference::Below(uint64_t{words_[word]} << 32 | words_[word + 1], n);
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

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_RULE_DRAWS_H_
