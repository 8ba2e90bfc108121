// The synapses of the accelerated backend.
#ifndef BNSYN_RUNTIME_SYNAPSES_H_
#define BNSYN_RUNTIME_SYNAPSES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/connectivity.h"
#include "runtime/buffers.h"
#include "runtime/partition.h"
#include "runtime/thread_team.h"

namespace bnsyn {

// Synapses of one projection on the targets of one thread. They stand by delay, then source, then
// target, and have places from 0 in that order; arrays of what they carry are by place.
class SynapseBlock {
 public:
  // The synapses of one delay: those of source s are at the places [rows()[s], rows()[s + 1]).
  struct DelayGroup {
    uint32_t delay = 1;
    PageBuffer buffer;
    const uint64_t* rows() const { return reinterpret_cast<const uint64_t*>(buffer.data()); }
  };

  // ResourceExhausted when there are more than 2^32.
  static absl::StatusOr<SynapseBlock> Create(const ir::Program& program,
                                             ir::ProjectionId projection,
                                             const reference::SynapseRows& rows);

  uint64_t synapses() const { return synapses_; }
  // Shortest delay first; only delays that occur.
  const std::vector<DelayGroup>& groups() const { return groups_; }
  const uint32_t* targets() const { return As<uint32_t>(targets_); }
  // Null where the projection has one weight.
  const double* weights() const { return As<double>(weights_); }
  // Of state number i of ir::Program::SynapseStates.
  void* state(size_t i) const { return states_[i].data(); }
  // The number of each in the projection (see reference::SynapseTable); only where it has states.
  uint64_t* numbers() const { return As<uint64_t>(numbers_); }

  // Where the projection has an on_post block: row t, [onto_rows()[t], onto_rows()[t + 1]), is the
  // synapses onto target t, with the place and the source of each.
  const uint64_t* onto_rows() const { return As<uint64_t>(onto_rows_); }
  const uint32_t* onto_places() const { return As<uint32_t>(onto_places_); }
  const uint32_t* onto_sources() const { return As<uint32_t>(onto_sources_); }

  size_t bytes() const;

 private:
  template <typename T>
  static T* As(const PageBuffer& buffer) {
    return reinterpret_cast<T*>(buffer.data());
  }
  absl::Status BuildOnto(uint32_t sources, uint32_t targets);

  uint64_t synapses_ = 0;
  std::vector<DelayGroup> groups_;
  PageBuffer targets_;
  PageBuffer weights_;
  std::vector<PageBuffer> states_;
  PageBuffer numbers_;
  PageBuffer onto_rows_;
  PageBuffer onto_places_;
  PageBuffer onto_sources_;
};

// All synapses, by projection and thread. They do not depend on the number of threads (R8).
class Synapses {
 public:
  // Draws them, every thread its own, and shows that inputs cannot overflow (R6). `program` is the
  // one before the passes: what can be shown is easier to see there.
  static absl::StatusOr<Synapses> Build(const ir::Program& program, const Partition& partition,
                                        ThreadTeam& team);

  const SynapseBlock& block(ir::ProjectionId projection, int thread) const {
    return blocks_[projection * threads_ + static_cast<size_t>(thread)];
  }
  uint64_t synapses() const;
  size_t bytes() const;

  // A state of synapses, by number.
  reference::Array State(const ir::Program& program, ir::StateId state) const;
  void SetState(const ir::Program& program, ir::StateId state, uint64_t synapse, ir::Bits bits);
  // How many a projection has.
  uint64_t Count(ir::ProjectionId projection) const;

 private:
  // Makes the numbers of a thread's own synapses those of all.
  void Number(const ir::Program& program);

  size_t threads_ = 1;
  std::vector<SynapseBlock> blocks_;
};

// Synapses that must find room where `expected` are likely: six standard deviations more.
double SynapsesWithMargin(double expected);
// Bytes one synapse takes.
size_t SynapseBytes(const ir::Program& program, ir::ProjectionId projection);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_SYNAPSES_H_
