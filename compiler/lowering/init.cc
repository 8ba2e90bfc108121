// Initial values: constants in the declarations, columns of files, and the init block for what is
// drawn or computed.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/equations/linear_form.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/scope.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Code of initial values: normal(mean, sd) and uniform(low, high) beside the usual functions, and
// variables that were given a value before.
class InitScope : public CodeScope {
 public:
  InitScope(Lowering& lowering, const Section& section, ir::Builder& builder)
      : CodeScope(lowering, section, builder) {}

  void Know(const std::string& name) { known_.insert(name); }

  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override {
    if (call.name != "normal" && call.name != "uniform") return CodeScope::Call(call, source);
    const bool normal = call.name == "normal";
    if (call.children.size() != 2) {
      return ir::ErrorAt(source, call.range,
                         absl::StrCat(call.name, " takes 2 arguments, not ", call.children.size()),
                         normal ? "mean and standard deviation, as in normal(-70 mV, 5 mV)"
                                : "the least and the largest, as in uniform(-70 mV, -50 mV)");
    }
    BNSYN_ASSIGN_OR_RETURN(const TypedValue a, EmitExpression(call.children[0], source, *this));
    BNSYN_ASSIGN_OR_RETURN(const TypedValue b, EmitExpression(call.children[1], source, *this));
    BNSYN_RETURN_IF_ERROR(ExpectDimension(b, a.dimension,
                                          normal ? "the standard deviation" : "the largest value",
                                          source, call.children[1].range));
    const ir::Value draw =
        builder().Emit(normal ? ir::Op::kNormal : ir::Op::kUniform, {ir::Element::kF64, domain()},
                       {}, ir::StreamAttr(NextStream(), 0));
    const ir::Value scale = normal ? b.value : builder().Emit(ir::Op::kSub, {b.value, a.value});
    return TypedValue{EmitMulAdd(*this, draw, scale, a.value), a.dimension};
  }

 protected:
  absl::StatusOr<TypedValue> Initial(const Variable& variable, const ir::SourceText& source,
                                     ir::SourceRange range) override {
    if (known_.count(variable.name()) != 0) return CodeScope::Initial(variable, source, range);
    return ir::ErrorAt(source, range,
                       absl::StrCat("'", variable.name(), "' has no initial value yet"),
                       "give it one before this");
  }

 private:
  std::set<std::string> known_;
};

struct FileColumn {
  std::string file;
  std::string column;
};

// Reads  file("v0.csv", "V")  with either kind of quotes; nullopt when the text is no such call.
std::optional<FileColumn> ParseFileCall(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (!absl::ConsumePrefix(&text, "file")) return std::nullopt;
  const auto skip = [&text](char c) {
    text = absl::StripLeadingAsciiWhitespace(text);
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  };
  const auto quoted = [&]() -> std::optional<std::string> {
    text = absl::StripLeadingAsciiWhitespace(text);
    if (text.empty() || (text[0] != '"' && text[0] != '\'')) return std::nullopt;
    const size_t end = text.find(text[0], 1);
    if (end == absl::string_view::npos) return std::nullopt;
    std::string inner(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return inner;
  };
  if (!skip('(')) return std::nullopt;
  const std::optional<std::string> file = quoted();
  if (!file.has_value() || !skip(',')) return std::nullopt;
  const std::optional<std::string> column = quoted();
  if (!column.has_value() || !skip(')') || !text.empty()) return std::nullopt;
  return FileColumn{*file, *column};
}

absl::Status UseColumn(Lowering& lowering, const Section& section, const FileColumn& call,
                       const ir::SourceText& text, const Variable& variable) {
  BNSYN_ASSIGN_OR_RETURN(const ir::TableId id, TableOf(lowering, call.file, text));
  const ir::Table& table = lowering.program.tables[id];
  if (variable.Is("shared")) {
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat("'", variable.name(),
                                    "' is one value for all neurons (shared), "
                                    "but a column has one for each"));
  }
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c] != call.column) continue;
    const std::vector<double>& values = table.values[c];
    if (values.size() != section.size) {
      return ir::ErrorAt(
          text, Whole(text),
          absl::StrCat(call.file, " has ", values.size(), " values, but population '", section.name,
                       "' has ", section.size, " neurons"));
    }
    TypedValue typed;
    typed.integer = std::all_of(values.begin(), values.end(), [](double v) { return IsWhole(v); });
    BNSYN_RETURN_IF_ERROR(CheckKind(*variable.equation, typed, text, Whole(text)));
    lowering.program.states[*variable.state].initial_column =
        ir::ColumnRef{id, static_cast<uint32_t>(c)};
    return absl::OkStatus();
  }
  return ir::ErrorAt(text, Whole(text),
                     absl::StrCat(call.file, " has no column '", call.column, "'",
                                  ir::DidYouMean(call.column, table.columns)));
}

// A value made of constants and parameters alone is folded into the declaration.
bool IsPlain(const Expr& expr, const Lowering& lowering, const Section& section) {
  return !CallsTable(lowering, expr) &&
         ReadsOnly(
             expr, [](absl::string_view) -> const Expr* { return nullptr; },
             [&](absl::string_view name) {
               if (section.code->Find(name) != nullptr) return false;
               if (lowering.uniform.FindVariable(name) != nullptr) return false;
               if (section.population.has_value() && name == "N") return false;
               return UnitSymbol(name).has_value() ||
                      std::any_of(section.constants.begin(), section.constants.end(),
                                  [&](const Constant& constant) { return constant.name == name; });
             });
}

absl::Status LowerValue(Lowering& lowering, const Section& section, const std::string& name,
                        const Setting& value, InitScope& scope) {
  const std::string what = absl::StrCat("the initial ", section.prefix, name);
  const Variable* variable = section.FindVariable(name);
  if (variable == nullptr || !variable->state.has_value()) {
    const ir::SourceText place = NamePlace(value, what);
    return ir::ErrorAt(
        place, Whole(place),
        absl::StrCat("'", section.name, "' has no variable '", name, "' to give an initial value",
                     ir::DidYouMean(name, section.VariableNames())));
  }
  ir::State& state = lowering.program.states[*variable->state];
  const ir::SourceText text = TextOf(value, what);
  const auto check_kind = [&](const TypedValue& typed) {
    return CheckKind(*variable->equation, typed, text, Whole(text));
  };
  const auto set_constant = [&](double number) {
    TypedValue typed;
    typed.integer = IsWhole(number);
    BNSYN_RETURN_IF_ERROR(check_kind(typed));
    state.initial = ir::BitsOfF64(number);
    if (std::isfinite(number) && number >= state.lower && number <= state.upper) {
      return absl::OkStatus();
    }
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(what, " is ", number,
                                    std::isfinite(number) ? ", outside its bounds"
                                                          : ", it must be a finite number"));
  };
  if (!value.is_text()) {
    BNSYN_ASSIGN_OR_RETURN(const Quantity quantity,
                           Evaluate(value, {}, variable->dimension(), what));
    return set_constant(quantity.value);
  }
  if (const std::optional<FileColumn> call = ParseFileCall(text.text)) {
    return UseColumn(lowering, section, *call, text, *variable);
  }
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(text));
  const bool plain = IsPlain(expr, lowering, section);
  if (plain && expr.kind == ExprKind::kBool) {
    TypedValue typed;
    typed.boolean = true;
    BNSYN_RETURN_IF_ERROR(check_kind(typed));
    state.initial = expr.quantity.value != 0 ? 1 : 0;
    return absl::OkStatus();
  }
  if (plain && !variable->equation->boolean) {
    BNSYN_ASSIGN_OR_RETURN(const Quantity quantity,
                           Evaluate(value, section.constants, variable->dimension(), what));
    return set_constant(quantity.value);
  }
  scope.EnterCode("initial", name);
  scope.SetShared(variable->Is("shared") ? name : "");
  absl::StatusOr<TypedValue> emitted = EmitExpression(expr, text, scope);
  scope.SetShared("");
  BNSYN_ASSIGN_OR_RETURN(const TypedValue computed, std::move(emitted));
  BNSYN_RETURN_IF_ERROR(check_kind(computed));
  if (!computed.boolean) {
    BNSYN_RETURN_IF_ERROR(ExpectDimension(computed, variable->dimension(), what, text, expr.range));
  }
  scope.builder().Store(*variable->state, computed.value);
  return absl::OkStatus();
}

// Names an expression reads, those in the equations x = ... that it reads among them.
void AddNamesRead(const Expr& expr, const ModelCode& code, std::set<std::string>& names) {
  ForEachName(expr, [&](const Expr& name) {
    if (!names.insert(name.name).second) return;
    const Equation* equation = code.Find(name.name);
    if (equation == nullptr || equation->kind != EquationKind::kExpression) return;
    AddNamesRead(*equation->right, code, names);
  });
}

// The initial values of a section: those given for it, then the defaults of its model for what was
// not given. A default comes earlier where a value reads its variable.
class Initials {
 public:
  Initials(Lowering& lowering, const Section& section, const Settings& given,
           const Settings& defaults, ir::Builder& builder)
      : lowering_(lowering), section_(section), given_(given), scope_(lowering, section, builder) {
    std::set<std::string> names;
    for (const auto& [name, value] : given) names.insert(name);
    for (const auto& [name, value] : defaults) {
      if (names.count(name) == 0) defaults_.emplace_back(name, value);
    }
  }

  absl::Status Lower() {
    for (const Settings* settings : {&given_, &std::as_const(defaults_)}) {
      std::set<std::string> names;
      for (const auto& [name, value] : *settings) {
        if (!names.insert(name).second) {
          const ir::SourceText place = NamePlace(value, absl::StrCat(section_.prefix, name));
          return ir::ErrorAt(place, Whole(place), absl::StrCat("'", name, "' is given twice"));
        }
        BNSYN_RETURN_IF_ERROR(Give(name, value));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Give(const std::string& name, const Setting& value) {
    if (!begun_.insert(name).second) return absl::OkStatus();
    const std::set<std::string> read = NamesRead(value);
    for (const auto& [other, setting] : defaults_) {
      if (read.count(other) != 0) BNSYN_RETURN_IF_ERROR(Give(other, setting));
    }
    BNSYN_RETURN_IF_ERROR(LowerValue(lowering_, section_, name, value, scope_));
    scope_.Know(name);
    return absl::OkStatus();
  }

  // None where the value cannot be parsed, of which LowerValue tells.
  std::set<std::string> NamesRead(const Setting& value) const {
    std::set<std::string> names;
    if (!value.is_text() || section_.code == nullptr) return names;
    const absl::StatusOr<Expr> expr = ParseExpression(value.text());
    if (expr.ok()) AddNamesRead(*expr, *section_.code, names);
    return names;
  }

  Lowering& lowering_;
  const Section& section_;
  const Settings& given_;
  Settings defaults_;
  InitScope scope_;
  std::set<std::string> begun_;
};

}  // namespace

absl::Status LowerInit(Lowering& lowering) {
  const Network& network = lowering.network;
  ir::Block block;
  block.kind = ir::BlockKind::kInit;
  ir::Builder builder(lowering.program, block);
  BNSYN_RETURN_IF_ERROR(
      Initials(lowering, lowering.uniform, network.uniform.initial, {}, builder).Lower());
  for (size_t p = 0; p < lowering.sections.size(); ++p) {
    const Network::PopulationDescription& population = network.populations[p];
    BNSYN_RETURN_IF_ERROR(Initials(lowering, lowering.sections[p], population.initial,
                                   network.models[population.model].initial, builder)
                              .Lower());
  }
  BNSYN_RETURN_IF_ERROR(LowerStimuliInit(lowering, builder));
  if (!block.nodes.empty()) lowering.program.init = std::move(block);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
