#include "ir/builder.h"

#include <stdexcept>
#include <string>

namespace bnsyn::ir {
namespace {

// A Bits value has zeros above its element's width.
Bits Truncated(Element element, Bits bits) {
  switch (ElementBytes(element)) {
    case 8:
      return bits;
    case 4:
      return bits & 0xffffffff;
    default:
      return bits & 1;
  }
}

}  // namespace

Builder::Builder(const Program& program, Block& block) : program_(program), block_(block) {
  for (size_t i = 0; i < block.nodes.size(); ++i) Number(static_cast<NodeId>(i));
}

NodeId* Builder::Known(const Node& node) {
  const OpInfo& info = Info(node.op);
  if (info.effect == Effect::kWrite && !IsExpectation(node.op)) return nullptr;
  NodeId c = node.operands[2];
  if (info.effect == Effect::kRead) {
    // A read has no third operand: the version of the symbol that it reads takes its place.
    c = version_[{info.attr, node.attr}];
  }
  const Key key = {node.op, node.element, node.domain, node.operands[0], node.operands[1],
                   c,       node.attr};
  return &values_.try_emplace(key, kNoNode).first->second;
}

void Builder::Number(NodeId id) {
  const Node& node = block_.nodes[id];
  const OpInfo& info = Info(node.op);
  if (node.op == Op::kRun) {
    for (const Node& inner : program_.loops[node.attr].nodes) {
      const OpInfo& of_inner = Info(inner.op);
      if (of_inner.effect == Effect::kWrite && !IsExpectation(inner.op)) {
        ++version_[{of_inner.attr, inner.attr}];
      }
    }
  } else if (info.effect == Effect::kWrite && !IsExpectation(node.op)) {
    ++version_[{info.attr, node.attr}];
  } else if (NodeId* known = Known(node); *known == kNoNode) {
    *known = id;
  }
}

Value Builder::F64(double value) { return Literal(Element::kF64, BitsOfF64(value)); }
Value Builder::F32(float value) { return Literal(Element::kF32, BitsOfF32(value)); }
Value Builder::Bool(bool value) { return Literal(Element::kBool, value ? 1 : 0); }

Value Builder::Literal(Element element, Bits bits) {
  return Emit(Op::kLiteral, {element, DomainId::kNetwork}, {}, Truncated(element, bits));
}

Value Builder::Emit(Op op, absl::Span<const Value> operands, uint64_t attr) {
  return Emit(op, Type{}, operands, attr);
}

Value Builder::Emit(Op op, Type type, absl::Span<const Value> operands, uint64_t attr) {
  Type types[3];
  Node node;
  for (size_t i = 0; i < operands.size() && i < 3; ++i) {
    node.operands[i] = operands[i].id;
    types[i] = this->type(operands[i]);
  }
  const absl::StatusOr<Type> result =
      ResultType(program_, block_, op, absl::MakeConstSpan(types, operands.size()), attr, type);
  if (!result.ok()) throw std::logic_error(std::string(result.status().message()));
  node.op = op;
  node.element = result->element;
  node.domain = result->domain;
  node.attr = attr;

  if (NodeId* known = Known(node); known != nullptr && *known != kNoNode) {
    return HasResult(op) ? Value{*known} : Value{};
  }
  const auto id = static_cast<NodeId>(block_.nodes.size());
  block_.nodes.push_back(node);
  Number(id);
  return HasResult(op) ? Value{id} : Value{};
}

Value Builder::Convert(Value a, Element to) {
  return Emit(Op::kConvert, {to, type(a).domain}, {a});
}

Value Builder::Bitcast(Value a, Element to) {
  return Emit(Op::kBitcast, {to, type(a).domain}, {a});
}

Value Builder::Load(StateId state) {
  return Emit(Op::kLoad, program_.states[state].type, {}, state);
}

void Builder::Store(StateId state, Value a) { Emit(Op::kStore, {a}, state); }

void Builder::Check(StateId state, Value a) { Emit(Op::kCheck, {a}, state); }

Value Builder::Take(InputId input) {
  return Emit(Op::kTake, {Element::kF64, program_.inputs[input].population}, {}, input);
}

Value Builder::Param(ParamId param) {
  return Emit(Op::kParam, {program_.params[param].element, DomainId::kNetwork}, {}, param);
}

Value Builder::Lookup(TableId table, Value row, Value column) {
  return Emit(Op::kLookup, {row, column}, table);
}

}  // namespace bnsyn::ir
