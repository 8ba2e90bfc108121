// Random programs made from the op table, for differential tests.
#ifndef BNSYN_TESTS_COMPILER_RANDOM_PROGRAM_H_
#define BNSYN_TESTS_COMPILER_RANDOM_PROGRAM_H_

#include <cstdint>

#include "ir/program.h"

namespace bnsyn::compiler::testing {

// A valid program of two populations (67 and 3 neurons) joined by a projection, whose step block
// has at least `nodes` nodes: every op that may stand there, over operands of every element and
// both domains, special values among them, with loads, stores, spikes, counts and sums in random
// order. The same for the same seed.
ir::Program RandomProgram(uint64_t seed, int nodes);

}  // namespace bnsyn::compiler::testing

#endif  // BNSYN_TESTS_COMPILER_RANDOM_PROGRAM_H_
