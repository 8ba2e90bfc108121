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

// A synapse: its neurons, and the number of it among the synapses of this pair.
struct SynapseNumber {
  uint32_t source = 0;
  uint32_t target = 0;
  uint32_t occurrence = 0;
};
// The key of the draws of synapses while the network runs, for a stream and an occurrence. The
// words of the step and the draw are such as no neuron draws at.
constexpr std::array<uint32_t, 4> SynapseKeyCounter(uint32_t stream, uint32_t occurrence) {
  return {occurrence, 0xffffffff, 0xffffffff, stream};
}
// Synapses draw words 0 to 3 of this counter as numbers 4 n to 4 n + 3 of a stream, n = draw / 4.
constexpr std::array<uint32_t, 4> SynapseCounter(uint32_t source, uint32_t target, uint64_t step,
                                                 uint32_t draw) {
  return {target, source, static_cast<uint32_t>(step),
          static_cast<uint32_t>(step >> 32) << 16 | draw / 4};
}
// 32 bits for (seed, stream, synapse, step, draw).
uint32_t SynapseWord(uint64_t seed, uint32_t stream, const SynapseNumber& synapse, uint64_t step,
                     uint32_t draw);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_PHILOX_H_
