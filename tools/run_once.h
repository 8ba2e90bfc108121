// One run of a network on one backend, with its files and its receipt.
#ifndef BNSYN_TOOLS_RUN_ONCE_H_
#define BNSYN_TOOLS_RUN_ONCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/checkpoints.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/receipt.h"
#include "tools/record.h"

namespace bnsyn::tools {

struct RunRequest {
  Source source;
  Machine machine;  // its backend is "reference" or "accelerated"
  RecordOptions record;
  CheckpointOptions checkpoints;
  std::vector<std::string> synapses;  // projections whose synapses are written at the end
  std::string out;                    // the directory of all files, or kStandardOutput; empty for
                                      // none
  int descriptor = 1;                 // where bytes go with kStandardOutput
};

struct Finished {
  RunResult result;
  Receipt receipt;
  std::vector<std::string> files;  // written into the directory
};

// Runs the network, or the rest of a run that is continued. Writes spikes and what else is to be
// recorded, synapses, receipt.json with a hash of each of these, and report.json. A run that is
// continued records its own part, of which the receipt has no hash.
absl::StatusOr<Finished> RunOnce(const Loaded& loaded, const RunRequest& request);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_RUN_ONCE_H_
