#include "compiler/emission/emit_deliver.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "compiler/analysis/deferral.h"
#include "compiler/emission/deliver_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/access.h"
#include "ir/levels.h"
#include "ir/mutant.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Level;

constexpr ArgsLayout kLayout = {offsetof(DeliverArgs, slots), offsetof(DeliverArgs, step),
                                offsetof(DeliverArgs, seed), offsetof(DeliverArgs, fault)};

}  // namespace

DeliverEmitter::DeliverEmitter(const EmitContext& context, const ir::Block& block)
    : BlockEmitter(context, block, kLayout),
      id_(context.program.domains[static_cast<size_t>(block.domain)].index),
      projection_(program_.projections[id_]),
      by_target_(block.kind == ir::BlockKind::kOnPost),
      level_(ir::LevelsOf(context.program, block)),
      values_(block.nodes.size()),
      added_(block.nodes.size()) {}

// Where synapses only add what is known before, there is nothing to compute for each of them. A
// vector register is enough: rows are short.
int DeliverEmitter::ChooseLanes() const {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    if (level_[id] == Level::kSynapse && !ir::Accumulates(node(id))) {
      return std::min(context_.width, context_.native_lanes);
    }
  }
  return 1;
}

// Emits the nodes of a level. Of an accumulate, the units are computed at the level of its operand;
// the addition to the sum of the target comes at the level of synapses.
void DeliverEmitter::EmitLevel(Level level) {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    const ir::Node& n = node(id);
    if (level_[id] != level || ir::StoresNeuron(n)) continue;
    if (ir::Accumulates(n)) {
      EmitQuanta(id);
    } else {
      EmitOne(id, level == Level::kSynapse ? lanes_ : 1);
    }
  }
}

void DeliverEmitter::EmitOne(ir::NodeId id, int lanes) {
  std::vector<llvm::Value*> operands;
  for (const ir::NodeId operand : node(id).inputs()) {
    llvm::Value* const value = values_[operand];
    operands.push_back(LanesOf(value) == lanes ? value : Splat(builder_, value, lanes));
  }
  values_[id] = EmitNode(node(id), lanes, operands);
}

void DeliverEmitter::EmitNeuronStores() {
  for (const ir::Node& n : block_.nodes) {
    if (!ir::StoresNeuron(n)) continue;
    if (Mutant("emit.store_pre.omit") && n.op == ir::Op::kStorePre) continue;
    if (Mutant("emit.store_post.omit") && n.op == ir::Op::kStorePost) continue;
    StoreSlot(SlotOf(AttrKind::kState, n.attr), n.element, by_target_ ? target_ : source_,
              values_[n.operands[0]]);
  }
}

absl::Status DeliverEmitter::Emit() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Type* const pointer = builder_.getPtrTy();
  most_lanes_ = ChooseLanes();
  llvm::Type* const i1 = builder_.getInt1Ty();
  fault_ = Variable(i1);
  if (most_lanes_ > 1) fault_in_lanes_ = Variable(Widened(i1, most_lanes_));
  llvm::Value* const spikes = LoadField(offsetof(DeliverArgs, spikes), pointer);
  llvm::Value* const spike_count =
      builder_.CreateZExt(LoadField(offsetof(DeliverArgs, spike_count), i32), i64);
  row_begin_ = LoadField(offsetof(DeliverArgs, row_begin), pointer);
  row_stride_ = LoadField(offsetof(DeliverArgs, row_stride), i64);
  row_count_ = LoadField(offsetof(DeliverArgs, row_count), i64);
  others_ = LoadField(offsetof(DeliverArgs, others), pointer);
  synapses_ = LoadField(offsetof(DeliverArgs, synapses), pointer);
  weights_ = LoadField(offsetof(DeliverArgs, weights), pointer);
  tallies_ = LoadField(offsetof(DeliverArgs, coarse), pointer);
  if (ir::SynapsesDrawByOccurrence(program_, id_)) {
    occurrences_ = LoadField(offsetof(DeliverArgs, occurrences), pointer);
  } else {
    for (const ir::Node& n : block_.nodes) {
      if (ir::Info(n.op).attr != AttrKind::kStream || n.domain != block_.domain) continue;
      const auto stream = static_cast<uint32_t>(n.attr >> 32);
      keys_[stream] = KeyOf(stream, builder_.getInt64(0));
    }
  }
  EmitLevel(Level::kOnce);

  const bool visits = VisitsSynapses(program_, block_);
  llvm::BasicBlock* const before_spikes = NewBasicBlock("before_spikes");
  llvm::BasicBlock* const spike = NewBasicBlock("spike");
  llvm::BasicBlock* const spike_end = NewBasicBlock("spike_end");
  llvm::BasicBlock* const exit = NewBasicBlock("exit");
  llvm::Value* const zero = builder_.getInt64(0);
  builder_.CreateCondBr(builder_.CreateICmpNE(spike_count, zero), before_spikes, exit);

  builder_.SetInsertPoint(before_spikes);
  if (visits) PrefetchFirst(spikes, spike_count);
  llvm::BasicBlock* const entry = builder_.GetInsertBlock();
  builder_.CreateBr(spike);

  builder_.SetInsertPoint(spike);
  llvm::PHINode* const i = builder_.CreatePHI(i64, 2);
  llvm::Value* const neuron = builder_.CreateZExt(LoadElement(i32, spikes, i), i64);
  (by_target_ ? target_ : source_) = neuron;
  if (visits) {
    EmitRow(spikes, i, spike_count, neuron, spike_end);
  } else {
    // There may be no rows.
    EmitLevel(Level::kSpike);
    builder_.CreateBr(spike_end);
  }

  builder_.SetInsertPoint(spike_end);
  EmitNeuronStores();
  llvm::Value* const next_i = builder_.CreateAdd(i, builder_.getInt64(1));
  i->addIncoming(zero, entry);
  i->addIncoming(next_i, spike_end);
  builder_.CreateCondBr(builder_.CreateICmpNE(next_i, spike_count), spike, exit);

  builder_.SetInsertPoint(exit);
  llvm::Value* fault = builder_.CreateLoad(i1, fault_);
  if (most_lanes_ > 1) {
    llvm::Value* const lanes = builder_.CreateLoad(Widened(i1, most_lanes_), fault_in_lanes_);
    fault = builder_.CreateOr(fault, builder_.CreateOrReduce(lanes));
  }
  MergeFault(fault);
  builder_.CreateRetVoid();
  return status_;
}

void DeliverEmitter::EmitRow(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count,
                             llvm::Value* neuron, llvm::BasicBlock* end) {
  const auto [first, last] = LoadRow(neuron);
  PrefetchLater(spikes, i, spike_count);
  EmitLevel(Level::kSpike);
  llvm::BasicBlock* const synapse = NewBasicBlock("synapse");
  builder_.CreateCondBr(builder_.CreateICmpNE(first, last), synapse, end);
  builder_.SetInsertPoint(synapse);
  llvm::Value* rest = first;
  if (most_lanes_ > 1) rest = EmitSynapses(most_lanes_, first, last);
  EmitSynapses(1, rest, last);
  builder_.CreateBr(end);
}

llvm::Value* DeliverEmitter::EmitSynapses(int lanes, llvm::Value* first, llvm::Value* last) {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const head = NewBasicBlock("synapse_head");
  llvm::BasicBlock* const synapse = NewBasicBlock("synapse");
  llvm::BasicBlock* const end = NewBasicBlock("synapse_end");
  builder_.CreateBr(head);

  builder_.SetInsertPoint(head);
  llvm::PHINode* const k = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  k->addIncoming(first, before);
  llvm::Value* const next =
      builder_.CreateNUWAdd(k, builder_.getInt64(static_cast<uint64_t>(lanes)));
  llvm::Value* const fits = Mutant("emit.row.last") ? builder_.CreateICmpULT(next, last)
                                                    : builder_.CreateICmpULE(next, last);
  builder_.CreateCondBr(fits, synapse, end);

  builder_.SetInsertPoint(synapse);
  lanes_ = lanes;
  entry_ = k;
  llvm::Value*& other = by_target_ ? source_ : target_;
  other = builder_.CreateZExt(LoadElement(builder_.getInt32Ty(), others_, k, lanes),
                              Widened(builder_.getInt64Ty(), lanes));
  drawn_.clear();
  EmitLevel(Level::kSynapse);
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    if (ir::Accumulates(node(id))) EmitAccumulate(id);
  }
  k->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateBr(head);
  builder_.SetInsertPoint(end);
  return k;
}

std::pair<llvm::Value*, llvm::Value*> DeliverEmitter::LoadRow(llvm::Value* neuron) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const at = builder_.CreateMul(neuron, row_stride_);
  llvm::Value* const next = builder_.CreateAdd(at, row_count_);
  llvm::Value* const first = builder_.CreateZExt(LoadElement(i32, row_begin_, at), i64);
  return {first, builder_.CreateZExt(LoadElement(i32, row_begin_, next), i64)};
}

absl::Status EmitDeliver(const EmitContext& context, const ir::Block& block) {
  return DeliverEmitter(context, block).Emit();
}

}  // namespace bnsyn::compiler
