// Network files: stimuli.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/toml_reader.h"

namespace bnsyn::compiler {
namespace {

// A type of stimulus, and its keys beside type, target, start and stop.
struct StimulusType {
  const char* name;
  StimulusKind kind;
  std::vector<std::string> required;
  std::vector<std::string> optional;
};

std::vector<StimulusType> StimulusTypes() {
  return {
      {"poisson", StimulusKind::kPoisson, {"rate", "on_event"}, {"n", "weight"}},
      {"bernoulli", StimulusKind::kBernoulli, {"rate", "on_event"}, {"weight"}},
      {"file", StimulusKind::kFile, {"file", "on_event"}, {"weight"}},
      {"spikes", StimulusKind::kSpikes, {"times", "index", "on_event"}, {"weight"}},
      {"host", StimulusKind::kHost, {}, {"on_event", "weight", "variable"}},
      {"current", StimulusKind::kCurrent, {"variable", "value"}, {}},
      {"ornstein_uhlenbeck",
       StimulusKind::kOrnsteinUhlenbeck,
       {"variable", "sigma", "tau"},
       {"mean", "shared"}},
  };
}

// How a key is written, for one that is missing.
constexpr std::pair<const char*, const char*> kExamples[] = {
    {"rate", "as in rate = \"2000 Hz\""},
    {"on_event", "say what an event does: on_event = \"g_ampa += w\""},
    {"file", "as in file = \"events.csv\""},
    {"times", "as in times = [\"10 ms\", \"20 ms\"]"},
    {"index", "as in index = [0, 1], or index = 0 for one neuron"},
    {"variable", "name an (input) of the model: variable = \"I_ext\""},
    {"value", "as in value = \"100 pA * sin(2*pi*10 Hz*t)\""},
    {"sigma", "the stationary standard deviation, as in sigma = \"50 pA\""},
    {"tau", "the correlation time, as in tau = \"5 ms\""},
    {"target", "as in target = \"exc\""},
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
    BNSYN_ASSIGN_OR_RETURN(const StimulusType type, ReadType(table));
    stimulus.kind = type.kind;
    BNSYN_RETURN_IF_ERROR(CheckTypeKeys(table, type));
    BNSYN_RETURN_IF_ERROR(ReadTargets(table, stimulus));
    BNSYN_RETURN_IF_ERROR(GetCourse(table, "rate", stimulus.rate));
    BNSYN_RETURN_IF_ERROR(GetCourse(table, "value", stimulus.value));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "n", stimulus.number));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "weight", stimulus.weight));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "mean", stimulus.mean));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "sigma", stimulus.sigma));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "tau", stimulus.tau));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "start", stimulus.start));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "stop", stimulus.stop));
    BNSYN_RETURN_IF_ERROR(Get(table, "on_event", stimulus.on_event));
    BNSYN_RETURN_IF_ERROR(Get(table, "variable", stimulus.variable));
    if (const TomlNode* file = table.Find("file")) {
      BNSYN_RETURN_IF_ERROR(Expect(*file, TomlKind::kString, "'file'"));
      stimulus.file = file->text.text;
    }
    if (const TomlNode* times = table.Find("times")) {
      BNSYN_ASSIGN_OR_RETURN(stimulus.times, ReadSettingList(*times));
    }
    if (const TomlNode* index = table.Find("index")) {
      BNSYN_RETURN_IF_ERROR(ReadNeurons(*index, stimulus));
    }
    if (const TomlNode* shared = table.Find("shared")) {
      BNSYN_RETURN_IF_ERROR(Expect(*shared, TomlKind::kBoolean, "'shared'"));
      stimulus.shared = shared->boolean;
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

 private:
  absl::StatusOr<StimulusType> ReadType(const TomlNode& table) const {
    std::vector<std::string> names;
    for (const StimulusType& type : StimulusTypes()) names.emplace_back(type.name);
    const std::string all = absl::StrJoin(names, ", ");
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* node,
                           Required(table, "type", absl::StrCat("one of ", all)));
    BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kString, "type of stimulus"));
    const std::string& word = node->text.text;
    for (const StimulusType& type : StimulusTypes()) {
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

  // Every key is one of the type, and none that it needs is missing.
  absl::Status CheckTypeKeys(const TomlNode& table, const StimulusType& type) const {
    BNSYN_RETURN_IF_ERROR(
        CheckKeys(table, absl::StrCat("[stimuli.", table.key, "]"),
                  {"type", "target", "start", "stop", "rate", "n", "weight", "on_event", "file",
                   "times", "index", "variable", "value", "mean", "sigma", "tau", "shared"}));
    std::vector<std::string> keys = {"type", "target", "start", "stop"};
    keys.insert(keys.end(), type.required.begin(), type.required.end());
    keys.insert(keys.end(), type.optional.begin(), type.optional.end());
    for (const TomlNode& child : table.children) {
      if (std::find(keys.begin(), keys.end(), child.key) != keys.end()) continue;
      return document_.ErrorAtKey(
          child, absl::StrCat("a stimulus of type ", type.name, " has no ", child.key),
          absl::StrCat("it has ", absl::StrJoin(keys, ", ")));
    }
    std::vector<std::string> required = {"target"};
    required.insert(required.end(), type.required.begin(), type.required.end());
    for (const std::string& key : required) {
      const auto example =
          std::find_if(std::begin(kExamples), std::end(kExamples),
                       [&key](const auto& candidate) { return candidate.first == key; });
      BNSYN_RETURN_IF_ERROR(Required(table, key, example->second).status());
    }
    return absl::OkStatus();
  }

  absl::Status ReadTargets(const TomlNode& table, Stimulus& stimulus) const {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> targets,
                           ReadNames(*table.Find("target")));
    for (const TomlNode* name : targets) {
      BNSYN_RETURN_IF_ERROR(FindPopulation(*name).status());
      stimulus.targets.push_back(name->text.text);
    }
    return absl::OkStatus();
  }

  // A value, or times and values: these become a table of their own, read at t.
  absl::Status GetCourse(const TomlNode& table, const char* key, Setting& out) {
    const TomlNode* node = table.Find(key);
    if (node == nullptr || node->kind != TomlKind::kTable) return GetSetting(table, key, out);
    BNSYN_RETURN_IF_ERROR(
        CheckKeys(*node, absl::StrCat("'", key, "'"), {"times", "values", "dt", "unit"}));
    ValueTable course;
    course.name = absl::StrCat(table.key, "_", key);
    course.place = document_.KeyPlace(*node);
    BNSYN_RETURN_IF_ERROR(ReadTableValues(document_, *node, network_, course));
    if (course.times.empty() && !course.dt.has_value()) {
      return document_.ErrorAtKey(*node, absl::StrCat("'", key, "' has no times"),
                                  "as in { times = [\"0 ms\", \"100 ms\"], values = [\"10 Hz\", "
                                  "\"0 Hz\"] }, or dt = \"1 ms\" with a value for each");
    }
    ir::SourceText text = course.place;
    text.text = absl::StrCat(course.name, "(t)");
    out = Setting(std::move(text));
    network_.AddTable(std::move(course));
    return absl::OkStatus();
  }

  absl::Status ReadNeurons(const TomlNode& node, Stimulus& stimulus) const {
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
};

}  // namespace

absl::Status ReadStimulus(const TomlDocument& document, const TomlNode& table, Network& network) {
  return StimulusReader(document, network).Read(table);
}

}  // namespace bnsyn::compiler
