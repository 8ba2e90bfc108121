// Network files: stimuli.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/network/toml_reader.h"

namespace bnsyn::compiler {
namespace {

class StimulusReader : public TomlReader {
 public:
  using TomlReader::TomlReader;

  absl::Status Read(const TomlNode& table) {
    Stimulus stimulus;
    stimulus.name = table.key;
    stimulus.place = document_.KeyPlace(table);
    BNSYN_RETURN_IF_ERROR(CheckKeys(table, absl::StrCat("[stimuli.", table.key, "]"),
                                    {"type", "target", "rate", "weight", "on_event", "file"}));
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* type,
                           Required(table, "type", "one of poisson, bernoulli, file"));
    BNSYN_ASSIGN_OR_RETURN(const size_t kind,
                           ReadWord(*type, "type of stimulus", {"poisson", "bernoulli", "file"}));
    constexpr StimulusKind kKinds[] = {StimulusKind::kPoisson, StimulusKind::kBernoulli,
                                       StimulusKind::kFile};
    stimulus.kind = kKinds[kind];
    const bool file = stimulus.kind == StimulusKind::kFile;
    if (const TomlNode* extra = table.Find(file ? "rate" : "file")) {
      return document_.ErrorAtKey(
          *extra, absl::StrCat("a stimulus of type ", type->text.text, " has no ", extra->key));
    }
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* source, Required(table, file ? "file" : "rate",
                                                            file ? "as in file = \"events.csv\""
                                                                 : "as in rate = \"2000 Hz\""));
    if (file) {
      BNSYN_RETURN_IF_ERROR(Expect(*source, TomlKind::kString, "'file'"));
      stimulus.file = source->text.text;
    }
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "rate", stimulus.rate));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "weight", stimulus.weight));
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* target,
                           Required(table, "target", "as in target = \"exc\""));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> targets, ReadNames(*target));
    for (const TomlNode* name : targets) {
      BNSYN_RETURN_IF_ERROR(FindPopulation(*name).status());
      stimulus.targets.push_back(name->text.text);
    }
    BNSYN_RETURN_IF_ERROR(
        Required(table, "on_event", "say what an event does: on_event = \"g_ampa += w\"").status());
    BNSYN_RETURN_IF_ERROR(Get(table, "on_event", stimulus.on_event));
    network_.AddStimulus(std::move(stimulus));
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status ReadStimulus(const TomlDocument& document, const TomlNode& table, Network& network) {
  return StimulusReader(document, network).Read(table);
}

}  // namespace bnsyn::compiler
