#include "compiler/lowering/scope.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/language/code_emitter.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Below this a stored value becomes zero (R9): far above the denormal range, far below anything a
// network can tell from zero.
constexpr double kFlushBelow = 1e-290;

// Whether a name that means nothing is no slip for one that does: then it was never declared.
bool NewToUs(const std::string& name, std::vector<std::string> known) {
  if (UnitSymbol(name).has_value() || !FunctionUsage(name).empty()) return false;
  for (std::string& function : FunctionNames()) known.push_back(std::move(function));
  for (std::string& unit : UnitSymbols()) {
    // Nearly every short name is one letter from some short unit.
    if (unit.size() > 3) known.push_back(std::move(unit));
  }
  return ir::DidYouMean(name, known).empty();
}

absl::Status CannotAssign(const Statement& statement, const ir::SourceText& source,
                          absl::string_view why, absl::string_view note = "") {
  return ir::ErrorAt(
      source, statement.target_range,
      absl::StrCat("'", statement.target, "' cannot be assigned: ", std::string(why)), note);
}

TypedValue Of(const Parameter& parameter, ir::Builder& builder) {
  TypedValue value = {builder.Param(parameter.id), parameter.value.dimension};
  value.integer = IsWhole(parameter.value) && !parameter.tunable;
  return value;
}

TypedValue Of(const Variable& variable, ir::Value value) {
  TypedValue typed = {value, variable.dimension()};
  typed.integer = variable.equation->integer;
  return typed;
}

TypedValue WholeNumber(ir::Value value) {
  TypedValue typed = {value, Dimension{}};
  typed.integer = true;
  return typed;
}

// The value, or 0 where it is tiny.
ir::Value FlushTiny(ir::Builder& builder, ir::Value value) {
  const ir::Value tiny =
      builder.Emit(ir::Op::kLt, {builder.Emit(ir::Op::kAbs, {value}), builder.F64(kFlushBelow)});
  return builder.Emit(ir::Op::kSelect, {tiny, builder.F64(0), value});
}

}  // namespace

absl::Status CheckKind(const Equation& equation, const TypedValue& value,
                       const ir::SourceText& source, ir::SourceRange range) {
  const std::string name = absl::StrCat("'", equation.name, "'");
  if (value.boolean != equation.boolean) {
    return ir::ErrorAt(
        source, range,
        absl::StrCat(
            name, " is a ",
            value.boolean ? "number, but this is a boolean" : "boolean, but this is a number"),
        value.boolean ? "int(...) makes 1 or 0 of it" : "compare it with something, as in x > 0");
  }
  return equation.integer ? ExpectInteger(value, name, source, range) : absl::OkStatus();
}

absl::StatusOr<std::optional<TypedValue>> ReadNetworkName(const Lowering& lowering,
                                                          ir::Builder& builder,
                                                          const std::string& name) {
  const Section& uniform = lowering.uniform;
  if (name == "t") return TypedValue{EmitStepTime(builder, lowering.program.dt), dimension::kTime};
  if (const Variable* variable = uniform.FindVariable(name)) {
    return Of(*variable, builder.Load(*variable->state));
  }
  if (const Parameter* parameter = uniform.FindParameter(name)) return Of(*parameter, builder);
  for (const Constant& constant : lowering.constants) {
    if (constant.name != name) continue;
    TypedValue value = {builder.F64(constant.value.value), constant.value.dimension};
    value.integer = IsWhole(constant.value);
    return value;
  }
  return std::nullopt;
}

std::vector<std::string> NetworkNames(const Lowering& lowering) {
  std::vector<std::string> names = {"t"};
  for (const Variable& variable : lowering.uniform.variables) names.push_back(variable.name());
  for (const Parameter& parameter : lowering.uniform.parameters) names.push_back(parameter.name);
  for (const Constant& constant : lowering.constants) names.push_back(constant.name);
  return names;
}

CodeScope::CodeScope(Lowering& lowering, const Section& section, ir::Builder& builder)
    : lowering_(lowering), section_(section), builder_(&builder) {}

uint32_t CodeScope::NextStream() {
  // What is only tried leaves no trace.
  if (trying_) return 0;
  const uint32_t stream = lowering_.streams.Find(next_draw_);
  ++next_draw_.draw;
  return stream;
}

void CodeScope::EnterCode(std::string kind, absl::string_view part, uint32_t draw) {
  next_draw_.code = std::move(kind);
  next_draw_.owner = section_.population.has_value() ? section_.name : "network";
  if (!part.empty()) absl::StrAppend(&next_draw_.owner, ".", part);
  next_draw_.draw = draw;
}

absl::StatusOr<TypedValue> CodeScope::Initial(const Variable& variable, const ir::SourceText&,
                                              ir::SourceRange) {
  // An input that nothing feeds.
  if (!variable.state.has_value()) return Of(variable, builder_->F64(0));
  return Of(variable, builder_->Load(*variable.state));
}

absl::StatusOr<TypedValue> CodeScope::ReadDefinition(const Equation& equation) {
  const auto known = definitions_.find(equation.name);
  if (known != definitions_.end()) return known->second;
  // An equation means the same wherever it is read: local and bound names are hidden from it.
  std::map<std::string, TypedValue> locals;
  std::map<std::string, TypedValue> bound;
  std::swap(locals, locals_);
  std::swap(bound, bound_);
  const StreamName next_draw = next_draw_;
  EnterCode(builder_->block().kind == ir::BlockKind::kInit ? "initial" : "equation", equation.name);
  const ir::SourceText& text = section_.code->equations_text;
  std::string shared = equation.Is("shared") ? equation.name : shared_;
  std::swap(shared, shared_);
  absl::StatusOr<TypedValue> value = EmitExpression(*equation.right, text, *this);
  std::swap(shared, shared_);
  next_draw_ = next_draw;
  std::swap(locals, locals_);
  std::swap(bound, bound_);
  BNSYN_RETURN_IF_ERROR(value.status());
  BNSYN_RETURN_IF_ERROR(CheckKind(equation, *value, text, equation.right->range));
  if (!equation.boolean) {
    BNSYN_RETURN_IF_ERROR(ExpectDimension(*value, equation.unit.dimension,
                                          absl::StrCat("'", equation.name, "'"), text,
                                          equation.right->range));
  }
  definitions_[equation.name] = *value;
  return value;
}

absl::StatusOr<std::optional<TypedValue>> CodeScope::Read(const std::string& name,
                                                          const ir::SourceText& source,
                                                          ir::SourceRange range) {
  for (const auto* names : {&bound_, &locals_}) {
    const auto found = names->find(name);
    if (found != names->end()) return found->second;
  }
  if (const Equation* equation = section_.code->Find(name)) {
    if (!equation->Is("shared")) BNSYN_RETURN_IF_ERROR(CheckShared(name, source, range));
    if (const Variable* variable = section_.FindVariable(name)) {
      const auto found = current_.find(name);
      if (found != current_.end()) return found->second;
      BNSYN_ASSIGN_OR_RETURN(const TypedValue value, Initial(*variable, source, range));
      return value;
    }
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, ReadDefinition(*equation));
    return value;
  }
  if (const Parameter* parameter = section_.FindParameter(name)) return Of(*parameter, *builder_);
  if (IsWhiteNoise(name)) {
    return ir::ErrorAt(source, range,
                       absl::StrCat("'", name, "' is white noise, which differential equations ",
                                    "alone can read"),
                       "as in dV/dt = -V/tau + sigma*sqrt(2/tau)*xi : volt; elsewhere randn() "
                       "draws a normal number");
  }
  BNSYN_ASSIGN_OR_RETURN(const std::optional<TypedValue> known,
                         ReadNeuronName(name, source, range));
  if (known.has_value()) return known;
  for (const LoweredTable& table : lowering_.tables) {
    if (table.name != name) continue;
    return ir::ErrorAt(source, range, absl::StrCat("'", name, "' is a table"),
                       absl::StrCat("read it as ", TableUsage(table)));
  }
  BNSYN_ASSIGN_OR_RETURN(const std::optional<TypedValue> value,
                         ReadNetworkName(lowering_, *builder_, name));
  if (!value.has_value() && NewToUs(name, Names())) {
    return ir::ErrorAt(source, range, absl::StrCat("unknown name '", name, "'"),
                       absl::StrCat("give it a value, as in parameters = { ", name,
                                    " = ... }, or "
                                    "declare it in the equations"));
  }
  return value;
}

absl::StatusOr<std::optional<TypedValue>> CodeScope::Call(const Expr& call,
                                                          const ir::SourceText& source) {
  return CallTable(lowering_, call, source, *this);
}

absl::StatusOr<std::optional<TypedValue>> CodeScope::ReadNeuronName(const std::string& name,
                                                                    const ir::SourceText& source,
                                                                    ir::SourceRange range) {
  const bool of_each = name == "i" || name == "not_refractory" || name == "lastspike";
  if (!section_.population.has_value()) {
    if (!of_each) return std::nullopt;
    return ir::ErrorAt(
        source, range,
        absl::StrCat("'", name,
                     name == "i" ? "' is the number of a neuron, and " : "' is of a neuron, and ",
                     "network-level code has no neurons"));
  }
  if (of_each) BNSYN_RETURN_IF_ERROR(CheckShared(name, source, range));
  if (name == "not_refractory") {
    return TypedValue{active_.valid() ? active_ : builder_->Bool(true), Dimension{}};
  }
  if (name == "lastspike") {
    if (!section_.code->threshold.has_value()) {
      return ir::ErrorAt(
          source, range,
          absl::StrCat("population '", section_.name, "' never spikes: its model has no threshold"),
          "give the model one, as in threshold = \"V > V_th\"");
    }
    return TypedValue{LastSpike(), dimension::kTime};
  }
  if (name == "i") {
    const ir::Value index =
        builder_->Emit(ir::Op::kIndex, {ir::Element::kU32, section_.domain}, {});
    return WholeNumber(builder_->Convert(index, ir::Element::kF64));
  }
  if (name != "N") return std::nullopt;
  for (const Constant& constant : lowering_.constants) {
    if (constant.name != "N" || constant.value.value == section_.size) continue;
    return ir::ErrorAt(
        source, range,
        absl::StrCat("'N' could be two things here: the constant N is ", constant.value.value,
                     ", and population '", section_.name, "' has ", section_.size, " neurons"),
        "define a constant of another name for what is meant");
  }
  return WholeNumber(builder_->F64(section_.size));
}

ir::Value CodeScope::LastSpike() {
  const ir::Value before = builder_->Load(LastSpikeOf(lowering_, section_));
  if (!spiked_.valid()) return before;
  return builder_->Emit(ir::Op::kSelect,
                        {spiked_, EmitStepTime(*builder_, lowering_.program.dt), before});
}

absl::Status CodeScope::CheckShared(const std::string& name, const ir::SourceText& source,
                                    ir::SourceRange range) const {
  if (shared_.empty()) return absl::OkStatus();
  return ir::ErrorAt(source, range,
                     absl::StrCat("'", shared_, "' is one value for all neurons, but it would ",
                                  "depend on '", name, "', which each neuron has for itself"),
                     absl::StrCat("leave the flag (shared) of '", shared_, "' out",
                                  section_.code->Find(name) == nullptr
                                      ? ""
                                      : absl::StrCat(", or make '", name, "' (shared) too")));
}

std::vector<std::string> CodeScope::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : bound_) names.push_back(name);
  for (const auto& [name, value] : locals_) names.push_back(name);
  for (const Equation& equation : section_.code->equations) names.push_back(equation.name);
  for (const Parameter& parameter : section_.parameters) names.push_back(parameter.name);
  if (section_.population.has_value()) {
    names.insert(names.end(), {"not_refractory", "lastspike", "i", "N"});
  }
  const std::vector<std::string> network = NetworkNames(lowering_);
  names.insert(names.end(), network.begin(), network.end());
  return names;
}

absl::Status CodeScope::Assign(const Statement& statement, TypedValue right,
                               const ir::SourceText& source) {
  const std::string& name = statement.target;
  const auto refuse = [&](absl::string_view why, absl::string_view note = "") {
    return CannotAssign(statement, source, why, note);
  };
  if (bound_.count(name) != 0) return refuse("it is the weight of the event here");
  if (const Variable* variable = section_.FindVariable(name)) {
    return AssignVariable(statement, *variable, right, source);
  }
  if (section_.code->Find(name) != nullptr) {
    return refuse("an equation defines it", "declare it as a variable, 'x : unit', to assign it");
  }
  if (section_.FindParameter(name) != nullptr) return refuse("it is a parameter");
  const auto local = locals_.find(name);
  if (local == locals_.end()) {
    if (section_.population.has_value() && lowering_.uniform.FindVariable(name) != nullptr) {
      return refuse("it is a variable of the network, which populations only read",
                    "the update code of [uniform] writes it");
    }
    if (name == "i" || name == "N" || name == "not_refractory" || name == "lastspike" ||
        IsWhiteNoise(name)) {
      return refuse("the name has a meaning of its own");
    }
    const std::vector<std::string> network = NetworkNames(lowering_);
    if (std::find(network.begin(), network.end(), name) != network.end()) {
      return refuse("it is a parameter or constant of the network");
    }
    if (statement.op != '=') {
      return ir::ErrorAt(
          source, statement.target_range,
          absl::StrCat("there is no variable '", name, "' to change with '",
                       std::string(1, statement.op), "='", ir::DidYouMean(name, Names())),
          absl::StrCat("'", name, " = ...' makes a value for this piece of code"));
    }
    locals_[name] = right;
    return absl::OkStatus();
  }
  if (statement.op == '=') {
    local->second = right;
    return absl::OkStatus();
  }
  BNSYN_ASSIGN_OR_RETURN(local->second,
                         ApplyAssignment(statement, local->second, right, source, *this));
  return absl::OkStatus();
}

absl::Status CodeScope::AssignVariable(const Statement& statement, const Variable& variable,
                                       TypedValue right, const ir::SourceText& source) {
  const bool adds = statement.op == '+' || statement.op == '-';
  if (!variable.state.has_value() && (bound_.empty() || !adds)) {
    return CannotAssign(statement, source, "it is an input, to which events add");
  }
  if (variable.Is("constant")) {
    return CannotAssign(statement, source, "it is declared (constant)");
  }
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value,
                         ApplyAssignment(statement, Get(variable), right, source, *this));
  BNSYN_RETURN_IF_ERROR(CheckKind(*variable.equation, value, source, statement.value.range));
  if (variable.Is("shared") && section_.population.has_value()) {
    if (guard_.valid()) {
      return CannotAssign(statement, source,
                          "it is one value for all neurons (shared), and this runs for some alone");
    }
    if (builder_->type(value.value).domain != ir::DomainId::kNetwork) {
      return ir::ErrorAt(source, statement.value.range,
                         absl::StrCat("'", statement.target, "' is one value for all neurons ",
                                      "(shared), but this differs between them"));
    }
  }
  Set(variable, value.value);
  return absl::OkStatus();
}

TypedValue CodeScope::Get(const Variable& variable) {
  const auto found = current_.find(variable.name());
  if (found != current_.end()) return found->second;
  return Of(variable,
            variable.state.has_value() ? builder_->Load(*variable.state) : builder_->F64(0));
}

void CodeScope::Set(const Variable& variable, ir::Value value) {
  const bool held = free_.valid() && variable.Is("unless refractory");
  if (guard_.valid() || held) {
    const ir::Value old = Get(variable).value;
    if (held) value = builder_->Emit(ir::Op::kSelect, {free_, value, old});
    if (guard_.valid()) value = builder_->Emit(ir::Op::kSelect, {guard_, value, old});
  }
  current_[variable.name()] = Of(variable, value);
  if (variable.state.has_value()) changed_[variable.name()] = true;
  definitions_.clear();
}

std::vector<const Variable*> CodeScope::Changed() const {
  std::vector<const Variable*> changed;
  for (const Variable& variable : section_.variables) {
    if (changed_.count(variable.name()) != 0) changed.push_back(&variable);
  }
  return changed;
}

absl::StatusOr<TypedValue> CodeScope::EmitOver(const StandIns& stand_ins, const Expr& expr,
                                               const std::string& shared) {
  std::map<std::string, TypedValue> current = current_;
  std::map<std::string, TypedValue> bound = bound_;
  for (const auto& [equation, value] : stand_ins.variables) {
    current_[equation->name] = Of(VariableOf(*equation), value);
  }
  for (const auto& [name, value] : stand_ins.names) bound_[name] = value;
  definitions_.clear();
  SetShared(shared);
  absl::StatusOr<TypedValue> value = EmitExpression(expr, equations_text(), *this);
  SetShared("");
  definitions_.clear();
  std::swap(bound, bound_);
  std::swap(current, current_);
  return value;
}

absl::StatusOr<TypedValue> CodeScope::Try(const Expr& expr, const ir::SourceText& source) {
  ir::Block scratch;
  scratch.kind = builder_->block().kind;
  scratch.domain = builder_->block().domain;
  ir::Builder builder(lowering_.program, scratch);
  // Values of the block under construction mean nothing in the scratch block.
  std::map<std::string, TypedValue> current;
  std::map<std::string, TypedValue> locals;
  std::map<std::string, TypedValue> bound;
  std::map<std::string, TypedValue> definitions;
  std::swap(current, current_);
  std::swap(locals, locals_);
  std::swap(bound, bound_);
  std::swap(definitions, definitions_);
  ir::Value active;
  ir::Value spiked;
  std::swap(active, active_);
  std::swap(spiked, spiked_);
  ir::Builder* const kept = std::exchange(builder_, &builder);
  const bool was_trying = std::exchange(trying_, true);
  absl::StatusOr<TypedValue> value = EmitExpression(expr, source, *this);
  trying_ = was_trying;
  builder_ = kept;
  std::swap(spiked, spiked_);
  std::swap(active, active_);
  std::swap(definitions, definitions_);
  std::swap(bound, bound_);
  std::swap(locals, locals_);
  std::swap(current, current_);
  return value;
}

absl::Status CodeScope::TryDefinitions() {
  for (const Equation& equation : section_.code->equations) {
    if (equation.kind != EquationKind::kExpression) continue;
    Expr name;
    name.kind = ExprKind::kName;
    name.name = equation.name;
    name.range = equation.name_range;
    BNSYN_RETURN_IF_ERROR(Try(name, section_.code->equations_text).status());
  }
  return absl::OkStatus();
}

void StoreVariable(const Lowering& lowering, ir::Builder& builder, ir::StateId state,
                   ir::Value value, Tiny tiny) {
  if (lowering.program.states[state].type.element != ir::Element::kF64) {
    builder.Store(state, value);
    return;
  }
  if (tiny == Tiny::kFlushed) value = FlushTiny(builder, value);
  builder.Check(state, value);
  builder.Store(state, value);
}

}  // namespace bnsyn::compiler
