// Random networks that are valid: groups, clocks, pathways, schedules, past values, linked
// variables, sums at sources, draws of synapses and several spikes of a neuron in a step, in
// combinations that nobody thought of.
#ifndef BNSYN_TESTS_FUZZ_RANDOM_NETWORK_H_
#define BNSYN_TESTS_FUZZ_RANDOM_NETWORK_H_

#include <cstdint>
#include <set>
#include <string>

namespace bnsyn::fuzz {

struct RandomNetwork {
  std::string text;             // a network file
  std::set<std::string> kinds;  // of what it uses: "groups", "clocks", ...
};
// The same for the same seed.
RandomNetwork MakeRandomNetwork(uint64_t seed);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_RANDOM_NETWORK_H_
