// The spikes of a population kernel: bits of a group, then of a round of groups, and at the end of
// the round a list of neurons, for each of which the tail runs.
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/population_kernel.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"

namespace bnsyn::compiler {

void PopulationKernel::Spike(ir::PopulationId population, llvm::Value* mask) {
  for (Spikes& spikes : spikes_) {
    if (spikes.population == population) Include(spikes.mask, mask);
  }
}

// Collects the spikes of the vector, once the node has run for all parts.
void PopulationKernel::CollectSpikes(ir::NodeId spike) {
  for (Spikes& spikes : spikes_) {
    if (spikes.node != spike) continue;
    Collect(spikes.mask);
    spikes.mask.of_parts.assign(parts_, nullptr);
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

// Appends the spiking elements of the round to the list, in two loops: over groups that have
// spikes, and over the bits of each. The tail runs for each of them, past the end as well: without
// it, the states there would grow beyond all bounds.
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
  if (const Tail* const tail = plan_.FindTail(spikes.node)) {
    element_[0] = element;
    counts_ = counts;
    EmitTail(*tail);
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

// Emits the tail for the element at hand, alone.
void PopulationKernel::EmitTail(const Tail& tail) {
  lanes_ = 1;
  part_ = 0;
  values_.assign(parts_, uniform_);
  values_[0][node(tail.spike).operands[0]] = builder_.getTrue();
  for (const HeldValue& held : tail.held) values_[0][held.value] = Load(held.state, lanes_);
  for (const PlannedNode& planned : tail.nodes) {
    std::vector<llvm::Value*> operands;
    for (const ir::NodeId operand : OperandsOf(graph_, planned)) {
      operands.push_back(TailValue(operand));
    }
    values_[0][planned.id] =
        planned.known == Known::kTrue ? operands[0] : EmitNode(node(planned.id), lanes_, operands);
  }
}

// The value of a node that is known in the tail, or is computed again there.
llvm::Value* PopulationKernel::TailValue(ir::NodeId id) {
  if (values_[0][id] != nullptr) return values_[0][id];
  std::vector<llvm::Value*> operands;
  for (const ir::NodeId operand : node(id).inputs()) operands.push_back(TailValue(operand));
  return values_[0][id] = EmitNode(node(id), lanes_, operands);
}

}  // namespace bnsyn::compiler
