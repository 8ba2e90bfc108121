// What synapses are made with: probabilities, weights and delays, as numbers of a projection or as
// its connect block.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "compiler/network/integrate_linear.h"
#include "compiler/network/lower_synapse.h"
#include "compiler/network/lower_table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

class ConnectWriter {
 public:
  ConnectWriter(SynapseContext& context, ir::ProjectionId id)
      : context_(context),
        lowering_(context.lowering),
        description_(context.description),
        projection_(context.lowering.program.projections[id]),
        builder_(lowering_.program, block_),
        scope_(context, projection_.domain, builder_) {
    block_.kind = ir::BlockKind::kConnect;
    block_.name = projection_.name;
    block_.domain = projection_.domain;
  }

  absl::StatusOr<Quantity> Run() {
    BNSYN_RETURN_IF_ERROR(Probability());
    BNSYN_ASSIGN_OR_RETURN(const Quantity weight, Weight());
    BNSYN_RETURN_IF_ERROR(Delay());
    if (!block_.nodes.empty()) lowering_.program.connect.push_back(std::move(block_));
    return weight;
  }

 private:
  std::string Name(absl::string_view what) const {
    return absl::StrCat("the ", std::string(what), " of ", description_.name);
  }

  // Whether a setting is one number for all synapses, made of constants alone. What cannot be read
  // at all is one too: evaluating it tells why.
  bool IsPlain(const Setting& setting, absl::string_view what) const {
    if (!setting.is_text()) return true;
    const ir::SourceText text = TextOf(setting, what);
    if (absl::StripAsciiWhitespace(text.text).empty()) return true;
    const absl::StatusOr<Expr> expr = ParseExpression(text);
    if (!expr.ok()) return true;
    return !CallsTable(lowering_, *expr) &&
           IsConstant(
               *expr, [](absl::string_view) -> const Expr* { return nullptr; },
               [&](absl::string_view name) {
                 return UnitSymbol(name).has_value() ||
                        std::any_of(
                            context_.constants.begin(), context_.constants.end(),
                            [&](const Constant& constant) { return constant.name == name; });
               });
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
    ir::Value p;
    if (rule.kind == ir::RuleKind::kBernoulli) {
      BNSYN_ASSIGN_OR_RETURN(p, ProbabilityOfPair());
    }
    const std::optional<Setting>& condition = description_.rule.condition;
    if (condition.has_value()) {
      const std::string what = Name("condition");
      if (rule.kind != ir::RuleKind::kBernoulli && rule.kind != ir::RuleKind::kAllToAll) {
        const ir::SourceText place = NamePlace(*condition, what);
        return ir::ErrorAt(place, Whole(place), "this rule takes no condition",
                           "all_to_all and bernoulli do");
      }
      BNSYN_ASSIGN_OR_RETURN(const TypedValue holds, Emit(*condition, what));
      const ir::SourceText text = TextOf(*condition, what);
      BNSYN_RETURN_IF_ERROR(ExpectBoolean(holds, what, text, Whole(text)));
      if (rule.kind == ir::RuleKind::kAllToAll) {
        rule.kind = ir::RuleKind::kBernoulli;
        rule.stream = lowering_.streams++;
      }
      if (!p.valid()) p = builder_.F64(rule.p);
      rule.p = 1;
      p = builder_.Emit(ir::Op::kSelect, {holds.value, p, builder_.F64(0)});
    }
    if (p.valid()) builder_.Emit(ir::Op::kSetProbability, {p});
    return absl::OkStatus();
  }

  // An invalid value where it is that of the rule.
  absl::StatusOr<ir::Value> ProbabilityOfPair() {
    const Setting& p = description_.rule.p;
    const std::string what = absl::StrCat(description_.name, ".p");
    if (!IsPlain(p, what)) {
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

  absl::StatusOr<Quantity> Weight() {
    const bool listed = projection_.weight_column.has_value();
    const std::optional<Setting>& weight = description_.options.weight;
    if (!weight.has_value()) {
      if (listed) return Quantity(1);
      return ir::ErrorAt(description_.place, Whole(description_.place),
                         absl::StrCat("projection '", description_.name, "' has no weight"),
                         "give it one, as in weight = \"0.5 nS\"");
    }
    const std::string what = Name("weight");
    if (IsPlain(*weight, what)) {
      BNSYN_ASSIGN_OR_RETURN(const Quantity quantity, Evaluate(*weight, context_.constants, what));
      if (!listed) projection_.weight = quantity.value;
      return quantity;
    }
    BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitNumber(*weight, what));
    if (listed) {
      const ir::Value given =
          builder_.Emit(ir::Op::kWeight, {ir::Element::kF64, projection_.domain}, {});
      value.value = builder_.Emit(ir::Op::kMul, {given, value.value});
    }
    builder_.Emit(ir::Op::kSetWeight, {value.value});
    return Quantity(1, Unit{value.dimension, 0});
  }

  absl::Status Delay() {
    if (projection_.delay_column.has_value()) return ListedDelays();
    const Quantity dt = lowering_.network.options.dt;
    const std::string what = Name("delay");
    const Setting delay = description_.options.delay.value_or(Setting(dt));
    if (IsPlain(delay, what)) {
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
  Lowering& lowering_;
  const Network::ProjectionDescription& description_;
  ir::Projection& projection_;
  ir::Block block_;
  ir::Builder builder_;
  ConnectScope scope_;
};

}  // namespace

absl::StatusOr<Quantity> LowerConnect(SynapseContext& context, ir::ProjectionId id) {
  return ConnectWriter(context, id).Run();
}

}  // namespace bnsyn::compiler
