#include "compiler/language/expression.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bnsyn::compiler {
namespace {

ir::SourceText Source(std::string text) { return {"net.toml", std::move(text), 1, 1}; }

// A tree with all its brackets: "(+ a (* b c))".
std::string Show(const Expr& expr) {
  std::string head = expr.name;
  switch (expr.kind) {
    case ExprKind::kNumber:
      return absl::StrCat(expr.quantity.value, DisplayUnit(expr.quantity.dimension));
    case ExprKind::kBool:
      return expr.quantity.value != 0 ? "true" : "false";
    case ExprKind::kName:
      return expr.name;
    case ExprKind::kCall:
      absl::StrAppend(&head, "()");
      break;
    case ExprKind::kUnary:
    case ExprKind::kBinary:
    case ExprKind::kConditional:
    case ExprKind::kSubscript:
      break;
    case ExprKind::kMember:
      return absl::StrCat(Show(expr.children[0]), ".", expr.name);
  }
  for (const Expr& child : expr.children) absl::StrAppend(&head, " ", Show(child));
  return absl::StrCat("(", head, ")");
}

std::string Parsed(const std::string& text) {
  const absl::StatusOr<Expr> expr = ParseExpression(Source(text));
  return expr.ok() ? Show(*expr) : std::string(expr.status().message());
}

// A part of a range that is left out is a name without letters.
TEST(ExpressionTest, Subscripts) {
  EXPECT_EQ(Parsed("exc[0:50]"), "([:] exc 0 50 )");
  EXPECT_EQ(Parsed("exc[-5:]"), "([:] exc (- 5)  )");
  EXPECT_EQ(Parsed("exc[::2]"), "([:] exc   2)");
  EXPECT_EQ(Parsed("exc[a:b:c]"), "([:] exc a b c)");
  EXPECT_EQ(Parsed("exc[7]"), "([] exc 7)");
  EXPECT_EQ(Parsed("exc[[3, 5, 8]]"), "([[]] exc 3 5 8)");
  EXPECT_EQ(Parsed("exc[i % 2 == 0][0:3]"), "([:] ([] exc (== (% i 2) 0)) 0 3 )");
  EXPECT_EQ(Parsed("mean(exc[0:3].V) + 1"), "(+ (mean() ([:] exc 0 3 ).V) 1)");
}

TEST(ExpressionTest, PrecedenceAndAssociativity) {
  const struct {
    const char* text;
    const char* tree;
  } cases[] = {
      {"a + b*c", "(+ a (* b c))"},
      {"a*b + c", "(+ (* a b) c)"},
      {"a - b - c", "(- (- a b) c)"},
      {"a - b + c", "(+ (- a b) c)"},
      {"a/b/c", "(/ (/ a b) c)"},
      {"a/b*c", "(* (/ a b) c)"},
      {"a*b/c", "(/ (* a b) c)"},
      {"a // b % c", "(% (// a b) c)"},
      {"a + b % c", "(+ a (% b c))"},
      {"-a % b**c", "(% (- a) (** b c))"},
      {"a - (b - c)", "(- a (- b c))"},
      {"a**b**c", "(** a (** b c))"},
      {"-a**b", "(- (** a b))"},
      {"a**-b", "(** a (- b))"},
      {"a**-b**c", "(** a (- (** b c)))"},
      {"-a*b", "(* (- a) b)"},
      {"a*-b", "(* a (- b))"},
      {"--a", "(- (- a))"},
      {"+a - +b", "(- (+ a) (+ b))"},
      {"a*b**c", "(* a (** b c))"},
      {"a + b < c*d", "(< (+ a b) (* c d))"},
      {"a <= b", "(<= a b)"},
      {"a >= b", "(>= a b)"},
      {"a == b", "(== a b)"},
      {"a != b", "(!= a b)"},
      {"a < b and c > d", "(and (< a b) (> c d))"},
      {"a or b and c", "(or a (and b c))"},
      {"a and b or c", "(or (and a b) c)"},
      {"a or b or c", "(or (or a b) c)"},
      {"not a and b", "(and (not a) b)"},
      {"not a < b", "(not (< a b))"},
      {"not not a", "(not (not a))"},
      {"a and not b or c", "(or (and a (not b)) c)"},
      {"a if b else c", "(if b a c)"},
      {"a if b else c if d else e", "(if b a (if d c e))"},
      {"a + b if c or d else e*f", "(if (or c d) (+ a b) (* e f))"},
      {"(a if b else c) + d", "(+ (if b a c) d)"},
      {"f(a, b + c) * g()", "(* (f() a (+ b c)) (g()))"},
      {"f (a)", "(f() a)"},
      {"max(a, b if c else d)", "(max() a (if c b d))"},
      {"sum(exc.V)/count(exc)", "(/ (sum() exc.V) (count() exc))"},
      {"((a))", "a"},
      {"true and False", "(and true false)"},
      {"iffy + order + notes", "(+ (+ iffy order) notes)"},
  };
  for (const auto& c : cases) EXPECT_EQ(Parsed(c.text), c.tree) << c.text;
}

TEST(ExpressionTest, NumbersAndUnits) {
  const struct {
    const char* text;
    const char* tree;
  } cases[] = {
      {"0.1", "0.1"},
      {".5 + 7.", "(+ 0.5 7)"},
      {"1e3", "1000"},
      {"2.5E-1", "0.25"},
      {"10 mV", "10mV"},
      {"10mV", "10mV"},
      {"0.1 s", "100ms"},
      {"2000 Hz", "2kHz"},
      {"1e3ms", "1000ms"},
      {"-70 mV", "(- 70mV)"},
      {"2*10 mV", "(* 2 10mV)"},
      {"1/10 ms", "(/ 1 10ms)"},
      {"(10 mV)**2", "(** 10mV 2)"},
      {"1 uF/cm**2", "(/ 1e+06pF (** cm 2))"},
      {"10*mV", "(* 10 mV)"},
      {"10 mV if a else b", "(if a 10mV b)"},
      {"2 if a else 3", "(if a 2 3)"},
      {"1 e", "'e' is no unit"},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(absl::StrContains(Parsed(c.text), c.tree)) << c.text << "\n" << Parsed(c.text);
  }
}

TEST(ExpressionTest, LinesAndComments) {
  EXPECT_EQ(Parsed("\n\n a + b # the sum\n\n"), "(+ a b)");
  EXPECT_EQ(Parsed("(a +\n  b) # the sum\n"), "(+ a b)");
  EXPECT_EQ(Parsed("f(a,  # first\n  b)"), "(f() a b)");
  EXPECT_EQ(Parsed("a + \\\n b"), "(+ a b)");
  EXPECT_EQ(Parsed("a + \\  \r\n b\r\n"), "(+ a b)");
  EXPECT_EQ(Parsed("a + b \\"), "(+ a b)");
}

std::string Piece(const std::string& text, ir::SourceRange range) {
  return text.substr(range.offset, range.length);
}

TEST(ExpressionTest, RangesCoverWhatTheyMean) {
  const std::string text = " a*(b + 10 mV) - f(c)";
  const Expr expr = ParseExpression(Source(text)).value();
  EXPECT_EQ(Piece(text, expr.range), "a*(b + 10 mV) - f(c)");
  const Expr& product = expr.children[0];
  EXPECT_EQ(Piece(text, product.range), "a*(b + 10 mV)");
  EXPECT_EQ(Piece(text, product.children[1].range), "(b + 10 mV)");
  EXPECT_EQ(Piece(text, product.children[1].children[1].range), "10 mV");
  EXPECT_EQ(Piece(text, expr.children[1].range), "f(c)");
  EXPECT_EQ(Piece(text, expr.children[1].children[0].range), "c");
}

TEST(ExpressionTest, Statements) {
  const std::string text =
      "V = V_reset; w += b\n"
      "\n"
      "g -= 1 nS  # less\n"
      "x *= (2 +\n"
      "      3);;y /= 4\n";
  const auto statements = ParseStatements(Source(text)).value();
  std::vector<std::string> shown;
  for (const Statement& s : statements) {
    shown.push_back(absl::StrCat(Piece(text, s.target_range), std::string(1, s.op), Show(s.value)));
    EXPECT_EQ(s.target, Piece(text, s.target_range));
  }
  EXPECT_EQ(absl::StrJoin(shown, " | "), "V=V_reset | w+b | g-1nS | x*(+ 2 3) | y/4");
  EXPECT_TRUE(ParseStatements(Source(" \n # nothing\n")).value().empty());
}

TEST(ExpressionTest, Equations) {
  const std::string text =
      "dV/dt = (E_L - V)/tau_m : volt (unless refractory)\n"
      "B = 1/(1 + x) : 1\n"
      "\n"
      "w : amp\n"
      "s_exc : siemens (input, shared)  # summed\n"
      "fired : boolean\n"
      "n : integer\n"
      "c : uF/cm**2 (constant)\n"
      "q : 1/(ms*mV)\n"
      "dd/dt = a : 1/second\n"
      "p : mV**-1 (constant)";
  const auto equations = ParseEquations(Source(text)).value();
  std::vector<std::string> shown;
  for (const Equation& e : equations) {
    const char* kind = e.kind == EquationKind::kDifferential ? "d"
                       : e.kind == EquationKind::kExpression ? "="
                                                             : ":";
    EXPECT_EQ(e.name, Piece(text, e.name_range));
    shown.push_back(absl::StrCat(kind, e.name, " ", e.right ? Show(*e.right) : "", " [",
                                 Piece(text, e.unit_range),
                                 e.boolean   ? "!"
                                 : e.integer ? "#"
                                             : "",
                                 "] ", absl::StrJoin(e.flags, ",")));
    ASSERT_EQ(e.flags.size(), e.flag_ranges.size());
    for (size_t i = 0; i < e.flags.size(); ++i) {
      EXPECT_EQ(e.flags[i], Piece(text, e.flag_ranges[i]));
    }
  }
  EXPECT_EQ(absl::StrJoin(shown, "\n"),
            "dV (/ (- E_L V) tau_m) [volt] unless refractory\n"
            "=B (/ 1 (+ 1 x)) [1] \n"
            ":w  [amp] \n"
            ":s_exc  [siemens] input,shared\n"
            ":fired  [boolean!] \n"
            ":n  [integer#] \n"
            ":c  [uF/cm**2] constant\n"
            ":q  [1/(ms*mV)] \n"
            "dd a [1/second] \n"
            ":p  [mV**-1] constant");
  EXPECT_EQ(equations[6].unit.exponent, -2);
}

// An error says `message` at `line`:`column`, and `note` below.
struct Wrong {
  const char* text;
  const char* where;
  const char* message;
  const char* note;
};

void ExpectErrors(const std::vector<Wrong>& cases,
                  absl::Status (*parse)(const ir::SourceText& source)) {
  for (const Wrong& c : cases) {
    const absl::Status status = parse(Source(c.text));
    ASSERT_FALSE(status.ok()) << c.text;
    const std::string message(status.message());
    EXPECT_TRUE(absl::StartsWith(message, absl::StrCat("net.toml:", c.where, ": error: ")))
        << c.text << "\n"
        << message;
    EXPECT_TRUE(absl::StrContains(message, c.message)) << c.text << "\n" << message;
    EXPECT_TRUE(absl::StrContains(message, absl::StrCat("note: ", c.note)) ||
                (c.note[0] == '\0' && !absl::StrContains(message, "note: ")))
        << c.text << "\n"
        << message;
  }
}

TEST(ExpressionTest, ErrorsInExpressions) {
  ExpectErrors(
      {
          {"", "1:1", "expected a value, found the end", ""},
          {"a +", "1:4", "expected a value, found the end", ""},
          {"a + * b", "1:5", "expected a value before it, found '*'", ""},
          {"a b", "1:3", "expected an operator, found 'b'", "a product is written with '*'"},
          {"(a)(b)", "1:4", "expected an operator, found '('", "a product is written with '*'"},
          {"a 2", "1:3", "expected an operator, found '2'", "a product is written with '*'"},
          {"2 x", "1:3", "'x' is no unit", "a product is written with '*'"},
          {"10 mv", "1:4", "'mv' is no unit (did you mean 'mV'?)", "a product"},
          {"10 voltt", "1:4", "'voltt' is no unit (did you mean 'volt'?)", "a product"},
          {"(a + b", "1:1", "this bracket is not closed", ""},
          {"(a + b\n c", "1:1", "this bracket is not closed before 'c'", ""},
          {"a + b)", "1:6", "this ')' closes no bracket", ""},
          {"(a b)", "1:4", "expected ')' or an operator, found 'b'", ""},
          {"f(a, )", "1:6", "expected a value, found ')'", ""},
          {"f(a, b", "1:2", "this bracket is not closed", ""},
          {"f(,a)", "1:3", "expected a value, found ','", ""},
          {"a < b < c", "1:7", "comparisons cannot be chained",
           "join two of them, as in a < b and b < c"},
          {"a^2", "1:2", "expected an operator, found '^'", "a power is written **"},
          {"(a^2)", "1:3", "expected an operator, found '^'", "a power is written **"},
          {"a = b", "1:3", "expected an operator, found '='", "'==' compares"},
          {"(a = b)", "1:4", "expected ')' or an operator, found '='", "'==' compares"},
          {"a += b", "1:3", "expected an operator or the end of the line, found '+='", ""},
          {"a && b", "1:3", "'&' has no meaning here", "write 'and'"},
          {"a | b", "1:3", "'|' has no meaning here", "write 'or'"},
          {"!a", "1:1", "'!' has no meaning here", "write 'not'"},
          {"a % % b", "1:5", "expected a value before it, found '%'", ""},
          {"a ? b : c", "1:3", "'?' has no meaning here",
           "write a choice as: a if condition else b"},
          {"[v]", "1:1", "expected a value, found '['", "use round brackets"},
          {"v[0", "1:2", "this bracket is not closed", ""},
          {"v[]", "1:3", "expected a number, a range such as 0:50, or a condition over i", ""},
          {"v[1, 2]", "1:4", "a list of neurons has brackets of its own", "as in exc[[3, 5, 8]]"},
          {"v[0:1].", "1:8", "expected the name of a variable", "as in exc[0:50].V"},
          {"a $ b", "1:3", "'$' has no meaning here", ""},
          {"1 \xC2\xB5M", "1:3", "has no meaning here", "write u for micro, as in uM"},
          {"a \xE2\x88\x92 b", "1:3", "(minus sign, U+2212) has no meaning here", "write '-'"},
          {"caf\xC3\xA9", "1:4", "(U+00E9) is not part of the language", "names and operators"},
          {"x > 1,5", "1:6", "found ','", "a fraction has a point: 1.5"},
          {"x <> y", "1:4", "expected a value, found '>'", "what differs is written a != b"},
          {"99999999999999999999", "1:1", "is beyond the integers of 64 bits",
           "for a float write 99999999999999999999.0"},
          {"a \x01", "1:3", "the byte 0x01 is not part of the language", "names and operators"},
          {"1.2.3", "1:1", "a number has one decimal point", ""},
          {"1e999", "1:1", "'1e999' is beyond the range of a double", ""},
          {"10 mV**2", "1:6", "is it the unit or the whole quantity that is raised?",
           "write (10 mV)**2 or 10*mV**2"},
          {"x*1 m**3", "1:6", "is it the unit or the whole", "write (1 m)**3 or 1*(1 m)**3"},
          {"a if b", "1:7", "expected 'else', found the end", "a choice is written"},
          {"if a else b", "1:1", "expected a value, found 'if'", "a choice is written"},
          {"a + else", "1:5", "expected a value, found 'else'", ""},
          {"a == not b", "1:6", "expected a value, found 'not'", "put brackets around it"},
          {"a \\ b", "1:3", "a backslash continues a line", ""},
          {"a\nb", "2:1", "this is more than one expression", "to go on in the next line"},
          {"a; b", "1:4", "this is more than one expression", "to go on in the next line"},
          {"a +\nb", "1:4", "expected a value, found the end of the line", ""},
          {"a, b", "1:2", "expected an operator or the end of the line, found ','", ""},
      },
      [](const ir::SourceText& s) { return ParseExpression(s).status(); });
}

TEST(ExpressionTest, ErrorsInStatements) {
  ExpectErrors(
      {
          {"V", "1:2", "expected '=', '+=', '-=', '*=' or '/=', found the end", ""},
          {"x = 1\nV == 2", "2:3", "expected '=', found '=='", "'==' compares, '=' sets"},
          {"3 = x", "1:1", "expected a statement, found '3'", "as in: V = V_reset"},
          {"if = 2", "1:1", "'if' is a word of the language", "a choice is a value"},
          {"not = 2", "1:1", "'not' is a word of the language", ""},
          {"exc.V = 2", "1:1", "'exc.V' belongs elsewhere", "give a name without a point"},
          {"dV/dt = x", "1:3", "expected '=', found '/'", "differential equations stand under"},
          {"V : volt", "1:3", "expected '=', found ':'", "variables are declared under"},
          {"V = ", "1:5", "expected a value, found the end", ""},
          {"V = ; w = 1", "1:5", "expected a value, found ';'", ""},
          {"V = 1 w = 2", "1:7", "'w' is no unit", "a product is written with '*'"},
          {"V = a w = 2", "1:7", "expected an operator, found 'w'", "a product"},
          {"V **= 2", "1:3", "expected '=', '+=', '-=', '*=' or '/=', found '**='", ""},
          {"V = (a\nw = b", "1:5", "this bracket is not closed before 'w'", ""},
      },
      [](const ir::SourceText& s) { return ParseStatements(s).status(); });
}

TEST(ExpressionTest, ErrorsInEquations) {
  ExpectErrors(
      {
          {"V", "1:2", "expected '=' or ':', found the end", "as in: dV/dt"},
          {"3 : volt", "1:1", "expected an equation, found '3'", "as in: dV/dt"},
          {"dV/dx = 1 : volt", "1:1", "the left side of an equation is a name or a derivative",
           "as in"},
          {"V/dt = 1 : volt", "1:1", "the left side of an equation is a name or a derivative",
           "as in"},
          {"d/dt = 1 : volt", "1:1", "the left side of an equation is a name or a derivative",
           "as in"},
          {"dV/dt : volt", "1:7", "expected '=', found ':'", ""},
          {"dV/dt = 1", "1:10", "expected ':' and a unit, found the end", "as in: ... : volt"},
          {"dV/dt = a b : volt", "1:11", "expected an operator, found 'b'", "a product"},
          {"V :", "1:4", "expected a unit, found the end", "write 1 for a number without unit"},
          {"V : vlot", "1:5", "'vlot' is no unit (did you mean 'volt'?)", "as in volt"},
          {"V : volt*", "1:5", "'volt*' is no unit", "as in volt"},
          {"V : 2", "1:5", "'2' is no unit", "as in volt"},
          {"V : volt (refractory)", "1:11", "unknown flag 'refractory'", "flags are: unless"},
          {"V : volt (unles refractory)", "1:11", "(did you mean 'unless refractory'?)",
           "flags are"},
          {"V : volt ()", "1:11", "expected a flag, found ')'", ""},
          {"V : volt (input", "1:16", "expected ',' or ')', found the end", ""},
          {"V : volt (input) x", "1:18", "expected flags in brackets or the end of the line", ""},
          {"V : volt)", "1:9", "expected flags in brackets or the end of the line, found ')'", ""},
          {"dx/dt = 1 : boolean", "1:13", "a boolean has no derivative", ""},
          {"true : 1", "1:1", "'true' is a word of the language", ""},
          {"exc.V : volt", "1:1", "'exc.V' belongs elsewhere", "give a name"},
          {"a : 1\nx, y : 1", "2:2", "expected '=' or ':', found ','", "as in"},
      },
      [](const ir::SourceText& s) { return ParseEquations(s).status(); });
}

TEST(ExpressionTest, ErrorsPointIntoTheFile) {
  const ir::SourceText source = {"net.toml", "a +\\\n  (b c)", 14, 20};
  EXPECT_EQ(ParseExpression(source).status().message(),
            "net.toml:15:6: error: expected ')' or an operator, found 'c'\n"
            "    (b c)\n"
            "       ^");
}

std::string Repeated(const char* piece, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += piece;
  return text;
}

TEST(ExpressionTest, DeepInputIsAnErrorNotACrash) {
  for (const char* piece : {"(", "-", "not ", "f(", "a**", "a if b else ", "a + (", "-(", "a*(-"}) {
    const absl::Status status = ParseExpression(Source(Repeated(piece, 100000) + "a")).status();
    ASSERT_FALSE(status.ok()) << piece;
    EXPECT_LT(status.message().size(), 1000u) << piece;
  }
  const absl::Status wide = ParseExpression(Source(Repeated("a + ", 100000) + "a")).status();
  EXPECT_TRUE(absl::StrContains(std::string(wide.message()), "has more than 500 levels"));
  EXPECT_TRUE(absl::StrContains(std::string(wide.message()), "give parts of it names"));
  EXPECT_TRUE(ParseExpression(Source(Repeated("a + ", 400) + "a")).ok());
  EXPECT_TRUE(ParseExpression(Source(Repeated("(", 150) + "a" + Repeated(")", 150))).ok());
  // Nesting is counted along a path, not over the whole text.
  EXPECT_TRUE(
      ParseExpression(Source("f(" + Repeated("-(not a if b**c else d), ", 300) + "a)")).ok());
}

// Texts of any bytes, and programs with bytes changed, give trees or errors.
TEST(ExpressionTest, AnyTextIsReadOrRefused) {
  const std::vector<std::string> seeds = {
      "dV/dt = (-g_L*(V - E_L) + g_L*Delta_T*exp(min((V - V_th)/Delta_T, 20)))/C_m : volt (unless "
      "refractory)\nB = 1/(1 + Mg/(3.57 mM)*exp(-0.062*V/(1 mV))) : 1\nw : amp (input)\n",
      "ext = ext_w if bernoulli(ext_rate*dt) else 0 nS\ng *= exp(-dt/tau); a = not b or c >= 2**-1",
      "clip(gain - eta*(sigma - 1.5e-3), 0.2, 5) # done",
  };
  const std::string alphabet = "()+-*/%<>=!:;,.#\\\n\t 019eE_aVdtmif^";
  std::mt19937 random(1);
  const auto pick = [&](size_t n) { return random() % n; };
  int read = 0;
  for (int round = 0; round < 8000; ++round) {
    std::string text;
    if (round % 2 == 0) {
      const size_t length = pick(40);
      for (size_t i = 0; i < length; ++i) {
        text += round % 4 == 0 ? static_cast<char>(pick(256)) : alphabet[pick(alphabet.size())];
      }
    } else {
      text = seeds[pick(seeds.size())];
      for (size_t changes = 1 + pick(3); changes > 0; --changes) {
        const size_t at = pick(text.size());
        switch (pick(3)) {
          case 0:
            text[at] = alphabet[pick(alphabet.size())];
            break;
          case 1:
            text.erase(at, 1 + pick(5));
            break;
          default:
            text.insert(at, text.substr(pick(text.size()), pick(10)));
        }
        if (text.empty()) text = "x";
      }
    }
    for (const absl::Status& status :
         {ParseExpression(Source(text)).status(), ParseStatements(Source(text)).status(),
          ParseEquations(Source(text)).status()}) {
      if (status.ok()) {
        ++read;
      } else {
        EXPECT_TRUE(absl::StartsWith(std::string(status.message()), "net.toml:")) << text;
      }
    }
  }
  // The changes leave many texts whole, so that both outcomes are exercised.
  EXPECT_GT(read, 400);
}

}  // namespace
}  // namespace bnsyn::compiler
