// Network files: projections and their rules.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/network/toml_reader.h"

namespace bnsyn::compiler {
namespace {

class ProjectionReader : public TomlReader {
 public:
  using TomlReader::TomlReader;

  absl::Status Read(const TomlNode& table) {
    BNSYN_RETURN_IF_ERROR(
        CheckKeys(table, absl::StrCat("[projections.", table.key, "]"),
                  {"source", "target", "rule", "weight", "delay", "on_pre", "event"}));
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
    BNSYN_RETURN_IF_ERROR(Get(table, "event", projection.options.event));
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

 private:
  // A type of rule, and which keys it has besides.
  struct RuleType {
    const char* name;
    ir::RuleKind kind;
    const char* needs;  // the key it cannot do without; null for none
    bool self;
    bool multiple;
    const char* example;
  };
  static constexpr RuleType kRules[] = {
      {"all_to_all", ir::RuleKind::kAllToAll, nullptr, true, false, ""},
      {"one_to_one", ir::RuleKind::kOneToOne, nullptr, false, false, ""},
      {"bernoulli", ir::RuleKind::kBernoulli, "p", true, false,
       "as in rule = { type = \"bernoulli\", p = 0.1 }"},
      {"fixed_in_degree", ir::RuleKind::kFixedInDegree, "n", true, true,
       "as in rule = { type = \"fixed_in_degree\", n = 100 }"},
      {"fixed_out_degree", ir::RuleKind::kFixedOutDegree, "n", true, true,
       "as in rule = { type = \"fixed_out_degree\", n = 100 }"},
      {"fixed_total", ir::RuleKind::kFixedTotal, "n", true, true,
       "as in rule = { type = \"fixed_total\", n = 10000 }"},
      {"list", ir::RuleKind::kList, "file", false, false,
       "as in rule = { type = \"list\", file = \"conn.csv\" }"},
  };

  absl::StatusOr<RuleType> ReadRuleType(const TomlNode& node) const {
    const TomlNode* type = &node;
    std::vector<std::string> names;
    for (const RuleType& rule : kRules) names.emplace_back(rule.name);
    if (node.kind == TomlKind::kTable) {
      BNSYN_RETURN_IF_ERROR(
          CheckKeys(node, "a rule", {"type", "p", "n", "self", "multiple", "file"}));
      BNSYN_ASSIGN_OR_RETURN(
          type, Required(node, "type", absl::StrCat("one of ", absl::StrJoin(names, ", "))));
    } else if (node.kind != TomlKind::kString) {
      return document_.ErrorAtValue(
          node, "'rule' must be a name or a table",
          "as in rule = \"all_to_all\", or rule = { type = \"bernoulli\", p = 0.1 }");
    }
    BNSYN_RETURN_IF_ERROR(Expect(*type, TomlKind::kString, "the type of a rule"));
    for (const RuleType& rule : kRules) {
      if (type->text.text == rule.name) return rule;
    }
    return document_.ErrorAtValue(*type,
                                  absl::StrCat("there is no rule '", type->text.text, "'",
                                               ir::DidYouMean(type->text.text, names)),
                                  absl::StrCat("there are ", absl::StrJoin(names, ", ")));
  }

  absl::StatusOr<ConnectionRule> ReadRule(const TomlNode& node) const {
    BNSYN_ASSIGN_OR_RETURN(const RuleType type, ReadRuleType(node));
    const absl::string_view needs = type.needs == nullptr ? "" : type.needs;
    for (const TomlNode& child : node.children) {
      const bool known = child.key == "type" || child.key == needs ||
                         (child.key == "self" && type.self) ||
                         (child.key == "multiple" && type.multiple);
      if (known) continue;
      return document_.ErrorAtKey(child,
                                  absl::StrCat("the rule ", type.name, " has no ", child.key));
    }
    if (!needs.empty() && node.Find(needs) == nullptr) {
      return document_.ErrorAtValue(node, absl::StrCat("the rule ", type.name, " needs ", needs),
                                    type.example);
    }
    ConnectionRule rule;
    rule.kind = type.kind;
    BNSYN_RETURN_IF_ERROR(GetSetting(node, "p", rule.p));
    BNSYN_RETURN_IF_ERROR(GetSetting(node, "n", rule.n));
    for (const auto& [key, value] : {std::pair("self", &rule.self), {"multiple", &rule.multiple}}) {
      const TomlNode* given = node.Find(key);
      if (given == nullptr) continue;
      BNSYN_RETURN_IF_ERROR(Expect(*given, TomlKind::kBoolean, absl::StrCat("'", key, "'")));
      *value = given->boolean;
    }
    if (const TomlNode* file = node.Find("file")) {
      BNSYN_RETURN_IF_ERROR(Expect(*file, TomlKind::kString, "'file'"));
      rule.file = file->text.text;
    }
    return rule;
  }
};

}  // namespace

absl::Status ReadProjection(const TomlDocument& document, const TomlNode& table, Network& network) {
  return ProjectionReader(document, network).Read(table);
}

}  // namespace bnsyn::compiler
