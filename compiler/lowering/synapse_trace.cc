// Traces: variables of synapses that are the same for all synapses of a neuron, as its states.
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
    for (EventDriven& moving : model_.event_driven) {
      if (model_.code.Find(moving.name)->Is(kPerSynapse)) continue;
      const std::vector<Jump> jumps = Jumps(moving.name);
      if (moving.rest.has_value() || jumps.size() != 1 || !BeginsWithNumber(moving.name)) continue;
      if (model_.ClocksMention(moving.name)) continue;
      const PathwayCode& pathway = model_.pathways[jumps[0].pathway];
      if (!OneDelay(pathway) || !IsAlike(moving, *jumps[0].statement, pathway)) continue;
      Hold(moving, pathway.on_post);
    }
  }

 private:
  // A statement that changes a variable.
  struct Jump {
    size_t pathway;
    const Statement* statement;
  };

  // Makes the variable a state of the targets, which decays in every step, or of the sources, which
  // stays as it was when a spike of theirs arrived.
  void Hold(EventDriven& moving, bool by_target) {
    const Section& keeper = by_target ? connection_.target : connection_.source;
    Variable& variable = *model_.section.FindVariable(moving.name);
    variable.keeper = by_target ? Keeper::kTarget : Keeper::kSource;
    const ir::StateId state = *variable.state;
    out_.program.states[state].type.domain = keeper.domain;
    ir::Projection& projection = out_.program.projections[connection_.id];
    (by_target ? projection.of_target : projection.of_source).push_back(state);
    if (by_target) {
      const auto section = static_cast<size_t>(&keeper - declared_.sections.data());
      declared_.traces.push_back({section, state, reference::Exp(*RateOf(moving))});
      return;
    }
    moving.last = out_.AddState(absl::StrCat(model_.section.prefix, moving.name, ".step"),
                                {ir::Element::kI64, keeper.domain});
  }

  std::vector<Jump> Jumps(const std::string& name) const {
    std::vector<Jump> jumps;
    for (size_t p = 0; p < model_.pathways.size(); ++p) {
      for (const Statement& statement : model_.pathways[p].code) {
        if (statement.target == name) jumps.push_back({p, &statement});
      }
    }
    return jumps;
  }

  bool BeginsWithNumber(const std::string& name) const {
    for (const auto& [given, setting] : connection_.description.options.initial) {
      if (given == name && !IsPlain(names_, setting, name)) return false;
    }
    return true;
  }

  // True if all synapses of a neuron see the spikes of the pathway at the same time.
  bool OneDelay(const PathwayCode& pathway) const {
    if (pathway.on_post) return true;
    const std::optional<Setting>& delay = connection_.description.options.delay;
    const bool all_alike = !out_.program.projections[connection_.id].delay_column.has_value() &&
                           (!delay.has_value() || IsPlain(names_, *delay, "the delay"));
    return all_alike || (pathway.delay.has_value() && !model_.Mentions(pathway.code, "delay"));
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

  // True if the variable decays at a rate that is one number, and jumps by or to one: the same for
  // all synapses of a neuron.
  bool IsAlike(const EventDriven& moving, const Statement& statement, const PathwayCode& pathway) {
    if (statement.op != '=' && statement.op != '+' && statement.op != '-') return false;
    return RateOf(moving).has_value() && Number(statement.value, pathway.text).has_value();
  }

  std::optional<double> RateOf(const EventDriven& moving) {
    return Number(moving.proportional, model_.code.equations_text, moving.name);
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

void EmitTraces(const Declarations& declared, size_t index, ir::Builder& builder,
                const ir::Program& program) {
  for (const Trace& trace : declared.traces) {
    if (trace.section != index) continue;
    const ir::Value now = AsComputed(builder, builder.Load(trace.state));
    StoreVariable(program, builder, trace.state,
                  builder.Emit(ir::Op::kMul, {now, builder.F64(trace.decay)}));
  }
}

}  // namespace bnsyn::compiler
