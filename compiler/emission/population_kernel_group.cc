// The end of a group: its checks, the sums that it took, and its part of sums over the population.
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

void PopulationKernel::Include(GroupMask& mask, llvm::Value* lanes) {
  llvm::Value*& part = mask.of_parts[part_];
  part = part == nullptr ? lanes : builder_.CreateOr(part, lanes);
}

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

llvm::Value* PopulationKernel::Counted(llvm::Value* remaining) {
  llvm::Value* const one = builder_.getInt64(1);
  llvm::Value* const whole = builder_.CreateICmpUGE(remaining, builder_.getInt64(kGroup));
  return builder_.CreateSelect(whole, builder_.getInt64(~uint64_t{0}),
                               builder_.CreateSub(builder_.CreateShl(one, remaining), one));
}

llvm::Value* PopulationKernel::IsAny(const GroupMask& mask, llvm::Value* counted) {
  llvm::Value* const bits = builder_.CreateLoad(builder_.getInt64Ty(), mask.bits);
  return builder_.CreateICmpNE(builder_.CreateAnd(bits, counted), builder_.getInt64(0));
}

llvm::Value* PopulationKernel::GoesOn(llvm::Value* remaining) {
  return goes_on_.bits == nullptr ? nullptr : IsAny(goes_on_, Counted(remaining));
}

void PopulationKernel::EmitEndOfGroup(llvm::Value* remaining) {
  llvm::Value* const counted = Counted(remaining);
  if (failed_.bits != nullptr) {
    llvm::Value* const failed = IsAny(failed_, counted);
    llvm::Value* const before = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
    builder_.CreateStore(builder_.CreateOr(before, failed), fault_);
  }
  ClearTaken();
  if (!suspects_.empty()) EmitDeferredChecks(counted);
  for (const auto& [reduction, buffer] : sums_) EmitGroupSum(reduction, buffer, remaining);
  llvm::Value* const number = builder_.CreateUDiv(group_, builder_.getInt64(kGroup));
  llvm::Value* const group_in_round = builder_.CreateAnd(number, builder_.getInt64(kRound - 1));
  for (const Spikes& spikes : spikes_) RememberSpikes(spikes, group_in_round);
}

// Clears the inputs of the whole group at once, in few stores: vector by vector, narrow sums would
// be cleared a few bytes at a time.
void PopulationKernel::ClearTaken() {
  for (const ir::Node& n : block_.nodes) {
    if (n.op != ir::Op::kTake) continue;
    const auto input = static_cast<ir::InputId>(n.attr);
    const ir::Accumulator& sum = program_.inputs[input].accumulator;
    // Wide sums are cleared as twice as many integers of 64 bits.
    const unsigned halves = sum.wide ? 2 : 1;
    const auto bits = static_cast<unsigned>(sum.width()) / halves;
    llvm::Type* const sums = llvm::FixedVectorType::get(builder_.getIntNTy(bits), kGroup * halves);
    StoreSum(input, builder_.CreateMul(group_, builder_.getInt64(halves)),
             llvm::Constant::getNullValue(sums));
  }
}

void PopulationKernel::Reduce(ir::ReductionId reduction, llvm::Value* value) {
  llvm::Type* const f64 = builder_.getDoubleTy();
  llvm::AllocaInst*& buffer = sums_[reduction];
  if (buffer == nullptr) buffer = Variable(llvm::ArrayType::get(f64, kGroup));
  builder_.CreateAlignedStore(value, InBuffer(buffer, f64),
                              llvm::Align(static_cast<uint64_t>(8 * lanes_)));
}

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
  if (counts_ == nullptr && plan_.FindDeferredCheck(state) != nullptr) {
    NoteSuspects(program_.states[state], value);
  } else {
    FailIn(OutOfBounds(program_.states[state], value));
  }
}

void PopulationKernel::FailIn(llvm::Value* lanes) {
  if (counts_ == nullptr) return Include(failed_, lanes);
  llvm::Value* const fault = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
  builder_.CreateStore(builder_.CreateOr(fault, builder_.CreateAnd(lanes, counts_)), fault_);
}

void PopulationKernel::NoteSuspects(const ir::State& state, llvm::Value* value,
                                    llvm::Value* spared) {
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
    // A sum with a number that is not finite is not finite. A sum of finite numbers hardly ever
    // leaves the range, and then the check in memory finds nothing.
    sum = builder_.CreateFAdd(sum, value);
  }
  builder_.CreateStore(sum, suspects);
}

llvm::Value* PopulationKernel::BitsOf(const std::vector<ir::NodeId>& spikes) {
  llvm::Value* bits = builder_.getInt64(0);
  for (const Spikes& of_node : spikes_) {
    if (std::find(spikes.begin(), spikes.end(), of_node.node) == spikes.end()) continue;
    bits = builder_.CreateOr(bits, builder_.CreateLoad(builder_.getInt64Ty(), of_node.mask.bits));
  }
  return bits;
}

void PopulationKernel::EmitDeferredChecks(llvm::Value* counted) {
  llvm::Type* const f64 = Widened(builder_.getDoubleTy(), own_lanes_);
  llvm::Value* sum = llvm::Constant::getNullValue(f64);
  for (llvm::AllocaInst* const of_part : suspects_) {
    sum = builder_.CreateFAdd(sum, builder_.CreateLoad(f64, of_part));
  }
  llvm::Value* const difference = builder_.CreateFSub(sum, sum);  // NaN unless the sum is finite
  llvm::Value* const suspicious = builder_.CreateFCmpUNO(difference, difference);
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const check_memory = NewBasicBlock("check_memory");
  llvm::BasicBlock* const done = NewBasicBlock("checked");
  llvm::MDBuilder metadata(builder_.getContext());
  builder_.CreateCondBr(builder_.CreateICmpNE(MaskBits(builder_, suspicious), builder_.getInt64(0)),
                        check_memory, done, metadata.createBranchWeights(1, 1000));

  builder_.SetInsertPoint(check_memory);
  llvm::PHINode* const offset = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  llvm::Value* failed = builder_.getInt64(0);
  for (const DeferredCheck& check : plan_.deferred_checks) {
    llvm::Value* const value = LoadSlot(SlotOf(AttrKind::kState, check.state), Element::kF64,
                                        builder_.CreateNUWAdd(group_, offset), own_lanes_);
    llvm::Value* const fails = MaskBits(builder_, OutOfBounds(program_.states[check.state], value));
    llvm::Value* const counted_here =
        builder_.CreateAnd(counted, builder_.CreateNot(BitsOf(check.spared)));
    failed = builder_.CreateOr(failed,
                               builder_.CreateAnd(builder_.CreateShl(fails, offset), counted_here));
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
  offset->addIncoming(next, check_memory);
  builder_.CreateCondBr(builder_.CreateICmpNE(next, builder_.getInt64(kGroup)), check_memory, done);
  builder_.SetInsertPoint(done);
}

}  // namespace bnsyn::compiler
