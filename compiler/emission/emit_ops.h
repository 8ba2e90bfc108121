// Emits LLVM IR for single ops over values of one shape: scalars, or vectors of some lanes.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_OPS_H_
#define BNSYN_COMPILER_EMISSION_EMIT_OPS_H_

#include "absl/types/span.h"
#include "ir/op.h"
#include "ir/type.h"
#include "llvm/IR/IRBuilder.h"

namespace bnsyn::compiler {

// The type of an element as a value (a bool is i1) and in memory (a bool is i8).
llvm::Type* ValueType(llvm::LLVMContext& context, ir::Element element);
llvm::Type* MemoryType(llvm::LLVMContext& context, ir::Element element);
// A vector of `lanes` of `type`, or `type` itself for one lane.
llvm::Type* Widened(llvm::Type* type, int lanes);
// Lanes of a value: 1 for a scalar.
int LanesOf(const llvm::Value* value);

llvm::Constant* LiteralConstant(llvm::LLVMContext& context, ir::Element element, ir::Bits bits);
// `scalar` in as many lanes as `like` has; the elements of `like` may be of another type.
llvm::Constant* ConstantLike(const llvm::Value* like, llvm::Constant* scalar);
// `scalar` in every lane.
llvm::Value* Splat(llvm::IRBuilder<>& builder, llvm::Value* scalar, int lanes);
// (0, 1, 2, ...) as 32-bit integers.
llvm::Value* Iota(llvm::IRBuilder<>& builder, int lanes);
// The bools of a mask as the low bits of an i64; lane 0 is the lowest bit.
llvm::Value* MaskBits(llvm::IRBuilder<>& builder, llvm::Value* mask);

// Ops that need more than one instruction.
llvm::Value* EmitShift(llvm::IRBuilder<>& builder, ir::Op op, ir::Element element, llvm::Value* a,
                       llvm::Value* count);
llvm::Value* EmitConvert(llvm::IRBuilder<>& builder, ir::Element from, ir::Element to,
                         llvm::Value* a);
// `div` and `rem` of integers, which have a result for every operand.
llvm::Value* EmitIntegerDivision(llvm::IRBuilder<>& builder, ir::Op op, ir::Element element,
                                 llvm::Value* a, llvm::Value* b);
// A bool a lane: the expectation `op` does not hold for these numbers (reference/expectation.h).
llvm::Value* EmitHasNoResult(llvm::IRBuilder<>& builder, ir::Op op, llvm::Value* a, llvm::Value* b);
llvm::Value* EmitCompare(llvm::IRBuilder<>& builder, ir::Op op, ir::Element element, llvm::Value* a,
                         llvm::Value* b);
// Calls the oracle's own C function for a function of R2 or a draw of R3, once for each lane.
llvm::Value* EmitOracleCall(llvm::IRBuilder<>& builder, ir::Op op, ir::Element element,
                            absl::Span<llvm::Value* const> arguments);
// Calls reference::CountCoarse.
void EmitCountCoarse(llvm::IRBuilder<>& builder, llvm::Value* tally, llvm::Value* contribution,
                     int scale_log2);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_OPS_H_
