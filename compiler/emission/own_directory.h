// Opens directories and files that nobody but the user can have written, for files that are run as
// code. What is checked is what is opened: nobody can exchange it in between.
//
//   BNSYN_ASSIGN_OR_RETURN(const FileDescriptor directory, OpenOwnDirectory(path, /*make=*/true));
//   BNSYN_ASSIGN_OR_RETURN(const FileDescriptor file, OpenOwnFile(directory, "key.o", path));
#ifndef BNSYN_COMPILER_EMISSION_OWN_DIRECTORY_H_
#define BNSYN_COMPILER_EMISSION_OWN_DIRECTORY_H_

#include <string>

#include "absl/status/statusor.h"

namespace bnsyn::compiler {

// An open file or directory, or -1. Closes it at its end.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  bool valid() const { return number_ >= 0; }
  int get() const { return number_; }
  // The number, which the caller closes.
  int Release();

 private:
  int number_;
};

// Opens a directory. PermissionDenied, with the reason and what to do in one line, unless it
// belongs to the user and nobody else can write to it, and nobody else can put another in its
// place: each directory above it, and each symbolic link on the way, belongs to the user or to
// root, and others cannot write to such a directory, or only entries of their own, as in /tmp.
//
// What is missing of the path is made for the user alone if `make` is set, and else NotFound.
absl::StatusOr<FileDescriptor> OpenOwnDirectory(const std::string& path, bool make);

// Opens a file of such a directory for reading. PermissionDenied, as above, unless it is a file, no
// link, that belongs to the user and that nobody else can write; NotFound if there is none. `path`
// names the directory in errors.
absl::StatusOr<FileDescriptor> OpenOwnFile(const FileDescriptor& directory, const std::string& name,
                                           const std::string& path);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_OWN_DIRECTORY_H_
