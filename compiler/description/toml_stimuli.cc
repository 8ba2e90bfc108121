// Network files: stimuli.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/toml_reader.h"

namespace bnsyn::compiler {
namespace {

struct StimulusType {
  const char* name;
  StimulusKind kind;
};
constexpr StimulusType kTypes[] = {
    {"poisson", StimulusKind::kPoisson},
    {"bernoulli", StimulusKind::kBernoulli},
    {"file", StimulusKind::kFile},
    {"spikes", StimulusKind::kSpikes},
    {"host", StimulusKind::kHost},
    {"current", StimulusKind::kCurrent},
    {"ornstein_uhlenbeck", StimulusKind::kOrnsteinUhlenbeck},
};

// What other simulators call it.
constexpr std::pair<const char*, const char*> kElsewhere[] = {
    {"poisson_generator", "that is type = \"poisson\""},
    {"inhomogeneous_poisson_generator", "that is type = \"poisson\" with a rate of t"},
    {"spike_generator", "that is type = \"spikes\" or \"file\""},
    {"dc_generator", "that is type = \"current\""},
    {"ac_generator", "that is type = \"current\" with a sine of t"},
    {"step_current_generator", "that is type = \"current\" with a value of times and values"},
    {"noise_generator", "that is type = \"ornstein_uhlenbeck\""},
};

class StimulusReader : public TomlReader {
 public:
  using TomlReader::TomlReader;

  absl::Status Read(const TomlNode& table) {
    Stimulus stimulus;
    stimulus.name = table.key;
    stimulus.place = document_.KeyPlace(table);
    const std::string what = absl::StrCat("[stimuli.", table.key, "]");
    BNSYN_RETURN_IF_ERROR(Expect(table, TomlKind::kTable, what));
    BNSYN_ASSIGN_OR_RETURN(const StimulusType type, ReadType(table));
    stimulus.kind = type.kind;
    BNSYN_RETURN_IF_ERROR(ReadKeys(table, what, StimulusKeys(), stimulus, KindsOf(type.kind),
                                   absl::StrCat("a stimulus of type ", type.name)));
    BNSYN_RETURN_IF_ERROR(ReadTargets(*table.Find("target"), stimulus));
    if (const TomlNode* index = table.Find("index")) {
      BNSYN_RETURN_IF_ERROR(ReadIndices(*index, stimulus));
    }
    if (stimulus.kind == StimulusKind::kHost &&
        (table.Find("on_event") == nullptr) == (table.Find("variable") == nullptr)) {
      return document_.ErrorAtKey(
          table, absl::StrCat("'", table.key, "' needs either on_event or variable"),
          "the host gives either events, which run on_event, or a current, which adds to variable");
    }
    network_.AddStimulus(std::move(stimulus));
    return absl::OkStatus();
  }

 protected:
  // A value that changes in time may be a table of times and values: it becomes a table of the
  // network, read at t.
  absl::Status ReadField(const TomlNode& node, const Field& field) override {
    Setting* const* value = std::get_if<Setting*>(&field);
    if (value == nullptr || node.kind != TomlKind::kTable ||
        (node.key != "rate" && node.key != "value" && node.key != "mean")) {
      return TomlReader::ReadField(node, field);
    }
    if (node.Find("at") != nullptr || node.Find("to") != nullptr) {
      BNSYN_ASSIGN_OR_RETURN(**value, ReadChanging(node));
      return absl::OkStatus();
    }
    ValueTable course;
    course.name = absl::StrCat(stimulus_, "_", node.key);
    course.place = document_.KeyPlace(node);
    BNSYN_RETURN_IF_ERROR(
        ReadTableValues(reading_, node, absl::StrCat("'", node.key, "'"), course));
    if (course.times.empty() && !course.dt.has_value()) {
      return document_.ErrorAtKey(node, absl::StrCat("'", node.key, "' has no times"),
                                  "as in { times = [\"0 ms\", \"100 ms\"], values = [\"10 Hz\", "
                                  "\"0 Hz\"] }, or dt = \"1 ms\" with a value for each");
    }
    ir::SourceText text = course.place;
    text.text = absl::StrCat(course.name, "(t)");
    **value = Setting(std::move(text));
    network_.AddTable(std::move(course));
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<StimulusType> ReadType(const TomlNode& table) {
    stimulus_ = table.key;
    std::vector<std::string> names;
    for (const StimulusType& type : kTypes) names.emplace_back(type.name);
    const std::string all = absl::StrJoin(names, ", ");
    const TomlNode* node = table.Find("type");
    if (node == nullptr) {
      return document_.ErrorAtKey(table, absl::StrCat("'", table.key, "' has no type"),
                                  absl::StrCat("one of ", all));
    }
    BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kString, "type of stimulus"));
    const std::string& word = node->text.text;
    for (const StimulusType& type : kTypes) {
      if (word == type.name) return type;
    }
    std::string note = absl::StrCat("there are ", all);
    for (const auto& [name, advice] : kElsewhere) {
      if (word == name) note = advice;
    }
    return document_.ErrorAtValue(
        *node,
        absl::StrCat("there is no type of stimulus '", word, "'", ir::DidYouMean(word, names)),
        note);
  }

  absl::Status ReadTargets(const TomlNode& node, Stimulus& stimulus) const {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> targets, ReadNames(node));
    for (const TomlNode* name : targets) {
      BNSYN_ASSIGN_OR_RETURN(Neurons neurons, ReadNeurons(*name));
      stimulus.targets.push_back(std::move(neurons));
    }
    return absl::OkStatus();
  }

  absl::Status ReadIndices(const TomlNode& node, Stimulus& stimulus) const {
    const auto add = [&](const TomlNode& value) {
      constexpr int64_t kMost = 0xffffffff;
      if (value.kind != TomlKind::kInteger || value.integer < 0 || value.integer > kMost) {
        return document_.ErrorAtValue(value, "'index' must hold numbers of neurons, from 0 on");
      }
      stimulus.neurons.push_back(static_cast<uint32_t>(value.integer));
      return absl::OkStatus();
    };
    if (node.kind != TomlKind::kArray) return add(node);
    for (const TomlNode& child : node.children) BNSYN_RETURN_IF_ERROR(add(child));
    return absl::OkStatus();
  }

  std::string stimulus_;  // the name of the one being read
};

}  // namespace

absl::Status ReadStimulus(Reading& reading, const TomlNode& table) {
  return StimulusReader(reading).Read(table);
}

}  // namespace bnsyn::compiler
