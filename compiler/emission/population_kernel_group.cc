// What a population kernel collects from vector to vector and settles at the end of a group: sums,
// and whether checks failed; or of a round of groups: spikes.
#include <limits>

#include "compiler/emission/emit_ops.h"
#include "compiler/emission/population_kernel.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"
#include "reference/philox.h"
#include "reference/reduction.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Element;

static_assert(kGroup == reference::kRandomGroup && kGroup == reference::kReductionGroup &&
              kGroup == 64);

}  // namespace

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
  ClearTaken();
  if (!suspects_.empty()) EmitSecondLook(counted);
  for (const auto& [reduction, buffer] : sums_) EmitGroupSum(reduction, buffer, remaining);
  llvm::Value* const number = builder_.CreateUDiv(group_, builder_.getInt64(kGroup));
  llvm::Value* const group_in_round = builder_.CreateAnd(number, builder_.getInt64(kRound - 1));
  for (const Spikes& spikes : spikes_) RememberSpikes(spikes, group_in_round);
}

// All sums of the group at once, in as few stores as there can be: a vector of narrow sums would be
// cleared a few bytes at a time.
void PopulationKernel::ClearTaken() {
  for (const ir::Node& n : block_.nodes) {
    if (n.op != ir::Op::kTake) continue;
    const auto input = static_cast<ir::InputId>(n.attr);
    const auto bits = static_cast<unsigned>(program_.inputs[input].sum().bits);
    llvm::Type* const sums = llvm::FixedVectorType::get(builder_.getIntNTy(bits), kGroup);
    StoreSum(input, group_, llvm::Constant::getNullValue(sums));
  }
}

llvm::Value* PopulationKernel::SpikeField(size_t index, size_t offset) {
  llvm::Value* const outputs = LoadField(offsetof(KernelArgs, spikes), builder_.getPtrTy());
  return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), outputs,
                                             index * sizeof(SpikeOutput) + offset);
}

void PopulationKernel::RememberSpikes(const Spikes& spikes, llvm::Value* group_in_round) {
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const bits = builder_.CreateLoad(i64, spikes.mask.bits);
  builder_.CreateStore(bits, builder_.CreateInBoundsGEP(i64, spikes.masks, group_in_round));
  llvm::Value* const some =
      builder_.CreateZExt(builder_.CreateICmpNE(bits, builder_.getInt64(0)), i64);
  llvm::Value* const before = builder_.CreateLoad(i64, spikes.spiking);
  builder_.CreateStore(builder_.CreateOr(before, builder_.CreateShl(some, group_in_round)),
                       spikes.spiking);
}

// Behind the last group of a round, or of the kernel, lists its spikes.
void PopulationKernel::EmitEndOfRound(llvm::Value* next_group, llvm::Value* end) {
  llvm::BasicBlock* const list = NewBasicBlock("round");
  llvm::BasicBlock* const done = NewBasicBlock("round_done");
  llvm::Value* const in_round =
      builder_.CreateAnd(next_group, builder_.getInt64(kRound * kGroup - 1));
  llvm::Value* const ends = builder_.CreateOr(builder_.CreateICmpEQ(in_round, builder_.getInt64(0)),
                                              builder_.CreateICmpUGE(next_group, end));
  llvm::MDBuilder metadata(builder_.getContext());
  builder_.CreateCondBr(ends, list, done, metadata.createBranchWeights(1, kRound));

  builder_.SetInsertPoint(list);
  for (const Spikes& spikes : spikes_) EmitSpikes(spikes, end);
  builder_.CreateBr(done);
  builder_.SetInsertPoint(done);
}

// Appends the elements of the round whose bits are set to the spikes, in two loops: over groups
// that have some, and over the bits of each. Resets that were deferred run at each of them, past
// the end as well, since what spikes there would grow beyond all bounds without them.
void PopulationKernel::EmitSpikes(const Spikes& spikes, llvm::Value* end) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const zero = builder_.getInt64(0);
  const auto lowest = [&](llvm::Value* bits) {
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, bits,
                                          /*is_zero_poison=*/builder_.getTrue());
  };
  const auto without_lowest = [&](llvm::Value* bits) {
    return builder_.CreateAnd(bits, builder_.CreateSub(bits, builder_.getInt64(1)));
  };
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const of_group = NewBasicBlock("spiking_group");
  llvm::BasicBlock* const spike = NewBasicBlock("spike");
  llvm::BasicBlock* const append = NewBasicBlock("append");
  llvm::BasicBlock* const appended = NewBasicBlock("appended");
  llvm::BasicBlock* const next_group = NewBasicBlock("next_spiking_group");
  llvm::BasicBlock* const done = NewBasicBlock("spikes_done");
  llvm::Value* const first = builder_.CreateAnd(group_, builder_.getInt64(~(kRound * kGroup - 1)));
  llvm::Value* const spiking = builder_.CreateLoad(i64, spikes.spiking);
  builder_.CreateStore(zero, spikes.spiking);
  builder_.CreateCondBr(builder_.CreateICmpNE(spiking, zero), of_group, done);

  builder_.SetInsertPoint(of_group);
  llvm::PHINode* const groups = builder_.CreatePHI(i64, 2);
  llvm::Value* const group = lowest(groups);
  llvm::Value* const all =
      builder_.CreateLoad(i64, builder_.CreateInBoundsGEP(i64, spikes.masks, group));
  llvm::Value* const begin =
      builder_.CreateAdd(first, builder_.CreateMul(group, builder_.getInt64(kGroup)));
  builder_.CreateBr(spike);

  builder_.SetInsertPoint(spike);
  llvm::PHINode* const bits = builder_.CreatePHI(i64, 2);
  llvm::Value* const element = builder_.CreateAdd(begin, lowest(bits));
  llvm::Value* const counts = builder_.CreateICmpULT(element, end);
  if (spikes.deferred != nullptr) {
    element_[0] = element;
    counts_ = counts;
    EmitDeferredResets(*spikes.deferred);
    counts_ = nullptr;
  }
  builder_.CreateCondBr(counts, append, appended);

  builder_.SetInsertPoint(append);
  llvm::Value* const count = builder_.CreateLoad(i32, spikes.count);
  llvm::Value* const place =
      builder_.CreateInBoundsGEP(i32, spikes.list, builder_.CreateZExt(count, i64));
  AnnotateNoSlot(builder_.CreateStore(builder_.CreateTrunc(element, i32), place));
  builder_.CreateStore(builder_.CreateAdd(count, builder_.getInt32(1)), spikes.count);
  builder_.CreateBr(appended);

  builder_.SetInsertPoint(appended);
  llvm::Value* const other_bits = without_lowest(bits);
  bits->addIncoming(all, of_group);
  bits->addIncoming(other_bits, appended);
  builder_.CreateCondBr(builder_.CreateICmpNE(other_bits, zero), spike, next_group);

  builder_.SetInsertPoint(next_group);
  llvm::Value* const other_groups = without_lowest(groups);
  groups->addIncoming(spiking, before);
  groups->addIncoming(other_groups, next_group);
  builder_.CreateCondBr(builder_.CreateICmpNE(other_groups, zero), of_group, done);
  builder_.SetInsertPoint(done);
}

void PopulationKernel::EmitDeferredResets(const PlannedNode& spike) {
  lanes_ = 1;
  part_ = 0;
  values_.assign(parts_, uniform_);
  values_[0][node(spike.id).operands[0]] = builder_.getTrue();
  const Resets& resets = spike.resets;
  // What they read is in memory before they store anything.
  for (const StoredValue& held : resets.held) {
    values_[0][held.value] = Load(held.state, lanes_);
  }
  for (const PlannedNode& planned : resets.nodes) {
    const ir::Node& n = node(planned.id);
    if (n.op == ir::Op::kSelect && values_[0][n.operands[0]] == builder_.getTrue()) {
      values_[0][planned.id] = DeferredValue(n.operands[1]);
      continue;
    }
    std::vector<llvm::Value*> operands;
    for (const ir::NodeId operand : n.inputs()) operands.push_back(DeferredValue(operand));
    values_[0][planned.id] = EmitNode(n, lanes_, operands);
  }
}

// Of a node that is there, or is made anew.
llvm::Value* PopulationKernel::DeferredValue(ir::NodeId id) {
  if (values_[0][id] != nullptr) return values_[0][id];
  std::vector<llvm::Value*> operands;
  for (const ir::NodeId operand : node(id).inputs()) operands.push_back(DeferredValue(operand));
  return values_[0][id] = EmitNode(node(id), lanes_, operands);
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

void PopulationKernel::Check(ir::StateId state, llvm::Value* value) {
  if (counts_ != nullptr) {
    llvm::Value* const fails =
        builder_.CreateAnd(OutOfBounds(program_.states[state], value), counts_);
    llvm::Value* const fault = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
    builder_.CreateStore(builder_.CreateOr(fault, fails), fault_);
  } else if (IsCheckedAsStored(state)) {
    Suspect(program_.states[state], value);
  } else {
    Include(failed_, OutOfBounds(program_.states[state], value));
  }
}

void PopulationKernel::Suspect(const ir::State& state, llvm::Value* value, llvm::Value* spared) {
  llvm::AllocaInst* const suspects = suspects_[part_];
  llvm::Type* const type = suspects->getAllocatedType();
  llvm::Value* sum = builder_.CreateLoad(type, suspects);
  constexpr double kMax = std::numeric_limits<double>::max();
  if (state.lower != -kMax || state.upper != kMax) {
    llvm::Value* outside = OutOfBounds(state, value);
    if (spared != nullptr) outside = builder_.CreateAnd(outside, builder_.CreateNot(spared));
    llvm::Constant* const nan = llvm::ConstantFP::getNaN(type);
    sum = builder_.CreateSelect(outside, nan, sum);
  } else {
    // What is not finite stays so in a sum. Sums of finite numbers leave the range next to never,
    // and then the second look finds nothing.
    sum = builder_.CreateFAdd(sum, value);
  }
  builder_.CreateStore(sum, suspects);
}

// Of the group: those whose deferred resets are to store the state, and check it then.
llvm::Value* PopulationKernel::ElementsToBeReset(ir::StateId state) {
  llvm::Value* bits = builder_.getInt64(0);
  for (const Spikes& spikes : spikes_) {
    if (spikes.deferred == nullptr) continue;
    const auto stores = [&](const ir::Node& n) {
      return n.op == ir::Op::kStore && n.attr == state;
    };
    if (!AnyWithin(block_, *spikes.deferred, stores)) continue;
    bits = builder_.CreateOr(bits, builder_.CreateLoad(builder_.getInt64Ty(), spikes.mask.bits));
  }
  return bits;
}

void PopulationKernel::EmitSecondLook(llvm::Value* counted) {
  llvm::Type* const f64 = Widened(builder_.getDoubleTy(), own_lanes_);
  llvm::Value* sum = llvm::Constant::getNullValue(f64);
  for (llvm::AllocaInst* const of_part : suspects_) {
    sum = builder_.CreateFAdd(sum, builder_.CreateLoad(f64, of_part));
  }
  llvm::Value* const no_number = builder_.CreateFSub(sum, sum);  // where it is not finite, else 0
  llvm::Value* const suspicious = builder_.CreateFCmpUNO(no_number, no_number);
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const look = NewBasicBlock("second_look");
  llvm::BasicBlock* const done = NewBasicBlock("looked");
  llvm::MDBuilder metadata(builder_.getContext());
  builder_.CreateCondBr(builder_.CreateICmpNE(MaskBits(builder_, suspicious), builder_.getInt64(0)),
                        look, done, metadata.createBranchWeights(1, 1000));

  builder_.SetInsertPoint(look);
  llvm::PHINode* const offset = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  llvm::Value* failed = builder_.getInt64(0);
  for (const ir::StateId state : checked_as_stored_) {
    llvm::Value* const value = LoadSlot(SlotOf(AttrKind::kState, state), Element::kF64,
                                        builder_.CreateNUWAdd(group_, offset), own_lanes_);
    llvm::Value* const fails = MaskBits(builder_, OutOfBounds(program_.states[state], value));
    llvm::Value* const to_stay =
        builder_.CreateAnd(counted, builder_.CreateNot(ElementsToBeReset(state)));
    failed =
        builder_.CreateOr(failed, builder_.CreateAnd(builder_.CreateShl(fails, offset), to_stay));
  }
  llvm::Value* const fault = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
  builder_.CreateStore(
      builder_.CreateOr(fault, builder_.CreateICmpNE(failed, builder_.getInt64(0))), fault_);
  for (llvm::AllocaInst* const of_part : suspects_) {
    builder_.CreateStore(llvm::Constant::getNullValue(f64), of_part);
  }
  llvm::Value* const next =
      builder_.CreateNUWAdd(offset, builder_.getInt64(static_cast<uint64_t>(own_lanes_)));
  offset->addIncoming(builder_.getInt64(0), before);
  offset->addIncoming(next, look);
  builder_.CreateCondBr(builder_.CreateICmpNE(next, builder_.getInt64(kGroup)), look, done);
  builder_.SetInsertPoint(done);
}

void PopulationKernel::Spike(ir::PopulationId population, llvm::Value* mask) {
  for (Spikes& spikes : spikes_) {
    if (spikes.population == population) Include(spikes.mask, mask);
  }
}

// Of one spike node, as soon as it has run over all parts.
void PopulationKernel::CollectSpikes(const PlannedNode& spike) {
  for (Spikes& spikes : spikes_) {
    if (spikes.population != node(spike.id).attr) continue;
    Collect(spikes.mask);
    spikes.mask.of_parts.assign(parts_, nullptr);
    if (spike.resets.deferred) spikes.deferred = &spike;
  }
}

void PopulationKernel::Reduce(ir::ReductionId reduction, llvm::Value* value) {
  llvm::Type* const f64 = builder_.getDoubleTy();
  llvm::AllocaInst*& buffer = sums_[reduction];
  if (buffer == nullptr) buffer = Variable(llvm::ArrayType::get(f64, kGroup));
  builder_.CreateAlignedStore(value, InBuffer(buffer, f64),
                              llvm::Align(static_cast<uint64_t>(8 * lanes_)));
}

}  // namespace bnsyn::compiler
