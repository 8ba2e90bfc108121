#include "runtime/exchange/epoch.h"

#include <algorithm>

#include "ir/access.h"

namespace bnsyn {
namespace {

// True if a node of the step needs more from other threads than their spikes.
bool NeedsOthers(const ir::Program& program, const ir::Block& block, const ir::Node& node) {
  if (node.op == ir::Op::kPast) {
    // Each thread has a copy of a uniform state.
    return !program.states[node.attr].type.uniform() &&
           ir::ElementRead(program, block, node) != ir::ReadElement::kOwn;
  }
  return node.op == ir::Op::kCount || node.op == ir::Op::kReduce || node.op == ir::Op::kTotal ||
         node.op == ir::Op::kGather || node.op == ir::Op::kRunOnStep ||
         node.op == ir::Op::kRunSums || node.op == ir::Op::kDeliver;
}

}  // namespace

bool NeedsOthers(const ir::Program& program, const ir::Block& kernel) {
  for (const ir::Node& node : kernel.nodes) {
    if (NeedsOthers(program, kernel, node)) return true;
  }
  return false;
}

uint32_t StepsPerEpoch(const ir::Program& program, const Layout& layout, int threads) {
  if (threads == 1) return 1;
  for (const ir::Block& block : program.step) {
    if (!block.HasClock() && NeedsOthers(program, block)) return 1;
  }
  uint32_t steps = kLongestEpoch;
  for (const SynapseGroup& group : layout.groups) {
    if (group.form == SynapseForm::kCode) return 1;
    steps = std::min(steps, group.min_delay);
  }
  return steps;
}

}  // namespace bnsyn
