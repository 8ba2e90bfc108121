#include "compiler/equations/formula.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;

std::string OpName(Op op) { return std::string(ir::Info(op).name); }

const char* Comparison(Op op) {
  if (op == Op::kEq) return " == ";
  if (op == Op::kNe) return " != ";
  if (op == Op::kLt) return " < ";
  if (op == Op::kLe) return " <= ";
  return op == Op::kGt ? " > " : " >= ";
}

// The name of a function or draw in code.
std::string CodeName(Op op) {
  if (op == Op::kUniform) return "rand";
  if (op == Op::kNormal) return "randn";
  return op == Op::kExprelSmall ? "exprel" : OpName(op);
}

}  // namespace

std::vector<std::string> FormulaPrinter::Lines(const std::string& name, ir::Value value) {
  lines_.clear();
  const Text text = Print(value, /*whole=*/true);
  lines_.push_back(absl::StrCat(name, " = ", text.text));
  return std::move(lines_);
}

std::string FormulaPrinter::At(ir::Value value, Level level) {
  const Text text = Print(value, /*whole=*/false);
  return text.level < level ? absl::StrCat("(", text.text, ")") : text.text;
}

std::string FormulaPrinter::Operand(const ir::Node& node, size_t i, Level level) {
  return At({node.operands[i]}, level);
}

FormulaPrinter::Text FormulaPrinter::Print(ir::Value value, bool whole) {
  if (const auto atom = names_.atoms.find(value.id); atom != names_.atoms.end() && !whole) {
    return {atom->second, kAtom};
  }
  if (const std::optional<double> number = facts_.Number(value)) {
    std::string text = ir::PrintLiteral(ir::Element::kF64, ir::BitsOfF64(*number));
    const bool negative = text[0] == '-';
    return {std::move(text), negative ? kUnary : kAtom};
  }
  if (const auto part = names_.parts.find(value.id); part != names_.parts.end() && !whole) {
    if (printed_.insert(value.id).second) {
      const Text text = Print(value, /*whole=*/true);
      lines_.push_back(absl::StrCat(part->second, " = ", text.text));
    }
    return {part->second, kAtom};
  }
  return PrintNode(builder_.node(value));
}

FormulaPrinter::Text FormulaPrinter::Sum(const std::string& a, const Text& b) const {
  if (b.text[0] == '-' && b.level >= kSum) {
    return {absl::StrCat(a, " - ", b.text.substr(1)), kSum};
  }
  return {absl::StrCat(a, " + ", b.level < kSum ? absl::StrCat("(", b.text, ")") : b.text), kSum};
}

FormulaPrinter::Text FormulaPrinter::Product(const ir::Node& node) {
  // Numbers stand before what they multiply.
  const bool swapped = facts_.Number(node.operands[1]).has_value();
  const std::string a = Operand(node, swapped ? 1 : 0, kProduct);
  const std::string b = Operand(node, swapped ? 0 : 1, kProduct);
  // A minus may lead a product, not follow in it.
  return {absl::StrCat(a, "*", b[0] == '-' ? absl::StrCat("(", b, ")") : b), kProduct};
}

FormulaPrinter::Text FormulaPrinter::Call(const std::string& function, const ir::Node& node) {
  std::string text = absl::StrCat(function, "(");
  for (size_t i = 0; i < node.inputs().size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", Operand(node, i, kChoice));
  }
  return {text + ")", kAtom};
}

FormulaPrinter::Text FormulaPrinter::PrintNode(const ir::Node& node) {
  const ir::OpInfo& info = ir::Info(node.op);
  if (node.op == Op::kLiteral) return {ir::PrintLiteral(node.element, node.attr), kUnary};
  if (info.rule == ir::TypeRule::kCompare) {
    return {absl::StrCat(Operand(node, 0, kSum), Comparison(node.op), Operand(node, 1, kSum)),
            kComparison};
  }
  const auto zero = [&](size_t i) { return facts_.Number(node.operands[i]) == 0.0; };
  if (node.op == Op::kAdd) {
    if (zero(0) || zero(1)) return Print({node.operands[zero(0) ? 1 : 0]}, false);
    return Sum(Operand(node, 0, kSum), Print({node.operands[1]}, false));
  }
  if (node.op == Op::kSub) {
    if (zero(1)) return Print({node.operands[0]}, false);
    const Text b = Print({node.operands[1]}, false);
    if (b.level == kUnary)
      return {absl::StrCat(Operand(node, 0, kSum), " + ", b.text.substr(1)), kSum};
    return {absl::StrCat(Operand(node, 0, kSum), " - ", Operand(node, 1, kProduct)), kSum};
  }
  if (node.op == Op::kMul) return Product(node);
  if (node.op == Op::kFma) {
    // The summand comes first: x + 0.1*(...).
    if (zero(2)) return Product(node);
    const std::string added = Operand(node, 2, kSum);
    const Text product = Product(node);
    if (added[0] == '-' && product.text[0] != '-') return Sum(product.text, {added, kSum});
    return Sum(added, product);
  }
  if (node.op == Op::kDiv) {
    return {absl::StrCat(Operand(node, 0, kProduct), "/", Operand(node, 1, kUnary)), kProduct};
  }
  if (node.op == Op::kNeg) return {absl::StrCat("-", Operand(node, 0, kProduct)), kProduct};
  if (node.op == Op::kSelect) {
    const std::string yes = Operand(node, 1, kOr);
    const std::string condition = Operand(node, 0, kOr);
    return {absl::StrCat(yes, " if ", condition, " else ", Operand(node, 2, kChoice)), kChoice};
  }
  if (node.element == ir::Element::kBool && node.op == Op::kAnd) {
    return {absl::StrCat(Operand(node, 0, kAnd), " and ", Operand(node, 1, kAnd)), kAnd};
  }
  if (node.element == ir::Element::kBool && node.op == Op::kOr) {
    return {absl::StrCat(Operand(node, 0, kOr), " or ", Operand(node, 1, kOr)), kOr};
  }
  if (node.element == ir::Element::kBool && node.op == Op::kNot) {
    return {absl::StrCat("not ", Operand(node, 0, kNot)), kNot};
  }
  if (node.op == Op::kConvert) {
    const ir::Node& from = builder_.node({node.operands[0]});
    if (from.op == Op::kIndex) return {"i", kAtom};
    return from.element == ir::Element::kBool ? Call("int", node)
                                              : Print({node.operands[0]}, false);
  }
  if (info.attr == ir::AttrKind::kStream) return Call(CodeName(node.op), node);
  if (info.attr == ir::AttrKind::kState) {
    const std::string& name = program_.states[node.attr].name;
    return {std::string(absl::StripPrefix(name, prefix_)), kAtom};
  }
  if (info.attr == ir::AttrKind::kParam) {
    const std::string& name = program_.params[node.attr].name;
    return {std::string(absl::StripPrefix(name, prefix_)), kAtom};
  }
  return Call(CodeName(node.op), node);
}

}  // namespace bnsyn::compiler
