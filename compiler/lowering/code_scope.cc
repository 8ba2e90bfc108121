#include "compiler/lowering/code_scope.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/loop.h"
#include "compiler/lowering/neurons.h"
#include "compiler/lowering/table.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Below this a stored value becomes zero (R9): far above the denormal range, far below anything a
// network can tell from zero.
const double kFlushBelow = Mutant("R9.flush_below") ? 1e-300 : 1e-290;
// The same for variables that code alone changes, which may hold any number that is not denormal.
const double kFlushAssignedBelow = Mutant("R9.flush_what_code_assigns") ? 1e-290 : 0x1p-1020;
// Both for f32.
const double kFlushFloat32Below = Mutant("R9.flush_float32") ? 1e-290 : 1e-30;
const double kFlushAssignedFloat32Below =
    Mutant("R9.flush_float32_that_code_assigns") ? 1e-30 : 0x1p-124;

TypedValue Of(const Variable& variable, ir::Value value) {
  return variable.equation->integer ? AnyInteger(value) : TypedValue{value, variable.dimension()};
}

bool HasBounds(const ir::State& state) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return state.lower != -kMax || state.upper != kMax;
}

// Below what a value becomes zero. An f32 never keeps tiny values: what decays would stay at the
// least denormal number for ever.
std::optional<double> FlushedBelow(ir::Element element, Tiny tiny) {
  if (element == ir::Element::kF32) {
    return tiny == Tiny::kFlushed ? kFlushFloat32Below : kFlushAssignedFloat32Below;
  }
  if (element != ir::Element::kF64 || tiny == Tiny::kKept) return std::nullopt;
  return tiny == Tiny::kFlushed ? kFlushBelow : kFlushAssignedBelow;
}

// The value, or 0 where it is tiny.
ir::Value FlushTiny(ir::Builder& builder, ir::Value value, double below) {
  const ir::Value tiny =
      builder.Emit(ir::Op::kLt, {builder.Emit(ir::Op::kAbs, {value}), builder.F64(below)});
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
  return absl::OkStatus();
}

absl::StatusOr<TypedValue> AsDeclared(const Equation& equation, const TypedValue& value,
                                      const ir::SourceText& source, ir::SourceRange range,
                                      Scope& scope) {
  BNSYN_RETURN_IF_ERROR(CheckKind(equation, value, source, range));
  if (!equation.integer) return IntegerArithmetic(source, range, scope).AsFloat(value);
  return EmitInteger(value, absl::StrCat("'", equation.name, "'"), source, range, scope);
}

ir::Value AsComputed(ir::Builder& builder, ir::Value kept) {
  const bool narrow = builder.type(kept).element == ir::Element::kF32;
  return narrow ? builder.Convert(kept, ir::Element::kF64) : kept;
}

ir::Value AsKept(const ir::Program& program, ir::Builder& builder, ir::StateId state,
                 ir::Value value) {
  const bool narrow = program.states[state].type.element == ir::Element::kF32;
  return narrow ? builder.Convert(value, ir::Element::kF32) : value;
}

void StoreVariable(const ir::Program& program, ir::Builder& builder, ir::StateId state,
                   ir::Value value, Tiny tiny, bool checked, ir::Op store) {
  const ir::State& declared = program.states[state];
  const ir::Element element = declared.type.element;
  const bool real = ir::IsFloat(element);
  if (const std::optional<double> below = FlushedBelow(element, tiny)) {
    value = FlushTiny(builder, value, *below);
  }
  value = AsKept(program, builder, state, value);
  // Integers are finite, and booleans have no bounds.
  if (checked && (real || (element == ir::Element::kI64 && HasBounds(declared)))) {
    builder.Check(state, value);
  }
  builder.Emit(store, {value}, state);
}

uint32_t CodeScope::NextStream() {
  const uint32_t stream = out_.streams.Find(next_draw_);
  ++next_draw_.draw;
  return stream;
}

void CodeScope::EnterCode(std::string kind, absl::string_view part, uint32_t draw) {
  next_draw_.code = std::move(kind);
  next_draw_.owner = section_.stream_owner;
  if (!part.empty()) absl::StrAppend(&next_draw_.owner, ".", std::string(part));
  next_draw_.draw = draw;
}

absl::StatusOr<std::optional<TypedValue>> CodeScope::Read(const std::string& name,
                                                          const ir::SourceText& source,
                                                          ir::SourceRange range) {
  for (const auto* values : {&environment_.bound, &environment_.locals}) {
    const auto found = values->find(name);
    if (found != values->end()) return found->second;
  }
  const Meaning* meaning = names_.Find(name);
  if (meaning == nullptr) return std::nullopt;
  if (!meaning->refusal.empty()) {
    const std::string who =
        IsWhiteNoise(name) ? absl::StrCat("'", name, "' is white noise, which ") : std::string();
    return ir::ErrorAt(source, range, absl::StrCat(who, meaning->refusal), meaning->note);
  }
  if ((meaning->kind == NameKind::kTargetVariable || meaning->kind == NameKind::kSourceVariable) &&
      environment_.added.count({meaning->variable, meaning->kind}) != 0) {
    return ir::ErrorAt(source, range,
                       absl::StrCat("'", name, "' is read after this code has added to it: which ",
                                    "synapses add before would depend on their order"),
                       absl::StrCat("read it before, as in before = ", name, "; ", name,
                                    " += ...: it is then the value at the beginning of the step"));
  }
  if (meaning->IsOfEachNeuron()) BNSYN_RETURN_IF_ERROR(CheckShared(name, source, range));
  if (meaning->kind == NameKind::kDelay) BNSYN_RETURN_IF_ERROR(CheckDelay(source, range));
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, ReadMeaning(*meaning));
  return value;
}

absl::StatusOr<TypedValue> CodeScope::ReadMeaning(const Meaning& meaning) {
  switch (meaning.kind) {
    case NameKind::kVariable:
      return Get(*meaning.variable);
    case NameKind::kDefinition:
      return ReadDefinition(*meaning.definition);
    case NameKind::kParameter:
      return ReadParameter(*meaning.parameter);
    case NameKind::kConstant:
    case NameKind::kSize:
      return ConstantNumber(builder_.F64(meaning.constant.value), meaning.constant);
    case NameKind::kTime:
      return TypedValue{Time(), dimension::kTime};
    case NameKind::kIndex:
      return Index(ir::Op::kIndex, meaning.among);
    case NameKind::kSourceIndex:
      return Index(ir::Op::kIndexPre, meaning.among);
    case NameKind::kTargetIndex:
      return Index(ir::Op::kIndexPost, meaning.among);
    case NameKind::kNotRefractory:
      return TypedValue{active().valid() ? active() : builder_.Bool(true), Dimension{}};
    case NameKind::kLastSpike:
      return LastSpikeOf(*meaning.section, meaning.of_target);
    case NameKind::kNetworkVariable:
      return LoadOf(*meaning.variable, ir::Op::kLoad);
    case NameKind::kSourceVariable:
      return LoadOf(*meaning.variable, ir::Op::kLoadPre);
    case NameKind::kTargetVariable:
      return LoadOf(*meaning.variable, ir::Op::kLoadPost);
    case NameKind::kWeight: {
      // The weight of the program is a bare number, and the constant is its factor and dimension.
      ir::Value weight = builder_.Emit(ir::Op::kWeight, {ir::Element::kF64, domain()}, {});
      if (meaning.constant.value != 1) {
        weight = builder_.Emit(ir::Op::kMul, {weight, builder_.F64(meaning.constant.value)});
      }
      if (const Parameter* const gain = meaning.parameter) {
        const ir::Value factor = gain->course.has_value()
                                     ? EmitCourse(out_.program, *gain->course, builder_)
                                     : builder_.F64(gain->value.value);
        weight = builder_.Emit(ir::Op::kMul, {weight, factor});
      }
      TypedValue typed = {weight, meaning.constant.dimension};
      typed.whole = meaning.whole;
      return typed;
    }
    case NameKind::kDelay: {
      const ir::Value steps = builder_.Convert(DelaySteps(), ir::Element::kF64);
      return TypedValue{builder_.Emit(ir::Op::kMul, {steps, builder_.F64(out_.program.dt)}),
                        dimension::kTime};
    }
    case NameKind::kTable:
    case NameKind::kOfNeurons:
    case NameKind::kOther:
      break;
  }
  return absl::InternalError("a name without a value");
}

TypedValue CodeScope::ReadParameter(const Parameter& parameter) {
  const Dimension& dimension = parameter.value.dimension;
  if (parameter.course.has_value()) {
    return {EmitCourse(out_.program, *parameter.course, builder_), dimension};
  }
  const ir::Value value = builder_.Param(parameter.id);
  if (parameter.tunable) return {value, dimension};
  return ConstantNumber(value, parameter.value);
}

TypedValue CodeScope::Index(ir::Op op, const NeuronSet* among) {
  const ir::Program& program = out_.program;
  uint32_t size = 0;
  if (op == ir::Op::kIndex) {
    size = section_.population.has_value() ? program.Size(section_.domain) : 0;
  } else {
    const ir::Projection& projection =
        program.projections[program.domains[static_cast<size_t>(section_.domain)].index];
    size =
        program.populations[op == ir::Op::kIndexPre ? projection.source : projection.target].size;
  }
  const ir::Value index = builder_.Emit(op, {ir::Element::kU32, section_.domain}, {});
  if (among != nullptr) {
    const char* const end = op == ir::Op::kIndexPre    ? "sources"
                            : op == ir::Op::kIndexPost ? "targets"
                                                       : "neurons";
    return EmitRank(*among, absl::StrCat(section_.prefix, end), index, out_.program, builder_);
  }
  return HeldInteger(index, 0, size > 0 ? size - 1 : std::numeric_limits<uint32_t>::max());
}

// Where code is emitted over stand-ins, runs once for each pair, or looks at a value alone, nothing
// can stop the run: what has no result makes the value NaN, which does.
void CodeScope::Expect(ir::Op op, ir::Value a, ir::Value b) {
  const ir::BlockKind kind = builder_.block().kind;
  if (environment_.over_stand_ins || kind == ir::BlockKind::kConnect ||
      kind == ir::BlockKind::kNow) {
    const ir::Value fails = EmitHasNoResult(builder_, op, a, b);
    const ir::Value here = builder_.Emit(ir::Op::kAnd, {Where(), fails});
    no_result_ = no_result_.valid() ? builder_.Emit(ir::Op::kOr, {no_result_, here}) : here;
    return;
  }
  ++expectations_;
  Scope::Expect(op, a, b);
}

ir::Value CodeScope::NanWithoutResult(ir::Value value) {
  const ir::Value fails = std::exchange(no_result_, ir::Value{});
  if (!fails.valid() || builder_.type(value).element != ir::Element::kF64) return value;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  return builder_.Emit(ir::Op::kSelect, {fails, builder_.F64(kNan), value});
}

void CodeScope::LeaveArm() {
  Scope::LeaveArm();
  if (within_arm()) return;
  for (const Equation* equation : defined_in_arm_) environment_.definitions.erase(equation);
  defined_in_arm_.clear();
}

TypedValue CodeScope::LoadOf(const Variable& variable, ir::Op op) {
  return Of(variable, AsComputed(builder_, LoadKept(variable, op)));
}

ir::Value CodeScope::LoadKept(const Variable& variable, ir::Op op) {
  if (op != ir::Op::kLoad && variable.link.has_value()) {
    const ir::StateId linked = *variable.link->variable->state;
    if (out_.program.states[linked].type.uniform()) return builder_.Load(linked);
    return builder_.Emit(ir::Op::kGather, {LinkedElement(*variable.link, op)}, linked);
  }
  if (op == ir::Op::kLoad || variable.Is("shared")) {
    return builder_.Load(*variable.state);
  }
  const ir::Element element = out_.program.states[*variable.state].type.element;
  return builder_.Emit(op, {element, section_.domain}, {}, *variable.state);
}

ir::Value CodeScope::ElementAt(ir::Op op) {
  const ir::Op index = op == ir::Op::kLoadPre    ? ir::Op::kIndexPre
                       : op == ir::Op::kLoadPost ? ir::Op::kIndexPost
                                                 : ir::Op::kIndex;
  return builder_.Emit(index, {ir::Element::kU32, section_.domain}, {});
}

ir::Value CodeScope::LinkedElement(const Link& link, ir::Op op) {
  if (!link.index.has_value()) return ElementAt(op);
  return op == ir::Op::kLoad
             ? builder_.Load(*link.index)
             : builder_.Emit(op, {ir::Element::kU32, section_.domain}, {}, *link.index);
}

absl::StatusOr<TypedValue> CodeScope::ReadDefinition(const Equation& equation) {
  const auto held = environment_.held.find(&equation);
  if (held != environment_.held.end()) return held->second;
  const auto known = environment_.definitions.find(&equation);
  if (known != environment_.definitions.end()) return known->second;
  // An equation means the same wherever it is read, so it does not see local and bound names.
  Environment outer = environment_;
  const StreamName next_draw = next_draw_;
  const size_t expectations = expectations_;
  environment_.locals.clear();
  environment_.bound.clear();
  if (equation.Is("shared")) environment_.shared = equation.name;
  EnterCode(builder_.block().kind == ir::BlockKind::kInit ? "initial" : "equation", equation.name);
  const absl::StatusOr<TypedValue> value = EmitExpression(*equation.right, equations_text(), *this);
  outer.definitions = std::move(environment_.definitions);
  environment_ = std::move(outer);
  next_draw_ = next_draw;
  BNSYN_RETURN_IF_ERROR(value.status());
  if (!equation.boolean) {
    BNSYN_RETURN_IF_ERROR(ExpectDimension(*value, equation.unit.dimension,
                                          absl::StrCat("'", equation.name, "'"), equations_text(),
                                          equation.right->range));
  }
  BNSYN_ASSIGN_OR_RETURN(TypedValue defined, AsDeclared(equation, *value, equations_text(),
                                                        equation.right->range, *this));
  environment_.definitions[&equation] = defined;
  // Elsewhere it may have no result where it has one here.
  if (within_arm() && expectations_ != expectations) defined_in_arm_.push_back(&equation);
  return defined;
}

absl::Status CodeScope::HoldDefinitions() {
  for (const Equation& equation : equations()) {
    if (!equation.Is(kConstantOverDt)) continue;
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, ReadDefinition(equation));
    environment_.held[&equation] = value;
  }
  return absl::OkStatus();
}

std::optional<ir::InputId> CodeScope::FindSums(ir::ProjectionId projection) const {
  for (const auto& [of, input] : sums_) {
    if (of == projection) return input;
  }
  return std::nullopt;
}

void CodeScope::AddSums(ir::ProjectionId projection, ir::InputId input) {
  sums_.emplace_back(projection, input);
  if (clock_ != nullptr) {
    clock_->synapses.push_back(input);
  } else {
    builder_.Emit(ir::Op::kRunSums, {}, input);
  }
}

absl::StatusOr<std::optional<TypedValue>> CodeScope::Call(const Expr& call,
                                                          const ir::SourceText& source) {
  if (!call.file.empty()) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitFileRead(declared_, call, /*rows=*/false,
                                                                source, *this, out_.program));
    return value;
  }
  const Meaning* meaning = names_.Find(call.name);
  if (meaning != nullptr && meaning->kind == NameKind::kTable) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value,
                           EmitTableRead(out_.program, *meaning->table, call, source, *this));
    return value;
  }
  // A reduction of the network, as count(exc), is no variable of the same name.
  BNSYN_ASSIGN_OR_RETURN(const std::optional<TypedValue> reduced,
                         CallReduction(declared_, call, source, *this, out_));
  const bool of_variable = meaning != nullptr &&
                           (meaning->variable != nullptr || meaning->kind == NameKind::kDefinition);
  if (reduced.has_value() || !of_variable) return reduced;
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, ReadPast(*meaning, call, source));
  return value;
}

absl::StatusOr<std::optional<TypedValue>> CodeScope::Subscript(const Expr& expr,
                                                               const ir::SourceText& source) {
  // The table, and its row and column.
  const Expr* base = &expr;
  std::vector<Expr> indices;
  for (; base->kind == ExprKind::kSubscript; base = &base->children[0]) {
    if (base->name != "[]") return std::nullopt;
    indices.insert(indices.begin(), base->children[1]);
  }
  Expr read = *base;
  read.kind = ExprKind::kCall;
  read.range = expr.range;
  read.children = std::move(indices);
  if (!base->file.empty()) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitFileRead(declared_, read, /*rows=*/true,
                                                                source, *this, out_.program));
    return value;
  }
  const Meaning* meaning = names_.Find(base->name);
  if (meaning == nullptr || meaning->kind != NameKind::kTable) return std::nullopt;
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value,
                         EmitTableRead(out_.program, RowsOf(*meaning->table), read, source, *this));
  return value;
}

std::vector<std::string> CodeScope::KnownNames() const {
  std::vector<std::string> known;
  for (const auto* values : {&environment_.bound, &environment_.locals}) {
    for (const auto& [name, value] : *values) known.push_back(name);
  }
  const std::vector<std::string> readable = names_.Readable();
  known.insert(known.end(), readable.begin(), readable.end());
  return known;
}

std::string CodeScope::AdviceFor(const std::string& unknown) const {
  for (const auto& [end, neurons] :
       {std::pair(kPost, names_.target()), std::pair(kPre, names_.source())}) {
    if (neurons == nullptr || !absl::EndsWith(unknown, end)) continue;
    const std::string inner(absl::StripSuffix(unknown, end));
    const bool own = section_.code->Find(inner) != nullptr;
    return absl::StrCat(
        "'", unknown, "' would be of population '", neurons->name, "', which has no '", inner, "'",
        own ? absl::StrCat("; that of the synapse is read as ", inner)
            : absl::StrCat("; its variables are ", absl::StrJoin(neurons->VariableNames(), ", ")));
  }
  // Synapses have no parameters.
  if (!section_.population.has_value() && section_.domain != ir::DomainId::kNetwork) return "";
  return absl::StrCat("give it a value, as in parameters = { ", unknown, " = ... }, or ",
                      "declare it in the equations");
}

absl::StatusOr<TypedValue> CodeScope::LastSpikeOf(const Section& section, bool of_target) {
  if (&section == &section_) return TypedValue{LastSpike(), dimension::kTime};
  if (!section.last_spike.has_value()) return absl::InternalError("a last spike without a state");
  const ir::Op op = of_target ? ir::Op::kLoadPost : ir::Op::kLoadPre;
  return TypedValue{
      builder_.Emit(op, {ir::Element::kF64, section_.domain}, {}, *section.last_spike),
      dimension::kTime};
}

std::optional<ir::SourceText> CodeScope::PlaceOf(const std::string& name) const {
  const Meaning* meaning = names_.Find(name);
  if (meaning == nullptr || meaning->kind != NameKind::kParameter) return std::nullopt;
  return meaning->parameter->place;
}

std::optional<Scope::ZeroValue> CodeScope::FindZero(const std::string& name) const {
  const Meaning* meaning = names_.Find(name);
  if (meaning == nullptr || meaning->kind != NameKind::kVariable ||
      !meaning->variable->Is("constant") || environment_.locals.count(name) != 0) {
    return std::nullopt;
  }
  const auto of_group = [&](const InitialValue& initial) {
    return initial.variable == meaning->variable->equation && initial.neurons != nullptr;
  };
  if (std::any_of(section_.initial.begin(), section_.initial.end(), of_group)) return std::nullopt;
  for (const InitialValue& initial : section_.initial) {
    if (initial.variable != meaning->variable->equation || initial.code.has_value()) continue;
    const ir::State& state = out_.program.states[*meaning->variable->state];
    if (!state.initial_column.has_value()) {
      if (ir::F64OfBits(state.initial) != 0) return std::nullopt;
      return ZeroValue{name, initial.text};
    }
    const ir::ColumnRef& column = *state.initial_column;
    const std::vector<double>& values = out_.program.tables[column.table].values[column.column];
    const auto zero = std::find(values.begin(), values.end(), 0.0);
    if (zero == values.end()) return std::nullopt;
    return ZeroValue{absl::StrCat(name, " of neuron ", zero - values.begin()), initial.text};
  }
  return std::nullopt;
}

ir::Value CodeScope::Time() {
  if (environment_.spike_time.valid()) return environment_.spike_time;
  return environment_.moved && !out_.program.spikes_at_start
             ? EmitStepEnd(builder_, out_.program.dt)
             : EmitStepTime(builder_, out_.program.dt);
}

ir::Value CodeScope::LastSpike() {
  const ir::Value before = builder_.Load(*section_.last_spike);
  if (!environment_.spiked.valid()) return before;
  return builder_.Emit(ir::Op::kSelect, {environment_.spiked, Time(), before});
}

absl::Status CodeScope::CheckShared(const std::string& name, const ir::SourceText& source,
                                    ir::SourceRange range) const {
  const std::string& shared = environment_.shared;
  if (shared.empty()) return absl::OkStatus();
  return ir::ErrorAt(source, range,
                     absl::StrCat("'", shared, "' is one value for all neurons, but it would ",
                                  "depend on '", name, "', which each neuron has for itself"),
                     absl::StrCat("leave the flag (shared) of '", shared, "' out",
                                  section_.code->Find(name) == nullptr
                                      ? ""
                                      : absl::StrCat(", or make '", name, "' (shared) too")));
}

TypedValue CodeScope::Get(const Variable& variable) {
  const auto found = environment_.variables.find(&variable);
  if (found != environment_.variables.end()) return Of(variable, found->second);
  // An input is empty until something adds to it.
  if (!variable.state.has_value()) return Of(variable, builder_.F64(0));
  switch (variable.keeper) {
    case Keeper::kOwner:
      return LoadOf(variable, ir::Op::kLoad);
    case Keeper::kSource:
      return LoadOf(variable, ir::Op::kLoadPre);
    case Keeper::kTarget:
      return LoadOf(variable, ir::Op::kLoadPost);
  }
  return {};
}

void CodeScope::Set(const Variable& variable, ir::Value value) {
  const bool held = environment_.free.valid() && variable.Is("unless refractory");
  if (environment_.guard.valid() || held) {
    const ir::Value old = Get(variable).value;
    if (held) value = builder_.Emit(ir::Op::kSelect, {environment_.free, value, old});
    if (environment_.guard.valid()) {
      value = builder_.Emit(ir::Op::kSelect, {environment_.guard, value, old});
    }
  }
  Environment& environment = Change();
  environment.variables[&variable] = value;
  if (variable.state.has_value()) environment.changed.insert(&variable);
}

std::vector<ir::Value> CodeScope::EmitLoop(const LoopShape& shape,
                                           const std::vector<LoopVariable>& variables) {
  return CutLoop(section_, shape, variables, builder_, out_);
}

ir::StateId CodeScope::AddOwnState(const std::string& name, double initial, double lower,
                                   double upper) {
  const ir::StateId id =
      out_.AddState(UnusedName(out_.program, absl::StrCat(section_.prefix, name)),
                    {ir::Element::kF64, section_.domain});
  ir::State& state = out_.program.states[id];
  state.initial = ir::BitsOfF64(initial);
  state.lower = lower;
  state.upper = upper;
  return id;
}

void CodeScope::StoreChanged(const std::set<const Variable*>& once_more) {
  for (const Variable& variable : section_.variables) {
    if (!HasChanged(variable)) continue;
    const bool moves = variable.equation->kind == EquationKind::kDifferential ||
                       variable.Is("event-driven") || variable.input.has_value();
    const Tiny tiny = environment_.tiny_kept.count(&variable) != 0 ? Tiny::kKept
                      : moves                                      ? Tiny::kFlushed
                                                                   : Tiny::kFlushedIfDenormal;
    const ir::Op store = variable.keeper == Keeper::kSource   ? ir::Op::kStorePre
                         : variable.keeper == Keeper::kTarget ? ir::Op::kStorePost
                                                              : ir::Op::kStore;
    StoreVariable(out_.program, builder_, *variable.state, Get(variable).value, tiny,
                  once_more.count(&variable) == 0, store);
  }
}

absl::StatusOr<TypedValue> CodeScope::EmitOver(const StandIns& stand_ins, const Expr& expr,
                                               const std::string& shared) {
  const Environment outer = environment_;
  Environment& inner = Change();
  inner.shared = shared;
  inner.over_stand_ins = true;
  for (const auto& [equation, value] : stand_ins.variables) {
    inner.variables[&VariableOf(*equation)] = value;
  }
  for (const auto& [name, value] : stand_ins.names) {
    inner.bound[name] = value;
  }
  absl::StatusOr<TypedValue> value = EmitFloat(expr, equations_text(), *this);
  environment_ = outer;
  if (value.ok()) value->value = NanWithoutResult(value->value);
  return value;
}

absl::StatusOr<TypedValue> CodeScope::Try(const Expr& expr, const ir::SourceText& source) {
  ir::Block scratch;
  scratch.kind = builder_.block().kind;
  scratch.domain = builder_.block().domain;
  ir::Builder builder(out_.program, scratch);
  CodeScope scope(declared_, section_, names_, builder, out_);
  return EmitExpression(expr, source, scope);
}

absl::Status CodeScope::TryDefinitions() {
  for (const Equation& equation : equations()) {
    if (equation.kind != EquationKind::kExpression) continue;
    Expr name;
    name.kind = ExprKind::kName;
    name.name = equation.name;
    name.range = equation.name_range;
    BNSYN_RETURN_IF_ERROR(Try(name, equations_text()).status());
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
