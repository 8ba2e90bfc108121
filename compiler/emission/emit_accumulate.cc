// What synapses add to sums.
#include <algorithm>
#include <cstddef>
#include <optional>

#include "compiler/emission/deliver_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/emit_sums.h"
#include "ir/access.h"
#include "ir/mutant.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"
#include "reference/accumulator.h"
#include "reference/input_proof.h"

namespace bnsyn::compiler {

// A contribution in the units of its sum: rounded to the nearest quantum first (R6).
void DeliverEmitter::EmitQuanta(ir::NodeId id) {
  const auto attr = static_cast<ir::InputId>(node(id).attr);
  const ir::Accumulator& sum = program_.inputs[attr].accumulator;
  Added& added = added_[id] = {};
  added.value = values_[node(id).operands[0]];
  if (sum.width() < 64) {
    const std::optional<double> known =
        reference::StaticContribution(program_, block_, id, projection_.weight);
    if (!known) {
      Fail("a contribution to a narrow sum is not known");
      return;
    }
    const auto quanta = static_cast<int64_t>(reference::ToQuanta(*known, sum.scale_log2));
    added.units = llvm::ConstantInt::getSigned(
        builder_.getIntNTy(static_cast<unsigned>(sum.width())), quanta / sum.unit);
    return;
  }
  llvm::Value* const exact = Scale(added.value, -sum.scale_log2);
  const auto rounding =
      Mutant("emit.accumulate.rounding") ? llvm::Intrinsic::floor : llvm::Intrinsic::rint;
  llvm::Value* rounded = builder_.CreateUnaryIntrinsic(rounding, exact);
  // Static contributions have been proven to fit, and were counted when synapses were built.
  if (!reference::AddsStatic(program_, block_, id)) rounded = Checked(sum, exact, rounded, added);
  if (!sum.wide) {
    llvm::Type* const quanta = Widened(builder_.getInt64Ty(), LanesOf(rounded));
    added.units = InUnits(attr, builder_.CreateFPToSI(rounded, quanta));
  } else if (LanesOf(rounded) == 1) {
    added.units = EmitDoubleToWide(builder_, rounded);
  } else {
    added.rounded = rounded;
  }
}

// What is added of a contribution that is not static: nothing where it is not within its limit, or
// where it is coarse and the program is strict.
llvm::Value* DeliverEmitter::Checked(const ir::Accumulator& sum, llvm::Value* exact,
                                     llvm::Value* rounded, Added& added) {
  const auto f64 = [&](double value) {
    return ConstantLike(rounded, llvm::ConstantFP::get(builder_.getDoubleTy(), value));
  };
  const auto abs = [&](llvm::Value* value) {
    return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value);
  };
  llvm::Value* const magnitude = abs(rounded);
  added.fits =
      builder_.CreateFCmpOLE(magnitude, f64(static_cast<double>(reference::LimitsOf(sum).unknown)));
  // From 2^23 quanta on, half a quantum is within 2^-24.
  const double coarse_below = Mutant("emit.accumulate.coarse") ? 0x1p22 : 0x1p23;
  added.may_be_coarse = builder_.CreateAnd(builder_.CreateFCmpOLT(magnitude, f64(coarse_below)),
                                           builder_.CreateFCmpONE(added.value, f64(0)));
  if (program_.strict_sums) {
    llvm::Value* const change = abs(builder_.CreateFSub(rounded, exact));
    llvm::Value* const much =
        builder_.CreateFCmpOGT(change, builder_.CreateFMul(abs(exact), f64(0x1p-24)));
    llvm::Value* const coarse = builder_.CreateOr(builder_.CreateFCmpOEQ(rounded, f64(0)), much);
    added.fits = builder_.CreateAnd(
        added.fits, builder_.CreateNot(builder_.CreateAnd(added.may_be_coarse, coarse)));
    added.may_be_coarse = nullptr;
  }
  if (Mutant("emit.accumulate.beyond_its_limit")) return rounded;
  return builder_.CreateSelect(added.fits, rounded, f64(0));
}

llvm::Value* DeliverEmitter::InUnits(ir::InputId input, llvm::Value* quanta) {
  if (!program_.inputs[input].accumulator.decays()) return quanta;
  const int lanes = LanesOf(quanta);
  llvm::Value* const left = OfPhase(input, [](const reference::AccumulatorArithmetic& sum,
                                              uint32_t phase) { return sum.Left(phase); });
  llvm::Value* const more =
      builder_.CreateFDiv(builder_.CreateSIToFP(quanta, Widened(builder_.getDoubleTy(), lanes)),
                          Splat(builder_, left, lanes));
  if (Mutant("emit.accumulate.phase")) return quanta;
  return builder_.CreateFPToSI(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::rint, more),
                               quanta->getType());
}

void DeliverEmitter::EmitAccumulate(ir::NodeId id) {
  if (Mutant("emit.accumulate.omit") && node(id).op == ir::Op::kAccumulate) return;
  if (Mutant("emit.accumulate_pre.omit") && node(id).op == ir::Op::kAccumulatePre) return;
  const Added& added = added_[id];
  if (lanes_ > 1) {
    AddInLanes(id);
  } else {
    AddToSum(static_cast<ir::InputId>(node(id).attr),
             node(id).op == ir::Op::kAccumulatePre ? source_ : target_, added.units);
  }
  if (added.fits != nullptr && !Mutant("emit.accumulate.fault"))
    NoteFault(builder_.CreateNot(added.fits));
  if (added.may_be_coarse != nullptr) CountCoarse(id);
}

void DeliverEmitter::AddToSum(ir::InputId input, llvm::Value* neuron, llvm::Value* units) {
  StoreSum(input, neuron, builder_.CreateAdd(LoadSum(input, neuron, 1), units));
}

void DeliverEmitter::AddInLanes(ir::NodeId id) {
  const auto input = static_cast<ir::InputId>(node(id).attr);
  const Added& added = added_[id];
  // The neuron whose row this is, or those at the other ends.
  const bool to_one = (node(id).op == ir::Op::kAccumulatePre) != by_target_;
  llvm::Value* const units = added.rounded != nullptr ? added.rounded : added.units;
  llvm::Value* all = nullptr;
  for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes_); ++lane) {
    llvm::Value* own = LanesOf(units) == 1 ? units : builder_.CreateExtractElement(units, lane);
    if (added.rounded != nullptr) own = EmitDoubleToWide(builder_, own);
    if (to_one) {
      all = all == nullptr ? own : builder_.CreateAdd(all, own);
    } else {
      AddToSum(input, OtherIn(lane), own);
    }
  }
  if (to_one) AddToSum(input, by_target_ ? target_ : source_, all);
}

// Calls reference::CountCoarse where a contribution may be coarse, which is rare.
void DeliverEmitter::CountCoarse(ir::NodeId id) {
  const auto input = static_cast<ir::InputId>(node(id).attr);
  const Added& added = added_[id];
  const int lanes = LanesOf(added.may_be_coarse);
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Type* const f64 = builder_.getDoubleTy();
  llvm::Value* const none = builder_.getInt64(0);
  llvm::BasicBlock* const some = NewBasicBlock("may_be_coarse");
  llvm::BasicBlock* const count = NewBasicBlock("count_coarse");
  llvm::BasicBlock* const done = NewBasicBlock("counted");
  llvm::MDBuilder metadata(builder_.getContext());
  // A contribution of all lanes counts once for each.
  llvm::Value* const all =
      MaskBits(builder_, lanes == lanes_ ? added.may_be_coarse
                                         : Splat(builder_, added.may_be_coarse, lanes_));
  llvm::AllocaInst* const values = Variable(Widened(f64, lanes_));
  builder_.CreateCondBr(builder_.CreateICmpNE(all, none), some, done,
                        metadata.createBranchWeights(1, 1000));
  builder_.SetInsertPoint(some);
  builder_.CreateStore(lanes == lanes_ ? added.value : Splat(builder_, added.value, lanes_),
                       values);
  builder_.CreateBr(count);

  builder_.SetInsertPoint(count);
  llvm::PHINode* const left = builder_.CreatePHI(i64, 2);
  llvm::Value* const lane =
      builder_.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, left, builder_.getInt1(true));
  llvm::Value* const value =
      builder_.CreateLoad(f64, builder_.CreateInBoundsGEP(f64, values, lane));
  llvm::Value* const tally = builder_.CreateConstInBoundsGEP1_64(
      builder_.getInt8Ty(), tallies_, NumberOf(id) * sizeof(reference::CoarseTally));
  EmitCountCoarse(builder_, tally, value, program_.inputs[input].accumulator.scale_log2);
  llvm::Value* const rest =
      builder_.CreateAnd(left, builder_.CreateSub(left, builder_.getInt64(1)));
  left->addIncoming(all, some);
  left->addIncoming(rest, count);
  builder_.CreateCondBr(builder_.CreateICmpNE(rest, none), count, done);
  builder_.SetInsertPoint(done);
}

size_t DeliverEmitter::NumberOf(ir::NodeId accumulate) const {
  return static_cast<size_t>(
      std::count_if(block_.nodes.begin(), block_.nodes.begin() + accumulate,
                    [](const ir::Node& node) { return ir::Accumulates(node); }));
}

}  // namespace bnsyn::compiler
