// Rows of which arrivals alone are deferred.
//
// How many arrivals a synapse has to catch up with differs from synapse to synapse, but the most of
// a few that lie side by side does so less: a vector of synapses runs as many passes as the lane
// with the longest history needs, each pass for the lanes that have so many.
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "compiler/emission/catch_up_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {
namespace {

// The first fields of `Arrivals`: one load takes them all.
constexpr int kFields = 4;
constexpr uint32_t kTimes = kFields - 1;
constexpr uint64_t kStride = sizeof(Arrivals) / sizeof(uint32_t);

}  // namespace

llvm::Value* CatchUpEmitter::IsPending(llvm::Value* time) {
  return builder_.CreateICmpSGE(builder_.CreateSub(time, InLanes(done_)), Zeros(done_->getType()));
}

std::vector<llvm::Value*> CatchUpEmitter::GatherArrivals(const Lanes& targets) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  // Vectors twice as long in each round, until one has all.
  std::vector<llvm::Value*> parts;
  for (llvm::Value* const target : targets) {
    llvm::Value* const at = builder_.CreateMul(target, builder_.getInt64(kStride));
    llvm::LoadInst* const load = builder_.CreateAlignedLoad(
        Widened(i32, kFields), builder_.CreateInBoundsGEP(i32, arrivals_, at), llvm::Align(16));
    AnnotateNoSlot(load);
    parts.push_back(load);
  }
  while (parts.size() > 1) {
    std::vector<int> all(2 * static_cast<size_t>(LanesOf(parts[0])));
    std::iota(all.begin(), all.end(), 0);
    std::vector<llvm::Value*> pairs;
    for (size_t i = 0; i < parts.size(); i += 2) {
      pairs.push_back(builder_.CreateShuffleVector(parts[i], parts[i + 1], all));
    }
    parts = std::move(pairs);
  }
  std::vector<llvm::Value*> fields;
  for (int field = 0; field < kFields; ++field) {
    std::vector<int> of_field;
    for (int lane = 0; lane < lanes_; ++lane) of_field.push_back(lane * kFields + field);
    fields.push_back(builder_.CreateShuffleVector(parts[0], of_field));
  }
  return fields;
}

void CatchUpEmitter::EmitArrivalsOfRow(llvm::Value* first, llvm::Value* last) {
  const auto lanes = static_cast<uint64_t>(lanes_);
  if (times_at_hand_ == nullptr) {
    times_at_hand_ =
        Variable(llvm::ArrayType::get(LanesType(builder_.getInt32Ty()), kMostArrivals));
  }
  llvm::Value* const whole =
      builder_.CreateAnd(builder_.CreateSub(last, first), builder_.getInt64(~(lanes - 1)));
  llvm::Value* const rest = builder_.CreateAdd(first, whole);
  const Loop vectors = Begin(first, rest);
  synapses_.clear();
  for (uint64_t lane = 0; lane < lanes; ++lane) {
    synapses_.push_back(builder_.CreateAdd(vectors.number, builder_.getInt64(lane)));
  }
  EmitArrivalsOfVector();
  End(vectors, builder_.CreateAdd(vectors.number, builder_.getInt64(lanes)));

  // Fewer than fill a vector.
  const Loop tail = Begin(rest, last);
  synapses_ = SynapsesInside(tail.number, last);
  EmitArrivalsOfVector();
  inside_ = nullptr;
  End(tail, last);
}

// Runs the arrivals of the synapses at hand.
void CatchUpEmitter::EmitArrivalsOfVector() {
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const zero = builder_.getInt64(0);
  targets_ = nullptr;
  Targets();  // in front of all branches
  llvm::Value* const depth = FindTimes();
  llvm::BasicBlock* const some = NewBasicBlock("some");
  llvm::BasicBlock* const pass = NewBasicBlock("pass");
  llvm::BasicBlock* const passed = NewBasicBlock("passed");
  llvm::BasicBlock* const none = NewBasicBlock("none");
  builder_.CreateCondBr(builder_.CreateICmpNE(depth, zero), some, none);
  builder_.SetInsertPoint(some);
  LoadStates();
  llvm::BasicBlock* const loaded = builder_.GetInsertBlock();
  builder_.CreateBr(pass);

  // Oldest arrivals first.
  builder_.SetInsertPoint(pass);
  llvm::PHINode* const left = builder_.CreatePHI(i64, 2);
  left->addIncoming(depth, loaded);
  llvm::Value* const level = builder_.CreateSub(left, builder_.getInt64(1));
  llvm::Value* const times = builder_.CreateLoad(LanesType(builder_.getInt32Ty()), TimesAt(level));
  // A sweep within a step finds arrivals of that step.
  active_ = builder_.CreateICmpULT(builder_.CreateSub(times, InLanes(done_)),
                                   InLanes(builder_.CreateSub(until_low_, done_)));
  Lanes entries;
  if (!deferral_.post_captured.empty()) entries = LanesOfVector(EntriesAt(level));
  EmitArrivals(entries, times);
  active_ = nullptr;
  left->addIncoming(level, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpNE(level, zero), pass, passed);

  builder_.SetInsertPoint(passed);
  StoreStates();
  builder_.CreateBr(none);
  builder_.SetInsertPoint(none);
}

llvm::Value* CatchUpEmitter::TimesAt(llvm::Value* level) {
  return builder_.CreateInBoundsGEP(LanesType(builder_.getInt32Ty()), times_at_hand_, level);
}

llvm::Value* CatchUpEmitter::EntriesAt(llvm::Value* level) {
  llvm::Value* const back =
      builder_.CreateTrunc(builder_.CreateAdd(level, builder_.getInt64(1)), builder_.getInt32Ty());
  return RingEntry(Targets(), builder_.CreateSub(count_, InLanes(back)));
}

// Finds the times of arrivals that are not done, the last ones at level 0, those before at level 1
// and so on, and `until` in lanes without. Returns how many levels have a lane with one.
llvm::Value* CatchUpEmitter::FindTimes() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  Lanes targets;
  for (llvm::Value* const synapse : synapses_) {
    targets.push_back(builder_.CreateZExt(LoadElement(i32, others_, synapse), i64));
  }
  const std::vector<llvm::Value*> arrivals = GatherArrivals(targets);
  count_ = arrivals[0];
  llvm::Value* pending = builder_.CreateICmpNE(count_, Zeros(i32));
  if (inside_ != nullptr) pending = builder_.CreateAnd(pending, inside_);
  const auto keep = [&](llvm::Value* times, llvm::Value* level) {
    builder_.CreateStore(builder_.CreateSelect(pending, times, InLanes(until_low_)),
                         TimesAt(level));
  };
  llvm::Value* depth = builder_.getInt64(0);
  for (uint32_t level = 0; level < kTimes; ++level) {
    llvm::Value* const times = arrivals[1 + level];
    pending = builder_.CreateAnd(pending, IsPending(times));
    keep(times, builder_.getInt64(level));
    depth = builder_.CreateAdd(depth, builder_.CreateZExt(Any(pending), i64));
  }

  // The others one by one: those of the newest, then what the rings have.
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const back = NewBasicBlock("back");
  llvm::BasicBlock* const one_more = NewBasicBlock("one_more");
  llvm::BasicBlock* const found = NewBasicBlock("found");
  llvm::Value* const all =
      builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, capacity_, builder_.getInt64(kNewest));
  builder_.CreateCondBr(Any(pending), back, found);
  builder_.SetInsertPoint(back);
  llvm::PHINode* const level = builder_.CreatePHI(i64, 2);
  llvm::PHINode* const lanes = builder_.CreatePHI(pending->getType(), 2);
  level->addIncoming(depth, before);
  lanes->addIncoming(pending, before);
  llvm::Value* const is_new = builder_.CreateICmpULT(level, builder_.getInt64(kNewest));
  llvm::Value* const field = builder_.CreateAdd(level, builder_.getInt64(1));
  llvm::Value* const newest =
      builder_.CreateAdd(builder_.CreateMul(Targets(), Number(kStride)), InLanes(field));
  llvm::Value* const times =
      Gather(i32, builder_.CreateSelect(is_new, arrivals_, times_),
             LanesOfVector(builder_.CreateSelect(is_new, newest, EntriesAt(level))));
  pending = builder_.CreateAnd(lanes, IsPending(times));
  keep(times, level);
  builder_.CreateCondBr(Any(pending), one_more, found);
  llvm::BasicBlock* const last_back = builder_.GetInsertBlock();
  builder_.SetInsertPoint(one_more);
  llvm::Value* const next = builder_.CreateAdd(level, builder_.getInt64(1));
  level->addIncoming(next, one_more);
  lanes->addIncoming(pending, one_more);
  builder_.CreateCondBr(builder_.CreateICmpULT(next, all), back, found);
  builder_.SetInsertPoint(found);
  llvm::PHINode* const levels = builder_.CreatePHI(i64, 3);
  levels->addIncoming(depth, before);
  levels->addIncoming(level, last_back);
  levels->addIncoming(next, one_more);
  return levels;
}

}  // namespace bnsyn::compiler
