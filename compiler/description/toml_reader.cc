#include "compiler/description/toml_reader.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bnsyn::compiler {

absl::Status TomlReader::Expect(const TomlNode& node, TomlKind kind, absl::string_view what) const {
  if (node.kind == kind) return absl::OkStatus();
  return document_.ErrorAtValue(
      node, absl::StrCat(std::string(what), " must be ", std::string(DescribeTomlKind(kind)),
                         ", not ", std::string(DescribeTomlKind(node.kind))));
}

absl::Status TomlReader::CheckKeys(const TomlNode& table, absl::string_view what,
                                   std::initializer_list<const char*> known) const {
  BNSYN_RETURN_IF_ERROR(Expect(table, TomlKind::kTable, what));
  const std::vector<std::string> names(known.begin(), known.end());
  for (const TomlNode& child : table.children) {
    if (std::find(names.begin(), names.end(), child.key) != names.end()) continue;
    return document_.ErrorAtKey(child,
                                absl::StrCat("unknown key '", child.key, "' in ", std::string(what),
                                             ir::DidYouMean(child.key, names)),
                                absl::StrCat("keys are ", absl::StrJoin(names, ", ")));
  }
  return absl::OkStatus();
}

absl::StatusOr<const TomlNode*> TomlReader::Required(const TomlNode& table, absl::string_view key,
                                                     absl::string_view note) const {
  const TomlNode* node = table.Find(key);
  if (node != nullptr) return node;
  const std::string message = absl::StrCat("'", table.key, "' has no ", std::string(key));
  return document_.ErrorAtKey(table, message, note);
}

absl::StatusOr<Setting> TomlReader::ReadSetting(const TomlNode& node) const {
  switch (node.kind) {
    case TomlKind::kFloat:
      if (!std::isfinite(node.number)) {
        return document_.ErrorAtValue(
            node, absl::StrCat("'", node.key, "' is ", std::isnan(node.number) ? "NaN" : "infinite",
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

absl::StatusOr<std::vector<Setting>> TomlReader::ReadSettingList(const TomlNode& node) const {
  std::vector<Setting> settings;
  if (node.kind != TomlKind::kArray) {
    BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(node));
    settings.push_back(std::move(setting));
    return settings;
  }
  for (const TomlNode& child : node.children) {
    BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(child));
    settings.push_back(std::move(setting));
  }
  return settings;
}

absl::StatusOr<Settings> TomlReader::ReadSettings(const TomlNode& node) const {
  BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kTable, absl::StrCat("'", node.key, "'")));
  Settings settings;
  for (const TomlNode& child : node.children) {
    BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(child));
    settings.emplace_back(child.key, std::move(setting));
  }
  return settings;
}

absl::StatusOr<ir::SourceText> TomlReader::ReadText(const TomlNode& node) const {
  BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kString, absl::StrCat("'", node.key, "'")));
  return node.text;
}

absl::StatusOr<std::vector<const TomlNode*>> TomlReader::ReadNames(const TomlNode& node) const {
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

absl::StatusOr<size_t> TomlReader::ReadWord(const TomlNode& node, absl::string_view what,
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

absl::Status TomlReader::ReadBounds(const TomlNode& table, std::vector<Model::Bound>& out) const {
  const TomlNode* bounds = table.Find("bounds");
  if (bounds == nullptr) return absl::OkStatus();
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
    out.push_back({bound.key, std::move(lower), std::move(upper)});
  }
  return absl::OkStatus();
}

absl::StatusOr<PopulationHandle> TomlReader::FindPopulation(const TomlNode& name) const {
  std::vector<std::string> known;
  for (const auto& population : network_.populations) known.push_back(population.name);
  const auto found = std::find(known.begin(), known.end(), name.text.text);
  if (found != known.end()) {
    return PopulationHandle{static_cast<uint32_t>(found - known.begin())};
  }
  return document_.ErrorAtValue(name,
                                absl::StrCat("there is no population '", name.text.text, "'",
                                             ir::DidYouMean(name.text.text, known)),
                                known.empty()
                                    ? "define it under [populations.NAME]"
                                    : absl::StrCat("populations are ", absl::StrJoin(known, ", ")));
}

absl::Status TomlReader::Get(const TomlNode& table, absl::string_view key,
                             ir::SourceText& out) const {
  if (const TomlNode* node = table.Find(key)) {
    BNSYN_ASSIGN_OR_RETURN(out, ReadText(*node));
  }
  return absl::OkStatus();
}

absl::Status TomlReader::Get(const TomlNode& table, absl::string_view key, Settings& out) const {
  if (const TomlNode* node = table.Find(key)) {
    BNSYN_ASSIGN_OR_RETURN(out, ReadSettings(*node));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
