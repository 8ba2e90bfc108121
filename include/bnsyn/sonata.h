// Networks of point neurons in the format SONATA (github.com/AllenInstitute/sonata).
#ifndef BNSYN_SONATA_H_
#define BNSYN_SONATA_H_

#include <string>

#include "absl/status/statusor.h"
#include "bnsyn/network.h"

namespace [[gnu::visibility("default")]] bnsyn {

// Reads circuit_config.json, or simulation_config.json with the time step, the duration and the
// spikes of virtual nodes, and the files that it names.
//
// Each type of a population of nodes becomes a population: of the name of the nodes where they have
// one type, and else with the number of the type behind it, "v1_100". Its model is the one of the
// library that has the name of `model_template` in that simulator ("nest:iaf_psc_alpha"), with the
// numbers of the file `dynamics_params`; virtual nodes are sources of spikes. Edges become lists of
// synapses with syn_weight (times nsyns) and delay, of themselves or of their type; negative weights
// inhibit.
//
// What is not supported is an error that names the file: other models of neurons, synapses other
// than static ones, weights given by functions, inputs other than spikes.
absl::StatusOr<Network> ReadSonata(const std::string& config);

}  // namespace bnsyn

#endif  // BNSYN_SONATA_H_
