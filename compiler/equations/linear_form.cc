#include "compiler/equations/linear_form.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "compiler/language/code.h"

namespace bnsyn::compiler {
namespace {

// True if `holds` is true for some part of an expression, or of the definitions that it reads.
// `seen` has the definitions that have been searched: each is searched once, however often it is
// read.
bool AnyPart(const Expr& expr, const Definitions& definitions, std::set<const Expr*>& seen,
             absl::FunctionRef<bool(const Expr&)> holds) {
  if (holds(expr)) return true;
  if (expr.kind == ExprKind::kName) {
    const Expr* definition = definitions(expr.name);
    return definition != nullptr && seen.insert(definition).second &&
           AnyPart(*definition, definitions, seen, holds);
  }
  return std::any_of(expr.children.begin(), expr.children.end(),
                     [&](const Expr& child) { return AnyPart(child, definitions, seen, holds); });
}

bool Reads(const Expr& expr, absl::string_view name, const Definitions& definitions) {
  std::set<const Expr*> seen;
  return AnyPart(expr, definitions, seen, [name](const Expr& part) {
    return part.kind == ExprKind::kName && part.name == name;
  });
}

Expr Unary(const Expr& like, std::string op, Expr a) {
  Expr expr;
  expr.kind = ExprKind::kUnary;
  expr.range = like.range;
  expr.name = std::move(op);
  expr.children.push_back(std::move(a));
  return expr;
}

Expr Binary(const Expr& like, Expr a, Expr b) {
  Expr expr;
  expr.kind = ExprKind::kBinary;
  expr.range = like.range;
  expr.name = like.name;
  expr.children.push_back(std::move(a));
  expr.children.push_back(std::move(b));
  return expr;
}

using Part = std::optional<Expr>;

// a + b or a - b, as `like` is.
Part Sum(const Expr& like, Part a, Part b) {
  if (!b.has_value()) return a;
  if (a.has_value()) return Binary(like, *std::move(a), *std::move(b));
  return like.name == "-" ? Unary(like, "-", *std::move(b)) : b;
}

// Definitions are written out where they are read, so that a form may be far larger than the text.
// Of one that takes more than so many parts the derivative is found by node instead.
constexpr int kMostParts = 10000;

std::optional<LinearForm> Split(const Expr& expr, absl::string_view name,
                                const Definitions& definitions, int& parts) {
  if (++parts > kMostParts) return std::nullopt;
  if (!Reads(expr, name, definitions)) return LinearForm{std::nullopt, expr};
  if (expr.kind == ExprKind::kName) {
    if (expr.name == name) return LinearForm{expr, std::nullopt};
    return Split(*definitions(expr.name), name, definitions, parts);
  }
  if (expr.kind == ExprKind::kUnary && expr.name != "not") {
    std::optional<LinearForm> form = Split(expr.children[0], name, definitions, parts);
    if (!form.has_value() || expr.name == "+") return form;
    for (Part* part : {&form->proportional, &form->rest}) {
      if (part->has_value()) *part = Unary(expr, "-", **std::move(part));
    }
    return form;
  }
  if (expr.kind != ExprKind::kBinary) return std::nullopt;
  const Expr& a = expr.children[0];
  const Expr& b = expr.children[1];
  if (expr.name == "+" || expr.name == "-") {
    std::optional<LinearForm> left = Split(a, name, definitions, parts);
    std::optional<LinearForm> right = Split(b, name, definitions, parts);
    if (!left.has_value() || !right.has_value()) return std::nullopt;
    return LinearForm{Sum(expr, std::move(left->proportional), std::move(right->proportional)),
                      Sum(expr, std::move(left->rest), std::move(right->rest))};
  }
  const bool on_left = Reads(a, name, definitions);
  const bool on_right = Reads(b, name, definitions);
  if (on_left && on_right) return std::nullopt;
  if (expr.name != "*" && (expr.name != "/" || on_right)) return std::nullopt;
  std::optional<LinearForm> form = Split(on_left ? a : b, name, definitions, parts);
  if (!form.has_value()) return std::nullopt;
  for (Part* part : {&form->proportional, &form->rest}) {
    if (!part->has_value()) continue;
    *part = on_left ? Binary(expr, **std::move(part), b) : Binary(expr, a, **std::move(part));
  }
  return form;
}

}  // namespace

std::optional<LinearForm> AsLinear(const Expr& expr, absl::string_view name,
                                   const Definitions& definitions) {
  int parts = 0;
  return Split(expr, name, definitions, parts);
}

bool Draws(const Expr& expr, const Definitions& definitions) {
  std::set<const Expr*> seen;
  return AnyPart(expr, definitions, seen, [](const Expr& part) {
    return part.kind == ExprKind::kCall && DrawsNumber(part.name);
  });
}

}  // namespace bnsyn::compiler
