// Traces: variables of synapses that are the same for all synapses of a neuron, as its states.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/algorithm/container.h"
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
      const std::vector<Jump> jumps = Jumps(moving.name);
      if (moving.rest.has_value() || jumps.size() != 1 || !BeginsWithNumber(moving.name)) continue;
      if (model_.ClocksMention(moving.name)) continue;
      const PathwayCode& pathway = model_.pathways[jumps[0].pathway];
      const Section& keeper = pathway.on_post ? connection_.target : connection_.source;
      // What a step finds for the next one is whether neurons spiked, and not how often.
      if (!OneDelay(pathway) || keeper.code->multiplicity.has_value()) continue;
      std::optional<Trace> trace = MakeTrace(moving, *jumps[0].statement, pathway);
      if (!trace.has_value()) continue;
      Variable& variable = *model_.section.FindVariable(moving.name);
      variable.keeper = pathway.on_post ? Keeper::kTarget : Keeper::kSource;
      trace->section = static_cast<size_t>(&keeper - declared_.sections.data());
      trace->state = *variable.state;
      trace->pathway = jumps[0].pathway;
      trace->arrivals = ArrivalsBy(pathway, trace->section);
      declared_.arrivals[trace->arrivals].read_ahead |= IsReadBehind(moving.name, trace->pathway);
      out_.program.states[trace->state].type.domain = keeper.domain;
      ir::Projection& projection = out_.program.projections[connection_.id];
      (pathway.on_post ? projection.of_target : projection.of_source).push_back(trace->state);
      declared_.traces.push_back(*trace);
    }
  }

 private:
  // A statement that changes a variable.
  struct Jump {
    size_t pathway;
    const Statement* statement;
  };

  std::vector<Jump> Jumps(const std::string& name) const {
    std::vector<Jump> jumps;
    for (size_t p = 0; p < model_.pathways.size(); ++p) {
      for (const Statement& statement : model_.pathways[p].code) {
        if (statement.target == name) jumps.push_back({p, &statement});
      }
    }
    return jumps;
  }

  // True if a pathway that runs behind number `first` in a step reads the variable.
  bool IsReadBehind(const std::string& name, size_t first) const {
    return absl::c_any_of(model_.pathways, [&](const PathwayCode& pathway) {
      return model_.RunsBehind(pathway, first) && model_.Mentions(pathway.code, name);
    });
  }

  bool BeginsWithNumber(const std::string& name) const {
    for (const auto& [given, setting] : connection_.description.options.initial) {
      if (given == name && !IsPlain(names_, setting, name)) return false;
    }
    return true;
  }

  // True if all synapses of a neuron see the spikes of the pathway at the same time.
  bool OneDelay(const PathwayCode& pathway) const {
    if (pathway.on_post || pathway.delay.has_value()) return true;
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

  std::optional<Trace> MakeTrace(const EventDriven& moving, const Statement& statement,
                                 const PathwayCode& pathway) {
    if (statement.op != '=' && statement.op != '+' && statement.op != '-') return std::nullopt;
    const std::optional<double> rate =
        Number(moving.proportional, model_.code.equations_text, moving.name);
    const std::optional<double> jump = Number(statement.value, pathway.text);
    if (!rate.has_value() || !jump.has_value()) return std::nullopt;
    Trace trace;
    trace.decay = reference::Exp(*rate);
    trace.jump = statement.op == '-' ? -*jump : *jump;
    trace.sets = statement.op == '=';
    return trace;
  }

  // The arrivals by a pathway, one for all traces that it makes jump.
  size_t ArrivalsBy(const PathwayCode& pathway, size_t section) {
    Arrivals arrivals;
    arrivals.section = section;
    const std::string main = pathway.on_post ? "post" : "pre";
    arrivals.name =
        absl::StrCat(model_.section.prefix, "arrivals.", pathway.is_main() ? main : pathway.name);
    const ir::Projection& projection = out_.program.projections[connection_.id];
    arrivals.spikes =
        pathway.spikes.value_or(pathway.on_post ? projection.target : projection.source);
    arrivals.selected = pathway.on_post ? projection.targets : projection.sources;
    arrivals.of = connection_.id;
    arrivals.delay = pathway.delay;
    const auto known = absl::c_find_if(declared_.arrivals,
                                       [&](const Arrivals& a) { return a.name == arrivals.name; });
    const auto index = static_cast<size_t>(known - declared_.arrivals.begin());
    if (known == declared_.arrivals.end()) declared_.arrivals.push_back(std::move(arrivals));
    return index;
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

// What arrives in a step arrives at its beginning (R5).
void EmitTraces(const Declarations& declared, size_t index, const FoundSpikes& found,
                ir::Builder& builder, const ir::Program& program) {
  std::map<size_t, ir::Value> numbers;
  for (size_t a = 0; a < declared.arrivals.size(); ++a) {
    const Arrivals& arrivals = declared.arrivals[a];
    if (arrivals.section != index) continue;
    const ir::Value taken = builder.Take(arrivals.input);
    numbers[a] = taken;
    if (!arrivals.state.has_value()) continue;
    if (arrivals.at_once) {
      builder.Store(*arrivals.state, builder.Convert(found.at(arrivals.spikes), ir::Element::kF64));
      continue;
    }
    numbers[a] = builder.Load(*arrivals.state);
    builder.Store(*arrivals.state, taken);
  }
  for (const Trace& trace : declared.traces) {
    if (trace.section != index) continue;
    const ir::Value jump = builder.F64(trace.jump);
    const ir::Value number = numbers.at(trace.arrivals);
    const ir::Value before = builder.Load(trace.state);
    const ir::Value any = builder.Emit(ir::Op::kGt, {number, builder.F64(0)});
    const ir::Value after = trace.sets ? builder.Emit(ir::Op::kSelect, {any, jump, before})
                                       : builder.Emit(ir::Op::kFma, {number, jump, before});
    StoreVariable(program, builder, trace.state,
                  builder.Emit(ir::Op::kMul, {after, builder.F64(trace.decay)}));
  }
}

}  // namespace bnsyn::compiler
