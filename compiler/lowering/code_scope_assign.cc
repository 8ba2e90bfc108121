// What a statement may assign, and what synapses add to their neurons.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/code_scope.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

struct Refusal {
  absl::string_view why;
  absl::string_view note;
};

// Explains why a name of this kind cannot be assigned.
Refusal WhyNotAssigned(NameKind kind) {
  switch (kind) {
    case NameKind::kDefinition:
      return {"an equation defines it", "declare it as a variable, 'x : unit', to assign it"};
    case NameKind::kParameter:
      return {"it is a parameter", ""};
    case NameKind::kConstant:
      return {"it is a constant", ""};
    case NameKind::kNetworkVariable:
      return {"it is a variable of the network, which is only read here",
              "the update code of [uniform] writes it"};
    case NameKind::kWeight:
      return {"it is the weight, which stays as it is",
              "a variable of this name begins with the weight: equations = \"w : siemens\""};
    default:
      return {"the name has a meaning of its own", ""};
  }
}

absl::Status CannotAssign(const Statement& statement, const ir::SourceText& source,
                          const Refusal& refusal) {
  return ir::ErrorAt(
      source, statement.target_range,
      absl::StrCat("'", statement.target, "' cannot be assigned: ", std::string(refusal.why)),
      refusal.note);
}

}  // namespace

absl::Status CodeScope::Assign(const Statement& statement, TypedValue right,
                               const ir::SourceText& source) {
  const std::string& name = statement.target;
  if (names_.target() != nullptr) {
    const bool of_neuron = absl::EndsWith(name, kPost) || absl::EndsWith(name, kPre);
    if (of_neuron) return AssignNeuron(statement, right, source);
  }
  if (environment_.bound.count(name) != 0) {
    return CannotAssign(statement, source, {"it is the weight of the event here", ""});
  }
  const Meaning* meaning = names_.Find(name);
  if (meaning == nullptr || meaning->kind == NameKind::kTable ||
      meaning->kind == NameKind::kOfNeurons) {
    return AssignLocal(statement, right, source);
  }
  if (meaning->kind != NameKind::kVariable) {
    return CannotAssign(statement, source, WhyNotAssigned(meaning->kind));
  }
  return AssignVariable(statement, *meaning->variable, right, source);
}

absl::Status CodeScope::AssignLocal(const Statement& statement, TypedValue right,
                                    const ir::SourceText& source) {
  const std::string& name = statement.target;
  const auto local = environment_.locals.find(name);
  if (statement.op == '=') {
    environment_.locals[name] = right;
    return absl::OkStatus();
  }
  if (local == environment_.locals.end()) {
    const Meaning* meaning = names_.Find(name);
    if (meaning != nullptr) {
      return ir::ErrorAt(source, statement.target_range, meaning->refusal, meaning->note);
    }
    return ir::ErrorAt(
        source, statement.target_range,
        absl::StrCat("there is no variable '", name, "' to change with '",
                     std::string(1, statement.op), "='", ir::DidYouMean(name, KnownNames())),
        names_.target() != nullptr
            ? "variables of the target are added to, as in g_ampa_post += w"
            : absl::StrCat("'", name, " = ...' makes a value for this piece of code"));
  }
  BNSYN_ASSIGN_OR_RETURN(local->second,
                         ApplyAssignment(statement, local->second, right, source, *this));
  return absl::OkStatus();
}

absl::Status CodeScope::AssignVariable(const Statement& statement, const Variable& variable,
                                       TypedValue right, const ir::SourceText& source) {
  const bool adds = statement.op == '+' || statement.op == '-';
  if (!variable.state.has_value() && (environment_.bound.empty() || !adds)) {
    return CannotAssign(statement, source, {"it is an input, to which events add", ""});
  }
  if (variable.Is(kLinked)) {
    return CannotAssign(statement, source,
                        {"it is linked to a variable of other neurons", "their code changes it"});
  }
  if (variable.Is("constant")) {
    return CannotAssign(statement, source, {"it is declared (constant)", ""});
  }
  BNSYN_ASSIGN_OR_RETURN(TypedValue value,
                         ApplyAssignment(statement, Get(variable), right, source, *this));
  BNSYN_ASSIGN_OR_RETURN(
      value, AsDeclared(*variable.equation, value, source, statement.value.range, *this));
  if (variable.Is("shared") && section_.population.has_value()) {
    if (environment_.guard.valid()) {
      return CannotAssign(
          statement, source,
          {"it is one value for all neurons (shared), and this runs for some alone", ""});
    }
    if (builder_.type(value.value).domain != ir::DomainId::kNetwork) {
      return ir::ErrorAt(source, statement.value.range,
                         absl::StrCat("'", statement.target, "' is one value for all neurons ",
                                      "(shared), but this differs between them"));
    }
  }
  Set(variable, value.value);
  return absl::OkStatus();
}

absl::Status CodeScope::AssignNeuron(const Statement& statement, TypedValue right,
                                     const ir::SourceText& source) {
  const std::string& name = statement.target;
  if (statement.op != '+' && statement.op != '-') {
    return ir::ErrorAt(
        source, statement.target_range,
        absl::StrCat(ir::BlockKindName(builder_.block().kind), " code can only add to '", name,
                     "': spikes of one step arrive in no order"),
        absl::StrCat("write ", name, " += ..."));
  }
  if (statement.op == '-') {
    BNSYN_ASSIGN_OR_RETURN(right,
                           IntegerArithmetic(source, statement.value.range, *this).AsFloat(right));
    if (builder_.type(right.value).element == ir::Element::kF64) {
      right.value = builder_.Emit(ir::Op::kNeg, {right.value});
    }
  }
  return AddToNeuron(name, statement.target_range, right, statement.value.range, source);
}

namespace {

// A where dx/dt = A x with a number A, in 1/ms: what arrives at x a time s too late is then
// exp(A s) of itself.
std::optional<double> RateOfDecay(const Section& neurons, const Variable& variable) {
  const Equation& equation = *variable.equation;
  if (equation.kind != EquationKind::kDifferential) return std::nullopt;
  bool changes = false;
  ForEachName(*equation.right, [&](const Expr& name) {
    const Parameter* parameter = neurons.FindParameter(name.name);
    if (parameter != nullptr && parameter->tunable) changes = true;
  });
  if (changes) return std::nullopt;
  ir::SourceText right = neurons.code->equations_text;
  right.text = right.text.substr(equation.right->range.offset, equation.right->range.length);
  const auto slope = [&](double x) -> std::optional<double> {
    std::vector<Constant> constants = neurons.constants;
    Quantity quantity(x);
    quantity.dimension = variable.dimension();
    constants.push_back({equation.name, quantity});
    const absl::StatusOr<Quantity> value = EvaluateConstant(right, constants);
    return value.ok() ? std::optional<double>(value->value) : std::nullopt;
  };
  const std::optional<double> zero = slope(0);
  const std::optional<double> one = slope(1);
  const std::optional<double> two = slope(2);
  if (zero != 0.0 || !one || !two || *two != 2 * *one || *one >= 0) return std::nullopt;
  return one;
}

}  // namespace

absl::Status CodeScope::AddToNeuron(const std::string& name, ir::SourceRange name_range,
                                    TypedValue value, ir::SourceRange value_range,
                                    const ir::SourceText& source) {
  const bool of_target = absl::EndsWith(name, kPost);
  const Section& neurons = of_target ? *names_.target() : *names_.source();
  const std::string inner(absl::StripSuffix(name, of_target ? kPost : kPre));
  const Variable* variable = neurons.FindVariable(inner);
  if (variable == nullptr || variable->equation->boolean) {
    return ir::ErrorAt(source, name_range,
                       absl::StrCat("population '", neurons.name, "' has no variable '", inner,
                                    "' to add to", ir::DidYouMean(inner, neurons.VariableNames())));
  }
  if (builder_.block().kind == ir::BlockKind::kOnStep && clock() == nullptr &&
      variable->state.has_value()) {
    return ir::ErrorAt(
        source, name_range,
        absl::StrCat("'", inner, "' of ", neurons.name, " keeps its value from step ",
                     "to step, so that the sums of all steps would add up"),
        absl::StrCat("declare it as an input, which holds the sum of one step: ", inner,
                     " : unit (input)"));
  }
  if (variable->Is(kLinked)) {
    return ir::ErrorAt(source, name_range,
                       absl::StrCat("'", inner, "' is linked to a variable of other neurons"),
                       "add to that");
  }
  if (variable->Is("shared")) {
    return ir::ErrorAt(source, name_range,
                       absl::StrCat("'", inner, "' is one value for all neurons (shared), but ",
                                    "events add to those of each"));
  }
  BNSYN_ASSIGN_OR_RETURN(value, IntegerArithmetic(source, value_range, *this).AsFloat(value));
  if (builder_.type(value.value).element != ir::Element::kF64) {
    return ir::ErrorAt(source, value_range, "a number is added, not a boolean",
                       "int(...) makes 0 or 1 of it");
  }
  BNSYN_RETURN_IF_ERROR(ExpectDimension(value, variable->dimension(), absl::StrCat("'", name, "'"),
                                        source, value_range));
  if (variable->equation->integer && !value.whole) {
    return EmitInteger(value, absl::StrCat("'", inner, "'"), source, value_range, *this).status();
  }
  if (environment_.since_arrival.valid()) {
    if (const std::optional<double> rate = RateOfDecay(neurons, *variable)) {
      const ir::Value exponent =
          builder_.Emit(ir::Op::kMul, {environment_.since_arrival, builder_.F64(*rate)});
      const ir::Value left = builder_.Emit(ir::Op::kExp, {exponent});
      value.value = builder_.Emit(ir::Op::kMul, {value.value, left});
    }
  }
  builder_.Emit(of_target ? ir::Op::kAccumulate : ir::Op::kAccumulatePre, {value.value},
                *variable->input);
  Change().added.insert(
      {variable, of_target ? NameKind::kTargetVariable : NameKind::kSourceVariable});
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
