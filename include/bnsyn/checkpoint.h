// A checkpoint: all that a simulation holds between two steps, as bytes in memory or in a file.
//
//   absl::StatusOr<bnsyn::Checkpoint> here = sim->Save();      // sim: bnsyn/simulation.h
//   if (!here.ok()) return here.status();
//   absl::Status written = here->Write("day1.checkpoint");     // whole or not at all
//   ...
//   absl::StatusOr<bnsyn::Checkpoint> there = bnsyn::Checkpoint::Read("day1.checkpoint");
//   absl::Status restored = other->Restore(*there);            // of the same network
//
// A simulation that goes on from a checkpoint has the digest of one that never stopped, whichever
// backend, threads, width and machine saved it.
#ifndef BNSYN_CHECKPOINT_H_
#define BNSYN_CHECKPOINT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace [[gnu::visibility("default")]] bnsyn {

// A value: copies are independent, and no simulation needs to be alive.
class Checkpoint {
 public:
  // Takes bytes that bytes() gave. InvalidArgument if they are those of no checkpoint or of one of
  // another version, if some are missing, or if their checksum is wrong.
  static absl::StatusOr<Checkpoint> FromBytes(std::string bytes);
  // The same of a file. NotFound if there is none; ResourceExhausted, before it is read, if the
  // machine has no memory for it.
  static absl::StatusOr<Checkpoint> Read(const std::string& path);
  // Writes the bytes to a file under another name, which is replaced when they are on the disk:
  // whatever happens, `path` is the file that was there or the whole new one.
  absl::Status Write(const std::string& path) const;

  const std::string& bytes() const { return bytes_; }
  uint64_t step() const { return step_; }  // the next one
  double time_ms() const { return time_ms_; }
  // The network: 32 digits, a hash of the text of its program as it was first compiled. The
  // receipts of `bnsyn run` have it too.
  const std::string& program() const { return program_; }

 private:
  Checkpoint() = default;

  std::string bytes_;
  std::string program_;
  uint64_t step_ = 0;
  double time_ms_ = 0;
};

}  // namespace bnsyn

#endif  // BNSYN_CHECKPOINT_H_
