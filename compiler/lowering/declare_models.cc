// Declares constants, models, populations and the network level.
#include "compiler/lowering/declare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"
#include "compiler/equations/integration_plan.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/loop.h"
#include "compiler/lowering/numbered.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Levels of an expression, with those of the equations x = ... that it reads.
constexpr int kMostLevels = 1000;

// Each is a branch of one kernel; what LLVM takes for them grows with the square of their number.
constexpr size_t kMostEvents = 256;

// Populations are limited by 32-bit indices, padded up to groups of 64.
constexpr double kLargestSize = 4294967232.0;

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
  if (flag == "event-driven" || flag == "clock-driven" || flag == "summed" ||
      flag == "per synapse") {
    return error(absl::StrCat("'", flag, "' is for variables of synapses"),
                 "equations of a projection declare them");
  }
  if (flag == kFloat32) return CheckFloat32(code.equations_text, equation, index);
  const bool computed = equation.kind != EquationKind::kVariable;
  const bool moves = equation.kind == EquationKind::kDifferential;
  const bool of_kind = moves ? flag == "unless refractory" : computed && flag == kConstantOverDt;
  if (!computed && flag == kConstantOverDt) {
    return error(absl::StrCat("'", equation.name, "' has no equation to be taken once a step"),
                 "the flag (constant) keeps an initial value");
  }
  if (computed && flag != "shared" && !of_kind) {
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
  if (flag == "spikes" && !equation.Is("input")) {
    return error("only an input can sum spikes", "declare it as (input, spikes)");
  }
  if (flag == kLinked && equation.flags.size() > 1) {
    return error("a linked variable has no other flag");
  }
  if (flag == "input" && (equation.boolean || equation.integer)) {
    return error(absl::StrCat("an input is a sum, it cannot be ",
                              equation.boolean ? "a boolean" : "an integer"));
  }
  return absl::OkStatus();
}

// The equations x = ... of a model: an order in which none comes before one that it reads.
class DefinitionOrder {
 public:
  explicit DefinitionOrder(const ModelCode& code) : code_(code) {
    for (const Equation& equation : code.equations) {
      if (equation.kind == EquationKind::kExpression) by_name_[equation.name] = &equation;
    }
  }

  absl::Status Check() {
    for (const Equation& equation : code_.equations) {
      if (equation.kind == EquationKind::kExpression) BNSYN_RETURN_IF_ERROR(Follow(equation));
    }
    return absl::OkStatus();
  }

 private:
  // A definition whose readings are followed, and how many of them have been.
  struct Open {
    const Equation* equation;
    std::vector<const Equation*> reads;
    size_t next = 0;
    int deepest = 0;  // levels of what it reads
  };

  Open Opened(const Equation& equation) const {
    Open open = {&equation, {}};
    ForEachName(*equation.right, [&](const Expr& name) {
      const auto found = by_name_.find(name.name);
      if (found != by_name_.end()) open.reads.push_back(found->second);
    });
    return open;
  }

  absl::Status Follow(const Equation& first) {
    if (levels_.contains(&first)) return absl::OkStatus();
    std::vector<Open> path = {Opened(first)};
    std::set<const Equation*> on_path = {&first};
    while (!path.empty()) {
      Open& open = path.back();
      if (open.next == open.reads.size()) {
        const int levels = open.deepest + open.equation->right->height;
        // What emits an expression goes down into what it reads by recursion.
        if (levels > kMostLevels) return TooDeep(*open.equation);
        levels_[open.equation] = levels;
        on_path.erase(open.equation);
        path.pop_back();
        continue;
      }
      const Equation* const read = open.reads[open.next];
      const auto known = levels_.find(read);
      if (known != levels_.end()) {
        open.deepest = std::max(open.deepest, known->second);
        ++open.next;
      } else if (!on_path.insert(read).second) {
        return Cycle(path, *read);
      } else {
        path.push_back(Opened(*read));
      }
    }
    return absl::OkStatus();
  }

  absl::Status TooDeep(const Equation& equation) const {
    return ir::ErrorAt(code_.equations_text, equation.name_range,
                       absl::StrCat("'", equation.name, "' and the equations that it reads have ",
                                    "more than ", kMostLevels, " levels together"),
                       "each equation that is read by another adds its levels to those of the "
                       "other");
  }

  absl::Status Cycle(const std::vector<Open>& path, const Equation& equation) const {
    auto begin = path.begin();
    while (begin->equation != &equation) ++begin;
    std::string cycle;
    for (auto it = begin; it != path.end(); ++it) {
      absl::StrAppend(&cycle, it->equation->name, " -> ");
    }
    return ir::ErrorAt(
        code_.equations_text, equation.name_range,
        absl::StrCat("'", equation.name, "' is defined through itself: ", cycle, equation.name),
        "make one of them a variable of its own, as in dx/dt = ... or x : unit");
  }

  const ModelCode& code_;
  std::unordered_map<std::string, const Equation*> by_name_;
  std::unordered_map<const Equation*, int> levels_;  // of those that are sound
};

}  // namespace

absl::Status CheckFloat32(const ir::SourceText& text, const Equation& equation, size_t flag) {
  const auto error = [&](absl::string_view why) {
    return ir::ErrorAt(text, equation.flag_ranges[flag],
                       absl::StrCat("'", equation.name, "' cannot be 'float32': ", why),
                       "leave the flag out");
  };
  if (equation.integer) return error("it is an integer, which has 64 bits");
  if (equation.boolean) return error("it is a boolean, which has one byte");
  if (equation.kind == EquationKind::kExpression) {
    return error("it is computed where code reads it, and kept nowhere");
  }
  if (equation.Is("input")) {
    return error("it is the exact sum of what arrives in a step, and kept nowhere");
  }
  if (equation.Is("shared")) {
    return error("it is one value for all neurons, so that this saves nothing");
  }
  return absl::OkStatus();
}

absl::Status CheckNoCycles(const ModelCode& code) { return DefinitionOrder(code).Check(); }

namespace {

// Parses equations and update code, and checks what can be checked without values.
absl::Status ParseCode(const Model& model, TakenNames& names, ModelCode& code) {
  const bool has_refractory = model.refractory.has_value();
  code.equations_text = model.equations;
  code.update_text = model.update;
  BNSYN_ASSIGN_OR_RETURN(code.equations, ParseEquations(code.equations_text));
  BNSYN_RETURN_IF_ERROR(WriteOutNumbered(model, code.equations_text, code.equations));
  for (const Equation& equation : code.equations) {
    BNSYN_RETURN_IF_ERROR(
        CheckNewName(equation.name, "a variable", code.equations_text, equation.name_range, names));
    for (size_t f = 0; f < equation.flags.size(); ++f) {
      BNSYN_RETURN_IF_ERROR(CheckFlag(code, equation, f, has_refractory));
    }
  }
  BNSYN_RETURN_IF_ERROR(CheckNoCycles(code));
  BNSYN_ASSIGN_OR_RETURN(code.update, ParseStatements(code.update_text));
  BNSYN_RETURN_IF_ERROR(WriteOutNumbered(model, code.update_text, code.update));
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
absl::Status ParseEvents(const Model& model, TakenNames& names, ModelCode& code) {
  for (const Model::NamedEvent& event : model.events) {
    ir::SourceText place = event.place;
    if (place.text.empty()) place.text = event.name;
    if (code.events.size() == kMostEvents) {
      return ErrorIn(place, absl::StrCat("a model has at most ", kMostEvents, " kinds of event"));
    }
    if (event.name == "spike") {
      return ErrorIn(place, "'spike' is the event of the threshold, and needs no other condition",
                     "threshold = \"...\" says when, and reset = \"...\" what it does");
    }
    BNSYN_RETURN_IF_ERROR(CheckNewName(event.name, "an event", place, Whole(place), names));
    EventCode& parsed = code.events.emplace_back();
    parsed.name = event.name;
    parsed.condition_text = event.condition;
    parsed.code_text = event.code;
    BNSYN_ASSIGN_OR_RETURN(parsed.condition, ParseExpression(parsed.condition_text));
    BNSYN_RETURN_IF_ERROR(WriteOutNumbered(model, parsed.condition_text, parsed.condition));
    BNSYN_ASSIGN_OR_RETURN(parsed.code, ParseStatements(parsed.code_text));
    BNSYN_RETURN_IF_ERROR(WriteOutNumbered(model, parsed.code_text, parsed.code));
  }
  return absl::OkStatus();
}

absl::Status ParseMultiplicity(const Model& model, ModelCode& code) {
  if (Blank(model.multiplicity)) return absl::OkStatus();
  code.multiplicity_text = model.multiplicity;
  if (!code.threshold.has_value()) {
    return ErrorIn(model.multiplicity,
                   absl::StrCat("model '", model.name, "' has a multiplicity but no threshold"),
                   "the threshold says whether a neuron spikes, and the multiplicity how often");
  }
  constexpr uint64_t kMost = 1 << 20;
  if (model.most_spikes < 1 || model.most_spikes > kMost) {
    return ErrorIn(model.multiplicity,
                   absl::StrCat("a neuron may have from 1 to ", kMost,
                                " spikes in a step, so most_spikes cannot be ", model.most_spikes));
  }
  code.most_spikes = model.most_spikes;
  BNSYN_ASSIGN_OR_RETURN(code.multiplicity, ParseExpression(code.multiplicity_text));
  return absl::OkStatus();
}

absl::Status ParseModel(const Model& model, ModelCode& code) {
  TakenNames names;
  for (const auto& [name, value] : model.parameters) {
    const ir::SourceText place = NamePlace(value, absl::StrCat(model.name, ".", name));
    BNSYN_RETURN_IF_ERROR(CheckNewName(name, "a parameter", place, Whole(place), names));
  }
  BNSYN_RETURN_IF_ERROR(ParseCode(model, names, code));
  BNSYN_RETURN_IF_ERROR(ParseEvents(model, names, code));
  code.threshold_text = model.threshold;
  code.reset_text = model.reset;
  code.integration = model.integration;
  if (!Blank(model.threshold)) {
    BNSYN_ASSIGN_OR_RETURN(code.threshold, ParseExpression(code.threshold_text));
    BNSYN_RETURN_IF_ERROR(WriteOutNumbered(model, code.threshold_text, *code.threshold));
  } else if (!Blank(model.reset)) {
    return ErrorIn(code.reset_text,
                   absl::StrCat("model '", model.name, "' has a reset but no threshold"),
                   "give it a threshold, as in threshold = \"V > V_th\"");
  } else if (model.refractory.has_value()) {
    return ErrorIn(TextOf(*model.refractory, absl::StrCat(model.name, ".refractory")),
                   absl::StrCat("model '", model.name, "' has a refractory time but no threshold"));
  }
  BNSYN_RETURN_IF_ERROR(ParseMultiplicity(model, code));
  BNSYN_ASSIGN_OR_RETURN(code.reset, ParseStatements(code.reset_text));
  BNSYN_RETURN_IF_ERROR(WriteOutNumbered(model, code.reset_text, code.reset));
  BNSYN_RETURN_IF_ERROR(CheckIntegration(absl::StrCat("model '", model.name, "'"),
                                         model.integration, code.equations));
  return absl::OkStatus();
}

}  // namespace

namespace {

// Rounding keeps the order of numbers, so that what is within bounds stays so as f32.
double AsBound(const ir::State& state, double bound) {
  if (state.type.element != ir::Element::kF32) return bound;
  constexpr double kMost = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(bound, -kMost, kMost));
}

}  // namespace

absl::Status DeclareBounds(const std::vector<Model::Bound>& bounds, absl::string_view owner,
                           absl::string_view name, const Section& section, ProgramBuilder& out) {
  for (const Model::Bound& bound : bounds) {
    const std::string what = absl::StrCat(name, ".bounds.", bound.variable);
    const Variable* variable = section.FindVariable(bound.variable);
    if (variable == nullptr || !variable->state.has_value() || variable->equation->boolean) {
      return ErrorIn(NamePlace(bound.lower, what),
                     absl::StrCat(owner, " has no variable '", bound.variable, "' to bound",
                                  ir::DidYouMean(bound.variable, section.VariableNames())));
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity lower,
                           Evaluate(bound.lower, section.constants, variable->dimension(), what));
    BNSYN_ASSIGN_OR_RETURN(const Quantity upper,
                           Evaluate(bound.upper, section.constants, variable->dimension(), what));
    if (!(lower.value < upper.value)) {
      return ErrorIn(TextOf(bound.upper, what), absl::StrCat("the upper bound of '", bound.variable,
                                                             "' must be above the lower one"));
    }
    constexpr double kExact = 0x1p53;
    if (variable->equation->integer && std::max(-lower.value, upper.value) > kExact) {
      return ErrorIn(TextOf(bound.upper, what),
                     absl::StrCat("the bounds of the integer '", bound.variable,
                                  "' must be within -2^53 to 2^53"));
    }
    ir::State& state = out.program.states[*variable->state];
    state.lower = AsBound(state, lower.value);
    state.upper = AsBound(state, upper.value);
  }
  return absl::OkStatus();
}

namespace {

absl::StatusOr<uint32_t> PopulationSize(const std::vector<Constant>& constants,
                                        const Network::PopulationDescription& population) {
  const std::string what = absl::StrCat("the size of ", population.name);
  BNSYN_ASSIGN_OR_RETURN(const Quantity size,
                         Evaluate(population.size, constants, Dimension{}, what));
  const ir::SourceText text = TextOf(population.size, what);
  const double nearest = std::nearbyint(size.value);
  if (size.value <= 0) {
    return ErrorIn(text, absl::StrCat(what, " must be at least 1, not ", size.value));
  }
  // 0.8*N is a whole number up to rounding.
  if (std::fabs(size.value - nearest) > 1e-9 * nearest || nearest < 1) {
    return ErrorIn(text, absl::StrCat(what, " must be a whole number, not ", size.value));
  }
  if (nearest > kLargestSize) {
    return ErrorIn(text, absl::StrCat(what, " is too large: at most 4294967232 neurons"));
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

absl::Status ParseModels(Declarations& declared) {
  TakenNames names;
  for (const Model& model : declared.network.models) {
    const ir::SourceText place =
        model.place.name.empty() ? ir::SourceText{"network", model.name, 1, 1} : model.place;
    // A model with numbered names is there once more for each population that has it.
    const bool again = !model.numbered.empty() && names.contains(model.name);
    if (!again) {
      BNSYN_RETURN_IF_ERROR(CheckNewName(model.name, "a model", place, Whole(place), names));
    }
    BNSYN_RETURN_IF_ERROR(ParseModel(model, declared.models.emplace_back()));
  }
  return absl::OkStatus();
}

absl::Status DeclareParameters(const Declarations& declared, const Settings& values,
                               const Settings& overrides, const std::vector<std::string>& tunable,
                               const ir::SourceText& place, Section& section, ProgramBuilder& out) {
  std::vector<std::string> known;
  for (const auto& [name, value] : values) known.push_back(name);
  const auto check_known = [&](const std::string& name, const ir::SourceText& at) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return absl::OkStatus();
    return ErrorIn(
        at, absl::StrCat("there is no parameter '", name, "'", ir::DidYouMean(name, known)),
        known.empty() ? "" : absl::StrCat("parameters are ", absl::StrJoin(known, ", ")));
  };
  std::set<std::string> overridden;
  for (const auto& [name, value] : overrides) {
    const ir::SourceText at = NamePlace(value, absl::StrCat(section.prefix, name));
    BNSYN_RETURN_IF_ERROR(check_known(name, at));
    if (!overridden.insert(name).second) {
      return ErrorIn(at, absl::StrCat("'", name, "' is given twice"));
    }
  }
  for (const std::string& name : tunable) BNSYN_RETURN_IF_ERROR(check_known(name, place));

  section.constants = declared.constants;
  for (const auto& [name, value] : values) {
    const std::string what = absl::StrCat(section.prefix, name);
    BNSYN_ASSIGN_OR_RETURN(Quantity quantity, Evaluate(value, section.constants, what));
    Parameter parameter;
    const Setting* given = &value;
    for (const auto& [other, replacement] : overrides) {
      if (other != name) continue;
      BNSYN_ASSIGN_OR_RETURN(quantity,
                             Evaluate(replacement, section.constants, quantity.dimension, what));
      given = &replacement;
    }
    parameter.place = TextOf(*given, what);
    parameter.name = name;
    parameter.value = quantity;
    parameter.tunable = std::find(tunable.begin(), tunable.end(), name) != tunable.end();
    // A parameter hides a constant of its name.
    std::erase_if(section.constants, [&name = name](const Constant& c) { return c.name == name; });
    if (!given->changes().empty()) {
      if (parameter.tunable) {
        return ErrorIn(NamePlace(*given, what),
                       absl::StrCat("'", name, "' changes at given times, so it cannot be tunable"),
                       "the host changes a tunable parameter whenever it likes: leave out its "
                       "changes, or the parameter under tunable");
      }
      BNSYN_ASSIGN_OR_RETURN(parameter.course,
                             DeclareCourse(declared, *given, quantity, what, out.program));
      section.parameters.push_back(std::move(parameter));
      continue;
    }
    parameter.id = static_cast<ir::ParamId>(out.program.params.size());
    ir::Param param;
    param.name = what;
    param.value = ir::BitsOfF64(quantity.value);
    param.tunable = parameter.tunable;
    param.unit = DisplayUnit(quantity.dimension);
    out.program.params.push_back(std::move(param));
    section.parameters.push_back(std::move(parameter));
    section.constants.push_back({name, quantity});
  }
  return absl::OkStatus();
}

void DeclareVariables(Section& section, ProgramBuilder& out) {
  for (const Equation& equation : section.code->equations) {
    if (equation.kind == EquationKind::kExpression) continue;
    Variable variable;
    variable.equation = &equation;
    if (!variable.Is("input")) {
      variable.state = out.AddState(
          absl::StrCat(section.prefix, equation.name, variable.Is(kLinked) ? ".linked" : ""),
          {equation.boolean        ? ir::Element::kBool
           : equation.integer      ? ir::Element::kI64
           : equation.Is(kFloat32) ? ir::Element::kF32
                                   : ir::Element::kF64,
           variable.Is("shared") ? ir::DomainId::kNetwork : section.domain},
          equation.unit.dimension);
      out.program.states[*variable.state].temporary = variable.Is(kLinked);
    }
    section.variables.push_back(std::move(variable));
  }
}

TakenNames NamesOfNetwork(const Declarations& declared) {
  TakenNames names = {{"network", "the network as a whole"}};
  const ModelCode& code = declared.uniform_code;
  for (const Equation& equation : code.equations) {
    names.try_emplace(equation.name, HolderOf("a variable of [uniform]", code.equations_text,
                                              equation.name_range));
  }
  for (const auto& [name, value] : declared.network.uniform.parameters) {
    const ir::SourceText place = NamePlace(value, name);
    names.try_emplace(name, HolderOf("a parameter of [uniform]", place, Whole(place)));
  }
  return names;
}

TakenNames NamesOfPopulations(const Declarations& declared) {
  TakenNames names = NamesOfNetwork(declared);
  for (const Network::PopulationDescription& population : declared.network.populations) {
    names.try_emplace(population.name,
                      HolderOf("a population", population.place, Whole(population.place)));
  }
  return names;
}

TakenNames NamesOfNeurons(const Declarations& declared) {
  TakenNames names = NamesOfPopulations(declared);
  for (const Network::GroupDescription& group : declared.network.groups) {
    names.try_emplace(group.name, HolderOf("a group", group.place, Whole(group.place)));
  }
  return names;
}

namespace {

// What a population or the network level requires of its parameters; `own` are those that replace
// values of the model.
absl::Status CheckRequirementsOf(const Section& section,
                                 const std::vector<Model::Requirement>& requirements,
                                 absl::string_view owner, const Settings& own,
                                 const std::vector<Constant>& constants, ProgramBuilder& out) {
  std::vector<RequiredValue> values;
  for (const Parameter& parameter : section.parameters) {
    const bool is_own =
        absl::c_any_of(own, [&](const auto& given) { return given.first == parameter.name; });
    values.push_back({parameter.name, parameter.value, parameter.place, is_own, parameter.course,
                      parameter.tunable ? out.program.params[parameter.id].name : ""});
  }
  return CheckRequirements(requirements, owner, values, constants, out);
}

void DeclareMultiplicity(Section& section, ProgramBuilder& out) {
  if (!section.code->multiplicity.has_value()) return;
  section.multiplicity =
      out.AddState(UnusedName(out.program, absl::StrCat(section.prefix, "multiplicity")),
                   {ir::Element::kI64, section.domain});
  ir::State& state = out.program.states[*section.multiplicity];
  state.lower = 0;
  state.upper = static_cast<double>(section.code->most_spikes);
  state.repeats = section.population;
  out.program.populations[*section.population].repeats = true;
}

}  // namespace

absl::Status DeclarePopulations(Declarations& declared, ProgramBuilder& out) {
  TakenNames names = NamesOfNetwork(declared);
  for (const Network::PopulationDescription& population : declared.network.populations) {
    BNSYN_RETURN_IF_ERROR(CheckNewName(population.name, "a population", population.place,
                                       Whole(population.place), names));
    if (population.model >= declared.models.size()) {
      return ErrorIn(population.place, absl::StrCat("the model of population '", population.name,
                                                    "' is not of this network"));
    }
    const Model& model = declared.network.models[population.model];
    Section section;
    section.name = population.name;
    section.prefix = absl::StrCat(population.name, ".");
    section.stream_owner = population.name;
    section.code = &declared.models[population.model];
    BNSYN_ASSIGN_OR_RETURN(section.size, PopulationSize(declared.constants, population));
    section.population = out.program.AddPopulation(population.name, section.size);
    section.domain = out.program.populations[*section.population].domain;
    BNSYN_RETURN_IF_ERROR(DeclareParameters(declared, model.parameters, population.parameters,
                                            model.tunable, model.place, section, out));
    BNSYN_RETURN_IF_ERROR(CheckRequirementsOf(
        section, model.requirements, absl::StrCat("the model '", model.name, "'"),
        population.parameters, declared.constants, out));
    DeclareVariables(section, out);
    BNSYN_RETURN_IF_ERROR(DeclareBounds(model.bounds, absl::StrCat("model '", model.name, "'"),
                                        model.name, section, out));
    BNSYN_RETURN_IF_ERROR(DeclareRefractory(declared, model, section, out));
    DeclareMultiplicity(section, out);
    BNSYN_RETURN_IF_ERROR(
        DeclareClocks(model.clocks, population.clocks, declared.network.options.dt, section));
    declared.sections.push_back(std::move(section));
  }
  if (declared.sections.empty()) {
    const std::string message =
        absl::StrCat("network '", declared.network.options.name, "' has no populations");
    if (declared.network.models.empty()) return absl::InvalidArgumentError(message);
    const Model& model = declared.network.models.front();
    return ErrorIn(model.place, message,
                   absl::StrCat("a population of this model is written [populations.NAME], model = "
                                "\"",
                                model.name, "\", size = 100"));
  }
  // After all populations, so that these are numbered as in the file.
  for (Section& section : declared.sections) {
    for (const EventCode& event : section.code->events) {
      section.events.push_back(
          out.program.AddEventPopulation(absl::StrCat(section.prefix, event.name), section.domain));
    }
  }
  return absl::OkStatus();
}

absl::Status DeclareUniform(Declarations& declared, ProgramBuilder& out) {
  const Network::UniformDescription& uniform = declared.network.uniform;
  TakenNames names = {{"network", "the network as a whole"}};
  for (const auto& [name, value] : uniform.parameters) {
    const ir::SourceText place = NamePlace(value, name);
    BNSYN_RETURN_IF_ERROR(CheckNewName(name, "a parameter", place, Whole(place), names));
  }
  Model code("uniform");
  code.equations = uniform.equations;
  code.update = uniform.update;
  BNSYN_RETURN_IF_ERROR(ParseCode(code, names, declared.uniform_code));
  for (const Equation& equation : declared.uniform_code.equations) {
    for (size_t f = 0; f < equation.flags.size(); ++f) {
      if (equation.flags[f] != "input" && equation.flags[f] != "shared" &&
          equation.flags[f] != kFloat32) {
        continue;
      }
      return ir::ErrorAt(uniform.equations, equation.flag_ranges[f],
                         equation.flags[f] == "input"
                             ? "only populations have inputs"
                             : "there is one value of everything at the network level: leave the "
                               "flag out");
    }
  }
  Section& section = declared.uniform;
  section.name = "uniform";
  section.stream_owner = "network";
  section.code = &declared.uniform_code;
  BNSYN_RETURN_IF_ERROR(DeclareParameters(declared, uniform.parameters, {}, uniform.tunable,
                                          {"network", "uniform", 1, 1}, section, out));
  BNSYN_RETURN_IF_ERROR(CheckRequirementsOf(section, uniform.requirements, "[uniform]", {},
                                            declared.constants, out));
  DeclareVariables(section, out);
  BNSYN_RETURN_IF_ERROR(DeclareClocks(uniform.clocks, {}, declared.network.options.dt, section));
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
