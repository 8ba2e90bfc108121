// Networks for the tests of checkpoints, and runs with a host that takes part in them.
#ifndef BNSYN_TESTS_CHECKPOINTS_NETWORKS_H_
#define BNSYN_TESTS_CHECKPOINTS_NETWORKS_H_

#include <cstdint>
#include <string>

#include "bnsyn/checkpoint.h"
#include "runtime/simulation_internal.h"

namespace bnsyn {

// Plastic synapses with deferred code and delays of their own, decaying inputs, a delayed read, the
// time of the last spike, clocks, a sum over neurons, Poisson and host stimuli, events of a table,
// a tunable parameter, and two populations that run the same code with other numbers.
extern const char* const kEverything;

// What a host does before some steps, from the number of the step alone: it sets an input, adds
// events, changes a parameter and a weight, and injects spikes.
void ActAt(Simulation& simulation, uint64_t step);

// Runs to a step, with the host.
void RunTo(Simulation& simulation, uint64_t step);

// The checkpoint of a simulation after a way through its bytes, or a failed test.
Checkpoint SavedBytes(const Simulation& simulation);

}  // namespace bnsyn

#endif  // BNSYN_TESTS_CHECKPOINTS_NETWORKS_H_
