// Parses the language of equations and code into trees that keep their places in the text.
//
//   expression  := conditional ("a if c else b"), or, and, not, comparison, + -, * / // %, unary
//                  + -, ** (right associative), call, name, number, number with unit ("10 mV"),
//                  file("x.csv", "column")(arguments), ( ), some neurons of a population and their
//                  variable ("exc[0:50].V")
//   statement   := name (= | += | -= | *= | /=) expression, one a line or separated by ';'
//   equation    := "dx/dt = expression : unit (flags)" | "x = expression : unit"
//                | "x : unit (flags)"
//   '#' starts a comment. A line that ends within brackets or in a backslash goes on in the next.
//
// Precedence is Python's, and // and % round down as there. A number with a unit binds tighter than
// any operator, and cannot be followed by '**', which would raise the number as well.
#ifndef BNSYN_COMPILER_LANGUAGE_EXPRESSION_H_
#define BNSYN_COMPILER_LANGUAGE_EXPRESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/language/units.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

enum class ExprKind : uint8_t {
  kNumber,  // `quantity`, with its unit if it has one
  kBool,    // true, false
  kName,    // `name`
  kCall,    // `name`(children...); a read of a file is one with the name "file"
  kUnary,   // `name` is "-", "+" or "not"
  kBinary,  // `name` is "+", "-", "*", "/", "//", "%", "**", "and", "or", "<", "<=", ">", ">=",
            // "==", "!="
  kConditional,  // children: condition, value if true, value if false
  kSubscript,    // base[...], with the base before the other children. `name` is "[]" (one child),
               // "[:]" (begin, end, stride; a kName without name where it is left out) or "[[]]" (a
               // list)
  kMember,  // child.`name`, of a subscript
};

struct Expr {
  ExprKind kind = ExprKind::kNumber;
  ir::SourceRange range;  // of the whole expression in its SourceText
  Quantity quantity;      // kNumber; kBool: 0 or 1
  // kNumber: the number, if it is written as a whole one, in digits alone and without unit. At most
  // 2^63.
  std::optional<uint64_t> digits;
  std::string name;
  std::string file;    // kCall: the file that it reads, empty for none
  std::string column;  // and its column; empty for all
  std::vector<Expr> children;
  int height = 1;  // levels of the tree; bounded, so that recursion over it is safe
};

// target op= value
struct Statement {
  std::string target;
  ir::SourceRange target_range;
  char op = '=';  // '=', '+', '-', '*', '/'
  Expr value;
};

enum class EquationKind : uint8_t { kDifferential, kExpression, kVariable };

struct Equation {
  EquationKind kind = EquationKind::kVariable;
  std::string name;
  ir::SourceRange name_range;
  std::optional<Expr> right;  // not for kVariable
  Unit unit;                  // as declared
  bool boolean = false;       // declared "boolean" instead of a unit
  bool integer = false;       // declared "integer": a number without unit that is whole
  ir::SourceRange unit_range;
  // "unless refractory", "constant", "constant over dt", "shared", "input", "spikes", "linked"; of
  // synapses
  // "event-driven", "clock-driven", "summed", "per synapse".
  std::vector<std::string> flags;
  std::vector<ir::SourceRange> flag_ranges;

  // True if it is declared with this flag.
  bool Is(absl::string_view flag) const;
};

// The equation of that name, or null.
const Equation* FindEquation(absl::Span<const Equation> equations, absl::string_view name);

// Calls `visit` with every name that an expression reads, in order.
template <typename Visit>
void ForEachName(const Expr& expr, const Visit& visit) {
  if (expr.kind == ExprKind::kName) visit(expr);
  for (const Expr& child : expr.children) ForEachName(child, visit);
}

absl::StatusOr<Expr> ParseExpression(const ir::SourceText& source);
absl::StatusOr<std::vector<Statement>> ParseStatements(const ir::SourceText& source);
// A unit that has a name in the equations of one owner alone, as "weight" in a model of synapses.
struct NamedUnit {
  std::string name;
  Dimension dimension;
};
absl::StatusOr<std::vector<Equation>> ParseEquations(const ir::SourceText& source,
                                                     absl::Span<const NamedUnit> units = {});
// A declared unit alone: "weight/second".
absl::StatusOr<Dimension> ParseNamedUnit(const ir::SourceText& source,
                                         absl::Span<const NamedUnit> units);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LANGUAGE_EXPRESSION_H_
