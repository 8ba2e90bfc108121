// Expressions that are linear in a name: A*x + B.
#ifndef BNSYN_COMPILER_EQUATIONS_LINEAR_FORM_H_
#define BNSYN_COMPILER_EQUATIONS_LINEAR_FORM_H_

#include <functional>
#include <optional>

#include "absl/strings/string_view.h"
#include "compiler/language/expression.h"

namespace bnsyn::compiler {

// An expression as a sum of a part proportional to x, in which x still stands, and a part without
// x; either is absent when it is zero.
struct LinearForm {
  std::optional<Expr> proportional;
  std::optional<Expr> rest;
};

// The right side of the equation name = ..., or null when there is none of that name.
using Definitions = std::function<const Expr*(absl::string_view name)>;

// nullopt when `expr`, with definitions followed, is not linear in `name` as far as its shape
// tells.
std::optional<LinearForm> AsLinear(const Expr& expr, absl::string_view name,
                                   const Definitions& definitions);

// Whether all that `expr` reads, definitions followed, satisfies `constant`, and no random number
// is drawn.
bool IsConstant(const Expr& expr, const Definitions& definitions,
                const std::function<bool(absl::string_view name)>& constant);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_LINEAR_FORM_H_
