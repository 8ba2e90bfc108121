// A small network for the tests of recorders.
#ifndef BNSYN_TESTS_RECORDING_NETWORKS_H_
#define BNSYN_TESTS_RECORDING_NETWORKS_H_

#include <string>
#include <vector>

#include "bnsyn/bnsyn.h"

namespace bnsyn {

// Two populations that spike from the first milliseconds on, and synapses with a weight that
// spikes change; `records` are its [record.NAME].
Network SmallNetwork(const std::string& records = "");
// Its simulation, or a failed test.
Simulation SmallSimulation(Backend backend = Backend::kAccelerated, int threads = 1,
                           bool keep_spikes = true);

// An empty directory of that name.
std::string EmptyDirectory(const std::string& name);
// The lines of a file.
std::vector<std::string> LinesOf(const std::string& path);
// The names of the files in a directory.
std::vector<std::string> FilesIn(const std::string& directory);

}  // namespace bnsyn

#endif  // BNSYN_TESTS_RECORDING_NETWORKS_H_
