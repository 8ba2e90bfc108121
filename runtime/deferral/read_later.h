// What deferred code reads when it runs, rather than when it is due.
#ifndef BNSYN_RUNTIME_DEFERRAL_READ_LATER_H_
#define BNSYN_RUNTIME_DEFERRAL_READ_LATER_H_

#include <vector>

#include "ir/program.h"

namespace bnsyn {

// By state: true for the states of synapses with deferred code, and for those of neurons that such
// code reads at an end of each synapse. Before the host changes one, deferred code has to run.
std::vector<bool> FindReadLater(const ir::Program& program);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DEFERRAL_READ_LATER_H_
