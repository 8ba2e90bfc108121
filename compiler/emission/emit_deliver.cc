#include "compiler/emission/emit_deliver.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/analysis/long_arms.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/emit_sums.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/access.h"
#include "ir/levels.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"
#include "reference/input_proof.h"
#include "reference/philox.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Element;
using ir::Level;

constexpr ArgsLayout kLayout = {offsetof(DeliverArgs, slots), offsetof(DeliverArgs, step),
                                offsetof(DeliverArgs, seed), offsetof(DeliverArgs, fault)};

// Each node is hoisted out of the loops over spikes and synapses as far as its operands allow. Rows
// are by source, in on_post code by target.
class DeliverEmitter : public BlockEmitter {
 public:
  DeliverEmitter(const EmitContext& context, const ir::Block& block)
      : BlockEmitter(context, block, kLayout),
        id_(context.program.domains[static_cast<size_t>(block.domain)].index),
        projection_(program_.projections[id_]),
        by_target_(block.kind == ir::BlockKind::kOnPost),
        level_(ir::LevelsOf(context.program, block)),
        arm_of_(FindLongArms(block, level_)),
        values_(block.nodes.size()),
        added_(block.nodes.size()) {}

  absl::Status Emit();

 private:
  // What an accumulate adds.
  struct Added {
    llvm::Value* value = nullptr;
    llvm::Value* units = nullptr;          // an integer as wide as the sum
    llvm::Value* fits = nullptr;           // i1: it is in range; null where that is proven
    llvm::Value* may_be_coarse = nullptr;  // i1: to be looked at more closely; null where it is not
  };

  void EmitLevel(Level level);
  void EmitOne(ir::NodeId id);
  // Emits a select, and the arm of it that stands behind a branch.
  void EmitSelect(ir::NodeId id);
  // What the spike does to its neuron, behind all synapses.
  void EmitNeuronStores();
  void EmitPrefetch(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count,
                    llvm::Value* others);
  // The first entry of a neuron's row and the entry after the last.
  std::pair<llvm::Value*, llvm::Value*> LoadRow(llvm::Value* neuron);
  void EmitQuanta(ir::NodeId id);
  llvm::Value* Checked(const ir::Accumulator& sum, llvm::Value* exact, llvm::Value* rounded,
                       Added& added);
  // Quanta in the units of the input's sum: a decaying input counts later ones as more.
  llvm::Value* InUnits(ir::InputId input, llvm::Value* quanta);
  void EmitAccumulate(ir::NodeId id);
  // The number of an accumulate among those of the block.
  size_t NumberOf(ir::NodeId accumulate) const;
  // Loads an element of an array that this code never writes.
  llvm::Value* LoadElement(llvm::Type* type, llvm::Value* array, llvm::Value* index);

  llvm::Value* Load(ir::StateId state, int lanes) override;
  void Store(ir::StateId state, llvm::Value* value) override;
  void Check(ir::StateId state, llvm::Value* value) override;
  void FailIn(llvm::Value* lanes) override { NoteFault(lanes); }
  llvm::Value* LoadPre(ir::StateId state) override;
  llvm::Value* LoadPost(ir::StateId state) override;
  llvm::Value* IndexPre() override;
  llvm::Value* IndexPost() override;
  llvm::Value* Weight() override;
  llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes) override;
  // The key of the draws of an occurrence (i64) from a stream.
  llvm::Value* KeyOf(uint32_t stream, llvm::Value* occurrence);
  llvm::Value* Delay() override {
    return LoadField(offsetof(DeliverArgs, delay), builder_.getInt64Ty());
  }

  bool OwnWeights() const { return program_.HasOwnWeights(id_); }
  // fault |= failed (i1).
  void NoteFault(llvm::Value* failed);

  const ir::ProjectionId id_;
  const ir::Projection& projection_;
  const bool by_target_;
  const std::vector<Level> level_;  // by node
  // By node: the select in one arm of which it is emitted, behind a branch.
  const std::vector<ir::NodeId> arm_of_;
  std::vector<llvm::Value*> values_;  // by node
  std::vector<Added> added_;          // by node
  llvm::AllocaInst* fault_ = nullptr;
  llvm::Value* weights_ = nullptr;
  llvm::Value* tallies_ = nullptr;
  llvm::Value* row_begin_ = nullptr;
  llvm::Value* row_stride_ = nullptr;
  llvm::Value* row_count_ = nullptr;
  llvm::Value* source_ = nullptr;          // i64
  llvm::Value* synapse_ = nullptr;         // i64
  llvm::Value* target_ = nullptr;          // i64
  llvm::Value* occurrences_ = nullptr;     // null where pairs have one synapse
  std::map<uint32_t, llvm::Value*> keys_;  // by stream, of occurrence 0
  // The words that the synapse at hand has drawn, by stream and draw / 4.
  std::map<std::pair<uint32_t, uint32_t>, std::pair<llvm::Value*, llvm::Value*>> drawn_;
};

// Emits the nodes of a level. Of an accumulate, the units are computed at the level of its operand;
// the addition to the sum of the target comes at the level of synapses.
void DeliverEmitter::EmitLevel(Level level) {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    const ir::Node& n = node(id);
    if (level_[id] != level || ir::StoresNeuron(n) || arm_of_[id] != ir::kNoNode) continue;
    if (ir::Accumulates(n)) {
      EmitQuanta(id);
    } else if (n.op == ir::Op::kSelect &&
               (arm_of_[n.operands[1]] == id || arm_of_[n.operands[2]] == id)) {
      EmitSelect(id);
    } else {
      EmitOne(id);
    }
  }
}

void DeliverEmitter::EmitOne(ir::NodeId id) {
  std::vector<llvm::Value*> operands;
  for (const ir::NodeId operand : node(id).inputs()) operands.push_back(values_[operand]);
  values_[id] = EmitNode(node(id), 1, operands);
}

void DeliverEmitter::EmitSelect(ir::NodeId id) {
  const ir::Node& n = node(id);
  const bool yes = arm_of_[n.operands[1]] == id;
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const arm = NewBasicBlock("arm");
  llvm::BasicBlock* const chosen = NewBasicBlock("chosen");
  builder_.CreateCondBr(values_[n.operands[0]], yes ? arm : chosen, yes ? chosen : arm);

  builder_.SetInsertPoint(arm);
  for (ir::NodeId i = 0; i < id; ++i) {
    if (arm_of_[i] == id) EmitOne(i);
  }
  llvm::Value* const long_way = values_[n.operands[yes ? 1 : 2]];
  llvm::BasicBlock* const arm_end = builder_.GetInsertBlock();
  builder_.CreateBr(chosen);

  builder_.SetInsertPoint(chosen);
  llvm::PHINode* const value = builder_.CreatePHI(long_way->getType(), 2);
  value->addIncoming(values_[n.operands[yes ? 2 : 1]], before);
  value->addIncoming(long_way, arm_end);
  values_[id] = value;
}

void DeliverEmitter::EmitNeuronStores() {
  for (const ir::Node& n : block_.nodes) {
    if (!ir::StoresNeuron(n)) continue;
    StoreSlot(SlotOf(AttrKind::kState, n.attr), n.element, by_target_ ? target_ : source_,
              values_[n.operands[0]]);
  }
}

absl::Status DeliverEmitter::Emit() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Type* const pointer = builder_.getPtrTy();
  fault_ = Variable(builder_.getInt1Ty());
  llvm::Value* const spikes = LoadField(offsetof(DeliverArgs, spikes), pointer);
  llvm::Value* const spike_count =
      builder_.CreateZExt(LoadField(offsetof(DeliverArgs, spike_count), i32), i64);
  row_begin_ = LoadField(offsetof(DeliverArgs, row_begin), pointer);
  row_stride_ = LoadField(offsetof(DeliverArgs, row_stride), i64);
  row_count_ = LoadField(offsetof(DeliverArgs, row_count), i64);
  llvm::Value* const others = LoadField(offsetof(DeliverArgs, others), pointer);
  llvm::Value* const synapses = LoadField(offsetof(DeliverArgs, synapses), pointer);
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

  llvm::BasicBlock* const entry = builder_.GetInsertBlock();
  llvm::BasicBlock* const spike = NewBasicBlock("spike");
  llvm::BasicBlock* const synapse = NewBasicBlock("synapse");
  llvm::BasicBlock* const spike_end = NewBasicBlock("spike_end");
  llvm::BasicBlock* const exit = NewBasicBlock("exit");
  llvm::Value* const zero = builder_.getInt64(0);
  llvm::Value* const one = builder_.getInt64(1);
  builder_.CreateCondBr(builder_.CreateICmpNE(spike_count, zero), spike, exit);

  builder_.SetInsertPoint(spike);
  llvm::PHINode* const i = builder_.CreatePHI(i64, 2);
  llvm::Value* const neuron = builder_.CreateZExt(LoadElement(i32, spikes, i), i64);
  (by_target_ ? target_ : source_) = neuron;
  const auto [first, last] = LoadRow(neuron);
  EmitPrefetch(spikes, i, spike_count, others);
  EmitLevel(Level::kSpike);
  llvm::BasicBlock* const before_row = builder_.GetInsertBlock();
  builder_.CreateCondBr(builder_.CreateICmpNE(first, last), synapse, spike_end);

  builder_.SetInsertPoint(synapse);
  llvm::PHINode* const k = builder_.CreatePHI(i64, 2);
  synapse_ = by_target_ ? builder_.CreateZExt(LoadElement(i32, synapses, k), i64) : k;
  (by_target_ ? source_ : target_) = builder_.CreateZExt(LoadElement(i32, others, k), i64);
  EmitLevel(Level::kSynapse);
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    if (ir::Accumulates(node(id))) EmitAccumulate(id);
  }
  llvm::Value* const next_k = builder_.CreateAdd(k, one);
  k->addIncoming(first, before_row);
  k->addIncoming(next_k, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpNE(next_k, last), synapse, spike_end);

  builder_.SetInsertPoint(spike_end);
  EmitNeuronStores();
  llvm::Value* const next_i = builder_.CreateAdd(i, one);
  i->addIncoming(zero, entry);
  i->addIncoming(next_i, spike_end);
  builder_.CreateCondBr(builder_.CreateICmpNE(next_i, spike_count), spike, exit);

  builder_.SetInsertPoint(exit);
  MergeFault(builder_.CreateLoad(builder_.getInt1Ty(), fault_));
  builder_.CreateRetVoid();
  return status_;
}

std::pair<llvm::Value*, llvm::Value*> DeliverEmitter::LoadRow(llvm::Value* neuron) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const at = builder_.CreateMul(neuron, row_stride_);
  llvm::Value* const next = builder_.CreateAdd(at, row_count_);
  llvm::Value* const first = builder_.CreateZExt(LoadElement(i32, row_begin_, at), i64);
  return {first, builder_.CreateZExt(LoadElement(i32, row_begin_, next), i64)};
}

// Prefetches the beginning of a later row. Rows are read once and lie anywhere in memory, so that
// each begins with a cache miss. The processor prefetches the rest of a row by itself.
void DeliverEmitter::EmitPrefetch(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count,
                                  llvm::Value* others) {
  constexpr uint64_t kAhead = 4;   // spikes; measured on rows of 100 to 1000 synapses
  constexpr uint64_t kLines = 16;  // of a row at most
  constexpr uint64_t kLine = 64 / sizeof(uint32_t);
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const one = builder_.getInt64(1);
  const auto min = [&](llvm::Value* a, llvm::Value* b) {
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, a, b);
  };
  llvm::Value* const later =
      min(builder_.CreateAdd(i, builder_.getInt64(kAhead)), builder_.CreateSub(spike_count, one));
  llvm::Value* const source = builder_.CreateZExt(LoadElement(i32, spikes, later), i64);
  const auto [first, last] = LoadRow(source);
  llvm::Value* const end = min(last, builder_.CreateAdd(first, builder_.getInt64(kLines * kLine)));
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const prefetch = NewBasicBlock("prefetch");
  llvm::BasicBlock* const done = NewBasicBlock("prefetched");
  builder_.CreateCondBr(builder_.CreateICmpULT(first, end), prefetch, done);

  builder_.SetInsertPoint(prefetch);
  llvm::PHINode* const k = builder_.CreatePHI(i64, 2);
  constexpr int kRead = 0, kKeep = 3, kData = 1;
  builder_.CreateIntrinsic(llvm::Intrinsic::prefetch, {builder_.getPtrTy()},
                           {builder_.CreateInBoundsGEP(i32, others, k), builder_.getInt32(kRead),
                            builder_.getInt32(kKeep), builder_.getInt32(kData)});
  llvm::Value* const next = builder_.CreateAdd(k, builder_.getInt64(kLine));
  k->addIncoming(first, before);
  k->addIncoming(next, prefetch);
  builder_.CreateCondBr(builder_.CreateICmpULT(next, end), prefetch, done);
  builder_.SetInsertPoint(done);
}

// A contribution in the units of its sum: rounded to the nearest quantum first (R6).
void DeliverEmitter::EmitQuanta(ir::NodeId id) {
  const auto attr = static_cast<ir::InputId>(node(id).attr);
  const ir::Accumulator& sum = program_.inputs[attr].accumulator;
  Added& added = added_[id];
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
  llvm::Value* rounded = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::rint, exact);
  // Static contributions have been proven to fit, and were counted when synapses were built.
  if (!reference::AddsStatic(program_, block_, id)) rounded = Checked(sum, exact, rounded, added);
  added.units = sum.wide ? EmitDoubleToWide(builder_, rounded)
                         : InUnits(attr, builder_.CreateFPToSI(rounded, builder_.getInt64Ty()));
}

// What is added of a contribution that is not static: nothing where it is not within its limit, or
// where it is coarse and the program is strict.
llvm::Value* DeliverEmitter::Checked(const ir::Accumulator& sum, llvm::Value* exact,
                                     llvm::Value* rounded, Added& added) {
  const auto f64 = [&](double value) {
    return llvm::ConstantFP::get(builder_.getDoubleTy(), value);
  };
  const auto abs = [&](llvm::Value* value) {
    return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value);
  };
  llvm::Value* const magnitude = abs(rounded);
  added.fits =
      builder_.CreateFCmpOLE(magnitude, f64(static_cast<double>(reference::LimitsOf(sum).unknown)));
  // From 2^23 quanta on, half a quantum is within 2^-24.
  added.may_be_coarse = builder_.CreateAnd(builder_.CreateFCmpOLT(magnitude, f64(0x1p23)),
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
  return builder_.CreateSelect(added.fits, rounded, f64(0));
}

llvm::Value* DeliverEmitter::InUnits(ir::InputId input, llvm::Value* quanta) {
  if (!program_.inputs[input].accumulator.decays()) return quanta;
  llvm::Value* const left = OfPhase(input, [](const reference::AccumulatorArithmetic& sum,
                                              uint32_t phase) { return sum.Left(phase); });
  llvm::Value* const more =
      builder_.CreateFDiv(builder_.CreateSIToFP(quanta, builder_.getDoubleTy()), left);
  return builder_.CreateFPToSI(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::rint, more),
                               builder_.getInt64Ty());
}

llvm::Value* DeliverEmitter::LoadElement(llvm::Type* type, llvm::Value* array, llvm::Value* index) {
  llvm::LoadInst* const load =
      builder_.CreateLoad(type, builder_.CreateInBoundsGEP(type, array, index));
  AnnotateNoSlot(load);
  return load;
}

// Loads a state of the synapse, or a uniform state.
llvm::Value* DeliverEmitter::Load(ir::StateId state, int lanes) {
  const ir::Type type = program_.states[state].type;
  return LoadSlot(SlotOf(AttrKind::kState, state), type.element, synapse_, lanes);
}

void DeliverEmitter::Store(ir::StateId state, llvm::Value* value) {
  const Element element = program_.states[state].type.element;
  StoreSlot(SlotOf(AttrKind::kState, state), element, synapse_, value);
}

void DeliverEmitter::Check(ir::StateId state, llvm::Value* value) {
  NoteFault(OutOfBounds(program_.states[state], value));
}

llvm::Value* DeliverEmitter::LoadPre(ir::StateId state) {
  return LoadSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, source_, 1);
}

llvm::Value* DeliverEmitter::LoadPost(ir::StateId state) {
  return LoadSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element, target_, 1);
}

llvm::Value* DeliverEmitter::KeyOf(uint32_t stream, llvm::Value* occurrence) {
  llvm::Value* const number =
      LoadSlot(SlotOf(AttrKind::kStream, stream), Element::kU32, nullptr, 1);
  const std::array<uint32_t, 4> counter = reference::SynapseKeyCounter(0, 0);
  return EmitPhilox(builder_,
                    {occurrence, builder_.getInt64(counter[1]), builder_.getInt64(counter[2]),
                     builder_.CreateZExt(number, builder_.getInt64Ty())},
                    seed_)
      .first;
}

llvm::Value* DeliverEmitter::RandomBits(uint32_t stream, uint32_t draw, int) {
  const auto [words, fresh] = drawn_.try_emplace({stream, draw / 4});
  if (fresh) {
    llvm::Value* key = nullptr;
    if (occurrences_ == nullptr) {
      key = keys_[stream];
    } else {
      llvm::Value* const occurrence = LoadElement(builder_.getInt32Ty(), occurrences_, synapse_);
      key = KeyOf(stream, builder_.CreateZExt(occurrence, builder_.getInt64Ty()));
    }
    llvm::Value* const low = builder_.CreateAnd(step_, builder_.getInt64(0xffffffff));
    llvm::Value* const high = builder_.CreateShl(builder_.CreateLShr(step_, 32), 16);
    words->second = EmitPhilox(
        builder_, {target_, source_, low, builder_.CreateOr(high, builder_.getInt64(draw / 4))},
        key);
  }
  llvm::Value* const two = draw % 4 < 2 ? words->second.first : words->second.second;
  return builder_.CreateTrunc(draw % 2 == 0 ? two : builder_.CreateLShr(two, 32),
                              builder_.getInt32Ty());
}

llvm::Value* DeliverEmitter::IndexPre() {
  return builder_.CreateTrunc(source_, builder_.getInt32Ty());
}

llvm::Value* DeliverEmitter::IndexPost() {
  return builder_.CreateTrunc(target_, builder_.getInt32Ty());
}

llvm::Value* DeliverEmitter::Weight() {
  llvm::Type* const f64 = builder_.getDoubleTy();
  if (!OwnWeights()) return llvm::ConstantFP::get(f64, projection_.weight);
  return LoadElement(f64, weights_, synapse_);
}

void DeliverEmitter::EmitAccumulate(ir::NodeId id) {
  const auto input = static_cast<ir::InputId>(node(id).attr);
  const Added& added = added_[id];
  llvm::Value* const neuron = node(id).op == ir::Op::kAccumulatePre ? source_ : target_;
  llvm::Value* const sum = LoadSum(input, neuron, 1);
  StoreSum(input, neuron, builder_.CreateAdd(sum, added.units));
  if (added.fits != nullptr) NoteFault(builder_.CreateNot(added.fits));
  if (added.may_be_coarse == nullptr) return;
  llvm::BasicBlock* const count = NewBasicBlock("count_coarse");
  llvm::BasicBlock* const done = NewBasicBlock("counted");
  llvm::MDBuilder metadata(builder_.getContext());
  builder_.CreateCondBr(added.may_be_coarse, count, done, metadata.createBranchWeights(1, 1000));
  builder_.SetInsertPoint(count);
  llvm::Value* const tally = builder_.CreateConstInBoundsGEP1_64(
      builder_.getInt8Ty(), tallies_, NumberOf(id) * sizeof(reference::CoarseTally));
  EmitCountCoarse(builder_, tally, added.value, program_.inputs[input].accumulator.scale_log2);
  builder_.CreateBr(done);
  builder_.SetInsertPoint(done);
}

size_t DeliverEmitter::NumberOf(ir::NodeId accumulate) const {
  return static_cast<size_t>(
      std::count_if(block_.nodes.begin(), block_.nodes.begin() + accumulate,
                    [](const ir::Node& node) { return ir::Accumulates(node); }));
}

void DeliverEmitter::NoteFault(llvm::Value* failed) {
  llvm::Value* const before = builder_.CreateLoad(builder_.getInt1Ty(), fault_);
  builder_.CreateStore(builder_.CreateOr(before, failed), fault_);
}

}  // namespace

absl::Status EmitDeliver(const EmitContext& context, const ir::Block& block) {
  return DeliverEmitter(context, block).Emit();
}

}  // namespace bnsyn::compiler
