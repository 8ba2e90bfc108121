// R3: Philox4x32-10 against the known answers published with Random123, and the layout of words.
#include "reference/philox.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace bnsyn::reference {
namespace {

using Counter = std::array<uint32_t, 4>;
using Key = std::array<uint32_t, 2>;

TEST(PhiloxR3, KnownAnswers) {
  EXPECT_EQ(Philox4x32(Counter{0, 0, 0, 0}, Key{0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox4x32(Counter{kOnes, kOnes, kOnes, kOnes}, Key{kOnes, kOnes}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // The digits of pi.
  EXPECT_EQ(Philox4x32(Counter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       Key{0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PhiloxR3, ElementsHaveWordsOfTheirOwn) {
  std::set<std::pair<uint32_t, uint32_t>> words;
  constexpr uint32_t kElements = 1000;
  for (uint32_t i = 0; i < kElements; ++i) words.insert({RandomBlock(i), RandomWord(i)});
  EXPECT_EQ(words.size(), kElements);
}

TEST(PhiloxR3, AlignedRunsFindOneWordOfConsecutiveBlocks) {
  for (uint32_t first = 0; first < 1024; first += kRandomLanes) {
    for (uint32_t lane = 1; lane < kRandomLanes; ++lane) {
      EXPECT_EQ(RandomWord(first + lane), RandomWord(first));
      EXPECT_EQ(RandomBlock(first + lane), RandomBlock(first) + lane);
    }
  }
}

TEST(PhiloxR3, BitsAreThoseOfTheirBlock) {
  const uint64_t seed = 0x0123456789abcdef;
  const uint64_t step = 0xabcd12345678;
  const Counter words = Philox4x32({18, 0x12345678, 0xabcd0003, 7}, {0x89abcdef, 0x01234567});
  EXPECT_EQ(RandomBits(seed, 7, 64 + 2, step, 3), words[0]);
  EXPECT_EQ(RandomBits(seed, 7, 64 + 16 + 2, step, 3), words[1]);
  EXPECT_EQ(RandomBits(seed, 7, 64 + 48 + 2, step, 3), words[3]);
}

TEST(PhiloxR3, EveryCoordinateMatters) {
  std::set<uint32_t> bits;
  for (const uint64_t seed : {uint64_t{1}, uint64_t{1} << 32}) {
    for (const uint32_t stream : {0u, 1u}) {
      for (const uint32_t element : {0u, 1u, 16u, 64u}) {
        for (const uint64_t step : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32}) {
          for (const uint32_t draw : {0u, 1u}) {
            bits.insert(RandomBits(seed, stream, element, step, draw));
          }
        }
      }
    }
  }
  EXPECT_EQ(bits.size(), 2u * 2 * 4 * 3 * 2);
}

}  // namespace
}  // namespace bnsyn::reference
