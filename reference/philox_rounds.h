// Philox4x32-10 (R3), of Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011, written once for the oracle, for nodes of the IR and for emitted code.
//
// A word U is a 64-bit integer whose low half counts: the product of two words is then one
// instruction in each lane of a vector. The high halves of results hold anything. U has the
// operators * & ^ +, and >> by a constant, and takes constants of type uint64_t as operands.
#ifndef BNSYN_REFERENCE_PHILOX_ROUNDS_H_
#define BNSYN_REFERENCE_PHILOX_ROUNDS_H_

#include <array>
#include <cstdint>

#include "ir/mutant.h"

namespace bnsyn::reference::philox {

inline constexpr int kRounds = 10;
inline constexpr uint64_t kLowHalf = 0xffffffff;
inline constexpr uint64_t kMultiplier0 = 0xd2511f53;
inline constexpr uint64_t kMultiplier1 = 0xcd9e8d57;
inline constexpr uint64_t kKeyStep0 = 0x9e3779b9;  // golden ratio
inline constexpr uint64_t kKeyStep1 = 0xbb67ae85;  // sqrt(3) - 1

template <class U>
using Words = std::array<U, 4>;
template <class U>
using Key = std::array<U, 2>;

template <class U>
Words<U> Round(const Words<U>& word, const Key<U>& key) {
  const U product0 = (word[0] & kLowHalf) * kMultiplier0;
  const U product1 = (word[2] & kLowHalf) * kMultiplier1;
  // What does not wait for the products is combined first.
  const U other0 = word[1] ^ key[0];
  const U other1 = word[3] ^ key[1];
  return {(product1 >> 32) ^ other0, product1, (product0 >> 32) ^ other1, product0};
}

// The key of the next round.
template <class U>
Key<U> Next(const Key<U>& key) {
  if (Mutant("R3.key_step")) return {key[0] + kKeyStep0, key[1] + kKeyStep0};
  return {key[0] + kKeyStep0, key[1] + kKeyStep1};
}

template <class U>
Words<U> Rounds(Words<U> words, Key<U> key) {
  const int rounds = Mutant("R3.rounds") ? kRounds - 1 : kRounds;
  for (int round = 0; round < rounds; ++round) {
    words = Round(words, key);
    key = Next(key);
  }
  return words;
}

}  // namespace bnsyn::reference::philox

#endif  // BNSYN_REFERENCE_PHILOX_ROUNDS_H_
