#include "compiler/emission/population_kernel.h"

#include <cmath>
#include <cstdlib>

#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "reference/contribution.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Element;

// Adding an integer within 2^51 to the bits of this number adds it to the number: a conversion that
// every vector unit can do, and exact.
constexpr double kMagic = 0x1.8p52;

llvm::Value* MagicPlus(llvm::IRBuilderBase& builder, llvm::Value* sum) {
  llvm::Value* const bits = ConstantLike(sum, builder.getInt64(ir::BitsOfF64(kMagic)));
  return builder.CreateBitCast(builder.CreateAdd(sum, bits),
                               Widened(builder.getDoubleTy(), LanesOf(sum)));
}

}  // namespace

bool PopulationKernel::Has(ir::Op op) const {
  return std::any_of(block_.nodes.begin(), block_.nodes.end(),
                     [op](const ir::Node& n) { return n.op == op; });
}

absl::Status PopulationKernel::Emit() {
  EmitUniformNodes();
  splats_ = Splats(own_lanes_);
  narrow_splats_ = Splats(NarrowLanes());
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  llvm::Value* const begin = builder_.CreateZExt(LoadField(offsetof(KernelArgs, begin), i32), i64);
  llvm::Value* const end = builder_.CreateZExt(LoadField(offsetof(KernelArgs, end), i32), i64);
  DeclareCollections();

  llvm::BasicBlock* const entry = builder_.GetInsertBlock();
  fill_ = NewBasicBlock("group");
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
  for (const Stage& stage : stages_) EmitStage(stage);
  EmitEndOfGroup(builder_.CreateSub(end, group));
  if (!spikes_.empty()) EmitEndOfRound(next_group, end);
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

// The variables in which faults and spikes are collected.
void PopulationKernel::DeclareCollections() {
  llvm::Type* const i32 = builder_.getInt32Ty();
  llvm::Type* const i64 = builder_.getInt64Ty();
  if (Has(ir::Op::kCheck)) {
    fault_ = Variable(builder_.getInt1Ty());
    failed_.bits = Variable(i64);
    if (!checked_as_stored_.empty()) {
      for (size_t part = 0; part < parts_; ++part) {
        suspects_.push_back(Variable(Widened(builder_.getDoubleTy(), own_lanes_)));
      }
    }
  }
  for (const ir::Node& n : block_.nodes) {
    if (n.op != ir::Op::kSpike) continue;
    Spikes spikes;
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
  if (Has(ir::Op::kTake) && !context_.sums_are_proven) {
    overflow_ = Variable(Widened(i64, own_lanes_));
  }
}

std::vector<llvm::Value*> PopulationKernel::Splats(int lanes) {
  std::vector<llvm::Value*> splats = uniform_;
  for (llvm::Value*& value : splats) {
    if (value != nullptr) value = Splat(builder_, value, lanes);
  }
  return splats;
}

// The loop of a stage over the vectors of the group; the builder is then behind it.
void PopulationKernel::EmitStage(const Stage& stage) {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const vector = NewBasicBlock("vector");
  llvm::BasicBlock* const done = NewBasicBlock("stage_done");
  builder_.CreateBr(vector);

  builder_.SetInsertPoint(vector);
  llvm::PHINode* const offset = builder_.CreatePHI(builder_.getInt64Ty(), 2, "offset");
  offset_ = offset;
  lanes_ = stage.narrow ? NarrowLanes() : own_lanes_;
  EmitVector(stage);
  llvm::Value* const next =
      builder_.CreateNUWAdd(offset, builder_.getInt64(parts_ * static_cast<size_t>(lanes_)));
  offset->addIncoming(builder_.getInt64(0), before);
  offset->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpNE(next, builder_.getInt64(kGroup)), vector, done);
  builder_.SetInsertPoint(done);
  for (const StoredValue& stored : stage.stored) stored_[stored.value] = stored.state;
}

// The vector at `offset_`.
void PopulationKernel::EmitVector(const Stage& stage) {
  llvm::Value* const first = builder_.CreateNUWAdd(group_, offset_);
  for (size_t part = 0; part < parts_; ++part) {
    element_[part] =
        builder_.CreateNUWAdd(first, builder_.getInt64(part * static_cast<size_t>(lanes_)));
  }
  failed_.of_parts.assign(parts_, nullptr);
  values_.assign(parts_, stage.narrow ? narrow_splats_ : splats_);
  EmitNodes(stage.nodes);
  for (const ir::NodeId id : stage.kept) {
    for (part_ = 0; part_ < parts_; ++part_) Keep(id, values_[part_][id]);
  }
  Collect(failed_);
}

void PopulationKernel::EmitNodes(const std::vector<PlannedNode>& nodes) {
  for (const PlannedNode& planned : nodes) {
    const ir::Node& n = node(planned.id);
    if (!planned.resets.nodes.empty() && !planned.resets.deferred) {
      EmitResets(planned);
      continue;
    }
    for (const RareArm& arm : planned.arms) EmitRareArm(planned, arm);
    if (!planned.arms.empty()) continue;
    for (part_ = 0; part_ < parts_; ++part_) {
      if (planned.before_reset && n.op == ir::Op::kCheck) {
        // Lanes that are reset are checked when they are.
        const ir::Node& select = node(n.operands[0]);
        Suspect(program_.states[n.attr], ValueOf(select.operands[2]), ValueOf(select.operands[0]));
        continue;
      }
      std::vector<llvm::Value*> operands;
      for (const ir::NodeId operand : InputsOf(block_, planned)) {
        operands.push_back(ValueOf(operand));
      }
      values_[part_][planned.id] = EmitNode(n, lanes_, operands);
    }
    if (n.op == ir::Op::kSpike) CollectSpikes(planned);
  }
}

// Emits an arm of a select behind a branch that is taken where some lane wants it; with the last
// arm, the select itself. Where no lane wants that, all take the other operand.
void PopulationKernel::EmitRareArm(const PlannedNode& planned, const RareArm& arm) {
  const ir::Node& select = node(planned.id);
  const bool last = &arm == &planned.arms.back();
  const ir::NodeId other = select.operands[arm.when ? 2 : 1];
  llvm::Type* const type = ValueType(builder_.getContext(), select.element);
  llvm::Value* wanted = nullptr;
  std::vector<std::vector<llvm::Value*>> otherwise(parts_);
  for (part_ = 0; part_ < parts_; ++part_) {
    llvm::Value* const condition = ValueOf(select.operands[0]);
    llvm::Value* const lanes = arm.when ? condition : builder_.CreateNot(condition);
    wanted = wanted == nullptr ? lanes : builder_.CreateOr(wanted, lanes);
    otherwise[part_].push_back(last ? ValueOf(other)
                                    : llvm::Constant::getNullValue(Widened(type, lanes_)));
  }
  std::vector<PlannedNode> nodes = arm.nodes;
  if (last) nodes.emplace_back().id = planned.id;
  EmitWhereWanted(wanted, nodes, {nodes.back().id}, otherwise);
}

// Emits a spike, and what it does, behind a branch that is taken where some lane spikes.
void PopulationKernel::EmitResets(const PlannedNode& spike) {
  llvm::Value* wanted = nullptr;
  std::vector<std::vector<llvm::Value*>> unchanged(parts_);
  for (part_ = 0; part_ < parts_; ++part_) {
    llvm::Value* const lanes = ValueOf(node(spike.id).operands[0]);
    wanted = wanted == nullptr ? lanes : builder_.CreateOr(wanted, lanes);
    for (const ir::NodeId select : spike.resets.selects) {
      unchanged[part_].push_back(ValueOf(node(select).operands[2]));
    }
  }
  std::vector<PlannedNode> nodes = spike.resets.nodes;
  nodes.emplace_back();
  nodes.back().id = spike.id;
  EmitWhereWanted(wanted, nodes, spike.resets.selects, unchanged);
}

void PopulationKernel::EmitWhereWanted(llvm::Value* wanted, const std::vector<PlannedNode>& nodes,
                                       const std::vector<ir::NodeId>& results,
                                       const std::vector<std::vector<llvm::Value*>>& otherwise) {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const rare = NewBasicBlock("rare");
  llvm::BasicBlock* const joined = NewBasicBlock("joined");
  builder_.CreateCondBr(builder_.CreateICmpNE(MaskBits(builder_, wanted), builder_.getInt64(0)),
                        rare, joined);

  builder_.SetInsertPoint(rare);
  std::vector<std::vector<llvm::Value*>> within = values_;
  std::swap(within, values_);
  EmitNodes(nodes);
  std::swap(within, values_);  // what was fetched there is not there behind it
  llvm::BasicBlock* const rare_end = builder_.GetInsertBlock();
  builder_.CreateBr(joined);

  builder_.SetInsertPoint(joined);
  for (size_t part = 0; part < parts_; ++part) {
    for (size_t i = 0; i < results.size(); ++i) {
      llvm::Value* const value = within[part][results[i]];
      llvm::PHINode* const phi = builder_.CreatePHI(value->getType(), 2);
      phi->addIncoming(otherwise[part][i], before);
      phi->addIncoming(value, rare_end);
      values_[part][results[i]] = phi;
    }
  }
}

llvm::Value* PopulationKernel::ValueOf(ir::NodeId id) {
  if (values_[part_][id] != nullptr) return values_[part_][id];
  llvm::Value* value = nullptr;
  if (kept_.contains(id)) {
    value = Fetch(id);
  } else if (const auto found = stored_.find(id); found != stored_.end()) {
    value = Load(found->second, lanes_);
  } else {
    std::vector<llvm::Value*> operands;
    for (const ir::NodeId operand : node(id).inputs()) operands.push_back(ValueOf(operand));
    value = EmitNode(node(id), lanes_, operands);
  }
  values_[part_][id] = value;
  return value;
}

// Bools are kept as lanes of ones or zeros, of the size that their comparison made.
llvm::Type* PopulationKernel::KeptType(ir::NodeId id) {
  const ir::Node* n = &node(id);
  if (n->element != Element::kBool) return ValueType(builder_.getContext(), n->element);
  while (n->element == Element::kBool && !n->inputs().empty()) n = &node(n->operands[0]);
  return builder_.getIntNTy(8 * static_cast<unsigned>(ir::ElementBytes(n->element)));
}

void PopulationKernel::Keep(ir::NodeId id, llvm::Value* value) {
  llvm::Type* const type = KeptType(id);
  llvm::AllocaInst*& buffer = kept_[id];
  if (buffer == nullptr) buffer = Variable(llvm::ArrayType::get(type, kGroup));
  if (node(id).element == Element::kBool) value = builder_.CreateSExt(value, Widened(type, lanes_));
  builder_.CreateAlignedStore(value, InBuffer(buffer, type), LanesAlign(type));
}

llvm::Value* PopulationKernel::Fetch(ir::NodeId id) {
  llvm::Type* const type = KeptType(id);
  llvm::Value* value = builder_.CreateAlignedLoad(Widened(type, lanes_),
                                                  InBuffer(kept_.at(id), type), LanesAlign(type));
  if (node(id).element != Element::kBool) return value;
  if (lanes_ == own_lanes_) {
    // Masks choose between doubles, mostly: there, lanes of another size are packed and unpacked.
    value = builder_.CreateSExt(value, Widened(builder_.getInt64Ty(), lanes_));
  }
  return builder_.CreateICmpSLT(value, llvm::Constant::getNullValue(value->getType()));
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

llvm::Value* PopulationKernel::Held(ir::InputId input, int lanes) {
  llvm::Value* const sum = LoadSum(input, element_[part_], lanes);
  llvm::Type* const numbers = Widened(builder_.getDoubleTy(), lanes);
  if (context_.converts_i64()) return builder_.CreateSIToFP(sum, numbers);
  return builder_.CreateFSub(MagicPlus(builder_, sum), llvm::ConstantFP::get(numbers, kMagic));
}

llvm::Value* PopulationKernel::Take(ir::InputId input, int lanes) {
  const ir::Input& declared = program_.inputs[input];
  llvm::Value* const units = LoadSum(input, element_[part_], lanes);
  llvm::Value* const sum = builder_.CreateSExt(units, Widened(builder_.getInt64Ty(), lanes));
  const auto i64 = [&](uint64_t value) { return ConstantLike(sum, builder_.getInt64(value)); };
  const auto f64 = [&](double value) {
    return ConstantLike(sum, llvm::ConstantFP::get(builder_.getDoubleTy(), value));
  };

  if (overflow_ != nullptr && declared.sum().bits == 64) {
    // Negative unless |sum| <= kMaxSum; the sums of elements past the end are always 0.
    constexpr auto kLimit = static_cast<uint64_t>(reference::kMaxSum);
    llvm::Value* const outside = builder_.CreateOr(builder_.CreateAdd(sum, i64(kLimit)),
                                                   builder_.CreateSub(i64(kLimit), sum));
    llvm::Value* const before = builder_.CreateLoad(sum->getType(), overflow_);
    builder_.CreateStore(builder_.CreateOr(before, outside), overflow_);
  }

  llvm::Value* const shifted = MagicPlus(builder_, sum);
  // A sum in units is one of at most kMaxSum quanta, so that its product with the unit is exact.
  const auto unit = static_cast<double>(declared.sum().unit);
  const int quantum = declared.quantum_log2;
  if (context_.has_fma && std::abs(quantum) < 900) {
    // (kMagic + sum) * u - kMagic * u, rounded once: the same number.
    const double scale = std::ldexp(unit, quantum);
    return builder_.CreateIntrinsic(llvm::Intrinsic::fma, {shifted->getType()},
                                    {shifted, f64(scale), f64(-kMagic * scale)});
  }
  llvm::Value* const whole = builder_.CreateFSub(shifted, f64(kMagic));
  return Scale(unit == 1 ? whole : builder_.CreateFMul(whole, f64(unit)), quantum);
}

}  // namespace bnsyn::compiler
