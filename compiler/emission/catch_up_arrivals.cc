// Rows of which arrivals alone are deferred.
//
// How many arrivals a synapse has to catch up with differs from synapse to synapse, so that a loop
// for each would end with a branch that no processor foresees. In place of that, lists: of the
// synapses with one arrival or more, of those with two or more, ...; then each list runs in full
// vectors, the longest histories first.
#include "compiler/emission/catch_up_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {
namespace {

// Entries of all lists. An entry has the place of the synapse in its low bits, and above them that
// of the arrival in the rings.
constexpr uint64_t kEntries = 8192;
constexpr uint64_t kPlaceBits = 13;
static_assert(kEntries == uint64_t{1} << kPlaceBits);

}  // namespace

llvm::Value* CatchUpEmitter::IsPending(llvm::Value* time) {
  llvm::Value* const done = LanesOf(time) == 1 ? done_ : InLanes(done_);
  return builder_.CreateICmpSGE(builder_.CreateSub(time, done),
                                llvm::Constant::getNullValue(time->getType()));
}

llvm::Value* CatchUpEmitter::ListPlace(llvm::Value* level, llvm::Value* i) {
  llvm::Value* const at = builder_.CreateAdd(builder_.CreateMul(level, list_room_), i);
  return builder_.CreateInBoundsGEP(builder_.getInt64Ty(), lists_, at);
}

void CatchUpEmitter::EmitArrivalsOfRow(llvm::Value* first, llvm::Value* last) {
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const one = builder_.getInt64(1);
  const auto lanes = static_cast<uint64_t>(lanes_);
  if (lists_ == nullptr) {
    lists_ = Variable(llvm::ArrayType::get(i64, kEntries));
    list_sizes_ = Variable(llvm::ArrayType::get(i64, kMostArrivals));
  }
  list_room_ = builder_.CreateUDiv(builder_.getInt64(kEntries), capacity_);
  // A list is filled up to whole vectors.
  llvm::Value* const most = builder_.CreateSub(list_room_, builder_.getInt64(lanes));
  const Loop pieces = Begin(first, last);
  llvm::Value* const begin = pieces.number;
  llvm::Value* const count =
      builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, builder_.CreateSub(last, begin), most);
  const auto size_at = [&](llvm::Value* level) {
    return builder_.CreateInBoundsGEP(i64, list_sizes_, level);
  };

  // Levels, until a list is empty.
  llvm::Value* const listed = ListSynapses(begin, count);
  builder_.CreateStore(listed, list_sizes_);
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const down = NewBasicBlock("level");
  llvm::BasicBlock* const more = NewBasicBlock("more");
  llvm::BasicBlock* const bottom = NewBasicBlock("bottom");
  builder_.CreateBr(down);
  builder_.SetInsertPoint(down);
  llvm::PHINode* const level = builder_.CreatePHI(i64, 2);
  llvm::PHINode* const size = builder_.CreatePHI(i64, 2);
  level->addIncoming(builder_.getInt64(0), before);
  size->addIncoming(listed, before);
  llvm::Value* const deeper = builder_.CreateAdd(level, one);
  builder_.CreateCondBr(builder_.CreateAnd(builder_.CreateICmpNE(size, builder_.getInt64(0)),
                                           builder_.CreateICmpULT(deeper, capacity_)),
                        more, bottom);
  builder_.SetInsertPoint(more);
  llvm::Value* const next_size = ListThoseWithMore(level, size);
  builder_.CreateStore(next_size, size_at(deeper));
  level->addIncoming(deeper, builder_.GetInsertBlock());
  size->addIncoming(next_size, builder_.GetInsertBlock());
  builder_.CreateBr(down);

  // And back: oldest arrivals first.
  builder_.SetInsertPoint(bottom);
  llvm::BasicBlock* const up = NewBasicBlock("up");
  llvm::BasicBlock* const done = NewBasicBlock("top");
  builder_.CreateBr(up);
  builder_.SetInsertPoint(up);
  llvm::PHINode* const back = builder_.CreatePHI(i64, 2);
  back->addIncoming(level, bottom);
  RunList(begin, back, builder_.CreateLoad(i64, size_at(back)));
  back->addIncoming(builder_.CreateSub(back, one), builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpNE(back, builder_.getInt64(0)), up, done);
  builder_.SetInsertPoint(done);
  End(pieces, builder_.CreateAdd(begin, count));
}

// The synapses from `first` on whose last arrival is not done; returns how many.
llvm::Value* CatchUpEmitter::ListSynapses(llvm::Value* first, llvm::Value* count) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const zero = builder_.getInt64(0);
  const Loop loop = Begin(zero, count, zero);
  llvm::Value* const target =
      builder_.CreateZExt(LoadElement(i32, others_, builder_.CreateAdd(first, loop.number)), i64);
  llvm::Value* const both = LoadElement(i64, arrivals_, target);
  llvm::Value* const arrived = builder_.CreateTrunc(both, i32);
  llvm::Value* const newest = builder_.CreateTrunc(builder_.CreateLShr(both, 32), i32);
  llvm::Value* const pending =
      builder_.CreateAnd(IsPending(newest), builder_.CreateICmpNE(arrived, builder_.getInt32(0)));
  llvm::Value* const entry = RingEntry(target, builder_.CreateSub(arrived, builder_.getInt32(1)));
  builder_.CreateStore(builder_.CreateOr(builder_.CreateShl(entry, kPlaceBits), loop.number),
                       ListPlace(zero, loop.carried));
  // The next lists look there.
  Prefetch(i32, times_, entry);
  llvm::Value* const next = builder_.CreateAdd(loop.carried, builder_.CreateZExt(pending, i64));
  End(loop, builder_.CreateAdd(loop.number, builder_.getInt64(1)), next);
  return loop.carried;
}

// Those of the list of `level` whose arrival before that is not done either, as the next level.
llvm::Value* CatchUpEmitter::ListThoseWithMore(llvm::Value* level, llvm::Value* count) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const zero = builder_.getInt64(0);
  llvm::Value* const one = builder_.getInt64(1);
  llvm::Value* const deeper = builder_.CreateAdd(level, one);
  const Loop loop = Begin(zero, count, zero);
  llvm::Value* const known = builder_.CreateLoad(i64, ListPlace(level, loop.number));
  llvm::Value* const entry = builder_.CreateLShr(known, kPlaceBits);
  llvm::Value* const ring = builder_.CreateAnd(entry, builder_.CreateNot(last_));
  llvm::Value* const earlier =
      builder_.CreateOr(ring, builder_.CreateAnd(builder_.CreateSub(entry, one), last_));
  llvm::Value* const place = builder_.CreateAnd(known, builder_.getInt64(kEntries - 1));
  builder_.CreateStore(builder_.CreateOr(builder_.CreateShl(earlier, kPlaceBits), place),
                       ListPlace(deeper, loop.carried));
  llvm::Value* const pending = IsPending(LoadElement(i32, times_, earlier));
  llvm::Value* const next = builder_.CreateAdd(loop.carried, builder_.CreateZExt(pending, i64));
  End(loop, builder_.CreateAdd(loop.number, one), next);
  return loop.carried;
}

// Runs the arrivals of a list, in whole vectors. What is behind the end of the list repeats its
// last synapse: all lanes load before any stores, so that it comes to the same as one.
void CatchUpEmitter::RunList(llvm::Value* first, llvm::Value* level, llvm::Value* count) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::BasicBlock* const some = NewBasicBlock("run");
  llvm::BasicBlock* const none = NewBasicBlock("ran");
  builder_.CreateCondBr(builder_.CreateICmpNE(count, builder_.getInt64(0)), some, none);
  builder_.SetInsertPoint(some);
  llvm::Value* const last =
      builder_.CreateLoad(i64, ListPlace(level, builder_.CreateSub(count, builder_.getInt64(1))));
  for (uint64_t i = 0; i < static_cast<uint64_t>(lanes_); ++i) {
    builder_.CreateStore(last, ListPlace(level, builder_.CreateAdd(count, builder_.getInt64(i))));
  }
  const Loop loop = Begin(builder_.getInt64(0), count);
  Lanes entries;
  synapses_.clear();
  for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes_); ++lane) {
    llvm::Value* const i = builder_.CreateAdd(loop.number, builder_.getInt64(lane));
    llvm::Value* const entry = builder_.CreateLoad(i64, ListPlace(level, i));
    llvm::Value* const place = builder_.CreateAnd(entry, builder_.getInt64(kEntries - 1));
    synapses_.push_back(builder_.CreateAdd(first, place));
    entries.push_back(builder_.CreateLShr(entry, kPlaceBits));
  }
  targets_ = nullptr;
  for (const auto& [state, cell] : states_) {
    const size_t slot = SlotOf(ir::AttrKind::kState, state);
    if (slot == slots_.size()) return;
    llvm::Value* value = llvm::PoisonValue::get(LanesType(MemoryOf(state)));
    for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes_); ++lane) {
      llvm::LoadInst* const load = builder_.CreateLoad(
          MemoryOf(state),
          builder_.CreateInBoundsGEP(MemoryOf(state), slots_[slot], synapses_[lane]));
      Annotate(load, slot);
      value = builder_.CreateInsertElement(value, load, lane);
    }
    Set(cell, FromMemory(state, value));
  }
  // A sweep within a step finds arrivals of that step.
  llvm::Value* const times = Gather(i32, times_, entries);
  active_ = builder_.CreateICmpSLT(builder_.CreateSub(times, InLanes(until_low_)), Zeros(i32));
  EmitArrivals(entries, times);
  active_ = nullptr;
  for (const ir::StateId state : stored_) {
    const size_t slot = SlotOf(ir::AttrKind::kState, state);
    llvm::Value* const value = ToMemory(state, Get(states_.at(state)));
    for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes_); ++lane) {
      llvm::Value* const address =
          builder_.CreateInBoundsGEP(MemoryOf(state), slots_[slot], synapses_[lane]);
      Annotate(builder_.CreateStore(builder_.CreateExtractElement(value, lane), address), slot);
    }
  }
  End(loop, builder_.CreateAdd(loop.number, builder_.getInt64(static_cast<uint64_t>(lanes_))));
  builder_.CreateBr(none);
  builder_.SetInsertPoint(none);
}

}  // namespace bnsyn::compiler
