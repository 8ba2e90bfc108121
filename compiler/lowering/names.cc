// Names: constants, models and their equations, parameters, variables, populations.
#include "compiler/lowering/names.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"
#include "compiler/equations/integration_plan.h"
#include "compiler/lowering/lowering.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Names with a meaning of their own in code.
constexpr absl::string_view kReserved[] = {
    "t",  "dt",  "i",  "N",   "not_refractory", "lastspike", "refractory", "true", "false", "and",
    "or", "not", "if", "else"};

// Populations are limited by 32-bit indices, padded up to groups of 64.
constexpr double kLargestSize = 4294967232.0;

bool IsReserved(absl::string_view name) {
  return IsWhiteNoise(name) ||
         std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
}

}  // namespace

absl::Status CheckNewName(const std::string& name, absl::string_view what,
                          const ir::SourceText& place, ir::SourceRange range,
                          std::set<std::string>& names) {
  if (!IsIdentifier(name)) {
    return ir::ErrorAt(place, range, absl::StrCat("'", name, "' cannot name ", what),
                       "a name is letters, digits and '_', and does not begin with a digit");
  }
  if (IsReserved(name)) {
    return ir::ErrorAt(
        place, range, absl::StrCat("'", name, "' has a meaning of its own and cannot name ", what));
  }
  if (!names.insert(name).second) {
    return ir::ErrorAt(place, range, absl::StrCat("the name '", name, "' is used twice"),
                       "give one of them another name");
  }
  return absl::OkStatus();
}

namespace {

bool Blank(const ir::SourceText& text) { return absl::StripAsciiWhitespace(text.text).empty(); }

absl::Status CheckFlag(const ModelCode& code, const Equation& equation, size_t index,
                       bool has_refractory) {
  const std::string& flag = equation.flags[index];
  const auto error = [&](const std::string& message, absl::string_view note = "") {
    return ir::ErrorAt(code.equations_text, equation.flag_ranges[index], message, note);
  };
  if (std::count(equation.flags.begin(), equation.flags.end(), flag) > 1) {
    return error(absl::StrCat("the flag '", flag, "' stands here twice"));
  }
  if (flag == "event-driven" || flag == "clock-driven" || flag == "summed") {
    return error(absl::StrCat("'", flag, "' is for variables of synapses"),
                 "equations of a projection declare them");
  }
  const bool computed = equation.kind != EquationKind::kVariable;
  const bool moves = equation.kind == EquationKind::kDifferential;
  if (computed && flag != "shared" && !(moves && flag == "unless refractory")) {
    return error(
        absl::StrCat("'", equation.name, "' is computed here, so it cannot be '", flag, "'"));
  }
  if (flag == "unless refractory" && !has_refractory) {
    return error("this model has no refractory time, so nothing is ever refractory",
                 "give the model a time: refractory = \"2 ms\"");
  }
  if (flag == "shared" && equation.Is("unless refractory")) {
    return error(absl::StrCat("'", equation.name, "' is one value for all neurons, so it cannot ",
                              "stand still for those that are refractory"));
  }
  if (flag == "shared" && equation.Is("input")) {
    return error("each neuron has its own input, so it cannot be shared");
  }
  if (flag == "input" && (equation.boolean || equation.integer)) {
    return error(absl::StrCat("an input is a sum, it cannot be ",
                              equation.boolean ? "a boolean" : "an integer"));
  }
  return absl::OkStatus();
}

// Follows the equations x = ... that `equation` reads; `path` are those being followed.
absl::Status CheckCycles(const ModelCode& code, const Equation& equation,
                         std::vector<const Equation*>& path, std::set<std::string>& done) {
  const auto begin = std::find(path.begin(), path.end(), &equation);
  if (begin != path.end()) {
    std::string cycle;
    for (auto it = begin; it != path.end(); ++it) absl::StrAppend(&cycle, (*it)->name, " -> ");
    return ir::ErrorAt(
        code.equations_text, equation.name_range,
        absl::StrCat("'", equation.name, "' is defined through itself: ", cycle, equation.name),
        "make one of them a variable of its own, as in dx/dt = ... or x : unit");
  }
  if (done.count(equation.name) != 0) return absl::OkStatus();
  path.push_back(&equation);
  absl::Status status;
  ForEachName(*equation.right, [&](const Expr& name) {
    const Equation* next = code.Find(name.name);
    if (status.ok() && next != nullptr && next->kind == EquationKind::kExpression) {
      status = CheckCycles(code, *next, path, done);
    }
  });
  path.pop_back();
  done.insert(equation.name);
  return status;
}

}  // namespace

absl::Status CheckNoCycles(const ModelCode& code) {
  std::set<std::string> done;
  for (const Equation& equation : code.equations) {
    std::vector<const Equation*> path;
    if (equation.kind == EquationKind::kExpression) {
      BNSYN_RETURN_IF_ERROR(CheckCycles(code, equation, path, done));
    }
  }
  return absl::OkStatus();
}

namespace {

// Parses equations and update code, and checks what can be checked without values.
absl::Status ParseCode(const ir::SourceText& equations, const ir::SourceText& update,
                       bool has_refractory, std::set<std::string>& names, ModelCode& code) {
  code.equations_text = equations;
  code.update_text = update;
  BNSYN_ASSIGN_OR_RETURN(code.equations, ParseEquations(code.equations_text));
  for (const Equation& equation : code.equations) {
    BNSYN_RETURN_IF_ERROR(
        CheckNewName(equation.name, "a variable", code.equations_text, equation.name_range, names));
    for (size_t f = 0; f < equation.flags.size(); ++f) {
      BNSYN_RETURN_IF_ERROR(CheckFlag(code, equation, f, has_refractory));
    }
  }
  BNSYN_RETURN_IF_ERROR(CheckNoCycles(code));
  BNSYN_ASSIGN_OR_RETURN(code.update, ParseStatements(code.update_text));
  for (const Equation& equation : code.equations) {
    if (equation.kind == EquationKind::kDifferential && !code.update.empty()) {
      return ir::ErrorAt(code.update_text, code.update[0].target_range,
                         absl::StrCat("there is update code, but '", equation.name,
                                      "' has a differential equation"),
                         absl::StrCat("declare it as '", equation.name,
                                      " : unit' and integrate it in the update code, or leave "
                                      "the update code out"));
    }
  }
  return absl::OkStatus();
}

// `names` are those of the model's parameters and variables.
absl::Status ParseEvents(const Model& model, std::set<std::string>& names, ModelCode& code) {
  for (const Model::NamedEvent& event : model.events) {
    ir::SourceText place = event.place;
    if (place.text.empty()) place.text = event.name;
    if (event.name == "spike") {
      return ir::ErrorAt(place, Whole(place),
                         "'spike' is the event of the threshold, and needs no other condition",
                         "threshold = \"...\" says when, and reset = \"...\" what it does");
    }
    BNSYN_RETURN_IF_ERROR(CheckNewName(event.name, "an event", place, Whole(place), names));
    EventCode& parsed = code.events.emplace_back();
    parsed.name = event.name;
    parsed.condition_text = event.condition;
    parsed.code_text = event.code;
    BNSYN_ASSIGN_OR_RETURN(parsed.condition, ParseExpression(parsed.condition_text));
    BNSYN_ASSIGN_OR_RETURN(parsed.code, ParseStatements(parsed.code_text));
  }
  return absl::OkStatus();
}

absl::Status ParseModel(const Model& model, ModelCode& code) {
  std::set<std::string> names;
  for (const auto& [name, value] : model.parameters) {
    const ir::SourceText place = NamePlace(value, absl::StrCat(model.name, ".", name));
    BNSYN_RETURN_IF_ERROR(CheckNewName(name, "a parameter", place, Whole(place), names));
  }
  BNSYN_RETURN_IF_ERROR(
      ParseCode(model.equations, model.update, model.refractory.has_value(), names, code));
  BNSYN_RETURN_IF_ERROR(ParseEvents(model, names, code));
  code.threshold_text = model.threshold;
  code.reset_text = model.reset;
  code.integration = model.integration;
  if (!Blank(model.threshold)) {
    BNSYN_ASSIGN_OR_RETURN(code.threshold, ParseExpression(code.threshold_text));
  } else if (!Blank(model.reset)) {
    return ir::ErrorAt(code.reset_text, Whole(code.reset_text),
                       absl::StrCat("model '", model.name, "' has a reset but no threshold"),
                       "give it a threshold, as in threshold = \"V > V_th\"");
  } else if (model.refractory.has_value()) {
    const ir::SourceText text = TextOf(*model.refractory, absl::StrCat(model.name, ".refractory"));
    return ir::ErrorAt(
        text, Whole(text),
        absl::StrCat("model '", model.name, "' has a refractory time but no threshold"));
  }
  BNSYN_ASSIGN_OR_RETURN(code.reset, ParseStatements(code.reset_text));
  BNSYN_RETURN_IF_ERROR(CheckIntegration(model, code.equations));
  return absl::OkStatus();
}

}  // namespace

absl::Status DeclareBounds(Lowering& lowering, const std::vector<Model::Bound>& bounds,
                           absl::string_view owner, absl::string_view name,
                           const Section& section) {
  for (const Model::Bound& bound : bounds) {
    const std::string what = absl::StrCat(name, ".bounds.", bound.variable);
    const Variable* variable = section.FindVariable(bound.variable);
    if (variable == nullptr || !variable->state.has_value() || variable->equation->boolean) {
      const ir::SourceText place = NamePlace(bound.lower, what);
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat(owner, " has no variable '", bound.variable, "' to bound",
                                      ir::DidYouMean(bound.variable, section.VariableNames())));
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity lower,
                           Evaluate(bound.lower, section.constants, variable->dimension(), what));
    BNSYN_ASSIGN_OR_RETURN(const Quantity upper,
                           Evaluate(bound.upper, section.constants, variable->dimension(), what));
    if (!(lower.value < upper.value)) {
      const ir::SourceText text = TextOf(bound.upper, what);
      return ir::ErrorAt(
          text, Whole(text),
          absl::StrCat("the upper bound of '", bound.variable, "' must be above the lower one"));
    }
    lowering.program.states[*variable->state].lower = lower.value;
    lowering.program.states[*variable->state].upper = upper.value;
  }
  return absl::OkStatus();
}

namespace {

absl::StatusOr<uint32_t> PopulationSize(const Lowering& lowering,
                                        const Network::PopulationDescription& population) {
  const std::string what = absl::StrCat("the size of ", population.name);
  BNSYN_ASSIGN_OR_RETURN(const Quantity size,
                         Evaluate(population.size, lowering.constants, Dimension{}, what));
  const ir::SourceText text = TextOf(population.size, what);
  const double nearest = std::nearbyint(size.value);
  if (size.value <= 0) {
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(what, " must be at least 1, not ", size.value));
  }
  // 0.8*N is a whole number up to rounding.
  if (std::fabs(size.value - nearest) > 1e-9 * nearest || nearest < 1) {
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(what, " must be a whole number, not ", size.value));
  }
  if (nearest > kLargestSize) {
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(what, " is too large: at most 4294967232 neurons"));
  }
  return static_cast<uint32_t>(nearest);
}

}  // namespace

const Parameter* Section::FindParameter(absl::string_view parameter_name) const {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == parameter_name) return &parameter;
  }
  return nullptr;
}

const Variable* Section::FindVariable(absl::string_view variable_name) const {
  for (const Variable& variable : variables) {
    if (variable.name() == variable_name) return &variable;
  }
  return nullptr;
}

Variable* Section::FindVariable(absl::string_view variable_name) {
  return const_cast<Variable*>(std::as_const(*this).FindVariable(variable_name));
}

std::vector<std::string> Section::VariableNames() const {
  std::vector<std::string> names;
  for (const Variable& variable : variables) names.push_back(variable.name());
  return names;
}

absl::Status LowerConstants(Lowering& lowering) {
  const NetworkOptions& options = lowering.network.options;
  // One step must be a positive time.
  BNSYN_RETURN_IF_ERROR(StepsOf(options.dt, options.dt).status());
  lowering.constants.push_back({"dt", options.dt});
  std::set<std::string> names;
  for (const auto& [name, value] : lowering.network.constants) {
    const ir::SourceText place = NamePlace(value, name);
    // The number of neurons of a network is its best-known constant.
    if (name == "N") {
      names.insert(name);
    } else {
      BNSYN_RETURN_IF_ERROR(CheckNewName(name, "constant", place, Whole(place), names));
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity quantity, Evaluate(value, lowering.constants, name));
    lowering.constants.push_back({name, quantity});
  }
  return absl::OkStatus();
}

absl::Status LowerModels(Lowering& lowering) {
  std::set<std::string> names;
  for (const Model& model : lowering.network.models) {
    const ir::SourceText place =
        model.place.name.empty() ? ir::SourceText{"network", model.name, 1, 1} : model.place;
    BNSYN_RETURN_IF_ERROR(CheckNewName(model.name, "a model", place, Whole(place), names));
    BNSYN_RETURN_IF_ERROR(ParseModel(model, lowering.models.emplace_back()));
  }
  return absl::OkStatus();
}

absl::Status DeclareParameters(Lowering& lowering, const Settings& values,
                               const Settings& overrides, const std::vector<std::string>& tunable,
                               const ir::SourceText& place, Section& section) {
  std::vector<std::string> known;
  for (const auto& [name, value] : values) known.push_back(name);
  const auto check_known = [&](const std::string& name, const ir::SourceText& at) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return absl::OkStatus();
    return ir::ErrorAt(
        at, Whole(at),
        absl::StrCat("there is no parameter '", name, "'", ir::DidYouMean(name, known)),
        known.empty() ? "" : absl::StrCat("parameters are ", absl::StrJoin(known, ", ")));
  };
  std::set<std::string> overridden;
  for (const auto& [name, value] : overrides) {
    const ir::SourceText at = NamePlace(value, absl::StrCat(section.prefix, name));
    BNSYN_RETURN_IF_ERROR(check_known(name, at));
    if (!overridden.insert(name).second) {
      return ir::ErrorAt(at, Whole(at), absl::StrCat("'", name, "' is given twice"));
    }
  }
  for (const std::string& name : tunable) BNSYN_RETURN_IF_ERROR(check_known(name, place));

  section.constants = lowering.constants;
  for (const auto& [name, value] : values) {
    const std::string what = absl::StrCat(section.prefix, name);
    BNSYN_ASSIGN_OR_RETURN(Quantity quantity, Evaluate(value, section.constants, what));
    for (const auto& [other, replacement] : overrides) {
      if (other != name) continue;
      BNSYN_ASSIGN_OR_RETURN(quantity,
                             Evaluate(replacement, section.constants, quantity.dimension, what));
    }
    Parameter parameter;
    parameter.name = name;
    parameter.value = quantity;
    parameter.id = static_cast<ir::ParamId>(lowering.program.params.size());
    parameter.tunable = std::find(tunable.begin(), tunable.end(), name) != tunable.end();
    ir::Param param;
    param.name = what;
    param.value = ir::BitsOfF64(quantity.value);
    param.tunable = parameter.tunable;
    param.unit = DisplayUnit(quantity.dimension);
    lowering.program.params.push_back(std::move(param));
    section.parameters.push_back(std::move(parameter));
    // A parameter hides a constant of its name.
    std::erase_if(section.constants, [&name = name](const Constant& c) { return c.name == name; });
    section.constants.push_back({name, quantity});
  }
  return absl::OkStatus();
}

void DeclareVariables(Lowering& lowering, Section& section) {
  for (const Equation& equation : section.code->equations) {
    if (equation.kind == EquationKind::kExpression) continue;
    Variable variable;
    variable.equation = &equation;
    if (!variable.Is("input")) {
      variable.state = static_cast<ir::StateId>(lowering.program.states.size());
      ir::State state;
      state.name = absl::StrCat(section.prefix, equation.name);
      state.type = {equation.boolean ? ir::Element::kBool : ir::Element::kF64,
                    variable.Is("shared") ? ir::DomainId::kNetwork : section.domain};
      state.unit = DisplayUnit(equation.unit.dimension);
      lowering.program.states.push_back(std::move(state));
    }
    section.variables.push_back(std::move(variable));
  }
}

absl::Status DeclarePopulations(Lowering& lowering) {
  std::set<std::string> names = {"network"};
  for (const Network::PopulationDescription& population : lowering.network.populations) {
    BNSYN_RETURN_IF_ERROR(CheckNewName(population.name, "a population", population.place,
                                       Whole(population.place), names));
    if (population.model >= lowering.models.size()) {
      return ir::ErrorAt(
          population.place, Whole(population.place),
          absl::StrCat("the model of population '", population.name, "' is not of this network"));
    }
    const Model& model = lowering.network.models[population.model];
    Section section;
    section.name = population.name;
    section.prefix = absl::StrCat(population.name, ".");
    section.code = &lowering.models[population.model];
    BNSYN_ASSIGN_OR_RETURN(section.size, PopulationSize(lowering, population));
    section.population = lowering.program.AddPopulation(population.name, section.size);
    section.domain = lowering.program.populations[*section.population].domain;
    BNSYN_RETURN_IF_ERROR(DeclareParameters(lowering, model.parameters, population.parameters,
                                            model.tunable, model.place, section));
    DeclareVariables(lowering, section);
    BNSYN_RETURN_IF_ERROR(DeclareBounds(
        lowering, model.bounds, absl::StrCat("model '", model.name, "'"), model.name, section));
    BNSYN_RETURN_IF_ERROR(DeclareRefractory(lowering, model, section));
    lowering.sections.push_back(std::move(section));
  }
  if (lowering.sections.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("network '", lowering.network.options.name, "' has no populations"));
  }
  // After all others, so that those keep their numbers.
  for (Section& section : lowering.sections) {
    for (const EventCode& event : section.code->events) {
      section.events.push_back(lowering.program.AddEventPopulation(
          absl::StrCat(section.prefix, event.name), section.domain));
    }
  }
  return absl::OkStatus();
}

absl::Status DeclareUniform(Lowering& lowering) {
  const Network::UniformDescription& uniform = lowering.network.uniform;
  std::set<std::string> names;
  for (const auto& [name, value] : uniform.parameters) {
    const ir::SourceText place = NamePlace(value, name);
    BNSYN_RETURN_IF_ERROR(CheckNewName(name, "a parameter", place, Whole(place), names));
  }
  BNSYN_RETURN_IF_ERROR(
      ParseCode(uniform.equations, uniform.update, false, names, lowering.uniform_code));
  for (const Equation& equation : lowering.uniform_code.equations) {
    for (size_t f = 0; f < equation.flags.size(); ++f) {
      if (equation.flags[f] != "input" && equation.flags[f] != "shared") continue;
      return ir::ErrorAt(uniform.equations, equation.flag_ranges[f],
                         equation.flags[f] == "input"
                             ? "only populations have inputs"
                             : "there is one value of everything at the network level: leave the "
                               "flag out");
    }
  }
  Section& section = lowering.uniform;
  section.name = "uniform";
  section.code = &lowering.uniform_code;
  BNSYN_RETURN_IF_ERROR(DeclareParameters(lowering, uniform.parameters, {}, uniform.tunable,
                                          {"network", "uniform", 1, 1}, section));
  DeclareVariables(lowering, section);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
