#include "reference/not_finite.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "reference/columns.h"

namespace bnsyn::reference {
namespace {

// How tightly the last operator of a text binds.
enum Binding : int { kChoice, kSum, kProduct, kSign, kWhole };

struct Text {
  std::string text;
  Binding binding = kWhole;
};

std::string In(const Text& operand, Binding least) {
  return operand.binding < least ? absl::StrCat("(", operand.text, ")") : operand.text;
}

// "V" for "exc.V", and for the temporary "exc.V.moving" that carries it from pass to pass.
std::string Local(absl::string_view name) {
  name = absl::StripSuffix(absl::StripSuffix(absl::StripSuffix(name, ".past"), ".copy"), ".moving");
  const size_t dot = name.find('.');
  return std::string(dot == absl::string_view::npos ? name : name.substr(dot + 1));
}

Text OfNumber(double value) {
  return {ShowValue(value), std::signbit(value) && !std::isnan(value) ? kSign : kWhole};
}

class Printer {
 public:
  Printer(const ir::Program& program, const ir::Block& block, absl::Span<const Array> values,
          size_t element)
      : program_(program), block_(block), values_(values), element_(element) {}

  bool IsNotFinite(ir::NodeId id) const {
    return ir::IsFloat(block_.nodes[id].element) && !std::isfinite(Number(id));
  }
  double Number(ir::NodeId id) const {
    const ir::Bits bits = BitsOf(id);
    return block_.nodes[id].element == ir::Element::kF32 ? ir::F32OfBits(bits)
                                                         : ir::F64OfBits(bits);
  }
  ir::Bits BitsOf(ir::NodeId id) const {
    return values_[id].bits(values_[id].size() == 1 ? 0 : element_);
  }

  // The value of a node as a number or truth value.
  Text Value(ir::NodeId id) const {
    const ir::Element element = block_.nodes[id].element;
    if (ir::IsFloat(element)) return OfNumber(Number(id));
    const ir::Bits bits = BitsOf(id);
    if (element == ir::Element::kBool) return {bits != 0 ? "true" : "false"};
    const bool sign = element == ir::Element::kI32 || element == ir::Element::kI64;
    const int64_t number =
        element == ir::Element::kI32 ? static_cast<int32_t>(bits) : static_cast<int64_t>(bits);
    return {sign ? absl::StrCat(number) : absl::StrCat(bits), sign && number < 0 ? kSign : kWhole};
  }

  // The text of a node, at most `depth` operations deep.
  Text Expression(ir::NodeId id, int depth) const {
    const ir::Node& node = block_.nodes[id];
    if (!node.inputs().empty() && depth == 0) return {"..."};
    if (IsTime(node)) return {"t"};
    const ir::Node& last = block_.nodes[node.inputs().empty() ? id : node.inputs().back()];
    if (node.op == ir::Op::kMul && last.op == ir::Op::kDiv && IsNumber(last.operands[0], 1)) {
      // A division by the same divisor, once a run.
      return {absl::StrCat(In(Expression(node.operands[0], depth - 1), kProduct), "/",
                           In(Expression(last.operands[1], depth - 1), kSign)),
              kProduct};
    }
    return Operation(id, [&](ir::NodeId operand) { return Expression(operand, depth - 1); });
  }

  // The text of a node with of(operand) for its operands.
  template <typename Of>
  Text Operation(ir::NodeId id, Of of) const {
    const ir::Node& node = block_.nodes[id];
    const auto a = [&](Binding least) { return In(of(node.operands[0]), least); };
    const auto b = [&](Binding least) { return In(of(node.operands[1]), least); };
    const auto c = [&](Binding least) { return In(of(node.operands[2]), least); };
    switch (node.op) {
      case ir::Op::kAdd:
        return {absl::StrCat(a(kSum), " + ", b(kSum)), kSum};
      case ir::Op::kSub:
        return {absl::StrCat(a(kSum), " - ", b(kProduct)), kSum};
      case ir::Op::kMul:
        return {absl::StrCat(a(kProduct), "*", b(kProduct)), kProduct};
      case ir::Op::kDiv:
        return {absl::StrCat(a(kProduct), "/", b(kSign)), kProduct};
      case ir::Op::kFma:
        return {absl::StrCat(a(kProduct), "*", b(kProduct), " + ", c(kSum)), kSum};
      case ir::Op::kNeg:
        return {absl::StrCat("-", a(kSign)), kSign};
      case ir::Op::kSelect:
        return {absl::StrCat(b(kSum), " if ", a(kSum), " else ", c(kSum)), kChoice};
      case ir::Op::kConvert:
        return of(node.operands[0]);
      default:
        return node.inputs().empty() ? Leaf(id) : Call(node, of);
    }
  }

 private:
  bool IsNumber(ir::NodeId id, double number) const {
    const ir::Node& node = block_.nodes[id];
    return node.op == ir::Op::kLiteral && node.element == ir::Element::kF64 &&
           ir::F64OfBits(node.attr) == number;
  }
  // step*dt, or (step + 1)*dt, the time at the end of the step.
  bool IsTime(const ir::Node& node) const {
    if (node.op != ir::Op::kMul || !IsNumber(node.operands[1], program_.dt)) return false;
    ir::NodeId steps = node.operands[0];
    const ir::Node& sum = block_.nodes[steps];
    if (sum.op == ir::Op::kAdd && IsNumber(sum.operands[1], 1)) steps = sum.operands[0];
    const ir::Node& step = block_.nodes[steps];
    return step.op == ir::Op::kConvert && block_.nodes[step.operands[0]].op == ir::Op::kStep;
  }

  template <typename Of>
  Text Call(const ir::Node& node, Of of) const {
    std::string text = std::string(ir::Info(node.op).name);
    if (node.op == ir::Op::kLookup) text = program_.tables[node.attr].name;
    if (ir::Info(node.op).attr == ir::AttrKind::kState) {
      text = Local(program_.states[node.attr].name);
    }
    const char* separator = "(";
    for (const ir::NodeId operand : node.inputs()) {
      absl::StrAppend(&text, separator, of(operand).text);
      separator = ", ";
    }
    return {text + ")"};
  }

  Text Leaf(ir::NodeId id) const {
    const ir::Node& node = block_.nodes[id];
    switch (node.op) {
      case ir::Op::kParam:
        return {Local(program_.params[node.attr].name)};
      case ir::Op::kLoad:
        return {Local(program_.states[node.attr].name)};
      case ir::Op::kLoadPre:
        return {Local(program_.states[node.attr].name) + "_pre"};
      case ir::Op::kLoadPost:
        return {Local(program_.states[node.attr].name) + "_post"};
      case ir::Op::kTake:
      case ir::Op::kHeld:
        return {Local(program_.inputs[node.attr].name)};
      case ir::Op::kTotal:
        return {absl::StrCat(
            "sum(", Local(absl::StripSuffix(program_.reductions[node.attr].name, ".sum")), ")")};
      case ir::Op::kWeight:
        return {"w"};
      case ir::Op::kIndex:
        return {"i"};
      default:
        return node.op == ir::Op::kLiteral ? Value(id) : Text{std::string(ir::Info(node.op).name)};
    }
  }

  const ir::Program& program_;
  const ir::Block& block_;
  const absl::Span<const Array> values_;
  const size_t element_;
};

}  // namespace

std::string FirstNotFinite(const ir::Program& program, const ir::Block& block,
                           absl::Span<const Array> values, ir::NodeId node, size_t element) {
  const Printer printer(program, block, values, element);
  const auto next = [&](const ir::Node& n) {
    // Of a choice only the arm that was taken matters.
    if (n.op == ir::Op::kSelect) {
      const ir::NodeId arm = n.operands[printer.BitsOf(n.operands[0]) != 0 ? 1 : 2];
      return printer.IsNotFinite(arm) ? arm : ir::kNoNode;
    }
    for (const ir::NodeId operand : n.inputs()) {
      if (printer.IsNotFinite(operand)) return operand;
    }
    return ir::kNoNode;
  };
  ir::NodeId found = node;
  for (ir::NodeId id = node; id != ir::kNoNode; id = next(block.nodes[id])) found = id;

  constexpr int kDeepest = 8;
  constexpr size_t kLongest = 72;
  std::string text;
  for (int depth = kDeepest; depth > 0; --depth) {
    text = printer.Expression(found, depth).text;
    if (text.size() <= kLongest) break;
  }
  const std::string value = ShowValue(printer.Number(found));
  const ir::Node& cause = block.nodes[found];
  if (cause.inputs().empty()) {
    const bool state = ir::Info(cause.op).attr == ir::AttrKind::kState;
    return absl::StrCat(text, state ? " was " : " is ", value, state ? " before" : "");
  }
  const std::string numbers =
      printer.Operation(found, [&](ir::NodeId operand) { return printer.Value(operand); }).text;
  return absl::StrCat(text, numbers == text ? "" : absl::StrCat(" = ", numbers), " is ", value);
}

}  // namespace bnsyn::reference
