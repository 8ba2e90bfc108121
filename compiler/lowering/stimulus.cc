// Stimuli: what reaches neurons from outside. Events are in events.cc, currents in
// current.cc; here is what both have.
#include "compiler/lowering/stimulus.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// The populations a stimulus goes to, as indices of sections.
absl::StatusOr<std::vector<size_t>> TargetsOf(const Lowering& lowering, const Stimulus& stimulus) {
  std::vector<std::string> known;
  for (const Section& section : lowering.sections) known.push_back(section.name);
  std::vector<size_t> targets;
  for (const std::string& name : stimulus.targets) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      return StimulusError(stimulus,
                           absl::StrCat("has the target '", name, "', which is no population",
                                        ir::DidYouMean(name, known)));
    }
    const auto target = static_cast<size_t>(found - known.begin());
    if (std::find(targets.begin(), targets.end(), target) != targets.end()) {
      return StimulusError(stimulus, absl::StrCat("has the target '", name, "' twice"));
    }
    targets.push_back(target);
  }
  if (targets.empty()) {
    return StimulusError(stimulus, "has no target", "name a population: target = \"exc\"");
  }
  return targets;
}

absl::Status CheckName(const Lowering& lowering, const Stimulus& stimulus,
                       std::set<std::string>& names) {
  const ir::SourceText& place = stimulus.place;
  if (!IsIdentifier(stimulus.name)) {
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("'", stimulus.name, "' cannot name a stimulus"),
                       "a name is letters, digits and '_', and does not begin with a digit");
  }
  if (!names.insert(stimulus.name).second) {
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("'", stimulus.name, "' is the name of two stimuli"));
  }
  const auto taken = [&](const auto& other) { return other.name == stimulus.name; };
  const Network& network = lowering.network;
  if (std::any_of(network.populations.begin(), network.populations.end(), taken) ||
      std::any_of(network.projections.begin(), network.projections.end(), taken) ||
      lowering.uniform.FindVariable(stimulus.name) != nullptr ||
      lowering.uniform.FindParameter(stimulus.name) != nullptr) {
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("the name '", stimulus.name, "' is used twice"),
                       "stimuli, populations, projections and what [uniform] declares share one "
                       "set of names");
  }
  return absl::OkStatus();
}

// What a stimulus keeps at a population is named after both, beside the population's variables.
absl::Status CheckNameAt(const Stimulus& stimulus, const Section& section) {
  if (section.code->Find(stimulus.name) == nullptr &&
      section.FindParameter(stimulus.name) == nullptr && stimulus.name != "refractory") {
    return absl::OkStatus();
  }
  return StimulusError(
      stimulus, absl::StrCat("has the name of a variable or parameter of '", section.name, "'"),
      "give it another name");
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

// The steps between which a stimulus comes.
struct Window {
  std::optional<uint64_t> start;
  std::optional<uint64_t> stop;
};
absl::StatusOr<Window> WindowOf(const Lowering& lowering, const Stimulus& stimulus) {
  Window window;
  const Quantity dt = lowering.network.options.dt;
  if (stimulus.start.has_value()) {
    BNSYN_ASSIGN_OR_RETURN(window.start,
                           EvaluateSteps(*stimulus.start, lowering.constants, dt,
                                         absl::StrCat("the start of ", stimulus.name)));
  }
  if (stimulus.stop.has_value()) {
    const std::string what = absl::StrCat("the stop of ", stimulus.name);
    BNSYN_ASSIGN_OR_RETURN(window.stop,
                           EvaluateSteps(*stimulus.stop, lowering.constants, dt, what));
    if (*window.stop <= window.start.value_or(0)) {
      const ir::SourceText text = TextOf(*stimulus.stop, what);
      return ir::ErrorAt(text, Whole(text), absl::StrCat(what, " is not after its start"),
                         "it comes from start on until before stop");
    }
  }
  return window;
}

}  // namespace

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
  return ir::ErrorAt(stimulus.place, Whole(stimulus.place),
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
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(expr, text, scope));
  if (scope.builder().type(value.value).element != ir::Element::kF64) {
    return ir::ErrorAt(text, expr.range, absl::StrCat(what, " is a number, but this is a boolean"),
                       "int(...) makes 0 or 1 of it");
  }
  BNSYN_RETURN_IF_ERROR(ExpectDimension(value, dimension, what, text, expr.range));
  return value.value;
}

absl::StatusOr<ir::Value> EmitWindow(const Lowering& lowering, const Stimulus& stimulus,
                                     ir::Builder& builder) {
  BNSYN_ASSIGN_OR_RETURN(const Window window, WindowOf(lowering, stimulus));
  const auto compare = [&](ir::Op op, uint64_t bound) {
    const ir::Value step =
        builder.Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
    return builder.Emit(op, {step, builder.Literal(ir::Element::kU64, bound)});
  };
  ir::Value inside;
  if (window.start.has_value()) inside = compare(ir::Op::kGe, *window.start);
  if (!window.stop.has_value()) return inside;
  const ir::Value before = compare(ir::Op::kLt, *window.stop);
  return inside.valid() ? builder.Emit(ir::Op::kAnd, {inside, before}) : before;
}

ir::StateId AddStimulusState(Lowering& lowering, std::string name, ir::DomainId domain,
                             const Dimension& dimension) {
  ir::State state;
  state.name = std::move(name);
  state.type = {ir::Element::kF64, domain};
  state.unit = DisplayUnit(dimension);
  lowering.program.states.push_back(std::move(state));
  return static_cast<ir::StateId>(lowering.program.states.size() - 1);
}

absl::Status DeclareStimuli(Lowering& lowering) {
  std::set<std::string> names;
  const std::vector<Stimulus>& stimuli = lowering.network.stimuli;
  for (size_t s = 0; s < stimuli.size(); ++s) {
    const Stimulus& stimulus = stimuli[s];
    BNSYN_RETURN_IF_ERROR(CheckName(lowering, stimulus, names));
    BNSYN_ASSIGN_OR_RETURN(const std::vector<size_t> targets, TargetsOf(lowering, stimulus));
    BNSYN_RETURN_IF_ERROR(CheckAction(stimulus));
    BNSYN_RETURN_IF_ERROR(WindowOf(lowering, stimulus).status());
    for (const size_t target : targets) {
      BNSYN_RETURN_IF_ERROR(CheckNameAt(stimulus, lowering.sections[target]));
      const StimulusAt at = {stimulus, s, target};
      BNSYN_RETURN_IF_ERROR(BringsCurrent(stimulus) ? DeclareCurrent(lowering, at)
                                                    : DeclareEvents(lowering, at));
    }
  }
  return absl::OkStatus();
}

absl::Status LowerStimuli(Lowering& lowering, size_t index, CodeScope& scope) {
  const std::vector<Stimulus>& stimuli = lowering.network.stimuli;
  // By name, since floats are added in this order: the order of declaration means nothing.
  std::vector<size_t> order(stimuli.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return stimuli[a].name < stimuli[b].name; });
  for (const size_t s : order) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<size_t> targets, TargetsOf(lowering, stimuli[s]));
    if (std::find(targets.begin(), targets.end(), index) == targets.end()) continue;
    scope.EnterCode("stimulus", stimuli[s].name);
    const StimulusAt at = {stimuli[s], s, index};
    BNSYN_RETURN_IF_ERROR(BringsCurrent(stimuli[s]) ? LowerCurrent(lowering, at, scope)
                                                    : LowerEvents(lowering, at, scope));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
