// Splits expressions that are linear in a name: A*x + B.
#ifndef BNSYN_COMPILER_EQUATIONS_LINEAR_FORM_H_
#define BNSYN_COMPILER_EQUATIONS_LINEAR_FORM_H_

#include <functional>
#include <optional>

#include "absl/strings/string_view.h"
#include "compiler/language/expression.h"

namespace bnsyn::compiler {

// An expression as a sum: a part A*x, in which x still stands, and a part without x. Either is
// absent if it is zero.
struct LinearForm {
  std::optional<Expr> proportional;
  std::optional<Expr> rest;
};

// The right side of the equation name = ..., or null when there is none of that name.
using Definitions = std::function<const Expr*(absl::string_view name)>;

// Splits `expr`, with definitions followed; nullopt unless its shape is linear in `name`.
std::optional<LinearForm> AsLinear(const Expr& expr, absl::string_view name,
                                   const Definitions& definitions);

// True if `expr`, with definitions followed, draws a random number.
bool Draws(const Expr& expr, const Definitions& definitions);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_LINEAR_FORM_H_
