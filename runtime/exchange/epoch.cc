#include "runtime/exchange/epoch.h"

#include <algorithm>

namespace bnsyn {
namespace {

// True if a node of the step needs more from other threads than their spikes.
bool NeedsOthers(ir::Op op) {
  return op == ir::Op::kCount || op == ir::Op::kReduce || op == ir::Op::kTotal ||
         op == ir::Op::kRunOnStep || op == ir::Op::kDeliver;
}

}  // namespace

bool NeedsOthers(const ir::Block& kernel) {
  for (const ir::Node& node : kernel.nodes) {
    if (NeedsOthers(node.op)) return true;
  }
  return false;
}

uint32_t StepsPerEpoch(const ir::Program& program, const Layout& layout, int threads) {
  if (threads == 1) return 1;
  for (const ir::Block& block : program.step) {
    if (!block.HasClock() && NeedsOthers(block)) return 1;
  }
  uint32_t steps = kLongestEpoch;
  for (const SynapseGroup& group : layout.groups) {
    if (group.form == SynapseForm::kCode) return 1;
    steps = std::min(steps, group.min_delay);
  }
  return steps;
}

}  // namespace bnsyn
