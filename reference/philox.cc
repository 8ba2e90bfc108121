#include "reference/philox.h"

#include "reference/philox_rounds.h"

namespace bnsyn::reference {

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  const philox::Words<uint64_t> words =
      philox::Rounds<uint64_t>({counter[0], counter[1], counter[2], counter[3]}, {key[0], key[1]});
  return {static_cast<uint32_t>(words[0]), static_cast<uint32_t>(words[1]),
          static_cast<uint32_t>(words[2]), static_cast<uint32_t>(words[3])};
}

uint32_t RandomBits(uint64_t seed, uint32_t stream, uint32_t element, uint64_t step,
                    uint32_t draw) {
  const std::array<uint32_t, 2> key = {static_cast<uint32_t>(seed),
                                       static_cast<uint32_t>(seed >> 32)};
  return Philox4x32(RandomCounter(stream, RandomBlock(element), step, draw),
                    key)[RandomWord(element)];
}

uint32_t SynapseWord(uint64_t seed, uint32_t stream, const SynapseNumber& synapse, uint64_t step,
                     uint32_t draw) {
  const auto key = Philox4x32(SynapseKeyCounter(stream, synapse.occurrence),
                              {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  const auto words =
      Philox4x32(SynapseCounter(synapse.source, synapse.target, step, draw), {key[0], key[1]});
  return words[draw % 4];
}

}  // namespace bnsyn::reference
