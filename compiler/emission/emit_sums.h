// Emits the conversions between doubles and the integers of sums (R6).
#ifndef BNSYN_COMPILER_EMISSION_EMIT_SUMS_H_
#define BNSYN_COMPILER_EMISSION_EMIT_SUMS_H_

#include "llvm/IR/IRBuilder.h"

namespace bnsyn::compiler {

// An integer within reference::kMaxExactSum, as a double plus kMagic: one addition of integers,
// which every vector unit can do.
inline constexpr double kMagic = 0x1.8p52;
llvm::Value* MagicPlus(llvm::IRBuilder<>& builder, llvm::Value* sum);

// Integers of 64 bits, signed, as doubles, rounded once. `converts_i64`: one instruction does that.
llvm::Value* EmitI64ToDouble(llvm::IRBuilder<>& builder, llvm::Value* sum, bool converts_i64);

// Wide sums in their halves, each 64 bits, as doubles: high 2^64 + low with a signed low, each
// rounded once.
llvm::Value* EmitWideToDouble(llvm::IRBuilder<>& builder, llvm::Value* low, llvm::Value* high,
                              bool converts_i64);

// A double without a fraction, of magnitude at most 2^125, as an integer of 128 bits.
llvm::Value* EmitDoubleToWide(llvm::IRBuilder<>& builder, llvm::Value* whole);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_SUMS_H_
