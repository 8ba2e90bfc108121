// Emits calls of Philox4x32-10 (R3). Its code is two functions of the module that all kernels
// share.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_RANDOM_H_
#define BNSYN_COMPILER_EMISSION_EMIT_RANDOM_H_

#include <array>
#include <utility>

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace bnsyn::compiler {

// What a draw depends on, besides its element.
struct DrawPoint {
  llvm::Value* stream;  // i32
  llvm::Value* draw;    // i32
  llvm::Value* step;    // i64
  llvm::Value* seed;    // i64
};

// Writes the random bits of 64 elements to `buffer` (64 i32), in the order of elements.
// `first_element` (i64) is a multiple of 64.
void EmitRandomGroup(llvm::IRBuilder<>& builder, int native_lanes, llvm::Value* buffer,
                     llvm::Value* first_element, const DrawPoint& point);

// The random bits of element 0, i32, for a draw of the network domain.
llvm::Value* EmitRandomUniform(llvm::IRBuilder<>& builder, const DrawPoint& point);

// The four words of Philox4x32-10 for a counter (i64, 32 bits each) and a key (i64): words 0 and 1
// in the first i64, low half first, and words 2 and 3 in the second. Where one of them has lanes,
// all have.
std::pair<llvm::Value*, llvm::Value*> EmitPhilox(llvm::IRBuilder<>& builder,
                                                 const std::array<llvm::Value*, 4>& counter,
                                                 llvm::Value* key);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_RANDOM_H_
