// Parts of expressions whose values are known before the run: choices that are decided, and values
// that are not finite.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/language/code_emitter.h"
#include "ir/status_macros.h"
#include "reference/columns.h"
#include "reference/evaluate.h"
#include "reference/known_bits.h"

namespace bnsyn::compiler {
namespace {

constexpr absl::string_view kAdvice =
    "give it another value, or write what is meant there as a choice: a if c else b";

}  // namespace

std::optional<ir::Bits> Emitter::Known(ir::NodeId id, int depth) {
  // Parts of an expression are asked for from the inside out, so that few levels are new.
  constexpr int kDeepest = 100;
  const ir::Node node = builder().node({id});
  if (node.op == ir::Op::kLiteral) return node.attr;
  if (node.op == ir::Op::kParam) {
    const ir::Param& param = builder().program().params[node.attr];
    return param.tunable ? std::nullopt : std::optional<ir::Bits>(param.value);
  }
  if (!node.type().uniform() || !reference::IsFoldable(node) || depth == kDeepest) {
    return std::nullopt;
  }
  if (const auto found = known_.find(id); found != known_.end()) return found->second;
  absl::InlinedVector<ir::Element, 3> elements;
  absl::InlinedVector<ir::Bits, 3> bits;
  for (const ir::NodeId operand : node.inputs()) {
    const std::optional<ir::Bits> known = Known(operand, depth + 1);
    if (!known) return known_[id] = std::nullopt;
    elements.push_back(builder().node({operand}).element);
    bits.push_back(*known);
  }
  return known_[id] = reference::Fold(node, elements, bits);
}

std::optional<double> Emitter::KnownNumber(ir::Value value) {
  if (builder().type(value).element != ir::Element::kF64) return std::nullopt;
  const std::optional<ir::Bits> bits = Known(value);
  return bits ? std::optional<double>(ir::F64OfBits(*bits)) : std::nullopt;
}

absl::Status Emitter::CheckDivisor(const Expr& divisor, ir::Value value) {
  if (never_ > 0) return absl::OkStatus();
  if (KnownNumber(value) == 0.0) return BadValue(divisor, "this divides by 0");
  if (divisor.kind != ExprKind::kName) return absl::OkStatus();
  const std::optional<Scope::ZeroValue> zero = scope_.FindZero(divisor.name);
  if (!zero) return absl::OkStatus();
  return ir::ErrorAt(
      zero->place, {0, std::max<size_t>(zero->place.text.size(), 1)},
      absl::StrCat(zero->what, " is 0, but the code of ", source_.name, " divides by it"),
      std::string(kAdvice));
}

absl::Status Emitter::CheckFinite(const Expr& expr, const TypedValue& value) {
  const bool name = expr.kind == ExprKind::kName || expr.kind == ExprKind::kNumber;
  if (never_ > 0 || value.boolean || name) return absl::OkStatus();
  const std::optional<double> number = KnownNumber(value.value);
  if (!number || std::isfinite(*number)) return absl::OkStatus();
  // Whoever writes inf means it.
  bool infinite = false;
  ForEachName(expr, [&](const Expr& part) {
    const absl::StatusOr<TypedValue> read = Name(part);
    if (!read.ok()) return;
    const std::optional<double> known = KnownNumber(read->value);
    infinite = infinite || (known && !std::isfinite(*known));
  });
  if (infinite) return absl::OkStatus();
  return BadValue(expr, absl::StrCat("this is ", reference::ShowValue(*number)));
}

absl::Status Emitter::CheckBounds(const Expr& clip, ir::Value low, ir::Value high) {
  const auto number = [&](ir::Value value) -> std::optional<double> {
    const std::optional<ir::Bits> bits = Known(value);
    if (!bits) return std::nullopt;
    const ir::Element element = builder().type(value).element;
    if (element == ir::Element::kF64) return ir::F64OfBits(*bits);
    if (element == ir::Element::kI64) return static_cast<double>(static_cast<int64_t>(*bits));
    return std::nullopt;
  };
  const std::optional<double> least = number(low);
  const std::optional<double> greatest = number(high);
  if (never_ > 0 || !least || !greatest || *least <= *greatest) return absl::OkStatus();
  std::vector<std::string> names;
  for (const size_t bound : {size_t{1}, size_t{2}}) {
    ForEachName(clip.children[bound], [&](const Expr& part) {
      if (!absl::c_linear_search(names, part.name)) names.push_back(part.name);
    });
  }
  const std::string values = ValuesOf(names, clip);
  return Error(clip.range,
               absl::StrCat("the lower bound of this clip is above the upper one",
                            values.empty() ? "" : ": ", values),
               "clip(x, low, high) keeps x between low and high");
}

absl::Status Emitter::CheckTimeConstants(const Expr& right, absl::string_view variable) {
  if (right.kind == ExprKind::kConditional) return absl::OkStatus();
  for (const Expr& child : right.children) {
    BNSYN_RETURN_IF_ERROR(CheckTimeConstants(child, variable));
  }
  const bool divides = right.kind == ExprKind::kBinary && right.name == "/";
  if (!divides || right.children[1].kind != ExprKind::kName) return absl::OkStatus();
  const Expr& divisor = right.children[1];
  const absl::StatusOr<TypedValue> value = Name(divisor);
  if (!value.ok() || value->dimension != dimension::kTime) return absl::OkStatus();
  const std::optional<double> number = KnownNumber(value->value);
  if (!number || *number >= 0) return absl::OkStatus();
  const std::string name(variable);
  const std::string what =
      absl::StrCat(ValuesOf({divisor.name}, divisor), ", but d", name, "/dt divides by it");
  const std::string advice = absl::StrCat(
      "with a negative time constant ", name,
      " runs away instead of decaying; write a growth that is meant as + ", name, "/tau");
  if (const std::optional<ir::SourceText> place = scope_.PlaceOf(divisor.name)) {
    return ir::ErrorAt(*place, {0, std::max<size_t>(place->text.size(), 1)}, what, advice);
  }
  return Error(divisor.range, what, advice);
}

std::string Emitter::ValuesOf(const std::vector<std::string>& names, const Expr& expr) {
  std::vector<std::string> values;
  for (const std::string& name : names) {
    const absl::StatusOr<std::optional<TypedValue>> read = scope_.Read(name, source_, expr.range);
    if (!read.ok() || !read->has_value()) continue;
    const std::optional<double> known = KnownNumber((*read)->value);
    if (!known) continue;
    const std::string unit = DisplayUnit((*read)->dimension);
    values.push_back(
        absl::StrCat(name, " is ", reference::ShowValue(*known), unit.empty() ? "" : " ", unit));
  }
  return absl::StrJoin(values, ", ");
}

absl::Status Emitter::BadValue(const Expr& expr, absl::string_view what) {
  std::vector<std::string> names;
  std::vector<ir::SourceText> places;
  ForEachName(expr, [&](const Expr& part) {
    if (std::find(names.begin(), names.end(), part.name) != names.end()) return;
    names.push_back(part.name);
    if (const std::optional<ir::SourceText> place = scope_.PlaceOf(part.name)) {
      places.push_back(*place);
    }
  });
  const std::string values = ValuesOf(names, expr);
  if (names.size() == 1 && places.size() == 1) {
    const std::string part = source_.text.substr(expr.range.offset, expr.range.length);
    return ir::ErrorAt(places[0], {0, std::max<size_t>(places[0].text.size(), 1)},
                       absl::StrCat(values, ", but the code of ", source_.name,
                                    expr.kind == ExprKind::kName
                                        ? " divides by it"
                                        : absl::StrCat(" has '", part, "': ", std::string(what))),
                       std::string(kAdvice));
  }
  return Error(expr.range, absl::StrCat(what, values.empty() ? "" : ", since ", values),
               values.empty() ? "" : kAdvice);
}

}  // namespace bnsyn::compiler
