// Parses the code of models, and checks what can be checked without values.
#include "compiler/lowering/declare.h"

#include <set>
#include <unordered_map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/equations/integration_plan.h"
#include "compiler/lowering/numbered.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Levels of an expression, with those of the equations x = ... that it reads.
constexpr int kMostLevels = 1000;

// Each is a branch of one kernel; what LLVM takes for them grows with the square of their number.
constexpr size_t kMostEvents = 256;

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

namespace {

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

}  // namespace bnsyn::compiler
