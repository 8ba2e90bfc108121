// What synapses are made with: probabilities, weights, delays and what their variables begin with,
// as numbers of a projection and its states or as its connect block.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/equations/linear_form.h"
#include "compiler/lowering/scope.h"
#include "compiler/lowering/synapse.h"
#include "compiler/lowering/synapse_model.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

class ConnectWriter {
 public:
  ConnectWriter(SynapseContext& context, ir::ProjectionId id, SynapseModel& model)
      : context_(context),
        model_(model),
        lowering_(context.lowering),
        description_(context.description),
        projection_(context.lowering.program.projections[id]),
        builder_(lowering_.program, block_),
        scope_(context, projection_.domain, builder_) {
    block_.kind = ir::BlockKind::kConnect;
    block_.name = projection_.name;
    block_.domain = projection_.domain;
  }

  absl::Status Run() {
    BNSYN_RETURN_IF_ERROR(Probability());
    BNSYN_RETURN_IF_ERROR(Weight());
    BNSYN_RETURN_IF_ERROR(Delay());
    BNSYN_RETURN_IF_ERROR(InitialValues());
    const auto sets = [](const ir::Node& node) {
      return ir::Info(node.op).effect == ir::Effect::kWrite;
    };
    if (std::any_of(block_.nodes.begin(), block_.nodes.end(), sets)) {
      lowering_.program.connect.push_back(std::move(block_));
    }
    return absl::OkStatus();
  }

 private:
  std::string Name(absl::string_view what) const {
    return absl::StrCat("the ", std::string(what), " of ", description_.name);
  }

  absl::StatusOr<TypedValue> Emit(const Setting& setting, absl::string_view what) {
    const ir::SourceText text = TextOf(setting, what);
    BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(text));
    return EmitExpression(expr, text, scope_);
  }

  absl::StatusOr<TypedValue> EmitNumber(const Setting& setting, absl::string_view what) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, Emit(setting, what));
    if (!value.boolean) return value;
    const ir::SourceText text = TextOf(setting, what);
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(std::string(what), " is a number, but this is a boolean"),
                       "int(...) makes 1 or 0 of it");
  }

  absl::Status Expect(const TypedValue& value, const Dimension& dimension, const Setting& setting,
                      const std::string& what) const {
    const ir::SourceText text = TextOf(setting, what);
    return ExpectDimension(value, dimension, what, text, Whole(text));
  }

  absl::Status Probability() {
    ir::Rule& rule = projection_.rule;
    const ir::RuleTraits& traits = ir::TraitsOf(rule.kind);
    ir::Value p;
    if (traits.takes_p || traits.takes_relative_p) {
      scope_.EnterCode("probability");
      BNSYN_ASSIGN_OR_RETURN(p, ProbabilityOfPair());
    }
    const std::optional<Setting>& condition = description_.rule.condition;
    if (condition.has_value()) {
      const std::string what = Name("condition");
      if (!traits.pairwise.has_value()) {
        std::vector<absl::string_view> others;
        for (const ir::RuleTraits& other : ir::AllRules()) {
          if (other.pairwise.has_value()) others.push_back(other.name);
        }
        const ir::SourceText place = NamePlace(*condition, what);
        return ir::ErrorAt(place, Whole(place),
                           absl::StrCat("the rule ", traits.name, " takes no condition"),
                           absl::StrCat("rules that take one: ", absl::StrJoin(others, ", ")));
      }
      scope_.EnterCode("condition");
      BNSYN_ASSIGN_OR_RETURN(const TypedValue holds, Emit(*condition, what));
      const ir::SourceText text = TextOf(*condition, what);
      BNSYN_RETURN_IF_ERROR(ExpectBoolean(holds, what, text, Whole(text)));
      if (!p.valid()) p = builder_.F64(rule.p);
      rule.p = 1;
      p = builder_.Emit(ir::Op::kSelect, {holds.value, p, builder_.F64(0)});
    }
    if (!p.valid()) return absl::OkStatus();
    rule.kind = *traits.pairwise;
    if (!traits.is_random) rule.stream = lowering_.streams.Find({"rule", description_.name});
    builder_.Emit(ir::Op::kSetProbability, {p});
    return absl::OkStatus();
  }

  // An invalid value where it is that of the rule.
  absl::StatusOr<ir::Value> ProbabilityOfPair() {
    const Setting& p = description_.rule.p;
    const std::string what = absl::StrCat(description_.name, ".p");
    if (!IsPlain(context_, p, what)) {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitNumber(p, what));
      BNSYN_RETURN_IF_ERROR(Expect(value, Dimension{}, p, what));
      return value.value;
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity number,
                           Evaluate(p, context_.constants, Dimension{}, what));
    if (!(number.value >= 0 && number.value <= 1)) {
      const ir::SourceText text = TextOf(p, what);
      return ir::ErrorAt(text, Whole(text),
                         absl::StrCat("a probability is from 0 to 1, not ", number.value));
    }
    projection_.rule.p = number.value;
    return ir::Value{};
  }

  absl::Status Weight() {
    scope_.EnterCode("weight");
    const bool listed = projection_.weight_column.has_value();
    const std::optional<Setting>& weight = description_.options.weight;
    const Variable* variable = model_.section.FindVariable("w");
    if (!weight.has_value() && !listed) {
      if (variable != nullptr || !model_.NeedsWeight()) return absl::OkStatus();
      return ir::ErrorAt(description_.place, Whole(description_.place),
                         absl::StrCat("projection '", description_.name, "' has no weight"),
                         "give it one, as in weight = \"0.5 nS\"");
    }
    const std::string what = Name("weight");
    const Setting setting = weight.value_or(Setting(1));
    if (variable != nullptr) return BeginWithWeight(*variable, setting, what);
    if (IsPlain(context_, setting, what)) {
      BNSYN_ASSIGN_OR_RETURN(model_.weight, Evaluate(setting, context_.constants, what));
      if (listed) return absl::OkStatus();
      model_.whole_weight = IsWhole(*model_.weight);
      projection_.weight = model_.weight->value;
      model_.weight->value = 1;
      return absl::OkStatus();
    }
    BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitNumber(setting, what));
    if (listed) value.value = builder_.Emit(ir::Op::kMul, {ListedWeight(), value.value});
    builder_.Emit(ir::Op::kSetWeight, {value.value});
    model_.weight = Quantity(1, Unit{value.dimension, 0});
    return absl::OkStatus();
  }

  ir::Value ListedWeight() {
    return builder_.Emit(ir::Op::kWeight, {ir::Element::kF64, projection_.domain}, {});
  }

  // A variable w takes the weight, times what is in a file.
  absl::Status BeginWithWeight(const Variable& variable, const Setting& setting,
                               const std::string& what) {
    if (!projection_.weight_column.has_value()) return Begin(variable, setting, what);
    BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitNumber(setting, what));
    BNSYN_RETURN_IF_ERROR(Expect(value, variable.dimension(), setting, what));
    value.value = builder_.Emit(ir::Op::kMul, {ListedWeight(), value.value});
    builder_.Store(*variable.state, value.value);
    scope_.Know(variable.name(), value);
    return absl::OkStatus();
  }

  absl::Status InitialValues() {
    std::set<std::string> given;
    for (const auto& [name, setting] : description_.options.initial) {
      const std::string what = absl::StrCat("the initial ", model_.section.prefix, name);
      const ir::SourceText place = NamePlace(setting, what);
      const Variable* variable = model_.section.FindVariable(name);
      if (variable == nullptr) {
        return ir::ErrorAt(place, Whole(place),
                           absl::StrCat("the synapses of '", description_.name,
                                        "' have no variable '", name, "' to give an initial value",
                                        ir::DidYouMean(name, model_.section.VariableNames())),
                           "equations = \"x : unit\" declares one");
      }
      const bool weight = name == "w" && (description_.options.weight.has_value() ||
                                          projection_.weight_column.has_value());
      if (weight || !given.insert(name).second) {
        return ir::ErrorAt(place, Whole(place),
                           absl::StrCat("'", name, "' is given twice",
                                        weight ? ": it begins with the weight" : ""));
      }
      BNSYN_RETURN_IF_ERROR(Begin(*variable, setting, what));
    }
    return absl::OkStatus();
  }

  // What a variable of the synapses begins with.
  absl::Status Begin(const Variable& variable, const Setting& setting, const std::string& what) {
    const ir::SourceText text = TextOf(setting, what);
    const Equation& equation = *variable.equation;
    if (!equation.boolean && IsPlain(context_, setting, what)) {
      BNSYN_ASSIGN_OR_RETURN(const Quantity number,
                             Evaluate(setting, context_.constants, variable.dimension(), what));
      TypedValue value = {builder_.F64(number.value), number.dimension};
      value.integer = IsWhole(number);
      BNSYN_RETURN_IF_ERROR(CheckKind(equation, value, text, Whole(text)));
      ir::State& state = lowering_.program.states[*variable.state];
      if (!(number.value >= state.lower && number.value <= state.upper)) {
        return ir::ErrorAt(text, Whole(text),
                           absl::StrCat(what, " is ", number.value, ", outside its bounds"));
      }
      state.initial = ir::BitsOfF64(number.value);
      scope_.Know(variable.name(), value);
      return absl::OkStatus();
    }
    scope_.EnterCode("initial", variable.name());
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, Emit(setting, what));
    BNSYN_RETURN_IF_ERROR(CheckKind(equation, value, text, Whole(text)));
    if (!value.boolean) {
      BNSYN_RETURN_IF_ERROR(Expect(value, variable.dimension(), setting, what));
    }
    builder_.Store(*variable.state, value.value);
    scope_.Know(variable.name(), value);
    return absl::OkStatus();
  }

  absl::Status Delay() {
    scope_.EnterCode("delay");
    if (projection_.delay_column.has_value()) return ListedDelays();
    const Quantity dt = lowering_.network.options.dt;
    const std::string what = Name("delay");
    const Setting delay = description_.options.delay.value_or(Setting(dt));
    if (IsPlain(context_, delay, what)) {
      BNSYN_ASSIGN_OR_RETURN(const uint64_t steps,
                             EvaluateSteps(delay, context_.constants, dt, what));
      if (steps < 1 || steps > kLongestDelay) {
        const ir::SourceText text = TextOf(delay, what);
        return ir::ErrorAt(
            text, Whole(text),
            absl::StrCat(what, " must be from 1 to ", kLongestDelay, " steps, not ", steps),
            absl::StrCat("one step is dt = ", dt.value, " ms"));
      }
      projection_.delay = static_cast<uint32_t>(steps);
      return absl::OkStatus();
    }
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitNumber(delay, what));
    BNSYN_RETURN_IF_ERROR(Expect(value, dimension::kTime, delay, what));
    // To the nearest step, halves to the even one (R4).
    const ir::Value steps = builder_.Emit(
        ir::Op::kRint, {builder_.Emit(ir::Op::kDiv, {value.value, builder_.F64(dt.value)})});
    builder_.Emit(ir::Op::kSetDelay, {builder_.Convert(steps, ir::Element::kI64)});
    return absl::OkStatus();
  }

  // The delays of a list are in the file.
  absl::Status ListedDelays() {
    const ir::SourceText& place = description_.place;
    if (description_.options.delay.has_value()) {
      const ir::SourceText given = NamePlace(*description_.options.delay, Name("delay"));
      return ir::ErrorAt(given, Whole(given),
                         absl::StrCat("the list ", description_.rule.file,
                                      " has a column 'delay': the synapses have delays of their "
                                      "own"),
                         "leave one of the two out");
    }
    const ir::ColumnRef& column = *projection_.delay_column;
    const std::vector<double>& delays =
        lowering_.program.tables[column.table].values[column.column];
    const double dt = lowering_.network.options.dt.value;
    double least = kLongestDelay;
    double greatest = 1;
    for (size_t row = 0; row < delays.size(); ++row) {
      const double steps = std::nearbyint(delays[row] / dt);
      if (!(steps >= 1 && steps <= kLongestDelay)) {
        return ir::ErrorAt(
            place, Whole(place),
            absl::StrCat("the delay in row ", row + 1, " of ", description_.rule.file, " is ",
                         delays[row], " ms; delays are from 1 to ", kLongestDelay, " steps"),
            absl::StrCat("they are in ms, and one step is dt = ", dt, " ms"));
      }
      least = std::min(least, steps);
      greatest = std::max(greatest, steps);
    }
    projection_.delay = static_cast<uint32_t>(std::min(least, greatest));
    projection_.max_delay = static_cast<uint32_t>(greatest);
    return absl::OkStatus();
  }

  SynapseContext& context_;
  SynapseModel& model_;
  Lowering& lowering_;
  const Network::ProjectionDescription& description_;
  ir::Projection& projection_;
  ir::Block block_;
  ir::Builder builder_;
  ConnectScope scope_;
};

}  // namespace

bool IsPlain(const SynapseContext& context, const Setting& setting, absl::string_view what) {
  if (!setting.is_text()) return true;
  const ir::SourceText text = TextOf(setting, what);
  if (absl::StripAsciiWhitespace(text.text).empty()) return true;
  const absl::StatusOr<Expr> expr = ParseExpression(text);
  if (!expr.ok()) return true;
  return !CallsTable(context.lowering, *expr) &&
         ReadsOnly(
             *expr, [](absl::string_view) -> const Expr* { return nullptr; },
             [&](absl::string_view name) {
               return UnitSymbol(name).has_value() ||
                      std::any_of(context.constants.begin(), context.constants.end(),
                                  [&](const Constant& constant) { return constant.name == name; });
             });
}

absl::Status LowerConnect(SynapseContext& context, ir::ProjectionId id, SynapseModel& model) {
  return ConnectWriter(context, id, model).Run();
}

}  // namespace bnsyn::compiler
