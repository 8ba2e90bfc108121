#include "kernel_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "compiler/passes/passes.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "reference/reduction.h"

namespace bnsyn::compiler {

GroupArray::GroupArray(ir::Element element, size_t size)
    : bytes_(static_cast<size_t>(ir::ElementBytes(element))),
      padded_size_((size + kGroup - 1) / kGroup * kGroup),
      data_(std::aligned_alloc(64, padded_size_ * bytes_)) {
  std::memset(data_.get(), 0, padded_size_ * bytes_);
}

ir::Bits GroupArray::bits(size_t i) const {
  ir::Bits bits = 0;
  std::memcpy(&bits, static_cast<const char*>(data_.get()) + i * bytes_, bytes_);
  return bits;
}

void GroupArray::set_bits(size_t i, ir::Bits bits) {
  std::memcpy(static_cast<char*>(data_.get()) + i * bytes_, &bits, bytes_);
}

ir::Program PlacedProgram(absl::string_view text) {
  absl::StatusOr<ir::Program> parsed = ir::Parse(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) std::abort();
  absl::StatusOr<ir::Program> placed = Place(*parsed, {});
  EXPECT_TRUE(placed.ok()) << placed.status();
  return *std::move(placed);
}

absl::StatusOr<KernelMachine> KernelMachine::Create(ir::Program placed,
                                                    const CompileOptions& options) {
  BNSYN_ASSIGN_OR_RETURN(const Target target, HostTarget());
  return Create(std::move(placed), options, target);
}

absl::StatusOr<KernelMachine> KernelMachine::Create(ir::Program placed,
                                                    const CompileOptions& options,
                                                    const Target& target) {
  CompileReport report;
  BNSYN_ASSIGN_OR_RETURN(std::unique_ptr<CompiledCode> code,
                         CompileKernels(placed, options, target, report));
  return KernelMachine(std::move(placed), std::move(code));
}

KernelMachine::KernelMachine(ir::Program program, std::unique_ptr<CompiledCode> code)
    : program_(std::move(program)), code_(std::move(code)), spikes_(program_.populations.size()) {
  const auto size = [this](ir::DomainId domain) {
    return domain == ir::DomainId::kNetwork ? 1 : program_.Size(domain);
  };
  for (const ir::State& state : program_.states) {
    states_.emplace_back(state.type.element, size(state.type.domain));
    for (size_t i = 0; i < states_.back().padded_size(); ++i) {
      states_.back().set_bits(i, state.initial);
    }
  }
  for (const ir::Param& param : program_.params) {
    params_.emplace_back(param.element, 1).set_bits(0, param.value);
  }
  for (const ir::Table& table : program_.tables) {
    GroupArray& numbers =
        tables_.emplace_back(ir::Element::kF64, table.rows() * table.columns.size());
    size_t place = 0;
    for (size_t row = 0; row < table.rows(); ++row) {
      for (const auto& column : table.values) numbers.set_bits(place++, ir::BitsOfF64(column[row]));
    }
  }
  for (const ir::Input& input : program_.inputs) {
    const size_t halves = input.accumulator.wide ? 2 : 1;
    const size_t groups = (size(input.population) + kGroup - 1) / kGroup;
    inputs_.emplace_back(ir::Element::kI64, halves * groups * kGroup);
  }
  for (size_t i = 0; i < program_.populations.size(); ++i) {
    counts_.emplace_back(ir::Element::kI64, 1);
  }
  for (const ir::Reduction& reduction : program_.reductions) {
    partials_.emplace_back(ir::Element::kF64, (size(reduction.population) + kGroup - 1) / kGroup);
    totals_.emplace_back(ir::Element::kF64, 1);
  }
}

std::vector<void*> KernelMachine::Slots(const ir::Block& block) {
  const auto writes = [&](uint32_t reduction) {
    return std::any_of(block.nodes.begin(), block.nodes.end(), [&](const ir::Node& n) {
      return n.op == ir::Op::kReduce && n.attr == reduction;
    });
  };
  std::vector<void*> slots;
  for (const ir::Slot& slot : block.slots) {
    switch (slot.kind) {
      case ir::AttrKind::kState:
        slots.push_back(states_[slot.index].data());
        break;
      case ir::AttrKind::kParam:
        slots.push_back(params_[slot.index].data());
        break;
      case ir::AttrKind::kTable:
        slots.push_back(tables_[slot.index].data());
        break;
      case ir::AttrKind::kInput:
        slots.push_back(inputs_[slot.index].data());
        break;
      case ir::AttrKind::kPopulation:
        slots.push_back(counts_[slot.index].data());
        break;
      case ir::AttrKind::kReduction:
        slots.push_back(writes(slot.index) ? partials_[slot.index].data()
                                           : totals_[slot.index].data());
        break;
      case ir::AttrKind::kStream:
        slots.push_back(const_cast<uint32_t*>(&slot.index));
        break;
      case ir::AttrKind::kNone:
      case ir::AttrKind::kLiteral:
      case ir::AttrKind::kLoop:
      case ir::AttrKind::kProjection:
        ADD_FAILURE() << "a slot of no kind";
    }
  }
  return slots;
}

void KernelMachine::RunKernel(const ir::Block& block) {
  const std::vector<void*> slots = Slots(block);
  const bool network = block.domain == ir::DomainId::kNetwork;
  const uint32_t size = network ? 1 : program_.Size(block.domain);
  const uint32_t middle = std::min(size, size / 2 / kGroup * kGroup);
  std::vector<std::vector<uint32_t>> lists;
  for (const ir::Node& node : block.nodes) {
    if (node.op == ir::Op::kSpike) lists.emplace_back(size);
  }
  std::vector<SpikeOutput> outputs;
  for (std::vector<uint32_t>& list : lists) outputs.push_back({list.data(), 0});
  KernelArgs args = {};
  args.slots = slots.data();
  args.step = step;
  args.seed = program_.seed;
  args.spikes = outputs.data();
  const KernelFunction kernel = code_->kernel(block.code);
  ASSERT_NE(kernel, nullptr);
  for (const auto& [begin, end] : {std::pair{0u, middle}, std::pair{middle, size}}) {
    if (begin == end && !network) continue;
    args.begin = begin;
    args.end = end;
    kernel(&args);
    if (network) break;
  }
  fault_ |= args.fault != 0;
  size_t spiking = 0;
  for (const ir::Node& node : block.nodes) {
    if (node.op == ir::Op::kSpike) {
      lists[spiking].resize(outputs[spiking].count);
      counts_[node.attr].set_bits(0, lists[spiking].size());
      spikes_[node.attr] = std::move(lists[spiking++]);
    } else if (node.op == ir::Op::kReduce) {
      const size_t groups = (size + kGroup - 1) / kGroup;
      const auto* sums = static_cast<const double*>(partials_[node.attr].data());
      std::vector<double> partials(sums, sums + groups);
      totals_[node.attr].set_bits(0, ir::BitsOfF64(reference::TreeSum(absl::MakeSpan(partials))));
    }
  }
}

void KernelMachine::Step() {
  fault_ = false;
  for (const ir::Block& block : program_.step) RunKernel(block);
  ++step;
}

}  // namespace bnsyn::compiler
