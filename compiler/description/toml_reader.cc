#include "compiler/description/toml_reader.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"

namespace bnsyn::compiler {

absl::Status TomlReader::Expect(const TomlNode& node, TomlKind kind, absl::string_view what) const {
  if (node.kind == kind) return absl::OkStatus();
  return document_.ErrorAtValue(
      node, absl::StrCat(std::string(what), " must be ", std::string(DescribeTomlKind(kind)),
                         ", not ", std::string(DescribeTomlKind(node.kind))));
}

absl::Status TomlReader::CheckKeys(const TomlNode& table, absl::string_view what,
                                   const std::vector<std::string>& known) const {
  BNSYN_RETURN_IF_ERROR(Expect(table, TomlKind::kTable, what));
  for (const TomlNode& child : table.children) {
    if (std::find(known.begin(), known.end(), child.key) != known.end()) continue;
    return document_.ErrorAtKey(child,
                                absl::StrCat("unknown key '", child.key, "' in ", std::string(what),
                                             ir::DidYouMean(child.key, known)),
                                absl::StrCat("keys are ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

absl::Status TomlReader::ReadFields(const TomlNode& table, const std::vector<BoundKey>& keys,
                                    absl::string_view kind_name) {
  std::vector<std::string> names;
  for (const BoundKey& key : keys) {
    if (key.has) names.push_back(key.name);
  }
  for (const BoundKey& key : keys) {
    const TomlNode* node = table.Find(key.name);
    if (node != nullptr && !key.has) {
      return document_.ErrorAtKey(*node, absl::StrCat(std::string(kind_name), " has no ", key.name),
                                  absl::StrCat("it has ", absl::StrJoin(names, ", ")));
    }
    if (node == nullptr && key.required) {
      return document_.ErrorAtKey(table,
                                  kind_name.empty()
                                      ? absl::StrCat("'", table.key, "' has no ", key.name)
                                      : absl::StrCat(std::string(kind_name), " needs ", key.name),
                                  key.example);
    }
  }
  for (const BoundKey& key : keys) {
    const TomlNode* node = table.Find(key.name);
    if (node != nullptr) BNSYN_RETURN_IF_ERROR(ReadField(*node, key.field));
  }
  return absl::OkStatus();
}

// method = "rk4" is for all variables, a table for those that it names: { V = "heun" };
// order = ["v", "v", ["u", "w"]].
absl::Status TomlReader::ReadIntegration(const TomlNode& table, Integration& out) const {
  const TomlNode* method = table.Find("method");
  if (method != nullptr && method->kind == TomlKind::kTable) {
    for (const TomlNode& child : method->children) {
      BNSYN_ASSIGN_OR_RETURN(const ir::SourceText name, ReadText(child));
      if (child.key == "default") {
        out.method = name;
      } else {
        out.methods.emplace_back(document_.KeyPlace(child), name);
      }
    }
  }
  const TomlNode* order = table.Find("order");
  if (order == nullptr) return absl::OkStatus();
  if (order->kind != TomlKind::kArray || order->children.empty()) {
    return document_.ErrorAtValue(*order, "'order' must be an array of names",
                                  "in which what moves together is an array of its own, as in "
                                  "order = [\"v\", \"v\", [\"u\", \"w\"]]");
  }
  for (const TomlNode& group : order->children) {
    if (group.kind != TomlKind::kString && group.kind != TomlKind::kArray) {
      return document_.ErrorAtValue(group,
                                    "each entry of 'order' must be a name or an array of names");
    }
    BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> names, ReadNames(group));
    std::vector<ir::SourceText>& texts = out.order.emplace_back();
    for (const TomlNode* name : names) texts.push_back(name->text);
  }
  return absl::OkStatus();
}

absl::Status TomlReader::ReadField(const TomlNode& node, const Field& field) {
  const std::string what = absl::StrCat("'", node.key, "'");
  const auto assign = [](auto read, auto& out) -> absl::Status {
    if (read.ok()) out = *std::move(read);
    return read.status();
  };
  return std::visit(
      Overloaded{
          [](const ReadByHand&) { return absl::OkStatus(); },
          [](const Override&) { return absl::OkStatus(); },
          [&](Setting* value) { return assign(ReadSetting(node), *value); },
          [&](std::optional<Setting>* value) {
            return assign(node.key == "gain" ? ReadChanging(node) : ReadSetting(node), *value);
          },
          [&](Settings* values) { return assign(ReadSettings(node), *values); },
          [&](std::vector<Clock>* clocks) { return ReadClocks(node, *clocks); },
          [&](OffGrid* value) {
            BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kString, what));
            const absl::Span<const absl::string_view> words = OffGridWords();
            const auto word = std::find(words.begin(), words.end(), node.text.text);
            if (word == words.end()) {
              return document_.ErrorAtValue(
                  node, absl::StrCat(what, " is one of \"", absl::StrJoin(words, "\", \""), "\""),
                  "what becomes of a time between two steps: an error, the nearest step, the next "
                  "one, or the one before");
            }
            *value = static_cast<OffGrid>(word - words.begin());
            return absl::OkStatus();
          },
          [&](std::vector<Setting>* values) { return assign(ReadSettingList(node), *values); },
          [&](std::vector<Model::Bound>* bounds) { return ReadBounds(node, *bounds); },
          [&](std::vector<Model::Requirement>* requirements) {
            return ReadRequirements(node, *requirements);
          },
          [&](ir::SourceText* text) {
            // ReadIntegration reads a table of methods.
            const bool methods = node.key == "method" && node.kind == TomlKind::kTable;
            return methods ? absl::OkStatus() : assign(ReadText(node), *text);
          },
          [&](std::string* value) {
            BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kString, what));
            *value = node.text.text;
            return absl::OkStatus();
          },
          [&](bool* value) {
            BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kBoolean, what));
            *value = node.boolean;
            return absl::OkStatus();
          },
          [&](uint64_t* value) {
            BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kInteger, what));
            if (node.integer < 0) {
              return document_.ErrorAtValue(node, absl::StrCat(what, " must not be negative"));
            }
            *value = static_cast<uint64_t>(node.integer);
            return absl::OkStatus();
          },
          [&](const TimeStep& step) {
            BNSYN_RETURN_IF_ERROR(ReadSetting(node).status());
            return assign(EvaluateTimeStep(document_.ValueText(node)), *step.value);
          },
          [&](const Word& word) {
            BNSYN_RETURN_IF_ERROR(Expect(node, TomlKind::kString, what));
            if (word.Take(node.text.text)) return absl::OkStatus();
            return document_.ErrorAtValue(
                node, absl::StrCat(what, " is either \"", absl::StrJoin(word.words, "\" or \""),
                                   "\"", ir::DidYouMean(node.text.text, word.words)));
          },
      },
      field);
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
  // An array gives the values of a numbered name: tau = ["1 ms", "2 ms"] is tau_1 and tau_2.
  const bool may_be_numbered = node.key == "parameters" || node.key == "initial";
  Settings settings;
  for (const TomlNode& child : node.children) {
    const bool may_change = node.key == "parameters";
    if (!may_be_numbered || child.kind != TomlKind::kArray) {
      BNSYN_ASSIGN_OR_RETURN(Setting setting,
                             may_change ? ReadChanging(child) : ReadSetting(child));
      settings.emplace_back(child.key, std::move(setting));
      continue;
    }
    if (child.children.empty()) {
      return document_.ErrorAtValue(child, absl::StrCat("'", child.key, "' has no values"),
                                    "a numbered parameter or variable has at least one");
    }
    for (const TomlNode& value : child.children) {
      BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(value));
      setting.set_name_place(document_.KeyPlace(child));
      const auto number = static_cast<size_t>(&value - child.children.data()) + 1;
      settings.emplace_back(absl::StrCat(child.key, "_", number), std::move(setting));
    }
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

absl::StatusOr<std::vector<std::string>> TomlReader::ReadTunable(
    const TomlNode& table, const std::vector<std::string>& known) const {
  std::vector<std::string> tunable;
  const TomlNode* node = table.Find("tunable");
  if (node == nullptr) return tunable;
  BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> names, ReadNames(*node));
  for (const TomlNode* name : names) {
    if (std::find(known.begin(), known.end(), name->text.text) == known.end()) {
      return document_.ErrorAtValue(*name,
                                    absl::StrCat("there is no parameter '", name->text.text, "'",
                                                 ir::DidYouMean(name->text.text, known)));
    }
    tunable.push_back(name->text.text);
  }
  return tunable;
}

absl::Status TomlReader::ReadBounds(const TomlNode& bounds, std::vector<Model::Bound>& out) const {
  BNSYN_RETURN_IF_ERROR(Expect(bounds, TomlKind::kTable, "'bounds'"));
  for (const TomlNode& bound : bounds.children) {
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

absl::Status TomlReader::ReadRequirements(const TomlNode& requirements,
                                          std::vector<Model::Requirement>& out) const {
  BNSYN_RETURN_IF_ERROR(Expect(requirements, TomlKind::kTable, "'require'"));
  for (const TomlNode& requirement : requirements.children) {
    BNSYN_ASSIGN_OR_RETURN(const ir::SourceText advice, ReadText(requirement));
    out.push_back({document_.KeyPlace(requirement), advice.text});
  }
  return absl::OkStatus();
}

absl::StatusOr<Setting> TomlReader::ReadChanging(const TomlNode& node) const {
  if (node.kind != TomlKind::kTable) return ReadSetting(node);
  constexpr char kExample[] = "as in { value = \"0 pA\", at = [\"100 ms\"], to = [\"300 pA\"] }";
  BNSYN_RETURN_IF_ERROR(CheckKeys(node, absl::StrCat("'", node.key, "'"), {"value", "at", "to"}));
  for (const char* const key : {"value", "at", "to"}) {
    if (node.Find(key) != nullptr) continue;
    return document_.ErrorAtKey(node, absl::StrCat("'", node.key, "' has no ", key), kExample);
  }
  BNSYN_ASSIGN_OR_RETURN(Setting setting, ReadSetting(*node.Find("value")));
  setting.set_name_place(document_.KeyPlace(node));
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Setting> times, ReadSettingList(*node.Find("at")));
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Setting> values, ReadSettingList(*node.Find("to")));
  if (times.size() != values.size()) {
    return document_.ErrorAtValue(
        *node.Find("to"),
        absl::StrCat("'at' has ", times.size(), times.size() == 1 ? " entry" : " entries",
                     ", and 'to' ", values.size()),
        kExample);
  }
  for (size_t c = 0; c < times.size(); ++c) setting.ChangeAt(times[c], values[c]);
  return setting;
}

absl::Status TomlReader::ReadClocks(const TomlNode& clocks, std::vector<Clock>& out) {
  constexpr char kExample[] = "as in clocks.NAME = { every = \"1 ms\", code = \"x = 0.9*x\" }";
  BNSYN_RETURN_IF_ERROR(Expect(clocks, TomlKind::kTable, "'clocks'"));
  for (const TomlNode& node : clocks.children) {
    if (node.kind != TomlKind::kTable) {
      return document_.ErrorAtKey(
          node, absl::StrCat("the clock '", node.key, "' must be a table with every and code"),
          kExample);
    }
    if (const TomlNode* phase = node.Find("phase")) {
      return document_.ErrorAtKey(*phase, "unknown key 'phase' in a clock",
                                  "the time of its first run is 'offset'");
    }
    Clock clock;
    clock.name = node.key;
    clock.place = document_.KeyPlace(node);
    BNSYN_RETURN_IF_ERROR(
        ReadKeys(node, absl::StrCat("the clock '", node.key, "'"), ClockKeys(), clock));
    out.push_back(std::move(clock));
  }
  return absl::OkStatus();
}

absl::StatusOr<Neurons> TomlReader::ReadNeurons(const TomlNode& text) const {
  const std::string& neurons = text.text.text;
  const std::string name(absl::StripAsciiWhitespace(neurons.substr(0, neurons.find('['))));
  if (reading_.neurons.count(name) > 0) return Neurons(text.text);
  std::vector<std::string> populations;
  for (const auto& population : network_.populations) populations.push_back(population.name);
  std::vector<std::string> known = populations;
  for (const auto& group : network_.groups) known.push_back(group.name);
  return document_.ErrorAtValue(
      text, absl::StrCat("there is no population '", name, "'", ir::DidYouMean(name, known)),
      known.empty() ? "define it under [populations.NAME]"
                    : absl::StrCat("populations are ", absl::StrJoin(populations, ", ")));
}

}  // namespace bnsyn::compiler
