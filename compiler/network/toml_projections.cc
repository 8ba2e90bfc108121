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

 private:
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
};

}  // namespace

absl::Status ReadProjection(const TomlDocument& document, const TomlNode& table, Network& network) {
  return ProjectionReader(document, network).Read(table);
}

}  // namespace bnsyn::compiler
