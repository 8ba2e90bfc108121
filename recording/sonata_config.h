// What stands beside the recordings of a run so that readers of SONATA open the directory.
#ifndef BNSYN_RECORDING_SONATA_CONFIG_H_
#define BNSYN_RECORDING_SONATA_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "recording/record_writer.h"

namespace bnsyn {

// The population that a report is of: that of the neurons, or what stands before the point in the
// name of the variable, or "network" for a variable of the network as a whole.
std::string ReportedPopulation(const RecordShape& shape);

// simulation_config.json, circuit_config.json, nodes.h5 and node_types.csv; returns their names.
absl::StatusOr<std::vector<std::string>> WriteSonataConfig(const std::string& directory,
                                                           const RecordedNetwork& network,
                                                           const RecordShapes& shapes,
                                                           uint64_t end);

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_SONATA_CONFIG_H_
