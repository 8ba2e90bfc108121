#include "compiler/emission/emit_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "compiler/emission/rare_arms.h"
#include "compiler/emission/stored_checks.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"
#include "reference/contribution.h"
#include "reference/philox.h"
#include "reference/reduction.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Element;

static_assert(kGroup == reference::kRandomGroup && kGroup == reference::kReductionGroup &&
              kGroup == 64);

constexpr ArgsLayout kLayout = {offsetof(KernelArgs, slots), offsetof(KernelArgs, step),
                                offsetof(KernelArgs, seed), offsetof(KernelArgs, fault)};

// A network kernel: every node is uniform, and runs once.
class NetworkKernel : public BlockEmitter {
 public:
  NetworkKernel(const EmitContext& context, const ir::Block& block)
      : BlockEmitter(context, block, kLayout) {}

  absl::Status Emit() {
    for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
      std::vector<llvm::Value*> operands;
      for (const ir::NodeId operand : node(id).inputs()) operands.push_back(uniform_[operand]);
      uniform_[id] = EmitNode(node(id), 1, operands);
    }
    builder_.CreateRetVoid();
    return status_;
  }

 private:
  void Store(ir::StateId state, llvm::Value* value) override {
    StoreSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, nullptr, value);
  }
  void Check(ir::StateId state, llvm::Value* value) override {
    MergeFault(OutOfBounds(program_.states[state], value));
  }
};

// A population kernel. Uniform nodes come first; then a loop over groups of kGroup elements, in it
// the random bits of the group and a loop over vectors. A vector of `width` lanes is made of parts
// that fill a register each, and every node is emitted for all parts before the next one: so the
// parts' latencies overlap.
class PopulationKernel : public BlockEmitter {
 public:
  PopulationKernel(const EmitContext& context, const ir::Block& block)
      : BlockEmitter(context, block, kLayout),
        lanes_(std::min(context.width, context.native_lanes)),
        parts_(static_cast<size_t>(context.width / lanes_)),
        plan_(PlanRareArms(block)),
        checked_as_stored_(StatesCheckedAsStored(block)),
        element_(parts_) {}

  absl::Status Emit();

 private:
  // What a mask is collected in over a group: a bit an element.
  struct GroupMask {
    llvm::AllocaInst* bits = nullptr;    // i64
    std::vector<llvm::Value*> of_parts;  // i1 lanes, of the present vector
  };
  // What is known to be wrong with the states of StatesCheckedAsStored in a part of the present
  // vector; null where there is nothing to know.
  struct Suspicion {
    llvm::Value* sum = nullptr;      // f64 lanes: 0, or a NaN where a value was not finite
    llvm::Value* outside = nullptr;  // i1 lanes: a value was outside of declared bounds
  };
  // The spikes of one node.
  struct Spikes {
    ir::PopulationId population = 0;
    GroupMask mask;
    llvm::Value* list = nullptr;
    llvm::AllocaInst* count = nullptr;
  };

  bool Has(ir::Op op) const;
  void EmitVector(llvm::Value* first);
  void EmitNodes(const std::vector<PlannedNode>& nodes);
  void EmitRareArm(const ir::Node& select, const RareArm& arm);
  void EmitEndOfGroup(llvm::Value* remaining);
  void Suspect(const ir::State& state, llvm::Value* value);
  void CollectSuspicions();
  // Where a vector so far was suspicious, looks at what the group left in memory.
  void EmitSecondLook(llvm::Value* counted);
  bool IsCheckedAsStored(ir::StateId state) const {
    return std::binary_search(checked_as_stored_.begin(), checked_as_stored_.end(), state);
  }
  void EmitSpikes(const Spikes& spikes, llvm::Value* bits);
  // The address of a field of the arguments' SpikeOutput number `index`.
  llvm::Value* SpikeField(size_t index, size_t offset);
  void EmitGroupSum(ir::ReductionId reduction, llvm::AllocaInst* buffer, llvm::Value* remaining);
  void Include(GroupMask& mask, llvm::Value* lanes);
  void Collect(const GroupMask& mask);

  llvm::Value* ElementIndex(int lanes) override;
  llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes) override;
  llvm::Value* Load(ir::StateId state, int lanes) override;
  void Store(ir::StateId state, llvm::Value* value) override;
  void Check(ir::StateId state, llvm::Value* value) override;
  llvm::Value* Take(ir::InputId input, int lanes) override;
  void Spike(ir::PopulationId population, llvm::Value* mask) override;
  void Reduce(ir::ReductionId reduction, llvm::Value* value) override;

  // An element of a 64-element buffer: the first of the part in hand.
  llvm::Value* InBuffer(llvm::AllocaInst* buffer, llvm::Type* type) {
    llvm::Value* const index =
        builder_.CreateAdd(offset_, builder_.getInt64(part_ * static_cast<size_t>(lanes_)));
    return builder_.CreateInBoundsGEP(type, buffer, index);
  }

  const int lanes_;  // of a part
  const size_t parts_;
  const std::vector<PlannedNode> plan_;
  const std::vector<ir::StateId> checked_as_stored_;
  std::vector<std::vector<llvm::Value*>> values_;  // of the present vector, by part and node
  size_t part_ = 0;                                // in hand
  std::vector<llvm::Value*> element_;              // the number of each part's first element, i64
  llvm::Value* group_ = nullptr;                   // first element of the group, i64
  llvm::Value* offset_ = nullptr;                  // of the vector within the group, i64
  llvm::BasicBlock* fill_ = nullptr;      // where a group begins: its random bits are made there
  GroupMask failed_;                      // of the other checks
  std::vector<Suspicion> suspicion_;      // by part
  llvm::AllocaInst* suspects_ = nullptr;  // i64 lanes: the bits of a NaN where one failed
  std::vector<Spikes> spikes_;            // in the order of their nodes
  llvm::AllocaInst* fault_ = nullptr;     // i1: a check failed in a group before
  llvm::AllocaInst* overflow_ = nullptr;  // takes out of range, as sign bits
  std::map<std::pair<uint32_t, uint32_t>, llvm::AllocaInst*> random_;  // by stream and draw
  std::map<ir::ReductionId, llvm::AllocaInst*> sums_;
};

bool PopulationKernel::Has(ir::Op op) const {
  return std::any_of(block_.nodes.begin(), block_.nodes.end(),
                     [op](const ir::Node& n) { return n.op == op; });
}

absl::Status PopulationKernel::Emit() {
  EmitUniformNodes();
  for (llvm::Value*& value : uniform_) {
    if (value != nullptr) value = Splat(builder_, value, lanes_);
  }
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const begin = builder_.CreateZExt(LoadField(offsetof(KernelArgs, begin), i32), i64);
  llvm::Value* const end = builder_.CreateZExt(LoadField(offsetof(KernelArgs, end), i32), i64);
  if (Has(ir::Op::kCheck)) {
    fault_ = Variable(builder_.getInt1Ty());
    failed_.bits = Variable(i64);
    if (!checked_as_stored_.empty()) suspects_ = Variable(Widened(i64, lanes_));
  }
  for (const ir::Node& n : block_.nodes) {
    if (n.op != ir::Op::kSpike) continue;
    Spikes spikes;
    spikes.population = static_cast<ir::PopulationId>(n.attr);
    spikes.mask.bits = Variable(i64);
    spikes.count = Variable(i32);
    builder_.CreateStore(
        builder_.CreateLoad(i32, SpikeField(spikes_.size(), offsetof(SpikeOutput, count))),
        spikes.count);
    spikes.list = builder_.CreateLoad(builder_.getPtrTy(),
                                      SpikeField(spikes_.size(), offsetof(SpikeOutput, list)));
    spikes_.push_back(std::move(spikes));
  }
  if (Has(ir::Op::kTake)) overflow_ = Variable(Widened(i64, lanes_));

  llvm::BasicBlock* const entry = builder_.GetInsertBlock();
  fill_ = NewBasicBlock("group");
  llvm::BasicBlock* const vector = NewBasicBlock("vector");
  llvm::BasicBlock* const group_end = NewBasicBlock("group_end");
  llvm::BasicBlock* const exit = NewBasicBlock("exit");
  builder_.CreateCondBr(builder_.CreateICmpULT(begin, end), fill_, exit);

  builder_.SetInsertPoint(fill_);
  llvm::PHINode* const group = builder_.CreatePHI(i64, 2, "group");
  group_ = group;
  if (failed_.bits != nullptr) builder_.CreateStore(builder_.getInt64(0), failed_.bits);
  for (const Spikes& spikes : spikes_) {
    builder_.CreateStore(builder_.getInt64(0), spikes.mask.bits);
  }
  llvm::Value* const next_group = builder_.CreateNUWAdd(group, builder_.getInt64(kGroup));
  builder_.CreateBr(vector);

  builder_.SetInsertPoint(vector);
  llvm::PHINode* const first = builder_.CreatePHI(i64, 2, "element");
  EmitVector(first);
  llvm::Value* const next_first =
      builder_.CreateNUWAdd(first, builder_.getInt64(static_cast<uint64_t>(context_.width)));
  first->addIncoming(group, fill_);
  first->addIncoming(next_first, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpNE(next_first, next_group), vector, group_end);

  builder_.SetInsertPoint(group_end);
  EmitEndOfGroup(builder_.CreateSub(end, group));
  group->addIncoming(begin, entry);
  group->addIncoming(next_group, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpULT(next_group, end), fill_, exit);

  builder_.SetInsertPoint(exit);
  for (size_t s = 0; s < spikes_.size(); ++s) {
    builder_.CreateStore(builder_.CreateLoad(i32, spikes_[s].count),
                         SpikeField(s, offsetof(SpikeOutput, count)));
  }
  if (fault_ != nullptr) MergeFault(builder_.CreateLoad(builder_.getInt1Ty(), fault_));
  if (overflow_ != nullptr) {
    llvm::Value* const sums = builder_.CreateLoad(overflow_->getAllocatedType(), overflow_);
    llvm::Value* const negative =
        builder_.CreateICmpSLT(sums, llvm::Constant::getNullValue(sums->getType()));
    MergeFault(builder_.CreateICmpNE(MaskBits(builder_, negative), builder_.getInt64(0)));
  }
  builder_.CreateRetVoid();
  return status_;
}

// The vector of the elements from `first` (i64) on.
void PopulationKernel::EmitVector(llvm::Value* first) {
  offset_ = builder_.CreateAnd(first, builder_.getInt64(kGroup - 1));
  for (size_t part = 0; part < parts_; ++part) {
    element_[part] =
        builder_.CreateNUWAdd(first, builder_.getInt64(part * static_cast<size_t>(lanes_)));
  }
  failed_.of_parts.assign(parts_, nullptr);
  suspicion_.assign(parts_, {});
  for (Spikes& spikes : spikes_) spikes.mask.of_parts.assign(parts_, nullptr);
  values_.assign(parts_, uniform_);
  EmitNodes(plan_);
  Collect(failed_);
  CollectSuspicions();
  for (const Spikes& spikes : spikes_) Collect(spikes.mask);
}

void PopulationKernel::EmitNodes(const std::vector<PlannedNode>& nodes) {
  for (const PlannedNode& planned : nodes) {
    const ir::Node& n = node(planned.id);
    for (const RareArm& arm : planned.arms) EmitRareArm(n, arm);
    for (part_ = 0; part_ < parts_; ++part_) {
      std::vector<llvm::Value*> operands;
      for (const ir::NodeId operand : n.inputs()) operands.push_back(values_[part_][operand]);
      values_[part_][planned.id] = EmitNode(n, lanes_, operands);
    }
  }
}

// Emits an arm of a select behind a branch that is taken where some lane wants it.
void PopulationKernel::EmitRareArm(const ir::Node& select, const RareArm& arm) {
  llvm::Value* wanted = nullptr;
  for (size_t part = 0; part < parts_; ++part) {
    llvm::Value* const condition = values_[part][select.operands[0]];
    llvm::Value* const lanes = arm.when ? condition : builder_.CreateNot(condition);
    wanted = wanted == nullptr ? lanes : builder_.CreateOr(wanted, lanes);
  }
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const rare = NewBasicBlock("rare");
  llvm::BasicBlock* const joined = NewBasicBlock("joined");
  builder_.CreateCondBr(builder_.CreateICmpNE(MaskBits(builder_, wanted), builder_.getInt64(0)),
                        rare, joined);

  builder_.SetInsertPoint(rare);
  EmitNodes(arm.nodes);
  llvm::BasicBlock* const rare_end = builder_.GetInsertBlock();
  builder_.CreateBr(joined);

  builder_.SetInsertPoint(joined);
  for (size_t part = 0; part < parts_; ++part) {
    llvm::Value*& value = values_[part][arm.nodes.back().id];
    llvm::PHINode* const phi = builder_.CreatePHI(value->getType(), 2);
    phi->addIncoming(llvm::Constant::getNullValue(value->getType()), before);  // not selected
    phi->addIncoming(value, rare_end);
    value = phi;
  }
}

// Adds lanes of the part in hand to the mask.
void PopulationKernel::Include(GroupMask& mask, llvm::Value* lanes) {
  llvm::Value*& part = mask.of_parts[part_];
  part = part == nullptr ? lanes : builder_.CreateOr(part, lanes);
}

// Puts the bits of the present vector at their places among those of the group.
void PopulationKernel::Collect(const GroupMask& mask) {
  if (mask.bits == nullptr || mask.of_parts[0] == nullptr) return;
  llvm::Value* bits = builder_.getInt64(0);
  for (size_t part = 0; part < parts_; ++part) {
    bits = builder_.CreateOr(bits, builder_.CreateShl(MaskBits(builder_, mask.of_parts[part]),
                                                      part * static_cast<size_t>(lanes_)));
  }
  llvm::Value* const before = builder_.CreateLoad(builder_.getInt64Ty(), mask.bits);
  builder_.CreateStore(builder_.CreateOr(before, builder_.CreateShl(bits, offset_)), mask.bits);
}

// `remaining` elements from the beginning of the group on count, at least 1.
void PopulationKernel::EmitEndOfGroup(llvm::Value* remaining) {
  llvm::Value* const one = builder_.getInt64(1);
  llvm::Value* const whole = builder_.CreateICmpUGE(remaining, builder_.getInt64(kGroup));
  llvm::Value* const counted =
      builder_.CreateSelect(whole, builder_.getInt64(~uint64_t{0}),
                            builder_.CreateSub(builder_.CreateShl(one, remaining), one));
  const auto bits = [&](const GroupMask& mask) {
    return builder_.CreateAnd(builder_.CreateLoad(builder_.getInt64Ty(), mask.bits), counted);
  };
  if (failed_.bits != nullptr) {
    llvm::Value* const failed = builder_.CreateICmpNE(bits(failed_), builder_.getInt64(0));
    llvm::Value* const before = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
    builder_.CreateStore(builder_.CreateOr(before, failed), fault_);
  }
  if (suspects_ != nullptr) EmitSecondLook(counted);
  for (const auto& [reduction, buffer] : sums_) EmitGroupSum(reduction, buffer, remaining);
  for (const Spikes& spikes : spikes_) EmitSpikes(spikes, bits(spikes.mask));
}

llvm::Value* PopulationKernel::SpikeField(size_t index, size_t offset) {
  llvm::Value* const outputs = LoadField(offsetof(KernelArgs, spikes), builder_.getPtrTy());
  return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), outputs,
                                             index * sizeof(SpikeOutput) + offset);
}

// Appends the elements of the group whose bits are set to the spikes.
void PopulationKernel::EmitSpikes(const Spikes& spikes, llvm::Value* bits) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const loop = NewBasicBlock("spike");
  llvm::BasicBlock* const done = NewBasicBlock("spikes_done");
  llvm::MDBuilder metadata(builder_.getContext());
  builder_.CreateCondBr(builder_.CreateICmpNE(bits, builder_.getInt64(0)), loop, done,
                        metadata.createBranchWeights(1, 15));

  builder_.SetInsertPoint(loop);
  llvm::PHINode* const left = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  llvm::Value* const bit = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, left,
                                                          /*is_zero_poison=*/builder_.getTrue());
  llvm::Value* const count = builder_.CreateLoad(i32, spikes.count);
  llvm::Value* const place = builder_.CreateInBoundsGEP(
      i32, spikes.list, builder_.CreateZExt(count, builder_.getInt64Ty()));
  AnnotateNoSlot(
      builder_.CreateStore(builder_.CreateTrunc(builder_.CreateAdd(group_, bit), i32), place));
  builder_.CreateStore(builder_.CreateAdd(count, builder_.getInt32(1)), spikes.count);
  llvm::Value* const rest =
      builder_.CreateAnd(left, builder_.CreateSub(left, builder_.getInt64(1)));
  left->addIncoming(bits, before);
  left->addIncoming(rest, loop);
  builder_.CreateCondBr(builder_.CreateICmpNE(rest, builder_.getInt64(0)), loop, done);
  builder_.SetInsertPoint(done);
}

// Clears what stands in the buffer behind the last element and sums it along the tree of R7.
void PopulationKernel::EmitGroupSum(ir::ReductionId reduction, llvm::AllocaInst* buffer,
                                    llvm::Value* remaining) {
  llvm::Type* const f64 = builder_.getDoubleTy();
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const clear = NewBasicBlock("clear");
  llvm::BasicBlock* const sum = NewBasicBlock("sum");
  llvm::Value* const group_size = builder_.getInt64(kGroup);
  builder_.CreateCondBr(builder_.CreateICmpULT(remaining, group_size), clear, sum);

  builder_.SetInsertPoint(clear);
  llvm::PHINode* const i = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  builder_.CreateStore(llvm::ConstantFP::get(f64, 0.0), builder_.CreateInBoundsGEP(f64, buffer, i));
  llvm::Value* const next = builder_.CreateAdd(i, builder_.getInt64(1));
  i->addIncoming(remaining, before);
  i->addIncoming(next, clear);
  builder_.CreateCondBr(builder_.CreateICmpULT(next, group_size), clear, sum);

  builder_.SetInsertPoint(sum);
  const auto load = [&](unsigned first, unsigned count) {
    return builder_.CreateAlignedLoad(Widened(f64, static_cast<int>(count)),
                                      builder_.CreateConstInBoundsGEP1_64(f64, buffer, first),
                                      llvm::Align(64));
  };
  unsigned half = kGroup / 2;
  llvm::Value* values = builder_.CreateFAdd(load(0, half), load(half, half));
  while (half > 1) {
    half /= 2;
    std::vector<int> low, high;
    for (unsigned k = 0; k < half; ++k) {
      low.push_back(static_cast<int>(k));
      high.push_back(static_cast<int>(k + half));
    }
    values = builder_.CreateFAdd(builder_.CreateShuffleVector(values, low),
                                 builder_.CreateShuffleVector(values, high));
  }
  StoreSlot(SlotOf(AttrKind::kReduction, reduction), Element::kF64,
            builder_.CreateUDiv(group_, group_size),
            builder_.CreateExtractElement(values, uint64_t{0}));
}

llvm::Value* PopulationKernel::ElementIndex(int lanes) {
  llvm::Value* const first = builder_.CreateTrunc(element_[part_], builder_.getInt32Ty());
  return builder_.CreateAdd(Splat(builder_, first, lanes), Iota(builder_, lanes));
}

llvm::Value* PopulationKernel::RandomBits(uint32_t stream, uint32_t draw, int lanes) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::AllocaInst*& buffer = random_[{stream, draw}];
  if (buffer == nullptr) {
    buffer = Variable(llvm::ArrayType::get(i32, kGroup));
    llvm::IRBuilderBase::InsertPointGuard guard(builder_);
    builder_.SetInsertPoint(fill_->getTerminator());
    EmitRandomGroup(builder_, context_.native_lanes, buffer, group_, Draw(stream, draw));
  }
  return builder_.CreateAlignedLoad(Widened(i32, lanes), InBuffer(buffer, i32),
                                    llvm::Align(static_cast<uint64_t>(4 * lanes)));
}

llvm::Value* PopulationKernel::Load(ir::StateId state, int lanes) {
  return LoadSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element,
                  element_[part_], lanes);
}

void PopulationKernel::Store(ir::StateId state, llvm::Value* value) {
  if (program_.states[state].type.uniform()) {
    Fail("a population kernel stores a uniform state");
    return;
  }
  StoreSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, element_[part_],
            value);
}

void PopulationKernel::Check(ir::StateId state, llvm::Value* value) {
  if (IsCheckedAsStored(state)) {
    Suspect(program_.states[state], value);
  } else {
    Include(failed_, OutOfBounds(program_.states[state], value));
  }
}

void PopulationKernel::Suspect(const ir::State& state, llvm::Value* value) {
  Suspicion& suspicion = suspicion_[part_];
  constexpr double kMax = std::numeric_limits<double>::max();
  if (state.lower != -kMax || state.upper != kMax) {
    llvm::Value* const outside = OutOfBounds(state, value);
    suspicion.outside =
        suspicion.outside == nullptr ? outside : builder_.CreateOr(suspicion.outside, outside);
    return;
  }
  // 0 times a number is 0, and NaN if it is not finite; and NaN stays in a sum.
  llvm::Constant* const zero = llvm::Constant::getNullValue(value->getType());
  if (suspicion.sum != nullptr && context_.has_fma) {
    suspicion.sum = builder_.CreateIntrinsic(llvm::Intrinsic::fma, {value->getType()},
                                             {value, zero, suspicion.sum});
    return;
  }
  llvm::Value* const product = builder_.CreateFMul(value, zero);
  suspicion.sum = suspicion.sum == nullptr ? product : builder_.CreateFAdd(suspicion.sum, product);
}

void PopulationKernel::CollectSuspicions() {
  if (suspects_ == nullptr) return;
  llvm::Type* const type = suspects_->getAllocatedType();
  llvm::Value* bits = builder_.CreateLoad(type, suspects_);
  for (const Suspicion& suspicion : suspicion_) {
    if (suspicion.sum != nullptr) {
      bits = builder_.CreateOr(bits, builder_.CreateBitCast(suspicion.sum, type));
    }
    if (suspicion.outside != nullptr) {
      bits = builder_.CreateOr(bits, builder_.CreateSExt(suspicion.outside, type));
    }
  }
  builder_.CreateStore(bits, suspects_);
}

void PopulationKernel::EmitSecondLook(llvm::Value* counted) {
  llvm::Type* const f64 = Widened(builder_.getDoubleTy(), lanes_);
  llvm::Value* const numbers =
      builder_.CreateBitCast(builder_.CreateLoad(suspects_->getAllocatedType(), suspects_), f64);
  llvm::Value* const suspicious =
      builder_.CreateFCmpUNO(numbers, llvm::Constant::getNullValue(f64));
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const look = NewBasicBlock("second_look");
  llvm::BasicBlock* const done = NewBasicBlock("looked");
  llvm::MDBuilder metadata(builder_.getContext());
  builder_.CreateCondBr(builder_.CreateICmpNE(MaskBits(builder_, suspicious), builder_.getInt64(0)),
                        look, done, metadata.createBranchWeights(1, 1000));

  builder_.SetInsertPoint(look);
  llvm::PHINode* const offset = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  llvm::Value* outside = nullptr;
  for (const ir::StateId state : checked_as_stored_) {
    llvm::Value* const value = LoadSlot(SlotOf(AttrKind::kState, state), Element::kF64,
                                        builder_.CreateNUWAdd(group_, offset), lanes_);
    llvm::Value* const fails = OutOfBounds(program_.states[state], value);
    outside = outside == nullptr ? fails : builder_.CreateOr(outside, fails);
  }
  llvm::Value* const failed =
      builder_.CreateAnd(builder_.CreateShl(MaskBits(builder_, outside), offset), counted);
  llvm::Value* const fault = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
  builder_.CreateStore(
      builder_.CreateOr(fault, builder_.CreateICmpNE(failed, builder_.getInt64(0))), fault_);
  llvm::Value* const next =
      builder_.CreateNUWAdd(offset, builder_.getInt64(static_cast<uint64_t>(lanes_)));
  offset->addIncoming(builder_.getInt64(0), before);
  offset->addIncoming(next, look);
  builder_.CreateCondBr(builder_.CreateICmpNE(next, builder_.getInt64(kGroup)), look, done);
  builder_.SetInsertPoint(done);
}

llvm::Value* PopulationKernel::Take(ir::InputId input, int lanes) {
  const size_t slot = SlotOf(AttrKind::kInput, input);
  llvm::Value* const sum = LoadSlot(slot, Element::kI64, element_[part_], lanes);
  StoreSlot(slot, Element::kI64, element_[part_], llvm::Constant::getNullValue(sum->getType()));
  const auto i64 = [&](uint64_t value) { return ConstantLike(sum, builder_.getInt64(value)); };
  const auto f64 = [&](double value) {
    return ConstantLike(sum, llvm::ConstantFP::get(builder_.getDoubleTy(), value));
  };

  // Negative unless |sum| <= kMaxSum; the sums of elements past the end are always 0.
  constexpr auto kLimit = static_cast<uint64_t>(reference::kMaxSum);
  llvm::Value* const outside =
      builder_.CreateOr(builder_.CreateAdd(sum, i64(kLimit)), builder_.CreateSub(i64(kLimit), sum));
  llvm::Value* const before = builder_.CreateLoad(sum->getType(), overflow_);
  builder_.CreateStore(builder_.CreateOr(before, outside), overflow_);

  // Adding an integer within 2^51 to the bits of 1.5 * 2^52 adds it to the number: a conversion
  // that every vector unit can do, and exact.
  constexpr double kMagic = 0x1.8p52;
  llvm::Value* const shifted = builder_.CreateBitCast(
      builder_.CreateAdd(sum, i64(ir::BitsOfF64(kMagic))), Widened(builder_.getDoubleTy(), lanes));
  const int quantum = program_.inputs[input].quantum_log2;
  if (context_.has_fma && std::abs(quantum) < 900) {
    // (kMagic + sum) * 2^quantum - kMagic * 2^quantum, rounded once: the same number.
    return builder_.CreateIntrinsic(
        llvm::Intrinsic::fma, {shifted->getType()},
        {shifted, f64(std::ldexp(1.0, quantum)), f64(-std::ldexp(kMagic, quantum))});
  }
  return Scale(builder_.CreateFSub(shifted, f64(kMagic)), quantum);
}

void PopulationKernel::Spike(ir::PopulationId population, llvm::Value* mask) {
  for (Spikes& spikes : spikes_) {
    if (spikes.population == population) Include(spikes.mask, mask);
  }
}

void PopulationKernel::Reduce(ir::ReductionId reduction, llvm::Value* value) {
  llvm::Type* const f64 = builder_.getDoubleTy();
  llvm::AllocaInst*& buffer = sums_[reduction];
  if (buffer == nullptr) buffer = Variable(llvm::ArrayType::get(f64, kGroup));
  builder_.CreateAlignedStore(value, InBuffer(buffer, f64),
                              llvm::Align(static_cast<uint64_t>(8 * lanes_)));
}

}  // namespace

absl::Status EmitKernel(const EmitContext& context, const ir::Block& block) {
  if (block.domain == ir::DomainId::kNetwork) return NetworkKernel(context, block).Emit();
  return PopulationKernel(context, block).Emit();
}

}  // namespace bnsyn::compiler
