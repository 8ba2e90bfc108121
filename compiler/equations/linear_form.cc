#include "compiler/equations/linear_form.h"

#include <algorithm>
#include <string>
#include <utility>

#include "compiler/language/code.h"

namespace bnsyn::compiler {
namespace {

bool Reads(const Expr& expr, absl::string_view name, const Definitions& definitions) {
  if (expr.kind == ExprKind::kName) {
    if (expr.name == name) return true;
    const Expr* definition = definitions(expr.name);
    return definition != nullptr && Reads(*definition, name, definitions);
  }
  return std::any_of(expr.children.begin(), expr.children.end(),
                     [&](const Expr& child) { return Reads(child, name, definitions); });
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

}  // namespace

std::optional<LinearForm> AsLinear(const Expr& expr, absl::string_view name,
                                   const Definitions& definitions) {
  if (!Reads(expr, name, definitions)) return LinearForm{std::nullopt, expr};
  if (expr.kind == ExprKind::kName) {
    if (expr.name == name) return LinearForm{expr, std::nullopt};
    return AsLinear(*definitions(expr.name), name, definitions);
  }
  if (expr.kind == ExprKind::kUnary && expr.name != "not") {
    std::optional<LinearForm> form = AsLinear(expr.children[0], name, definitions);
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
    std::optional<LinearForm> left = AsLinear(a, name, definitions);
    std::optional<LinearForm> right = AsLinear(b, name, definitions);
    if (!left.has_value() || !right.has_value()) return std::nullopt;
    return LinearForm{Sum(expr, std::move(left->proportional), std::move(right->proportional)),
                      Sum(expr, std::move(left->rest), std::move(right->rest))};
  }
  const bool on_left = Reads(a, name, definitions);
  const bool on_right = Reads(b, name, definitions);
  if (on_left && on_right) return std::nullopt;
  if (expr.name != "*" && (expr.name != "/" || on_right)) return std::nullopt;
  std::optional<LinearForm> form = AsLinear(on_left ? a : b, name, definitions);
  if (!form.has_value()) return std::nullopt;
  for (Part* part : {&form->proportional, &form->rest}) {
    if (!part->has_value()) continue;
    *part = on_left ? Binary(expr, **std::move(part), b) : Binary(expr, a, **std::move(part));
  }
  return form;
}

bool Draws(const Expr& expr, const Definitions& definitions) {
  if (expr.kind == ExprKind::kName) {
    const Expr* definition = definitions(expr.name);
    return definition != nullptr && Draws(*definition, definitions);
  }
  if (expr.kind == ExprKind::kCall && DrawsNumber(expr.name)) return true;
  return std::any_of(expr.children.begin(), expr.children.end(),
                     [&](const Expr& child) { return Draws(child, definitions); });
}

}  // namespace bnsyn::compiler
