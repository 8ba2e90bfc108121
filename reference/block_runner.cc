#include "reference/block_runner.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "reference/columns.h"
#include "reference/evaluate.h"
#include "reference/fault.h"
#include "reference/input_proof.h"
#include "reference/reduction.h"

namespace bnsyn::reference {
namespace {

// Converts an array of any element type.
Array AsDoubles(const ArrayView& values) {
  ir::Node convert;
  convert.op = ir::Op::kConvert;
  convert.element = ir::Element::kF64;
  Array result(ir::Element::kF64, values.size);
  Evaluate(convert, EvaluationPoint{}, {values}, result);
  return result;
}

}  // namespace

BlockRunner::BlockRunner(const ir::Block& block, Machine& machine)
    : block_(block),
      machine_(machine),
      values_(block.nodes.size()),
      is_static_(block.nodes.size()) {
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    if (block.nodes[id].op != ir::Op::kAccumulate) continue;
    is_static_[id] = AddsStatic(machine.program, block, id);
  }
}

size_t BlockRunner::Size(ir::DomainId domain) const {
  return IsOfSynapses(machine_.program, domain) ? synapses_.size() : machine_.program.Size(domain);
}

const SynapseTable& BlockRunner::Table() const {
  return machine_.synapses[machine_.program.domains[static_cast<size_t>(block_.domain)].index];
}

void BlockRunner::Run() {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) RunNode(id);
}

void BlockRunner::Run(absl::Span<const uint64_t> synapses) {
  synapses_ = synapses;
  Run();
}

void BlockRunner::RunNode(ir::NodeId id) {
  const ir::Node& node = block_.nodes[id];
  Array& result = values_[id];
  if (ir::HasResult(node.op)) {
    const size_t size = Size(node.domain);
    if (result.element() != node.element || result.size() != size) {
      result = Array(node.element, size);
    }
  }
  if (IsEvaluable(node.op)) {
    std::vector<ArrayView> operands;
    for (const ir::NodeId operand : node.inputs()) operands.push_back(values_[operand].view());
    Evaluate(node, {machine_.program.seed, machine_.step, 0}, operands, result);
    return;
  }
  switch (node.op) {
    case ir::Op::kParam:
      return result.Fill(machine_.params[node.attr]);
    case ir::Op::kLookup:
      return LookUp(machine_.program.tables[node.attr], values_[node.operands[0]].view(),
                    values_[node.operands[1]].view(), result);
    case ir::Op::kLoad:
      return Load(node, result);
    case ir::Op::kLoadPre:
    case ir::Op::kLoadPost:
    case ir::Op::kIndexPre:
    case ir::Op::kIndexPost:
    case ir::Op::kWeight:
    case ir::Op::kAccumulate:
      return RunSynapseNode(node, result);
    case ir::Op::kRunOnStep: {
      const auto projection = static_cast<ir::ProjectionId>(node.attr);
      BlockRunner(*machine_.program.FindSynaptic(ir::BlockKind::kOnStep, projection), machine_)
          .Run(machine_.synapses[projection].All());
      return;
    }
    case ir::Op::kRunOnPost:
      return RunOnPost(static_cast<ir::ProjectionId>(node.attr));
    case ir::Op::kStore:
      return Store(node);
    case ir::Op::kCheck:
      return Check(node);
    case ir::Op::kTake:
      return Take(node, result);
    case ir::Op::kHeld:
      return Held(static_cast<ir::InputId>(node.attr), result);
    case ir::Op::kScale: {
      const AccumulatorArithmetic& sum = machine_.accumulators[node.attr];
      *result.as<double>() = sum.ScaleAfter(sum.PhaseOf(machine_.step));
      return;
    }
    case ir::Op::kSpike:
      return Spike(node);
    case ir::Op::kCount:
      *result.as<int64_t>() = static_cast<int64_t>(machine_.spikes[node.attr].size());
      return;
    case ir::Op::kReduce:
      return Reduce(node);
    case ir::Op::kTotal:
      *result.as<double>() = machine_.totals[node.attr];
      return;

    case ir::Op::kSetProbability:
    case ir::Op::kSetWeight:
    case ir::Op::kSetDelay:
      return;  // stand in connect blocks, which Connectivity runs

    case ir::Op::kLiteral:
    case ir::Op::kStep:
    case ir::Op::kIndex:
    case ir::Op::kPow:
    case ir::Op::kRandom:
#define BNSYN_PLAIN(name, ...) case ir::Op::k##name:
#define BNSYN_FUNCTION(name, ...) case ir::Op::k##name:
#define BNSYN_DRAW(name, ...) case ir::Op::k##name:
#include "ir/ops.def"
      return;  // evaluable: done above
  }
}

void BlockRunner::Load(const ir::Node& node, Array& result) const {
  const Array& state = machine_.states[node.attr];
  if (!IsOfSynapses(machine_.program, node.domain)) {
    result = state;
    return;
  }
  for (size_t i = 0; i < synapses_.size(); ++i) result.set_bits(i, state.bits(synapses_[i]));
}

// Ops that read the two neurons of each synapse, or add to its target.
void BlockRunner::RunSynapseNode(const ir::Node& node, Array& result) {
  const SynapseTable& table = Table();
  const auto projection = machine_.program.domains[static_cast<size_t>(block_.domain)].index;
  for (size_t i = 0; i < synapses_.size(); ++i) {
    const uint64_t synapse = synapses_[i];
    if (node.op == ir::Op::kLoadPre) {
      result.set_bits(i, machine_.states[node.attr].bits(table.source(synapse)));
    } else if (node.op == ir::Op::kLoadPost) {
      result.set_bits(i, machine_.states[node.attr].bits(table.target(synapse)));
    } else if (node.op == ir::Op::kIndexPre) {
      result.as<uint32_t>()[i] = table.source(synapse);
    } else if (node.op == ir::Op::kIndexPost) {
      result.as<uint32_t>()[i] = table.target(synapse);
    } else if (node.op == ir::Op::kWeight) {
      result.as<double>()[i] = table.weight(synapse);
    } else {
      const Array& operand = values_[node.operands[0]];
      const auto input = static_cast<ir::InputId>(node.attr);
      const double value = operand.as<double>()[operand.size() == 1 ? 0 : i];
      if (is_static_[static_cast<size_t>(&node - block_.nodes.data())]) {
        machine_.AddStatic(input, table.target(synapse), value);
      } else {
        machine_.AddComputed(projection, input, table.target(synapse), value);
      }
    }
  }
}

void BlockRunner::RunOnPost(ir::ProjectionId projection) {
  const ir::Program& program = machine_.program;
  BlockRunner on_post(*program.FindSynaptic(ir::BlockKind::kOnPost, projection), machine_);
  for (const uint32_t target : machine_.spikes[program.projections[projection].target]) {
    on_post.Run(machine_.synapses[projection].Onto(target));
  }
}

void BlockRunner::Store(const ir::Node& node) {
  Array& state = machine_.states[node.attr];
  const ArrayView value = Operand(node);
  const bool of_synapses = IsOfSynapses(machine_.program, node.domain);
  const size_t size = of_synapses ? synapses_.size() : state.size();
  for (size_t i = 0; i < size; ++i) {
    state.set_bits(of_synapses ? synapses_[i] : i, value.bits(value.size == 1 ? 0 : i));
  }
}

void BlockRunner::Check(const ir::Node& node) {
  const Array values = AsDoubles(Operand(node));
  for (size_t i = 0; i < values.size(); ++i) {
    if (!WithinBounds(machine_.program.states[node.attr], values.as<double>()[i])) {
      machine_.check_failed = true;
    }
  }
}

void BlockRunner::Take(const ir::Node& node, Array& result) {
  const auto input = static_cast<ir::InputId>(node.attr);
  const int scale = machine_.program.inputs[input].accumulator.scale_log2;
  const SumLimits limits = LimitsOf(machine_.program.inputs[input].accumulator);
  std::vector<Quanta>& sums = machine_.inputs[input];
  for (uint32_t i = 0; i < sums.size(); ++i) {
    if (!limits.Holds(sums[i]) && machine_.input_fault.ok()) {
      machine_.input_fault = DescribeSumFault(machine_.program, machine_.step, input, i, sums[i]);
    }
    result.as<double>()[i] = FromQuanta(sums[i], scale);
    sums[i] = 0;
  }
}

void BlockRunner::Held(ir::InputId input, Array& result) const {
  const std::vector<Quanta>& sums = machine_.inputs[input];
  for (size_t i = 0; i < sums.size(); ++i) {
    result.as<double>()[i] = static_cast<double>(sums[i]);
  }
}

void BlockRunner::Spike(const ir::Node& node) {
  const ArrayView spikes = Operand(node);
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < machine_.program.populations[node.attr].size; ++i) {
    if (spikes.bits(spikes.size == 1 ? 0 : i) != 0) found.push_back(i);
  }
  // A neuron that already spiked in this step does not spike twice.
  std::vector<uint32_t>& all = machine_.spikes[node.attr];
  std::vector<uint32_t> merged;
  std::set_union(all.begin(), all.end(), found.begin(), found.end(), std::back_inserter(merged));
  all = std::move(merged);
}

void BlockRunner::Reduce(const ir::Node& node) {
  const size_t size = machine_.program.Size(machine_.program.reductions[node.attr].population);
  const Array& operand = values_[node.operands[0]];
  std::vector<double> values(size, operand.as<double>()[0]);
  if (operand.size() != 1) std::copy_n(operand.as<double>(), size, values.begin());
  std::vector<double> partials;
  for (size_t i = 0; i < size; i += kReductionGroup) {
    partials.push_back(GroupSum(absl::MakeConstSpan(values).subspan(i, kReductionGroup)));
  }
  machine_.totals[node.attr] = TreeSum(absl::MakeSpan(partials));
}

}  // namespace bnsyn::reference
