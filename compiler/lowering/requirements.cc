// What models and the network level require of their parameters.
#include <string>
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

absl::Status CheckValues(const std::vector<Model::Requirement>& requirements,
                         absl::string_view owner, const std::vector<RequiredValue>& values,
                         const std::vector<Constant>& constants) {
  std::vector<Constant> known;
  for (const RequiredValue& value : values) known.push_back({value.name, value.value});
  known.insert(known.end(), constants.begin(), constants.end());
  for (const Model::Requirement& requirement : requirements) {
    BNSYN_ASSIGN_OR_RETURN(const bool holds, EvaluateCondition(requirement.condition, known));
    if (!holds) return Violated(requirement, owner, values);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRequirements(const std::vector<Model::Requirement>& requirements,
                               absl::string_view owner, const std::vector<RequiredValue>& values,
                               const std::vector<Constant>& constants, const ir::Program& program) {
  BNSYN_RETURN_IF_ERROR(CheckValues(requirements, owner, values, constants));
  // Each value that a parameter has later, beside the first ones of the others.
  for (size_t v = 0; v < values.size(); ++v) {
    if (!values[v].course.has_value()) continue;
    std::vector<RequiredValue> later = values;
    for (const double value : program.tables[*values[v].course].values[1]) {
      later[v].value.value = value;
      BNSYN_RETURN_IF_ERROR(CheckValues(requirements, owner, later, constants));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
