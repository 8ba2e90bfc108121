// Random plastic networks: code of synapses with traces, eligibility, clocks, draws, bounds, delays
// and modulators, between neurons that spike often enough for pairs of spikes to meet.
#ifndef BNSYN_TESTS_FUZZ_RANDOM_PLASTIC_H_
#define BNSYN_TESTS_FUZZ_RANDOM_PLASTIC_H_

#include <cstdint>

#include "tests/fuzz/random_network.h"

namespace bnsyn::fuzz {

// The same for the same seed. Its weights are variables `w` of its projections.
RandomNetwork MakePlasticNetwork(uint64_t seed);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_RANDOM_PLASTIC_H_
