#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/language/code.h"
#include "ir/status_macros.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

// Emits constant expressions: there are no states, and nothing random.
class ConstantScope : public Scope {
 public:
  explicit ConstantScope(const std::vector<Constant>& constants)
      : constants_(constants), builder_(program_, block_) {}

  ir::Builder& builder() override { return builder_; }
  // It is computed once, so it may be computed as written.
  MathMode math() const override { return MathMode::kStrict; }
  ir::DomainId domain() const override { return ir::DomainId::kNetwork; }
  uint32_t NextStream() override { return 0; }

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name, const ir::SourceText&,
                                                 ir::SourceRange) override {
    for (const Constant& constant : constants_) {
      if (constant.name != name) continue;
      TypedValue value;
      value.value = builder_.F64(constant.value.value);
      value.dimension = constant.value.dimension;
      value.integer = IsWhole(constant.value);
      return value;
    }
    return std::nullopt;
  }

  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override {
    if (DrawsNumber(call.name)) {
      return ir::ErrorAt(source, call.range,
                         absl::StrCat("'", call.name, "' draws a random number; this value is ",
                                      "one for the whole run"));
    }
    return std::nullopt;
  }

  std::vector<std::string> KnownNames() const override {
    std::vector<std::string> names;
    for (const Constant& constant : constants_) names.push_back(constant.name);
    return names;
  }

  // The value of a node, all of which are foldable here.
  double Fold(ir::Value result) const {
    std::vector<ir::Bits> bits(block_.nodes.size());
    for (size_t i = 0; i < block_.nodes.size(); ++i) {
      const ir::Node& node = block_.nodes[i];
      if (node.op == ir::Op::kLiteral) {
        bits[i] = node.attr;
        continue;
      }
      std::vector<ir::Element> elements;
      std::vector<ir::Bits> operands;
      for (const ir::NodeId operand : node.inputs()) {
        elements.push_back(block_.nodes[operand].element);
        operands.push_back(bits[operand]);
      }
      bits[i] = reference::Fold(node, elements, operands);
    }
    return ir::F64OfBits(bits[result.id]);
  }

 private:
  const std::vector<Constant>& constants_;
  ir::Program program_;
  ir::Block block_;
  ir::Builder builder_;
};

}  // namespace

absl::StatusOr<Quantity> EvaluateConstant(const ir::SourceText& source,
                                          const std::vector<Constant>& constants) {
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(source));
  ConstantScope scope(constants);
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(expr, source, scope));
  if (value.boolean) {
    return ir::ErrorAt(source, expr.range, "this is true or false where a number is needed",
                       "int(...) makes 1 or 0 of it");
  }
  Quantity quantity;
  quantity.value = scope.Fold(value.value);
  quantity.dimension = value.dimension;
  if (!std::isfinite(quantity.value)) {
    return ir::ErrorAt(source, expr.range,
                       absl::StrCat("the value of this is ", quantity.value, ", not a number"));
  }
  return quantity;
}

}  // namespace bnsyn::compiler
