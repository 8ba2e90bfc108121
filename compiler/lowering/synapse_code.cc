// Emits the blocks of a model of synapses: on_pre, on_post and on_step.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/description/settings.h"
#include "compiler/equations/explanations.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/ode_system.h"
#include "compiler/language/code_emitter.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/interpolated.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Emits every equation once, to find errors in those that no code reads.
absl::Status TryEquations(const Declarations& declared, const Connection& connection,
                          ProgramBuilder& out) {
  const SynapseModel& model = connection.model;
  ir::Block scratch;
  scratch.kind = ir::BlockKind::kOnPre;
  scratch.domain = model.section.domain;
  ir::Builder builder(out.program, scratch);
  const Names names = SynapseNames(declared, connection, scratch.kind);
  CodeScope scope(declared, model.section, names, builder, out);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());
  const ir::SourceText& text = model.code.equations_text;
  for (const EventDriven& moving : model.event_driven) {
    const Equation& equation = *model.code.Find(moving.name);
    BNSYN_ASSIGN_OR_RETURN(const TypedValue right, scope.Try(*equation.right, text));
    BNSYN_RETURN_IF_ERROR(ExpectDimension(right, equation.unit.dimension / dimension::kTime,
                                          absl::StrCat("d", moving.name, "/dt"), text,
                                          equation.right->range));
    BNSYN_RETURN_IF_ERROR(Emitter(text, scope).CheckTimeConstants(*equation.right, moving.name));
  }
  return absl::OkStatus();
}

// The code of an event: brings event-driven variables up to its time, runs the statements, and
// stores what has changed.
class EventWriter {
 public:
  EventWriter(const SynapseModel& model, CodeScope& scope)
      : model_(model), scope_(scope), builder_(scope.builder()) {}

  absl::Status Run(const std::vector<Statement>& statements, const ir::SourceText& source) {
    // If the code names none of them, the next event brings them up to date.
    const bool moves = std::any_of(model_.event_driven.begin(), model_.event_driven.end(),
                                   [&](const EventDriven& moving) {
                                     return VariableOf(moving).keeper == Keeper::kOwner &&
                                            model_.Mentions(statements, moving.name);
                                   });
    if (moves) BNSYN_RETURN_IF_ERROR(BringOwn());
    BNSYN_RETURN_IF_ERROR(BringHeld(
        [&](const EventDriven& moving) { return model_.Mentions(statements, moving.name); }));
    BNSYN_RETURN_IF_ERROR(EmitStatements(statements, source, scope_));
    scope_.StoreChanged();
    if (moves) builder_.Store(*model_.last, Now());
    for (const EventDriven& moving : model_.event_driven) {
      if (moving.last.has_value() && scope_.HasChanged(VariableOf(moving))) StoreNow(moving);
    }
    return absl::OkStatus();
  }

  // Brings the variables to the beginning of the step, or to the time of its spikes.
  absl::Status Look(bool at_end) {
    lag_ = at_end ? scope_.program().spike_lag() : 0;
    if (model_.last.has_value()) BNSYN_RETURN_IF_ERROR(BringOwn());
    return BringHeld([](const EventDriven&) { return true; });
  }

  // Brings the variables to the present and stores them as they are: they are looked at, and no
  // event is there to check or flush them.
  absl::Status RunNow() {
    if (model_.last.has_value()) BNSYN_RETURN_IF_ERROR(BringOwn());
    for (const EventDriven& moving : model_.event_driven) {
      const Variable& variable = VariableOf(moving);
      switch (variable.keeper) {
        case Keeper::kOwner:
          builder_.Store(*variable.state, Kept(variable, scope_.Get(variable).value));
          break;
        case Keeper::kSource: {
          BNSYN_ASSIGN_OR_RETURN(const ir::Value value, Held(moving, variable));
          builder_.Emit(ir::Op::kStorePre, {Kept(variable, value)}, *variable.state);
          StoreNow(moving);
          break;
        }
        case Keeper::kTarget:
          break;
      }
    }
    if (model_.last.has_value()) builder_.Store(*model_.last, Now());
    return absl::OkStatus();
  }

 private:
  const Variable& VariableOf(const EventDriven& moving) const {
    return *model_.section.FindVariable(moving.name);
  }

  ir::Value Kept(const Variable& variable, ir::Value value) {
    return AsKept(scope_.program(), builder_, *variable.state, value);
  }

  // The step that begins at the time of the code, i64.
  ir::Value Now() {
    const ir::Value step =
        builder_.Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
    const ir::Value now = builder_.Convert(step, ir::Element::kI64);
    return lag_ == 0
               ? now
               : builder_.Emit(ir::Op::kAdd, {now, builder_.Literal(ir::Element::kI64, lag_)});
  }

  void StoreNow(const EventDriven& moving) {
    builder_.Emit(ir::Op::kStorePre, {Now()}, *moving.last);
  }

  // The steps since a value was stored in the step `last`, f64.
  ir::Value StepsSince(ir::Value last) {
    return builder_.Convert(builder_.Emit(ir::Op::kSub, {Now(), last}), ir::Element::kF64);
  }

  // The present value of a variable that sources hold as it was when a spike of theirs arrived
  // last.
  absl::StatusOr<ir::Value> Held(const EventDriven& moving, const Variable& variable) {
    const ir::Value last = builder_.Emit(
        ir::Op::kLoadPre, {ir::Element::kI64, builder_.block().domain}, {}, *moving.last);
    return Moved(moving, variable, StepsSince(last));
  }

  // Brings those variables that sources hold to the present for which `is_read` is true.
  absl::Status BringHeld(absl::FunctionRef<bool(const EventDriven&)> is_read) {
    for (const EventDriven& moving : model_.event_driven) {
      const Variable& variable = VariableOf(moving);
      if (variable.keeper != Keeper::kSource || !is_read(moving)) continue;
      BNSYN_ASSIGN_OR_RETURN(const ir::Value value, Held(moving, variable));
      scope_.Change().variables[&variable] = value;
    }
    return absl::OkStatus();
  }

  // Brings the variables that synapses hold to the present.
  absl::Status BringOwn() {
    const ir::Value steps = StepsSince(builder_.Load(*model_.last));
    for (const EventDriven& moving : model_.event_driven) {
      const Variable& variable = VariableOf(moving);
      if (variable.keeper != Keeper::kOwner) continue;
      BNSYN_ASSIGN_OR_RETURN(const ir::Value value, Moved(moving, variable, steps));
      scope_.Set(variable, value);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ir::Value> Moved(const EventDriven& moving, const Variable& variable,
                                  ir::Value steps) {
    const TypedValue dt = {builder_.F64(scope_.program().dt), dimension::kTime};
    BNSYN_ASSIGN_OR_RETURN(const ir::Value rate, Part(moving.proportional, moving.name, dt));
    const ir::Value factor =
        builder_.Emit(ir::Op::kExp, {builder_.Emit(ir::Op::kMul, {steps, rate})});
    const ir::Value old = scope_.Get(variable).value;
    if (!moving.rest.has_value()) return builder_.Emit(ir::Op::kMul, {old, factor});
    const TypedValue one = {builder_.F64(1), variable.dimension()};
    BNSYN_ASSIGN_OR_RETURN(const ir::Value a, Part(moving.proportional, moving.name, one));
    BNSYN_ASSIGN_OR_RETURN(const ir::Value b, Part(*moving.rest, moving.name, one));
    if (IsZero(builder_, a)) {
      // Without decay x moves by B in a unit of time.
      const ir::Value moved =
          builder_.Emit(ir::Op::kMul, {steps, builder_.F64(scope_.program().dt)});
      return builder_.Emit(ir::Op::kFma, {moved, b, old});
    }
    const ir::Value end =
        AsNumber(builder_.Emit(ir::Op::kNeg, {builder_.Emit(ir::Op::kDiv, {b, a})}));
    const ir::Value distance = builder_.Emit(ir::Op::kSub, {old, end});
    return builder_.Emit(ir::Op::kFma, {distance, factor, end});
  }

  // The value of part of an equation with `value` in the place of the variable.
  absl::StatusOr<ir::Value> Part(const Expr& part, const std::string& name,
                                 const TypedValue& value) {
    scope_.Change().bound[name] = value;
    const absl::StatusOr<TypedValue> emitted = EmitFloat(part, model_.code.equations_text, scope_);
    scope_.Change().bound.erase(name);
    BNSYN_RETURN_IF_ERROR(emitted.status());
    return AsNumber(scope_.NanWithoutResult(emitted->value));
  }

  // A value that is one number, as a literal.
  ir::Value AsNumber(ir::Value value) {
    const std::optional<double> number = Facts(scope_.program(), builder_.block()).Number(value);
    return number.has_value() ? builder_.F64(*number) : value;
  }

  const SynapseModel& model_;
  CodeScope& scope_;
  ir::Builder& builder_;
  uint32_t lag_ = 0;  // steps from the beginning of the step to the time of the code
};

class BlockWriter {
 public:
  BlockWriter(const Declarations& declared, const Connection& connection, ProgramBuilder& out)
      : declared_(declared), connection_(connection), model_(connection.model), out_(out) {}

  absl::Status Run() {
    for (const PathwayCode& pathway : model_.pathways) BNSYN_RETURN_IF_ERROR(OnSpikes(pathway));
    // Before the clock-driven variables move.
    for (const ClockCode& clock : model_.section.clocks) BNSYN_RETURN_IF_ERROR(OnClock(clock));
    BNSYN_RETURN_IF_ERROR(OnStep());
    BNSYN_RETURN_IF_ERROR(WriteNow());
    if (out_.explanations != nullptr && !explanation_.empty()) {
      out_.explanations->push_back(
          {absl::StrCat("synapses of ", model_.section.name), std::move(explanation_)});
    }
    return absl::OkStatus();
  }

 private:
  ir::Block NewBlock(ir::BlockKind kind) const {
    ir::Block block;
    block.kind = kind;
    block.name = model_.section.name;
    block.domain = model_.section.domain;
    return block;
  }

  // A synapse draws one number in a step, however often its code runs there.
  absl::Status CheckDraws(const PathwayCode& pathway, const ir::Block& block) const {
    const bool draws = std::any_of(block.nodes.begin(), block.nodes.end(), [](const auto& node) {
      return ir::Info(node.op).attr == ir::AttrKind::kStream;
    });
    if (!draws || out_.program.MostRepeats(out_.program.SpikesOf(block)) == 1) {
      return absl::OkStatus();
    }
    return ErrorIn(pathway.text,
                   "this draws random numbers, but neurons may spike several times in a step here, "
                   "and each spike would draw the same",
                   "draw in the neuron that spikes, and read that here");
  }

  absl::Status OnSpikes(const PathwayCode& pathway) {
    ir::Block block = NewBlock(pathway.kind());
    if (!pathway.is_main()) block.pathway = pathway.name;
    block.delay = pathway.delay;
    block.spikes = pathway.spikes;
    ir::Builder builder(out_.program, block);
    const Names names = SynapseNames(declared_, connection_, block.kind);
    CodeScope scope(declared_, model_.section, names, builder, out_);
    scope.EnterCode(std::string(ir::BlockKindName(block.kind)), block.pathway);
    if (!pathway.on_post) scope.Change().since_arrival = SinceArrival(pathway, builder);
    BNSYN_RETURN_IF_ERROR(EventWriter(model_, scope).Run(pathway.code, pathway.text));
    BNSYN_RETURN_IF_ERROR(CheckDraws(pathway, block));
    out_.program.synaptic.push_back(std::move(block));
    return absl::OkStatus();
  }

  absl::Status OnClock(const ClockCode& clock) {
    ir::Block block = NewBlock(ir::BlockKind::kOnStep);
    block.every = clock.every;
    block.offset = clock.offset;
    ir::Builder builder(out_.program, block);
    const Names names = SynapseNames(declared_, connection_, ir::BlockKind::kOnPre);
    CodeScope scope(declared_, model_.section, names, builder, out_);
    ClockReads reads = {clock, {}, {}, {}};
    scope.SetClock(&reads);
    scope.EnterCode("clock", clock.name);
    BNSYN_RETURN_IF_ERROR(EventWriter(model_, scope).Run(clock.code, clock.text));
    if (out_.explanations != nullptr) {
      absl::StrAppend(&explanation_, DescribeClock(clock, out_.program.dt));
    }
    out_.program.synaptic.push_back(std::move(block));
    return absl::OkStatus();
  }

  // How long the arrival of an interpolated spike has been there at the beginning of the step: as
  // long as the spike was before the end of its own. Invalid for other spikes.
  ir::Value SinceArrival(const PathwayCode& pathway, ir::Builder& builder) {
    const Section& source = connection_.source;
    if (!source.spike_before.has_value() || pathway.spikes.has_value()) return {};
    ir::Program& program = out_.program;
    const ir::Projection& projection = program.projections[connection_.id];
    const ir::StateId past = *program.FindState(PastOfSpikesName(source));
    const uint32_t longest =
        pathway.delay.value_or(std::max(projection.delay, projection.max_delay));
    program.states[past].history = std::max(program.states[past].history, longest);
    const ir::DomainId domain = model_.section.domain;
    const bool own = !pathway.delay.has_value() && program.HasOwnDelays(connection_.id);
    const ir::Value delay = own ? builder.Emit(ir::Op::kDelay, {ir::Element::kI64, domain}, {})
                                : builder.Literal(ir::Element::kI64, longest);
    const ir::Value index = builder.Emit(ir::Op::kIndexPre, {ir::Element::kU32, domain}, {});
    return builder.Emit(ir::Op::kPast, {index, delay}, past);
  }

  absl::Status WriteNow() {
    const bool moves =
        std::any_of(model_.event_driven.begin(), model_.event_driven.end(),
                    [](const EventDriven& moving) { return moving.last.has_value(); });
    if (!moves && !model_.last.has_value()) return absl::OkStatus();
    ir::Block block = NewBlock(ir::BlockKind::kNow);
    ir::Builder builder(out_.program, block);
    const Names names = SynapseNames(declared_, connection_, block.kind);
    CodeScope scope(declared_, model_.section, names, builder, out_);
    BNSYN_RETURN_IF_ERROR(EventWriter(model_, scope).RunNow());
    out_.program.now.push_back(std::move(block));
    return absl::OkStatus();
  }

  absl::Status OnStep() {
    if (model_.code.equations.empty() && model_.summed.empty()) return absl::OkStatus();
    ir::Block block = NewBlock(ir::BlockKind::kOnStep);
    ir::Builder builder(out_.program, block);
    const Names names = SynapseNames(declared_, connection_, block.kind);
    CodeScope scope(declared_, model_.section, names, builder, out_);
    const ir::SourceText& text = model_.code.equations_text;
    // Sums are of the values at the beginning of the step.
    for (const Equation& sum : model_.summed) {
      scope.EnterCode("equation", sum.name);
      BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(*sum.right, text, scope));
      BNSYN_RETURN_IF_ERROR(ExpectDimension(
          value, sum.unit.dimension, absl::StrCat("'", sum.name, "'"), text, sum.right->range));
      BNSYN_RETURN_IF_ERROR(
          scope.AddToNeuron(sum.name, sum.name_range, value, sum.right->range, text));
    }
    Explain();
    BNSYN_ASSIGN_OR_RETURN(const OdeSystem system, OdeSystem::Create(scope));
    if (!system.equations().empty()) {
      BNSYN_ASSIGN_OR_RETURN(const IntegrationPlan plan,
                             PlanIntegration(system, model_.code.integration, connection_.constants,
                                             declared_.reading()));
      Formulas formulas;
      Integrate(system, plan, &formulas);
      if (out_.explanations != nullptr) {
        absl::StrAppend(&explanation_, ExplainMoves(system, plan, formulas, model_.section.prefix));
      }
      scope.StoreChanged();
    } else if (model_.summed.empty()) {
      return absl::OkStatus();
    }
    out_.program.synaptic.push_back(std::move(block));
    return absl::OkStatus();
  }

  // Explains the equations that do not move in a step.
  void Explain() {
    const ir::SourceText& text = model_.code.equations_text;
    for (const EventDriven& moving : model_.event_driven) {
      absl::StrAppend(&explanation_, "\n  ", LineOf(*model_.code.Find(moving.name), text),
                      "\n    exact: it decays at a constant rate from event to event\n");
      const Keeper keeper = model_.section.FindVariable(moving.name)->keeper;
      if (keeper == Keeper::kOwner) continue;
      const bool source = keeper == Keeper::kSource;
      absl::StrAppend(&explanation_, "    the same for all synapses of a ",
                      source ? "source" : "target", ", so it is a state of ",
                      (source ? connection_.source : connection_.target).name, "\n");
    }
    for (const Equation& sum : model_.summed) {
      absl::StrAppend(&explanation_, "\n  ", LineOf(sum, text), "\n    summed in every step\n");
    }
  }

  const Declarations& declared_;
  const Connection& connection_;
  const SynapseModel& model_;
  ProgramBuilder& out_;
  std::string explanation_;
};

}  // namespace

absl::Status BringToTime(const SynapseModel& model, bool at_end, CodeScope& scope) {
  return EventWriter(model, scope).Look(at_end);
}

absl::Status EmitSynapses(const Declarations& declared, ProgramBuilder& out) {
  for (const Connection& connection : declared.connections) {
    BNSYN_RETURN_IF_ERROR(TryEquations(declared, connection, out));
    BNSYN_RETURN_IF_ERROR(BlockWriter(declared, connection, out).Run());
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
