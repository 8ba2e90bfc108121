// The synapses of the accelerated backend.
#ifndef BNSYN_RUNTIME_SYNAPSES_H_
#define BNSYN_RUNTIME_SYNAPSES_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/options.h"
#include "ir/program.h"
#include "reference/array.h"
#include "runtime/layout.h"
#include "runtime/partition.h"
#include "runtime/synapse_block.h"
#include "runtime/thread_team.h"

namespace bnsyn {

// All synapses, by group of the layout and thread. Which there are does not depend on either (R8).
class Synapses {
 public:
  // Draws them, every thread its own, and shows that inputs cannot overflow (R6). `program` is the
  // one before the passes: what can be shown is easier to see there. `progress`, if there is one,
  // is called by this thread as SimulationOptions::construction is.
  static absl::StatusOr<Synapses> Build(const ir::Program& program, const Partition& partition,
                                        Layout layout, const compiler::CompileOptions& options,
                                        ThreadTeam& team,
                                        const std::function<void(double part)>& progress = {});

  const Layout& layout() const { return layout_; }
  const SynapseBlock& block(size_t group, int thread) const {
    return blocks_[group * threads_ + static_cast<size_t>(thread)];
  }
  // The number of the group that a projection is in.
  size_t GroupOf(ir::ProjectionId projection) const;

  uint64_t synapses() const;
  size_t bytes() const;

  // A state of synapses, by number.
  reference::Array State(const ir::Program& program, ir::StateId state) const;
  void SetState(const ir::Program& program, ir::StateId state, uint64_t synapse, ir::Bits bits);

 private:
  // Makes the numbers of a thread's own synapses those of all.
  void Number(const ir::Program& program);

  size_t threads_ = 1;
  Layout layout_;
  std::vector<SynapseBlock> blocks_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_SYNAPSES_H_
