#include "compiler/lowering/numbered.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "compiler/description/settings.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// A sum is a tree of as many levels.
constexpr uint32_t kMostNumbers = 100;

using Numbering = Model::Numbering;

// The numbering whose index ends the name, or null.
const Numbering* NumberingOf(const Model& model, absl::string_view name) {
  for (const Numbering& numbering : model.numbered) {
    if (absl::EndsWith(name, absl::StrCat("_", numbering.index.text))) return &numbering;
  }
  return nullptr;
}

// I_syn_k with the number 2 is I_syn_2.
std::string NameAt(absl::string_view name, const Numbering& numbering, uint32_t number) {
  return absl::StrCat(name.substr(0, name.size() - numbering.index.text.size()), number);
}

// `text` with every name of the numbering at a number.
std::string TextAt(absl::string_view text, const Numbering& numbering, uint32_t number) {
  const auto in_word = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  std::string result;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && in_word(text[end])) ++end;
    const absl::string_view word = text.substr(begin, end - begin);
    const bool numbered = absl::EndsWith(word, absl::StrCat("_", numbering.index.text));
    absl::StrAppend(&result, numbered ? NameAt(word, numbering, number) : word,
                    end < text.size() ? text.substr(end, 1) : "");
    begin = end + 1;
  }
  return result;
}

Setting SettingAt(const Setting& setting, const Numbering& numbering, uint32_t number) {
  if (!setting.is_text()) return setting;
  ir::SourceText text = setting.text();
  text.text = TextAt(text.text, numbering, number);
  Setting result(std::move(text));
  result.set_name_place(setting.name_place());
  return result;
}

// The values of the numbered parameter `base`, those named base_1, base_2, ..., in this order.
absl::StatusOr<std::vector<const Setting*>> ValuesOf(const Settings& settings,
                                                     const std::string& base) {
  std::vector<const Setting*> values;
  for (const auto& [name, value] : settings) {
    absl::string_view digits = name;
    uint32_t number = 0;
    if (!absl::ConsumePrefix(&digits, absl::StrCat(base, "_")) ||
        !absl::SimpleAtoi(digits, &number)) {
      continue;
    }
    if (number != values.size() + 1) {
      return ErrorIn(
          NamePlace(value, name),
          absl::StrCat("the values of '", base, "' are numbered from 1 on, in order"),
          absl::StrCat("after ", values.size(), " of them comes ", base, "_", values.size() + 1));
    }
    values.push_back(&value);
  }
  return values;
}

// Replaces each setting of a numbered name by one for each number.
void WriteOutSettings(const Model& model, Settings& settings) {
  Settings written;
  for (const auto& [name, value] : settings) {
    const Numbering* const numbering = NumberingOf(model, name);
    if (numbering == nullptr) {
      written.emplace_back(name, value);
      continue;
    }
    for (uint32_t number = 1; number <= numbering->count; ++number) {
      written.emplace_back(NameAt(name, *numbering, number), SettingAt(value, *numbering, number));
    }
  }
  settings = std::move(written);
}

void WriteOutIntegration(const Model& model, Integration& integration) {
  const auto at = [](const ir::SourceText& name, const Numbering& numbering, uint32_t number) {
    ir::SourceText text = name;
    text.text = NameAt(name.text, numbering, number);
    return text;
  };
  std::vector<std::pair<ir::SourceText, ir::SourceText>> methods;
  for (const auto& [name, method] : integration.methods) {
    const Numbering* const numbering = NumberingOf(model, name.text);
    if (numbering == nullptr) methods.emplace_back(name, method);
    for (uint32_t n = 1; numbering != nullptr && n <= numbering->count; ++n) {
      methods.emplace_back(at(name, *numbering, n), method);
    }
  }
  integration.methods = std::move(methods);
  for (std::vector<ir::SourceText>& group : integration.order) {
    std::vector<ir::SourceText> written;
    for (const ir::SourceText& name : group) {
      const Numbering* const numbering = NumberingOf(model, name.text);
      if (numbering == nullptr) written.push_back(name);
      for (uint32_t n = 1; numbering != nullptr && n <= numbering->count; ++n) {
        written.push_back(at(name, *numbering, n));
      }
    }
    group = std::move(written);
  }
}

// Counts the values that a population gives, or else the model, and notes them in the model.
absl::Status WriteOutParameters(const Settings& given, Numbering& numbering, Model& model) {
  struct Values {
    std::string base;
    std::vector<const Setting*> values;
  };
  std::vector<Values> all;
  for (const ir::SourceText& parameter : numbering.parameters) {
    BNSYN_ASSIGN_OR_RETURN(std::vector<const Setting*> own, ValuesOf(given, parameter.text));
    if (own.empty()) {
      BNSYN_ASSIGN_OR_RETURN(own, ValuesOf(model.parameters, parameter.text));
    }
    if (own.empty()) {
      return ErrorIn(parameter,
                     absl::StrCat("model '", model.name, "' has no values of '", parameter.text,
                                  "' to number"),
                     absl::StrCat("give it some: ", parameter.text, " = [\"2 ms\"]"));
    }
    numbering.count = std::max(numbering.count, static_cast<uint32_t>(own.size()));
    all.push_back({parameter.text, std::move(own)});
  }
  if (numbering.count > kMostNumbers) {
    return ErrorIn(numbering.index, absl::StrCat("a name has at most ", kMostNumbers, " numbers"));
  }
  Settings written;
  std::set<std::string> done;
  for (const auto& [name, value] : model.parameters) {
    const auto of = std::find_if(all.begin(), all.end(), [&, &name = name](const Values& values) {
      absl::string_view digits = name;
      uint32_t number = 0;
      return absl::ConsumePrefix(&digits, absl::StrCat(values.base, "_")) &&
             absl::SimpleAtoi(digits, &number);
    });
    if (of == all.end()) {
      written.emplace_back(name, value);
      continue;
    }
    if (!done.insert(of->base).second) continue;
    // One value is for all numbers.
    if (of->values.size() != 1 && of->values.size() != numbering.count) {
      return ErrorIn(NamePlace(*of->values.front(), of->base),
                     absl::StrCat("'", of->base, "' has ", of->values.size(), " values, but '",
                                  numbering.index.text, "' counts to ", numbering.count),
                     "give as many, or one for all of them");
    }
    for (uint32_t n = 1; n <= numbering.count; ++n) {
      written.emplace_back(absl::StrCat(of->base, "_", n),
                           *of->values[of->values.size() == 1 ? 0 : n - 1]);
    }
  }
  model.parameters = std::move(written);
  std::vector<std::string> tunable;
  for (const std::string& name : model.tunable) {
    const bool is_numbered =
        std::any_of(all.begin(), all.end(), [&](const Values& v) { return v.base == name; });
    if (!is_numbered) tunable.push_back(name);
    for (uint32_t n = 1; is_numbered && n <= numbering.count; ++n) {
      tunable.push_back(absl::StrCat(name, "_", n));
    }
  }
  model.tunable = std::move(tunable);
  return absl::OkStatus();
}

absl::StatusOr<Model> WrittenOut(const Model& model, const Settings& given) {
  Model result = model;
  for (Numbering& numbering : result.numbered) {
    if (!IsIdentifier(numbering.index.text)) {
      return ErrorIn(numbering.index, absl::StrCat("'", numbering.index.text, "' is no name"));
    }
    BNSYN_RETURN_IF_ERROR(WriteOutParameters(given, numbering, result));
  }
  WriteOutSettings(result, result.initial);
  WriteOutSettings(result, result.resolution);
  WriteOutIntegration(result, result.integration);
  std::vector<Model::Bound> bounds;
  for (const Model::Bound& bound : result.bounds) {
    const Numbering* const numbering = NumberingOf(result, bound.variable);
    if (numbering == nullptr) bounds.push_back(bound);
    for (uint32_t n = 1; numbering != nullptr && n <= numbering->count; ++n) {
      bounds.push_back({NameAt(bound.variable, *numbering, n),
                        SettingAt(bound.lower, *numbering, n),
                        SettingAt(bound.upper, *numbering, n)});
    }
  }
  result.bounds = std::move(bounds);
  return result;
}

// An expression with every name of the numbering at a number.
Expr At(Expr expr, const Numbering& numbering, uint32_t number) {
  if (expr.kind == ExprKind::kName &&
      absl::EndsWith(expr.name, absl::StrCat("_", numbering.index.text))) {
    expr.name = NameAt(expr.name, numbering, number);
  }
  for (Expr& child : expr.children) child = At(std::move(child), numbering, number);
  return expr;
}

// Replaces sum(...) by sums. What is numbered outside of them must be of the numbering `own`.
absl::Status WriteOutSums(const Model& model, const Numbering* own, const ir::SourceText& text,
                          Expr& expr) {
  const bool sum = expr.kind == ExprKind::kCall && expr.name == "sum" && expr.children.size() == 1;
  const Numbering* inner = nullptr;
  if (sum) {
    ForEachName(expr.children[0], [&](const Expr& name) {
      const Numbering* const found = NumberingOf(model, name.name);
      if (found != nullptr && (inner == nullptr || inner == own)) inner = found;
    });
  }
  for (Expr& child : expr.children) {
    BNSYN_RETURN_IF_ERROR(WriteOutSums(model, inner != nullptr ? inner : own, text, child));
  }
  if (inner != nullptr) {
    std::optional<Expr> total;
    for (uint32_t n = 1; n <= inner->count; ++n) {
      Expr term = At(expr.children[0], *inner, n);
      if (!total.has_value()) {
        total = std::move(term);
        continue;
      }
      Expr both;
      both.kind = ExprKind::kBinary;
      both.name = "+";
      both.range = expr.range;
      both.height = std::max(total->height, term.height) + 1;
      both.children.push_back(*std::move(total));
      both.children.push_back(std::move(term));
      total = std::move(both);
    }
    expr = *std::move(total);
    return absl::OkStatus();
  }
  for (const Expr& child : expr.children) expr.height = std::max(expr.height, child.height + 1);
  const Numbering* const outside =
      expr.kind == ExprKind::kName ? NumberingOf(model, expr.name) : nullptr;
  if (outside != nullptr && outside != own) {
    return ir::ErrorAt(text, expr.range,
                       absl::StrCat("'", expr.name, "' stands for several values here"),
                       absl::StrCat("sum(", expr.name, ") adds them"));
  }
  return absl::OkStatus();
}

}  // namespace

bool HasNumbered(const Network& network) {
  return std::any_of(network.models.begin(), network.models.end(),
                     [](const Model& model) { return !model.numbered.empty(); });
}

absl::StatusOr<Network> WriteOutNumbered(const Network& network) {
  Network result = network;
  for (Model& model : result.models) {
    if (model.numbered.empty()) continue;
    BNSYN_ASSIGN_OR_RETURN(model, WrittenOut(model, {}));
  }
  for (Network::PopulationDescription& population : result.populations) {
    // An index beyond the models is an error that is found later.
    if (population.model >= network.models.size()) continue;
    const Model& model = network.models[population.model];
    if (model.numbered.empty()) continue;
    BNSYN_ASSIGN_OR_RETURN(Model own, WrittenOut(model, population.parameters));
    population.model = static_cast<uint32_t>(result.models.size());
    result.models.push_back(std::move(own));
  }
  return result;
}

absl::Status WriteOutNumbered(const Model& model, const ir::SourceText& text, Expr& expression) {
  if (model.numbered.empty()) return absl::OkStatus();
  return WriteOutSums(model, nullptr, text, expression);
}

absl::Status WriteOutNumbered(const Model& model, const ir::SourceText& text,
                              std::vector<Equation>& equations) {
  if (model.numbered.empty()) return absl::OkStatus();
  std::vector<Equation> written;
  for (Equation& equation : equations) {
    const Numbering* const numbering = NumberingOf(model, equation.name);
    if (equation.right.has_value()) {
      BNSYN_RETURN_IF_ERROR(WriteOutSums(model, numbering, text, *equation.right));
    }
    if (numbering == nullptr) {
      written.push_back(std::move(equation));
      continue;
    }
    for (uint32_t n = 1; n <= numbering->count; ++n) {
      Equation one = equation;
      one.name = NameAt(equation.name, *numbering, n);
      if (one.right.has_value()) one.right = At(*std::move(one.right), *numbering, n);
      written.push_back(std::move(one));
    }
  }
  equations = std::move(written);
  return absl::OkStatus();
}

absl::Status WriteOutNumbered(const Model& model, const ir::SourceText& text,
                              std::vector<Statement>& statements) {
  if (model.numbered.empty()) return absl::OkStatus();
  std::vector<Statement> written;
  for (Statement& statement : statements) {
    const Numbering* const numbering = NumberingOf(model, statement.target);
    BNSYN_RETURN_IF_ERROR(WriteOutSums(model, numbering, text, statement.value));
    if (numbering == nullptr) {
      written.push_back(std::move(statement));
      continue;
    }
    for (uint32_t n = 1; n <= numbering->count; ++n) {
      Statement one = statement;
      one.target = NameAt(statement.target, *numbering, n);
      one.value = At(std::move(one.value), *numbering, n);
      written.push_back(std::move(one));
    }
  }
  statements = std::move(written);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
