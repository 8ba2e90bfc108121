#include "runtime/exchange/epoch.h"

#include <algorithm>
#include <vector>

#include "ir/access.h"
#include "ir/mutant.h"

namespace bnsyn {
namespace {

bool Stores(const ir::Block& block, uint64_t state) {
  return std::any_of(block.nodes.begin(), block.nodes.end(), [state](const ir::Node& node) {
    return node.op == ir::Op::kStore && node.attr == state;
  });
}

bool SynapsesNeedOthers(const ir::Program& program, const ir::Block& block) {
  for (const ir::Node& node : block.nodes) {
    if (node.op == ir::Op::kAccumulatePre) return true;
    if (node.op != ir::Op::kLoadPre && node.op != ir::Op::kGather) continue;
    for (const ir::Block& kernel : program.step) {
      if (Stores(kernel, node.attr)) return true;
    }
  }
  return false;
}

// True if a block reads the past of neurons, which other threads write from step to step.
bool ReadsPast(const ir::Program& program, const ir::Block& block) {
  return std::any_of(block.nodes.begin(), block.nodes.end(), [&](const ir::Node& node) {
    return node.op == ir::Op::kPast && !program.states[node.attr].type.uniform();
  });
}

// True if a node of the step needs more from other threads than their spikes.
bool NeedsOthers(const ir::Program& program, const ir::Block& block, const ir::Node& node) {
  if (node.op == ir::Op::kPast) {
    // Each thread has a copy of a uniform state.
    return !program.states[node.attr].type.uniform() &&
           ir::ElementRead(program, block, node) != ir::ReadElement::kOwn;
  }
  if (node.op == ir::Op::kRunOnStep) {
    const auto id = static_cast<ir::ProjectionId>(node.attr);
    const std::vector<const ir::Block*> blocks = program.SynapticOf(ir::BlockKind::kOnStep, id);
    return std::any_of(blocks.begin(), blocks.end(), [&](const ir::Block* on_step) {
      return SynapsesNeedOthers(program, *on_step) || ReadsPast(program, *on_step);
    });
  }
  return node.op == ir::Op::kCount || node.op == ir::Op::kReduce || node.op == ir::Op::kTotal ||
         node.op == ir::Op::kGather || node.op == ir::Op::kRunSums || node.op == ir::Op::kDeliver;
}

}  // namespace

bool NeedsOthers(const ir::Program& program, const ir::Block& kernel) {
  for (const ir::Node& node : kernel.nodes) {
    if (NeedsOthers(program, kernel, node)) return true;
  }
  return false;
}

bool DeliveryNeedsOthers(const ir::Program& program) {
  return std::any_of(program.synaptic.begin(), program.synaptic.end(), [&](const ir::Block& block) {
    return block.kind != ir::BlockKind::kOnStep && SynapsesNeedOthers(program, block);
  });
}

uint32_t StepsPerEpoch(const ir::Program& program, const Layout& layout, int threads) {
  if (threads == 1) return 1;
  for (const ir::Block& block : program.step) {
    if (!block.HasClock() && NeedsOthers(program, block)) return 1;
  }
  if (DeliveryNeedsOthers(program) && !Mutant("runtime.epoch_of_readers")) return 1;
  uint32_t steps = kLongestEpoch;
  for (const SynapseGroup& group : layout.groups) {
    if (!Mutant("runtime.epoch_of_groups")) steps = std::min(steps, group.min_delay);
  }
  for (const ir::Block& block : program.synaptic) {
    if (ReadsPast(program, block)) return 1;
    // A thread finds the spikes of its own targets itself.
    if (block.kind == ir::BlockKind::kOnPre) steps = std::min(steps, program.DelayOf(block));
  }
  return steps;
}

}  // namespace bnsyn
