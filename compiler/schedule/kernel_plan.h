// The plan of a population kernel: the order in which its nodes run, the loops they run in, and
// which of them run only where some lane needs them. The rows of plan_rows.h make it, and emission
// writes code for it as it stands.
//
// `bnsyn dump NET.toml --stage plan` prints it. Parts of one:
//
//   loop over vectors {
//     %0 = load exc.refractory : i32[exc]
//     ...
//     if some lane has %14 false {              // a cold region: the far range of exprel
//       %25 = fma %11, 1.4426950408889634, 6755399441056755 : f64[exc]
//       ...
//       %73 = select %14, %24, %72 : f64[exc]
//     } %73, else %24
//     ...
//     store exc.V, %82 is %79 where not %81     // neurons that spike store in the tail
//     spike exc, %81
//   }
//   tail for each spike of exc {                // after a round of groups
//     %82 = select %81, -60, %79 : f64[exc] is -60
//     store exc.V, %82
//   }
#ifndef BNSYN_COMPILER_SCHEDULE_KERNEL_PLAN_H_
#define BNSYN_COMPILER_SCHEDULE_KERNEL_PLAN_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "compiler/schedule/graph.h"
#include "ir/program.h"

namespace bnsyn::compiler {

struct ColdRegion;

// What a place in the plan knows of a select's condition.
enum class Known { kNothing, kFalse, kTrue };

// A node at one place of the plan: computed there, or by its cold regions.
struct PlannedNode {
  ir::NodeId id = 0;
  // kTrue: the node is a select and has the value of its second operand.
  // kFalse: the node is a store or check of a select, and acts on the select's third operand; the
  // spike handler acts once more, on the select itself.
  Known known = Known::kNothing;
  // They follow one another, and the last one computes the node.
  std::vector<ColdRegion> regions;
};

// Nodes that run only where the condition is `when` in some lane of the vector.
struct ColdRegion {
  // A value that is read behind the region. Where the region does not run, it is that of
  // `otherwise`; kNoNode where nothing reads it then.
  struct Result {
    ir::NodeId value = 0;
    ir::NodeId otherwise = ir::kNoNode;
  };
  ir::NodeId condition = 0;
  bool when = true;
  std::vector<PlannedNode> nodes;
  std::vector<Result> results;
};

// The most nodes, loads aside, that a loop or a tail computes again to have a value of before.
inline constexpr int kMostAgainInLoop = 3;
inline constexpr int kMostAgainInTail = 8;

// A value that can be read from the state that it was stored in.
struct HeldValue {
  ir::NodeId value = 0;
  ir::StateId state = 0;
};

// A loop over the vectors of a group of elements.
struct Loop {
  std::vector<PlannedNode> nodes;
  // Values that the loop writes to buffers, for later loops; ascending.
  std::vector<ir::NodeId> kept;
  // Values that later loops read from states. A later loop computes all else that it reads again.
  std::vector<HeldValue> held;
  // True if vectors have twice the lanes: all nodes are integers of 4 bytes, or bools.
  bool narrow = false;
};

// A spike handler that runs after a round of groups, for one spiking neuron after another.
struct Tail {
  ir::NodeId spike = 0;
  std::vector<HeldValue> held;  // values to read before anything is stored
  std::vector<PlannedNode> nodes;
};

// A state whose checks only note that some lane of a group may have failed. If one may, the state
// is checked in memory at the end of the group, apart from neurons that the tails of `spared` will
// check: those of these spikes.
struct DeferredCheck {
  ir::StateId state = 0;
  std::vector<ir::NodeId> spared;
};

struct KernelPlan {
  std::vector<Loop> loops;                     // at least one
  std::vector<Tail> tails;                     // in the order of their spikes in the kernel
  std::vector<DeferredCheck> deferred_checks;  // by ascending state

  // The cycles for one vector that the best loops are estimated to take; 0 until loops are weighed.
  double least_cycles = 0;

  // The entry of `deferred_checks`, or null.
  const DeferredCheck* FindDeferredCheck(uint64_t state) const;
  const Tail* FindTail(ir::NodeId spike) const;
};

// All nodes of the kernel in their order, in one loop.
KernelPlan PlainPlan(const KernelGraph& graph);

// The nodes that a planned node itself reads. For a check where Known::kFalse, also the condition
// is read, which the spike behind it reads as well.
std::vector<ir::NodeId> OperandsOf(const KernelGraph& graph, const PlannedNode& planned);

// Calls `visit` for every node that is computed at its place: those in cold regions, in place of
// the nodes that own the regions.
void ForEachComputed(const std::vector<PlannedNode>& nodes,
                     absl::FunctionRef<void(const PlannedNode&)> visit);

// The plan as text.
std::string PrintPlan(const KernelGraph& graph, const KernelPlan& plan);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_KERNEL_PLAN_H_
