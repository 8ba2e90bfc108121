#include "reference/contribution.h"

#include <cmath>
#include <limits>
#include <vector>

#include "reference/evaluate.h"

namespace bnsyn::reference {
namespace {

// The value of one node of a synapse, or nullopt unless it is static.
std::optional<ir::Bits> StaticValue(const ir::Program& program, const ir::Block& block,
                                    const ir::Node& node,
                                    const std::vector<std::optional<ir::Bits>>& values,
                                    double weight) {
  if (node.op == ir::Op::kWeight) return ir::BitsOfF64(weight);
  if (node.op == ir::Op::kParam) {
    const ir::Param& param = program.params[node.attr];
    if (param.tunable) return std::nullopt;
    return param.value;
  }
  // What depends on the evaluation point differs from step to step or synapse to synapse.
  if (!IsEvaluable(node.op) || ir::IsDraw(node.op) || node.op == ir::Op::kStep ||
      node.op == ir::Op::kIndex) {
    return std::nullopt;
  }
  std::vector<ir::Element> elements;
  std::vector<ir::Bits> operands;
  for (const ir::NodeId id : node.inputs()) {
    if (!values[id]) return std::nullopt;
    elements.push_back(block.nodes[id].element);
    operands.push_back(*values[id]);
  }
  return Fold(node, elements, operands);
}

}  // namespace

std::optional<double> StaticContribution(const ir::Program& program, const ir::Block& block,
                                         ir::NodeId node, double weight) {
  const ir::NodeId operand = block.nodes[node].operands[0];
  std::vector<std::optional<ir::Bits>> values;
  for (ir::NodeId id = 0; id <= operand; ++id) {
    values.push_back(StaticValue(program, block, block.nodes[id], values, weight));
  }
  if (!values[operand]) return std::nullopt;
  return ir::F64OfBits(*values[operand]);
}

int64_t ToQuanta(double value, int quantum_log2) {
  constexpr double kSaturated = 0x1p62;
  // Exact, but where it underflows, and that rounds to 0 all the same.
  const double quanta = std::nearbyint(std::ldexp(value, -quantum_log2));
  if (!(quanta < kSaturated)) return int64_t{1} << 62;
  if (!(quanta > -kSaturated)) return -(int64_t{1} << 62);
  return static_cast<int64_t>(quanta);
}

double FromQuanta(int64_t quanta, int quantum_log2) {
  return std::ldexp(static_cast<double>(quanta), quantum_log2);
}

int QuantumFor(double largest) {
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  const int quantum = exponent - 31;
  // A number just below a power of two may round up to it.
  return ToQuanta(largest, quantum) > std::numeric_limits<int32_t>::max() ? quantum + 1 : quantum;
}

}  // namespace bnsyn::reference
