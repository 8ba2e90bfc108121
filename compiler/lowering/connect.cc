// Probabilities, weights, delays and initial values of synapses: numbers of the projection and its
// states, or code of its connect block.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Declares the values that are one number for all synapses, and notes the others for the connect
// block.
class ConnectDeclarer {
 public:
  ConnectDeclarer(const Declarations& declared, Connection& connection, ProgramBuilder& out)
      : declared_(declared),
        connection_(connection),
        description_(connection.description),
        model_(connection.model),
        out_(out),
        projection_(out.program.projections[connection.id]),
        names_(SynapseNames(declared, connection, ir::BlockKind::kConnect)) {}

  absl::Status Run() {
    BNSYN_RETURN_IF_ERROR(Probability());
    BNSYN_RETURN_IF_ERROR(Weight());
    BNSYN_RETURN_IF_ERROR(Delay());
    return InitialValues();
  }

 private:
  std::string Name(absl::string_view what) const {
    return absl::StrCat("the ", std::string(what), " of ", description_.name);
  }

  absl::StatusOr<ConnectValue*> AddCode(ConnectValue::Kind kind, const Setting& setting,
                                        const std::string& what) {
    ConnectValue value;
    value.kind = kind;
    value.what = what;
    value.text = TextOf(setting, what);
    BNSYN_ASSIGN_OR_RETURN(value.code, ParseExpression(value.text));
    NameNeurons(connection_, *value.code);
    connection_.values.push_back(std::move(value));
    return &connection_.values.back();
  }

  absl::Status Probability() {
    ir::Rule& rule = projection_.rule;
    const ir::RuleTraits& traits = ir::TraitsOf(rule.kind);
    if (traits.takes_p || traits.takes_relative_p) BNSYN_RETURN_IF_ERROR(ProbabilityOfPair(rule));
    const std::optional<Setting>& condition = description_.rule.condition;
    if (condition.has_value()) {
      const std::string what = Name("condition");
      if (!traits.pairwise.has_value()) {
        std::vector<absl::string_view> others;
        for (const ir::RuleTraits& other : ir::AllRules()) {
          if (other.pairwise.has_value()) others.push_back(other.name);
        }
        return ErrorIn(NamePlace(*condition, what),
                       absl::StrCat("the rule ", traits.name, " takes no condition"),
                       absl::StrCat("rules that take one: ", absl::StrJoin(others, ", ")));
      }
      BNSYN_ASSIGN_OR_RETURN(ConnectValue * value,
                             AddCode(ConnectValue::Kind::kCondition, *condition, what));
      value->number = rule.p;
      rule.p = 1;
    }
    // The connect block sets the probability of each pair.
    if (connection_.values.empty()) return absl::OkStatus();
    rule.kind = *traits.pairwise;
    if (!traits.is_random) rule.stream = out_.streams.Find({"rule", model_.section.stream_owner});
    return absl::OkStatus();
  }

  absl::Status ProbabilityOfPair(ir::Rule& rule) {
    const Setting& p = description_.rule.p;
    const std::string what = absl::StrCat(description_.name, ".p");
    if (!IsPlain(names_, p, what)) {
      return AddCode(ConnectValue::Kind::kProbability, p, what).status();
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity number,
                           Evaluate(p, connection_.constants, Dimension{}, what));
    if (!(number.value >= 0 && number.value <= 1)) {
      return ErrorIn(TextOf(p, what),
                     absl::StrCat("a probability is from 0 to 1, not ", number.value));
    }
    rule.p = number.value;
    return absl::OkStatus();
  }

  absl::Status Weight() {
    const bool listed = projection_.weight_column.has_value();
    const std::optional<Setting>& weight = description_.options.weight;
    const Variable* variable = model_.section.FindVariable("w");
    if (!weight.has_value() && !listed) {
      if (variable != nullptr || !model_.Uses("w")) return absl::OkStatus();
      return ErrorIn(description_.place,
                     absl::StrCat("projection '", description_.name, "' has no weight"),
                     "give it one, as in weight = \"0.5 nS\"");
    }
    const std::string what = Name("weight");
    const Setting setting = weight.value_or(Setting(1));
    if (variable != nullptr && !listed) return Begin(*variable, setting, what);
    if (variable == nullptr && IsPlain(names_, setting, what)) {
      BNSYN_ASSIGN_OR_RETURN(model_.weight, Evaluate(setting, connection_.constants, what));
      if (listed) return absl::OkStatus();
      model_.whole_weight = IsWhole(*model_.weight);
      projection_.weight = model_.weight->value;
      model_.weight->value = 1;
      return absl::OkStatus();
    }
    BNSYN_ASSIGN_OR_RETURN(ConnectValue * value,
                           AddCode(ConnectValue::Kind::kWeight, setting, what));
    value->times_listed = listed;
    value->variable = variable;
    if (variable != nullptr) return absl::OkStatus();
    // The dimension is that of the expression.
    ir::Block scratch;
    scratch.kind = ir::BlockKind::kConnect;
    scratch.domain = projection_.domain;
    ir::Builder builder(out_.program, scratch);
    CodeScope scope(declared_, model_.section, names_, builder, out_);
    BNSYN_ASSIGN_OR_RETURN(const TypedValue typed,
                           EmitExpression(*value->code, value->text, scope));
    model_.weight = Quantity(1, Unit{typed.dimension, 0});
    return absl::OkStatus();
  }

  absl::Status InitialValues() {
    std::set<std::string> given;
    for (const auto& [name, setting] : description_.options.initial) {
      const std::string what = absl::StrCat("the initial ", model_.section.prefix, name);
      const ir::SourceText place = NamePlace(setting, what);
      const Variable* variable = model_.section.FindVariable(name);
      if (variable == nullptr) {
        return ErrorIn(place,
                       absl::StrCat("the synapses of '", description_.name, "' have no variable '",
                                    name, "' to give an initial value",
                                    ir::DidYouMean(name, model_.section.VariableNames())),
                       "equations = \"x : unit\" declares one");
      }
      const bool weight = name == "w" && (description_.options.weight.has_value() ||
                                          projection_.weight_column.has_value());
      if (weight || !given.insert(name).second) {
        return ErrorIn(place, absl::StrCat("'", name, "' is given twice",
                                           weight ? ": it begins with the weight" : ""));
      }
      BNSYN_RETURN_IF_ERROR(Begin(*variable, setting, what));
    }
    return absl::OkStatus();
  }

  // The initial value of a variable of the synapses.
  absl::Status Begin(const Variable& variable, const Setting& setting, const std::string& what) {
    const Equation& equation = *variable.equation;
    if (equation.boolean || !IsPlain(names_, setting, what)) {
      BNSYN_ASSIGN_OR_RETURN(ConnectValue * value,
                             AddCode(ConnectValue::Kind::kInitial, setting, what));
      value->variable = &variable;
      return absl::OkStatus();
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity number,
                           Evaluate(setting, connection_.constants, variable.dimension(), what));
    const ir::SourceText text = TextOf(setting, what);
    ir::State& state = out_.program.states[*variable.state];
    if (!(number.value >= state.lower && number.value <= state.upper)) {
      return ErrorIn(text, absl::StrCat(what, " is ", number.value, ", outside its bounds"));
    }
    ConnectValue value;
    BNSYN_ASSIGN_OR_RETURN(value.initial,
                           InitialBits(equation, setting, number, connection_.constants, what));
    state.initial = value.initial;
    value.variable = &variable;
    connection_.values.push_back(std::move(value));
    return absl::OkStatus();
  }

  absl::Status Delay() {
    if (projection_.delay_column.has_value()) return ListedDelays();
    const std::string what = Name("delay");
    const Setting delay =
        description_.options.delay.value_or(Setting(Quantity(0, Unit{dimension::kTime, 0})));
    if (!IsPlain(names_, delay, what)) {
      return AddCode(ConnectValue::Kind::kDelay, delay, what).status();
    }
    BNSYN_ASSIGN_OR_RETURN(projection_.delay,
                           EvaluateDelay(delay, connection_.constants, out_.program, what));
    return absl::OkStatus();
  }

  // The delays of a list are in the file.
  absl::Status ListedDelays() {
    const ir::SourceText& place = description_.place;
    if (description_.options.delay.has_value()) {
      return ErrorIn(NamePlace(*description_.options.delay, Name("delay")),
                     absl::StrCat("the list ", description_.rule.file,
                                  " has a column 'delay': the synapses have delays of their "
                                  "own"),
                     "leave one of the two out");
    }
    const ir::ColumnRef& column = *projection_.delay_column;
    const std::vector<double>& delays = out_.program.tables[column.table].values[column.column];
    const double dt = declared_.network.options.dt.value;
    double least = kLongestDelay;
    double greatest = 0;
    for (size_t row = 0; row < delays.size(); ++row) {
      const double steps = std::nearbyint(delays[row] / dt);
      if (!(steps >= 0 && steps <= kLongestDelay)) {
        return ErrorIn(
            place,
            absl::StrCat("the delay in row ", row + 1, " of ", description_.rule.file, " is ",
                         delays[row], " ms; delays are from 0 to ", kLongestDelay, " steps"),
            absl::StrCat("they are in ms, and one step is dt = ", dt, " ms"));
      }
      least = std::min(least, steps);
      greatest = std::max(greatest, steps);
    }
    const uint32_t lag = out_.program.spike_lag();
    projection_.delay = static_cast<uint32_t>(std::min(least, greatest)) + lag;
    projection_.max_delay = static_cast<uint32_t>(greatest) + lag;
    return absl::OkStatus();
  }

  const Declarations& declared_;
  Connection& connection_;
  const Network::ProjectionDescription& description_;
  SynapseModel& model_;
  ProgramBuilder& out_;
  ir::Projection& projection_;
  const Names names_;
};

class ConnectEmitter {
 public:
  ConnectEmitter(const Declarations& declared, const Connection& connection, ProgramBuilder& out)
      : connection_(connection),
        program_(out.program),
        builder_(out.program, block_),
        names_(SynapseNames(declared, connection, ir::BlockKind::kConnect)),
        scope_(declared, connection.model.section, names_, builder_, out) {
    const ir::Projection& projection = out.program.projections[connection.id];
    block_.kind = ir::BlockKind::kConnect;
    block_.name = projection.name;
    block_.domain = projection.domain;
  }

  absl::Status Run() {
    ir::Value probability;
    for (const ConnectValue& value : connection_.values) {
      using Kind = ConnectValue::Kind;
      if (value.kind != Kind::kProbability && value.kind != Kind::kCondition) continue;
      BNSYN_ASSIGN_OR_RETURN(probability, Probability(value, probability));
    }
    if (probability.valid()) builder_.Emit(ir::Op::kSetProbability, {probability});
    for (const ConnectValue& value : connection_.values) {
      switch (value.kind) {
        case ConnectValue::Kind::kProbability:
        case ConnectValue::Kind::kCondition:
          break;
        case ConnectValue::Kind::kWeight:
          BNSYN_RETURN_IF_ERROR(Weight(value));
          break;
        case ConnectValue::Kind::kDelay:
          BNSYN_RETURN_IF_ERROR(Delay(value));
          break;
        case ConnectValue::Kind::kInitial:
          BNSYN_RETURN_IF_ERROR(Begin(value));
          break;
      }
    }
    const auto sets = [](const ir::Node& node) {
      return ir::Info(node.op).effect == ir::Effect::kWrite;
    };
    if (std::any_of(block_.nodes.begin(), block_.nodes.end(), sets)) {
      program_.connect.push_back(std::move(block_));
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<TypedValue> Emit(const ConnectValue& value) {
    return EmitExpression(*value.code, value.text, scope_);
  }

  absl::StatusOr<TypedValue> EmitNumber(const ConnectValue& value) {
    BNSYN_ASSIGN_OR_RETURN(TypedValue number, EmitFloat(*value.code, value.text, scope_));
    number.value = scope_.NanWithoutResult(number.value);
    if (!number.boolean) return number;
    return ErrorIn(value.text, absl::StrCat(value.what, " is a number, but this is a boolean"),
                   "int(...) makes 1 or 0 of it");
  }

  absl::Status Expect(const TypedValue& typed, const Dimension& dimension,
                      const ConnectValue& value) const {
    return ExpectDimension(typed, dimension, value.what, value.text, Whole(value.text));
  }

  // The probability of a pair, or `p` where the condition holds.
  absl::StatusOr<ir::Value> Probability(const ConnectValue& value, ir::Value p) {
    if (value.kind == ConnectValue::Kind::kProbability) {
      scope_.EnterCode("probability");
      BNSYN_ASSIGN_OR_RETURN(const TypedValue number, EmitNumber(value));
      BNSYN_RETURN_IF_ERROR(Expect(number, Dimension{}, value));
      return number.value;
    }
    scope_.EnterCode("condition");
    BNSYN_ASSIGN_OR_RETURN(const TypedValue holds, Emit(value));
    BNSYN_RETURN_IF_ERROR(ExpectBoolean(holds, value.what, value.text, Whole(value.text)));
    if (!p.valid()) p = builder_.F64(value.number);
    return scope_.NanWithoutResult(
        builder_.Emit(ir::Op::kSelect, {holds.value, p, builder_.F64(0)}));
  }

  absl::Status Weight(const ConnectValue& value) {
    scope_.EnterCode("weight");
    BNSYN_ASSIGN_OR_RETURN(TypedValue weight, EmitNumber(value));
    if (value.variable != nullptr) {
      BNSYN_RETURN_IF_ERROR(Expect(weight, value.variable->dimension(), value));
    }
    if (value.times_listed) {
      const ir::Value listed =
          builder_.Emit(ir::Op::kWeight, {ir::Element::kF64, block_.domain}, {});
      weight.value = builder_.Emit(ir::Op::kMul, {listed, weight.value});
    }
    if (value.variable != nullptr) return Store(*value.variable, weight, value.text);
    builder_.Emit(ir::Op::kSetWeight, {weight.value});
    return absl::OkStatus();
  }

  absl::Status Delay(const ConnectValue& value) {
    scope_.EnterCode("delay");
    BNSYN_ASSIGN_OR_RETURN(const TypedValue delay, EmitNumber(value));
    BNSYN_RETURN_IF_ERROR(Expect(delay, dimension::kTime, value));
    // To the nearest step, halves to the even one (R4).
    ir::Value steps = builder_.Emit(
        ir::Op::kRint, {builder_.Emit(ir::Op::kDiv, {delay.value, builder_.F64(program_.dt)})});
    if (program_.spike_lag() != 0) {
      steps = builder_.Emit(ir::Op::kAdd, {steps, builder_.F64(program_.spike_lag())});
    }
    builder_.Emit(ir::Op::kSetDelay, {builder_.Convert(steps, ir::Element::kI64)});
    return absl::OkStatus();
  }

  absl::Status Begin(const ConnectValue& value) {
    const Variable& variable = *value.variable;
    if (!value.code.has_value()) {
      const Equation& equation = *variable.equation;
      const auto number = [&] {
        return equation.Is(kFloat32) ? double{ir::F32OfBits(value.initial)}
                                     : ir::F64OfBits(value.initial);
      };
      scope_.Change().bound[variable.name()] =
          equation.integer ? WrittenInteger(static_cast<int64_t>(value.initial), builder_)
                           : TypedValue{builder_.F64(number()), variable.dimension()};
      return absl::OkStatus();
    }
    scope_.EnterCode("initial", variable.name());
    BNSYN_ASSIGN_OR_RETURN(const TypedValue initial, Emit(value));
    if (!initial.boolean) {
      BNSYN_RETURN_IF_ERROR(Expect(initial, variable.dimension(), value));
    }
    return Store(variable, initial, value.text);
  }

  // Stores the initial value of a variable, which the values after it may read.
  absl::Status Store(const Variable& variable, TypedValue value, const ir::SourceText& text) {
    BNSYN_ASSIGN_OR_RETURN(value, AsDeclared(*variable.equation, value, text, Whole(text), scope_));
    if (scope_.may_have_no_result() && !value.integer) {
      value.value = scope_.NanWithoutResult(value.value);
    }
    if (scope_.may_have_no_result()) {
      return ErrorIn(text,
                     absl::StrCat("it cannot be seen that the integers of this stay within 64 ",
                                  "bits, and divide by no 0"),
                     "bounds help, as in clip(x, 0, 100)");
    }
    builder_.Store(*variable.state, AsKept(program_, builder_, *variable.state, value.value));
    scope_.Change().bound[variable.name()] = value;
    return absl::OkStatus();
  }

  const Connection& connection_;
  ir::Program& program_;
  ir::Block block_;
  ir::Builder builder_;
  const Names names_;
  CodeScope scope_;
};

}  // namespace

absl::StatusOr<uint32_t> EvaluateDelay(const Setting& delay, const std::vector<Constant>& constants,
                                       const ir::Program& program, const std::string& what) {
  const Quantity dt(program.dt, Unit{dimension::kTime, 0});
  BNSYN_ASSIGN_OR_RETURN(const uint64_t steps, EvaluateSteps(delay, constants, dt, what));
  if (steps <= kLongestDelay) return static_cast<uint32_t>(steps) + program.spike_lag();
  return ErrorIn(TextOf(delay, what),
                 absl::StrCat(what, " must be from 0 to ", kLongestDelay, " steps, not ", steps),
                 absl::StrCat("one step is dt = ", program.dt, " ms"));
}

absl::Status DeclareConnect(const Declarations& declared, Connection& connection,
                            ProgramBuilder& out) {
  return ConnectDeclarer(declared, connection, out).Run();
}

absl::Status EmitConnect(const Declarations& declared, const Connection& connection,
                         ProgramBuilder& out) {
  return ConnectEmitter(declared, connection, out).Run();
}

}  // namespace bnsyn::compiler
