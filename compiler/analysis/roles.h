// Roles of the states of a program, found by what its code does and not by their names.
#ifndef BNSYN_COMPILER_ANALYSIS_ROLES_H_
#define BNSYN_COMPILER_ANALYSIS_ROLES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// The states in which the neurons of populations hold what arrives at them: conductances, synaptic
// currents, or potentials that arrivals change directly. Such a state holds the sum of an input; or
// the step gives it a value that depends on what an input takes, and on no other state of neurons.
// Ascending.
std::vector<ir::StateId> InputStates(const ir::Program& program);

// The states of populations whose value depends on no other state: conductances and traces, which
// decay by themselves. Ascending.
std::vector<ir::StateId> AutonomousStates(const ir::Program& program);

// The program without noise and without spikes: what is drawn in a step has its mean in place of
// that, but no event occurs; thresholds still reset neurons, but nothing of a spike is told to
// others. It is what remains to compare at two lengths of the step: see Crossed. The program is one
// before the passes; an error says what in it cannot be made quiet.
absl::StatusOr<ir::Program> Quiet(const ir::Program& program);

// The name of a state of a quiet program, f64 of each neuron of a population: 1 of a neuron that
// would have spiked, else 0. Such a neuron has jumped, and so it says nothing of convergence.
std::string Crossed(const ir::Population& population);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_ROLES_H_
