// Emits the network level (R5.7): code over uniform variables, with counts and sums of populations.
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/emit.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

absl::StatusOr<TypedValue> Count(const ir::Program& program, const Expr& argument,
                                 const ir::SourceText& source, ir::Builder& builder) {
  std::vector<std::string> names;
  // Events count too: count(exc.burst).
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    names.push_back(program.populations[p].name);
    if (names.back() != argument.name) continue;
    const ir::Value number =
        builder.Emit(ir::Op::kCount, {ir::Element::kI64, ir::DomainId::kNetwork}, {}, p);
    return HeldInteger(number, 0, std::numeric_limits<uint32_t>::max());
  }
  return ir::ErrorAt(source, argument.range,
                     absl::StrCat("there is no population '", argument.name, "' to count",
                                  ir::DidYouMean(argument.name, names)));
}

// The sum of a variable over its population, reduced once.
ir::Value EmitTotal(ir::Program& program, const Section& section, const Variable& variable,
                    Scope& scope) {
  ir::Builder& builder = scope.builder();
  const std::string name = absl::StrCat(section.prefix, variable.name(), ".sum");
  ir::ReductionId id = 0;
  while (id < program.reductions.size() && program.reductions[id].name != name) ++id;
  if (id == program.reductions.size()) {
    program.reductions.push_back({name, section.domain});
    ir::Value value = builder.Load(*variable.state);
    if (variable.equation->integer) scope.Expect(ir::Op::kExpectFloat, value, {});
    if (builder.type(value).element != ir::Element::kF64) {
      value = builder.Convert(value, ir::Element::kF64);
    }
    builder.Emit(ir::Op::kReduce, {value}, id);
  }
  return builder.Emit(ir::Op::kTotal, {ir::Element::kF64, ir::DomainId::kNetwork}, {}, id);
}

absl::StatusOr<TypedValue> Sum(const Declarations& declared, ir::Program& program, bool mean,
                               const Expr& argument, const ir::SourceText& source, Scope& scope) {
  std::vector<std::string> names;
  for (const Section& section : declared.sections) {
    for (const Variable& variable : section.variables) {
      if (!variable.state.has_value()) continue;
      const std::string full_name = absl::StrCat(section.prefix, variable.name());
      if (variable.Is("shared") && full_name == argument.name) {
        return ir::ErrorAt(
            source, argument.range,
            absl::StrCat("'", full_name, "' is one value for all neurons (shared), so there is ",
                         "nothing to ", mean ? "take the mean of" : "sum"));
      }
      names.push_back(full_name);
      if (full_name != argument.name) continue;
      ir::Value total = EmitTotal(program, section, variable, scope);
      if (mean) total = EmitDivide(scope, total, scope.builder().F64(section.size));
      return TypedValue{total, variable.dimension()};
    }
  }
  return ir::ErrorAt(source, argument.range,
                     absl::StrCat("'", argument.name, "' is no variable of a population",
                                  ir::DidYouMean(argument.name, names)),
                     "as in sum(exc.V)");
}

}  // namespace

absl::StatusOr<std::optional<TypedValue>> CallReduction(const Declarations& declared,
                                                        const Expr& call,
                                                        const ir::SourceText& source,
                                                        CodeScope& scope, ir::Program& program) {
  const bool count = call.name == "count";
  const bool of_network =
      &scope.section() == &declared.uniform && scope.builder().block().kind == ir::BlockKind::kStep;
  if (!of_network || (!count && call.name != "sum" && call.name != "mean")) return std::nullopt;
  if (call.children.size() != 1 || call.children[0].kind != ExprKind::kName) {
    return ir::ErrorAt(source, call.range,
                       count ? "count takes the name of a population"
                             : absl::StrCat(call.name, " takes a variable of a population"),
                       count ? "as in count(exc)" : absl::StrCat("as in ", call.name, "(exc.V)"));
  }
  const Expr& argument = call.children[0];
  BNSYN_ASSIGN_OR_RETURN(
      const TypedValue value,
      count ? Count(program, argument, source, scope.builder())
            : Sum(declared, program, call.name == "mean", argument, source, scope));
  return value;
}

absl::Status EmitUniform(const Declarations& declared, ir::Builder& builder, ProgramBuilder& out) {
  const Section& section = declared.uniform;
  for (const Equation& equation : section.code->equations) {
    if (equation.kind != EquationKind::kDifferential) continue;
    return ir::ErrorAt(section.code->equations_text, equation.name_range,
                       absl::StrCat("'", equation.name,
                                    "' has a differential equation, which only models may have"),
                       absl::StrCat("declare it as '", equation.name,
                                    " : unit' and integrate it in the update code"));
  }
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  scope.EnterCode("update");
  scope.Change().moved = true;
  BNSYN_RETURN_IF_ERROR(EmitStatements(section.code->update, section.code->update_text, scope));
  scope.StoreChanged();
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
