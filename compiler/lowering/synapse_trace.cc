// Traces: variables of synapses that are the same for all synapses of a neuron, as its states.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "ir/status_macros.h"
#include "reference/functions.h"

namespace bnsyn::compiler {
namespace {

class TraceFinder {
 public:
  TraceFinder(Declarations& declared, Connection& connection, ProgramBuilder& out)
      : declared_(declared),
        connection_(connection),
        model_(connection.model),
        out_(out),
        names_(SynapseNames(declared, connection, ir::BlockKind::kOnPre)) {}

  void Run() {
    if (!out_.synapse_traces) return;
    for (const EventDriven& moving : model_.event_driven) {
      if (model_.code.Find(moving.name)->Is(kPerSynapse)) continue;
      const std::vector<const Statement*> on_pre = Assignments(model_.on_pre, moving.name);
      const std::vector<const Statement*> on_post = Assignments(model_.on_post, moving.name);
      if (moving.rest.has_value() || on_pre.size() + on_post.size() != 1) continue;
      if (model_.ClocksMention(moving.name)) continue;
      const bool post = on_pre.empty();
      const Statement& statement = post ? *on_post[0] : *on_pre[0];
      if (!BeginsWithNumber(moving.name)) continue;
      if (post ? ReadBefore(statement, moving.name) : !OneDelay()) continue;
      // on_post runs once for each spike of a target, and its step once for all of them.
      if (post && connection_.target.code->multiplicity.has_value()) continue;
      std::optional<Trace> trace = MakeTrace(moving, statement, post);
      if (!trace.has_value()) continue;
      Variable& variable = *model_.section.FindVariable(moving.name);
      variable.keeper = post ? Keeper::kTarget : Keeper::kSource;
      const Section& keeper = post ? connection_.target : connection_.source;
      trace->section = static_cast<size_t>(&keeper - declared_.sections.data());
      trace->state = *variable.state;
      out_.program.states[trace->state].type.domain = keeper.domain;
      if (!post) trace->arrivals = ArrivalsInput();
      ir::Projection& projection = out_.program.projections[connection_.id];
      (post ? projection.of_target : projection.of_source).push_back(trace->state);
      declared_.traces.push_back(*trace);
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
    for (const auto& [given, setting] : connection_.description.options.initial) {
      if (given == name && !IsPlain(names_, setting, name)) return false;
    }
    return true;
  }

  // A target that spiked holds only the value after its jump.
  bool ReadBefore(const Statement& assignment, const std::string& name) const {
    for (const Statement& statement : model_.on_post) {
      if (&statement == &assignment) return false;
      if (ReadsName(statement.value, model_.code, name)) return true;
    }
    return false;
  }

  bool OneDelay() const {
    const std::optional<Setting>& delay = connection_.description.options.delay;
    return !out_.program.projections[connection_.id].delay_column.has_value() &&
           (!delay.has_value() || IsPlain(names_, *delay, "the delay"));
  }

  // The number that an expression of the code is for all synapses and steps, with dt in the place
  // of the name `as_dt`; nullopt if it is not one number. Errors are reported when the code is
  // emitted.
  std::optional<double> Number(const Expr& expr, const ir::SourceText& source,
                               const std::string& as_dt = "") {
    ir::Block scratch;
    scratch.kind = ir::BlockKind::kOnPre;
    scratch.domain = model_.section.domain;
    ir::Builder builder(out_.program, scratch);
    CodeScope scope(declared_, model_.section, names_, builder, out_);
    if (!as_dt.empty()) {
      scope.Change().bound[as_dt] = {builder.F64(out_.program.dt), dimension::kTime};
    }
    const absl::StatusOr<TypedValue> value = EmitFloat(expr, source, scope);
    if (!value.ok() || builder.type(value->value).element != ir::Element::kF64) return std::nullopt;
    return Facts(out_.program, builder.block()).Number(value->value);
  }

  std::optional<Trace> MakeTrace(const EventDriven& moving, const Statement& statement, bool post) {
    if (statement.op != '=' && statement.op != '+' && statement.op != '-') return std::nullopt;
    const ConnectOptions& options = connection_.description.options;
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

  // One for all traces of the projection.
  ir::InputId ArrivalsInput() {
    if (!connection_.arrivals.has_value()) {
      connection_.arrivals = out_.AddInput(absl::StrCat(model_.section.prefix, "arrivals.number"),
                                           connection_.source.domain);
    }
    return *connection_.arrivals;
  }

  Declarations& declared_;
  Connection& connection_;
  SynapseModel& model_;
  ProgramBuilder& out_;
  const Names names_;
};

}  // namespace

void FindTraces(Declarations& declared, Connection& connection, ProgramBuilder& out) {
  TraceFinder(declared, connection, out).Run();
}

// A spike arrives at the beginning of its step, and is emitted at its end (R5).
void EmitTraces(const Declarations& declared, size_t index, ir::Value spiked, ir::Builder& builder,
                const ir::Program& program) {
  std::map<ir::InputId, ir::Value> arrived;
  for (const Trace& trace : declared.traces) {
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
    StoreVariable(program, builder, trace.state, value);
  }
}

}  // namespace bnsyn::compiler
