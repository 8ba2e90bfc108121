// A delivery with all pointers resolved: the synapses of one group on one thread, and where they
// add.
#ifndef BNSYN_RUNTIME_DELIVERY_DELIVERY_CALL_H_
#define BNSYN_RUNTIME_DELIVERY_DELIVERY_CALL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/program.h"
#include "runtime/deferral/backlog.h"
#include "runtime/delivery/synapse_block.h"

namespace bnsyn {

// The compiled code of a synaptic block over the synapses of one thread.
struct CodeCall {
  compiler::DeliverFunction function = nullptr;
  std::vector<void*> slots;
  compiler::DeliverArgs args = {};   // all but the slots, the step, the spikes, the delay and the
                                     // tallies
  const uint32_t* delays = nullptr;  // of the rows of a neuron; null in on_post code
  size_t first_tally = 0;            // of its accumulates, among the tallies of the thread

  // Runs it over the rows of these neurons. `first_row` is added to the numbers of their rows.
  // `tallies`, those of the thread, count coarse contributions. False if a contribution or a check
  // failed.
  bool Run(absl::Span<const uint32_t> neurons, size_t first_row, uint64_t step,
           reference::CoarseTally* tallies) const;
};

// One sum that every synapse of a group adds to, counted from target 0 of the group.
struct RowTerm {
  void* sums = nullptr;
  size_t sum_bytes = sizeof(int64_t);
  int64_t units = 0;  // constant synapses: what each adds, in units of the sum (ir::Accumulator)
  std::vector<int64_t> units_by_phase;  // the same by phase of a decaying input; else empty

  int64_t UnitsAt(uint64_t step) const {
    return units_by_phase.empty() ? units : units_by_phase[step & (units_by_phase.size() - 1)];
  }
};

// A group of rows, or one on_pre or on_post block of a projection of form code.
struct Delivery {
  std::string name;             // of the projection, or of the source where several share the group
  ir::PopulationId spikes = 0;  // whose spikes are due
  // The delay of the block; without, each row has the delay that the synapses of a row share.
  std::optional<uint32_t> delay;
  size_t runs = 1;       // of its code with that delay, one for each row of a neuron
  bool on_post = false;  // rows are by target, and of the neurons of the thread alone
  const SynapseBlock* block = nullptr;
  std::vector<RowTerm> terms;  // rows: one, or several where synapses are constant
  CodeCall code;               // without a function: rows
  Backlog* backlog = nullptr;  // what is put off of the projection; null if that is nothing
  bool deferred = false;       // the code itself is put off
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_DELIVERY_CALL_H_
