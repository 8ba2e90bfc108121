#include "reference/philox.h"

#include "ir/mutant.h"
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
  if (Mutant("R3.upper_half_of_the_seed")) seed &= 0xffffffff;
  if (Mutant("R3.upper_half_of_the_step")) step &= 0xffffffff;
  if (Mutant("R3.draw")) draw = 0;
  if (Mutant("R3.stream")) stream = 0;
  const std::array<uint32_t, 2> key = {static_cast<uint32_t>(seed),
                                       static_cast<uint32_t>(seed >> 32)};
  const uint32_t word = RandomWord(element) ^ (Mutant("R3.word_of_an_element") ? 1 : 0);
  return Philox4x32(RandomCounter(stream, RandomBlock(element), step, draw), key)[word];
}

uint32_t SynapseWord(uint64_t seed, uint32_t stream, const SynapseNumber& synapse, uint64_t step,
                     uint32_t draw) {
  const uint32_t occurrence = Mutant("R3.occurrence") ? 0 : synapse.occurrence;
  const auto key = Philox4x32(SynapseKeyCounter(stream, occurrence),
                              {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  const auto words =
      Philox4x32(SynapseCounter(synapse.source, synapse.target, step, draw), {key[0], key[1]});
  return words[Mutant("R3.word_of_a_synapse") ? 0 : draw % 4];
}

}  // namespace bnsyn::reference
