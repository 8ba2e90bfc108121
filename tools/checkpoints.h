// Runs that are saved on their way and continued later: options of `bnsyn run`.
#ifndef BNSYN_TOOLS_CHECKPOINTS_H_
#define BNSYN_TOOLS_CHECKPOINTS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bnsyn/simulation.h"
#include "tools/command.h"
#include "tools/output.h"

namespace bnsyn::tools {

// The file of a run in its directory.
inline constexpr char kCheckpointFile[] = "run.checkpoint";

struct CheckpointOptions {
  std::string every;  // simulated time; empty for none
  std::string from;   // a file or its directory; empty for the beginning

  void AddArguments(Command& command);
};

// One run: where it begins, and what it saves.
class Checkpoints {
 public:
  // `directory` is where a run with `every` writes its file.
  static absl::StatusOr<Checkpoints> Create(const CheckpointOptions& options,
                                            const std::string& directory, double dt);

  // Goes to the checkpoint that the run continues, if there is one.
  absl::Status Continue(Simulation& simulation);
  // Runs to a step. Saves the simulation at all multiples of `every` after it began, and where the
  // run ends, which may be earlier by control.cancel.
  // `flush` brings what was recorded to files first: nothing is lost before a checkpoint.
  absl::Status RunTo(Simulation& simulation, uint64_t end, const RunControl& control,
                     const std::function<absl::Status()>& flush);

  // The first step of this run.
  uint64_t first() const { return first_; }
  // What it cost: an empty object and an empty line without checkpoints.
  Json ToJson() const;
  std::string ToLine() const;

 private:
  absl::Status Save(const Simulation& simulation);

  std::string path_;    // of the file that is written
  uint64_t every_ = 0;  // steps; 0 for never
  std::string from_;    // the file to continue; empty for none
  uint64_t first_ = 0;
  uint64_t written_ = 0;
  uint64_t bytes_ = 0;  // of the last one
  double save_seconds_ = 0;
  double write_seconds_ = 0;
  double restore_seconds_ = 0;
};

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_CHECKPOINTS_H_
