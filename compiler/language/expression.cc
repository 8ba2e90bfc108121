#include "compiler/language/expression.h"

#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/language/lexer.h"
#include "compiler/language/parser.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// The name that a statement or an equation gives a value to.
absl::Status CheckNewName(const Parser& parser, const Token& token) {
  if (IsKeyword(token.text)) {
    const bool choice = token.text == "if" || token.text == "else";
    return parser.Error(token.range,
                        absl::StrCat("'", token.text, "' is a word of the language, not a name"),
                        choice ? "a choice is a value: x = a if condition else b" : "");
  }
  if (absl::StrContains(token.text, ".")) {
    return parser.Error(token.range,
                        absl::StrCat("'", token.text, "' belongs elsewhere and cannot be set here"),
                        "give a name without a point");
  }
  return absl::OkStatus();
}

absl::StatusOr<Statement> ParseStatement(Parser& parser) {
  Statement statement;
  const Token target = parser.current();
  if (target.kind != TokenKind::kName) {
    return parser.Expected("a statement", "as in: V = V_reset, or w += b");
  }
  BNSYN_RETURN_IF_ERROR(CheckNewName(parser, target));
  statement.target = std::string(target.text);
  statement.target_range = target.range;
  parser.Advance();

  if (parser.AtSymbol("=")) {
    statement.op = '=';
  } else if (parser.AtSymbol("+=") || parser.AtSymbol("-=") || parser.AtSymbol("*=") ||
             parser.AtSymbol("/=")) {
    statement.op = parser.current().text[0];
  } else if (parser.AtSymbol("==")) {
    return parser.Expected("'='", "'==' compares, '=' sets");
  } else if (parser.AtSymbol("//=") || parser.AtSymbol("**=")) {
    const absl::string_view op = parser.current().text;
    return parser.Expected(
        "'=', '+=', '-=', '*=' or '/='",
        absl::StrCat("write ", target.text, " = ", target.text, " ", op.substr(0, 2), " ..."));
  } else if (parser.AtSymbol("/") && target.text[0] == 'd') {
    return parser.Expected("'='", "differential equations stand under 'equations'");
  } else if (parser.AtSymbol(":")) {
    return parser.Expected("'='", "variables are declared under 'equations'");
  } else if (parser.AtSymbol("+") || parser.AtSymbol("-")) {
    return parser.Expected("'=', '+=', '-=', '*=' or '/='",
                           absl::StrCat("write ", target.text, " ", parser.current().text, "= 1"));
  } else {
    return parser.Expected("'=', '+=', '-=', '*=' or '/='");
  }
  parser.Advance();
  BNSYN_ASSIGN_OR_RETURN(statement.value, parser.Expression());
  BNSYN_RETURN_IF_ERROR(parser.ExpectLineEnd());
  return statement;
}

constexpr const char* kFlags[] = {
    "unless refractory", "constant", "constant over dt", "shared",      "input", "spikes",
    "event-driven",      "linked",   "clock-driven",     "per synapse", "summed", "float32"};

// Types of other languages, and what is declared here.
struct TypeName {
  const char* name;
  const char* declared;
};
constexpr TypeName kTypeNames[] = {
    {"int", "integer"}, {"long", "integer"}, {"int64", "integer"}, {"bool", "boolean"},
    {"float", "1"},     {"double", "1"},     {"real", "1"},        {"dimensionless", "1"},
    {"unitless", "1"},  {"none", "1"}};

// What to write for a word that is no unit.
std::string UnitNote(absl::string_view word) {
  for (const TypeName& type : kTypeNames) {
    if (word == type.name) return absl::StrCat("write ", type.declared);
  }
  return UnitAdvice(word);
}

constexpr absl::string_view kUnitNote =
    "as in volt, nS, mV/ms, uF/cm**2, volt/sqrt(second), or 1 for a number without unit";

// After the ':' of an equation: a unit, "boolean" or "integer".
absl::Status ParseDeclaredUnit(Parser& parser, const ir::SourceText& source,
                               absl::Span<const NamedUnit> units, Equation& equation) {
  if (parser.AtLineEnd()) {
    return parser.Expected("a unit", "write 1 for a number without unit");
  }
  ir::SourceRange range = parser.current().range;
  if (parser.AtWord("boolean") || parser.AtWord("integer")) {
    equation.boolean = parser.AtWord("boolean");
    equation.integer = !equation.boolean;
    equation.unit_range = range;
    parser.Advance();
    return absl::OkStatus();
  }
  // The unit reaches as far as operands and operators alternate: what opens a bracket where an
  // operator should stand begins the flags.
  bool operand = true;
  int depth = 0;
  std::string text;  // with units in the place of named ones
  while (!parser.AtLineEnd()) {
    const Token token = parser.current();
    const bool root = operand && token.text == "sqrt";
    const auto named =
        absl::c_find_if(units, [&](const NamedUnit& unit) { return unit.name == token.text; });
    const bool is_named = token.kind == TokenKind::kName && named != units.end();
    if (token.kind == TokenKind::kName && !root && !is_named && !UnitSymbol(token.text)) {
      return parser.Error(
          token.range, absl::StrCat("'", token.text, "' is no unit", UnitGuess(token.text)),
          UnitNote(token.text).empty() ? std::string(kUnitNote) : UnitNote(token.text));
    }
    if (token.text == "(") {
      if (!operand) break;
      ++depth;
    } else if (token.text == ")") {
      if (depth-- == 0) break;
    } else if (token.kind == TokenKind::kSymbol) {
      operand = true;
    } else {
      operand = root;
    }
    const size_t end = text.empty() ? token.range.offset : range.offset + range.length;
    range = Span(range, token.range);
    text += source.text.substr(end, token.range.offset - end);
    const std::string base = is_named ? DisplayUnit(named->dimension) : std::string(token.text);
    text += !is_named ? base : base.empty() ? "1" : absl::StrCat("(", base, ")");
    parser.Advance();
  }
  const std::optional<Unit> unit = ParseUnit(text);
  if (!unit) {
    return parser.Error(range, absl::StrCat("'", text, "' is no unit"), kUnitNote);
  }
  equation.unit = *unit;
  equation.unit_range = range;
  return absl::OkStatus();
}

absl::Status ParseFlags(Parser& parser, Equation& equation) {
  parser.Advance();
  while (true) {
    if (parser.current().kind != TokenKind::kName) return parser.Expected("a flag");
    std::string flag;
    ir::SourceRange range = parser.current().range;
    // "unless refractory", "event-driven".
    bool hyphen = false;
    while (parser.current().kind == TokenKind::kName || parser.AtSymbol("-")) {
      const bool joined = flag.empty() || hyphen || parser.AtSymbol("-");
      hyphen = parser.AtSymbol("-");
      absl::StrAppend(&flag, joined ? "" : " ", parser.current().text);
      range = Span(range, parser.Advance().range);
    }
    if (!absl::c_linear_search(kFlags, flag)) {
      const std::vector<std::string> known(std::begin(kFlags), std::end(kFlags));
      return parser.Error(range,
                          absl::StrCat("unknown flag '", flag, "'", ir::DidYouMean(flag, known)),
                          absl::StrCat("flags are: ", absl::StrJoin(known, ", ")));
    }
    equation.flags.push_back(std::move(flag));
    equation.flag_ranges.push_back(range);
    if (parser.AtSymbol(")")) break;
    if (!parser.AtSymbol(",")) return parser.Expected("',' or ')'");
    parser.Advance();
  }
  parser.Advance();
  return absl::OkStatus();
}

// The left side of an equation, up to and with its '='; or the name alone before a ':'.
absl::Status ParseLeftSide(Parser& parser, Equation& equation) {
  const Token token = parser.current();
  if (token.kind != TokenKind::kName) {
    return parser.Expected("an equation", "as in: dV/dt = (E_L - V)/tau_m : volt, or: w : amp");
  }
  parser.Advance();
  equation.name_range = token.range;
  if (!parser.AtSymbol("/")) {
    BNSYN_RETURN_IF_ERROR(CheckNewName(parser, token));
    equation.name = std::string(token.text);
    if (parser.AtSymbol(":")) return absl::OkStatus();
    if (parser.AtSymbol("*")) {
      return parser.Expected("'=' or ':'", absl::StrCat("divide the right side by ", token.text,
                                                        ", as in dV/dt = (E_L - V)/tau : volt"));
    }
    if (!parser.AtSymbol("=")) {
      return parser.Expected("'=' or ':'", "as in: dV/dt = (E_L - V)/tau_m : volt, or: w : amp");
    }
    equation.kind = EquationKind::kExpression;
    parser.Advance();
    return absl::OkStatus();
  }
  parser.Advance();
  if (token.text.size() < 2 || token.text[0] != 'd' || !parser.AtWord("dt")) {
    return parser.Error(Span(token.range, parser.current().range),
                        "the left side of an equation is a name or a derivative by time",
                        "as in: dV/dt = (E_L - V)/tau_m : volt");
  }
  Token variable = token;
  variable.text.remove_prefix(1);
  variable.range = {token.range.offset + 1, token.range.length - 1};
  BNSYN_RETURN_IF_ERROR(CheckNewName(parser, variable));
  equation.kind = EquationKind::kDifferential;
  equation.name = std::string(variable.text);
  equation.name_range = variable.range;
  parser.Advance();
  if (!parser.AtSymbol("=")) return parser.Expected("'='");
  parser.Advance();
  return absl::OkStatus();
}

absl::StatusOr<Equation> ParseEquation(Parser& parser, const ir::SourceText& source,
                                       absl::Span<const NamedUnit> units) {
  Equation equation;
  BNSYN_RETURN_IF_ERROR(ParseLeftSide(parser, equation));
  if (equation.kind != EquationKind::kVariable) {
    BNSYN_ASSIGN_OR_RETURN(equation.right, parser.Expression());
    if (!parser.AtSymbol(":")) {
      if (parser.AtLineEnd()) {
        return parser.Expected("':' and a unit",
                               absl::StrCat("as in: ... : volt, or : 1 for a number without unit"));
      }
      return parser.ExpectLineEnd();
    }
  }
  parser.Advance();
  BNSYN_RETURN_IF_ERROR(ParseDeclaredUnit(parser, source, units, equation));
  if ((equation.boolean || equation.integer) && equation.kind == EquationKind::kDifferential) {
    return parser.Error(
        equation.unit_range,
        absl::StrCat(equation.boolean ? "a boolean" : "an integer", " has no derivative"),
        equation.boolean ? "" : "write 1 for a number without unit");
  }
  if (parser.AtSymbol("(")) {
    BNSYN_RETURN_IF_ERROR(ParseFlags(parser, equation));
  }
  if (!parser.AtLineEnd()) return parser.Expected("flags in brackets or the end of the line");
  return equation;
}

}  // namespace

bool Equation::Is(absl::string_view flag) const { return absl::c_linear_search(flags, flag); }

const Equation* FindEquation(absl::Span<const Equation> equations, absl::string_view name) {
  for (const Equation& equation : equations) {
    if (equation.name == name) return &equation;
  }
  return nullptr;
}

absl::StatusOr<Expr> ParseExpression(const ir::SourceText& source) {
  BNSYN_ASSIGN_OR_RETURN(Parser parser, Parser::Create(source));
  parser.SkipNewlines();
  BNSYN_ASSIGN_OR_RETURN(Expr expr, parser.Expression());
  BNSYN_RETURN_IF_ERROR(parser.ExpectLineEnd());
  parser.SkipNewlines();
  if (!parser.AtEnd()) {
    return parser.Error(parser.current().range, "this is more than one expression",
                        "to go on in the next line, use brackets or end the line in a backslash");
  }
  return expr;
}

namespace {

// An error at the line that is one too many. All statements or equations of a text become one
// kernel, and what it costs to compile a kernel grows faster than its length.
absl::Status CheckNumber(const Parser& parser, size_t number, absl::string_view what) {
  constexpr size_t kMost = 10000;
  if (number < kMost) return absl::OkStatus();
  return parser.Error(parser.current().range,
                      absl::StrCat("there are more than ", kMost, " ", what, " here"));
}

}  // namespace

absl::StatusOr<std::vector<Statement>> ParseStatements(const ir::SourceText& source) {
  BNSYN_ASSIGN_OR_RETURN(Parser parser, Parser::Create(source));
  std::vector<Statement> statements;
  for (parser.SkipNewlines(); !parser.AtEnd(); parser.SkipNewlines()) {
    BNSYN_RETURN_IF_ERROR(CheckNumber(parser, statements.size(), "statements"));
    BNSYN_ASSIGN_OR_RETURN(Statement statement, ParseStatement(parser));
    statements.push_back(std::move(statement));
  }
  return statements;
}

absl::StatusOr<std::vector<Equation>> ParseEquations(const ir::SourceText& source,
                                                     absl::Span<const NamedUnit> units) {
  BNSYN_ASSIGN_OR_RETURN(Parser parser, Parser::Create(source));
  std::vector<Equation> equations;
  for (parser.SkipNewlines(); !parser.AtEnd(); parser.SkipNewlines()) {
    BNSYN_RETURN_IF_ERROR(CheckNumber(parser, equations.size(), "equations"));
    BNSYN_ASSIGN_OR_RETURN(Equation equation, ParseEquation(parser, source, units));
    equations.push_back(std::move(equation));
  }
  return equations;
}

absl::StatusOr<Dimension> ParseNamedUnit(const ir::SourceText& source,
                                         absl::Span<const NamedUnit> units) {
  BNSYN_ASSIGN_OR_RETURN(Parser parser, Parser::Create(source));
  Equation equation;
  BNSYN_RETURN_IF_ERROR(ParseDeclaredUnit(parser, source, units, equation));
  BNSYN_RETURN_IF_ERROR(parser.ExpectLineEnd());
  return equation.unit.dimension;
}

}  // namespace bnsyn::compiler
