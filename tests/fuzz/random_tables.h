// Random networks of what the tables of the language list: models of neurons and synapses of the
// library, functions, methods, rules, kinds of stimuli, schedules, and the keys that each of them
// takes. Most are valid.
#ifndef BNSYN_TESTS_FUZZ_RANDOM_TABLES_H_
#define BNSYN_TESTS_FUZZ_RANDOM_TABLES_H_

#include <cstdint>

#include "tests/fuzz/random_network.h"

namespace bnsyn::fuzz {

// The same for the same seed. Its files are those of NetworkDirectory().
RandomNetwork MakeTableNetwork(uint64_t seed);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_RANDOM_TABLES_H_
