// Variables of synapses that are the same for all synapses of a neuron, and so are kept by it.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/lowering/scope.h"
#include "compiler/lowering/synapse_model.h"
#include "compiler/lowering/synapse_scope.h"
#include "ir/status_macros.h"
#include "reference/functions.h"

namespace bnsyn::compiler {
namespace {

class TraceFinder {
 public:
  TraceFinder(SynapseContext& context, ir::ProjectionId id, SynapseModel& model)
      : context_(context), lowering_(context.lowering), id_(id), model_(model) {}

  void Run() {
    for (EventDriven& moving : model_.event_driven) {
      const std::vector<const Statement*> on_pre = Assignments(model_.on_pre, moving.name);
      const std::vector<const Statement*> on_post = Assignments(model_.on_post, moving.name);
      if (moving.rest.has_value() || on_pre.size() + on_post.size() != 1) continue;
      const bool post = on_pre.empty();
      const Statement& statement = post ? *on_post[0] : *on_pre[0];
      if (!BeginsWithNumber(moving.name)) continue;
      if (post ? ReadBefore(statement, moving.name) : !OneDelay()) continue;
      std::optional<Trace> trace = MakeTrace(moving, statement, post);
      if (!trace.has_value()) continue;
      moving.keeper = post ? Keeper::kTarget : Keeper::kSource;
      const Section& keeper = post ? context_.target : context_.source;
      trace->section = static_cast<size_t>(&keeper - lowering_.sections.data());
      trace->state = *model_.section.FindVariable(moving.name)->state;
      lowering_.program.states[trace->state].type.domain = keeper.domain;
      if (!post) trace->arrivals = ArrivalsInput();
      lowering_.traces.push_back(*trace);
    }
  }

 private:
  static std::vector<const Statement*> Assignments(const std::vector<Statement>& statements,
                                                   const std::string& name) {
    std::vector<const Statement*> found;
    for (const Statement& statement : statements) {
      if (statement.target == name) found.push_back(&statement);
    }
    return found;
  }

  bool BeginsWithNumber(const std::string& name) const {
    for (const auto& [given, setting] : context_.description.options.initial) {
      if (given == name && !IsPlain(context_, setting, name)) return false;
    }
    return true;
  }

  // A target that has spiked holds the value after its jump only.
  bool ReadBefore(const Statement& assignment, const std::string& name) const {
    for (const Statement& statement : model_.on_post) {
      if (&statement == &assignment) return false;
      if (model_.Mentions(statement.value, name)) return true;
    }
    return false;
  }

  bool OneDelay() const {
    const std::optional<Setting>& delay = context_.description.options.delay;
    return !lowering_.program.projections[id_].delay_column.has_value() &&
           (!delay.has_value() || IsPlain(context_, *delay, "the delay"));
  }

  // The number that an expression of the code is for all synapses and steps, `as_dt` standing for
  // dt; nullopt when it is none, or wrong, which is told where the code is lowered.
  std::optional<double> Number(const Expr& expr, const ir::SourceText& source,
                               const std::string& as_dt = "") {
    ir::Block scratch;
    scratch.kind = ir::BlockKind::kOnPre;
    scratch.domain = model_.section.domain;
    ir::Builder builder(lowering_.program, scratch);
    SynapseCodeScope scope(context_, model_, scratch.kind, builder);
    if (!as_dt.empty()) {
      scope.Bind(as_dt, {builder.F64(lowering_.network.options.dt.value), dimension::kTime});
    }
    const absl::StatusOr<TypedValue> value = EmitExpression(expr, source, scope);
    if (!value.ok() || builder.type(value->value).element != ir::Element::kF64) return std::nullopt;
    return Facts(lowering_.program, builder.block()).Number(value->value);
  }

  std::optional<Trace> MakeTrace(const EventDriven& moving, const Statement& statement, bool post) {
    if (statement.op != '=' && statement.op != '+' && statement.op != '-') return std::nullopt;
    const ConnectOptions& options = context_.description.options;
    const std::optional<double> rate =
        Number(moving.proportional, model_.code.equations_text, moving.name);
    const std::optional<double> jump =
        Number(statement.value, post ? options.on_post : options.on_pre);
    if (!rate.has_value() || !jump.has_value()) return std::nullopt;
    Trace trace;
    trace.decay = reference::Exp(*rate);
    trace.jump = statement.op == '-' ? -*jump : *jump;
    trace.sets = statement.op == '=';
    return trace;
  }

  // Where spikes of the source are counted as they arrive; one for all traces of the projection.
  ir::InputId ArrivalsInput() {
    for (const Arrivals& arrivals : lowering_.arrivals) {
      if (arrivals.projection == id_) return arrivals.input;
    }
    const ir::InputId input = AddInput(lowering_, context_.source,
                                       absl::StrCat(model_.section.prefix, "arrivals.number"));
    lowering_.arrivals.push_back({id_, input});
    return input;
  }

  SynapseContext& context_;
  Lowering& lowering_;
  const ir::ProjectionId id_;
  SynapseModel& model_;
};

}  // namespace

void FindTraces(SynapseContext& context, ir::ProjectionId id, SynapseModel& model) {
  TraceFinder(context, id, model).Run();
}

void AddArrivals(Lowering& lowering) {
  ir::Program& program = lowering.program;
  for (const Arrivals& arrivals : lowering.arrivals) {
    const ir::Projection& like = program.projections[arrivals.projection];
    const ir::DomainId sources = program.inputs[arrivals.input].population;
    ir::Projection projection;
    projection.name = absl::StrCat(like.name, ".arrivals.pre");
    projection.source = like.source;
    projection.target = program.domains[static_cast<size_t>(sources)].index;
    projection.rule.kind = ir::RuleKind::kOneToOne;
    projection.delay = like.delay;
    const ir::ProjectionId id = program.AddProjection(std::move(projection));
    ir::Block block;
    block.kind = ir::BlockKind::kOnPre;
    block.name = program.projections[id].name;
    block.domain = program.projections[id].domain;
    ir::Builder builder(program, block);
    builder.Emit(ir::Op::kAccumulate, {builder.F64(1)}, arrivals.input);
    program.synaptic.push_back(std::move(block));
  }
}

// A spike that arrives finds the trace at the beginning of its step, and one that happens at its
// end: R5.
void LowerTraces(const Lowering& lowering, size_t index, ir::Value spiked, ir::Builder& builder) {
  std::map<ir::InputId, ir::Value> arrived;
  for (const Trace& trace : lowering.traces) {
    if (trace.section != index) continue;
    const ir::Value jump = builder.F64(trace.jump);
    const ir::Value decay = builder.F64(trace.decay);
    ir::Value value = builder.Load(trace.state);
    if (trace.arrivals.has_value()) {
      ir::Value& number = arrived[*trace.arrivals];
      if (!number.valid()) number = builder.Take(*trace.arrivals);
      const ir::Value any = builder.Emit(ir::Op::kGt, {number, builder.F64(0)});
      value = trace.sets ? builder.Emit(ir::Op::kSelect, {any, jump, value})
                         : builder.Emit(ir::Op::kFma, {number, jump, value});
      value = builder.Emit(ir::Op::kMul, {value, decay});
    } else {
      value = builder.Emit(ir::Op::kMul, {value, decay});
      const ir::Value after = trace.sets ? jump : builder.Emit(ir::Op::kAdd, {value, jump});
      value = builder.Emit(ir::Op::kSelect, {spiked, after, value});
    }
    StoreVariable(lowering, builder, trace.state, value);
  }
}

}  // namespace bnsyn::compiler
