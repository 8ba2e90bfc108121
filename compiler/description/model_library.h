// The model library: the files of models/ and models/synapses/, compiled into the program.
//
//   BNSYN_ASSIGN_OR_RETURN(const LibraryModel adex, FindLibraryModel("adex"));
#ifndef BNSYN_COMPILER_DESCRIPTION_MODEL_LIBRARY_H_
#define BNSYN_COMPILER_DESCRIPTION_MODEL_LIBRARY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace bnsyn::compiler {

// A file models/NAME.toml. It defines [models.NAME], and its first comment line describes the
// model. A comment line "# Kind: integrate-and-fire" says what it is listed under, and one
// "# Elsewhere: NEST iaf_psc_exp, PyNN IF_curr_exp" names it in other simulators.
struct LibraryModel {
  absl::string_view name;
  absl::string_view text;
};

// The name of a model in another simulator.
struct NameElsewhere {
  std::string simulator;
  std::string name;
};

absl::Span<const LibraryModel> ModelLibrary();  // of neurons, by name
// Of synapses: files models/synapses/NAME.toml, which define [synapses.NAME].
absl::Span<const LibraryModel> SynapseLibrary();
// The model of that name among some, or an error with did-you-mean.
absl::StatusOr<LibraryModel> FindLibraryModel(absl::Span<const LibraryModel> models,
                                              absl::string_view name);
std::string ModelSummary(const LibraryModel& model);
// True if one of the models has the name.
bool HasModel(absl::Span<const LibraryModel> models, absl::string_view name);
// What the model is one of: "integrate-and-fire", "sources".
std::string ModelKind(const LibraryModel& model);
std::vector<NameElsewhere> NamesElsewhere(const LibraryModel& model);
// Says in words which of the models a name of another simulator means, in upper or lower case.
// Empty for a name that means none.
std::string ModelsElsewhere(absl::Span<const LibraryModel> models, absl::string_view name);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_MODEL_LIBRARY_H_
