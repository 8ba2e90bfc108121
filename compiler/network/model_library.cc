#include "compiler/network/model_library.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {
namespace {

constexpr LibraryModel kModels[] = {
#include "model_library_files.inc"  // written by CMake from models/*.toml
};

}  // namespace

absl::Span<const LibraryModel> ModelLibrary() { return kModels; }

absl::StatusOr<LibraryModel> FindLibraryModel(absl::string_view name) {
  std::vector<std::string> names;
  for (const LibraryModel& model : kModels) {
    if (model.name == name) return model;
    names.emplace_back(model.name);
  }
  return absl::NotFoundError(absl::StrCat("the library has no model '", name, "'",
                                          ir::DidYouMean(name, names),
                                          "; `bnsyn models` lists all"));
}

std::string ModelSummary(const LibraryModel& model) {
  absl::string_view line = model.text.substr(0, model.text.find('\n'));
  absl::ConsumePrefix(&line, "# ");
  return std::string(line);
}

}  // namespace bnsyn::compiler
