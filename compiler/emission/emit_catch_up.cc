#include "compiler/emission/emit_catch_up.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "compiler/emission/catch_up_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/access.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"
#include "reference/philox.h"

namespace bnsyn::compiler {

using ir::AttrKind;
using ir::Element;

namespace {

// Vectors of synapses that go through the steps side by side: each waits for its own results.
constexpr int kVectorsOfSteps = 4;

int LanesFor(const EmitContext& context, const CatchUp& catch_up) {
  if (catch_up.deferral.step.has_value()) {
    return std::max(context.width, kVectorsOfSteps * context.native_lanes);
  }
  return std::clamp(context.width, 2, context.native_lanes);
}

}  // namespace

CatchUpEmitter::CatchUpEmitter(const EmitContext& context, const CatchUp& catch_up)
    : DeferEmitter(context, catch_up.block),
      catch_up_(catch_up),
      deferral_(catch_up.deferral),
      lanes_(LanesFor(context, catch_up)),
      values_(catch_up.block.nodes.size()) {
  if (deferral_.step.has_value()) shortcuts_ = FindStepShortcuts(program_, deferral_);
  const auto add = [&](const std::optional<size_t>& number,
                       const std::vector<ir::NodeId>& captured) {
    if (!number.has_value()) return;
    const auto first = static_cast<ir::NodeId>(deferred_.size());
    const std::vector<bool> deferred = DeferredNodes(program_, program_.synaptic[*number]);
    deferred_.insert(deferred_.end(), deferred.begin(), deferred.end());
    for (size_t v = 0; v < captured.size(); ++v) captured_[first + captured[v]] = v;
  };
  add(deferral_.post, deferral_.post_captured);
  add(deferral_.step, deferral_.step_captured);
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    const ir::Node& n = node(id);
    const bool own = n.op == ir::Op::kLoad || n.op == ir::Op::kStore;
    if (!deferred_[id] || !own) continue;
    const auto state = static_cast<ir::StateId>(n.attr);
    llvm::Type* const type = ValueType(builder_.getContext(), program_.states[state].type.element);
    if (!states_.contains(state)) states_[state] = NewCell(LanesType(type));
    if (n.op == ir::Op::kStore) stored_.push_back(state);
  }
  std::sort(stored_.begin(), stored_.end());
  stored_.erase(std::unique(stored_.begin(), stored_.end()), stored_.end());
}

absl::Status CatchUpEmitter::Emit() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Type* const pointer = builder_.getPtrTy();
  fault_ = Variable(builder_.getInt1Ty());
  next_ = NewCell(LanesType(i32));
  nexts_ = NewCell(LanesType(i32)).memory;
  counts_ = NewCell(LanesType(i32)).memory;
  delivers_ = builder_.getInt64(deferral_.delivers ? 1 : 0);
  llvm::Value* const spikes = LoadField(offsetof(DeliverArgs, spikes), pointer);
  llvm::Value* const spike_count =
      builder_.CreateZExt(LoadField(offsetof(DeliverArgs, spike_count), i32), i64);
  row_begin_ = LoadField(offsetof(DeliverArgs, row_begin), pointer);
  row_stride_ = LoadField(offsetof(DeliverArgs, row_stride), i64);
  others_ = LoadField(offsetof(DeliverArgs, others), pointer);
  weights_ = LoadField(offsetof(DeliverArgs, weights), pointer);
  occurrences_ = LoadField(offsetof(DeliverArgs, occurrences), pointer);
  arrivals_ = DeferField(offsetof(DeferArgs, arrivals), pointer);
  times_ = DeferField(offsetof(DeferArgs, times), pointer);
  captures_ = DeferField(offsetof(DeferArgs, values), pointer);
  window_ = DeferField(offsetof(DeferArgs, window), pointer);
  window_last_ = builder_.CreateSub(
      builder_.CreateZExt(DeferField(offsetof(DeferArgs, window_steps), i32), i64),
      builder_.getInt64(1));
  llvm::Value* const done = DeferField(offsetof(DeferArgs, done), pointer);
  until_ = DeferField(offsetof(DeferArgs, until), i64);
  until_low_ = builder_.CreateTrunc(until_, i32);

  row_count_ = LoadField(offsetof(DeliverArgs, row_count), i64);
  llvm::Value* const zero = builder_.getInt64(0);
  llvm::Value* const one = builder_.getInt64(1);
  llvm::BasicBlock* const entry = builder_.GetInsertBlock();
  llvm::BasicBlock* const head = NewBasicBlock("next_source");
  llvm::BasicBlock* const spike = NewBasicBlock("source");
  llvm::BasicBlock* const next_row = NewBasicBlock("next_row");
  llvm::BasicBlock* const row = NewBasicBlock("row");
  llvm::BasicBlock* const behind = NewBasicBlock("behind");
  llvm::BasicBlock* const row_end = NewBasicBlock("row_end");
  llvm::BasicBlock* const source_end = NewBasicBlock("source_end");
  llvm::BasicBlock* const exit = NewBasicBlock("exit");
  builder_.CreateBr(head);

  builder_.SetInsertPoint(head);
  llvm::PHINode* const i = builder_.CreatePHI(i64, 2);
  i->addIncoming(zero, entry);
  builder_.CreateCondBr(builder_.CreateICmpULT(i, spike_count), spike, exit);

  builder_.SetInsertPoint(spike);
  source_ = builder_.CreateZExt(LoadElement(i32, spikes, i), i64);
  EmitPrefetch(spikes, i, spike_count);
  llvm::BasicBlock* const of_source = builder_.GetInsertBlock();
  llvm::Value* const first_row = builder_.CreateMul(source_, row_stride_);
  llvm::Value* const row_behind = builder_.CreateAdd(first_row, row_count_);
  builder_.CreateBr(next_row);

  builder_.SetInsertPoint(next_row);
  llvm::PHINode* const number = builder_.CreatePHI(i64, 2);
  number->addIncoming(first_row, of_source);
  builder_.CreateCondBr(builder_.CreateICmpULT(number, row_behind), row, source_end);

  builder_.SetInsertPoint(row);
  llvm::Value* const first = builder_.CreateZExt(LoadElement(i32, row_begin_, number), i64);
  llvm::Value* const last =
      builder_.CreateZExt(LoadElement(i32, row_begin_, builder_.CreateAdd(number, one)), i64);
  done_ = LoadElement(i32, done, number);
  builder_.CreateCondBr(builder_.CreateICmpNE(done_, until_low_), behind, row_end);

  builder_.SetInsertPoint(behind);
  StoreElement(until_low_, done, number);
  EmitRow(first, last);
  builder_.CreateBr(row_end);
  builder_.SetInsertPoint(row_end);
  number->addIncoming(builder_.CreateAdd(number, one), row_end);
  builder_.CreateBr(next_row);

  builder_.SetInsertPoint(source_end);
  i->addIncoming(builder_.CreateAdd(i, one), source_end);
  builder_.CreateBr(head);

  builder_.SetInsertPoint(exit);
  MergeFault(builder_.CreateLoad(builder_.getInt1Ty(), fault_));
  builder_.CreateRetVoid();
  return status_;
}

CatchUpEmitter::Loop CatchUpEmitter::Begin(llvm::Value* first, llvm::Value* end,
                                           llvm::Value* carried) {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  Loop loop = {nullptr, nullptr, NewBasicBlock("loop"), NewBasicBlock("loop_end")};
  llvm::BasicBlock* const body = NewBasicBlock("body");
  builder_.CreateBr(loop.head);
  builder_.SetInsertPoint(loop.head);
  loop.number = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  loop.number->addIncoming(first, before);
  if (carried != nullptr) {
    loop.carried = builder_.CreatePHI(carried->getType(), 2);
    loop.carried->addIncoming(carried, before);
  }
  builder_.CreateCondBr(builder_.CreateICmpULT(loop.number, end), body, loop.end);
  builder_.SetInsertPoint(body);
  return loop;
}

void CatchUpEmitter::End(const Loop& loop, llvm::Value* next, llvm::Value* carried) {
  loop.number->addIncoming(next, builder_.GetInsertBlock());
  if (carried != nullptr) loop.carried->addIncoming(carried, builder_.GetInsertBlock());
  builder_.CreateBr(loop.head);
  builder_.SetInsertPoint(loop.end);
}

void CatchUpEmitter::EmitRow(llvm::Value* first, llvm::Value* last) {
  if (deferral_.step.has_value()) {
    EmitStepsOfRow(first, last);
  } else {
    EmitArrivalsOfRow(first, last);
  }
}

// The beginning of each array: the processor finds out the rest by itself.
void CatchUpEmitter::EmitPrefetch(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count) {
  constexpr uint64_t kAhead = 2;   // sources
  constexpr uint64_t kLines = 12;  // of each array at most
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const one = builder_.getInt64(1);
  const auto min = [&](llvm::Value* a, llvm::Value* b) {
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, a, b);
  };
  llvm::Value* const later =
      min(builder_.CreateAdd(i, builder_.getInt64(kAhead)), builder_.CreateSub(spike_count, one));
  llvm::Value* const source = builder_.CreateZExt(LoadElement(i32, spikes, later), i64);
  llvm::Value* const row = builder_.CreateMul(source, row_stride_);
  llvm::Value* const first = builder_.CreateZExt(LoadElement(i32, row_begin_, row), i64);
  llvm::Value* const last =
      builder_.CreateZExt(LoadElement(i32, row_begin_, builder_.CreateAdd(row, row_count_)), i64);
  const auto fetch = [&](llvm::Type* type, llvm::Value* array) {
    const uint64_t in_line = 64 / (type->getScalarSizeInBits() / 8);
    llvm::Value* const end =
        min(last, builder_.CreateAdd(first, builder_.getInt64(kLines * in_line)));
    const Loop lines = Begin(first, end);
    Prefetch(type, array, lines.number);
    End(lines, builder_.CreateAdd(lines.number, builder_.getInt64(in_line)));
  };
  fetch(i32, others_);
  for (const auto& [state, cell] : states_) {
    const size_t slot = SlotOf(AttrKind::kState, state);
    if (slot != slots_.size()) fetch(MemoryOf(state), slots_[slot]);
  }
}

void CatchUpEmitter::Prefetch(llvm::Type* type, llvm::Value* array, llvm::Value* index) {
  constexpr int kRead = 0, kKeep = 3, kData = 1;
  builder_.CreateIntrinsic(
      llvm::Intrinsic::prefetch, {builder_.getPtrTy()},
      {builder_.CreateInBoundsGEP(type, array, index), builder_.getInt32(kRead),
       builder_.getInt32(kKeep), builder_.getInt32(kData)});
}

void CatchUpEmitter::EmitArrivals(const Lanes& entries, llvm::Value* times) {
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const ago = builder_.CreateSub(InLanes(until_low_), times);
  llvm::Value* const halves =
      builder_.CreateSub(InLanes(until_), builder_.CreateZExt(ago, LanesType(i64)));
  llvm::Value* const step_of_call = step_;
  step_ = builder_.CreateLShr(halves, Number(1));
  const uint64_t count = deferral_.post_captured.size();
  for (uint64_t v = 0; v < count; ++v) {
    const ir::NodeId id = deferral_.post_captured[v];
    Lanes at;
    for (llvm::Value* const entry : entries) {
      llvm::Value* const first = builder_.CreateMul(entry, builder_.getInt64(count));
      at.push_back(builder_.CreateAdd(first, builder_.getInt64(v)));
    }
    values_[id] = FromBits(Gather(i64, captures_, at), node(id).element);
  }
  EmitNodes(0, catch_up_.first_of_step);
  step_ = step_of_call;
}

// Nodes that are deferred, and those that are at hand without being captured.
void CatchUpEmitter::EmitNodes(ir::NodeId from, ir::NodeId to) {
  drawn_.clear();
  for (ir::NodeId id = from; id < to; ++id) {
    const ir::Node& n = node(id);
    if (captured_.contains(id) || (!deferred_[id] && !IsAtHand(block_, id))) continue;
    if (without_ != Without::kNothing && id >= catch_up_.first_of_step) {
      const auto flush = shortcuts_.flushes.find(id - catch_up_.first_of_step);
      if (flush != shortcuts_.flushes.end()) {
        values_[id] = values_[catch_up_.first_of_step + flush->second];
        continue;
      }
      const bool held =
          n.op == ir::Op::kStore && shortcuts_.held.contains(static_cast<ir::StateId>(n.attr));
      if (held && without_ == Without::kHeld) continue;
    }
    std::vector<llvm::Value*> operands;
    int lanes = 1;
    for (const ir::NodeId operand : n.inputs()) {
      operands.push_back(values_[operand]);
      lanes = std::max(lanes, LanesOf(operands.back()));
    }
    const bool effect = !ir::HasResult(n.op);
    if (effect || ir::Info(n.op).attr == AttrKind::kStream) lanes = lanes_;
    if (lanes > 1) {
      for (llvm::Value*& operand : operands) operand = InLanes(operand);
    }
    values_[id] = EmitNode(n, lanes, operands);
  }
}

llvm::Value* CatchUpEmitter::Load(ir::StateId state, int) {
  llvm::Value* const value = Get(states_.at(state));
  return lane_ == nullptr ? value : builder_.CreateExtractElement(value, lane_);
}

void CatchUpEmitter::Store(ir::StateId state, llvm::Value* value) {
  const Cell& cell = states_.at(state);
  if (lane_ != nullptr) {
    // A lane that is stored and loaded with all others would have to wait for that.
    llvm::Value* const all = Get(cell);
    Set(cell, builder_.CreateSelect(is_lane_, Splat(builder_, value, LanesOf(all)), all));
    return;
  }
  Set(cell, active_ == nullptr ? value : builder_.CreateSelect(active_, value, Get(cell)));
}

void CatchUpEmitter::Check(ir::StateId state, llvm::Value* value) {
  if (deferral_.checks) FailIn(OutOfBounds(program_.states[state], value));
}

void CatchUpEmitter::FailIn(llvm::Value* lanes) {
  llvm::Value* failed = lanes;
  for (llvm::Value* const of : {active_, inside_}) {
    if (of != nullptr) failed = builder_.CreateAnd(failed, of);
  }
  llvm::Value* const before = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
  builder_.CreateStore(builder_.CreateOr(before, Any(failed)), fault_);
}

llvm::Value* CatchUpEmitter::IndexPre() {
  return builder_.CreateTrunc(source_, builder_.getInt32Ty());
}

llvm::Value* CatchUpEmitter::IndexPost() {
  return builder_.CreateTrunc(Targets(), LanesType(builder_.getInt32Ty()));
}

llvm::Value* CatchUpEmitter::Delay() {
  return LoadField(offsetof(DeliverArgs, delay), builder_.getInt64Ty());
}

llvm::Value* CatchUpEmitter::LoadPre(ir::StateId state) {
  return LoadSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, source_, 1);
}

llvm::Value* CatchUpEmitter::LoadPost(ir::StateId state) {
  return GatherSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, Targets(),
                    lanes_);
}

llvm::Value* CatchUpEmitter::Weight() {
  llvm::Type* const f64 = builder_.getDoubleTy();
  if (program_.HasOwnWeights(deferral_.projection)) {
    return Gather(f64, weights_, synapses_);
  }
  return llvm::ConstantFP::get(f64, program_.projections[deferral_.projection].weight);
}

llvm::Type* CatchUpEmitter::LanesType(llvm::Type* type) const { return Widened(type, lanes_); }

llvm::Value* CatchUpEmitter::InLanes(llvm::Value* value) {
  return LanesOf(value) == lanes_ ? value : Splat(builder_, value, lanes_);
}

llvm::Value* CatchUpEmitter::Any(llvm::Value* lanes) {
  return LanesOf(lanes) == 1 ? lanes : builder_.CreateOrReduce(lanes);
}

llvm::Value* CatchUpEmitter::Zeros(llvm::Type* type) const {
  return llvm::Constant::getNullValue(LanesType(type));
}

// Instructions that gather are slower on the machines at hand.
llvm::Value* CatchUpEmitter::Gather(llvm::Type* type, llvm::Value* array, const Lanes& indices) {
  if (lanes_ == 1) return LoadElement(type, array, indices[0]);
  llvm::Value* result = llvm::PoisonValue::get(LanesType(type));
  for (uint64_t lane = 0; lane < indices.size(); ++lane) {
    result = builder_.CreateInsertElement(result, LoadElement(type, array, indices[lane]), lane);
  }
  return result;
}

CatchUpEmitter::Lanes CatchUpEmitter::SynapsesInside(llvm::Value* first, llvm::Value* last) {
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const lane = builder_.CreateZExt(Iota(builder_, lanes_), LanesType(i64));
  llvm::Value* const all = builder_.CreateAdd(InLanes(first), lane);
  inside_ = builder_.CreateICmpULT(all, InLanes(last));
  return LanesOfVector(builder_.CreateBinaryIntrinsic(
      llvm::Intrinsic::umin, all, InLanes(builder_.CreateSub(last, builder_.getInt64(1)))));
}

CatchUpEmitter::Lanes CatchUpEmitter::LanesOfVector(llvm::Value* vector) {
  if (lanes_ == 1) return {vector};
  Lanes lanes;
  for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes_); ++lane) {
    lanes.push_back(builder_.CreateExtractElement(vector, lane));
  }
  return lanes;
}

llvm::Type* CatchUpEmitter::MemoryOf(ir::StateId state) const {
  return MemoryType(builder_.getContext(), program_.states[state].type.element);
}

llvm::Value* CatchUpEmitter::FromMemory(ir::StateId state, llvm::Value* value) {
  if (program_.states[state].type.element != Element::kBool) return value;
  return builder_.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType()));
}

llvm::Value* CatchUpEmitter::ToMemory(ir::StateId state, llvm::Value* value) {
  if (program_.states[state].type.element != Element::kBool) return value;
  return builder_.CreateZExt(value, LanesType(MemoryOf(state)));
}

llvm::Value* CatchUpEmitter::Targets() {
  if (targets_ == nullptr) {
    targets_ = builder_.CreateZExt(Gather(builder_.getInt32Ty(), others_, synapses_),
                                   LanesType(builder_.getInt64Ty()));
  }
  return targets_;
}

llvm::Value* CatchUpEmitter::KeyOf(uint32_t stream, llvm::Value* occurrence) {
  llvm::Value* const number =
      LoadSlot(SlotOf(AttrKind::kStream, stream), Element::kU32, nullptr, 1);
  const std::array<uint32_t, 4> counter = reference::SynapseKeyCounter(0, 0);
  return EmitPhilox(builder_,
                    {occurrence, builder_.getInt64(counter[1]), builder_.getInt64(counter[2]),
                     builder_.CreateZExt(number, builder_.getInt64Ty())},
                    seed_)
      .first;
}

// Lane by lane: a draw takes much longer than what vectors gain.
llvm::Value* CatchUpEmitter::RandomBits(uint32_t stream, uint32_t draw, int) {
  llvm::Type* const i64 = builder_.getInt64Ty();
  const auto [words, fresh] = drawn_.try_emplace({stream, draw / 4});
  if (fresh) {
    const bool by_occurrence = ir::SynapsesDrawByOccurrence(program_, deferral_.projection);
    llvm::Value* occurrence = Zeros(i64);
    if (by_occurrence) {
      occurrence = builder_.CreateZExt(Gather(builder_.getInt32Ty(), occurrences_, synapses_),
                                       LanesType(i64));
    }
    llvm::Value* key = by_occurrence ? nullptr : KeyOf(stream, builder_.getInt64(0));
    words->second = {llvm::PoisonValue::get(LanesType(i64)),
                     llvm::PoisonValue::get(LanesType(i64))};
    for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes_); ++lane) {
      const auto of_lane = [&](llvm::Value* value) {
        return LanesOf(value) == 1 ? value : builder_.CreateExtractElement(value, lane);
      };
      llvm::Value* const step = of_lane(step_);
      llvm::Value* const low = builder_.CreateAnd(step, builder_.getInt64(0xffffffff));
      llvm::Value* const high = builder_.CreateShl(builder_.CreateLShr(step, 32), 16);
      if (by_occurrence) key = KeyOf(stream, of_lane(occurrence));
      const auto [first, second] = EmitPhilox(
          builder_,
          {of_lane(Targets()), source_, low, builder_.CreateOr(high, builder_.getInt64(draw / 4))},
          key);
      if (lanes_ == 1) {
        words->second = {first, second};
        break;
      }
      words->second.first = builder_.CreateInsertElement(words->second.first, first, lane);
      words->second.second = builder_.CreateInsertElement(words->second.second, second, lane);
    }
  }
  llvm::Value* const two = draw % 4 < 2 ? words->second.first : words->second.second;
  return builder_.CreateTrunc(draw % 2 == 0 ? two : builder_.CreateLShr(two, 32),
                              LanesType(builder_.getInt32Ty()));
}

absl::Status EmitCatchUp(const EmitContext& context, const CatchUp& catch_up) {
  return CatchUpEmitter(context, catch_up).Emit();
}

}  // namespace bnsyn::compiler
