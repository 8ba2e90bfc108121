#include "compiler/emission/defer_emitter.h"

#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {

using ir::Element;

namespace {

constexpr ArgsLayout kLayout = {offsetof(DeliverArgs, slots), offsetof(DeliverArgs, step),
                                offsetof(DeliverArgs, seed), offsetof(DeliverArgs, fault)};

}  // namespace

DeferEmitter::DeferEmitter(const EmitContext& context, const ir::Block& block)
    : BlockEmitter(context, block, kLayout) {
  defer_ = LoadField(offsetof(DeliverArgs, defer), builder_.getPtrTy());
  capacity_ = builder_.CreateZExt(DeferField(offsetof(DeferArgs, capacity), builder_.getInt32Ty()),
                                  builder_.getInt64Ty());
  capacity_log2_ = builder_.CreateIntrinsic(llvm::Intrinsic::cttz, {builder_.getInt64Ty()},
                                            {capacity_, builder_.getFalse()});
  last_ = builder_.CreateSub(capacity_, builder_.getInt64(1));
}

llvm::Value* DeferEmitter::DeferField(size_t offset, llvm::Type* type) {
  return builder_.CreateLoad(
      type, builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), defer_, offset));
}

void DeferEmitter::StoreDeferField(size_t offset, llvm::Value* value) {
  builder_.CreateStore(value,
                       builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), defer_, offset));
}

llvm::Value* DeferEmitter::LoadElement(llvm::Type* type, llvm::Value* array, llvm::Value* index) {
  llvm::LoadInst* const load =
      builder_.CreateLoad(type, builder_.CreateInBoundsGEP(type, array, index));
  AnnotateNoSlot(load);
  return load;
}

void DeferEmitter::StoreElement(llvm::Value* value, llvm::Value* array, llvm::Value* index) {
  AnnotateNoSlot(
      builder_.CreateStore(value, builder_.CreateInBoundsGEP(value->getType(), array, index)));
}

llvm::Value* DeferEmitter::ToBits(llvm::Value* value, Element element) {
  const int lanes = LanesOf(value);
  llvm::Type* const i64 = Widened(builder_.getInt64Ty(), lanes);
  if (element == Element::kF64) return builder_.CreateBitCast(value, i64);
  if (element == Element::kF32) {
    value = builder_.CreateBitCast(value, Widened(builder_.getInt32Ty(), lanes));
  }
  return builder_.CreateZExt(value, i64);
}

llvm::Value* DeferEmitter::FromBits(llvm::Value* bits, Element element) {
  const int lanes = LanesOf(bits);
  llvm::Type* const type = Widened(ValueType(builder_.getContext(), element), lanes);
  if (element == Element::kF64) return builder_.CreateBitCast(bits, type);
  if (element == Element::kF32) {
    llvm::Value* const half = builder_.CreateTrunc(bits, Widened(builder_.getInt32Ty(), lanes));
    return builder_.CreateBitCast(half, type);
  }
  return builder_.CreateTrunc(bits, type);
}

llvm::Value* DeferEmitter::RingEntry(llvm::Value* target, llvm::Value* count) {
  const int lanes = LanesOf(target);
  llvm::Value* const ring = builder_.CreateShl(target, Splat(builder_, capacity_log2_, lanes));
  llvm::Value* const number = builder_.CreateZExt(count, Widened(builder_.getInt64Ty(), lanes));
  return builder_.CreateOr(ring, builder_.CreateAnd(number, Splat(builder_, last_, lanes)));
}

}  // namespace bnsyn::compiler
