// Philox4x32-10 (R3) as functions of the module, shared by all kernels.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_RANDOM_H_
#define BNSYN_COMPILER_EMISSION_EMIT_RANDOM_H_

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace bnsyn::compiler {

// What a draw depends on beside its element.
struct DrawPoint {
  llvm::Value* stream;  // i32
  llvm::Value* draw;    // i32
  llvm::Value* step;    // i64
  llvm::Value* seed;    // i64
};

// Random bits of the 64 elements from `first_element` (i64, a multiple of 64) on, written to
// `buffer` (64 i32) in the order of elements.
void EmitRandomGroup(llvm::IRBuilder<>& builder, int native_lanes, llvm::Value* buffer,
                     llvm::Value* first_element, const DrawPoint& point);

// The random bits of element 0, i32: what a uniform draw uses.
llvm::Value* EmitRandomUniform(llvm::IRBuilder<>& builder, const DrawPoint& point);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_RANDOM_H_
