#include "reference/philox.h"

namespace bnsyn::reference {
namespace {

constexpr int kRounds = 10;
constexpr uint32_t kMultiplier0 = 0xd2511f53;
constexpr uint32_t kMultiplier1 = 0xcd9e8d57;
constexpr uint32_t kKeyStep0 = 0x9e3779b9;  // golden ratio
constexpr uint32_t kKeyStep1 = 0xbb67ae85;  // sqrt(3) - 1

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    const uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key = {key[0] + kKeyStep0, key[1] + kKeyStep1};
  }
  return counter;
}

uint32_t RandomBits(uint64_t seed, uint32_t stream, uint32_t element, uint64_t step,
                    uint32_t draw) {
  const std::array<uint32_t, 2> key = {static_cast<uint32_t>(seed),
                                       static_cast<uint32_t>(seed >> 32)};
  return Philox4x32(RandomCounter(stream, RandomBlock(element), step, draw),
                    key)[RandomWord(element)];
}

}  // namespace bnsyn::reference
