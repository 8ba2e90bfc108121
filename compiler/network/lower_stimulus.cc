// Stimuli: events from outside, drawn anew in every step or read from a file.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/network/integrate_linear.h"
#include "compiler/network/lower.h"
#include "compiler/network/lower_scope.h"
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
      return ir::ErrorAt(stimulus.place, Whole(stimulus.place),
                         absl::StrCat("stimulus '", stimulus.name, "' has the target '", name,
                                      "', which is no population", ir::DidYouMean(name, known)));
    }
    targets.push_back(static_cast<size_t>(found - known.begin()));
  }
  return targets;
}

// Adding something proportional to w leaves a variable as it is where w is 0: then nothing has to
// be chosen between neurons with and without events.
bool ProportionalToWeight(const Statement& statement) {
  if (statement.op != '+' && statement.op != '-') return false;
  // Equations do not see the w of the event.
  const auto no_definitions = [](absl::string_view) -> const Expr* { return nullptr; };
  const std::optional<LinearForm> form = AsLinear(statement.value, "w", no_definitions);
  return form.has_value() && form->proportional.has_value() && !form->rest.has_value();
}

struct Events {
  ir::Value number;  // of events, f64
  ir::Value any;     // where there are some, bool
};

// rate*dt for one step, checked where it is known.
absl::StatusOr<ir::Value> EmitRate(Lowering& lowering, const Stimulus& stimulus, CodeScope& scope) {
  const std::string what = absl::StrCat("the rate of ", stimulus.name);
  const ir::SourceText text = TextOf(stimulus.rate, what);
  const double dt = lowering.network.options.dt.value;
  ir::Builder& builder = scope.builder();

  TypedValue rate;
  if (stimulus.rate.is_text()) {
    BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(text));
    BNSYN_ASSIGN_OR_RETURN(rate, EmitExpression(expr, text, scope));
    BNSYN_RETURN_IF_ERROR(ExpectDimension(rate, dimension::kFrequency, what, text, expr.range));
  } else {
    if (stimulus.rate.quantity().dimension != dimension::kFrequency) {
      return ir::ErrorAt(text, Whole(text), absl::StrCat(what, " must be a frequency"),
                         "as in 2000 Hz");
    }
    rate.value = builder.F64(stimulus.rate.quantity().value);
  }
  const bool poisson = stimulus.kind == StimulusKind::kPoisson;
  const absl::StatusOr<Quantity> known = stimulus.rate.is_text()
                                             ? EvaluateConstant(text, scope.section().constants)
                                             : absl::StatusOr<Quantity>(stimulus.rate.quantity());
  // A Poisson draw searches one number at a time, from exp(-mean).
  const double most = poisson ? 700 : 1;
  if (known.ok() && !(known->value >= 0 && known->value * dt <= most)) {
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(what, " gives ", known->value * dt, " events in a step of ", dt,
                                    " ms, but it must be from 0 to ", most),
                       poisson ? "" : "take a smaller dt, or type = \"poisson\"");
  }
  const ir::Node& node = builder.node(rate.value);
  if (node.op == ir::Op::kLiteral) return builder.F64(ir::F64OfBits(node.attr) * dt);
  return builder.Emit(ir::Op::kMul, {rate.value, builder.F64(dt)});
}

absl::StatusOr<Events> EmitEvents(Lowering& lowering, size_t stimulus_index, size_t section_index,
                                  CodeScope& scope) {
  const Stimulus& stimulus = lowering.network.stimuli[stimulus_index];
  ir::Builder& builder = scope.builder();
  const ir::DomainId domain = scope.domain();
  Events events;
  switch (stimulus.kind) {
    case StimulusKind::kFile:
      events.number = builder.Take(lowering.stimulus_inputs.at({stimulus_index, section_index}));
      events.any = builder.Emit(ir::Op::kNe, {events.number, builder.F64(0)});
      return events;
    case StimulusKind::kPoisson: {
      BNSYN_ASSIGN_OR_RETURN(const ir::Value mean, EmitRate(lowering, stimulus, scope));
      events.number = builder.Emit(ir::Op::kPoisson, {ir::Element::kF64, domain}, {mean},
                                   ir::StreamAttr(lowering.streams++, 0));
      events.any = builder.Emit(ir::Op::kGt, {events.number, builder.F64(0)});
      return events;
    }
    case StimulusKind::kBernoulli: {
      BNSYN_ASSIGN_OR_RETURN(const ir::Value p, EmitRate(lowering, stimulus, scope));
      events.any = builder.Emit(ir::Op::kBernoulli, {ir::Element::kBool, domain}, {p},
                                ir::StreamAttr(lowering.streams++, 0));
      events.number = builder.Emit(ir::Op::kSelect, {events.any, builder.F64(1), builder.F64(0)});
      return events;
    }
  }
  return events;
}

absl::Status LowerStimulus(Lowering& lowering, size_t stimulus_index, size_t section_index,
                           CodeScope& scope) {
  const Stimulus& stimulus = lowering.network.stimuli[stimulus_index];
  ir::Builder& builder = scope.builder();
  BNSYN_ASSIGN_OR_RETURN(const Quantity weight,
                         Evaluate(stimulus.weight, scope.section().constants,
                                  absl::StrCat("the weight of ", stimulus.name)));
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Statement> statements,
                         ParseStatements(stimulus.on_event));
  BNSYN_ASSIGN_OR_RETURN(const Events events,
                         EmitEvents(lowering, stimulus_index, section_index, scope));
  const ir::Value size = builder.F64(weight.value);
  const ir::Value w = stimulus.kind == StimulusKind::kBernoulli
                          ? builder.Emit(ir::Op::kSelect, {events.any, size, builder.F64(0)})
                          : builder.Emit(ir::Op::kMul, {events.number, size});
  scope.Bind("w", {w, weight.dimension});
  for (const Statement& statement : statements) {
    // A local is a value for all neurons; variables change where there are events.
    scope.SetGuard(ProportionalToWeight(statement) ? ir::Value{} : events.any);
    BNSYN_RETURN_IF_ERROR(EmitStatements({statement}, stimulus.on_event, scope));
  }
  scope.SetGuard({});
  scope.Unbind("w");
  scope.ForgetLocals();
  return absl::OkStatus();
}

// The table of a file stimulus, and the size of its largest event.
absl::StatusOr<double> CheckEvents(const Stimulus& stimulus, const ir::Table& table,
                                   uint32_t neurons) {
  const auto error = [&](absl::string_view message) {
    return ir::ErrorAt(stimulus.place, Whole(stimulus.place),
                       absl::StrCat("the events of ", stimulus.file, ": ", std::string(message)),
                       "a file of events has the columns step, index and, if they differ, value");
  };
  const std::vector<double>* steps = nullptr;
  const std::vector<double>* indices = nullptr;
  double largest = 1;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c] == "step") steps = &table.values[c];
    if (table.columns[c] == "index") indices = &table.values[c];
    if (table.columns[c] != "value") continue;
    largest = 0;
    for (const double value : table.values[c]) largest = std::max(largest, std::fabs(value));
  }
  if (steps == nullptr || indices == nullptr) return error("there is no column step or index");
  for (size_t row = 0; row < steps->size(); ++row) {
    const double step = (*steps)[row];
    const double index = (*indices)[row];
    if (!(step >= 0) || step != std::floor(step)) {
      return error(absl::StrCat("row ", row + 1, " has the step ", step,
                                ", which must be a whole number from 0"));
    }
    if (!(index >= 0 && index < neurons) || index != std::floor(index)) {
      return error(absl::StrCat("row ", row + 1, " is for neuron ", index,
                                ", but the population has ", neurons));
    }
  }
  if (!std::isfinite(largest)) return error("a value is not finite");
  return largest;
}

}  // namespace

absl::Status DeclareStimuli(Lowering& lowering) {
  std::set<std::string> names;
  const std::vector<Stimulus>& stimuli = lowering.network.stimuli;
  for (size_t s = 0; s < stimuli.size(); ++s) {
    const Stimulus& stimulus = stimuli[s];
    const ir::SourceText& place = stimulus.place;
    if (!IsIdentifier(stimulus.name) || !names.insert(stimulus.name).second) {
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat("'", stimulus.name,
                                      IsIdentifier(stimulus.name) ? "' is the name of two stimuli"
                                                                  : "' cannot name a stimulus"));
    }
    BNSYN_ASSIGN_OR_RETURN(const std::vector<size_t> targets, TargetsOf(lowering, stimulus));
    if (targets.empty() || stimulus.on_event.text.empty()) {
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat("stimulus '", stimulus.name, "' has no ",
                                      targets.empty() ? "target" : "on_event code"),
                         targets.empty() ? "name a population: target = \"exc\""
                                         : "say what an event does: on_event = \"g_ampa += w\"");
    }
    if (stimulus.kind != StimulusKind::kFile) continue;
    BNSYN_ASSIGN_OR_RETURN(const ir::TableId table, TableOf(lowering, stimulus.file, place));
    for (const size_t target : targets) {
      const Section& section = lowering.sections[target];
      BNSYN_ASSIGN_OR_RETURN(const double largest,
                             CheckEvents(stimulus, lowering.program.tables[table], section.size));
      const ir::InputId input =
          AddInput(lowering, section, absl::StrCat(section.prefix, stimulus.name, ".events"));
      lowering.largest[input] = largest;
      lowering.stimulus_inputs[{s, target}] = input;
      lowering.program.events.push_back(
          {targets.size() == 1 ? stimulus.name : absl::StrCat(stimulus.name, "_", section.name),
           input, table});
    }
  }
  return absl::OkStatus();
}

absl::Status LowerStimuli(Lowering& lowering, size_t index, CodeScope& scope) {
  const std::vector<Stimulus>& stimuli = lowering.network.stimuli;
  for (size_t s = 0; s < stimuli.size(); ++s) {
    BNSYN_ASSIGN_OR_RETURN(const std::vector<size_t> targets, TargetsOf(lowering, stimuli[s]));
    if (std::find(targets.begin(), targets.end(), index) == targets.end()) continue;
    BNSYN_RETURN_IF_ERROR(LowerStimulus(lowering, s, index, scope));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
