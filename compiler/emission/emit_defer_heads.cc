#include "compiler/emission/emit_defer_heads.h"

#include <cstddef>
#include <vector>

#include "compiler/emission/defer_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/levels.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Level;

// Emits the nodes of a block that do not differ from synapse to synapse.
class HeadEmitter : public DeferEmitter {
 public:
  HeadEmitter(const EmitContext& context, const ir::Block& block, const Deferral& deferral)
      : DeferEmitter(context, block),
        deferral_(deferral),
        level_(ir::LevelsOf(program_, block)),
        values_(block.nodes.size()) {}

  absl::Status EmitArrivals();
  absl::Status EmitWindow();

 private:
  void EmitLevel(Level level);
  // If `first` (i1), fills the ring of the target with a time that is long done.
  void FillRing(llvm::Value* first, llvm::Value* times, llvm::Value* long_done);
  // Puts `time` before the newest of the target, which has entry `at` of `arrivals`.
  void ShiftNewest(llvm::Value* first, llvm::Value* arrivals, llvm::Value* at, llvm::Value* time,
                   llvm::Value* long_done);
  // What the arrival does to its target, behind all that reads it.
  void EmitNeuronStores();

  llvm::Value* LoadPost(ir::StateId state) override {
    return LoadSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, target_,
                    1);
  }
  llvm::Value* IndexPost() override { return builder_.CreateTrunc(target_, builder_.getInt32Ty()); }
  llvm::Value* Weight() override {
    return llvm::ConstantFP::get(builder_.getDoubleTy(),
                                 program_.projections[deferral_.projection].weight);
  }
  void Check(ir::StateId state, llvm::Value* value) override {
    FailIn(OutOfBounds(program_.states[state], value));
  }
  void FailIn(llvm::Value* failed) override { MergeFault(failed); }

  const Deferral& deferral_;
  const std::vector<Level> level_;
  std::vector<llvm::Value*> values_;  // by node
  llvm::Value* target_ = nullptr;     // i64
};

void HeadEmitter::EmitLevel(Level level) {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    if (level_[id] != level || node(id).op == ir::Op::kDelay || ir::StoresNeuron(node(id)))
      continue;
    std::vector<llvm::Value*> operands;
    for (const ir::NodeId operand : node(id).inputs()) operands.push_back(values_[operand]);
    values_[id] = EmitNode(node(id), 1, operands);
  }
}

void HeadEmitter::FillRing(llvm::Value* first, llvm::Value* times, llvm::Value* long_done) {
  llvm::Value* const begin = builder_.CreateMul(target_, capacity_);
  llvm::Value* const end = builder_.CreateAdd(begin, capacity_);
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const fill = NewBasicBlock("fill");
  llvm::BasicBlock* const filled = NewBasicBlock("filled");
  builder_.CreateCondBr(first, fill, filled);
  builder_.SetInsertPoint(fill);
  llvm::PHINode* const entry = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  StoreElement(long_done, times, entry);
  llvm::Value* const next = builder_.CreateAdd(entry, builder_.getInt64(1));
  entry->addIncoming(begin, before);
  entry->addIncoming(next, fill);
  builder_.CreateCondBr(builder_.CreateICmpNE(next, end), fill, filled);
  builder_.SetInsertPoint(filled);
}

void HeadEmitter::ShiftNewest(llvm::Value* first, llvm::Value* arrivals, llvm::Value* at,
                              llvm::Value* time, llvm::Value* long_done) {
  const auto place = [&](uint32_t i) {
    return builder_.CreateAdd(at, builder_.getInt64(offsetof(Arrivals, newest) / 4 + i));
  };
  for (uint32_t i = kNewest - 1; i > 0; --i) {
    llvm::Value* const earlier = LoadElement(builder_.getInt32Ty(), arrivals, place(i - 1));
    StoreElement(builder_.CreateSelect(first, long_done, earlier), arrivals, place(i));
  }
  StoreElement(time, arrivals, place(0));
}

void HeadEmitter::EmitNeuronStores() {
  for (const ir::Node& n : block_.nodes) {
    if (!ir::StoresNeuron(n)) continue;
    StoreSlot(SlotOf(AttrKind::kState, n.attr), n.element, target_, values_[n.operands[0]]);
  }
}

absl::Status HeadEmitter::EmitArrivals() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Type* const pointer = builder_.getPtrTy();
  llvm::Value* const spikes = LoadField(offsetof(DeliverArgs, spikes), pointer);
  llvm::Value* const spike_count = LoadField(offsetof(DeliverArgs, spike_count), i32);
  llvm::Value* const arrivals = DeferField(offsetof(DeferArgs, arrivals), pointer);
  llvm::Value* const times = DeferField(offsetof(DeferArgs, times), pointer);
  llvm::Value* const needed_from = DeferField(offsetof(DeferArgs, needed_from), i32);
  EmitLevel(Level::kOnce);

  llvm::BasicBlock* const entry = builder_.GetInsertBlock();
  llvm::BasicBlock* const spike = NewBasicBlock("spike");
  llvm::BasicBlock* const append = NewBasicBlock("append");
  llvm::BasicBlock* const exit = NewBasicBlock("exit");
  builder_.CreateBr(spike);

  builder_.SetInsertPoint(spike);
  llvm::PHINode* const i = builder_.CreatePHI(i32, 2);
  llvm::BasicBlock* const take = NewBasicBlock("take");
  builder_.CreateCondBr(builder_.CreateICmpULT(i, spike_count), take, exit);

  builder_.SetInsertPoint(take);
  target_ = builder_.CreateZExt(LoadElement(i32, spikes, builder_.CreateZExt(i, i64)), i64);
  llvm::Value* const at = builder_.CreateMul(target_, builder_.getInt64(sizeof(Arrivals) / 4));
  llvm::Value* const count = LoadElement(i32, arrivals, at);
  llvm::Value* const place = RingEntry(target_, count);
  // An entry that is overwritten must be older than what any row needs.
  llvm::Value* const used = builder_.CreateICmpUGE(builder_.CreateZExt(count, i64), capacity_);
  llvm::Value* const needed = builder_.CreateICmpSGE(
      builder_.CreateSub(LoadElement(i32, times, place), needed_from), builder_.getInt32(0));
  builder_.CreateCondBr(builder_.CreateAnd(used, needed), exit, append);

  builder_.SetInsertPoint(append);
  EmitLevel(Level::kSpike);
  llvm::Value* const half = builder_.getInt64(deferral_.delivers ? 1 : 0);
  llvm::Value* const time = builder_.CreateTrunc(
      builder_.CreateAdd(builder_.CreateMul(step_, builder_.getInt64(2)), half), i32);
  // No time that is kept is older, and the difference from later ones stays positive.
  constexpr uint32_t kLongAgo = uint32_t{1} << 30;
  llvm::Value* const long_done = builder_.CreateSub(time, builder_.getInt32(kLongAgo));
  llvm::Value* const is_first = builder_.CreateICmpEQ(count, builder_.getInt32(0));
  FillRing(is_first, times, long_done);
  StoreElement(time, times, place);
  StoreElement(builder_.CreateAdd(count, builder_.getInt32(1)), arrivals, at);
  ShiftNewest(is_first, arrivals, at, time, long_done);
  const std::vector<ir::NodeId>& captured = deferral_.post_captured;
  if (!captured.empty()) {
    llvm::Value* const values = DeferField(offsetof(DeferArgs, values), pointer);
    llvm::Value* const first = builder_.CreateMul(place, builder_.getInt64(captured.size()));
    for (size_t v = 0; v < captured.size(); ++v) {
      StoreElement(ToBits(values_[captured[v]], node(captured[v]).element), values,
                   builder_.CreateAdd(first, builder_.getInt64(v)));
    }
  }
  EmitNeuronStores();
  i->addIncoming(builder_.getInt32(0), entry);
  i->addIncoming(builder_.CreateAdd(i, builder_.getInt32(1)), builder_.GetInsertBlock());
  builder_.CreateBr(spike);

  builder_.SetInsertPoint(exit);
  StoreDeferField(offsetof(DeferArgs, taken), i);
  builder_.CreateRetVoid();
  return status_;
}

absl::Status HeadEmitter::EmitWindow() {
  const std::vector<ir::NodeId>& captured = deferral_.step_captured;
  if (!captured.empty()) {
    EmitLevel(Level::kOnce);
    llvm::Type* const i64 = builder_.getInt64Ty();
    llvm::Value* const window = DeferField(offsetof(DeferArgs, window), builder_.getPtrTy());
    llvm::Value* const steps = builder_.CreateZExt(
        DeferField(offsetof(DeferArgs, window_steps), builder_.getInt32Ty()), i64);
    llvm::Value* const slot =
        builder_.CreateAnd(step_, builder_.CreateSub(steps, builder_.getInt64(1)));
    llvm::Value* const first = builder_.CreateMul(slot, builder_.getInt64(captured.size()));
    for (size_t v = 0; v < captured.size(); ++v) {
      StoreElement(ToBits(values_[captured[v]], node(captured[v]).element), window,
                   builder_.CreateAdd(first, builder_.getInt64(v)));
    }
  }
  builder_.CreateRetVoid();
  return status_;
}

}  // namespace

absl::Status EmitHead(const EmitContext& context, const Deferral& deferral) {
  const ir::Block& block = context.program.synaptic[*deferral.post];
  return HeadEmitter(context, block, deferral).EmitArrivals();
}

absl::Status EmitCapture(const EmitContext& context, const Deferral& deferral) {
  const ir::Block& block = context.program.synaptic[*deferral.step];
  return HeadEmitter(context, block, deferral).EmitWindow();
}

}  // namespace bnsyn::compiler
