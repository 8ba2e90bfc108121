#include "compiler/description/model_library.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {
namespace {

constexpr LibraryModel kModels[] = {
#include "model_library_files.inc"  // written by CMake from models/*.toml
};
constexpr LibraryModel kSynapses[] = {
#include "synapse_library_files.inc"  // from models/synapses/*.toml
};

}  // namespace

absl::Span<const LibraryModel> ModelLibrary() { return kModels; }
absl::Span<const LibraryModel> SynapseLibrary() { return kSynapses; }

absl::StatusOr<LibraryModel> FindLibraryModel(absl::Span<const LibraryModel> models,
                                              absl::string_view name) {
  std::vector<std::string> names;
  for (const LibraryModel& model : models) {
    if (model.name == name) return model;
    names.emplace_back(model.name);
  }
  const std::string here = ModelsElsewhere(models, name);
  return absl::NotFoundError(absl::StrCat("the library has no model '", name, "'",
                                          here.empty() ? ir::DidYouMean(name, names) : ": ", here,
                                          "; `bnsyn models` lists all"));
}

bool HasModel(absl::Span<const LibraryModel> models, absl::string_view name) {
  return std::any_of(models.begin(), models.end(),
                     [&](const LibraryModel& model) { return model.name == name; });
}

std::string ModelSummary(const LibraryModel& model) {
  absl::string_view line = model.text.substr(0, model.text.find('\n'));
  absl::ConsumePrefix(&line, "# ");
  return std::string(line);
}

std::string ModelKind(const LibraryModel& model) {
  for (absl::string_view line : absl::StrSplit(model.text, '\n')) {
    if (absl::ConsumePrefix(&line, "# Kind: ")) return std::string(line);
  }
  return "";
}

std::vector<NameElsewhere> NamesElsewhere(const LibraryModel& model) {
  std::vector<NameElsewhere> names;
  for (absl::string_view line : absl::StrSplit(model.text, '\n')) {
    if (!absl::ConsumePrefix(&line, "# Elsewhere: ")) continue;
    for (const absl::string_view entry : absl::StrSplit(line, ", ")) {
      const std::pair<std::string, std::string> words =
          absl::StrSplit(entry, absl::MaxSplits(' ', 1));
      names.push_back({words.first, words.second});
    }
  }
  return names;
}

std::string ModelsElsewhere(absl::Span<const LibraryModel> models, absl::string_view name) {
  std::vector<std::string> found;
  for (const LibraryModel& model : models) {
    for (const NameElsewhere& other : NamesElsewhere(model)) {
      if (!absl::EqualsIgnoreCase(other.name, name)) continue;
      found.push_back(
          absl::StrCat(other.simulator, "'s ", other.name, " is the model '", model.name, "'"));
    }
  }
  return absl::StrJoin(found, "; ");
}

}  // namespace bnsyn::compiler
