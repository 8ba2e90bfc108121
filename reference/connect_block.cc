#include "reference/connect_block.h"

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "reference/columns.h"
#include "reference/evaluate.h"
#include "reference/functions.h"
#include "reference/philox.h"

namespace bnsyn::reference {
namespace {

// For each synapse, the number of earlier synapses of the same pair.
std::vector<uint32_t> Occurrences(absl::Span<const uint32_t> targets) {
  std::vector<uint32_t> occurrences(targets.size());
  for (size_t i = 1; i < targets.size(); ++i) {
    if (Mutant("R3.occurrence_of_a_pair")) continue;
    if (targets[i] == targets[i - 1]) occurrences[i] = occurrences[i - 1] + 1;
  }
  return occurrences;
}

double ValueOf(ir::Op op, double argument, SynapseBits bits) {
  if (op == ir::Op::kUniform) return UniformFromBits(bits.first, bits.second);
  if (op == ir::Op::kNormal) return NormalFromBits(bits.first, bits.second);
  if (op == ir::Op::kExponential) return ExponentialFromBits(bits.first, bits.second);
  return PoissonFromBits(argument, bits.first, bits.second);
}

}  // namespace

SynapseBits SynapseRandomBits(uint64_t seed, uint32_t stream, uint32_t source, uint32_t target,
                              uint32_t occurrence) {
  const auto words = Philox4x32({target, source, occurrence, stream},
                                {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return {words[0], words[1]};
}

absl::Status PairFault(const ir::Program& program, ir::ProjectionId id, uint32_t source,
                       uint32_t target, absl::string_view what, absl::string_view value,
                       absl::string_view advice) {
  const ir::Projection& projection = program.projections[id];
  return absl::InvalidArgumentError(
      absl::StrCat("projection ", projection.name, ": from neuron ", source, " of ",
                   program.populations[projection.source].name, " to neuron ", target, " of ",
                   program.populations[projection.target].name, " the ", what, " is ", value,
                   "\n  note: ", advice));
}

ConnectBlock::ConnectBlock(const ir::Program& program, const ir::Block& block,
                           absl::Span<const Array> states)
    : program_(program), block_(block), states_(states) {}

ir::NodeId ConnectBlock::Find(ir::Op op) const {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    if (block_.nodes[id].op == op) return id;
  }
  return ir::kNoNode;
}

ir::NodeId ConnectBlock::FindStore(ir::StateId state) const {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    if (block_.nodes[id].op == ir::Op::kStore && block_.nodes[id].attr == state) return id;
  }
  return ir::kNoNode;
}

Array ConnectBlock::Draw(const ir::Node& node, const ConnectRow& row,
                         const std::vector<Array>& values,
                         const std::vector<uint32_t>& occurrences) const {
  const auto stream = static_cast<uint32_t>(node.attr >> 32);
  Array result(node.element, row.targets.size());
  for (size_t i = 0; i < row.targets.size(); ++i) {
    const SynapseBits bits =
        SynapseRandomBits(program_.seed, stream, row.source, row.targets[i], occurrences[i]);
    double argument = 0;
    if (!node.inputs().empty()) {
      const Array& operand = values[node.operands[0]];
      argument = operand.as<double>()[operand.size() == 1 ? 0 : i];
    }
    if (node.op == ir::Op::kRandom) {
      result.as<uint32_t>()[i] = bits.first;
    } else if (node.op == ir::Op::kBernoulli) {
      result.as<bool>()[i] = BernoulliFromBits(argument, bits.first);
    } else {
      result.as<double>()[i] = ValueOf(node.op, argument, bits);
    }
  }
  return result;
}

Array ConnectBlock::RunNode(const ir::Node& node, const ConnectRow& row,
                            const std::vector<Array>& values,
                            const std::vector<uint32_t>& occurrences) const {
  const bool uniform = node.domain == ir::DomainId::kNetwork;
  if (!uniform && ir::Info(node.op).attr == ir::AttrKind::kStream) {
    return Draw(node, row, values, occurrences);
  }
  Array result(node.element, uniform ? 1 : row.targets.size());
  if (IsEvaluable(node.op)) {
    std::vector<ArrayView> operands;
    for (const ir::NodeId operand : node.inputs()) operands.push_back(values[operand].view());
    Evaluate(node, {program_.seed, 0, 0}, operands, result);
    return result;
  }
  if (node.op == ir::Op::kLookup) {
    LookUp(program_.tables[node.attr], values[node.operands[0]].view(),
           values[node.operands[1]].view(), result);
    return result;
  }
  // All other ops read the program, its states and the two neurons.
  if (node.op == ir::Op::kParam) {
    result.Fill(program_.params[node.attr].value);
  } else if (node.op == ir::Op::kLoad) {
    result.Fill(states_[node.attr].bits(0));
  } else if (node.op == ir::Op::kLoadPre) {
    result.Fill(states_[node.attr].bits(row.source));
  } else if (node.op == ir::Op::kIndexPre) {
    result.Fill(row.source);
  }
  for (size_t i = 0; i < row.targets.size(); ++i) {
    if (node.op == ir::Op::kLoadPost) {
      result.set_bits(i, states_[node.attr].bits(row.targets[i]));
    } else if (node.op == ir::Op::kIndexPost) {
      result.as<uint32_t>()[i] = row.targets[i];
    } else if (node.op == ir::Op::kWeight) {
      result.as<double>()[i] =
          row.weights[row.weights.size() == 1 || Mutant("R8.weight_before") ? 0 : i];
    }
  }
  return result;
}

Array ConnectBlock::RunUpTo(ir::NodeId end, const ConnectRow& row) const {
  std::vector<bool> needed(end + size_t{1});
  needed[end] = true;
  for (ir::NodeId id = end + 1; id-- > 0;) {
    if (!needed[id]) continue;
    for (const ir::NodeId operand : block_.nodes[id].inputs()) needed[operand] = true;
  }
  const std::vector<uint32_t> occurrences = Occurrences(row.targets);
  std::vector<Array> values(end);
  for (ir::NodeId id = 0; id < end; ++id) {
    if (needed[id]) values[id] = RunNode(block_.nodes[id], row, values, occurrences);
  }
  const Array& set = values[block_.nodes[end].operands[0]];
  if (set.size() == row.targets.size()) return set;
  Array spread(set.element(), row.targets.size());
  spread.Fill(set.bits(0));
  return spread;
}

}  // namespace bnsyn::reference
