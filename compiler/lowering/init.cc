// Initial values: numbers and columns of files in the declarations of states, and code of the init
// block for values that are drawn or computed.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/neurons.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

struct FileColumn {
  std::string file;
  std::string column;
};

// Parses  file("v0.csv", "V")  with either kind of quotes; nullopt if the text is no such call.
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

// The integer that a number is.
absl::StatusOr<int64_t> IntegerOf(double number, const ir::SourceText& text) {
  if (IsWhole(number) && std::fabs(number) < 0x1p63) return static_cast<int64_t>(number);
  return ErrorIn(text, absl::StrCat(number, " is no integer of 64 bits"),
                 "int(...) drops the fraction");
}

absl::Status UseColumn(const Network& network, const Section& section, const FileColumn& call,
                       const ir::SourceText& text, const Variable& variable, ir::Program& program) {
  BNSYN_ASSIGN_OR_RETURN(const ir::TableId id, TableOf(network, call.file, text, program));
  const ir::Table& table = program.tables[id];
  if (variable.Is("shared")) {
    return ErrorIn(text, absl::StrCat("'", variable.name(),
                                      "' is one value for all neurons (shared), "
                                      "but a column has one for each"));
  }
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c] != call.column) continue;
    const std::vector<double>& values = table.values[c];
    if (values.size() != section.size) {
      return ErrorIn(text,
                     absl::StrCat(call.file, " has ", values.size(), " values, but population '",
                                  section.name, "' has ", section.size, " neurons"));
    }
    if (variable.equation->boolean) return CheckKind(*variable.equation, {}, text, Whole(text));
    for (const double value : values) {
      if (variable.equation->integer) BNSYN_RETURN_IF_ERROR(IntegerOf(value, text).status());
    }
    program.states[*variable.state].initial_column = ir::ColumnRef{id, static_cast<uint32_t>(c)};
    return absl::OkStatus();
  }
  return ErrorIn(text, absl::StrCat(call.file, " has no column '", call.column, "'",
                                    ir::DidYouMean(call.column, table.columns)));
}

// True for a value made of constants and parameters alone, which is folded into the declaration.
bool IsPlain(const Expr& expr, const Names& names, const Section& section) {
  return ReadsOnly(expr, names, [&](const Meaning& meaning) {
    return meaning.kind == NameKind::kConstant ||
           (meaning.kind == NameKind::kParameter &&
            section.FindParameter(meaning.parameter->name) == meaning.parameter);
  });
}

absl::Status CheckNotLinked(const Variable& variable, const Setting& value,
                            const std::string& what) {
  if (!variable.link.has_value()) return absl::OkStatus();
  return ErrorIn(NamePlace(value, what),
                 absl::StrCat("'", variable.name(), "' is linked to a variable of '",
                              variable.link->section->name, "', which has the initial value"));
}

// The value in the declaration of a state, or the code that computes it.
absl::StatusOr<InitialValue> DeclareValue(const Network& network, const Section& section,
                                          const Names& names, const std::string& name,
                                          const Setting& value, ir::Program& program) {
  const std::string what = absl::StrCat("the initial ", section.prefix, name);
  const Variable* variable = section.FindVariable(name);
  if (variable == nullptr || !variable->state.has_value()) {
    return ErrorIn(
        NamePlace(value, what),
        absl::StrCat("'", section.name, "' has no variable '", name, "' to give an initial value",
                     ir::DidYouMean(name, section.VariableNames())));
  }
  BNSYN_RETURN_IF_ERROR(CheckNotLinked(*variable, value, what));
  ir::State& state = program.states[*variable->state];
  const ir::SourceText text = TextOf(value, what);
  InitialValue initial = {variable->equation, std::nullopt, text};
  const auto check_kind = [&](const TypedValue& typed) {
    return CheckKind(*variable->equation, typed, text, Whole(text));
  };
  const auto set_constant = [&](const Quantity& quantity) -> absl::Status {
    const double number = quantity.value;
    BNSYN_RETURN_IF_ERROR(check_kind({}));
    BNSYN_ASSIGN_OR_RETURN(
        state.initial, InitialBits(*variable->equation, value, quantity, section.constants, what));
    if (std::isfinite(number) && number >= state.lower && number <= state.upper) {
      return absl::OkStatus();
    }
    return ErrorIn(text, absl::StrCat(what, " is ", number,
                                      std::isfinite(number) ? ", outside its bounds"
                                                            : ", it must be a finite number"));
  };
  if (!value.is_text()) {
    BNSYN_ASSIGN_OR_RETURN(const Quantity quantity,
                           Evaluate(value, {}, variable->dimension(), what));
    BNSYN_RETURN_IF_ERROR(set_constant(quantity));
    return initial;
  }
  if (const std::optional<FileColumn> call = ParseFileCall(text.text)) {
    BNSYN_RETURN_IF_ERROR(UseColumn(network, section, *call, text, *variable, program));
    return initial;
  }
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(text));
  const bool plain = IsPlain(expr, names, section);
  if (plain && expr.kind == ExprKind::kBool) {
    TypedValue typed;
    typed.boolean = true;
    BNSYN_RETURN_IF_ERROR(check_kind(typed));
    state.initial = expr.quantity.value != 0 ? 1 : 0;
    return initial;
  }
  if (plain && !variable->equation->boolean) {
    Quantity quantity;
    if (variable->equation->integer) {
      BNSYN_ASSIGN_OR_RETURN(const int64_t integer, EvaluateInteger(text, section.constants, what));
      quantity.value = static_cast<double>(integer);
    } else {
      BNSYN_ASSIGN_OR_RETURN(quantity,
                             Evaluate(value, section.constants, variable->dimension(), what));
    }
    BNSYN_RETURN_IF_ERROR(set_constant(quantity));
    return initial;
  }
  initial.code = expr;
  return initial;
}

// Adds the names that an expression reads, by itself or through equations x = ....
void AddNamesRead(const Expr& expr, const ModelCode& code, std::set<std::string>& names) {
  ForEachName(expr, [&](const Expr& name) {
    if (!names.insert(name.name).second) return;
    const Equation* equation = code.Find(name.name);
    if (equation == nullptr || equation->kind != EquationKind::kExpression) return;
    AddNamesRead(*equation->right, code, names);
  });
}

// The initial values of a section: those given for it, then the defaults of its model for the other
// variables. A default comes before any value that reads its variable.
class Initials {
 public:
  using Group = Network::GroupDescription;

  // `groups` are those of the section.
  Initials(const Declarations& declared, Section& section, const Settings& given,
           const Settings& defaults, std::vector<const Group*> groups, ir::Program& program)
      : declared_(declared),
        section_(section),
        given_(given),
        groups_(std::move(groups)),
        program_(program) {
    std::set<std::string> names;
    for (const auto& [name, value] : given) names.insert(name);
    for (const auto& [name, value] : defaults) {
      if (names.count(name) == 0) defaults_.emplace_back(name, value);
    }
  }

  absl::Status Declare() {
    for (const Settings* settings : {&given_, &std::as_const(defaults_)}) {
      std::set<std::string> names;
      for (const auto& [name, value] : *settings) {
        if (!names.insert(name).second) {
          return ErrorIn(NamePlace(value, absl::StrCat(section_.prefix, name)),
                         absl::StrCat("'", name, "' is given twice"));
        }
        BNSYN_RETURN_IF_ERROR(Give(name, value));
      }
    }
    // What only groups give.
    for (const Group* group : groups_) {
      std::set<std::string> names;
      for (const auto& [name, value] : group->initial) {
        if (!names.insert(name).second) {
          return ErrorIn(NamePlace(value, absl::StrCat(group->name, ".", name)),
                         absl::StrCat("'", name, "' is given twice"));
        }
        if (begun_.insert(name).second) BNSYN_RETURN_IF_ERROR(GiveOfGroups(name));
      }
    }
    return absl::OkStatus();
  }

 private:
  // The values of a variable in groups, each in place of the one before it.
  absl::Status GiveOfGroups(const std::string& name) {
    for (const Group* group : groups_) {
      for (const auto& [given, value] : group->initial) {
        if (given != name) continue;
        BNSYN_ASSIGN_OR_RETURN(InitialValue initial, OfGroup(*group, name, value));
        section_.initial.push_back(std::move(initial));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<InitialValue> OfGroup(const Group& group, const std::string& name,
                                       const Setting& value) const {
    const std::string what = absl::StrCat("the initial ", group.name, ".", name);
    const Variable* variable = section_.FindVariable(name);
    if (variable == nullptr || !variable->state.has_value()) {
      return ErrorIn(NamePlace(value, what),
                     absl::StrCat("'", section_.name, "' has no variable '", name,
                                  "' to give an initial value in '", group.name, "'",
                                  ir::DidYouMean(name, section_.VariableNames())));
    }
    BNSYN_RETURN_IF_ERROR(CheckNotLinked(*variable, value, what));
    const ir::SourceText text = TextOf(value, what);
    if (variable->Is("shared")) {
      return ErrorIn(text, absl::StrCat("'", name, "' is one value for all neurons (shared), ",
                                        "which no group can have for itself"));
    }
    if (ParseFileCall(text.text).has_value()) {
      return ErrorIn(text, "a column of a file holds the values of a whole population",
                     "give the population its values by file(...), and the group others");
    }
    InitialValue initial = {variable->equation, std::nullopt, text, group.name,
                            &declared_.neurons.at(group.name)};
    if (value.is_text()) {
      BNSYN_ASSIGN_OR_RETURN(initial.code, ParseExpression(text));
      if (ReadsName(*initial.code, *section_.code, "N")) {
        BNSYN_RETURN_IF_ERROR(CheckSizeName(declared_, *initial.neurons, text));
      }
      return initial;
    }
    initial.code.emplace();
    initial.code->quantity = value.quantity();
    initial.code->range = Whole(text);
    return initial;
  }

  absl::Status Give(const std::string& name, const Setting& value) {
    if (!begun_.insert(name).second) return absl::OkStatus();
    const std::set<std::string> read = NamesRead(value);
    for (const auto& [other, setting] : defaults_) {
      if (read.count(other) != 0) BNSYN_RETURN_IF_ERROR(Give(other, setting));
    }
    BNSYN_ASSIGN_OR_RETURN(InitialValue initial, DeclareValue(declared_.network, section_, names_,
                                                              name, value, program_));
    section_.initial.push_back(std::move(initial));
    return GiveOfGroups(name);
  }

  // None where the value cannot be parsed, which DeclareValue reports.
  std::set<std::string> NamesRead(const Setting& value) const {
    std::set<std::string> names;
    if (!value.is_text() || section_.code == nullptr) return names;
    const absl::StatusOr<Expr> expr = ParseExpression(value.text());
    if (expr.ok()) AddNamesRead(*expr, *section_.code, names);
    return names;
  }

  const Declarations& declared_;
  Section& section_;
  const Settings& given_;
  Settings defaults_;
  const std::vector<const Group*> groups_;
  ir::Program& program_;
  const Names names_ = NamesOf(declared_, section_);
  std::set<std::string> begun_;
};

// The code of the initial values of a section, each of which may read those before it.
absl::Status EmitInitialValues(const Declarations& declared, const Section& section,
                               ir::Builder& builder, ProgramBuilder& out) {
  std::set<const Equation*> known;
  for (const InitialValue& initial : section.initial) {
    const Equation& equation = *initial.variable;
    if (initial.code.has_value()) {
      Names names = NamesOf(declared, section);
      for (const Variable& variable : section.variables) {
        if (known.count(variable.equation) != 0) continue;
        const bool linked = variable.link.has_value();
        names.Hide(variable.name(),
                   {.kind = NameKind::kVariable,
                    .variable = &variable,
                    .refusal = absl::StrCat(
                        "'", variable.name(), "' has no ",
                        linked ? "value before the run: it is linked" : "initial value yet"),
                    .note = linked ? "" : "give it one before this"});
      }
      CodeScope scope(declared, section, names, builder, out);
      const std::string selected = absl::StrCat(section.prefix, initial.group, ".neurons");
      if (initial.neurons != nullptr) {
        scope.EnterGroupCode("initial", initial.group, equation.name);
        BindNumbers(*initial.neurons, selected, scope);
      } else {
        scope.EnterCode("initial", equation.name);
      }
      if (equation.Is("shared")) scope.Change().shared = equation.name;
      BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitExpression(*initial.code, initial.text, scope));
      BNSYN_ASSIGN_OR_RETURN(value,
                             AsDeclared(equation, value, initial.text, Whole(initial.text), scope));
      if (!value.boolean) {
        BNSYN_RETURN_IF_ERROR(
            ExpectDimension(value, equation.unit.dimension,
                            absl::StrCat("the initial ", section.prefix, equation.name),
                            initial.text, initial.code->range));
      }
      const ir::StateId state = *section.FindVariable(equation.name)->state;
      value.value = AsKept(out.program, builder, state, value.value);
      if (initial.neurons != nullptr) {
        const ir::Value index =
            builder.Emit(ir::Op::kIndex, {ir::Element::kU32, section.domain}, {});
        const ir::Value where =
            EmitIsSelected(*initial.neurons, selected, index, out.program, builder);
        value.value = builder.Emit(ir::Op::kSelect, {where, value.value, builder.Load(state)});
      }
      builder.Store(state, value.value);
    }
    known.insert(&equation);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ir::Bits> InitialBits(const Equation& equation, const Setting& setting,
                                     const Quantity& number, const std::vector<Constant>& constants,
                                     const std::string& what) {
  if (equation.Is(kFloat32)) {
    if (std::fabs(number.value) > std::numeric_limits<float>::max()) {
      return ErrorIn(TextOf(setting, what),
                     absl::StrCat(what, " is ", number.value, ", more than float32 holds"),
                     "leave the flag (float32) out");
    }
    return ir::BitsOfF32(static_cast<float>(number.value));
  }
  if (!equation.integer) return ir::BitsOfF64(number.value);
  if (setting.is_text()) {
    BNSYN_ASSIGN_OR_RETURN(const int64_t integer, EvaluateInteger(setting.text(), constants, what));
    return static_cast<ir::Bits>(integer);
  }
  BNSYN_ASSIGN_OR_RETURN(const int64_t integer, IntegerOf(number.value, TextOf(setting, what)));
  return static_cast<ir::Bits>(integer);
}

absl::Status DeclareInitialValues(Declarations& declared, ProgramBuilder& out) {
  const Network& network = declared.network;
  BNSYN_RETURN_IF_ERROR(
      Initials(declared, declared.uniform, network.uniform.initial, {}, {}, out.program).Declare());
  for (size_t p = 0; p < declared.sections.size(); ++p) {
    const Network::PopulationDescription& population = network.populations[p];
    std::vector<const Network::GroupDescription*> groups;
    for (const Network::GroupDescription& group : network.groups) {
      if (declared.neurons.at(group.name).section == p) groups.push_back(&group);
    }
    BNSYN_RETURN_IF_ERROR(Initials(declared, declared.sections[p], population.initial,
                                   network.models[population.model].initial, std::move(groups),
                                   out.program)
                              .Declare());
  }
  return absl::OkStatus();
}

absl::Status EmitInit(const Declarations& declared, ProgramBuilder& out) {
  ir::Block block;
  block.kind = ir::BlockKind::kInit;
  ir::Builder builder(out.program, block);
  BNSYN_RETURN_IF_ERROR(EmitInitialValues(declared, declared.uniform, builder, out));
  for (const Section& section : declared.sections) {
    BNSYN_RETURN_IF_ERROR(EmitInitialValues(declared, section, builder, out));
  }
  BNSYN_RETURN_IF_ERROR(EmitNoiseInit(declared, builder, out));
  BNSYN_RETURN_IF_ERROR(EmitLinkInit(declared, builder, out));
  EmitHistoryInit(declared, builder, out.program);
  if (!block.nodes.empty()) out.program.init = std::move(block);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
