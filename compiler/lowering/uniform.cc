// The network level (R5.7): code over uniform variables, with counts and sums over populations.
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/scope.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

class UniformScope : public CodeScope {
 public:
  UniformScope(Lowering& lowering, ir::Builder& builder)
      : CodeScope(lowering, lowering.uniform, builder) {}

  // count(exc), sum(exc.V), mean(exc.V).
  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override {
    if (call.name != "count" && call.name != "sum" && call.name != "mean") {
      return CodeScope::Call(call, source);
    }
    const bool count = call.name == "count";
    if (call.children.size() != 1 || call.children[0].kind != ExprKind::kName) {
      return ir::ErrorAt(source, call.range,
                         count ? "count takes the name of a population"
                               : absl::StrCat(call.name, " takes a variable of a population"),
                         count ? "as in count(exc)" : absl::StrCat("as in ", call.name, "(exc.V)"));
    }
    const Expr& argument = call.children[0];
    return count ? Count(argument, source) : Sum(call.name == "mean", argument, source);
  }

 private:
  absl::StatusOr<std::optional<TypedValue>> Count(const Expr& argument,
                                                  const ir::SourceText& source) {
    std::vector<std::string> names;
    // Those of events are named after theirs: count(exc.burst).
    for (ir::PopulationId p = 0; p < lowering_.program.populations.size(); ++p) {
      names.push_back(lowering_.program.populations[p].name);
      if (names.back() != argument.name) continue;
      const ir::Value number =
          builder().Emit(ir::Op::kCount, {ir::Element::kI64, ir::DomainId::kNetwork}, {}, p);
      TypedValue count = {builder().Convert(number, ir::Element::kF64), Dimension{}};
      count.integer = true;
      return count;
    }
    return ir::ErrorAt(source, argument.range,
                       absl::StrCat("there is no population '", argument.name, "' to count",
                                    ir::DidYouMean(argument.name, names)));
  }

  absl::StatusOr<std::optional<TypedValue>> Sum(bool mean, const Expr& argument,
                                                const ir::SourceText& source) {
    std::vector<std::string> names;
    for (const Section& section : lowering_.sections) {
      for (const Variable& variable : section.variables) {
        if (!variable.state.has_value()) continue;
        const std::string full_name = absl::StrCat(section.prefix, variable.name());
        if (variable.Is("shared") && full_name == argument.name) {
          return ir::ErrorAt(
              source, argument.range,
              absl::StrCat("'", full_name, "' is one value for all neurons ",
                           "(shared), so there is nothing to ", mean ? "take the mean of" : "sum"));
        }
        names.push_back(full_name);
        if (full_name != argument.name) continue;
        ir::Value total = Total(section, variable);
        if (mean) total = EmitDivide(*this, total, builder().F64(section.size));
        return TypedValue{total, variable.dimension()};
      }
    }
    return ir::ErrorAt(source, argument.range,
                       absl::StrCat("'", argument.name, "' is no variable of a population",
                                    ir::DidYouMean(argument.name, names)),
                       "as in sum(exc.V)");
  }

  ir::Value Total(const Section& section, const Variable& variable) {
    const auto [entry, is_new] = totals_.try_emplace(*variable.state);
    if (is_new) {
      ir::Value value = builder().Load(*variable.state);
      if (builder().type(value).element != ir::Element::kF64) {
        value = builder().Convert(value, ir::Element::kF64);
      }
      const auto id = static_cast<ir::ReductionId>(lowering_.program.reductions.size());
      lowering_.program.reductions.push_back(
          {absl::StrCat(section.prefix, variable.name(), ".sum"), section.domain});
      builder().Emit(ir::Op::kReduce, {value}, id);
      entry->second =
          builder().Emit(ir::Op::kTotal, {ir::Element::kF64, ir::DomainId::kNetwork}, {}, id);
    }
    return entry->second;
  }

  std::map<ir::StateId, ir::Value> totals_;
};

}  // namespace

absl::Status LowerUniform(Lowering& lowering, ir::Builder& builder) {
  const Section& section = lowering.uniform;
  for (const Equation& equation : section.code->equations) {
    if (equation.kind != EquationKind::kDifferential) continue;
    return ir::ErrorAt(section.code->equations_text, equation.name_range,
                       absl::StrCat("'", equation.name,
                                    "' has a differential equation, which only models may have"),
                       absl::StrCat("declare it as '", equation.name,
                                    " : unit' and integrate it in the update code"));
  }
  UniformScope scope(lowering, builder);
  scope.EnterCode("update");
  BNSYN_RETURN_IF_ERROR(EmitStatements(section.code->update, section.code->update_text, scope));
  for (const Variable* variable : scope.Changed()) {
    StoreVariable(lowering, builder, *variable->state, scope.Get(*variable).value);
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
