// Emits the code of a population kernel, following its plan (schedule/kernel_plan.h).
//
// Uniform nodes run first; then a loop over groups of kGroup elements. For each group the code
// fills the buffers of random bits (those that only cold regions read, when the first of these
// runs), runs the loops of the plan, and settles the checks and sums of the group. A kernel of
// several passes runs its loops for all passes of one group before the next group, so that what a
// pass leaves to the next stays in the nearest cache. After a round of groups it lists their spikes
// and runs the tails of the plan. A vector of `width` lanes consists of parts that fill a register
// each, and every node is emitted for all parts before the next node: so the latencies of the parts
// overlap.
#ifndef BNSYN_COMPILER_EMISSION_POPULATION_KERNEL_H_
#define BNSYN_COMPILER_EMISSION_POPULATION_KERNEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "compiler/emission/emit_block.h"
#include "compiler/emission/kernel_abi.h"
#include "compiler/schedule/graph.h"
#include "compiler/schedule/kernel_plan.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// The fields of KernelArgs that BlockEmitter reads.
inline constexpr ArgsLayout kKernelLayout = {offsetof(KernelArgs, slots),
                                             offsetof(KernelArgs, step), offsetof(KernelArgs, seed),
                                             offsetof(KernelArgs, fault)};

class PopulationKernel : public BlockEmitter {
 public:
  // All arguments must outlive the emitter.
  PopulationKernel(const EmitContext& context, const KernelGraph& graph, const KernelPlan& plan)
      : BlockEmitter(context, graph.kernel(), kKernelLayout),
        graph_(graph),
        plan_(plan),
        own_lanes_(std::min(context.width, context.native_lanes)),
        parts_(static_cast<size_t>(context.width / own_lanes_)),
        element_(parts_) {}

  // To be called once.
  absl::Status Emit();

 private:
  // A mask that is collected over a group: a bit an element.
  struct GroupMask {
    llvm::AllocaInst* bits = nullptr;    // i64
    std::vector<llvm::Value*> of_parts;  // i1 lanes, of the present vector
  };
  // The spikes of one node.
  struct Spikes {
    ir::NodeId node = 0;
    ir::PopulationId population = 0;
    GroupMask mask;
    llvm::AllocaInst* masks = nullptr;    // array of i64: bits of the groups of a round
    llvm::AllocaInst* spiking = nullptr;  // i64: a bit a group of the round, set if it has spikes
    llvm::Value* list = nullptr;
    llvm::AllocaInst* count = nullptr;
  };
  // The random bits of a group.
  struct Randoms {
    llvm::AllocaInst* buffer = nullptr;
    bool always = false;                 // they are made at the beginning of the group; else
    llvm::AllocaInst* filled = nullptr;  // i1: a cold region of this group has made them
  };
  // Groups in a round.
  static constexpr uint64_t kRound = 64;

  // The walk through the plan (population_kernel.cc).
  bool Has(ir::Op op) const;
  // True if some node of the kernel may stop the run.
  bool MayFail() const;
  void DeclareCollections();
  // The uniform values as vectors.
  void MakeSplats();
  std::vector<llvm::Value*> Splats(int lanes);
  void EmitLoop(const Loop& loop);
  void EmitVector(const Loop& loop);
  void EmitNodes(const std::vector<PlannedNode>& nodes);
  void EmitPlanned(const PlannedNode& planned);
  void EmitColdRegion(const ColdRegion& region);

  // Values (population_kernel_values.cc).
  // The value of a node in the part at hand. A value of an earlier loop is read from its buffer or
  // its state, or computed again, where it is first read.
  llvm::Value* ValueOf(ir::NodeId id);
  llvm::Type* KeptType(ir::NodeId id);
  void Keep(ir::NodeId id, llvm::Value* value);
  llvm::Value* Fetch(ir::NodeId id);
  llvm::Value* ElementIndex(int lanes) override;
  llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes) override;
  // In a cold region: makes the random bits of the group unless that was done.
  void FillWhereNeeded(Randoms& random, uint32_t stream, uint32_t draw);
  llvm::Value* Load(ir::StateId state, int lanes) override;
  llvm::Value* FirstElement() override { return element_[part_]; }
  void Store(ir::StateId state, llvm::Value* value) override;
  llvm::Value* Take(ir::InputId input, int lanes) override;
  llvm::Value* TakeNarrow(const ir::Accumulator& declared, llvm::Value* units);
  // Notes lanes of a sum, or of the high halves of a wide one, that are beyond the limit of R6.
  void NoteOverflow(llvm::Value* sum);
  llvm::Value* Held(ir::InputId input, int lanes) override;

  // What a group settles at its end (population_kernel_group.cc).
  // Adds lanes of the part at hand to the mask.
  void Include(GroupMask& mask, llvm::Value* lanes);
  // Puts the bits of the present vector at their places among those of the group.
  void Collect(const GroupMask& mask);
  // `remaining` elements from the beginning of the group on count, at least 1.
  void EmitEndOfGroup(llvm::Value* remaining);
  void ClearTaken();
  void Reduce(ir::ReductionId reduction, llvm::Value* value) override;
  // Clears the buffer behind the last element and sums it along the tree of R7.
  void EmitGroupSum(ir::ReductionId reduction, llvm::AllocaInst* buffer, llvm::Value* remaining);
  void Check(ir::StateId state, llvm::Value* value) override;
  void FailIn(llvm::Value* lanes) override;
  void GoOnIn(llvm::Value* lanes) override { Include(goes_on_, lanes); }
  // True if an element of the group needs a further pass; null if all passes run.
  llvm::Value* GoesOn(llvm::Value* remaining);
  // The bits of the elements before the end of the population, of which `remaining` are left from
  // the begin of the group on.
  llvm::Value* Counted(llvm::Value* remaining);
  // True if a mask has one of these bits.
  llvm::Value* IsAny(const GroupMask& mask, llvm::Value* counted);
  // Notes that a lane of the part at hand may fail its deferred check, apart from lanes that are
  // `spared` (i1 lanes, or null).
  void NoteSuspects(const ir::State& state, llvm::Value* value, llvm::Value* spared = nullptr);
  // If a lane of the group was suspect, checks the states in memory.
  void EmitDeferredChecks(llvm::Value* counted);
  // The bits of the elements that the tails of these spikes will check.
  llvm::Value* BitsOf(const std::vector<ir::NodeId>& spikes);

  // Spikes (population_kernel_spikes.cc).
  void Spike(ir::PopulationId population, llvm::Value* mask) override;
  void CollectSpikes(ir::NodeId spike);
  void RememberSpikes(const Spikes& spikes, llvm::Value* group_in_round);
  // Behind the last group of a round, or of the kernel, lists its spikes.
  void EmitEndOfRound(llvm::Value* next_group, llvm::Value* end);
  void EmitSpikes(const Spikes& spikes, llvm::Value* end);
  void EmitTail(const Tail& tail);
  llvm::Value* TailValue(ir::NodeId id);
  // The address of a field of the arguments' SpikeOutput number `index`.
  llvm::Value* SpikeField(size_t index, size_t offset);

  // Lanes of a part in a narrow loop. Where vectors have one lane by request, so have these.
  int NarrowLanes() const { return own_lanes_ == 1 ? 1 : 2 * own_lanes_; }
  llvm::Align LanesAlign(llvm::Type* type) const {
    return llvm::Align(type->getScalarSizeInBits() / 8 * static_cast<uint64_t>(lanes_));
  }
  // The address in a buffer of kGroup elements of the first element of the part at hand.
  llvm::Value* InBuffer(llvm::AllocaInst* buffer, llvm::Type* type) {
    llvm::Value* const index =
        builder_.CreateAdd(offset_, builder_.getInt64(part_ * static_cast<size_t>(lanes_)));
    return builder_.CreateInBoundsGEP(type, buffer, index);
  }

  const KernelGraph& graph_;
  const KernelPlan& plan_;
  const int own_lanes_;  // of a part
  const size_t parts_;
  std::vector<llvm::Value*> splats_;               // of `own_lanes_`
  std::vector<llvm::Value*> narrow_splats_;        // of twice as many
  int lanes_ = 0;                                  // of a part in the present loop
  std::vector<std::vector<llvm::Value*>> values_;  // of the present vector, by part and node
  size_t part_ = 0;                                // at hand
  std::vector<llvm::Value*> element_;              // the number of each part's first element, i64
  llvm::Value* group_ = nullptr;                   // first element of the group, i64
  llvm::Value* offset_ = nullptr;                  // of the vector within the group, i64
  llvm::BasicBlock* fill_ = nullptr;  // the block that begins a group or pass and makes its random
                                      // bits
  GroupMask goes_on_;                 // `until`: whose passes have not ended
  GroupMask failed_;                  // of expectations, and of checks that are not deferred
  // By part, f64 lanes: the sum of all values with deferred checks. It is not finite where one of
  // them was not, and NaN where one was out of its bounds.
  std::vector<llvm::AllocaInst*> suspects_;
  std::vector<Spikes> spikes_;            // in the order of their nodes
  llvm::Value* counts_ = nullptr;         // i1, in a tail: its element is before the end
  llvm::AllocaInst* fault_ = nullptr;     // i1: a check failed in a group before
  llvm::AllocaInst* overflow_ = nullptr;  // takes out of range, as sign bits
  std::map<std::pair<uint32_t, uint32_t>, Randoms> random_;  // by stream and draw
  int depth_ = 0;                                            // of cold regions, at hand
  std::vector<const Randoms*> made_;                         // known to be, in the region at hand
  std::map<ir::ReductionId, llvm::AllocaInst*> sums_;
  std::map<ir::NodeId, llvm::AllocaInst*> kept_;
  std::map<ir::NodeId, ir::StateId> held_;  // values of earlier loops that states hold
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_POPULATION_KERNEL_H_
