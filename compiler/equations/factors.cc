#include "compiler/equations/factors.h"

#include <array>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "compiler/analysis/facts.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;
using ir::Value;

// factor * value. The factor is a constant, and invalid for 1.
struct Scaled {
  Value factor;
  Value value;
};

class FactorMover {
 public:
  FactorMover(const OdeSystem& system, Value value, const Replacement& factors)
      : system_(system), builder_(system.builder()), factors_(factors) {
    std::vector<Value> leaves;
    for (const auto& [id, factor] : factors) leaves.push_back({id});
    depends_ = DependentsOf(builder_, leaves, value);
    nodes_ = NodesOf(builder_, value);
    CountUses();
  }

  Value Run(Value value) {
    if (!depends_[value.id]) return value;
    for (const NodeId id : nodes_) {
      if (depends_[id]) now_[id] = Move(id);
    }
    return Plain(now_[value.id]);
  }

 private:
  // Counts who reads each node, and those that are the same where parameters have their numbers:
  // V - E_L and V - E_rev become one node.
  void CountUses() {
    using Key = std::tuple<Op, uint64_t, NodeId, NodeId, NodeId>;
    std::map<Key, NodeId> known;
    for (const NodeId id : nodes_) {
      const ir::Node& node = builder_.node({id});
      std::array<NodeId, 3> operands = {ir::kNoNode, ir::kNoNode, ir::kNoNode};
      for (size_t i = 0; i < node.inputs().size(); ++i) operands[i] = same_[node.inputs()[i]];
      const std::optional<double> number = system_.Number(Value{id});
      const Key key = number ? Key(Op::kLiteral, ir::BitsOfF64(*number), 0, 0, 0)
                             : Key(node.op, node.attr, operands[0], operands[1], operands[2]);
      same_[id] = known.try_emplace(key, id).first->second;
      for (const NodeId operand : node.inputs()) ++uses_[same_[operand]];
    }
  }

  Value Emit(Op op, std::initializer_list<Value> operands) {
    return EmitSimplified(builder_, op, operands);
  }
  Value Negative(Value a) { return Emit(Op::kNeg, {a}); }
  // A product of constants; either may be invalid.
  Value Times(Value a, Value b) {
    if (!a.valid()) return b;
    return b.valid() ? Emit(Op::kMul, {a, b}) : a;
  }
  Value Plain(const Scaled& scaled) {
    return scaled.factor.valid() ? Emit(Op::kMul, {scaled.value, scaled.factor}) : scaled.value;
  }
  Scaled Of(NodeId id) const {
    const auto found = now_.find(id);
    return found == now_.end() ? Scaled{{}, {id}} : found->second;
  }

  // a/b, for factors other than 0; invalid `ok` where it is not known to be a number.
  std::optional<Value> Ratio(Value a, Value b) {
    if (!b.valid()) return a;
    if (!IsLiteral(builder_, b)) return std::nullopt;
    const double divisor = ir::F64OfBits(builder_.node(b).attr);
    if (divisor == 0 || !std::isfinite(1 / divisor)) return std::nullopt;
    const Value ratio = Emit(Op::kDiv, {a.valid() ? a : builder_.F64(1), b});
    return IsLiteral(builder_, ratio, 1) ? Value{} : ratio;
  }

  // factor * value by as many operations as value has; nullopt if that takes one more. A value that
  // others use too would be computed twice.
  std::optional<Value> Absorbed(Value value, Value factor) {
    if (IsConstant(builder_, value)) return Emit(Op::kMul, {factor, value});
    const ir::Node node = builder_.node(value);
    const auto found = same_.find(value.id);
    if (found != same_.end() && uses_[found->second] > 1) return std::nullopt;
    const auto constant = [&](size_t i) { return IsConstant(builder_, {node.operands[i]}); };
    const auto scaled = [&](size_t i) { return Emit(Op::kMul, {factor, Value{node.operands[i]}}); };
    const auto operand = [&](size_t i) { return Value{node.operands[i]}; };
    switch (node.op) {
      case Op::kAdd:
        for (const size_t i : {size_t{0}, size_t{1}}) {
          if (constant(i)) return Emit(Op::kFma, {factor, operand(1 - i), scaled(i)});
        }
        return std::nullopt;
      case Op::kSub:
        if (constant(1)) return Emit(Op::kFma, {factor, operand(0), Negative(scaled(1))});
        if (constant(0)) return Emit(Op::kFma, {Negative(factor), operand(1), scaled(0)});
        return std::nullopt;
      case Op::kMul:
        for (const size_t i : {size_t{0}, size_t{1}}) {
          if (const std::optional<Value> other = Absorbed(operand(i), factor)) {
            return Emit(Op::kMul, {*other, operand(1 - i)});
          }
        }
        return std::nullopt;
      case Op::kDiv:
        if (const std::optional<Value> top = Absorbed(operand(0), factor)) {
          return Emit(Op::kDiv, {*top, operand(1)});
        }
        return std::nullopt;
      case Op::kFma:
        if (!constant(2)) return std::nullopt;
        for (const size_t i : {size_t{0}, size_t{1}}) {
          if (constant(i)) return Emit(Op::kFma, {scaled(i), operand(1 - i), scaled(2)});
        }
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }

  // a + b.
  Scaled Sum(Scaled a, Scaled b) {
    if (a.factor == b.factor) return {a.factor, Emit(Op::kAdd, {a.value, b.value})};
    if (!a.factor.valid()) std::swap(a, b);
    if (b.factor.valid()) {
      if (const std::optional<Value> ratio = Ratio(a.factor, b.factor)) {
        return {b.factor, Emit(Op::kFma, {*ratio, a.value, b.value})};
      }
    }
    return {{}, Emit(Op::kFma, {a.factor, a.value, Plain(b)})};
  }

  // (factor * a * b) + c, where a and b have no factors any more.
  Scaled Fused(Value factor, Value a, Value b, const Scaled& c) {
    if (factor == c.factor) return {factor, Emit(Op::kFma, {a, b, c.value})};
    if (const std::optional<Value> ratio = Ratio(factor, c.factor)) {
      if (!ratio->valid()) return {c.factor, Emit(Op::kFma, {a, b, c.value})};
      for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
        if (const std::optional<Value> more = Absorbed(one, *ratio)) {
          return {c.factor, Emit(Op::kFma, {*more, other, c.value})};
        }
      }
      // Next to a variable, not to what it is multiplied by: passes join it with the scale of a
      // sum.
      return {c.factor, Emit(Op::kFma, {Emit(Op::kMul, {a, *ratio}), b, c.value})};
    }
    return {{}, Emit(Op::kFma, {Times(factor, a), b, Plain(c)})};
  }

  Scaled Move(NodeId id) {
    if (const auto found = factors_.find(id); found != factors_.end()) {
      return {found->second, {id}};
    }
    const ir::Node node = builder_.node({id});
    const auto of = [&](size_t i) { return Of(node.operands[i]); };
    const auto constant = [&](size_t i) { return IsConstant(builder_, {node.operands[i]}); };
    switch (node.op) {
      case Op::kNeg:
        return {of(0).factor, Negative(of(0).value)};
      case Op::kMul: {
        const Value factor = Times(of(0).factor, of(1).factor);
        for (const size_t i : {size_t{0}, size_t{1}}) {
          if (constant(i) && factor.valid()) {
            return {Times(factor, {node.operands[i]}), of(1 - i).value};
          }
        }
        return {factor, Emit(Op::kMul, {of(0).value, of(1).value})};
      }
      case Op::kDiv: {
        if (of(1).factor.valid()) break;
        return {of(0).factor, Emit(Op::kDiv, {of(0).value, of(1).value})};
      }
      case Op::kAdd:
        return Sum(of(0), of(1));
      case Op::kSub: {
        // A constant factor takes the sign, or else the value.
        const Scaled minus = of(1);
        if (minus.factor.valid() && minus.factor != of(0).factor) {
          return Sum(of(0), {Negative(minus.factor), minus.value});
        }
        if (minus.factor == of(0).factor) {
          return {minus.factor, Emit(Op::kSub, {of(0).value, minus.value})};
        }
        return Sum(of(0), {{}, Negative(minus.value)});
      }
      case Op::kFma: {
        const Scaled a = of(0);
        const Scaled b = of(1);
        const Value factor = Times(a.factor, b.factor);
        for (const size_t i : {size_t{0}, size_t{1}}) {
          if (!constant(i) || !factor.valid()) continue;
          const Value other = i == 0 ? b.value : a.value;
          return Sum({Times(factor, {node.operands[i]}), other}, of(2));
        }
        // The variable with a factor first.
        return a.factor.valid() || !b.factor.valid() ? Fused(factor, a.value, b.value, of(2))
                                                     : Fused(factor, b.value, a.value, of(2));
      }
      default:
        break;
    }
    absl::InlinedVector<Value, 3> operands;
    for (size_t i = 0; i < node.inputs().size(); ++i) operands.push_back(Plain(of(i)));
    return {{}, EmitSimplified(builder_, node, operands)};
  }

  const OdeSystem& system_;
  ir::Builder& builder_;
  const Replacement& factors_;
  std::vector<bool> depends_;                // by node: true if a factor changes it
  std::vector<NodeId> nodes_;                // of the value
  std::unordered_map<NodeId, NodeId> same_;  // the first node that is the same
  std::unordered_map<NodeId, int> uses_;     // of first nodes, within the value
  std::unordered_map<NodeId, Scaled> now_;
};

}  // namespace

ir::Value EmitWithFactors(const OdeSystem& system, ir::Value value, const Replacement& factors) {
  if (factors.empty()) return value;
  return FactorMover(system, value, factors).Run(value);
}

}  // namespace bnsyn::compiler
