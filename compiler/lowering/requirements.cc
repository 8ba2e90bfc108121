#include "compiler/lowering/requirements.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// An error at a value that the condition reads: one of the owner's own if there is any, since the
// others come from the model.
absl::Status Violated(const Model::Requirement& requirement, absl::string_view owner,
                      const std::vector<RequiredValue>& values) {
  BNSYN_ASSIGN_OR_RETURN(const Expr condition, ParseExpression(requirement.condition));
  std::vector<std::string> shown;
  const RequiredValue* at = nullptr;
  ForEachName(condition, [&](const Expr& name) {
    const auto read =
        absl::c_find_if(values, [&](const RequiredValue& v) { return v.name == name.name; });
    if (read == values.end()) return;
    const std::string unit = DisplayUnit(read->value.dimension);
    const std::string text =
        absl::StrCat(read->name, " is ", read->value.value, unit.empty() ? "" : " ", unit);
    if (!absl::c_linear_search(shown, text)) shown.push_back(text);
    if (at == nullptr || (read->is_own && !at->is_own)) at = &*read;
  });
  return ErrorIn(at != nullptr ? at->place : requirement.condition,
                 absl::StrCat(std::string(owner), " requires ", requirement.condition.text,
                              ", but ", absl::StrJoin(shown, ", ")),
                 requirement.advice);
}

absl::StatusOr<bool> Holds(const Model::Requirement& requirement,
                           const std::vector<RequiredValue>& values,
                           const std::vector<Constant>& constants) {
  std::vector<Constant> known;
  for (const RequiredValue& value : values) known.push_back({value.name, value.value});
  known.insert(known.end(), constants.begin(), constants.end());
  return EvaluateCondition(requirement.condition, known);
}

absl::Status CheckValues(const Model::Requirement& requirement, absl::string_view owner,
                         const std::vector<RequiredValue>& values,
                         const std::vector<Constant>& constants) {
  BNSYN_ASSIGN_OR_RETURN(const bool holds, Holds(requirement, values, constants));
  return holds ? absl::OkStatus() : Violated(requirement, owner, values);
}

// The values that a condition reads and the host may change, by the names that it has for them.
absl::StatusOr<std::vector<std::string>> TunablesOf(const Model::Requirement& requirement,
                                                    const std::vector<RequiredValue>& values) {
  BNSYN_ASSIGN_OR_RETURN(const Expr condition, ParseExpression(requirement.condition));
  std::vector<std::string> tunables;
  ForEachName(condition, [&](const Expr& name) {
    for (const RequiredValue& value : values) {
      if (value.name == name.name && !value.tunable.empty()) tunables.push_back(value.tunable);
    }
  });
  return tunables;
}

}  // namespace

absl::Status CheckRequirements(const std::vector<Model::Requirement>& requirements,
                               absl::string_view owner, const std::vector<RequiredValue>& values,
                               const std::vector<Constant>& constants, ProgramBuilder& out) {
  for (const Model::Requirement& requirement : requirements) {
    BNSYN_RETURN_IF_ERROR(CheckValues(requirement, owner, values, constants));
    // Each value that a parameter has later, beside the first ones of the others.
    for (size_t v = 0; v < values.size(); ++v) {
      if (!values[v].course.has_value()) continue;
      std::vector<RequiredValue> later = values;
      for (const double value : out.program.tables[*values[v].course].values[1]) {
        later[v].value.value = value;
        BNSYN_RETURN_IF_ERROR(CheckValues(requirement, owner, later, constants));
      }
    }
    BNSYN_ASSIGN_OR_RETURN(std::vector<std::string> tunables, TunablesOf(requirement, values));
    if (tunables.empty()) continue;
    out.requirements.push_back(
        {requirement, std::string(owner), values, constants, std::move(tunables)});
  }
  return absl::OkStatus();
}

absl::Status ChangeRequiredValue(absl::string_view name, const Quantity& value,
                                 std::vector<TunableRequirement>& requirements) {
  for (const bool checks : {true, false}) {
    for (TunableRequirement& required : requirements) {
      if (!absl::c_linear_search(required.tunables, name)) continue;
      RequiredValue& own = *absl::c_find_if(
          required.values, [&](const RequiredValue& v) { return v.tunable == name; });
      const double before = std::exchange(own.value.value, value.value);
      if (!checks) continue;
      const absl::StatusOr<bool> holds =
          Holds(required.requirement, required.values, required.constants);
      own.value.value = before;
      BNSYN_RETURN_IF_ERROR(holds.status());
      if (*holds) continue;
      const std::string unit = DisplayUnit(own.value.dimension);
      return absl::InvalidArgumentError(absl::StrCat(
          std::string(name), " cannot be ", value.value, unit.empty() ? "" : " ", unit, ": ",
          required.owner, " requires ", required.requirement.condition.text, "; ",
          required.requirement.advice));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
