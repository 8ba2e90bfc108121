// The model library: the files of models/, carried inside the program.
#ifndef BNSYN_COMPILER_NETWORK_MODEL_LIBRARY_H_
#define BNSYN_COMPILER_NETWORK_MODEL_LIBRARY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace bnsyn::compiler {

// A file models/NAME.toml: it defines [models.NAME], and its first comment line says what that is.
struct LibraryModel {
  absl::string_view name;
  absl::string_view text;
};

absl::Span<const LibraryModel> ModelLibrary();  // by name
// The one of that name, or an error with did-you-mean.
absl::StatusOr<LibraryModel> FindLibraryModel(absl::string_view name);
std::string ModelSummary(const LibraryModel& model);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_NETWORK_MODEL_LIBRARY_H_
