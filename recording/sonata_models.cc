#include "recording/sonata_models.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace bnsyn::sonata {
namespace {

// The comments that the file of a model begins with, as one line.
std::string CommentsOf(const compiler::LibraryModel& model) {
  std::string comments;
  for (absl::string_view line : absl::StrSplit(model.text, '\n')) {
    if (!absl::ConsumePrefix(&line, "# ")) break;
    absl::StrAppend(&comments, line, " ");
  }
  return comments;
}

// The name that follows the first of these words; empty if none of them is there.
std::string NameBehind(absl::string_view text, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const size_t at = text.find(word);
    if (at == absl::string_view::npos) continue;
    absl::string_view rest = text.substr(at + word.size());
    size_t end = 0;
    while (end < rest.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(rest[end])) || rest[end] == '_')) {
      ++end;
    }
    return std::string(rest.substr(0, end));
  }
  return "";
}

}  // namespace

std::optional<Receptors> ReceptorsOf(const compiler::LibraryModel& model) {
  const std::string comments = CommentsOf(model);
  const size_t at = comments.find("Spikes: on_pre = \"");
  if (at == std::string::npos) return std::nullopt;
  const std::string spikes = comments.substr(at);
  Receptors receptors;
  receptors.excited = NameBehind(spikes, {"Spikes: on_pre = \""});
  receptors.unit = NameBehind(spikes, {"+= w\", w in "});
  const absl::string_view variable = absl::StripSuffix(receptors.excited, "_post");
  if (variable.size() == receptors.excited.size() ||
      (receptors.unit != "pA" && receptors.unit != "nS" && receptors.unit != "mV")) {
    return std::nullopt;
  }
  // Models with ports show the second one; the first is always there.
  receptors.excited = absl::EndsWith(variable, "_2")
                          ? absl::StrCat(absl::StripSuffix(variable, "_2"), "_1")
                          : std::string(variable);
  receptors.inhibited = NameBehind(spikes, {"a negative w to "});
  if (receptors.inhibited.empty()) {
    receptors.inhibited = NameBehind(spikes, {"a positive w to ", "Inhibition adds to "});
    receptors.keeps_sign = receptors.inhibited.empty();
  }
  if (receptors.inhibited.empty()) receptors.inhibited = receptors.excited;
  return receptors;
}

std::optional<compiler::LibraryModel> FindElsewhere(absl::string_view simulator,
                                                    absl::string_view name) {
  for (const compiler::LibraryModel& model : compiler::ModelLibrary()) {
    for (const compiler::NameElsewhere& other : compiler::NamesElsewhere(model)) {
      if (absl::EqualsIgnoreCase(other.simulator, simulator) && other.name == name) return model;
    }
  }
  return std::nullopt;
}

}  // namespace bnsyn::sonata
