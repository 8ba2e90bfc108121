#include "compiler/emission/emit_catch_up.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "compiler/emission/defer_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/access.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "reference/philox.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Element;

// Vectors of synapses that go through the steps side by side: each waits for its own results.
constexpr int kVectorsOfSteps = 4;

// For each vector of synapses of a row: their states are loaded, all that is deferred runs over
// them in the order of time, and they are stored. A value that is one for all lanes stays a scalar.
class CatchUpEmitter : public DeferEmitter {
 public:
  CatchUpEmitter(const EmitContext& context, const CatchUp& catch_up);

  absl::Status Emit();

 private:
  // A value that loops change. LLVM keeps it in registers.
  struct Cell {
    llvm::AllocaInst* memory;
    llvm::Type* type;
  };

  void EmitRow(llvm::Value* first, llvm::Value* last, llvm::BasicBlock* end);
  void EmitVector(llvm::Value* last, llvm::BasicBlock* end);
  void FindArrivals();
  void LoadStates(llvm::Value* lanes);
  void StoreStates(llvm::Value* lanes);
  // Runs the arrivals of these lanes (i1) that are next, and moves on to those behind them.
  void EmitArrival(llvm::Value* lanes);
  // Runs all that have come, lane by lane, until no lane has one.
  void EmitArrivals();
  // Runs steps and arrivals in the order of time.
  void EmitStepsAndArrivals();
  void EmitSteps(llvm::Value* from, llvm::Value* to);
  void EmitNodes(ir::NodeId from, ir::NodeId to);
  // The time of the next arrival in each lane, counted from `done_`; ~0 where there is none.
  llvm::Value* NextTimes();

  llvm::Value* Load(ir::StateId state, int lanes) override;
  void Store(ir::StateId state, llvm::Value* value) override;
  void Check(ir::StateId state, llvm::Value* value) override;
  void FailIn(llvm::Value* lanes) override;
  llvm::Value* LoadPre(ir::StateId state) override;
  llvm::Value* LoadPost(ir::StateId state) override;
  llvm::Value* IndexPre() override { return builder_.CreateTrunc(source_, builder_.getInt32Ty()); }
  llvm::Value* IndexPost() override {
    return builder_.CreateTrunc(target_, LanesType(builder_.getInt32Ty()));
  }
  llvm::Value* Weight() override;
  llvm::Value* Delay() override {
    return LoadField(offsetof(DeliverArgs, delay), builder_.getInt64Ty());
  }
  llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes) override;
  llvm::Value* KeyOf(uint32_t stream, llvm::Value* occurrence);

  llvm::Type* LanesType(llvm::Type* type) const { return Widened(type, lanes_); }
  llvm::Value* InLanes(llvm::Value* value) {
    return LanesOf(value) == lanes_ ? value : Splat(builder_, value, lanes_);
  }
  llvm::Value* Zeros(llvm::Type* type) const {
    return llvm::Constant::getNullValue(LanesType(type));
  }
  llvm::Value* Any(llvm::Value* lanes) { return builder_.CreateOrReduce(lanes); }
  Cell NewCell(llvm::Type* type) { return {Variable(type), type}; }
  llvm::Value* Get(const Cell& cell) { return builder_.CreateLoad(cell.type, cell.memory); }
  void Set(const Cell& cell, llvm::Value* value) { builder_.CreateStore(value, cell.memory); }
  // Elements of an array from `index` on, or at these indices; 0 in other lanes.
  llvm::Value* MaskedLoad(llvm::Type* type, llvm::Value* array, llvm::Value* index,
                          llvm::Value* lanes);
  llvm::Value* MaskedGather(llvm::Type* type, llvm::Value* array, llvm::Value* indices,
                            llvm::Value* lanes);
  llvm::Type* MemoryOf(ir::StateId state) const {
    return MemoryType(builder_.getContext(), program_.states[state].type.element);
  }

  const CatchUp& catch_up_;
  const Deferral& deferral_;
  const int lanes_;
  std::vector<bool> deferred_;             // by node: computed here
  std::map<ir::NodeId, size_t> captured_;  // by node: its number among the captured values
  std::map<ir::StateId, Cell> states_;     // of the synapses at hand
  std::vector<ir::StateId> stored_;
  std::vector<llvm::Value*> values_;  // by node
  llvm::Value* others_ = nullptr;
  llvm::Value* weights_ = nullptr;
  llvm::Value* occurrences_ = nullptr;
  llvm::Value* arrivals_ = nullptr;
  llvm::Value* times_ = nullptr;
  llvm::Value* captures_ = nullptr;
  llvm::Value* window_ = nullptr;
  llvm::Value* window_last_ = nullptr;  // i64, of its places
  llvm::Value* until_ = nullptr;        // i64
  llvm::Value* until_low_ = nullptr;    // i32
  llvm::Value* delivers_ = nullptr;     // i64
  llvm::AllocaInst* fault_ = nullptr;
  // Of the row and the vector at hand.
  llvm::Value* source_ = nullptr;   // i64
  llvm::Value* done_ = nullptr;     // i32
  llvm::Value* synapse_ = nullptr;  // i64, of the first lane
  llvm::Value* inside_ = nullptr;   // lanes of the row
  llvm::Value* target_ = nullptr;   // i64 lanes
  llvm::Value* count_ = nullptr;    // i32 lanes: arrivals at the target
  llvm::Value* pending_ = nullptr;  // lanes at whose target something has arrived
  llvm::Value* active_ = nullptr;   // lanes in which the nodes at hand have an effect
  Cell next_ = {};                  // i32 lanes: the number of the next arrival
  // The words that the synapses at hand have drawn, by stream and draw / 4.
  std::map<std::pair<uint32_t, uint32_t>, std::pair<llvm::Value*, llvm::Value*>> drawn_;
};

int LanesFor(const EmitContext& context, const CatchUp& catch_up) {
  const int width = std::max(context.width, 2);
  return catch_up.deferral.step.has_value()
             ? std::max(width, kVectorsOfSteps * context.native_lanes)
             : width;
}

CatchUpEmitter::CatchUpEmitter(const EmitContext& context, const CatchUp& catch_up)
    : DeferEmitter(context, catch_up.block),
      catch_up_(catch_up),
      deferral_(catch_up.deferral),
      lanes_(LanesFor(context, catch_up)),
      values_(catch_up.block.nodes.size()) {
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
  delivers_ = builder_.getInt64(deferral_.delivers ? 1 : 0);
  llvm::Value* const spikes = LoadField(offsetof(DeliverArgs, spikes), pointer);
  llvm::Value* const spike_count =
      builder_.CreateZExt(LoadField(offsetof(DeliverArgs, spike_count), i32), i64);
  llvm::Value* const row_begin = LoadField(offsetof(DeliverArgs, row_begin), pointer);
  llvm::Value* const row_stride = LoadField(offsetof(DeliverArgs, row_stride), i64);
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

  llvm::Value* const row_count = LoadField(offsetof(DeliverArgs, row_count), i64);
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
  llvm::Value* const first_row = builder_.CreateMul(source_, row_stride);
  llvm::Value* const row_behind = builder_.CreateAdd(first_row, row_count);
  builder_.CreateBr(next_row);

  builder_.SetInsertPoint(next_row);
  llvm::PHINode* const number = builder_.CreatePHI(i64, 2);
  number->addIncoming(first_row, spike);
  builder_.CreateCondBr(builder_.CreateICmpULT(number, row_behind), row, source_end);

  builder_.SetInsertPoint(row);
  llvm::Value* const first = builder_.CreateZExt(LoadElement(i32, row_begin, number), i64);
  llvm::Value* const last =
      builder_.CreateZExt(LoadElement(i32, row_begin, builder_.CreateAdd(number, one)), i64);
  done_ = LoadElement(i32, done, number);
  builder_.CreateCondBr(builder_.CreateICmpNE(done_, until_low_), behind, row_end);

  builder_.SetInsertPoint(behind);
  StoreElement(until_low_, done, number);
  EmitRow(first, last, row_end);
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

// The vectors of the row [first, last); goes on at `end`.
void CatchUpEmitter::EmitRow(llvm::Value* first, llvm::Value* last, llvm::BasicBlock* end) {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const head = NewBasicBlock("next_vector");
  llvm::BasicBlock* const vector = NewBasicBlock("vector");
  llvm::BasicBlock* const vector_end = NewBasicBlock("vector_end");
  builder_.CreateBr(head);

  builder_.SetInsertPoint(head);
  llvm::PHINode* const k = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  k->addIncoming(first, before);
  builder_.CreateCondBr(builder_.CreateICmpULT(k, last), vector, end);

  builder_.SetInsertPoint(vector);
  synapse_ = k;
  EmitVector(last, vector_end);
  builder_.SetInsertPoint(vector_end);
  k->addIncoming(builder_.CreateAdd(k, builder_.getInt64(static_cast<uint64_t>(lanes_))),
                 vector_end);
  builder_.CreateBr(head);
}

// The synapses from `synapse_` on, before `last`; goes on at `end`.
void CatchUpEmitter::EmitVector(llvm::Value* last, llvm::BasicBlock* end) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Value* const left = builder_.CreateTrunc(builder_.CreateSub(last, synapse_), i32);
  inside_ = builder_.CreateICmpULT(Iota(builder_, lanes_), InLanes(left));
  target_ = builder_.CreateZExt(MaskedLoad(i32, others_, synapse_, inside_),
                                LanesType(builder_.getInt64Ty()));
  if (deferral_.post.has_value()) FindArrivals();
  if (!deferral_.step.has_value()) {
    llvm::BasicBlock* const some = NewBasicBlock("some");
    builder_.CreateCondBr(Any(pending_), some, end);
    builder_.SetInsertPoint(some);
    LoadStates(pending_);
    EmitArrivals();
    StoreStates(pending_);
  } else {
    LoadStates(inside_);
    EmitStepsAndArrivals();
    StoreStates(inside_);
  }
  builder_.CreateBr(end);
}

// Finds `count_`, `pending_` and the first arrivals (`next_`) that are not done.
void CatchUpEmitter::FindArrivals() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  const auto older = [&](llvm::Value* times) {
    return builder_.CreateICmpSLT(builder_.CreateSub(times, InLanes(done_)), Zeros(i32));
  };
  llvm::Value* const both = MaskedGather(i64, arrivals_, target_, inside_);
  count_ = builder_.CreateTrunc(both, LanesType(i32));
  llvm::Value* const newest = builder_.CreateTrunc(builder_.CreateLShr(both, 32), LanesType(i32));
  llvm::Value* const some = builder_.CreateICmpNE(count_, Zeros(i32));
  pending_ =
      builder_.CreateAnd(builder_.CreateAnd(inside_, some), builder_.CreateNot(older(newest)));
  llvm::Value* const one = InLanes(builder_.getInt32(1));
  Set(next_, count_);

  // Back from the last one, as long as they are not done and still there.
  llvm::Value* const capacity = InLanes(builder_.CreateTrunc(capacity_, i32));
  llvm::Value* const kept = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, count_, capacity);
  llvm::Value* const least = builder_.CreateSub(count_, kept);
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
  llvm::Value* const more = builder_.CreateAnd(lanes, builder_.CreateICmpNE(at, least));
  llvm::Value* const times =
      MaskedGather(i32, times_, RingEntry(target_, builder_.CreateSub(at, one)), more);
  llvm::Value* const go_on = builder_.CreateAnd(more, builder_.CreateNot(older(times)));
  lanes->addIncoming(go_on, builder_.GetInsertBlock());
  builder_.CreateCondBr(Any(go_on), back, found);
  builder_.SetInsertPoint(found);
}

void CatchUpEmitter::LoadStates(llvm::Value* lanes) {
  for (const auto& [state, cell] : states_) {
    const size_t slot = SlotOf(AttrKind::kState, state);
    if (slot == slots_.size()) return;
    llvm::Value* value = MaskedLoad(MemoryOf(state), slots_[slot], synapse_, lanes);
    Annotate(llvm::cast<llvm::Instruction>(value), slot);
    if (program_.states[state].type.element == Element::kBool) {
      value = builder_.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType()));
    }
    Set(cell, value);
  }
}

void CatchUpEmitter::StoreStates(llvm::Value* lanes) {
  for (const ir::StateId state : stored_) {
    const size_t slot = SlotOf(AttrKind::kState, state);
    if (slot == slots_.size()) return;
    llvm::Type* const type = MemoryOf(state);
    llvm::Value* value = Get(states_.at(state));
    if (program_.states[state].type.element == Element::kBool) {
      value = builder_.CreateZExt(value, LanesType(type));
    }
    llvm::Value* const address = builder_.CreateInBoundsGEP(type, slots_[slot], synapse_);
    const llvm::Align alignment(type->getScalarSizeInBits() / 8);
    Annotate(builder_.CreateMaskedStore(value, address, alignment, lanes), slot);
  }
}

void CatchUpEmitter::EmitArrivals() {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const arrival = NewBasicBlock("arrival");
  llvm::BasicBlock* const done = NewBasicBlock("arrivals_done");
  builder_.CreateBr(arrival);
  builder_.SetInsertPoint(arrival);
  llvm::PHINode* const lanes = builder_.CreatePHI(pending_->getType(), 2);
  lanes->addIncoming(pending_, before);
  EmitArrival(lanes);
  llvm::Value* const more = builder_.CreateAnd(lanes, builder_.CreateICmpNE(Get(next_), count_));
  lanes->addIncoming(more, builder_.GetInsertBlock());
  builder_.CreateCondBr(Any(more), arrival, done);
  builder_.SetInsertPoint(done);
}

void CatchUpEmitter::EmitArrival(llvm::Value* lanes) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const next = Get(next_);
  llvm::Value* const entry = RingEntry(target_, next);
  llvm::Value* const time = MaskedGather(i32, times_, entry, lanes);
  llvm::Value* const ago = builder_.CreateSub(InLanes(until_low_), time);
  llvm::Value* const halves =
      builder_.CreateSub(InLanes(until_), builder_.CreateZExt(ago, LanesType(i64)));
  llvm::Value* const step_of_call = step_;
  step_ = builder_.CreateLShr(halves, InLanes(builder_.getInt64(1)));
  const uint64_t count = deferral_.post_captured.size();
  llvm::Value* const first = builder_.CreateMul(entry, InLanes(builder_.getInt64(count)));
  for (uint64_t v = 0; v < count; ++v) {
    const ir::NodeId id = deferral_.post_captured[v];
    llvm::Value* const at = builder_.CreateAdd(first, InLanes(builder_.getInt64(v)));
    values_[id] = FromBits(MaskedGather(i64, captures_, at, lanes), node(id).element);
  }
  active_ = lanes;
  EmitNodes(0, catch_up_.first_of_step);
  active_ = nullptr;
  step_ = step_of_call;
  Set(next_, builder_.CreateAdd(next, builder_.CreateZExt(lanes, LanesType(i32))));
}

llvm::Value* CatchUpEmitter::NextTimes() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Value* const next = Get(next_);
  llvm::Value* const some = builder_.CreateICmpNE(next, count_);
  llvm::Value* const time = MaskedGather(i32, times_, RingEntry(target_, next), some);
  return builder_.CreateSelect(some, builder_.CreateSub(time, InLanes(done_)),
                               llvm::Constant::getAllOnesValue(LanesType(i32)));
}

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
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const stretch = NewBasicBlock("stretch");
  llvm::BasicBlock* const arrival = NewBasicBlock("arrival");
  llvm::BasicBlock* const done = NewBasicBlock("steps_done");
  llvm::Value* const first_times = NextTimes();
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
  EmitArrival(builder_.CreateICmpEQ(times, InLanes(next)));
  times->addIncoming(NextTimes(), builder_.GetInsertBlock());
  step->addIncoming(to, builder_.GetInsertBlock());
  builder_.CreateBr(stretch);
  builder_.SetInsertPoint(done);
}

void CatchUpEmitter::EmitSteps(llvm::Value* from, llvm::Value* to) {
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const head = NewBasicBlock("next_step");
  llvm::BasicBlock* const step = NewBasicBlock("step");
  llvm::BasicBlock* const done = NewBasicBlock("stretch_done");
  builder_.CreateBr(head);

  builder_.SetInsertPoint(head);
  llvm::PHINode* const s = builder_.CreatePHI(i64, 2);
  s->addIncoming(from, before);
  builder_.CreateCondBr(builder_.CreateICmpULT(s, to), step, done);

  builder_.SetInsertPoint(step);
  llvm::Value* const step_of_call = step_;
  step_ = s;
  const uint64_t count = deferral_.step_captured.size();
  llvm::Value* const first =
      builder_.CreateMul(builder_.CreateAnd(s, window_last_), builder_.getInt64(count));
  for (uint64_t v = 0; v < count; ++v) {
    const ir::NodeId id = catch_up_.first_of_step + deferral_.step_captured[v];
    llvm::Value* const at = builder_.CreateAdd(first, builder_.getInt64(v));
    values_[id] = FromBits(LoadElement(i64, window_, at), node(id).element);
  }
  EmitNodes(catch_up_.first_of_step, static_cast<ir::NodeId>(block_.nodes.size()));
  step_ = step_of_call;
  s->addIncoming(builder_.CreateAdd(s, builder_.getInt64(1)), builder_.GetInsertBlock());
  builder_.CreateBr(head);
  builder_.SetInsertPoint(done);
}

// Nodes that are deferred, and those that are at hand without being captured.
void CatchUpEmitter::EmitNodes(ir::NodeId from, ir::NodeId to) {
  drawn_.clear();
  for (ir::NodeId id = from; id < to; ++id) {
    const ir::Node& n = node(id);
    if (captured_.contains(id) || (!deferred_[id] && !IsAtHand(n))) continue;
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

llvm::Value* CatchUpEmitter::Load(ir::StateId state, int) { return Get(states_.at(state)); }

void CatchUpEmitter::Store(ir::StateId state, llvm::Value* value) {
  const Cell& cell = states_.at(state);
  Set(cell, active_ == nullptr ? value : builder_.CreateSelect(active_, value, Get(cell)));
}

void CatchUpEmitter::Check(ir::StateId state, llvm::Value* value) {
  if (deferral_.checks) FailIn(OutOfBounds(program_.states[state], value));
}

void CatchUpEmitter::FailIn(llvm::Value* lanes) {
  llvm::Value* const failed = builder_.CreateAnd(lanes, active_ == nullptr ? inside_ : active_);
  llvm::Value* const before = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
  builder_.CreateStore(builder_.CreateOr(before, Any(failed)), fault_);
}

llvm::Value* CatchUpEmitter::LoadPre(ir::StateId state) {
  return LoadSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, source_, 1);
}

llvm::Value* CatchUpEmitter::LoadPost(ir::StateId state) {
  return GatherSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, target_,
                    lanes_);
}

llvm::Value* CatchUpEmitter::Weight() {
  llvm::Type* const f64 = builder_.getDoubleTy();
  if (program_.HasOwnWeights(deferral_.projection)) {
    return MaskedLoad(f64, weights_, synapse_, inside_);
  }
  return llvm::ConstantFP::get(f64, program_.projections[deferral_.projection].weight);
}

llvm::Value* CatchUpEmitter::MaskedLoad(llvm::Type* type, llvm::Value* array, llvm::Value* index,
                                        llvm::Value* lanes) {
  llvm::CallInst* const load =
      builder_.CreateMaskedLoad(LanesType(type), builder_.CreateInBoundsGEP(type, array, index),
                                llvm::Align(type->getScalarSizeInBits() / 8), lanes, Zeros(type));
  AnnotateNoSlot(load);
  return load;
}

llvm::Value* CatchUpEmitter::MaskedGather(llvm::Type* type, llvm::Value* array,
                                          llvm::Value* indices, llvm::Value* lanes) {
  llvm::CallInst* const load =
      builder_.CreateMaskedGather(LanesType(type), builder_.CreateInBoundsGEP(type, array, indices),
                                  llvm::Align(type->getScalarSizeInBits() / 8), lanes, Zeros(type));
  AnnotateNoSlot(load);
  return load;
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
      occurrence = builder_.CreateZExt(
          MaskedLoad(builder_.getInt32Ty(), occurrences_, synapse_, inside_), LanesType(i64));
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
          {of_lane(target_), source_, low, builder_.CreateOr(high, builder_.getInt64(draw / 4))},
          key);
      words->second.first = builder_.CreateInsertElement(words->second.first, first, lane);
      words->second.second = builder_.CreateInsertElement(words->second.second, second, lane);
    }
  }
  llvm::Value* const two = draw % 4 < 2 ? words->second.first : words->second.second;
  return builder_.CreateTrunc(draw % 2 == 0 ? two : builder_.CreateLShr(two, 32),
                              LanesType(builder_.getInt32Ty()));
}

}  // namespace

absl::Status EmitCatchUp(const EmitContext& context, const CatchUp& catch_up) {
  return CatchUpEmitter(context, catch_up).Emit();
}

}  // namespace bnsyn::compiler
