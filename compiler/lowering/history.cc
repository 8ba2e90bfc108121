// Delayed reads of variables: x(t - delay) is the value that x had at the beginning of the step
// that long before. A variable that some code reads so has a second state, which keeps its past:
//
//   state exc.V : f64[exc]
//   state exc.V.past : f64[exc] history=20
//   step { store exc.V.past, (load exc.V)  ... }     and elsewhere    past exc.V.past, index_pre,
//   20
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/analysis/value_range.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/stimulus.h"
#include "ir/status_macros.h"
#include "ir/table.h"

namespace bnsyn::compiler {
namespace {

// Notes which variables are read with a delay.
class HistoryFinder {
 public:
  HistoryFinder(Declarations& declared, ProgramBuilder& out) : declared_(declared), out_(out) {}

  void Run() {
    for (size_t p = 0; p < declared_.sections.size(); ++p) {
      names_ = NamesOf(declared_, declared_.sections[p]);
      OfModel(*declared_.sections[p].code);
      OfClocks(declared_.sections[p]);
      for (const size_t s : StimuliOf(declared_, p)) OfStimulus(declared_.stimuli[s]);
    }
    names_ = NamesOf(declared_, declared_.uniform);
    OfModel(declared_.uniform_code);
    OfClocks(declared_.uniform);
    for (const Connection& connection : declared_.connections) {
      names_ = SynapseNames(declared_, connection, ir::BlockKind::kOnPre);
      OfModel(connection.model.code);
      OfEquations(connection.model.summed);
      OfClocks(connection.model.section);
      for (const PathwayCode& pathway : connection.model.pathways) OfStatements(pathway.code);
    }
  }

 private:
  void OfModel(const ModelCode& code) {
    OfEquations(code.equations);
    OfStatements(code.update);
    OfStatements(code.reset);
    if (code.threshold.has_value()) Find(*code.threshold);
    if (code.multiplicity.has_value()) Find(*code.multiplicity);
    for (const EventCode& event : code.events) {
      Find(event.condition);
      OfStatements(event.code);
    }
  }

  void OfClocks(const Section& section) {
    for (const ClockCode& clock : section.clocks) OfStatements(clock.code);
  }

  void OfStimulus(const StimulusAt& at) {
    const Stimulus& stimulus = at.stimulus;
    OfStatements(at.on_event);
    for (const Setting* setting :
         {&stimulus.rate, &stimulus.value, &stimulus.mean, &stimulus.sigma, &stimulus.tau}) {
      if (!setting->is_text()) continue;
      // Text that cannot be parsed is reported where it is emitted.
      const absl::StatusOr<Expr> expr = ParseExpression(setting->text());
      if (expr.ok()) Find(*expr);
    }
  }

  void OfEquations(const std::vector<Equation>& equations) {
    for (const Equation& equation : equations) {
      if (equation.right.has_value()) Find(*equation.right);
    }
  }

  void OfStatements(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) Find(statement.value);
  }

  void Find(const Expr& expr) {
    for (const Expr& child : expr.children) Find(child);
    if (expr.kind != ExprKind::kCall) return;
    const Meaning* const meaning = names_.Find(expr.name);
    if (meaning == nullptr || meaning->variable == nullptr || meaning->section == nullptr) return;
    if (const std::optional<Link>& link = meaning->variable->link) {
      Declare(*link->section, *link->variable);
    } else if (meaning->variable->state.has_value()) {
      Declare(*meaning->section, *meaning->variable);
    }
  }

  void Declare(const Section& section, const Variable& read) {
    // The meaning leads to a variable of one of the sections, which this phase may change.
    const auto declare = [&](Section& own) {
      if (&own != &section) return;
      Variable& variable = *own.FindVariable(read.name());
      if (variable.past.has_value()) return;
      variable.past =
          out_.AddState(absl::StrCat(own.prefix, variable.name(), ".past"),
                        out_.program.states[*variable.state].type, variable.dimension());
      out_.program.states[*variable.past].history = 1;
    };
    for (Section& own : declared_.sections) declare(own);
    declare(declared_.uniform);
  }

  Declarations& declared_;
  ProgramBuilder& out_;
  Names names_;
};

// Calls `use` for every variable whose past is kept.
template <typename Use>
void ForEachHistory(const Declarations& declared, Use use) {
  const auto of_section = [&](const Section& section) {
    for (const Variable& variable : section.variables) {
      if (variable.past.has_value()) use(section, variable);
    }
  };
  for (const Section& section : declared.sections) of_section(section);
  of_section(declared.uniform);
}

// The op that loads a variable of the neuron at hand, or of an end of the synapse.
ir::Op LoadOpOf(const Meaning& meaning) {
  return meaning.kind == NameKind::kSourceVariable   ? ir::Op::kLoadPre
         : meaning.kind == NameKind::kTargetVariable ? ir::Op::kLoadPost
                                                     : ir::Op::kLoad;
}

}  // namespace

void DeclareHistories(Declarations& declared, ProgramBuilder& out) {
  HistoryFinder(declared, out).Run();
}

void EmitHistoryInit(const Declarations& declared, ir::Builder& builder, ir::Program& program) {
  ForEachHistory(declared, [&](const Section& section, const Variable& variable) {
    const ir::State& state = program.states[*variable.state];
    ir::State& past = program.states[*variable.past];
    past.initial = state.initial;
    past.initial_column = state.initial_column;
    past.lower = state.lower;
    past.upper = state.upper;
    const bool computed = absl::c_any_of(section.initial, [&](const InitialValue& initial) {
      return initial.variable == variable.equation && initial.code.has_value();
    });
    if (computed) builder.Store(*variable.past, builder.Load(*variable.state));
  });
}

void EmitHistories(const Declarations& declared, ir::Builder& builder) {
  ForEachHistory(declared, [&](const Section&, const Variable& variable) {
    builder.Store(*variable.past, builder.Load(*variable.state));
  });
}

absl::StatusOr<TypedValue> CodeScope::ReadPast(const Meaning& meaning, const Expr& call,
                                               const ir::SourceText& source) {
  const std::string& name = call.name;
  const std::string usage = absl::StrCat("write it as ", name, "(t - 5 ms)");
  if (!meaning.refusal.empty()) {
    return ir::ErrorAt(source, call.range, meaning.refusal, meaning.note);
  }
  if (meaning.IsOfEachNeuron()) BNSYN_RETURN_IF_ERROR(CheckShared(name, source, call.range));
  const Variable* variable = meaning.variable;
  if (variable != nullptr && variable->link.has_value()) variable = variable->link->variable;
  if (variable == nullptr || !variable->past.has_value()) {
    return ir::ErrorAt(source, call.range,
                       absl::StrCat("the past of '", name, "' is not kept: only variables of ",
                                    "neurons and of the network have one"),
                       meaning.kind == NameKind::kDefinition
                           ? absl::StrCat("declare '", name, "' as a variable, and give it its ",
                                          "value in update code")
                           : "");
  }
  const ir::BlockKind kind = builder_.block().kind;
  if (kind == ir::BlockKind::kInit || kind == ir::BlockKind::kConnect) {
    return ir::ErrorAt(source, call.range, absl::StrCat("before the run '", name, "' has no past"),
                       "it is taken to have had its initial value");
  }
  if (call.children.size() != 1) {
    return ir::ErrorAt(source, call.range, absl::StrCat("'", name, "' takes one time"), usage);
  }
  const Expr& time = call.children[0];
  const auto is_now = [&](const Expr& expr) {
    const Meaning* const t = expr.kind == ExprKind::kName ? names_.Find(expr.name) : nullptr;
    return t != nullptr && t->kind == NameKind::kTime;
  };
  // At the end of a step t is one step later than at its beginning, to which the past is counted.
  const int64_t ahead = environment_.moved && !out_.program.spikes_at_start ? 1 : 0;
  PastSteps steps;
  if (!is_now(time)) {
    if (time.kind != ExprKind::kBinary || time.name != "-" || !is_now(time.children[0])) {
      return ir::ErrorAt(source, time.range,
                         absl::StrCat("the past of '", name, "' is read at t - DELAY"), usage);
    }
    BNSYN_ASSIGN_OR_RETURN(steps, StepsBack(name, time.children[1], source));
  }
  steps.least -= ahead;
  steps.greatest -= ahead;
  if (steps.greatest == 0) return AtStepBegin(meaning);
  if (steps.greatest < 0) return ReadMeaning(meaning);
  const auto number = [&](int64_t n) {
    return builder_.Literal(ir::Element::kI64, static_cast<ir::Bits>(n));
  };
  if (ahead != 0) {
    steps.value = steps.least == steps.greatest
                      ? number(steps.least)
                      : builder_.Emit(ir::Op::kSub, {steps.value, number(ahead)});
  }
  ir::State& past = out_.program.states[*variable->past];
  past.history = std::max(past.history, static_cast<uint32_t>(steps.greatest));
  ir::Value value = AsComputed(
      builder_, builder_.Emit(ir::Op::kPast, {ElementOf(meaning), steps.value}, *variable->past));
  const auto unless = [&](ir::Op op, ir::Value other) {
    const ir::Value applies = builder_.Emit(op, {steps.value, number(0)});
    value = builder_.Emit(ir::Op::kSelect, {applies, other, value});
  };
  if (steps.least <= 0) unless(ir::Op::kEq, AtStepBegin(meaning).value);
  if (steps.least < 0) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue now, ReadMeaning(meaning));
    unless(ir::Op::kLt, now.value);
  }
  return variable->equation->integer ? AnyInteger(value) : TypedValue{value, variable->dimension()};
}

// What code before it may have assigned in the step is not stored yet.
TypedValue CodeScope::AtStepBegin(const Meaning& meaning) {
  return LoadOf(*meaning.variable, LoadOpOf(meaning));
}

// The neuron whose past is read, u32.
ir::Value CodeScope::ElementOf(const Meaning& meaning) {
  const std::optional<Link>& link = meaning.variable->link;
  const Variable& read = link.has_value() ? *link->variable : *meaning.variable;
  if (out_.program.states[*read.state].type.uniform()) {
    return builder_.Literal(ir::Element::kU32, 0);
  }
  const ir::Op op = LoadOpOf(meaning);
  return link.has_value() ? LinkedElement(*link, op) : ElementAt(op);
}

absl::StatusOr<CodeScope::PastSteps> CodeScope::StepsBack(const std::string& name,
                                                          const Expr& delay,
                                                          const ir::SourceText& source) {
  const double dt = out_.program.dt;
  const auto number = [&](uint32_t steps) -> PastSteps {
    return {builder_.Literal(ir::Element::kI64, steps), steps, steps};
  };
  const Meaning* const own = delay.kind == ExprKind::kName ? names_.Find(delay.name) : nullptr;
  PastSteps steps;
  if (own != nullptr && own->kind == NameKind::kDelay) {
    BNSYN_RETURN_IF_ERROR(CheckDelay(source, delay.range));
    steps.value = DelaySteps();
  } else {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue time, EmitFloat(delay, source, *this));
    BNSYN_RETURN_IF_ERROR(ExpectDimension(time, dimension::kTime, "a delay", source, delay.range));
    const std::optional<double> known = Facts(out_.program, builder_.block()).Number(time.value);
    if (known.has_value()) {
      const std::optional<uint64_t> whole = ir::WholeSteps(*known, dt);
      if (!whole.has_value() || *whole > ir::kLongestHistory) {
        return ir::ErrorAt(
            source, delay.range,
            *known < 0 ? absl::StrCat("the past of '", name, "' is at t minus a time from 0 on")
            : !whole.has_value()
                ? absl::StrCat("the delay ", *known, " ms is no multiple of dt = ", dt, " ms")
                : absl::StrCat("the delay ", *known, " ms is longer than ", ir::kLongestHistory,
                               " steps"));
      }
      return number(static_cast<uint32_t>(*whole));
    }
    // To the nearest step, as delays that synapses draw (R4).
    const ir::Value nearest =
        builder_.Emit(ir::Op::kRint, {builder_.Emit(ir::Op::kDiv, {time.value, builder_.F64(dt)})});
    steps.value = builder_.Convert(nearest, ir::Element::kI64);
  }
  const Range range = RangeOfDelay(steps.value);
  if (range.least >= 0 && range.greatest <= ir::kLongestHistory) {
    if (range.least == range.greatest) return number(static_cast<uint32_t>(range.least));
    steps.least = static_cast<int64_t>(range.least);
    steps.greatest = static_cast<int64_t>(range.greatest);
    return steps;
  }
  return ir::ErrorAt(
      source, delay.range,
      absl::StrCat("the delay must be known before the run to lie from 0 to ", ir::kLongestHistory,
                   " steps"),
      absl::StrCat("a number, a parameter, the delay of the synapse (", name,
                   "(t - delay)), a variable (constant), or clip(..., 0 ms, 20 ms) will do"));
}

Range CodeScope::RangeOfDelay(ir::Value steps) const {
  std::vector<Range> states(out_.program.states.size());
  const std::vector<Range> initial = InitialRanges(out_.program);
  for (const ir::StateId state : out_.facts.constant) states[state] = initial[state];
  return FindRanges(out_.program, builder_.block(), {.states = states})[steps.id];
}

absl::Status CodeScope::CheckDelay(const ir::SourceText& source, ir::SourceRange range) const {
  const ir::Domain domain = out_.program.domains[static_cast<size_t>(section_.domain)];
  if (builder_.block().kind != ir::BlockKind::kOnPost || !out_.program.HasOwnDelays(domain.index)) {
    return absl::OkStatus();
  }
  return ir::ErrorAt(source, range,
                     "on_post code cannot read 'delay' where synapses have delays of their own",
                     "keep what it needs in a variable of the synapse, which on_pre code sets");
}

ir::Value CodeScope::DelaySteps() {
  const ir::Domain domain = out_.program.domains[static_cast<size_t>(section_.domain)];
  const ir::Projection& projection = out_.program.projections[domain.index];
  // The program counts delays from the step of the spike, and users from its time.
  const uint32_t lag = out_.program.spike_lag();
  // A pathway may have a delay of its own.
  const ir::Block& block = builder_.block();
  if (block.kind == ir::BlockKind::kOnPre && block.delay.has_value()) {
    return builder_.Literal(ir::Element::kI64, *block.delay - lag);
  }
  if (!out_.program.HasOwnDelays(domain.index)) {
    return builder_.Literal(ir::Element::kI64, projection.delay - lag);
  }
  const ir::Value delay = builder_.Emit(ir::Op::kDelay, {ir::Element::kI64, section_.domain}, {});
  return lag == 0 ? delay
                  : builder_.Emit(ir::Op::kSub, {delay, builder_.Literal(ir::Element::kI64, lag)});
}

}  // namespace bnsyn::compiler
