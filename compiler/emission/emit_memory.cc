// The memory of a block: the fields of its arguments, its slots, and the sums of its inputs.
#include "compiler/emission/emit_block.h"

#include <algorithm>

#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

namespace bnsyn::compiler {

using ir::AttrKind;
using ir::Element;

llvm::Value* BlockEmitter::LoadField(size_t offset, llvm::Type* type) {
  return builder_.CreateLoad(type, builder_.CreateConstInBoundsGEP1_64(
                                       builder_.getInt8Ty(), function_->getArg(0), offset));
}

void BlockEmitter::StoreField(size_t offset, llvm::Value* value) {
  builder_.CreateStore(value, builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(),
                                                                  function_->getArg(0), offset));
}

void BlockEmitter::MergeFault(llvm::Value* failed) {
  llvm::Value* const before = LoadField(layout_.fault, builder_.getInt32Ty());
  StoreField(layout_.fault,
             builder_.CreateOr(before, builder_.CreateZExt(failed, builder_.getInt32Ty())));
}

size_t BlockEmitter::SlotOf(AttrKind kind, uint64_t index) {
  const ir::Slot slot = {kind, static_cast<uint32_t>(index)};
  const auto it = std::find(block_.slots.begin(), block_.slots.end(), slot);
  if (it == block_.slots.end()) {
    Fail("a node has no slot; did the place pass run?");
    return block_.slots.size();
  }
  return static_cast<size_t>(it - block_.slots.begin());
}

void BlockEmitter::Annotate(llvm::Instruction* access, size_t slot) {
  access->setMetadata(llvm::LLVMContext::MD_alias_scope, scope_[slot]);
  access->setMetadata(llvm::LLVMContext::MD_noalias, others_[slot]);
}

void BlockEmitter::AnnotateNoSlot(llvm::Instruction* access) {
  access->setMetadata(llvm::LLVMContext::MD_noalias, all_scopes_);
}

// Arrays begin at a cache line.
llvm::Align BlockEmitter::AlignmentOf(const llvm::Type* type) const {
  const uint64_t bytes = uint64_t{type->getScalarSizeInBits()} / 8;
  if (!type->isVectorTy() || !VectorsAligned()) return llvm::Align(bytes);
  const unsigned lanes = llvm::cast<llvm::FixedVectorType>(type)->getNumElements();
  return llvm::Align(std::min<uint64_t>(bytes * lanes, 64));
}

llvm::Value* BlockEmitter::LoadSlot(size_t slot, Element element, llvm::Value* index, int lanes) {
  llvm::Value* const value =
      LoadFrom(slot, MemoryType(builder_.getContext(), element), index, lanes);
  if (element != Element::kBool) return value;
  return builder_.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType()));
}

llvm::Value* BlockEmitter::LoadFrom(size_t slot, llvm::Type* type, llvm::Value* index, int lanes) {
  llvm::Type* const loaded = Widened(type, lanes);
  if (slot == slots_.size()) return llvm::PoisonValue::get(loaded);
  llvm::LoadInst* const load =
      builder_.CreateAlignedLoad(loaded, AddressIn(slot, type, index), AlignmentOf(loaded));
  Annotate(load, slot);
  return load;
}

void BlockEmitter::StoreTo(size_t slot, llvm::Value* index, llvm::Value* value) {
  if (slot == slots_.size()) return;
  llvm::Type* const type = value->getType();
  Annotate(builder_.CreateAlignedStore(value, AddressIn(slot, type->getScalarType(), index),
                                       AlignmentOf(type)),
           slot);
}

llvm::Value* BlockEmitter::AddressIn(size_t slot, llvm::Type* type, llvm::Value* index) {
  if (index == nullptr) return slots_[slot];
  return builder_.CreateInBoundsGEP(type, slots_[slot], index);
}

llvm::Value* BlockEmitter::LoadSum(ir::InputId input, llvm::Value* index, int lanes) {
  const auto bits = static_cast<unsigned>(program_.inputs[input].accumulator.width());
  return LoadFrom(SlotOf(AttrKind::kInput, input), builder_.getIntNTy(bits), index, lanes);
}

std::pair<llvm::Value*, llvm::Value*> BlockEmitter::LoadHalves(ir::InputId input,
                                                               llvm::Value* index, int lanes) {
  llvm::Value* const first = builder_.CreateMul(index, builder_.getInt64(2));
  llvm::Value* const both =
      LoadFrom(SlotOf(AttrKind::kInput, input), builder_.getInt64Ty(), first, 2 * lanes);
  if (lanes == 1) {
    return {builder_.CreateExtractElement(both, uint64_t{0}),
            builder_.CreateExtractElement(both, uint64_t{1})};
  }
  std::vector<int> low, high;
  for (int lane = 0; lane < lanes; ++lane) {
    low.push_back(2 * lane);
    high.push_back(2 * lane + 1);
  }
  return {builder_.CreateShuffleVector(both, low), builder_.CreateShuffleVector(both, high)};
}

void BlockEmitter::StoreSum(ir::InputId input, llvm::Value* index, llvm::Value* sum) {
  StoreTo(SlotOf(AttrKind::kInput, input), index, sum);
}

llvm::Value* BlockEmitter::OfPhase(ir::InputId input, PhaseNumber number) {
  const reference::AccumulatorArithmetic sum(program_.inputs[input].accumulator);
  std::vector<double> numbers;
  for (uint32_t phase = 0; phase < sum.period(); ++phase) {
    numbers.push_back(number(sum, phase));
  }
  llvm::Constant* const all = llvm::ConstantDataArray::get(builder_.getContext(), numbers);
  auto* const array = new llvm::GlobalVariable(context_.module, all->getType(), /*isConstant=*/true,
                                               llvm::GlobalValue::PrivateLinkage, all, "of_phase");
  llvm::Value* const phase = builder_.CreateAnd(step_, builder_.getInt64(sum.period() - 1));
  llvm::LoadInst* const load = builder_.CreateLoad(
      builder_.getDoubleTy(),
      builder_.CreateInBoundsGEP(all->getType(), array, {builder_.getInt64(0), phase}));
  load->setMetadata(llvm::LLVMContext::MD_invariant_load,
                    llvm::MDNode::get(builder_.getContext(), {}));
  return load;
}

void BlockEmitter::StoreSlot(size_t slot, Element element, llvm::Value* index, llvm::Value* value) {
  if (element == Element::kBool) {
    llvm::Type* const type = MemoryType(builder_.getContext(), element);
    value = builder_.CreateZExt(value, Widened(type, LanesOf(value)));
  }
  StoreTo(slot, index, value);
}

llvm::Value* BlockEmitter::GatherSlot(size_t slot, Element element, llvm::Value* index, int lanes) {
  if (LanesOf(index) == 1) {
    llvm::Value* const value = LoadSlot(slot, element, index, 1);
    return lanes == 1 ? value : Splat(builder_, value, lanes);
  }
  llvm::Type* const type = MemoryType(builder_.getContext(), element);
  if (slot == slots_.size()) return llvm::PoisonValue::get(Widened(type, lanes));
  llvm::Instruction* const load =
      builder_.CreateMaskedGather(Widened(type, lanes), AddressIn(slot, type, index),
                                  llvm::Align(static_cast<uint64_t>(ir::ElementBytes(element))));
  Annotate(load, slot);
  if (element != Element::kBool) return load;
  return builder_.CreateICmpNE(load, llvm::Constant::getNullValue(load->getType()));
}

}  // namespace bnsyn::compiler
