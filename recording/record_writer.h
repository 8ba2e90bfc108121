// What a format of files must do for recorders.
#ifndef BNSYN_RECORDING_RECORD_WRITER_H_
#define BNSYN_RECORDING_RECORD_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bnsyn/recorder.h"

namespace bnsyn {

// Writes the files of some records, each as a part file until Finish. Made by the host's thread and
// then used by one other. Without Finish the destructor deletes the files.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  // Adds data of the record of that number, which follow those of earlier calls.
  virtual absl::Status Write(size_t record, const RecordData& data) = 0;
  // Brings all files to a state in which they can be read, with all data so far, if the process
  // ends.
  virtual absl::Status Flush() = 0;
  // The same for good: gives the files their names, which it returns. `end` is the step at which
  // the run ended; `complete` is false for one that ended early.
  virtual absl::StatusOr<std::vector<std::string>> Finish(uint64_t end, bool complete) = 0;
};

using RecordShapes = std::vector<RecordShape>;

// What is told of the network beside its records.
struct RecordedNetwork {
  std::string name;
  double dt_ms = 0;
  uint64_t seed = 0;
  std::vector<std::string> populations;  // those that have neurons
  std::vector<uint32_t> sizes;
};

absl::StatusOr<std::unique_ptr<RecordWriter>> MakeCsvWriter(RecordShapes shapes,
                                                            const std::string& directory);
absl::StatusOr<std::unique_ptr<RecordWriter>> MakeNpyWriter(RecordShapes shapes,
                                                            const std::string& directory);
absl::StatusOr<std::unique_ptr<RecordWriter>> MakeSonataWriter(RecordShapes shapes,
                                                               RecordedNetwork network,
                                                               const std::string& directory);
// `descriptor` is that of an open file, which stays open.
absl::StatusOr<std::unique_ptr<RecordWriter>> MakeBinaryWriter(RecordShapes shapes, int descriptor);

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_RECORD_WRITER_H_
