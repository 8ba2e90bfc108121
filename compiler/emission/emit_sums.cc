#include "compiler/emission/emit_sums.h"

#include "compiler/emission/emit_ops.h"
#include "ir/type.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {
namespace {

llvm::Constant* I64Like(const llvm::Value* like, uint64_t bits) {
  return ConstantLike(like,
                      llvm::ConstantInt::get(llvm::Type::getInt64Ty(like->getContext()), bits));
}

llvm::Constant* F64Like(const llvm::Value* like, double number) {
  return ConstantLike(like,
                      llvm::ConstantFP::get(llvm::Type::getDoubleTy(like->getContext()), number));
}

}  // namespace

llvm::Value* MagicPlus(llvm::IRBuilder<>& builder, llvm::Value* sum) {
  return builder.CreateBitCast(builder.CreateAdd(sum, I64Like(sum, ir::BitsOfF64(kMagic))),
                               Widened(builder.getDoubleTy(), LanesOf(sum)));
}

llvm::Value* EmitI64ToDouble(llvm::IRBuilder<>& builder, llvm::Value* sum, bool converts_i64) {
  llvm::Type* const f64 = Widened(builder.getDoubleTy(), LanesOf(sum));
  if (converts_i64 || LanesOf(sum) == 1) return builder.CreateSIToFP(sum, f64);
  // The halves of the integer are written into the low bits of 2^84 and of 2^52. Taken from what
  // they are more than that they are exact, so that their sum alone rounds. The sign bit is
  // flipped, which adds 2^63.
  llvm::Value* const high = builder.CreateXor(builder.CreateLShr(sum, I64Like(sum, 32)),
                                              I64Like(sum, ir::BitsOfF64(0x1p84) | 0x80000000));
  llvm::Value* const low = builder.CreateOr(builder.CreateAnd(sum, I64Like(sum, 0xffffffff)),
                                            I64Like(sum, ir::BitsOfF64(0x1p52)));
  llvm::Value* const upper =
      builder.CreateFSub(builder.CreateBitCast(high, f64), F64Like(sum, 0x1p84 + 0x1p63 + 0x1p52));
  return builder.CreateFAdd(upper, builder.CreateBitCast(low, f64));
}

llvm::Value* EmitWideToDouble(llvm::IRBuilder<>& builder, llvm::Value* low, llvm::Value* high,
                              bool converts_i64) {
  // A low half of 2^63 or more counts as negative, and one more in the high half.
  high = builder.CreateAdd(high, builder.CreateLShr(low, I64Like(low, 63)));
  llvm::Value* const upper = EmitI64ToDouble(builder, high, converts_i64);
  llvm::Value* const lower = EmitI64ToDouble(builder, low, converts_i64);
  return builder.CreateFAdd(builder.CreateFMul(upper, F64Like(upper, 0x1p64)), lower);
}

llvm::Value* EmitDoubleToWide(llvm::IRBuilder<>& builder, llvm::Value* whole) {
  // high 2^63 + low, both exact and of the sign of the whole.
  llvm::Type* const i64 = builder.getInt64Ty();
  llvm::Type* const i128 = builder.getInt128Ty();
  llvm::Value* const high = builder.CreateUnaryIntrinsic(
      llvm::Intrinsic::trunc, builder.CreateFMul(whole, F64Like(whole, 0x1p-63)));
  llvm::Value* const low =
      builder.CreateFSub(whole, builder.CreateFMul(high, F64Like(high, 0x1p63)));
  // high 2^63 by its halves: shifted as one integer it would take twice as many instructions.
  llvm::Value* const whole_high = builder.CreateFPToSI(high, i64);
  llvm::Value* const halves[] = {builder.CreateShl(whole_high, 63),
                                 builder.CreateAShr(whole_high, 1)};
  llvm::Value* const upper =
      builder.CreateOr(builder.CreateShl(builder.CreateZExt(halves[1], i128), 64),
                       builder.CreateZExt(halves[0], i128));
  return builder.CreateAdd(upper, builder.CreateSExt(builder.CreateFPToSI(low, i64), i128));
}

}  // namespace bnsyn::compiler
