// Network files: projections and their rules.
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "compiler/description/toml_synapses.h"
#include "ir/rule.h"

namespace bnsyn::compiler {
namespace {

class ProjectionReader : public SynapseCodeReader {
 public:
  using SynapseCodeReader::SynapseCodeReader;

  absl::Status Read(const TomlNode& table) {
    Network::ProjectionDescription projection;
    projection.group = table.key;
    projection.place = document_.KeyPlace(table);
    const std::string what = absl::StrCat("[projections.", table.key, "]");
    BNSYN_RETURN_IF_ERROR(CheckPlaceOfKeys(table, what));
    Begin(table, projection.options);
    BNSYN_RETURN_IF_ERROR(ReadKeys(table, what, ProjectionKeys(), projection));
    BNSYN_RETURN_IF_ERROR(ReadIntegration(table, projection.options.integration));
    BNSYN_ASSIGN_OR_RETURN(const Ends sources, ReadEnds(*table.Find("source")));
    BNSYN_ASSIGN_OR_RETURN(const Ends targets, ReadEnds(*table.Find("target")));
    BNSYN_ASSIGN_OR_RETURN(projection.rule, ReadRule(*table.Find("rule")));
    if (const TomlNode* model = table.Find("model")) {
      BNSYN_RETURN_IF_ERROR(Expect(*model, TomlKind::kString, "'model'"));
      BNSYN_ASSIGN_OR_RETURN(projection.options.model, FindSynapse(reading_, *model));
      projection.options.model_name = model->text;
    } else if (table.Find("on_pre") == nullptr && table.Find("on_post") == nullptr &&
               table.Find("equations") == nullptr && table.Find("clocks") == nullptr) {
      return document_.ErrorAtKey(
          table, absl::StrCat("'", table.key, "' has no on_pre"),
          "say what a spike does, on_pre = \"g_ampa_post += w\", or name a model of synapses");
    }
    for (size_t s = 0; s < sources.names.size(); ++s) {
      for (size_t t = 0; t < targets.names.size(); ++t) {
        projection.source = sources.neurons[s];
        projection.target = targets.neurons[t];
        projection.name = table.key;
        if (sources.array) absl::StrAppend(&projection.name, "_", sources.names[s]);
        if (targets.array) absl::StrAppend(&projection.name, "_", targets.names[t]);
        BNSYN_ASSIGN_OR_RETURN(projection.options.constants,
                               ReadConstants(table, sources, s, targets, t));
        network_.projections.push_back(projection);
      }
    }
    return absl::OkStatus();
  }

 private:
  // The neurons that a projection comes from, or goes to.
  struct Ends {
    bool array = false;  // written as an array, so that each has a projection of its own name
    std::vector<std::string> names;
    std::vector<Neurons> neurons;
  };
  absl::StatusOr<Ends> ReadEnds(const TomlNode& node) const {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> texts, ReadNames(node));
    Ends ends;
    ends.array = node.kind == TomlKind::kArray;
    for (const TomlNode* text : texts) {
      BNSYN_ASSIGN_OR_RETURN(Neurons neurons, ReadNeurons(*text));
      ends.neurons.push_back(std::move(neurons));
      const std::string name = NameOf(text->text.text);
      std::string own = name;
      for (int n = 2; absl::c_linear_search(ends.names, own); ++n) own = absl::StrCat(name, "_", n);
      ends.names.push_back(own);
    }
    return ends;
  }

  // A part of the name of a projection, for neurons: exc_0_50 for exc[0:50].
  static std::string NameOf(absl::string_view neurons) {
    std::string name;
    for (const char c : neurons) {
      if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
        name += c;
      } else if (!name.empty() && name.back() != '_') {
        name += '_';
      }
    }
    if (neurons.find('[') != neurons.npos && name.back() == '_') name.pop_back();
    return name;
  }

  // The constants of the projection from source `s` to target `t`: a value for all, an array with
  // one for each target (or source, where there are several of those alone), or an array of arrays,
  // one row a target with a value for each source.
  absl::StatusOr<Settings> ReadConstants(const TomlNode& table, const Ends& sources, size_t s,
                                         const Ends& targets, size_t t) const {
    Settings constants;
    const TomlNode* node = table.Find("constants");
    if (node == nullptr) return constants;
    BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kTable, "'constants'"));
    for (const TomlNode& child : node->children) {
      const TomlNode* value = &child;
      if (child.kind == TomlKind::kArray) {
        const size_t rows = targets.names.size();
        const size_t columns = sources.names.size();
        if (rows > 1 && columns > 1) {
          BNSYN_ASSIGN_OR_RETURN(const TomlNode* row, Entry(child, t, rows, "row", "target"));
          BNSYN_ASSIGN_OR_RETURN(value, Entry(*row, s, columns, "value", "source"));
        } else if (columns > 1) {
          BNSYN_ASSIGN_OR_RETURN(value, Entry(child, s, columns, "value", "source"));
        } else {
          BNSYN_ASSIGN_OR_RETURN(value, Entry(child, t, rows, "value", "target"));
        }
      }
      BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(*value));
      setting.set_name_place(document_.KeyPlace(child));
      constants.emplace_back(child.key, std::move(setting));
    }
    return constants;
  }

  // Entry `index` of an array with one `what` for each of `count` things that `of` names.
  absl::StatusOr<const TomlNode*> Entry(const TomlNode& array, size_t index, size_t count,
                                        absl::string_view what, absl::string_view of) const {
    if (array.kind == TomlKind::kArray && array.children.size() == count) {
      return &array.children[index];
    }
    const std::string each = absl::StrCat("a ", std::string(what), " for each ", std::string(of));
    if (array.kind != TomlKind::kArray) {
      return document_.ErrorAtValue(array, absl::StrCat("here must be an array with ", each));
    }
    return document_.ErrorAtValue(array,
                                  absl::StrCat("this array has ", array.children.size(),
                                               " entries, but there ", count == 1 ? "is " : "are ",
                                               count, " ", std::string(of), count == 1 ? "" : "s"),
                                  absl::StrCat("it has ", each));
  }

  // What NEST and PyNN call the keys of rules.
  struct Alias {
    const char* theirs;
    const char* ours;
  };
  static constexpr Alias kKeyAliases[] = {
      {"indegree", "n"},
      {"outdegree", "n"},
      {"N", "n"},
      {"p_connect", "p"},
      {"allow_autapses", "self"},
      {"allow_self_connections", "self"},
      {"allow_multapses", "multiple"},
      {"with_replacement", "multiple"},
  };

  // Keys that belong to the rule, or have other names.
  absl::Status CheckPlaceOfKeys(const TomlNode& table, absl::string_view what) const {
    const std::vector<std::string> of_rule = NamesOf(RuleKeys());
    for (const TomlNode& child : table.children) {
      std::string note;
      if (child.key == "pre" || child.key == "post") {
        note = absl::StrCat("it is 'on_", child.key, "' here");
      } else if (absl::c_linear_search(of_rule, child.key)) {
        note = absl::StrCat("it belongs to the rule: rule = { type = ..., ", child.key, " = ... }");
      }
      if (note.empty()) continue;
      return document_.ErrorAtKey(
          child, absl::StrCat("unknown key '", child.key, "' in ", std::string(what)), note);
    }
    return absl::OkStatus();
  }

  absl::Status CheckRuleKeys(const TomlNode& node) const {
    for (const TomlNode& child : node.children) {
      for (const Alias& alias : kKeyAliases) {
        if (child.key != alias.theirs) continue;
        return document_.ErrorAtKey(child, absl::StrCat("unknown key '", child.key, "' in a rule"),
                                    absl::StrCat("it is '", alias.ours, "' here"));
      }
    }
    return CheckKeys(node, "a rule", NamesOf(RuleKeys()));
  }

  absl::StatusOr<RuleKind> ReadRuleKind(const TomlNode& node) const {
    const TomlNode* type = &node;
    std::vector<std::string> names;
    for (const ir::RuleTraits& rule : ir::AllRules()) {
      if (rule.in_networks) names.emplace_back(rule.name);
    }
    if (node.kind == TomlKind::kTable) {
      BNSYN_RETURN_IF_ERROR(CheckRuleKeys(node));
      type = node.Find("type");
      if (type == nullptr) {
        return document_.ErrorAtKey(node, "'rule' has no type",
                                    absl::StrCat("one of ", absl::StrJoin(names, ", ")));
      }
    } else if (node.kind != TomlKind::kString) {
      return document_.ErrorAtValue(
          node, "'rule' must be a name or a table",
          "as in rule = \"all_to_all\", or rule = { type = \"bernoulli\", p = 0.1 }");
    }
    BNSYN_RETURN_IF_ERROR(Expect(*type, TomlKind::kString, "the type of a rule"));
    const std::string& name = type->text.text;
    for (const ir::RuleTraits& rule : ir::AllRules()) {
      if (rule.in_networks && rule.name == name) return rule.kind;
      const std::vector<absl::string_view> synonyms = absl::StrSplit(rule.synonyms, ' ');
      if (!absl::c_linear_search(synonyms, name) || name.empty()) continue;
      return document_.ErrorAtValue(*type, absl::StrCat("there is no rule '", name, "'"),
                                    absl::StrCat("it is '", rule.name, "' here"));
    }
    return document_.ErrorAtValue(
        *type, absl::StrCat("there is no rule '", name, "'", ir::DidYouMean(name, names)),
        absl::StrCat("there are ", absl::StrJoin(names, ", ")));
  }

  absl::StatusOr<ConnectionRule> ReadRule(const TomlNode& node) {
    ConnectionRule rule;
    BNSYN_ASSIGN_OR_RETURN(rule.kind, ReadRuleKind(node));
    BNSYN_RETURN_IF_ERROR(ReadOwnKeys(node, RuleKeys(), rule, KindsOf(rule.kind),
                                      absl::StrCat("the rule ", ir::TraitsOf(rule.kind).name)));
    return rule;
  }
};

}  // namespace

absl::Status ReadProjection(Reading& reading, const TomlNode& table) {
  return ProjectionReader(reading).Read(table);
}

}  // namespace bnsyn::compiler
