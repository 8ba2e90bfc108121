// Network files: TOML to a Network. Every key is known or an error; values keep their places, and
// what they mean is checked by LowerNetwork.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/network/lower.h"
#include "compiler/network/model_library.h"
#include "compiler/network/network.h"
#include "compiler/network/toml_document.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

using compiler::TomlDocument;
using compiler::TomlKind;
using compiler::TomlNode;

class NetworkReader {
 public:
  NetworkReader(const TomlDocument& document, std::string directory) : document_(document) {
    network_.options.directory = std::move(directory);
    network_.options.name = std::filesystem::path(document.source.name).stem().string();
  }

  absl::StatusOr<Network> Read() {
    const TomlNode& root = document_.root;
    BNSYN_RETURN_IF_ERROR(CheckKeys(
        root, "a network file",
        {"network", "constants", "models", "populations", "stimuli", "projections", "uniform"}));
    // In this order whatever the file's, since the later ones name the earlier ones.
    if (const TomlNode* node = root.Find("network")) BNSYN_RETURN_IF_ERROR(ReadOptions(*node));
    if (const TomlNode* node = root.Find("constants")) {
      BNSYN_ASSIGN_OR_RETURN(network_.constants, ReadSettings(*node));
    }
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("models"), &NetworkReader::ReadModel));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("populations"), &NetworkReader::ReadPopulation));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("stimuli"), &NetworkReader::ReadStimulus));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("projections"), &NetworkReader::ReadProjection));
    if (const TomlNode* node = root.Find("uniform")) BNSYN_RETURN_IF_ERROR(ReadUniform(*node));
    return std::move(network_);
  }

 private:
  absl::Status Expect(const TomlNode& node, TomlKind kind, absl::string_view what) const {
    if (node.kind == kind) return absl::OkStatus();
    return document_.ErrorAtValue(
        node, absl::StrCat(std::string(what), " must be ", std::string(DescribeTomlKind(kind)),
                           ", not ", std::string(DescribeTomlKind(node.kind))));
  }

  // `what` names the table in errors.
  absl::Status CheckKeys(const TomlNode& table, absl::string_view what,
                         std::initializer_list<const char*> known) const {
    BNSYN_RETURN_IF_ERROR(Expect(table, TomlKind::kTable, what));
    const std::vector<std::string> names(known.begin(), known.end());
    for (const TomlNode& child : table.children) {
      if (std::find(names.begin(), names.end(), child.key) != names.end()) continue;
      return document_.ErrorAtKey(child,
                                  absl::StrCat("unknown key '", child.key, "' in ",
                                               std::string(what), ir::DidYouMean(child.key, names)),
                                  absl::StrCat("keys are ", absl::StrJoin(names, ", ")));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<const TomlNode*> Required(const TomlNode& table, absl::string_view key,
                                           absl::string_view note) const {
    const TomlNode* node = table.Find(key);
    if (node != nullptr) return node;
    const std::string message = absl::StrCat("'", table.key, "' has no ", std::string(key));
    return document_.ErrorAtKey(table, message, note);
  }

  absl::Status ForEachTable(const TomlNode* node,
                            absl::Status (NetworkReader::*read)(const TomlNode&)) {
    if (node == nullptr) return absl::OkStatus();
    BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kTable, absl::StrCat("'", node->key, "'")));
    for (const TomlNode& child : node->children) {
      if (child.kind != TomlKind::kTable) {
        return document_.ErrorAtKey(child,
                                    absl::StrCat("'", child.key, "' must be a table, not ",
                                                 std::string(DescribeTomlKind(child.kind))),
                                    absl::StrCat("write it under a header [", node->key, ".NAME]"));
      }
      BNSYN_RETURN_IF_ERROR((this->*read)(child));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Setting> ReadSetting(const TomlNode& node) const {
    switch (node.kind) {
      case TomlKind::kFloat:
        if (!std::isfinite(node.number)) {
          return document_.ErrorAtValue(
              node,
              absl::StrCat("'", node.key, "' is ", std::isnan(node.number) ? "NaN" : "infinite",
                           ", it must be a finite number"));
        }
        break;
      case TomlKind::kInteger:
      case TomlKind::kString:
      case TomlKind::kBoolean:
        break;
      case TomlKind::kTable:
      case TomlKind::kArray:
      case TomlKind::kDate:
        return document_.ErrorAtValue(node,
                                      absl::StrCat("'", node.key, "' must be a value, not ",
                                                   std::string(DescribeTomlKind(node.kind))),
                                      "a number, or an expression with units in quotes: \"20 ms\"");
    }
    Setting setting(document_.ValueText(node));
    if (!node.key.empty()) setting.set_name_place(document_.KeyPlace(node));
    return setting;
  }

  absl::StatusOr<Settings> ReadSettings(const TomlNode& node) const {
    BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kTable, absl::StrCat("'", node.key, "'")));
    Settings settings;
    for (const TomlNode& child : node.children) {
      BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(child));
      settings.emplace_back(child.key, std::move(setting));
    }
    return settings;
  }

  absl::StatusOr<ir::SourceText> ReadText(const TomlNode& node) const {
    BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kString, absl::StrCat("'", node.key, "'")));
    return node.text;
  }

  // Optional entries of a table: nothing happens when they are absent.
  absl::Status Get(const TomlNode& table, absl::string_view key, ir::SourceText& out) const {
    if (const TomlNode* node = table.Find(key)) {
      BNSYN_ASSIGN_OR_RETURN(out, ReadText(*node));
    }
    return absl::OkStatus();
  }
  absl::Status Get(const TomlNode& table, absl::string_view key, Settings& out) const {
    if (const TomlNode* node = table.Find(key)) {
      BNSYN_ASSIGN_OR_RETURN(out, ReadSettings(*node));
    }
    return absl::OkStatus();
  }
  template <typename SettingOrOptional>
  absl::Status GetSetting(const TomlNode& table, absl::string_view key,
                          SettingOrOptional& out) const {
    if (const TomlNode* node = table.Find(key)) {
      BNSYN_ASSIGN_OR_RETURN(out, ReadSetting(*node));
    }
    return absl::OkStatus();
  }

  // A string or an array of strings.
  absl::StatusOr<std::vector<const TomlNode*>> ReadNames(const TomlNode& node) const {
    std::vector<const TomlNode*> names;
    if (node.kind == TomlKind::kString) {
      names.push_back(&node);
      return names;
    }
    if (node.kind != TomlKind::kArray || node.children.empty()) {
      return document_.ErrorAtValue(
          node, absl::StrCat("'", node.key, "' must be a name or an array of names"));
    }
    for (const TomlNode& child : node.children) {
      BNSYN_RETURN_IF_ERROR(
          Expect(child, TomlKind::kString, absl::StrCat("each name in '", node.key, "'")));
      names.push_back(&child);
    }
    return names;
  }

  // Names of parameters that may change while running.
  absl::Status ReadTunable(const TomlNode& table, const Settings& parameters,
                           std::vector<std::string>& out) const {
    const TomlNode* node = table.Find("tunable");
    if (node == nullptr) return absl::OkStatus();
    std::vector<std::string> known;
    for (const auto& [name, value] : parameters) known.push_back(name);
    BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> names, ReadNames(*node));
    for (const TomlNode* name : names) {
      if (std::find(known.begin(), known.end(), name->text.text) == known.end()) {
        return document_.ErrorAtValue(*name,
                                      absl::StrCat("there is no parameter '", name->text.text, "'",
                                                   ir::DidYouMean(name->text.text, known)));
      }
      out.push_back(name->text.text);
    }
    return absl::OkStatus();
  }

  absl::Status ReadOptions(const TomlNode& table) {
    BNSYN_RETURN_IF_ERROR(
        CheckKeys(table, "[network]", {"name", "dt", "duration", "seed", "math"}));
    if (const TomlNode* node = table.Find("name")) {
      BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kString, "'name'"));
      network_.options.name = node->text.text;
    }
    if (const TomlNode* node = table.Find("dt")) {
      BNSYN_RETURN_IF_ERROR(ReadSetting(*node).status());
      BNSYN_ASSIGN_OR_RETURN(network_.options.dt,
                             compiler::EvaluateTimeStep(document_.ValueText(*node)));
    }
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "duration", network_.duration));
    if (const TomlNode* node = table.Find("seed")) {
      BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kInteger, "'seed'"));
      if (node->integer < 0) {
        return document_.ErrorAtValue(*node, "'seed' must not be negative");
      }
      network_.options.seed = static_cast<uint64_t>(node->integer);
    }
    if (const TomlNode* node = table.Find("math")) {
      BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kString, "'math'"));
      if (node->text.text != "default" && node->text.text != "strict") {
        return document_.ErrorAtValue(
            *node,
            absl::StrCat("'math' is either \"default\" or \"strict\"",
                         ir::DidYouMean(node->text.text, {"default", "strict"})),
            "strict evaluates as written, without fused multiply-add");
      }
      network_.options.strict_math = node->text.text == "strict";
    }
    return absl::OkStatus();
  }

  absl::Status ReadModel(const TomlNode& table) {
    BNSYN_RETURN_IF_ERROR(CheckKeys(table, absl::StrCat("[models.", table.key, "]"),
                                    {"parameters", "equations", "update", "threshold", "reset",
                                     "refractory", "bounds", "tunable", "method"}));
    Model model(table.key);
    model.place = document_.KeyPlace(table);
    BNSYN_RETURN_IF_ERROR(
        Required(table, "equations", "declare its variables, as in \"dV/dt = ... : volt\"")
            .status());
    BNSYN_RETURN_IF_ERROR(Get(table, "parameters", model.parameters));
    BNSYN_RETURN_IF_ERROR(Get(table, "equations", model.equations));
    BNSYN_RETURN_IF_ERROR(Get(table, "update", model.update));
    BNSYN_RETURN_IF_ERROR(Get(table, "threshold", model.threshold));
    BNSYN_RETURN_IF_ERROR(Get(table, "reset", model.reset));
    BNSYN_RETURN_IF_ERROR(Get(table, "method", model.method));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "refractory", model.refractory));
    BNSYN_RETURN_IF_ERROR(ReadTunable(table, model.parameters, model.tunable));
    if (const TomlNode* bounds = table.Find("bounds")) {
      BNSYN_RETURN_IF_ERROR(Expect(*bounds, TomlKind::kTable, "'bounds'"));
      for (const TomlNode& bound : bounds->children) {
        if (bound.kind != TomlKind::kArray || bound.children.size() != 2) {
          return document_.ErrorAtValue(
              bound, absl::StrCat("the bounds of '", bound.key, "' must be two values"),
              "the lower and the upper, as in V = [\"-100 mV\", \"50 mV\"]");
        }
        BNSYN_ASSIGN_OR_RETURN(Setting lower, ReadSetting(bound.children[0]));
        BNSYN_ASSIGN_OR_RETURN(Setting upper, ReadSetting(bound.children[1]));
        lower.set_name_place(document_.KeyPlace(bound));
        model.Bounds(bound.key, std::move(lower), std::move(upper));
      }
    }
    network_.models.push_back(std::move(model));
    return absl::OkStatus();
  }

  // The model a population names: one of the file, else one of the library.
  absl::StatusOr<uint32_t> FindModel(const TomlNode& name) {
    std::vector<std::string> known;
    for (const Model& model : network_.models) known.push_back(model.name);
    const auto found = std::find(known.begin(), known.end(), name.text.text);
    if (found != known.end()) return static_cast<uint32_t>(found - known.begin());
    for (const compiler::LibraryModel& library : compiler::ModelLibrary()) {
      known.emplace_back(library.name);
      if (library.name != name.text.text) continue;
      BNSYN_ASSIGN_OR_RETURN(
          Network read,
          ParseNetwork(library.text, absl::StrCat("models/", name.text.text, ".toml")));
      network_.models.insert(network_.models.end(), read.models.begin(), read.models.end());
      for (size_t m = 0; m < network_.models.size(); ++m) {
        if (network_.models[m].name == name.text.text) return static_cast<uint32_t>(m);
      }
    }
    return document_.ErrorAtValue(name,
                                  absl::StrCat("there is no model '", name.text.text, "'",
                                               ir::DidYouMean(name.text.text, known)),
                                  known.empty()
                                      ? "define it under [models.NAME]"
                                      : absl::StrCat("models are ", absl::StrJoin(known, ", ")));
  }

  absl::StatusOr<PopulationHandle> FindPopulation(const TomlNode& name) const {
    std::vector<std::string> known;
    for (const auto& population : network_.populations) known.push_back(population.name);
    const auto found = std::find(known.begin(), known.end(), name.text.text);
    if (found != known.end()) {
      return PopulationHandle{static_cast<uint32_t>(found - known.begin())};
    }
    return document_.ErrorAtValue(
        name,
        absl::StrCat("there is no population '", name.text.text, "'",
                     ir::DidYouMean(name.text.text, known)),
        known.empty() ? "define it under [populations.NAME]"
                      : absl::StrCat("populations are ", absl::StrJoin(known, ", ")));
  }

  absl::Status ReadPopulation(const TomlNode& table) {
    BNSYN_RETURN_IF_ERROR(CheckKeys(table, absl::StrCat("[populations.", table.key, "]"),
                                    {"model", "size", "parameters", "initial"}));
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* model,
                           Required(table, "model", "name one, as in model = \"adex\""));
    BNSYN_RETURN_IF_ERROR(Expect(*model, TomlKind::kString, "'model'"));
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* size,
                           Required(table, "size", "as in size = 800, or \"0.8*N\""));
    Network::PopulationDescription population;
    population.name = table.key;
    population.place = document_.KeyPlace(table);
    BNSYN_ASSIGN_OR_RETURN(population.model, FindModel(*model));
    BNSYN_ASSIGN_OR_RETURN(population.size, ReadSetting(*size));
    BNSYN_RETURN_IF_ERROR(Get(table, "parameters", population.parameters));
    BNSYN_RETURN_IF_ERROR(Get(table, "initial", population.initial));
    network_.populations.push_back(std::move(population));
    return absl::OkStatus();
  }

  // One of a few words.
  absl::StatusOr<size_t> ReadWord(const TomlNode& node, absl::string_view what,
                                  std::initializer_list<const char*> words) const {
    BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kString, std::string(what)));
    const std::vector<std::string> known(words.begin(), words.end());
    const auto found = std::find(known.begin(), known.end(), node.text.text);
    if (found != known.end()) return static_cast<size_t>(found - known.begin());
    return document_.ErrorAtValue(
        node,
        absl::StrCat("there is no ", std::string(what), " '", node.text.text, "'",
                     ir::DidYouMean(node.text.text, known)),
        absl::StrCat("there are ", absl::StrJoin(known, ", ")));
  }

  absl::Status ReadStimulus(const TomlNode& table) {
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

  absl::StatusOr<ConnectionRule> ReadRule(const TomlNode& node) const {
    constexpr ir::RuleKind kKinds[] = {ir::RuleKind::kAllToAll, ir::RuleKind::kOneToOne,
                                       ir::RuleKind::kBernoulli, ir::RuleKind::kList};
    const TomlNode* type = &node;
    if (node.kind == TomlKind::kTable) {
      BNSYN_RETURN_IF_ERROR(CheckKeys(node, "a rule", {"type", "p", "self", "file"}));
      BNSYN_ASSIGN_OR_RETURN(
          type, Required(node, "type", "one of all_to_all, one_to_one, bernoulli, list"));
    } else if (node.kind != TomlKind::kString) {
      return document_.ErrorAtValue(
          node, "'rule' must be a name or a table",
          "as in rule = \"all_to_all\", or rule = { type = \"bernoulli\", p = 0.1 }");
    }
    BNSYN_ASSIGN_OR_RETURN(
        const size_t kind,
        ReadWord(*type, "rule", {"all_to_all", "one_to_one", "bernoulli", "list"}));
    ConnectionRule rule;
    rule.kind = kKinds[kind];
    // What else a rule has depends on its type.
    const bool bernoulli = rule.kind == ir::RuleKind::kBernoulli;
    const bool list = rule.kind == ir::RuleKind::kList;
    const bool pairs = bernoulli || rule.kind == ir::RuleKind::kAllToAll;
    const std::pair<const char*, bool> keys[] = {{"p", bernoulli}, {"file", list}, {"self", pairs}};
    for (const auto& [key, allowed] : keys) {
      const TomlNode* value = node.Find(key);
      if (value != nullptr && !allowed) {
        return document_.ErrorAtKey(*value,
                                    absl::StrCat("the rule ", type->text.text, " has no ", key));
      }
      if (value == nullptr && allowed && std::string(key) != "self") {
        return document_.ErrorAtValue(node,
                                      absl::StrCat("the rule ", type->text.text, " needs ", key),
                                      list ? "as in rule = { type = \"list\", file = \"conn.csv\" }"
                                           : "as in rule = { type = \"bernoulli\", p = 0.1 }");
      }
    }
    BNSYN_RETURN_IF_ERROR(GetSetting(node, "p", rule.p));
    if (const TomlNode* self = node.Find("self")) {
      BNSYN_RETURN_IF_ERROR(Expect(*self, TomlKind::kBoolean, "'self'"));
      rule.self = self->boolean;
    }
    if (const TomlNode* file = node.Find("file")) {
      BNSYN_RETURN_IF_ERROR(Expect(*file, TomlKind::kString, "'file'"));
      rule.file = file->text.text;
    }
    return rule;
  }

  absl::Status ReadProjection(const TomlNode& table) {
    BNSYN_RETURN_IF_ERROR(CheckKeys(table, absl::StrCat("[projections.", table.key, "]"),
                                    {"source", "target", "rule", "weight", "delay", "on_pre"}));
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* source,
                           Required(table, "source", "as in source = \"exc\""));
    BNSYN_RETURN_IF_ERROR(Expect(*source, TomlKind::kString, "'source'"));
    BNSYN_ASSIGN_OR_RETURN(const PopulationHandle from, FindPopulation(*source));
    BNSYN_ASSIGN_OR_RETURN(const TomlNode* target,
                           Required(table, "target", "as in target = \"exc\""));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> targets, ReadNames(*target));
    BNSYN_ASSIGN_OR_RETURN(
        const TomlNode* rule,
        Required(table, "rule", "as in rule = { type = \"bernoulli\", p = 0.1 }"));
    Network::ProjectionDescription projection;
    projection.group = table.key;
    projection.place = document_.KeyPlace(table);
    projection.source = from.index;
    BNSYN_ASSIGN_OR_RETURN(projection.rule, ReadRule(*rule));
    BNSYN_RETURN_IF_ERROR(
        Required(table, "on_pre", "say what a spike does: on_pre = \"g_ampa_post += w\"").status());
    BNSYN_RETURN_IF_ERROR(Get(table, "on_pre", projection.options.on_pre));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "weight", projection.options.weight));
    BNSYN_RETURN_IF_ERROR(GetSetting(table, "delay", projection.options.delay));
    for (const TomlNode* name : targets) {
      BNSYN_ASSIGN_OR_RETURN(const PopulationHandle to, FindPopulation(*name));
      projection.target = to.index;
      projection.name = target->kind == TomlKind::kArray
                            ? absl::StrCat(table.key, "_", name->text.text)
                            : table.key;
      network_.projections.push_back(projection);
    }
    return absl::OkStatus();
  }

  absl::Status ReadUniform(const TomlNode& table) {
    BNSYN_RETURN_IF_ERROR(
        CheckKeys(table, "[uniform]", {"parameters", "equations", "initial", "update", "tunable"}));
    Network::UniformDescription& uniform = network_.uniform;
    BNSYN_RETURN_IF_ERROR(Get(table, "parameters", uniform.parameters));
    BNSYN_RETURN_IF_ERROR(Get(table, "equations", uniform.equations));
    BNSYN_RETURN_IF_ERROR(Get(table, "initial", uniform.initial));
    BNSYN_RETURN_IF_ERROR(Get(table, "update", uniform.update));
    return ReadTunable(table, uniform.parameters, uniform.tunable);
  }

  const TomlDocument& document_;
  Network network_;
};

}  // namespace

absl::StatusOr<Network> ParseNetwork(absl::string_view text, const std::string& file,
                                     const std::string& directory) {
  BNSYN_ASSIGN_OR_RETURN(const TomlDocument document, compiler::ParseToml(text, file));
  return NetworkReader(document, directory).Read();
}

absl::StatusOr<Network> ReadNetwork(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return absl::NotFoundError(absl::StrCat("there is no file '", path, "'"));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in || !std::filesystem::is_regular_file(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' cannot be read as a file"));
  }
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return ParseNetwork(text, path, parent.empty() ? "." : parent);
}

}  // namespace bnsyn
