// Rows of which steps are deferred, and arrivals between them.
#include "compiler/emission/catch_up_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {

void CatchUpEmitter::EmitStepsOfRow(llvm::Value* first, llvm::Value* last) {
  const Loop vectors = Begin(first, last);
  synapses_ = SynapsesInside(vectors.number, last);
  targets_ = nullptr;
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

// Stretches of steps up to the next arrival in any lane.
void CatchUpEmitter::EmitStepsAndArrivals() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  // The on_step code of step s runs at the time 2 s + 1 - delivers.
  llvm::Value* const behind = builder_.CreateSub(until_low_, done_);
  llvm::Value* const begin = builder_.CreateSub(until_, builder_.CreateZExt(behind, i64));
  const auto first_step_from = [&](llvm::Value* halves) {
    return builder_.CreateLShr(builder_.CreateAdd(builder_.CreateAdd(begin, halves), delivers_), 1);
  };
  llvm::Value* const from = first_step_from(builder_.getInt64(0));
  if (!deferral_.post.has_value()) {
    EmitSteps(from, first_step_from(builder_.CreateZExt(behind, i64)));
    return;
  }
  llvm::BasicBlock* const stretch = NewBasicBlock("stretch");
  llvm::BasicBlock* const arrival = NewBasicBlock("arrival");
  llvm::BasicBlock* const done = NewBasicBlock("steps_done");
  llvm::Value* const first_times = NextTimes();
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  builder_.CreateBr(stretch);

  builder_.SetInsertPoint(stretch);
  llvm::PHINode* const times = builder_.CreatePHI(LanesType(i32), 2);
  llvm::PHINode* const step = builder_.CreatePHI(i64, 2);
  times->addIncoming(first_times, before);
  step->addIncoming(from, before);
  llvm::Value* const next = builder_.CreateIntMinReduce(times);
  llvm::Value* const stop = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, next, behind);
  llvm::Value* const to = first_step_from(builder_.CreateZExt(stop, i64));
  EmitSteps(step, to);
  builder_.CreateCondBr(builder_.CreateICmpULT(next, behind), arrival, done);

  builder_.SetInsertPoint(arrival);
  EmitArrivalIn(builder_.CreateICmpEQ(times, InLanes(next)));
  llvm::Value* const next_times = NextTimes();
  times->addIncoming(next_times, builder_.GetInsertBlock());
  step->addIncoming(to, builder_.GetInsertBlock());
  builder_.CreateBr(stretch);
  builder_.SetInsertPoint(done);
}

// Runs the arrivals of these lanes that are next, and moves on to those behind them.
void CatchUpEmitter::EmitArrivalIn(llvm::Value* lanes) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Value* const next = Get(next_);
  const Lanes entries = LanesOfVector(RingEntry(Targets(), next));
  active_ = lanes;
  EmitArrivals(entries, Gather(i32, times_, entries));
  active_ = nullptr;
  Set(next_, builder_.CreateAdd(next, builder_.CreateZExt(lanes, LanesType(i32))));
}

void CatchUpEmitter::EmitSteps(llvm::Value* from, llvm::Value* to) {
  const Loop steps = Begin(from, to);
  llvm::Value* const step_of_call = step_;
  step_ = steps.number;
  const uint64_t count = deferral_.step_captured.size();
  llvm::Value* const first =
      builder_.CreateMul(builder_.CreateAnd(step_, window_last_), builder_.getInt64(count));
  for (uint64_t v = 0; v < count; ++v) {
    const ir::NodeId id = catch_up_.first_of_step + deferral_.step_captured[v];
    llvm::Value* const at = builder_.CreateAdd(first, builder_.getInt64(v));
    values_[id] = FromBits(LoadElement(builder_.getInt64Ty(), window_, at), node(id).element);
  }
  EmitNodes(catch_up_.first_of_step, static_cast<ir::NodeId>(block_.nodes.size()));
  step_ = step_of_call;
  End(steps, builder_.CreateAdd(steps.number, builder_.getInt64(1)));
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
