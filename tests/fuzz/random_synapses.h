// Random code of synapses for network files: models of the library, models of the file's own, and
// code of the projection itself.
#ifndef BNSYN_TESTS_FUZZ_RANDOM_SYNAPSES_H_
#define BNSYN_TESTS_FUZZ_RANDOM_SYNAPSES_H_

#include <set>
#include <string>

#include "tests/fuzz/random.h"
#include "tests/fuzz/random_cells.h"

namespace bnsyn::fuzz {

// What the spikes of a projection do.
struct Synapses {
  std::string keys;   // of [projections.NAME]: all but source, target and rule
  std::string model;  // [synapses.NAME_synapse], if it is one of its own
};

// Draws those of the projection `name`, whose target has a port.
Synapses DrawSynapses(const std::string& name, const Cells& source, const Cells& target,
                      Random& random, std::set<std::string>& kinds);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_RANDOM_SYNAPSES_H_
