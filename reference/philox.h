// Random bits without state (R3): a function of the seed, the stream, the element, the step and the
// number of the draw.
#ifndef BNSYN_REFERENCE_PHILOX_H_
#define BNSYN_REFERENCE_PHILOX_H_

#include <array>
#include <cstdint>

namespace bnsyn::reference {

// The ten-round bijection.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// Elements share blocks of four words. The bits of an aligned run of up to 16 elements are the same
// word of consecutive blocks, so that vector code computes one Philox for four vectors of elements.
inline constexpr uint32_t kRandomGroup = 64;  // elements that share 16 blocks of 4 words
inline constexpr uint32_t kRandomLanes = 16;

constexpr uint32_t RandomBlock(uint32_t element) {
  return element / kRandomGroup * kRandomLanes + element % kRandomLanes;
}
constexpr uint32_t RandomWord(uint32_t element) { return element / kRandomLanes % 4; }

// The counter is (block, low word of step, high word of step << 16 | draw, stream); the key is the
// seed, low word first.
constexpr std::array<uint32_t, 4> RandomCounter(uint32_t stream, uint32_t block, uint64_t step,
                                                uint32_t draw) {
  return {block, static_cast<uint32_t>(step), static_cast<uint32_t>(step >> 32) << 16 | draw,
          stream};
}

// 32 bits for (seed, stream, element, step, draw); step < 2^48, draw < 2^16.
uint32_t RandomBits(uint64_t seed, uint32_t stream, uint32_t element, uint64_t step, uint32_t draw);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_PHILOX_H_
