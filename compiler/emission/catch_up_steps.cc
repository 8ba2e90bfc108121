// Rows of which steps are deferred, and arrivals between them.
#include <utility>

#include "compiler/emission/catch_up_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {

void CatchUpEmitter::EmitStepsOfRow(llvm::Value* first, llvm::Value* last) {
  llvm::Type* const i64 = builder_.getInt64Ty();
  behind_ = builder_.CreateSub(until_low_, done_);
  begin_ = builder_.CreateSub(until_, builder_.CreateZExt(behind_, i64));
  LookAtCaptured(FirstStepFrom(builder_.getInt64(0)),
                 FirstStepFrom(builder_.CreateZExt(behind_, i64)));
  const Loop vectors = Begin(first, last);
  synapses_ = SynapsesInside(vectors.number, last);
  targets_ = nullptr;
  Targets();  // in front of all branches
  if (deferral_.post.has_value()) FindArrivals();
  LoadStates();
  EmitStepsAndArrivals();
  StoreStates();
  inside_ = nullptr;
  End(vectors,
      builder_.CreateAdd(vectors.number, builder_.getInt64(static_cast<uint64_t>(lanes_))));
}

// Finds `count_`, `pending_` and the first arrivals (`next_`) that are not done.
void CatchUpEmitter::FindArrivals() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  const std::vector<llvm::Value*> arrivals = GatherArrivals(LanesOfVector(Targets()));
  count_ = arrivals[0];
  pending_ =
      builder_.CreateAnd(builder_.CreateAnd(inside_, builder_.CreateICmpNE(count_, Zeros(i32))),
                         IsPending(arrivals[1]));
  Set(next_, count_);

  // Back from the last one, as long as they are not done and still there.
  llvm::Value* const capacity = InLanes(builder_.CreateTrunc(capacity_, i32));
  llvm::Value* const least = builder_.CreateSub(
      count_, builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, count_, capacity));
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const back = NewBasicBlock("back");
  llvm::BasicBlock* const found = NewBasicBlock("found");
  builder_.CreateCondBr(Any(pending_), back, found);
  builder_.SetInsertPoint(back);
  llvm::PHINode* const lanes = builder_.CreatePHI(pending_->getType(), 2);
  lanes->addIncoming(pending_, before);
  // These lanes have one more.
  llvm::Value* const at =
      builder_.CreateSub(Get(next_), builder_.CreateZExt(lanes, LanesType(i32)));
  Set(next_, at);
  llvm::Value* const earlier = builder_.CreateSub(at, InLanes(builder_.getInt32(1)));
  llvm::Value* const times = Gather(i32, times_, LanesOfVector(RingEntry(Targets(), earlier)));
  llvm::Value* const more = builder_.CreateAnd(
      builder_.CreateAnd(lanes, builder_.CreateICmpNE(at, least)), IsPending(times));
  lanes->addIncoming(more, builder_.GetInsertBlock());
  builder_.CreateCondBr(Any(more), back, found);
  builder_.SetInsertPoint(found);
}

llvm::Value* CatchUpEmitter::NextTimes() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Value* const next = Get(next_);
  llvm::Value* const time = Gather(i32, times_, LanesOfVector(RingEntry(Targets(), next)));
  return builder_.CreateSelect(builder_.CreateICmpNE(next, count_),
                               builder_.CreateSub(time, InLanes(done_)),
                               llvm::Constant::getAllOnesValue(LanesType(i32)));
}

// The on_step code of step s runs at the time 2 s + 1 - delivers.
llvm::Value* CatchUpEmitter::FirstStepFrom(llvm::Value* halves) {
  return builder_.CreateLShr(builder_.CreateAdd(builder_.CreateAdd(begin_, halves), delivers_), 1);
}

// Stretches of steps up to the next arrival in any lane.
void CatchUpEmitter::EmitStepsAndArrivals() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const from = FirstStepFrom(builder_.getInt64(0));
  if (!deferral_.post.has_value()) {
    EmitSteps(from, FirstStepFrom(builder_.CreateZExt(behind_, i64)));
    return;
  }
  llvm::BasicBlock* const stretch = NewBasicBlock("stretch");
  llvm::BasicBlock* const arrivals = NewBasicBlock("arrivals");
  llvm::BasicBlock* const done = NewBasicBlock("steps_done");
  llvm::Value* const first_times = NextTimes();
  builder_.CreateStore(Get(next_), nexts_);
  builder_.CreateStore(count_, counts_);
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  builder_.CreateBr(stretch);

  builder_.SetInsertPoint(stretch);
  llvm::PHINode* const times = builder_.CreatePHI(LanesType(i32), 2);
  llvm::PHINode* const step = builder_.CreatePHI(i64, 2);
  times->addIncoming(first_times, before);
  step->addIncoming(from, before);
  llvm::Value* const next = builder_.CreateIntMinReduce(times);
  llvm::Value* const stop = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, next, behind_);
  llvm::Value* const to = FirstStepFrom(builder_.CreateZExt(stop, i64));
  EmitSteps(step, to);
  builder_.CreateCondBr(builder_.CreateICmpULT(next, behind_), arrivals, done);

  // Seldom more than one.
  builder_.SetInsertPoint(arrivals);
  llvm::Value* const due = MaskBits(builder_, builder_.CreateICmpEQ(times, InLanes(next)));
  llvm::BasicBlock* const arrival = NewBasicBlock("arrival");
  llvm::BasicBlock* const arrived = builder_.GetInsertBlock();
  builder_.CreateBr(arrival);
  builder_.SetInsertPoint(arrival);
  llvm::PHINode* const lanes = builder_.CreatePHI(i64, 2);
  llvm::PHINode* const old_times = builder_.CreatePHI(LanesType(i32), 2);
  lanes->addIncoming(due, arrived);
  old_times->addIncoming(times, arrived);
  llvm::Value* const lane =
      builder_.CreateIntrinsic(llvm::Intrinsic::cttz, {i64}, {lanes, builder_.getTrue()});
  llvm::Value* const next_time = EmitArrivalIn(lane, next);
  llvm::Value* const new_times = builder_.CreateSelect(is_lane_, InLanes(next_time), old_times);
  llvm::Value* const others =
      builder_.CreateAnd(lanes, builder_.CreateSub(lanes, builder_.getInt64(1)));
  lanes->addIncoming(others, builder_.GetInsertBlock());
  old_times->addIncoming(new_times, builder_.GetInsertBlock());
  times->addIncoming(new_times, builder_.GetInsertBlock());
  step->addIncoming(to, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpNE(others, builder_.getInt64(0)), arrival, stretch);
  builder_.SetInsertPoint(done);
}

llvm::Value* CatchUpEmitter::EmitArrivalIn(llvm::Value* lane, llvm::Value* time) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  const auto in_array = [&](llvm::Value* array) {
    return builder_.CreateInBoundsGEP(i32, array, lane);
  };
  llvm::Value* const next = builder_.CreateLoad(i32, in_array(nexts_));
  is_lane_ = builder_.CreateICmpEQ(Iota(builder_, lanes_),
                                   InLanes(builder_.CreateTrunc(lane, builder_.getInt32Ty())));
  // From here on nodes run in the lane alone.
  const int all_lanes = std::exchange(lanes_, 1);
  llvm::Value* const all_inside = std::exchange(inside_, nullptr);
  llvm::Value* const all_targets = std::exchange(targets_, nullptr);
  const Lanes all_synapses =
      std::exchange(synapses_, Lanes{builder_.CreateAdd(synapses_[0], lane)});
  lane_ = lane;
  EmitArrivals({RingEntry(Targets(), next)}, builder_.CreateAdd(time, done_));
  llvm::Value* const later = builder_.CreateAdd(next, builder_.getInt32(1));
  builder_.CreateStore(later, in_array(nexts_));
  llvm::Value* const behind =
      builder_.CreateSub(LoadElement(i32, times_, RingEntry(Targets(), later)), done_);
  llvm::Value* const none =
      builder_.CreateICmpEQ(later, builder_.CreateLoad(i32, in_array(counts_)));
  lane_ = nullptr;
  synapses_ = all_synapses;
  targets_ = all_targets;
  inside_ = all_inside;
  lanes_ = all_lanes;
  return builder_.CreateSelect(none, builder_.getInt32(~0u), behind);
}

void CatchUpEmitter::LoadStates() {
  llvm::Value* const first = synapses_[0];
  for (const auto& [state, cell] : states_) {
    const size_t slot = SlotOf(ir::AttrKind::kState, state);
    if (slot == slots_.size()) return;
    llvm::Type* const type = MemoryOf(state);
    const llvm::Align align(type->getScalarSizeInBits() / 8);
    llvm::Value* const address = builder_.CreateInBoundsGEP(type, slots_[slot], first);
    llvm::Instruction* load = nullptr;
    if (inside_ == nullptr) {
      load = builder_.CreateAlignedLoad(LanesType(type), address, align);
    } else {
      load = builder_.CreateMaskedLoad(LanesType(type), address, align, inside_, Zeros(type));
    }
    Annotate(load, slot);
    Set(cell, FromMemory(state, load));
  }
}

void CatchUpEmitter::StoreStates() {
  llvm::Value* const first = synapses_[0];
  for (const ir::StateId state : stored_) {
    const size_t slot = SlotOf(ir::AttrKind::kState, state);
    if (slot == slots_.size()) return;
    llvm::Type* const type = MemoryOf(state);
    const llvm::Align align(type->getScalarSizeInBits() / 8);
    llvm::Value* const address = builder_.CreateInBoundsGEP(type, slots_[slot], first);
    llvm::Value* const value = ToMemory(state, Get(states_.at(state)));
    Annotate(inside_ == nullptr ? static_cast<llvm::Instruction*>(
                                      builder_.CreateAlignedStore(value, address, align))
                                : builder_.CreateMaskedStore(value, address, align, inside_),
             slot);
  }
}

}  // namespace bnsyn::compiler
