// The synapses of a running program, each with the thread that owns its target.
#ifndef BNSYN_RUNTIME_SYNAPSES_H_
#define BNSYN_RUNTIME_SYNAPSES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/connectivity.h"
#include "runtime/buffers.h"
#include "runtime/partition.h"
#include "runtime/thread_team.h"

namespace bnsyn {

// Synapses of one projection and one delay on the targets of one thread, row by row of sources:
// row s is [row_begin()[s], row_begin()[s + 1]).
class SynapseBlock {
 public:
  static absl::StatusOr<SynapseBlock> Create(const reference::DelayGroup& group);

  uint32_t delay() const { return delay_; }
  uint64_t synapses() const { return synapses_; }
  const uint64_t* row_begin() const { return reinterpret_cast<const uint64_t*>(rows_.data()); }
  const uint32_t* targets() const { return reinterpret_cast<const uint32_t*>(targets_.data()); }
  // Null where the projection has one weight.
  const double* weights() const { return reinterpret_cast<const double*>(weights_.data()); }
  size_t bytes() const { return rows_.size() + targets_.size() + weights_.size(); }

 private:
  uint32_t delay_ = 1;
  uint64_t synapses_ = 0;
  PageBuffer rows_;
  PageBuffer targets_;
  PageBuffer weights_;
};

// Of all projections and threads.
class Synapses {
 public:
  // Each thread of the team draws the synapses on its own targets (R8) and shows that its inputs
  // cannot overflow (R6). The program is the one before the passes.
  static absl::StatusOr<Synapses> Build(const ir::Program& program, const Partition& partition,
                                        ThreadTeam& team);

  // One block a delay, shortest first.
  absl::Span<const SynapseBlock> blocks(ir::ProjectionId projection, int thread) const {
    return blocks_[projection * threads_ + static_cast<size_t>(thread)];
  }
  uint64_t synapses() const;
  size_t bytes() const;

 private:
  size_t threads_ = 1;
  std::vector<std::vector<SynapseBlock>> blocks_;
};

// Synapses that must find room where `expected` are likely: six standard deviations more.
double SynapsesWithMargin(double expected);
// Bytes one synapse takes.
size_t SynapseBytes(const ir::Program& program, ir::ProjectionId projection);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_SYNAPSES_H_
