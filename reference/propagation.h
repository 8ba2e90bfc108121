// Runs the synaptic blocks of due spikes, in one of two ways.
#ifndef BNSYN_REFERENCE_PROPAGATION_H_
#define BNSYN_REFERENCE_PROPAGATION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/event_file.h"
#include "reference/interpreter.h"
#include "reference/machine.h"

namespace bnsyn::reference {

// Holds the synapses of all projections.
class Propagator {
 public:
  // The most bytes that all matrices of dense propagation may take together.
  static constexpr uint64_t kMaxDenseBytes = uint64_t{4} << 30;

  // Draws the connectivity, proves that inputs cannot overflow and counts coarse contributions
  // (R6). `events` are those of each declaration. `machine` must outlive the result and keep its
  // address.
  static absl::StatusOr<std::unique_ptr<Propagator>> Create(
      Machine& machine, Propagation kind, absl::Span<const std::vector<Event>> events);
  // By rows, without the synapses of the projections that are marked.
  static absl::StatusOr<std::unique_ptr<Propagator>> CreateWithout(
      const std::vector<bool>& marked, Machine& machine,
      absl::Span<const std::vector<Event>> events);
  virtual ~Propagator() = default;

  uint64_t synapses() const { return synapses_; }
  // Finds the neurons of a population that spiked so many steps before the present one.
  using Due = absl::FunctionRef<std::vector<uint32_t>(ir::PopulationId, uint32_t delay)>;
  // Runs an on_pre or on_post block, given by its number in ir::Program::synaptic, for the spikes
  // that are due.
  virtual void Deliver(size_t block, Due due) = 0;

 protected:
  uint64_t synapses_ = 0;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_PROPAGATION_H_
