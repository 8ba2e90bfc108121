// The inputs of a running program that keep what arrives, and decay (R6).
#ifndef BNSYN_RUNTIME_DECAYING_INPUTS_H_
#define BNSYN_RUNTIME_DECAYING_INPUTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/decay.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

class DecayingInputs {
 public:
  // All must outlive the object.
  DecayingInputs(const ir::Program& program, const Partition& partition,
                 const NetworkMemory& memory);

  // Their sums become what their states begin with.
  absl::Status Begin() const;
  // Ends a step of a thread, whose own neurons the sums are of.
  void EndStep(int thread, uint64_t step) const;
  // Whether a state shows an input. If so steps leave it alone: Show makes it what it is before
  // `step`, and Set changes an element of both; OutOfRange where the input cannot hold the value.
  bool Shows(ir::StateId state) const { return Find(state) != nullptr; }
  void Show(ir::StateId state, uint64_t step) const;
  absl::Status Set(ir::StateId state, uint32_t element, uint64_t step, double value) const;

 private:
  struct Decaying {
    ir::InputId input;
    ir::StateId state;
    reference::DecayTable decay;
    mutable std::optional<uint64_t> shown;  // the step for which the state is up to date
  };

  const Decaying* Find(ir::StateId state) const;
  // A thread's own neurons, and their sums.
  Range Own(const Decaying& decaying, int thread) const;
  absl::Span<int64_t> Sums(const Decaying& decaying, int thread) const;
  double* Values(const Decaying& decaying) const;

  const ir::Program& program_;
  const Partition& partition_;
  const NetworkMemory& memory_;
  std::vector<Decaying> all_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DECAYING_INPUTS_H_
