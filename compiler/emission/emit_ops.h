// LLVM IR for single operations over values of one shape: scalars, or vectors of some lanes.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_OPS_H_
#define BNSYN_COMPILER_EMISSION_EMIT_OPS_H_

#include "absl/types/span.h"
#include "ir/op.h"
#include "ir/type.h"
#include "llvm/IR/IRBuilder.h"

namespace bnsyn::compiler {

// An element as a value (a bool is i1) and in memory (a bool is i8).
llvm::Type* ValueType(llvm::LLVMContext& context, ir::Element element);
llvm::Type* MemoryType(llvm::LLVMContext& context, ir::Element element);
// A vector of `lanes` of `type`, or `type` itself for one lane.
llvm::Type* Widened(llvm::Type* type, int lanes);
// Lanes of a value: 1 for a scalar.
int LanesOf(const llvm::Value* value);

llvm::Constant* LiteralConstant(llvm::LLVMContext& context, ir::Element element, ir::Bits bits);
// A constant of the shape of `like`, which may have other elements.
llvm::Constant* ConstantLike(const llvm::Value* like, llvm::Constant* scalar);
// `scalar` in every lane.
llvm::Value* Splat(llvm::IRBuilder<>& builder, llvm::Value* scalar, int lanes);
// (0, 1, 2, ...) as 32-bit integers.
llvm::Value* Iota(llvm::IRBuilder<>& builder, int lanes);
// A bool a lane as the low bits of an i64, lane 0 lowest.
llvm::Value* MaskBits(llvm::IRBuilder<>& builder, llvm::Value* mask);

// Ops of ops.def that need more than one instruction.
llvm::Value* EmitShift(llvm::IRBuilder<>& builder, ir::Op op, ir::Element element, llvm::Value* a,
                       llvm::Value* count);
llvm::Value* EmitConvert(llvm::IRBuilder<>& builder, ir::Element from, ir::Element to,
                         llvm::Value* a);
llvm::Value* EmitCompare(llvm::IRBuilder<>& builder, ir::Op op, ir::Element element, llvm::Value* a,
                         llvm::Value* b);
// A function of R2 or a draw of R3 as calls of the oracle's own C function, lane by lane.
llvm::Value* EmitOracleCall(llvm::IRBuilder<>& builder, ir::Op op, ir::Element element,
                            absl::Span<llvm::Value* const> arguments);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_OPS_H_
