#include "compiler/emission/population_kernel.h"

#include "compiler/emission/emit_ops.h"
#include "ir/mutant.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

namespace bnsyn::compiler {

bool PopulationKernel::Has(ir::Op op) const {
  return std::any_of(block_.nodes.begin(), block_.nodes.end(),
                     [op](const ir::Node& n) { return n.op == op; });
}

bool PopulationKernel::MayFail() const {
  return std::any_of(block_.nodes.begin(), block_.nodes.end(), [](const ir::Node& n) {
    return n.op == ir::Op::kCheck || ir::IsExpectation(n.op);
  });
}

absl::Status PopulationKernel::Emit() {
  EmitUniformNodes();
  MakeSplats();
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const begin = builder_.CreateZExt(LoadField(offsetof(KernelArgs, begin), i32), i64);
  llvm::Value* const end = builder_.CreateZExt(LoadField(offsetof(KernelArgs, end), i32), i64);
  DeclareCollections();

  llvm::BasicBlock* const entry = builder_.GetInsertBlock();
  llvm::BasicBlock* const of_group = NewBasicBlock("group");
  fill_ = of_group;
  llvm::BasicBlock* const exit = NewBasicBlock("exit");
  builder_.CreateCondBr(builder_.CreateICmpULT(begin, end), of_group, exit);

  builder_.SetInsertPoint(of_group);
  llvm::PHINode* const group = builder_.CreatePHI(i64, 2, "group");
  group_ = group;
  if (failed_.bits != nullptr) builder_.CreateStore(builder_.getInt64(0), failed_.bits);
  for (const Spikes& spikes : spikes_) {
    builder_.CreateStore(builder_.getInt64(0), spikes.mask.bits);
  }
  llvm::Value* const next_group = builder_.CreateNUWAdd(group, builder_.getInt64(kGroup));
  if (block_.times != 1) {
    BeginPasses();
    fill_ = builder_.GetInsertBlock();
    if (goes_on_.bits != nullptr) builder_.CreateStore(builder_.getInt64(0), goes_on_.bits);
    EmitUniformNodesOfPass();
    MakeSplats();
  }
  for (const Loop& loop : plan_.loops) EmitLoop(loop);
  if (block_.times != 1) EndPasses(GoesOn(builder_.CreateSub(end, group)));
  EmitEndOfGroup(builder_.CreateSub(end, group));
  if (!spikes_.empty()) EmitEndOfRound(next_group, end);
  group->addIncoming(begin, entry);
  group->addIncoming(next_group, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpULT(next_group, end), of_group, exit);

  builder_.SetInsertPoint(exit);
  for (size_t s = 0; s < spikes_.size(); ++s) {
    builder_.CreateStore(builder_.CreateLoad(i32, spikes_[s].count),
                         SpikeField(s, offsetof(SpikeOutput, count)));
  }
  if (fault_ != nullptr && !Mutant("emit.check.fault"))
    MergeFault(builder_.CreateLoad(builder_.getInt1Ty(), fault_));
  if (overflow_ != nullptr && !Mutant("emit.take.overflow")) {
    llvm::Value* const sums = builder_.CreateLoad(overflow_->getAllocatedType(), overflow_);
    llvm::Value* const negative =
        builder_.CreateICmpSLT(sums, llvm::Constant::getNullValue(sums->getType()));
    MergeFault(builder_.CreateICmpNE(MaskBits(builder_, negative), builder_.getInt64(0)));
  }
  builder_.CreateRetVoid();
  return status_;
}

// Makes the variables that collect faults and spikes.
void PopulationKernel::DeclareCollections() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  if (MayFail()) {
    fault_ = Variable(builder_.getInt1Ty());
    failed_.bits = Variable(i64);
    if (!plan_.deferred_checks.empty()) {
      for (size_t part = 0; part < parts_; ++part) {
        suspects_.push_back(Variable(Widened(builder_.getDoubleTy(), own_lanes_)));
      }
    }
  }
  if (Has(ir::Op::kUntil)) goes_on_.bits = Variable(i64);
  for (ir::NodeId id = 0; id < graph_.size(); ++id) {
    const ir::Node& n = node(id);
    if (n.op != ir::Op::kSpike) continue;
    Spikes spikes;
    spikes.node = id;
    spikes.population = static_cast<ir::PopulationId>(n.attr);
    spikes.mask.bits = Variable(i64);
    spikes.mask.of_parts.assign(parts_, nullptr);
    spikes.masks = Variable(llvm::ArrayType::get(i64, kRound));
    spikes.spiking = Variable(i64);
    spikes.count = Variable(i32);
    builder_.CreateStore(
        builder_.CreateLoad(i32, SpikeField(spikes_.size(), offsetof(SpikeOutput, count))),
        spikes.count);
    spikes.list = builder_.CreateLoad(builder_.getPtrTy(),
                                      SpikeField(spikes_.size(), offsetof(SpikeOutput, list)));
    spikes_.push_back(std::move(spikes));
  }
  for (const ir::Node& n : block_.nodes) {
    if (n.op != ir::Op::kTake || overflow_ != nullptr) continue;
    if (program_.inputs[n.attr].accumulator.is_narrow()) continue;
    overflow_ = Variable(Widened(i64, own_lanes_));
  }
}

void PopulationKernel::MakeSplats() {
  splats_ = Splats(own_lanes_);
  narrow_splats_ = Splats(NarrowLanes());
}

std::vector<llvm::Value*> PopulationKernel::Splats(int lanes) {
  std::vector<llvm::Value*> splats = uniform_;
  for (llvm::Value*& value : splats) {
    if (value != nullptr) value = Splat(builder_, value, lanes);
  }
  return splats;
}

// Emits a loop over the vectors of the group; the builder is then behind it.
void PopulationKernel::EmitLoop(const Loop& loop) {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const vector = NewBasicBlock("vector");
  llvm::BasicBlock* const done = NewBasicBlock("loop_done");
  builder_.CreateBr(vector);

  builder_.SetInsertPoint(vector);
  llvm::PHINode* const offset = builder_.CreatePHI(builder_.getInt64Ty(), 2, "offset");
  offset_ = offset;
  lanes_ = loop.narrow ? NarrowLanes() : own_lanes_;
  EmitVector(loop);
  llvm::Value* const next =
      builder_.CreateNUWAdd(offset, builder_.getInt64(parts_ * static_cast<size_t>(lanes_)));
  offset->addIncoming(builder_.getInt64(0), before);
  offset->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpNE(next, builder_.getInt64(kGroup)), vector, done);
  builder_.SetInsertPoint(done);
  for (const HeldValue& held : loop.held) held_[held.value] = held.state;
}

// Emits the vector at `offset_`.
void PopulationKernel::EmitVector(const Loop& loop) {
  llvm::Value* const first = builder_.CreateNUWAdd(group_, offset_);
  for (size_t part = 0; part < parts_; ++part) {
    element_[part] =
        builder_.CreateNUWAdd(first, builder_.getInt64(part * static_cast<size_t>(lanes_)));
  }
  failed_.of_parts.assign(parts_, nullptr);
  goes_on_.of_parts.assign(parts_, nullptr);
  values_.assign(parts_, loop.narrow ? narrow_splats_ : splats_);
  EmitNodes(loop.nodes);
  for (const ir::NodeId id : loop.kept) {
    for (part_ = 0; part_ < parts_; ++part_) Keep(id, values_[part_][id]);
  }
  Collect(failed_);
  Collect(goes_on_);
}

void PopulationKernel::EmitNodes(const std::vector<PlannedNode>& nodes) {
  for (const PlannedNode& planned : nodes) {
    for (const ColdRegion& region : planned.regions) EmitColdRegion(region);
    if (!planned.regions.empty()) continue;
    for (part_ = 0; part_ < parts_; ++part_) EmitPlanned(planned);
    if (node(planned.id).op == ir::Op::kSpike) CollectSpikes(planned.id);
  }
}

// Emits a node for the part at hand.
void PopulationKernel::EmitPlanned(const PlannedNode& planned) {
  const ir::Node& n = node(planned.id);
  std::vector<llvm::Value*> operands;
  if (planned.known == Known::kFalse && n.op == ir::Op::kCheck) {
    // Lanes that spike are checked by the handler.
    llvm::Value* const spiking = ValueOf(node(n.operands[0]).operands[0]);
    NoteSuspects(program_.states[n.attr], ValueOf(OperandsOf(graph_, planned)[0]), spiking);
    return;
  }
  for (const ir::NodeId operand : OperandsOf(graph_, planned)) operands.push_back(ValueOf(operand));
  values_[part_][planned.id] = EmitNode(n, lanes_, operands);
}

// Emits nodes behind a branch that is taken if some lane of the vector needs them.
void PopulationKernel::EmitColdRegion(const ColdRegion& region) {
  llvm::Value* needed = nullptr;
  std::vector<std::vector<llvm::Value*>> otherwise(parts_);  // by part and result
  for (part_ = 0; part_ < parts_; ++part_) {
    llvm::Value* const condition = ValueOf(region.condition);
    const bool when = region.when != Mutant("emit.cold_region.condition");
    llvm::Value* const lanes = when ? condition : builder_.CreateNot(condition);
    needed = needed == nullptr ? lanes : builder_.CreateOr(needed, lanes);
    for (const ColdRegion::Result& result : region.results) {
      llvm::Type* const type = ValueType(builder_.getContext(), node(result.value).element);
      otherwise[part_].push_back(result.otherwise == ir::kNoNode
                                     ? llvm::Constant::getNullValue(Widened(type, lanes_))
                                     : ValueOf(result.otherwise));
    }
  }
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const cold = NewBasicBlock("cold");
  llvm::BasicBlock* const joined = NewBasicBlock("joined");
  builder_.CreateCondBr(builder_.CreateICmpNE(MaskBits(builder_, needed), builder_.getInt64(0)),
                        cold, joined);

  builder_.SetInsertPoint(cold);
  std::vector<std::vector<llvm::Value*>> within = values_;
  std::swap(within, values_);
  ++depth_;
  const size_t made = made_.size();
  EmitNodes(region.nodes);
  made_.resize(made);
  --depth_;
  std::swap(within, values_);  // values that were fetched there are not known behind it
  llvm::BasicBlock* const cold_end = builder_.GetInsertBlock();
  builder_.CreateBr(joined);

  builder_.SetInsertPoint(joined);
  for (size_t part = 0; part < parts_; ++part) {
    for (size_t i = 0; i < region.results.size(); ++i) {
      llvm::Value* const value = within[part][region.results[i].value];
      llvm::PHINode* const phi = builder_.CreatePHI(value->getType(), 2);
      phi->addIncoming(otherwise[part][i], before);
      phi->addIncoming(value, cold_end);
      values_[part][region.results[i].value] = phi;
    }
  }
}

}  // namespace bnsyn::compiler
