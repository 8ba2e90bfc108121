// The resolution that a model asks for of what its variables receive.
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Scales have exponents within this range.
constexpr double kLeast = 0x1p-1000;
constexpr double kGreatest = 0x1p1000;

absl::Status DeclareResolution(const std::string& name, const Setting& setting, const Model& model,
                               const Section& section, ProgramBuilder& out) {
  const std::string what = absl::StrCat(model.name, ".resolution.", name);
  const Variable* const variable = section.FindVariable(name);
  if (variable == nullptr) {
    return ErrorIn(NamePlace(setting, what),
                   absl::StrCat("model '", model.name, "' has no variable '", name, "'",
                                ir::DidYouMean(name, section.VariableNames())),
                   "name one that projections add to, as in resolution = { I = \"1 fA\" }");
  }
  BNSYN_ASSIGN_OR_RETURN(const Quantity value,
                         Evaluate(setting, section.constants, variable->dimension(), what));
  const std::string unit = DisplayUnit(variable->dimension());
  const ir::SourceText place = TextOf(setting, what);
  if (!(value.value >= kLeast && value.value <= kGreatest)) {
    return ErrorIn(place,
                   absl::StrCat("the resolution of '", name, "' must be above 0, and within ",
                                "1e-300 and 1e300", unit.empty() ? "" : " ", unit));
  }
  // What no projection adds to needs none.
  if (!variable->input.has_value()) return absl::OkStatus();
  out.facts.resolutions.push_back(
      {out.program.inputs[*variable->input].name, value.value, unit, place});
  return absl::OkStatus();
}

}  // namespace

absl::Status DeclareResolutions(const Declarations& declared, ProgramBuilder& out) {
  for (size_t p = 0; p < declared.sections.size(); ++p) {
    const Model& model = declared.network.models[declared.network.populations[p].model];
    for (const auto& [name, setting] : model.resolution) {
      BNSYN_RETURN_IF_ERROR(DeclareResolution(name, setting, model, declared.sections[p], out));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
