// Chooses how the synapses of the accelerated backend are stored.
//
// Synapses are stored by group. A group has one source population and, on each thread, one CSR: a
// row for each source, delay and block of targets, in that order. So delays are not stored, and the
// rows that a spike needs in successive steps are neighbours. A synapse is a row of columns. The
// first is its target; the form of the group says what follows:
//
//   constant  nothing: all synapses of the group add the same
//   quanta32  the contribution as a 32-bit integer of quanta: delivery computes nothing
//   quanta64  the contribution in 64 bits, if its range (value_range.h) may exceed 32 bits
//   code      an f64 weight if synapses have their own, and their states: delivery runs the
//             compiled on_pre block (emit_deliver.h)
//
// In all forms but code, on_pre only adds static contributions (R6). Delivery then does not depend
// on the projection, and projections of one source share rows. With rows for each projection the
// rows of a large network would be short, and each row costs a cache miss.
//
// In all forms but code a target is a place among the sums of inputs that the thread owns; sums of
// one width are contiguous (network_memory.h). A target takes 16 bits: it counts from the first of
// 2^16 sums, and rows are divided by blocks of 2^16 sums. If such rows would be too short, a target
// takes 32 bits. Long rows are divided further, by near blocks, whose sums fit the first-level
// cache: all due spikes are delivered to one block before the next. A target of the code form is a
// neuron, in 32 bits. Row numbers have 32 bits: a thread has less than 2^32 synapses in a group.
#ifndef BNSYN_RUNTIME_DELIVERY_LAYOUT_H_
#define BNSYN_RUNTIME_DELIVERY_LAYOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

enum class SynapseForm : uint8_t { kConstant, kQuanta32, kQuanta64, kCode };
absl::string_view FormName(SynapseForm form);

// A contribution that every synapse of a group makes.
struct ConstantTerm {
  ir::InputId input = 0;
  int64_t units = 0;  // see ir::Accumulator
};

// A block of 2^16 sums: a target of 16 bits counts from the first of them.
inline constexpr int kFarBlockBits = 16;

struct SynapseGroup {
  SynapseForm form = SynapseForm::kCode;
  std::vector<ir::ProjectionId> projections;  // code: one
  ir::PopulationId source = 0;
  ir::InputId input = 0;  // all but code: the first that synapses of the first projection add to
  int target_bits = 32;
  int block_bits = kFarBlockBits;   // targets of 16 bits: a block has 2^block_bits sums
  std::vector<ConstantTerm> terms;  // constant: of the first projection; one if there are several
  // The range of delays, in steps.
  uint32_t min_delay = 1;
  uint32_t max_delay = 1;
  double expected = 0;                // number of synapses, on all threads
  std::vector<double> expected_each;  // the same by projection

  uint32_t delays() const { return max_delay - min_delay + 1; }
  bool near() const { return block_bits < kFarBlockBits; }
};

struct Layout {
  std::vector<SynapseGroup> groups;  // those of most bytes first: see SynapseBuilder

  // The number of the group of a projection.
  size_t GroupOf(ir::ProjectionId projection) const;
};

// Restricts the choice, for tests of forms that are chosen rarely: "code" (all groups run code),
// "quanta64" (no quanta32), "targets32" (no targets of 16 bits), "far" (no near blocks) and "apart"
// (a group for each projection).
struct LayoutLimits {
  bool code = false;
  bool quanta64 = false;
  bool targets32 = false;
  bool far = false;
  bool apart = false;
};
// InvalidArgument if the name is unknown; "" and "best" restrict nothing.
absl::StatusOr<LayoutLimits> LimitsByName(absl::string_view name);
absl::Span<const absl::string_view> LayoutNames();

// For a program after the passes. No synapse is drawn.
absl::StatusOr<Layout> ChooseLayout(const ir::Program& program, const Partition& partition,
                                    const LayoutLimits& limits);

// True if synapses of form code keep their number among those of their pair: they draw by it, or
// the synapses of a pair stand in rows of several delays, where nothing else tells their order.
bool KeepsOccurrences(const ir::Program& program, ir::ProjectionId projection);

// What is kept of each synapse of a group.
struct SynapseColumn {
  std::string name;
  size_t bytes = 0;
};
std::vector<SynapseColumn> SynapseColumns(const ir::Program& program, const SynapseGroup& group);
// Bytes of one synapse of a group: all its columns.
double SynapseBytes(const ir::Program& program, const SynapseGroup& group);
// Bytes of the index of rows while it is built, on all threads; of those by target too.
double IndexBytes(const ir::Program& program, const SynapseGroup& group,
                  const Partition& partition);

// The sums that the targets of a group refer to on one thread: `size` sums from place `begin` on,
// in `blocks` blocks. The code form has one block without sums.
struct TargetSums {
  uint64_t begin = 0;
  uint64_t size = 0;
  uint32_t blocks = 1;
};
TargetSums TargetSumsOf(const ir::Program& program, const SynapseGroup& group,
                        const SumPlaces& places, int thread);

// The number of synapses to allow for where `expected` are likely: six standard deviations more.
double SynapsesWithMargin(double expected);

// A line for each group, with the memory that it takes.
std::string DescribeLayout(const ir::Program& program, const Layout& layout,
                           const Partition& partition);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_LAYOUT_H_
