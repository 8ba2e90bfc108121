// In what order the nodes of a population kernel are emitted, and which of them only where some
// lane wants them. A plan begins with rare arms (rare_arms.h), goes on with resets (resets.h,
// deferred_resets.h) and accesses (accesses.h), and ends in stages (stages.h).
#ifndef BNSYN_COMPILER_SCHEDULE_PLANNED_NODE_H_
#define BNSYN_COMPILER_SCHEDULE_PLANNED_NODE_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "ir/program.h"

namespace bnsyn::compiler {

struct PlannedNode;

// The arm of a select that some lane takes where the condition is `when`; its last node is the
// operand of the select.
struct RareArm {
  bool when = false;
  std::vector<PlannedNode> nodes;
};

// A node that a state holds once it has been stored.
struct StoredValue {
  ir::NodeId value = 0;
  ir::StateId state = 0;
};

// What a spike does to its neuron.
struct Resets {
  // Run only where some lane spikes.
  std::vector<PlannedNode> nodes;
  // The selects among them that others read; where no lane spikes, they are their last operands.
  std::vector<ir::NodeId> selects;
  // They wait until their group and others are done, and then run neuron by neuron
  // (deferred_resets.h).
  bool deferred = false;
  // Deferred: what they read of others, and states hold.
  std::vector<StoredValue> held;
};

// A node, after which what it needs of rare arms has been computed.
struct PlannedNode {
  ir::NodeId id = 0;
  std::vector<RareArm> arms;  // of a select
  Resets resets;              // of a spike
  // Of a store or a check: it is of the last operand of the select that it names. Resets hold it
  // once more, as it is.
  bool before_reset = false;
};

// Whether the node is plain arithmetic over elements: it may be computed wherever its operands are
// there, or not at all where nobody wants it.
bool IsPlainArithmetic(const ir::Node& node);

// The nodes that a planned node itself reads.
std::vector<ir::NodeId> InputsOf(const ir::Block& kernel, const PlannedNode& planned);

// Whether a node, or any that stands in its arms or resets, is such as `is_such` tells.
bool AnyWithin(const ir::Block& kernel, const PlannedNode& planned,
               absl::FunctionRef<bool(const ir::Node&)> is_such);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_PLANNED_NODE_H_
