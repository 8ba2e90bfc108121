// The code of a population kernel.
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
#include "compiler/schedule/accesses.h"
#include "compiler/schedule/deferred_resets.h"
#include "compiler/schedule/planned_node.h"
#include "compiler/schedule/rare_arms.h"
#include "compiler/schedule/resets.h"
#include "compiler/schedule/stages.h"
#include "compiler/schedule/stored_checks.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Where BlockEmitter finds the arguments of a kernel.
inline constexpr ArgsLayout kKernelLayout = {offsetof(KernelArgs, slots),
                                             offsetof(KernelArgs, step), offsetof(KernelArgs, seed),
                                             offsetof(KernelArgs, fault)};

// A population kernel. Uniform nodes come first; then a loop over groups of kGroup elements, in it
// the random bits of the group and, for each stage (stages.h), a loop over vectors; and after a
// round of groups a loop over their spikes, with the resets that waited for it. A vector of
// `width` lanes is made of parts that fill a register each, and every node is emitted for all parts
// before the next one: so the parts' latencies overlap.
class PopulationKernel : public BlockEmitter {
 public:
  PopulationKernel(const EmitContext& context, const ir::Block& block)
      : BlockEmitter(context, block, kKernelLayout),
        own_lanes_(std::min(context.width, context.native_lanes)),
        parts_(static_cast<size_t>(context.width / own_lanes_)),
        stages_(Plan(context, block)),
        checked_as_stored_(StatesCheckedAsStored(block)),
        element_(parts_) {}

  absl::Status Emit();

 private:
  // What a mask is collected in over a group: a bit an element.
  struct GroupMask {
    llvm::AllocaInst* bits = nullptr;    // i64
    std::vector<llvm::Value*> of_parts;  // i1 lanes, of the present vector
  };
  // The spikes of one node.
  struct Spikes {
    ir::PopulationId population = 0;
    GroupMask mask;
    llvm::AllocaInst* masks = nullptr;      // array of i64: bits of the groups of a round
    llvm::AllocaInst* spiking = nullptr;    // i64: a bit a group of the round, where it has any
    const PlannedNode* deferred = nullptr;  // the node, if its resets wait for the end of the round
    llvm::Value* list = nullptr;
    llvm::AllocaInst* count = nullptr;
  };
  // Groups whose spikes are listed together.
  static constexpr uint64_t kRound = 64;

  static std::vector<Stage> Plan(const EmitContext& context, const ir::Block& block) {
    std::vector<PlannedNode> plan = GatherResets(block, PlanRareArms(block));
    plan = TakeLate(block, DeferResets(block, std::move(plan)));
    return PlanStages(block, StoreEarly(block, std::move(plan)), context.has_masks());
  }

  bool Has(ir::Op op) const;
  void DeclareCollections();
  // The uniform nodes as vectors.
  std::vector<llvm::Value*> Splats(int lanes);
  void EmitStage(const Stage& stage);
  void EmitVector(const Stage& stage);
  void EmitNodes(const std::vector<PlannedNode>& nodes);
  void EmitRareArm(const PlannedNode& planned, const RareArm& arm);
  void EmitResets(const PlannedNode& spike);
  // Emits nodes behind a branch that is taken where some lane wants them. Of what they compute,
  // these results are there behind it, from the other way as given there: by part and result.
  void EmitWhereWanted(llvm::Value* wanted, const std::vector<PlannedNode>& nodes,
                       const std::vector<ir::NodeId>& results,
                       const std::vector<std::vector<llvm::Value*>>& otherwise);
  // The value of a node in the part in hand; of an earlier stage, as it was kept or made anew.
  llvm::Value* ValueOf(ir::NodeId id);
  llvm::Type* KeptType(ir::NodeId id);
  void Keep(ir::NodeId id, llvm::Value* value);
  llvm::Value* Fetch(ir::NodeId id);
  void EmitEndOfGroup(llvm::Value* remaining);
  void ClearTaken();
  // Adds to what is suspicious of the part in hand; not what is out of bounds where `spared` (a
  // bool a lane, or null).
  void Suspect(const ir::State& state, llvm::Value* value, llvm::Value* spared = nullptr);
  // Where a vector so far was suspicious, looks at what the group left in memory.
  void EmitSecondLook(llvm::Value* counted);
  llvm::Value* ElementsToBeReset(ir::StateId state);
  bool IsCheckedAsStored(ir::StateId state) const {
    return std::binary_search(checked_as_stored_.begin(), checked_as_stored_.end(), state);
  }
  void RememberSpikes(const Spikes& spikes, llvm::Value* group_in_round);
  void EmitEndOfRound(llvm::Value* next_group, llvm::Value* end);
  void EmitSpikes(const Spikes& spikes, llvm::Value* end);
  // Of the element in hand, alone.
  void EmitDeferredResets(const PlannedNode& spike);
  llvm::Value* DeferredValue(ir::NodeId id);
  // The address of a field of the arguments' SpikeOutput number `index`.
  llvm::Value* SpikeField(size_t index, size_t offset);
  void EmitGroupSum(ir::ReductionId reduction, llvm::AllocaInst* buffer, llvm::Value* remaining);
  void Include(GroupMask& mask, llvm::Value* lanes);
  void Collect(const GroupMask& mask);
  void CollectSpikes(const PlannedNode& spike);

  llvm::Value* ElementIndex(int lanes) override;
  llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes) override;
  llvm::Value* Load(ir::StateId state, int lanes) override;
  void Store(ir::StateId state, llvm::Value* value) override;
  void Check(ir::StateId state, llvm::Value* value) override;
  llvm::Value* Take(ir::InputId input, int lanes) override;
  llvm::Value* Held(ir::InputId input, int lanes) override;
  void Spike(ir::PopulationId population, llvm::Value* mask) override;
  void Reduce(ir::ReductionId reduction, llvm::Value* value) override;

  // Of a part in a narrow stage. Where vectors have one lane, as when asked for, so have these.
  int NarrowLanes() const { return own_lanes_ == 1 ? 1 : 2 * own_lanes_; }
  llvm::Align LanesAlign(llvm::Type* type) const {
    return llvm::Align(type->getScalarSizeInBits() / 8 * static_cast<uint64_t>(lanes_));
  }
  // An element of a 64-element buffer: the first of the part in hand.
  llvm::Value* InBuffer(llvm::AllocaInst* buffer, llvm::Type* type) {
    llvm::Value* const index =
        builder_.CreateAdd(offset_, builder_.getInt64(part_ * static_cast<size_t>(lanes_)));
    return builder_.CreateInBoundsGEP(type, buffer, index);
  }

  const int own_lanes_;  // of a part
  const size_t parts_;
  const std::vector<Stage> stages_;
  const std::vector<ir::StateId> checked_as_stored_;
  std::vector<llvm::Value*> splats_;               // of `own_lanes_`
  std::vector<llvm::Value*> narrow_splats_;        // of twice as many
  int lanes_ = 0;                                  // of a part in the present stage
  std::vector<std::vector<llvm::Value*>> values_;  // of the present vector, by part and node
  size_t part_ = 0;                                // in hand
  std::vector<llvm::Value*> element_;              // the number of each part's first element, i64
  llvm::Value* group_ = nullptr;                   // first element of the group, i64
  llvm::Value* offset_ = nullptr;                  // of the vector within the group, i64
  llvm::BasicBlock* fill_ = nullptr;  // where a group begins: its random bits are made there
  GroupMask failed_;                  // of the other checks
  // By part, f64 lanes: the sum of all that the states of StatesCheckedAsStored were to hold; not
  // finite where one of these was not, NaN where one was out of its bounds.
  std::vector<llvm::AllocaInst*> suspects_;
  std::vector<Spikes> spikes_;            // in the order of their nodes
  llvm::Value* counts_ = nullptr;         // i1: whether the element of deferred resets does
  llvm::AllocaInst* fault_ = nullptr;     // i1: a check failed in a group before
  llvm::AllocaInst* overflow_ = nullptr;  // takes out of range, as sign bits
  std::map<std::pair<uint32_t, uint32_t>, llvm::AllocaInst*> random_;  // by stream and draw
  std::map<ir::ReductionId, llvm::AllocaInst*> sums_;
  std::map<ir::NodeId, llvm::AllocaInst*> kept_;
  std::map<ir::NodeId, ir::StateId> stored_;  // values of earlier stages that states hold
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_POPULATION_KERNEL_H_
