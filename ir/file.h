// Reads and writes whole files. Whatever a path names, the answer is its text or an error: what is
// no regular file is not opened for good, and nothing is read beyond a stated size. All that the
// libraries and the command read goes through here.
#ifndef BNSYN_IR_FILE_H_
#define BNSYN_IR_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bnsyn::ir {

// The most bytes that are read of a description (a network or the text of a program) and of a
// table of numbers. What is made of a text takes up to a hundred times its memory.
inline constexpr uint64_t kMostDescription = uint64_t{32} << 20;
inline constexpr uint64_t kMostTable = uint64_t{1} << 30;

// The contents of a regular file of at most `most` bytes. NotFound if there is none of that name;
// InvalidArgument for a directory, a pipe, a device, a file that may not be read, or a larger one.
absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t most);
// What stands in standard input up to its end.
absl::StatusOr<std::string> ReadStandardInput(uint64_t most);

// Gives the file `partial` the name `path` when its bytes are on the disk, so that whatever happens
// `path` is the file that was there or the whole new one. On an error `partial` is deleted.
absl::Status PublishFile(const std::string& partial, const std::string& path);
// Writes a file whole or not at all: under another name first, which PublishFile replaces.
absl::Status WriteFile(const std::string& path, absl::string_view text);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_FILE_H_
