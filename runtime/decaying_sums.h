// The decaying sums (R6) of a running program, and the states that hold them between steps.
#ifndef BNSYN_RUNTIME_DECAYING_SUMS_H_
#define BNSYN_RUNTIME_DECAYING_SUMS_H_

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

class DecayingSums {
 public:
  // All must outlive the object.
  DecayingSums(const ir::Program& program, const Partition& partition, const NetworkMemory& memory);

  // The sums begin with the values of their states.
  absl::Status Begin() const;
  // Ends a step for the neurons of a thread.
  void EndStep(int thread, uint64_t step) const;
  // True if a state holds a decaying sum. Steps do not touch such a state: ReadState brings it up
  // to date for `step`, and SetState changes an element of the state and of the sum.
  bool IsHeldBy(ir::StateId state) const { return Find(state) != nullptr; }
  void ReadState(ir::StateId state, uint64_t step) const;
  // To be called where the sums are those of an earlier step again.
  void Forget() const;
  // OutOfRange if the sum cannot hold the value.
  absl::Status SetState(ir::StateId state, uint32_t element, uint64_t step, double value) const;

 private:
  struct Sums {
    ir::InputId input;
    ir::StateId state;
    reference::AccumulatorArithmetic arithmetic;
    mutable std::optional<uint64_t> up_to_date;  // the step that the state was brought to
  };

  const Sums* Find(ir::StateId state) const;
  // A thread's own neurons, and their elements of the sums.
  Range Own(const Sums& sums, int thread) const;
  absl::Span<int64_t> Elements(const Sums& sums, int thread) const;
  double* Values(const Sums& sums) const;

  const ir::Program& program_;
  const Partition& partition_;
  const NetworkMemory& memory_;
  std::vector<Sums> all_;
  std::unordered_map<ir::StateId, size_t> by_state_;  // their places in all_
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DECAYING_SUMS_H_
