#include "compiler/equations/differentiate.h"

#include <numbers>
#include <unordered_map>
#include <vector>

#include "compiler/analysis/facts.h"
#include "compiler/analysis/node_algebra.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;

// The rules of differentiation. An invalid derivative stands for 0, so that terms that do not
// depend on the variable leave no nodes behind.
class Rules {
 public:
  explicit Rules(ir::Builder& builder) : builder_(builder) {}

  // The derivative of `node`, of value `self`, whose operands have the derivatives `d`; not all of
  // them are 0. nullopt where there is none.
  std::optional<Value> Of(const ir::Node& node, Value self, const Value (&d)[3]);

 private:
  Value Operand(const ir::Node& node, size_t i) const { return {node.operands[i]}; }
  Value Number(double number) { return builder_.F64(number); }
  Value Make(Op op, absl::Span<const Value> operands) {
    return EmitSimplified(builder_, op, operands);
  }
  Value Plus(Value a, Value b) {
    if (!a.valid()) return b;
    return b.valid() ? Make(Op::kAdd, {a, b}) : a;
  }
  Value Minus(Value a, Value b) {
    if (!b.valid()) return a;
    return a.valid() ? Make(Op::kSub, {a, b}) : Make(Op::kNeg, {b});
  }
  Value Times(Value a, Value b) {
    if (!a.valid() || !b.valid()) return {};
    return Make(Op::kMul, {a, b});
  }
  Value Over(Value a, Value b) { return a.valid() ? Make(Op::kDiv, {a, b}) : Value{}; }
  // The derivative that stands on the side of `condition`.
  Value Choose(Value condition, Value yes, Value no) {
    if (!yes.valid()) yes = Number(0);
    if (!no.valid()) no = Number(0);
    return Make(Op::kSelect, {condition, yes, no});
  }
  Value Square(Value a) { return Make(Op::kMul, {a, a}); }

  // 2/sqrt(pi) e^(-a^2), the derivative of erf.
  Value GaussOf(Value a) {
    const Value exponential = Make(Op::kExp, {Make(Op::kNeg, {Square(a)})});
    return Make(Op::kMul, {Number(2 * std::numbers::inv_sqrtpi), exponential});
  }

  Value OfPower(Value a, Value b, Value self, Value da, Value db);
  Value OfExprel(Value a, Value self, Value da);

  ir::Builder& builder_;
};

// a^b = e^(b log a): b a^(b-1) da + a^b log(a) db.
Value Rules::OfPower(Value a, Value b, Value self, Value da, Value db) {
  const Value lower = Make(Op::kPow, {a, Make(Op::kSub, {b, Number(1)})});
  return Plus(Times(Make(Op::kMul, {b, lower}), da),
              db.valid() ? Times(Make(Op::kMul, {self, Make(Op::kLog, {a})}), db) : Value{});
}

// exprel(a) = (e^a - 1)/a has the derivative (e^a - exprel(a))/a, 1/2 at 0.
Value Rules::OfExprel(Value a, Value self, Value da) {
  const Value slope = Make(Op::kDiv, {Make(Op::kSub, {Make(Op::kExp, {a}), self}), a});
  return Times(Choose(Make(Op::kEq, {a, Number(0)}), Number(0.5), slope), da);
}

std::optional<Value> Rules::Of(const ir::Node& node, Value self, const Value (&d)[3]) {
  const Value a = Operand(node, 0);
  const Value b = Operand(node, 1);
  switch (node.op) {
    case Op::kAdd:
      return Plus(d[0], d[1]);
    case Op::kSub:
      return Minus(d[0], d[1]);
    case Op::kMul:
      return Plus(Times(d[0], b), Times(a, d[1]));
    case Op::kDiv:
      // d(a/b) = da/b - (a/b) db/b.
      return Minus(Over(d[0], b), Over(Times(self, d[1]), b));
    case Op::kRem:
      // The quotient jumps.
      if (d[1].valid()) return std::nullopt;
      return d[0];
    case Op::kFma:
      return Plus(Plus(Times(d[0], b), Times(a, d[1])), d[2]);
    case Op::kNeg:
      return Minus({}, d[0]);
    case Op::kAbs:
      return Choose(Make(Op::kLt, {a, Number(0)}), Minus({}, d[0]), d[0]);
    case Op::kSqrt:
      return Over(d[0], Make(Op::kMul, {Number(2), self}));
    case Op::kMin:
      return Choose(Make(Op::kLt, {b, a}), d[1], d[0]);
    case Op::kMax:
      return Choose(Make(Op::kLt, {a, b}), d[1], d[0]);
    case Op::kExp:
      return Times(self, d[0]);
    case Op::kExpm1:
      return Times(Make(Op::kExp, {a}), d[0]);
    case Op::kExprel:
    case Op::kExprelSmall:
      return OfExprel(a, self, d[0]);
    case Op::kLog:
      return Over(d[0], a);
    case Op::kLog1p:
      return Over(d[0], Make(Op::kAdd, {Number(1), a}));
    case Op::kPow:
      return OfPower(a, b, self, d[0], d[1]);
    case Op::kTanh:
      return Times(Make(Op::kSub, {Number(1), Square(self)}), d[0]);
    case Op::kLogistic:
      return Times(Make(Op::kMul, {self, Make(Op::kSub, {Number(1), self})}), d[0]);
    case Op::kSin:
      return Times(Make(Op::kCos, {a}), d[0]);
    case Op::kCos:
      return Minus({}, Times(Make(Op::kSin, {a}), d[0]));
    case Op::kTan:
      return Times(Make(Op::kAdd, {Number(1), Square(self)}), d[0]);
    case Op::kSinh:
      return Times(Make(Op::kCosh, {a}), d[0]);
    case Op::kCosh:
      return Times(Make(Op::kSinh, {a}), d[0]);
    case Op::kAsin:
      return Over(d[0], Make(Op::kSqrt, {Make(Op::kSub, {Number(1), Square(a)})}));
    case Op::kAcos:
      return Minus({}, Over(d[0], Make(Op::kSqrt, {Make(Op::kSub, {Number(1), Square(a)})})));
    case Op::kAtan:
      return Over(d[0], Make(Op::kAdd, {Number(1), Square(a)}));
    case Op::kLog10:
      return Over(d[0], Make(Op::kMul, {a, Number(std::numbers::ln10)}));
    case Op::kLog2:
      return Over(d[0], Make(Op::kMul, {a, Number(std::numbers::ln2)}));
    case Op::kExp2:
      return Times(Make(Op::kMul, {self, Number(std::numbers::ln2)}), d[0]);
    case Op::kCbrt:
      return Over(d[0], Make(Op::kMul, {Number(3), Square(self)}));
    case Op::kAtan2:
      return Over(Minus(Times(d[0], b), Times(a, d[1])), Make(Op::kAdd, {Square(a), Square(b)}));
    case Op::kHypot:
      return Over(Plus(Times(a, d[0]), Times(b, d[1])), self);
    case Op::kErf:
      return Times(GaussOf(a), d[0]);
    case Op::kErfc:
      return Minus({}, Times(GaussOf(a), d[0]));
    case Op::kSelect:
      // The chosen values may depend on the variable; the condition does not.
      return Choose(a, d[1], d[2]);
    case Op::kLiteral:
    case Op::kStep:
    case Op::kIndex:
    case Op::kFloor:
    case Op::kCeil:
    case Op::kRint:
    case Op::kConvert:
    case Op::kBitcast:
    case Op::kRandom:
#define BNSYN_PLAIN(...)
#define BNSYN_COMPARISON(name, ...) case Op::k##name:
#define BNSYN_BITWISE(name, ...) case Op::k##name:
#define BNSYN_DRAW(name, ...) case Op::k##name:
#define BNSYN_ENGINE(name, ...) case Op::k##name:
#include "ir/ops.def"
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Value> Differentiate(ir::Builder& builder, Value value, Value variable,
                                   Value tangent) {
  const std::vector<bool> depends = DependentsOf(builder, {variable}, value);
  if (!depends[value.id]) return builder.F64(0);
  // The nodes on the way from `variable` to `value`.
  const std::vector<ir::NodeId> nodes = NodesOf(builder, value, variable.id);
  std::vector<bool> needed(value.id + 1);
  needed[value.id] = true;
  for (auto id = nodes.rbegin(); id != nodes.rend(); ++id) {
    if (!needed[*id] || *id == variable.id) continue;
    for (const ir::NodeId operand : builder.node({*id}).inputs()) {
      if (depends[operand]) needed[operand] = true;
    }
  }
  Rules rules(builder);
  std::unordered_map<ir::NodeId, Value> derivative;
  for (const ir::NodeId id : nodes) {
    if (!needed[id]) continue;
    if (id == variable.id) {
      derivative[id] = tangent;
      continue;
    }
    const ir::Node node = builder.node({id});
    if (node.op == Op::kSelect && depends[node.operands[0]]) return std::nullopt;
    Value d[3];
    for (size_t i = 0; i < node.inputs().size(); ++i) d[i] = derivative[node.operands[i]];
    const std::optional<Value> found = rules.Of(node, {id}, d);
    if (!found.has_value()) return std::nullopt;
    derivative[id] = *found;
  }
  return derivative[value.id].valid() ? derivative[value.id] : builder.F64(0);
}

}  // namespace bnsyn::compiler
