// Delivery to synapses that store what they add (layout.h): integers are added to integers.
#ifndef BNSYN_RUNTIME_DELIVERY_ROW_DELIVERY_H_
#define BNSYN_RUNTIME_DELIVERY_ROW_DELIVERY_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "runtime/delivery/delivery_call.h"

namespace bnsyn {

// Runs the rows of the due spikes, one block of targets after the other. Rows are read once and lie
// anywhere in memory, so each would begin with a cache miss. They are therefore listed first: while
// one row is added, the next ones are prefetched. The entries of the index that say where rows
// begin are prefetched before the list is made.
class RowDelivery {
 public:
  RowDelivery(const Delivery& delivery, uint64_t step) : delivery_(delivery), step_(step) {}

  // Adds due spikes, whose delay is number `delay` of SynapseBlock::delays().
  void Add(absl::Span<const uint32_t> sources, size_t delay);
  // Runs the rows of those spikes that have not run yet.
  void Finish();

 private:
  struct Row {
    const char* entries;
    uint32_t size;
    uint32_t block;
  };
  class Prefetcher;

  // Turns the due spikes into a list of rows.
  void ListRows();
  void RunListed();
  template <typename Target>
  void RunTargets();
  template <typename Target>
  void RunConstant();
  template <typename Target, typename Sum>
  void RunUnits(const RowTerm& term);
  template <typename Target, typename Weight>
  void RunWeights();
  template <size_t entry_bytes, typename Adder>
  void RunRows(Adder adder);

  const Delivery& delivery_;
  const uint64_t step_;
  size_t due_ = 0;
  size_t listed_ = 0;
  std::array<const uint32_t*, 256> index_;  // by due spike: its place in SynapseBlock::rows()
  std::array<Row, 256> rows_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_ROW_DELIVERY_H_
