// Delivery to groups of synapses whose contributions are known (layout.h): plain integer sums.
#ifndef BNSYN_RUNTIME_DELIVERY_ROW_DELIVERY_H_
#define BNSYN_RUNTIME_DELIVERY_ROW_DELIVERY_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "runtime/delivery/synapse_block.h"

namespace bnsyn {

// The rows of one group on one thread, and where they deliver.
struct RowCall {
  // What a target of the group, counted from 0, adds to.
  struct Term {
    void* sums = nullptr;
    size_t sum_bytes = sizeof(int64_t);
    int64_t units = 0;  // shared groups: of every synapse,
    // or, of a decaying input, what it adds in steps of each phase.
    std::vector<int64_t> units_by_phase;

    int64_t UnitsAt(uint64_t step) const {
      return units_by_phase.empty() ? units : units_by_phase[step & (units_by_phase.size() - 1)];
    }
  };

  std::string name;  // of the projection, or of the source of several
  ir::PopulationId source = 0;
  const SynapseBlock* block = nullptr;
  std::vector<Term> terms;  // one unless the group is shared
};

// Runs over rows of one call, block of targets by block. They are listed before they are run, so
// that while one is read those that follow are on their way from memory: rows are read once and lie
// anywhere. So does what says where they lie, which is asked for before the list is made.
class RowDelivery {
 public:
  RowDelivery(const RowCall& call, uint64_t step) : call_(call), step_(step) {}

  // Rows of due spikes: of delay number `delay` in SynapseBlock::delays().
  void Add(absl::Span<const uint32_t> sources, size_t delay);
  // Runs those that were added and not run yet.
  void Finish();

 private:
  struct Row {
    const char* entries;
    uint32_t size;
    uint32_t block;
  };
  class Ahead;

  // Lists the rows of the due spikes.
  void ListRows();
  // Runs the listed rows.
  void RunListed();
  template <typename Target>
  void RunTargets();
  template <typename Target>
  void RunShared();
  template <typename Target, typename Sum>
  void RunUnits(const RowCall::Term& term);
  template <typename Target, typename Weight>
  void RunWeights();
  template <size_t entry_bytes, typename Adder>
  void RunRows(Adder adder);

  const RowCall& call_;
  const uint64_t step_;
  size_t due_ = 0;
  size_t listed_ = 0;
  std::array<const uint32_t*, 256> index_;  // of due spikes, in SynapseBlock::rows()
  std::array<Row, 256> rows_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_ROW_DELIVERY_H_
