// Stimuli that bring events: drawn anew in every step, from a list, or from the host.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/description/settings.h"
#include "compiler/equations/linear_form.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/loop.h"
#include "compiler/lowering/refractory.h"
#include "compiler/lowering/stimulus.h"
#include "ir/status_macros.h"
#include "ir/table.h"
#include "reference/columns.h"
#include "reference/functions.h"

namespace bnsyn::compiler {
namespace {

// True if a statement adds something proportional to w. It then changes nothing where w is 0, so
// that no select between neurons with and without events is needed.
bool ProportionalToWeight(const Statement& statement) {
  if (statement.op != '+' && statement.op != '-') return false;
  // Equations x = ... do not see the w of the event.
  const auto no_definitions = [](absl::string_view) -> const Expr* { return nullptr; };
  const std::optional<LinearForm> form = AsLinear(statement.value, "w", no_definitions);
  return form.has_value() && form->proportional.has_value() && !form->rest.has_value();
}

struct Events {
  ir::Value number;  // of events, f64
  ir::Value any;     // where there are some, bool
};

// The number of independent sources of a Poisson stimulus.
absl::StatusOr<double> SourcesOf(const Stimulus& stimulus, const Section& section) {
  const std::string what = absl::StrCat("the number of sources of ", stimulus.name);
  BNSYN_ASSIGN_OR_RETURN(const Quantity number,
                         Evaluate(stimulus.number, section.constants, Dimension{}, what));
  if (number.value >= 1 && number.value == std::floor(number.value)) return number.value;
  return ErrorIn(TextOf(stimulus.number, what),
                 absl::StrCat(what, " must be a whole number from 1 on, not ", number.value));
}

double GreatestMean(const Stimulus& stimulus) {
  return stimulus.kind == StimulusKind::kPoisson ? reference::kPoissonMaxMean : 1;
}

// The expected number of events in one step. A rate that is known is checked here, any other while
// running: it is kept as a state with bounds (R10).
absl::StatusOr<ir::Value> EmitMean(const StimulusAt& at, CodeScope& scope) {
  const Stimulus& stimulus = at.stimulus;
  const std::string what = absl::StrCat("the rate of ", stimulus.name);
  const double dt = scope.program().dt;
  ir::Builder& builder = scope.builder();
  BNSYN_ASSIGN_OR_RETURN(ir::Value rate,
                         EmitSetting(stimulus.rate, dimension::kFrequency, what, scope));
  const bool poisson = stimulus.kind == StimulusKind::kPoisson;
  const double most = GreatestMean(stimulus);
  BNSYN_ASSIGN_OR_RETURN(const double sources,
                         poisson ? SourcesOf(stimulus, scope.section()) : 1.0);
  const std::optional<Quantity> known = KnownSetting(stimulus.rate, scope.section());
  if (known.has_value() && !(known->value >= 0 && known->value * sources * dt <= most)) {
    const ir::SourceText text = TextOf(stimulus.rate, what);
    return ErrorIn(
        text,
        absl::StrCat(what, " gives ", known->value * sources * dt, " events in a step of ", dt,
                     " ms, but it must be from 0 to ", poisson ? "10^6" : "1"),
        poisson ? "" : "take a smaller dt, or type = \"poisson\"");
  }
  const ir::Node& node = builder.node(rate);
  if (node.op == ir::Op::kLiteral) return builder.F64(ir::F64OfBits(node.attr) * sources * dt);
  if (const ir::Value selected = EmitSelected(at, scope); selected.valid()) {
    rate = builder.Emit(ir::Op::kSelect, {selected, rate, builder.F64(0)});
  }
  const ir::Value mean = builder.Emit(ir::Op::kMul, {rate, builder.F64(sources * dt)});
  if (!at.rate.has_value()) return mean;
  builder.Check(*at.rate, rate);
  builder.Store(*at.rate, rate);
  // A draw from a rate out of bounds must not be NaN, which would be reported in place of the rate.
  const ir::Value below = builder.Emit(ir::Op::kMin, {builder.F64(most), mean});
  return builder.Emit(ir::Op::kMax, {builder.F64(0), below});
}

// Takes the value that the host gave for this step; the next step begins with 0.
ir::Value TakeFromHost(ir::Builder& builder, ir::StateId state) {
  const ir::Value given = builder.Load(state);
  builder.Store(state, builder.F64(0));
  return given;
}

absl::StatusOr<Events> EmitNumber(const StimulusAt& at, CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  const ir::DomainId domain = scope.domain();
  const ir::Value active = EmitActive(at, scope);
  Events events;
  switch (at.stimulus.kind) {
    case StimulusKind::kBernoulli: {
      BNSYN_ASSIGN_OR_RETURN(const ir::Value p, EmitMean(at, scope));
      events.any = builder.Emit(ir::Op::kBernoulli, {ir::Element::kBool, domain}, {p},
                                ir::StreamAttr(scope.NextStream(), 0));
      if (active.valid()) events.any = builder.Emit(ir::Op::kAnd, {events.any, active});
      events.number = builder.Emit(ir::Op::kSelect, {events.any, builder.F64(1), builder.F64(0)});
      return events;
    }
    case StimulusKind::kPoisson: {
      BNSYN_ASSIGN_OR_RETURN(const ir::Value mean, EmitMean(at, scope));
      events.number = builder.Emit(ir::Op::kPoisson, {ir::Element::kF64, domain}, {mean},
                                   ir::StreamAttr(scope.NextStream(), 0));
      break;
    }
    case StimulusKind::kHost:
      events.number = TakeFromHost(builder, *at.state);
      break;
    case StimulusKind::kFile:
    case StimulusKind::kSpikes:
    case StimulusKind::kCurrent:
    case StimulusKind::kOrnsteinUhlenbeck:
      events.number = builder.Take(*at.input);
      break;
  }
  if (active.valid()) {
    events.number = builder.Emit(ir::Op::kSelect, {active, events.number, builder.F64(0)});
  }
  // Numbers that are drawn are never negative.
  const ir::Op some = at.stimulus.kind == StimulusKind::kPoisson ? ir::Op::kGt : ir::Op::kNe;
  events.any = builder.Emit(some, {events.number, builder.F64(0)});
  return events;
}

// True if the times of the events are those of spikes of the neuron: if their code adds to what
// sums spikes (R4). In other schedules, a spike has the time at which its step begins, as all else
// has.
absl::StatusOr<bool> BringsSpikes(const StimulusAt& at, const Section& section,
                                  const ir::Program& program) {
  bool spikes = false;
  bool others = false;
  for (const Statement& statement : at.on_event) {
    const Variable* const variable = section.FindVariable(statement.target);
    if (variable == nullptr) continue;
    (variable->Is("spikes") ? spikes : others) = true;
  }
  if (!spikes || !others) return spikes && program.spike_lag() != 0;
  return StimulusError(at.stimulus, "changes an (input, spikes) and another variable",
                       "spikes have the time at which their step ends, other events that at "
                       "which it begins: make two stimuli of it");
}

absl::Status NoSpikeAtZero(const Stimulus& stimulus, absl::string_view where, double dt) {
  return StimulusError(stimulus,
                       absl::StrCat("has a spike at the time 0 ms (", std::string(where),
                                    "), but the first can be at dt = ", dt, " ms"),
                       "the spikes of a step have the time of its end; with schedule = \"brian2\" "
                       "they have that of its start");
}

// The events of a list, with columns for the step and the neuron.
absl::StatusOr<ir::Table> BuildSpikes(const Declarations& declared, const Stimulus& stimulus,
                                      bool ends) {
  const size_t times = stimulus.times.size();
  const size_t neurons = stimulus.neurons.size();
  if (times == 0 || neurons == 0 || (times != neurons && times != 1 && neurons != 1)) {
    return StimulusError(stimulus,
                         absl::StrCat("has ", times, times == 1 ? " time" : " times", " for ",
                                      neurons, neurons == 1 ? " neuron" : " neurons"),
                         "give a time for each index, one index for all times, or one time for all "
                         "indices");
  }
  ir::Table table;
  table.name = absl::StrCat(stimulus.name, ends ? ".source_spikes" : ".spikes");
  table.columns = {"step", "index"};
  table.values.resize(2);
  for (size_t e = 0; e < std::max(times, neurons); ++e) {
    BNSYN_ASSIGN_OR_RETURN(
        const uint64_t step,
        EvaluateSteps(stimulus.times[times == 1 ? 0 : e], declared.constants,
                      declared.network.options.dt, absl::StrCat("a time of ", stimulus.name),
                      stimulus.off_grid));
    if (ends && step == 0) {
      return NoSpikeAtZero(stimulus, absl::StrCat("time ", e + 1),
                           declared.network.options.dt.value);
    }
    table.values[0].push_back(static_cast<double>(ends ? step - 1 : step));
    table.values[1].push_back(stimulus.neurons[neurons == 1 ? 0 : e]);
  }
  table.digest = ir::TableDigest(table);
  return table;
}

// Checks the events of a table for a population.
absl::Status CheckEvents(const StimulusAt& at, const ir::Table& table, double dt,
                         const Section& section) {
  const Stimulus& stimulus = at.stimulus;
  const uint32_t size = at.neurons.size;
  const auto error = [&](absl::string_view message, absl::string_view note) {
    const std::string& file = stimulus.file;
    return ErrorIn(stimulus.place,
                   absl::StrCat("the events of ", file.empty() ? stimulus.name : file, ": ",
                                std::string(message)),
                   note);
  };
  constexpr absl::string_view kColumns =
      "a file of events has the columns step or time (in ms), index and, if they differ, value";
  const std::vector<double>* steps = reference::FindColumn(table, "step");
  const std::vector<double>* times = reference::FindColumn(table, "time");
  const std::vector<double>* indices = reference::FindColumn(table, "index");
  if ((steps == nullptr) == (times == nullptr) || indices == nullptr) {
    return error(indices == nullptr ? "there is no column index"
                 : steps == nullptr ? "there is no column step or time"
                                    : "there are columns step and time, and both say when",
                 kColumns);
  }
  for (size_t row = 0; row < indices->size(); ++row) {
    const double index = (*indices)[row];
    if (steps != nullptr && !((*steps)[row] >= 0 && (*steps)[row] == std::floor((*steps)[row]))) {
      return error(absl::StrCat("row ", row + 1, " has the step ", (*steps)[row],
                                ", which must be a whole number from 0"),
                   kColumns);
    }
    const std::optional<uint64_t> step =
        times == nullptr ? 1 : ir::WholeSteps((*times)[row], dt, stimulus.off_grid);
    if (!step.has_value()) {
      return error(absl::StrCat("row ", row + 1, " has the time ", (*times)[row],
                                " ms, which is no multiple of dt = ", dt, " ms"),
                   "change the time, or dt, or say where it goes: off_grid = \"up\"");
    }
    if (at.ends && *step == 0) {
      return NoSpikeAtZero(stimulus, absl::StrCat("row ", row + 1, " of ", stimulus.file), dt);
    }
    if (!(index >= 0 && index < size) || index != std::floor(index)) {
      return error(absl::StrCat("row ", row + 1, " is for neuron ", index, ", but ",
                                size == section.size ? "population" : "this part of", " '",
                                section.name, "' has ", size),
                   "neurons are counted from 0");
    }
  }
  const std::vector<double>* values = reference::FindColumn(table, "value");
  if (values == nullptr) return absl::OkStatus();
  for (const double value : *values) {
    if (!std::isfinite(value)) return error("a value is not finite", kColumns);
  }
  return absl::OkStatus();
}

// The table of the events of kSpikes or kFile, which all targets share.
absl::StatusOr<ir::TableId> EventTable(const Declarations& declared, const Stimulus& stimulus,
                                       bool ends, ir::Program& program) {
  if (stimulus.kind == StimulusKind::kFile) {
    return TableOf(declared.network, stimulus.file, stimulus.place, program, stimulus.population);
  }
  BNSYN_ASSIGN_OR_RETURN(ir::Table table, BuildSpikes(declared, stimulus, ends));
  if (const auto known = program.FindTable(table.name)) return *known;
  program.tables.push_back(std::move(table));
  return static_cast<ir::TableId>(program.tables.size() - 1);
}

}  // namespace

absl::Status DeclareEvents(const Declarations& declared, StimulusAt& at, ProgramBuilder& out) {
  const Stimulus& stimulus = at.stimulus;
  const Section& section = declared.sections[at.section];
  const std::string name = absl::StrCat(section.prefix, at.name, ".events");
  BNSYN_ASSIGN_OR_RETURN(at.on_event, ParseStatements(stimulus.on_event));
  at.after_arrivals =
      declared.schedule == Schedule::kBrian2 &&
      std::none_of(at.on_event.begin(), at.on_event.end(), [&](const Statement& statement) {
        const Variable* const variable = section.FindVariable(statement.target);
        return variable != nullptr && variable->Is("input");
      });
  if (stimulus.kind == StimulusKind::kHost) {
    at.state = out.AddState(name, {ir::Element::kF64, section.domain});
    return absl::OkStatus();
  }
  if (stimulus.kind != StimulusKind::kFile && stimulus.kind != StimulusKind::kSpikes) {
    return absl::OkStatus();
  }
  BNSYN_ASSIGN_OR_RETURN(at.ends, BringsSpikes(at, section, out.program));
  BNSYN_ASSIGN_OR_RETURN(const ir::TableId table,
                         EventTable(declared, stimulus, at.ends, out.program));
  BNSYN_RETURN_IF_ERROR(CheckEvents(at, out.program.tables[table], out.program.dt, section));
  at.input = out.AddInput(name, section.domain);
  const bool of_times = reference::FindColumn(out.program.tables[table], "time") != nullptr;
  out.program.events.push_back(
      {UnusedName(out.program, stimulus.targets.size() == 1
                                   ? stimulus.name
                                   : absl::StrCat(at.name, "_", section.name)),
       *at.input, table, at.ends && of_times, of_times ? stimulus.off_grid : OffGrid::kError,
       at.neurons.selected});
  if (at.ends && at.start.has_value()) *at.start -= *at.start > 0 ? 1 : 0;
  if (at.ends && at.stop.has_value()) --*at.stop;
  return absl::OkStatus();
}

void DeclareRate(const Declarations& declared, StimulusAt& at, ProgramBuilder& out) {
  const Stimulus& stimulus = at.stimulus;
  const bool poisson = stimulus.kind == StimulusKind::kPoisson;
  if (!poisson && stimulus.kind != StimulusKind::kBernoulli) return;
  const Section& section = declared.sections[at.section];
  ir::Block scratch;
  scratch.kind = ir::BlockKind::kStep;
  ir::Builder builder(out.program, scratch);
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  RefractoryStep(scope).Begin();
  BindNumbers(at, scope);
  const absl::StatusOr<ir::Value> rate =
      EmitSetting(stimulus.rate, dimension::kFrequency, "the rate", scope);
  const absl::StatusOr<double> sources = poisson ? SourcesOf(stimulus, section) : 1.0;
  // What is wrong is reported when the rate is emitted for good.
  if (!rate.ok() || !sources.ok()) return;
  if (Facts(out.program, builder.block()).Bits(rate->id).has_value()) return;
  const ir::DomainId domain =
      at.neurons.selected.all() ? builder.type(*rate).domain : section.domain;
  at.rate = out.AddState(absl::StrCat(section.prefix, at.name, ".rate"),
                         {ir::Element::kF64, domain}, dimension::kFrequency);
  out.program.states[*at.rate].lower = 0;
  out.program.states[*at.rate].upper = GreatestMean(stimulus) / (*sources * out.program.dt);
}

absl::Status EmitEvents(const StimulusAt& at, CodeScope& scope) {
  const Stimulus& stimulus = at.stimulus;
  ir::Builder& builder = scope.builder();
  BNSYN_ASSIGN_OR_RETURN(const Quantity weight,
                         Evaluate(stimulus.weight, scope.section().constants,
                                  absl::StrCat("the weight of ", stimulus.name)));
  BNSYN_ASSIGN_OR_RETURN(const Events events, EmitNumber(at, scope));
  const ir::Value size = builder.F64(weight.value);
  const ir::Value w = stimulus.kind == StimulusKind::kBernoulli
                          ? builder.Emit(ir::Op::kSelect, {events.any, size, builder.F64(0)})
                          : builder.Emit(ir::Op::kMul, {events.number, size});
  scope.Change().bound["w"] = {w, weight.dimension};
  for (const Statement& statement : at.on_event) {
    // Locals are set for all neurons, variables where there are events.
    scope.Change().guard = ProportionalToWeight(statement) ? ir::Value{} : events.any;
    BNSYN_RETURN_IF_ERROR(EmitStatements({statement}, stimulus.on_event, scope));
  }
  Environment& environment = scope.Change();
  environment.guard = {};
  environment.bound.clear();
  environment.locals.clear();
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
