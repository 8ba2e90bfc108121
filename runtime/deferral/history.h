// The memory of deferred code: histories of targets and of the network, and positions of rows.
#ifndef BNSYN_RUNTIME_DEFERRAL_HISTORY_H_
#define BNSYN_RUNTIME_DEFERRAL_HISTORY_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "compiler/analysis/deferral.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/program.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// How much is kept, for tests: 0 for what is best. A power of two; more arrivals if a step may have
// more. The result is slower or larger, never different.
struct HistoryLimits {
  uint32_t arrivals = 0;  // at a target
  uint32_t steps = 0;     // of the network
};

// The sizes of what one projection keeps.
struct HistoryShape {
  uint32_t arrivals = 0;  // entries of a target; 0 if no on_post code is deferred
  uint32_t most = 0;      // arrivals at a target in one step
  uint32_t post_captured = 0;
  uint32_t steps = 0;  // entries of the network; 0 if on_step code captures nothing
  uint32_t step_captured = 0;
};
// `synapses` is the number of synapses that the projection is likely to have.
HistoryShape ChooseHistory(const ir::Program& program, const compiler::Deferral& deferral,
                           double synapses, const HistoryLimits& limits);

// The memory of one projection on one thread.
class History {
 public:
  // For the targets `own`, and `rows` rows of synapses. On a counting arena the object has no
  // memory.
  static absl::StatusOr<History> Create(const ir::Program& program, ir::ProjectionId projection,
                                        const HistoryShape& shape, Range own, uint64_t rows,
                                        Arena& arena);

  const HistoryShape& shape() const { return shape_; }
  uint32_t* positions() const { return reinterpret_cast<uint32_t*>(positions_.data()); }
  // Fills in where everything is. Targets are counted as in their population.
  void SetArgs(compiler::DeferArgs& args) const;
  // Forgets all arrivals.
  void Clear() const;

 private:
  HistoryShape shape_;
  Range own_;
  PageBuffer arrivals_;
  PageBuffer times_;
  PageBuffer values_;
  PageBuffer window_;
  PageBuffer positions_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DEFERRAL_HISTORY_H_
