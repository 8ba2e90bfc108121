// Reads the spikes that `bnsyn run --out DIR` wrote.
#ifndef BNSYN_TOOLS_SPIKE_FILE_H_
#define BNSYN_TOOLS_SPIKE_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bnsyn::tools {

// The spikes of one population, in the order of the file.
struct RecordedPopulation {
  std::string name;
  uint32_t neurons = 0;
  std::vector<uint64_t> steps;
  std::vector<uint32_t> numbers;  // of the neurons
};

struct SpikeFile {
  std::string path;
  double dt_ms = 0;
  uint64_t end = 0;  // the number of steps that were recorded
  // What the report lists, spiking or not. Events that are no spikes are left out.
  std::vector<RecordedPopulation> populations;
  // Empty, or that there is no report, and what was taken in its place.
  std::string note;
};

// `path` names a directory with spikes.csv, or such a file: a line
// "population,neuron,step,time_ms", then one for each spike. The step, the length of the run and
// the sizes of populations are those of report.json in the same directory. Without it dt is found
// from two spikes of one population, the run ends with the last spike, and a population has the
// neurons up to the last that spiked.
absl::StatusOr<SpikeFile> ReadSpikeFile(const std::string& path);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_SPIKE_FILE_H_
