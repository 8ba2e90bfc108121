// Stimuli: what reaches neurons from outside. Events are in events.cc, currents in
// current.cc; here is what both have.
#include "compiler/lowering/stimulus.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/neurons.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// The neurons that a stimulus goes to, none of them twice.
absl::StatusOr<std::vector<NeuronSet>> TargetsOf(const Declarations& declared,
                                                 const Stimulus& stimulus) {
  std::vector<NeuronSet> targets;
  for (const Neurons& neurons : stimulus.targets) {
    BNSYN_ASSIGN_OR_RETURN(NeuronSet target, FindNeurons(declared, neurons, stimulus.place));
    for (const NeuronSet& other : targets) {
      if (other.section != target.section ||
          ir::CountCommon(other.numbers(), target.numbers()) == 0) {
        continue;
      }
      return StimulusError(
          stimulus,
          absl::StrCat("has the target '", declared.sections[target.section].name, "' twice"),
          target.selected.all() ? "" : "its parts must have no neuron in common");
    }
    targets.push_back(std::move(target));
  }
  if (targets.empty()) {
    return StimulusError(stimulus, "has no target", "name a population: target = \"exc\"");
  }
  return targets;
}

// Stimuli may have the names of projections, but not those of populations.
absl::Status CheckName(const Stimulus& stimulus, TakenNames& names) {
  const ir::SourceText& place = stimulus.place;
  BNSYN_RETURN_IF_ERROR(CheckIdentifier(stimulus.name, "a stimulus", place, Whole(place)));
  return TakeName(stimulus.name, "a stimulus", place, Whole(place),
                  "stimuli, populations and what [uniform] declares share one set of names", names);
}

// What a stimulus keeps at a population is named after both, beside the population's variables.
absl::Status CheckNameAt(const StimulusAt& at, const Section& section) {
  if (section.code->Find(at.name) == nullptr && section.FindParameter(at.name) == nullptr &&
      at.name != "refractory") {
    return absl::OkStatus();
  }
  return StimulusError(
      at.stimulus, absl::StrCat("has the name of a variable or parameter of '", section.name, "'"),
      "give it another name");
}

// The name of the table of the numbers of its neurons, should there be one.
std::string NumbersName(const StimulusAt& at, const Section& section) {
  return absl::StrCat(section.prefix, at.name, ".neurons");
}

absl::Status CheckAction(const Stimulus& stimulus) {
  const bool current = BringsCurrent(stimulus);
  if (current ? !stimulus.on_event.text.empty() : !stimulus.variable.text.empty()) {
    return StimulusError(stimulus,
                         current ? "has on_event code, but brings a current and no events"
                                 : "has a variable, but brings events and no current",
                         current ? "it adds to its variable in every step"
                                 : "say what an event does: on_event = \"g_ampa += w\"");
  }
  if (!current && stimulus.on_event.text.empty()) {
    return StimulusError(stimulus, "has no on_event code",
                         "say what an event does: on_event = \"g_ampa += w\"");
  }
  if (current && stimulus.variable.text.empty()) {
    return StimulusError(stimulus, "has no variable to add to",
                         "name an (input) of the model: variable = \"I_ext\"");
  }
  return absl::OkStatus();
}

absl::Status DeclareTimes(const Declarations& declared, StimulusAt& at) {
  const Stimulus& stimulus = at.stimulus;
  const Quantity dt = declared.network.options.dt;
  if (stimulus.start.has_value()) {
    BNSYN_ASSIGN_OR_RETURN(at.start, EvaluateSteps(*stimulus.start, declared.constants, dt,
                                                   absl::StrCat("the start of ", stimulus.name)));
  }
  if (stimulus.every.has_value()) {
    const std::string interval = absl::StrCat("the interval of ", stimulus.name);
    BNSYN_ASSIGN_OR_RETURN(at.every,
                           EvaluateSteps(*stimulus.every, declared.constants, dt, interval));
    if (at.every == 0) {
      return ErrorIn(TextOf(*stimulus.every, interval),
                     absl::StrCat(interval, " must be at least one step"));
    }
  }
  if (!stimulus.stop.has_value()) return absl::OkStatus();
  const std::string what = absl::StrCat("the stop of ", stimulus.name);
  BNSYN_ASSIGN_OR_RETURN(at.stop, EvaluateSteps(*stimulus.stop, declared.constants, dt, what));
  if (*at.stop > at.start.value_or(0)) return absl::OkStatus();
  return ErrorIn(TextOf(*stimulus.stop, what), absl::StrCat(what, " is not after its start"),
                 "it comes from start on until before stop");
}

}  // namespace

bool StimulusReads(const StimulusAt& at, const ModelCode& code, absl::string_view name) {
  const Stimulus& stimulus = at.stimulus;
  for (const Setting* setting :
       {&stimulus.rate, &stimulus.value, &stimulus.mean, &stimulus.sigma, &stimulus.tau}) {
    if (!setting->is_text()) continue;
    const absl::StatusOr<Expr> expr = ParseExpression(setting->text());
    if (expr.ok() && ReadsName(*expr, code, name)) return true;
  }
  return absl::c_any_of(at.on_event,
                        [&](const Statement& s) { return ReadsName(s.value, code, name); });
}

bool BringsCurrent(const Stimulus& stimulus) {
  switch (stimulus.kind) {
    case StimulusKind::kPoisson:
    case StimulusKind::kBernoulli:
    case StimulusKind::kFile:
    case StimulusKind::kSpikes:
      return false;
    case StimulusKind::kHost:
      return stimulus.on_event.text.empty();
    case StimulusKind::kCurrent:
    case StimulusKind::kOrnsteinUhlenbeck:
      return true;
  }
  return false;
}

absl::Status StimulusError(const Stimulus& stimulus, absl::string_view message,
                           absl::string_view note) {
  return ErrorIn(stimulus.place,
                 absl::StrCat("stimulus '", stimulus.name, "' ", std::string(message)), note);
}

std::optional<Quantity> KnownSetting(const Setting& setting, const Section& section) {
  if (!setting.is_text()) return setting.quantity();
  absl::StatusOr<Quantity> known = EvaluateConstant(setting.text(), section.constants);
  return known.ok() ? std::optional<Quantity>(*known) : std::nullopt;
}

absl::StatusOr<ir::Value> EmitSetting(const Setting& setting, const Dimension& dimension,
                                      const std::string& what, CodeScope& scope) {
  const ir::SourceText text = TextOf(setting, what);
  if (!setting.is_text()) {
    BNSYN_ASSIGN_OR_RETURN(const Quantity value, Evaluate(setting, {}, dimension, what));
    return scope.builder().F64(value.value);
  }
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(text));
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitFloat(expr, text, scope));
  if (scope.builder().type(value.value).element != ir::Element::kF64) {
    return ir::ErrorAt(text, expr.range, absl::StrCat(what, " is a number, but this is a boolean"),
                       "int(...) makes 0 or 1 of it");
  }
  BNSYN_RETURN_IF_ERROR(ExpectDimension(value, dimension, what, text, expr.range));
  return value.value;
}

void BindNumbers(const StimulusAt& at, CodeScope& scope) {
  if (at.neurons.selected.all()) return;
  const ModelCode& code = *scope.section().code;
  if (!StimulusReads(at, code, "i") && !StimulusReads(at, code, "N")) return;
  BindNumbers(at.neurons, NumbersName(at, scope.section()), scope);
}

ir::Value EmitSelected(const StimulusAt& at, CodeScope& scope) {
  if (at.neurons.selected.all()) return {};
  const ir::Value index =
      scope.builder().Emit(ir::Op::kIndex, {ir::Element::kU32, scope.domain()}, {});
  return EmitIsSelected(at.neurons, NumbersName(at, scope.section()), index, scope.ChangeProgram(),
                        scope.builder());
}

ir::Value EmitActive(const StimulusAt& at, CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  const auto compare = [&](ir::Op op, uint64_t bound) {
    const ir::Value step =
        builder.Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
    return builder.Emit(op, {step, builder.Literal(ir::Element::kU64, bound)});
  };
  ir::Value inside;
  const auto meet = [&](ir::Value condition) {
    inside = inside.valid() ? builder.Emit(ir::Op::kAnd, {inside, condition}) : condition;
  };
  if (at.start.has_value()) meet(compare(ir::Op::kGe, *at.start));
  if (at.stop.has_value()) meet(compare(ir::Op::kLt, *at.stop));
  if (const ir::Value selected = EmitSelected(at, scope); selected.valid()) meet(selected);
  return inside;
}

absl::Status DeclareStimuli(Declarations& declared, ProgramBuilder& out) {
  TakenNames names = NamesOfNeurons(declared);
  for (const Stimulus& stimulus : declared.network.stimuli) {
    BNSYN_RETURN_IF_ERROR(CheckName(stimulus, names));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<NeuronSet> targets, TargetsOf(declared, stimulus));
    BNSYN_RETURN_IF_ERROR(CheckAction(stimulus));
    std::map<size_t, int> parts;  // of a population, so far
    for (const NeuronSet& target : targets) {
      if (stimulus.kind == StimulusKind::kHost && !target.selected.all()) {
        return StimulusError(stimulus, "is given by the host, so its target is a whole population",
                             "the host says which neurons receive it");
      }
      const int part = ++parts[target.section];
      StimulusAt& at = declared.stimuli.emplace_back(
          StimulusAt{stimulus, target.section, target,
                     part == 1 ? stimulus.name : absl::StrCat(stimulus.name, "_", part)});
      BNSYN_RETURN_IF_ERROR(CheckNameAt(at, declared.sections[target.section]));
      BNSYN_RETURN_IF_ERROR(DeclareTimes(declared, at));
      BNSYN_RETURN_IF_ERROR(BringsCurrent(stimulus) ? DeclareCurrent(declared, at, out)
                                                    : DeclareEvents(declared, at, out));
      if (!target.selected.all() &&
          StimulusReads(at, *declared.sections[target.section].code, "N")) {
        BNSYN_RETURN_IF_ERROR(CheckSizeName(declared, target, stimulus.place));
      }
    }
  }
  return absl::OkStatus();
}

std::vector<size_t> StimuliOf(const Declarations& declared, size_t section) {
  const std::vector<StimulusAt>& stimuli = declared.stimuli;
  std::vector<size_t> indices;
  for (size_t s = 0; s < stimuli.size(); ++s) {
    if (stimuli[s].section == section) indices.push_back(s);
  }
  std::stable_sort(indices.begin(), indices.end(), [&](size_t a, size_t b) {
    return stimuli[a].stimulus.name < stimuli[b].stimulus.name;
  });
  return indices;
}

absl::Status EmitStimuli(const Declarations& declared, size_t index, bool after_arrivals,
                         CodeScope& scope) {
  for (const size_t s : StimuliOf(declared, index)) {
    const StimulusAt& at = declared.stimuli[s];
    if (at.after_arrivals != after_arrivals) continue;
    scope.EnterCode("stimulus", at.stimulus.name);
    BindNumbers(at, scope);
    BNSYN_RETURN_IF_ERROR(BringsCurrent(at.stimulus) ? EmitCurrent(at, scope)
                                                     : EmitEvents(at, scope));
    scope.Change().bound.clear();
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
