// Runs the code of a placed program in one thread, where there is no LLVM: the code comes from a
// shared object, and this is all that it needs of a runtime. It takes programs of kernels and of
// synapses that run code, without histories, loops over synapses and deferred code.
#ifndef BNSYN_TESTS_TARGETS_FOREIGN_ENGINE_H_
#define BNSYN_TESTS_TARGETS_FOREIGN_ENGINE_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/array.h"
#include "reference/digest.h"
#include "reference/spike_history.h"

namespace bnsyn::foreign {

// Zeroed memory as kernels want it: aligned, and padded to whole groups.
class Memory {
 public:
  Memory(size_t elements, size_t bytes_of_each);
  void* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> data_;
};

class Engine {
 public:
  // `code` is the handle of the shared object (dlopen). Unimplemented for programs that it does not
  // take.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(ir::Program placed, void* code);

  // Internal if something failed: a program that faults is nothing to compare.
  absl::Status Step();
  reference::Digest ComputeDigest() const;
  uint64_t spikes() const { return spikes_; }

 private:
  // The synapses of a projection, in the arrays that compiled code reads.
  struct Rows {
    std::vector<uint32_t> begin, targets;  // by source
    std::vector<double> weights;
    std::vector<Memory> states;
    std::vector<uint32_t> onto_begin, sources, synapses;  // by target
  };

  explicit Engine(ir::Program placed) : program_(std::move(placed)), history_(0, 0) {}
  absl::Status Build(void* code);
  absl::Status BuildRows(ir::ProjectionId id, absl::Span<const reference::Array> states);
  absl::StatusOr<std::vector<void*>> Slots(const ir::Block& block);
  absl::Status RunKernel(size_t number);
  absl::Status Deliver();

  ir::Program program_;
  std::vector<Memory> states_, inputs_;
  std::vector<ir::Bits> params_;
  std::vector<Memory> tables_;
  std::vector<int64_t> counts_;
  std::vector<std::vector<double>> partials_;
  std::vector<double> totals_;
  std::vector<reference::AccumulatorArithmetic> accumulators_;
  std::vector<Rows> rows_;
  std::vector<compiler::KernelFunction> kernels_;
  std::vector<compiler::DeliverFunction> deliveries_;
  std::vector<std::vector<void*>> kernel_slots_, delivery_slots_;
  std::vector<std::vector<reference::CoarseTally>> tallies_;  // by synaptic block
  reference::SpikeHistory history_;
  reference::Digest digest_;  // of spikes
  uint64_t step_ = 0;
  uint64_t spikes_ = 0;
};

}  // namespace bnsyn::foreign

#endif  // BNSYN_TESTS_TARGETS_FOREIGN_ENGINE_H_
