#include "compiler/language/parser.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Bounds of nested brackets, signs, powers and choices, and of the levels of a tree (a sum has as
// many levels as terms), so that recursion over a tree is safe.
constexpr int kMaxNesting = 200;
constexpr int kMaxHeight = 500;

// Binary operators by precedence; 0 for none. `not` stands between `and` and the comparisons.
constexpr int kOr = 1;
constexpr int kAnd = 2;
constexpr int kNot = 3;
constexpr int kComparison = 4;
constexpr int kSum = 5;
constexpr int kProduct = 6;

int Precedence(const Token& token) {
  const absl::string_view text = token.text;
  if (token.kind == TokenKind::kName) {
    return text == "or" ? kOr : text == "and" ? kAnd : 0;
  }
  if (token.kind != TokenKind::kSymbol) return 0;
  if (text == "+" || text == "-") return kSum;
  if (text == "*" || text == "/" || text == "//" || text == "%") return kProduct;
  for (const char* comparison : {"<", "<=", ">", ">=", "==", "!="}) {
    if (text == comparison) return kComparison;
  }
  return 0;
}

std::string Describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kNumber:
    case TokenKind::kName:
    case TokenKind::kString:
    case TokenKind::kSymbol:
      return absl::StrCat("'", token.text, "'");
    case TokenKind::kNewline:
      return token.text == ";" ? "';'" : "the end of the line";
    case TokenKind::kEnd:
      return "the end";
  }
  return "";
}

constexpr absl::string_view kPowerNote = "a power is written **, as in x**2";

}  // namespace

ir::SourceRange Span(ir::SourceRange first, ir::SourceRange last) {
  return {first.offset, last.offset + last.length - first.offset};
}

absl::StatusOr<Parser> Parser::Create(const ir::SourceText& source) {
  BNSYN_ASSIGN_OR_RETURN(std::vector<Token> tokens, Lex(source));
  return Parser(source, std::move(tokens));
}

bool Parser::AtSymbol(absl::string_view symbol) const {
  return current().kind == TokenKind::kSymbol && current().text == symbol;
}

bool Parser::AtWord(absl::string_view word) const {
  return current().kind == TokenKind::kName && current().text == word;
}

void Parser::SkipNewlines() {
  while (current().kind == TokenKind::kNewline) Advance();
}

absl::Status Parser::Expected(absl::string_view what, absl::string_view note) const {
  return Error(current().range, absl::StrCat("expected ", what, ", found ", Describe(current())),
               note);
}

absl::Status Parser::ExpectLineEnd() const {
  if (AtLineEnd()) return absl::OkStatus();
  if (AtSymbol("^")) return Expected("an operator", kPowerNote);
  if (AtSymbol("=")) return Expected("an operator", "'==' compares");
  if (AtSymbol(",") && position_ > 0 && position_ + 1 < tokens_.size() &&
      tokens_[position_ - 1].kind == TokenKind::kNumber &&
      tokens_[position_ + 1].kind == TokenKind::kNumber) {
    return Expected("an operator",
                    absl::StrCat("a fraction has a point: ", tokens_[position_ - 1].text, ".",
                                 tokens_[position_ + 1].text));
  }
  if (AtSymbol(")") || AtSymbol("]")) {
    return Error(current().range, absl::StrCat("this '", current().text, "' closes no bracket"));
  }
  if (current().kind == TokenKind::kName || current().kind == TokenKind::kNumber || AtSymbol("(")) {
    return Expected("an operator", "a product is written with '*'");
  }
  return Expected("an operator or the end of the line");
}

absl::StatusOr<Expr> Parser::Make(ExprKind kind, ir::SourceRange range, absl::string_view name,
                                  std::vector<Expr> children) const {
  Expr expr;
  expr.kind = kind;
  expr.range = range;
  expr.name = std::string(name);
  expr.children = std::move(children);
  for (const Expr& child : expr.children) expr.height = std::max(expr.height, child.height + 1);
  if (expr.height > kMaxHeight) {
    return Error(range, absl::StrCat("this expression has more than ", kMaxHeight, " levels"),
                 "give parts of it names of their own");
  }
  return expr;
}

absl::StatusOr<Expr> Parser::Expression() {
  if (++depth_ > kMaxNesting) {
    return Error(current().range,
                 absl::StrCat("this is nested more than ", kMaxNesting, " levels deep"),
                 "give parts of it names of their own");
  }
  BNSYN_ASSIGN_OR_RETURN(Expr value, Binary(kOr));
  if (AtWord("if")) {
    Advance();
    BNSYN_ASSIGN_OR_RETURN(Expr condition, Binary(kOr));
    if (!AtWord("else")) return Expected("'else'", "a choice is written: a if condition else b");
    Advance();
    BNSYN_ASSIGN_OR_RETURN(Expr otherwise, Expression());
    const ir::SourceRange range = Span(value.range, otherwise.range);
    std::vector<Expr> children;
    children.push_back(std::move(condition));
    children.push_back(std::move(value));
    children.push_back(std::move(otherwise));
    BNSYN_ASSIGN_OR_RETURN(value, Make(ExprKind::kConditional, range, "if", std::move(children)));
  }
  --depth_;
  return value;
}

absl::StatusOr<Expr> Parser::Binary(int lowest) {
  absl::StatusOr<Expr> first = lowest <= kNot && AtWord("not") ? Not() : Unary();
  if (!first.ok()) return first.status();
  Expr left = *std::move(first);
  while (true) {
    const Token op = current();
    const int precedence = Precedence(op);
    if (precedence == 0 || precedence < lowest) return left;
    Advance();
    BNSYN_ASSIGN_OR_RETURN(Expr right, Binary(precedence + 1));
    if (precedence == kComparison && Precedence(current()) == kComparison) {
      return Error(
          current().range, "comparisons cannot be chained",
          absl::StrCat("join two of them, as in a ", op.text, " b and b ", current().text, " c"));
    }
    const ir::SourceRange range = Span(left.range, right.range);
    std::vector<Expr> children;
    children.push_back(std::move(left));
    children.push_back(std::move(right));
    BNSYN_ASSIGN_OR_RETURN(left, Make(ExprKind::kBinary, range, op.text, std::move(children)));
  }
}

absl::StatusOr<Expr> Parser::Not() {
  if (++depth_ > kMaxNesting) {
    return Error(current().range, "too many 'not' in a row");
  }
  const Token op = Advance();
  absl::StatusOr<Expr> operand = AtWord("not") ? Not() : Binary(kComparison);
  if (!operand.ok()) return operand.status();
  --depth_;
  const ir::SourceRange range = Span(op.range, operand->range);
  std::vector<Expr> children;
  children.push_back(*std::move(operand));
  return Make(ExprKind::kUnary, range, "not", std::move(children));
}

absl::StatusOr<Expr> Parser::Unary() {
  if (!AtSymbol("-") && !AtSymbol("+")) return Power();
  if (++depth_ > kMaxNesting) {
    return Error(current().range, "too many signs in a row");
  }
  const Token op = Advance();
  BNSYN_ASSIGN_OR_RETURN(Expr operand, Unary());
  --depth_;
  const ir::SourceRange range = Span(op.range, operand.range);
  std::vector<Expr> children;
  children.push_back(std::move(operand));
  return Make(ExprKind::kUnary, range, op.text, std::move(children));
}

absl::StatusOr<Expr> Parser::Power() {
  const Token first = current();
  BNSYN_ASSIGN_OR_RETURN(Expr base, Primary());
  if (!AtSymbol("**")) return base;
  if (first.kind == TokenKind::kNumber && !base.quantity.dimension.dimensionless()) {
    const Token unit = tokens_[position_ - 1];
    const Token op = Advance();
    const absl::string_view power = current().kind == TokenKind::kNumber ? current().text : "2";
    // A symbol of one letter is a unit after a number alone.
    const std::string alone =
        unit.text.size() > 1 ? std::string(unit.text) : absl::StrCat("(1 ", unit.text, ")");
    return Error(op.range, "is it the unit or the whole quantity that is raised?",
                 absl::StrCat("write (", first.text, " ", unit.text, ")**", power, " or ",
                              first.text, "*", alone, "**", power));
  }
  if (++depth_ > kMaxNesting) {
    return Error(current().range, "too many powers of powers");
  }
  Advance();
  BNSYN_ASSIGN_OR_RETURN(Expr exponent, Unary());
  --depth_;
  const ir::SourceRange range = Span(base.range, exponent.range);
  std::vector<Expr> children;
  children.push_back(std::move(base));
  children.push_back(std::move(exponent));
  return Make(ExprKind::kBinary, range, "**", std::move(children));
}

absl::StatusOr<Expr> Parser::Primary() {
  const Token token = current();
  if (token.kind == TokenKind::kNumber) return Number();
  if (AtSymbol("(")) return Bracketed();
  for (const char* symbol : {"*", "/", "//", "%"}) {
    if (AtSymbol(symbol)) return Expected("a value before it");
  }
  if (AtSymbol("=")) return Expected("a value", "'==' compares");
  if (AtSymbol(">") && position_ > 0 && tokens_[position_ - 1].text == "<") {
    return Expected("a value", "what differs is written a != b");
  }
  if (AtSymbol("[")) return Expected("a value", "use round brackets");
  if (token.kind != TokenKind::kName) return Expected("a value");

  if (AtWord("true") || AtWord("True") || AtWord("false") || AtWord("False")) {
    Advance();
    BNSYN_ASSIGN_OR_RETURN(Expr expr, Make(ExprKind::kBool, token.range, "", {}));
    expr.quantity.value = token.text == "true" || token.text == "True" ? 1 : 0;
    return expr;
  }
  if (AtWord("not")) {
    return Expected("a value", "put brackets around it, as in a == (not b)");
  }
  if (AtWord("if")) return Expected("a value", "a choice is written: a if condition else b");
  if (IsKeyword(token.text)) return Expected("a value");
  Advance();
  if (AtSymbol("(")) {
    --position_;
    return Call();
  }
  BNSYN_ASSIGN_OR_RETURN(Expr name, Make(ExprKind::kName, token.range, token.text, {}));
  return AtSymbol("[") ? Subscripts(std::move(name)) : name;
}

absl::StatusOr<Expr> Parser::Subscripts(Expr base) {
  while (AtSymbol("[")) {
    BNSYN_ASSIGN_OR_RETURN(base, Subscript(std::move(base)));
  }
  if (!AtSymbol(".")) return base;
  Advance();
  const Token member = current();
  if (member.kind != TokenKind::kName || IsKeyword(member.text)) {
    return Expected("the name of a variable", "as in exc[0:50].V");
  }
  Advance();
  const ir::SourceRange range = Span(base.range, member.range);
  std::vector<Expr> children;
  children.push_back(std::move(base));
  return Make(ExprKind::kMember, range, member.text, std::move(children));
}

absl::StatusOr<Expr> Parser::Subscript(Expr base) {
  const Token open = Advance();
  std::vector<Expr> children;
  const ir::SourceRange first = base.range;
  children.push_back(std::move(base));
  const auto close = [&](absl::string_view kind) -> absl::StatusOr<Expr> {
    BNSYN_ASSIGN_OR_RETURN(const ir::SourceRange end, Close(open.range, "]"));
    return Make(ExprKind::kSubscript, Span(first, end), kind, std::move(children));
  };
  if (AtSymbol("[")) {
    const Token inner = Advance();
    do {
      BNSYN_ASSIGN_OR_RETURN(Expr number, Expression());
      children.push_back(std::move(number));
    } while (AtSymbol(",") && (Advance(), true));
    BNSYN_RETURN_IF_ERROR(Close(inner.range, "]").status());
    return close("[[]]");
  }
  if (AtSymbol("]")) return Expected("a number, a range such as 0:50, or a condition over i");
  // A part of a range that is left out is a name without letters.
  const auto part = [&]() -> absl::Status {
    const bool left_out = AtSymbol(":") || AtSymbol("]");
    BNSYN_ASSIGN_OR_RETURN(
        Expr number, left_out ? Make(ExprKind::kName, current().range, "", {}) : Expression());
    children.push_back(std::move(number));
    return absl::OkStatus();
  };
  BNSYN_RETURN_IF_ERROR(part());
  if (AtSymbol(",")) {
    return Error(current().range, "a list of neurons has brackets of its own",
                 "as in exc[[3, 5, 8]]; the row and column of a table are TABLE[row][column]");
  }
  if (!AtSymbol(":")) return close("[]");
  for (int more = 0; more < 2; ++more) {
    if (AtSymbol(":")) Advance();
    BNSYN_RETURN_IF_ERROR(part());
  }
  return close("[:]");
}

absl::StatusOr<Expr> Parser::Number() {
  const Token number = Advance();
  ir::SourceRange range = number.range;
  Unit unit;
  if (current().kind == TokenKind::kName && !IsKeyword(current().text)) {
    const std::optional<Unit> symbol = UnitSymbol(current().text);
    if (!symbol) {
      const std::string advice = UnitAdvice(current().text);
      return Error(current().range,
                   absl::StrCat("'", current().text, "' is no unit", UnitGuess(current().text)),
                   advice.empty() ? "a product is written with '*'" : advice);
    }
    unit = *symbol;
    range = Span(range, Advance().range);
  }
  const std::optional<double> value = ScaledDecimal(number.text, unit.exponent);
  if (!value || !std::isfinite(*value * unit.factor)) {
    return Error(number.range, absl::StrCat("'", number.text, "' is beyond the range of a double"));
  }
  BNSYN_ASSIGN_OR_RETURN(Expr expr, Make(ExprKind::kNumber, range, "", {}));
  expr.quantity.value = *value * unit.factor;
  expr.quantity.dimension = unit.dimension;
  const bool alone = range.length == number.range.length;
  if (!alone || number.text.find_first_not_of("0123456789") != absl::string_view::npos) return expr;
  uint64_t digits = 0;
  constexpr uint64_t kMost = uint64_t{1} << 63;
  if (!absl::SimpleAtoi(number.text, &digits) || digits > kMost) {
    return Error(number.range,
                 absl::StrCat("'", number.text, "' is beyond the integers of 64 bits"),
                 absl::StrCat("for a float write ", number.text, ".0"));
  }
  expr.digits = digits;
  return expr;
}

absl::StatusOr<Expr> Parser::Call() {
  if (AtWord("file") && position_ + 2 < tokens_.size()) {
    const Token& first = tokens_[position_ + 2];
    if (first.kind == TokenKind::kString) return File();
    if (first.kind == TokenKind::kName && absl::EndsWith(first.text, ".csv")) {
      return Error(first.range, "the name of a file stands in quotes", "as in file(\"x.csv\")(t)");
    }
  }
  const Token name = Advance();
  ir::SourceRange close;
  BNSYN_ASSIGN_OR_RETURN(std::vector<Expr> arguments, Arguments(close));
  return Make(ExprKind::kCall, Span(name.range, close), name.text, std::move(arguments));
}

// file("x.csv", "column")(t): what is behind the file and the column reads it, as a table.
absl::StatusOr<Expr> Parser::File() {
  const Token name = Advance();
  const Token open = Advance();
  const auto text = [](absl::string_view quoted) {
    return std::string(quoted.substr(1, quoted.size() - 2));
  };
  const std::string file = text(Advance().text);
  std::string column;
  if (AtSymbol(",")) {
    Advance();
    if (current().kind != TokenKind::kString) {
      return Expected("a column in quotes", "as in file(\"x.csv\", \"V\")");
    }
    column = text(Advance().text);
  }
  BNSYN_ASSIGN_OR_RETURN(ir::SourceRange close, Close(open.range));
  std::vector<Expr> arguments;
  if (AtSymbol("(")) {
    BNSYN_ASSIGN_OR_RETURN(arguments, Arguments(close));
  }
  BNSYN_ASSIGN_OR_RETURN(
      Expr expr, Make(ExprKind::kCall, Span(name.range, close), name.text, std::move(arguments)));
  expr.file = file;
  expr.column = column;
  return expr.children.empty() && AtSymbol("[") ? Subscripts(std::move(expr)) : expr;
}

absl::StatusOr<std::vector<Expr>> Parser::Arguments(ir::SourceRange& close) {
  const Token open = Advance();
  std::vector<Expr> arguments;
  while (!AtSymbol(")") || !arguments.empty()) {
    BNSYN_ASSIGN_OR_RETURN(Expr argument, Expression());
    arguments.push_back(std::move(argument));
    if (!AtSymbol(",")) break;
    Advance();
  }
  BNSYN_ASSIGN_OR_RETURN(close, Close(open.range));
  return arguments;
}

absl::StatusOr<Expr> Parser::Bracketed() {
  const Token open = Advance();
  BNSYN_ASSIGN_OR_RETURN(Expr inner, Expression());
  BNSYN_ASSIGN_OR_RETURN(const ir::SourceRange close, Close(open.range));
  inner.range = Span(open.range, close);
  return inner;
}

absl::StatusOr<ir::SourceRange> Parser::Close(ir::SourceRange open, absl::string_view bracket) {
  if (AtSymbol(bracket)) return Advance().range;
  if (AtEnd() || current().kind == TokenKind::kNewline) {
    return Error(open, "this bracket is not closed");
  }
  if (AtSymbol("^")) return Expected("an operator", kPowerNote);
  const std::string expected = absl::StrCat("'", std::string(bracket), "' or an operator");
  if (AtSymbol("=")) return Expected(expected, "'==' compares");
  const size_t between = current().range.offset - open.offset;
  if (absl::StrContains(absl::string_view(source_.text).substr(open.offset, between), "\n")) {
    return Error(open, absl::StrCat("this bracket is not closed before ", Describe(current())));
  }
  return Expected(expected);
}

}  // namespace bnsyn::compiler
