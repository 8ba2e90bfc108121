// How the synapses of the accelerated backend lie in memory: the one place that decides it.
//
// Synapses are grouped. A group has one source population, and one set of rows for each thread: of
// each source, delay and block of targets, in that order, so that delays are not stored and what a
// spike brings in one step and the next stands side by side. What a synapse keeps is its target
// and, in the order from least memory to most,
//
//   shared  nothing: all synapses of the group add the same
//   short   the 32-bit integer of quanta that it adds: nothing is computed when it is delivered
//   wide    the same in 64 bits, where the range of the contributions (value_range.h) does not show
//           that 32 are enough
//   full    an f64 weight where synapses have their own, and their states: compiled code runs its
//           blocks (emit_deliver.h)
//
// All but full need that on_pre does nothing but add a static contribution (R6). As code then does
// not depend on the projection, projections of one source share rows: those of a large network are
// short when each projection has rows of its own, and every row costs a miss of the cache.
//
// Targets of such groups are places among the sums of inputs that the thread owns, which lie side
// by side if they are equally wide (network_memory.h). They take 16 bits, counted from the
// beginning of 2^16 sums, and rows are divided by blocks of so many sums, unless these rows would
// be too short. Where rows are long they are divided further, by near blocks, whose sums the
// nearest cache holds: all spikes that are due deliver to one block before the next. Targets of
// full groups are neurons, in 32 bits. Rows are found by 32-bit numbers: a thread has less than
// 2^32 synapses in a group.
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

enum class SynapseForm : uint8_t { kShared, kShort, kWide, kFull };
absl::string_view FormName(SynapseForm form);

// A contribution that all synapses of a group make.
struct SharedTerm {
  ir::InputId input = 0;
  int64_t units = 0;  // of its sums
};

// Blocks of as many sums as 16 bits tell apart.
inline constexpr int kFarBlockBits = 16;

struct SynapseGroup {
  SynapseForm form = SynapseForm::kCode;
  std::vector<ir::ProjectionId> projections;  // full: one
  ir::PopulationId source = 0;
  ir::InputId input = 0;  // all but full: the first that synapses of the first projection add to
  int target_bits = 32;
  int block_bits = kFarBlockBits;  // targets of 16 bits: a block is of 2^block_bits sums
  std::vector<SharedTerm> terms;   // shared: of the first projection; one where there are several
  // The delays there may be.
  uint32_t min_delay = 1;
  uint32_t max_delay = 1;
  double expected = 0;                // synapses of all threads,
  std::vector<double> expected_each;  // and of each projection

  uint32_t delays() const { return max_delay - min_delay + 1; }
  bool near() const { return block_bits < kFarBlockBits; }
};

struct Layout {
  std::vector<SynapseGroup> groups;  // those of most bytes first: see SynapseBuilder

  // The number of the group of a projection.
  size_t GroupOf(ir::ProjectionId projection) const;
};

// Keeps from the choice that is best: for tests of what is chosen rarely. Names are "full", "wide",
// "long" (targets of 32 bits), "far" (no near blocks) and "apart" (a group for each projection).
struct LayoutLimits {
  bool code = false;
  bool quanta64 = false;
  bool targets32 = false;
  bool far = false;
  bool apart = false;
};
// InvalidArgument of an unknown name; "" and "best" limit nothing.
absl::StatusOr<LayoutLimits> LimitsByName(absl::string_view name);
absl::Span<const absl::string_view> LayoutNames();

// For a program after the passes. Draws nothing.
absl::StatusOr<Layout> ChooseLayout(const ir::Program& program, const Partition& partition,
                                    const LayoutLimits& limits);

// Of one synapse of a group: what stands in rows, and its share of other arrays.
double SynapseBytes(const ir::Program& program, const SynapseGroup& group);
// Of the index of rows of all threads, as it is built.
double IndexBytes(const ir::Program& program, const SynapseGroup& group,
                  const Partition& partition);

// The sums of its inputs that a group's targets are counted among, on one thread: `size` of them
// from `begin` on, in `blocks` blocks. One block without sums for full groups.
struct SumWindow {
  uint64_t begin = 0;
  uint64_t size = 0;
  uint32_t blocks = 1;
};
SumWindow WindowOf(const ir::Program& program, const SynapseGroup& group, const SumPlaces& places,
                   int thread);

// Synapses that must find room where `expected` are likely: six standard deviations more.
double SynapsesWithMargin(double expected);

// A line a group, and what each takes of memory.
std::string DescribeLayout(const ir::Program& program, const Layout& layout,
                           const Partition& partition);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_LAYOUT_H_
