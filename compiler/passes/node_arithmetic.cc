#include "compiler/passes/node_arithmetic.h"

#include <utility>
#include <vector>

namespace bnsyn::compiler {

uint32_t TermRecorder::Record(ir::Op op, ir::Element element, Operands operands) {
  entries_.push_back({op, element, std::move(operands), 0, {}});
  return static_cast<uint32_t>(entries_.size() - 1);
}

uint32_t TermRecorder::RecordLiteral(ir::Element element, ir::Bits bits) {
  entries_.push_back({ir::Op::kLiteral, element, {}, bits, {}});
  return static_cast<uint32_t>(entries_.size() - 1);
}

uint32_t TermRecorder::RecordValue(ir::Value value) {
  const ir::Node& node = builder_.node(value);
  entries_.push_back({node.op, node.element, {}, 0, value});
  return static_cast<uint32_t>(entries_.size() - 1);
}

ir::Value TermRecorder::Write(uint32_t number) {
  Entry& entry = entries_[number];
  if (entry.value.valid()) return entry.value;
  std::vector<ir::Value> operands;
  for (const uint32_t operand : entry.operands) operands.push_back(Write(operand));
  if (entry.op == ir::Op::kLiteral) {
    entry.value = builder_.Literal(entry.element, entry.literal);
  } else if (entry.op == ir::Op::kConvert) {
    entry.value = builder_.Convert(operands[0], entry.element);
  } else if (entry.op == ir::Op::kBitcast) {
    entry.value = builder_.Bitcast(operands[0], entry.element);
  } else {
    entry.value = builder_.Emit(entry.op, operands);
  }
  return entry.value;
}

}  // namespace bnsyn::compiler
