// A file that is written under another name, NAME.PID.part, and gets its own when it is whole.
#ifndef BNSYN_RECORDING_PART_FILE_H_
#define BNSYN_RECORDING_PART_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bnsyn {

// Movable. Without Publish the destructor deletes the file.
class PartFile {
 public:
  // Makes the directory if it is missing, and an empty file.
  static absl::StatusOr<PartFile> Create(const std::string& directory, const std::string& name);
  // The same name for a file that something else opens and writes; Append is not for it.
  static absl::StatusOr<PartFile> Reserve(const std::string& directory, const std::string& name);

  // NAME, and what the file is called now.
  const std::string& name() const { return state_->name; }
  const std::string& partial() const { return state_->partial; }

  // Adds bytes. They are kept until some have come together; Flush hands them to the system.
  absl::Status Append(absl::string_view bytes);
  absl::Status Flush();
  // Replaces bytes that Flush has handed over.
  absl::Status Overwrite(uint64_t offset, absl::string_view bytes);
  // Brings the bytes to the disk, and gives the file its name.
  absl::Status Publish();
  // The error of a file that cannot be written.
  absl::Status Failed() const;

 private:
  struct State {
    ~State();
    std::string name;
    std::string path;
    std::string partial;  // empty once it has its name
    int file = -1;
    std::string bytes;  // not handed over yet
  };
  std::unique_ptr<State> state_;
};

// Writes `text` to DIR/NAME as a PartFile.
absl::Status WritePartFile(const std::string& directory, const std::string& name,
                           absl::string_view text);
// Writes all bytes to an open file, whatever signals come; false if the system refuses.
bool WriteAll(int file, absl::string_view bytes);

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_PART_FILE_H_
