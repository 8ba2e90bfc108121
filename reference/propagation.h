// Delivers due spikes to the inputs of their targets, in one of two ways.
#ifndef BNSYN_REFERENCE_PROPAGATION_H_
#define BNSYN_REFERENCE_PROPAGATION_H_

#include <cstdint>
#include <memory>
#include <vector>

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
  // The delays of a projection's synapses, in steps, each once.
  absl::Span<const uint32_t> delays(ir::ProjectionId projection) const {
    return delays_[projection];
  }
  // Runs the on_pre block of `projection` over the synapses of `sources` with this delay.
  virtual void Deliver(ir::ProjectionId projection, uint32_t delay,
                       absl::Span<const uint32_t> sources) = 0;

 protected:
  std::vector<std::vector<uint32_t>> delays_;  // by projection
  uint64_t synapses_ = 0;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_PROPAGATION_H_
