// What the functions of deferred code have in common: the fields of DeferArgs, and captured values.
#ifndef BNSYN_COMPILER_EMISSION_DEFER_EMITTER_H_
#define BNSYN_COMPILER_EMISSION_DEFER_EMITTER_H_

#include <cstddef>

#include "compiler/emission/emit_block.h"
#include "compiler/emission/kernel_abi.h"

namespace bnsyn::compiler {

class DeferEmitter : public BlockEmitter {
 protected:
  DeferEmitter(const EmitContext& context, const ir::Block& block);

  // A field of DeliverArgs::defer.
  llvm::Value* DeferField(size_t offset, llvm::Type* type);
  void StoreDeferField(size_t offset, llvm::Value* value);
  // An element of an array that is no slot's.
  llvm::Value* LoadElement(llvm::Type* type, llvm::Value* array, llvm::Value* index);
  void StoreElement(llvm::Value* value, llvm::Value* array, llvm::Value* index);
  // A value as the bits that are kept of it (i64), and back.
  llvm::Value* ToBits(llvm::Value* value, ir::Element element);
  llvm::Value* FromBits(llvm::Value* bits, ir::Element element);
  // The entry of number `count` (i32, or lanes of it) in the ring of a target (i64 likewise), i64.
  llvm::Value* RingEntry(llvm::Value* target, llvm::Value* count);

  llvm::Value* defer_ = nullptr;
  llvm::Value* capacity_ = nullptr;       // i64
  llvm::Value* capacity_log2_ = nullptr;  // i64
  llvm::Value* last_ = nullptr;           // i64: the last entry of a ring
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_DEFER_EMITTER_H_
