// The model library: the files of models/, carried inside the program.
#ifndef BNSYN_COMPILER_DESCRIPTION_MODEL_LIBRARY_H_
#define BNSYN_COMPILER_DESCRIPTION_MODEL_LIBRARY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace bnsyn::compiler {

// A file models/NAME.toml: it defines [models.NAME], and its first comment line says what that is.
// A comment line  # Elsewhere: NEST iaf_psc_exp, PyNN IF_curr_exp  says what other simulators call
// it.
struct LibraryModel {
  absl::string_view name;
  absl::string_view text;
};

// What another simulator calls a model.
struct NameElsewhere {
  std::string simulator;
  std::string name;
};

absl::Span<const LibraryModel> ModelLibrary();  // by name
// The one of that name, or an error with did-you-mean.
absl::StatusOr<LibraryModel> FindLibraryModel(absl::string_view name);
std::string ModelSummary(const LibraryModel& model);
std::vector<NameElsewhere> NamesElsewhere(const LibraryModel& model);
// For a name that is another simulator's, in whichever case: which model that is here, in words.
// Empty for others.
std::string ModelsElsewhere(absl::string_view name);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_MODEL_LIBRARY_H_
