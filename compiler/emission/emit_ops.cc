#include "compiler/emission/emit_ops.h"

#include <limits>
#include <vector>

#include "compiler/emission/external_functions.h"
#include "ir/mutant.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/Module.h"

namespace bnsyn::compiler {

using ir::Element;
using ir::Op;

llvm::Type* ValueType(llvm::LLVMContext& context, Element element) {
  switch (element) {
    case Element::kF64:
      return llvm::Type::getDoubleTy(context);
    case Element::kF32:
      return llvm::Type::getFloatTy(context);
    case Element::kI32:
    case Element::kU32:
      return llvm::Type::getInt32Ty(context);
    case Element::kI64:
    case Element::kU64:
      return llvm::Type::getInt64Ty(context);
    case Element::kBool:
      return llvm::Type::getInt1Ty(context);
  }
  return nullptr;
}

llvm::Type* MemoryType(llvm::LLVMContext& context, Element element) {
  return element == Element::kBool ? llvm::Type::getInt8Ty(context) : ValueType(context, element);
}

llvm::Type* Widened(llvm::Type* type, int lanes) {
  return lanes == 1 ? type : llvm::FixedVectorType::get(type, static_cast<unsigned>(lanes));
}

int LanesOf(const llvm::Value* value) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return vector == nullptr ? 1 : static_cast<int>(vector->getNumElements());
}

llvm::Constant* LiteralConstant(llvm::LLVMContext& context, Element element, ir::Bits bits) {
  llvm::Type* const type = ValueType(context, element);
  switch (element) {
    case Element::kF64:
      return llvm::ConstantFP::get(
          context, llvm::APFloat(llvm::APFloat::IEEEdouble(), llvm::APInt(64, bits)));
    case Element::kF32:
      return llvm::ConstantFP::get(
          context, llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, bits & 0xffffffff)));
    case Element::kI32:
    case Element::kU32:
      return llvm::ConstantInt::get(type, bits & 0xffffffff);
    case Element::kI64:
    case Element::kU64:
      return llvm::ConstantInt::get(type, bits);
    case Element::kBool:
      return llvm::ConstantInt::get(type, bits & 1);
  }
  return nullptr;
}

llvm::Constant* ConstantLike(const llvm::Value* like, llvm::Constant* scalar) {
  const int lanes = LanesOf(like);
  if (lanes == 1) return scalar;
  return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(static_cast<unsigned>(lanes)),
                                        scalar);
}

llvm::Value* Splat(llvm::IRBuilder<>& builder, llvm::Value* scalar, int lanes) {
  if (lanes == 1) return scalar;
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(scalar)) {
    return llvm::ConstantVector::getSplat(
        llvm::ElementCount::getFixed(static_cast<unsigned>(lanes)), constant);
  }
  return builder.CreateVectorSplat(static_cast<unsigned>(lanes), scalar);
}

llvm::Value* Iota(llvm::IRBuilder<>& builder, int lanes) {
  if (lanes == 1) return builder.getInt32(0);
  std::vector<uint32_t> numbers;
  for (int i = 0; i < lanes; ++i) numbers.push_back(static_cast<uint32_t>(i));
  return llvm::ConstantDataVector::get(builder.getContext(), numbers);
}

llvm::Value* MaskBits(llvm::IRBuilder<>& builder, llvm::Value* mask) {
  const int lanes = LanesOf(mask);
  llvm::Value* bits =
      lanes == 1 ? mask
                 : builder.CreateBitCast(mask, builder.getIntNTy(static_cast<unsigned>(lanes)));
  return builder.CreateZExt(bits, builder.getInt64Ty());
}

llvm::Value* EmitShift(llvm::IRBuilder<>& builder, Op op, Element element, llvm::Value* a,
                       llvm::Value* count) {
  llvm::Type* const type = ValueType(builder.getContext(), element);
  const uint64_t width = type->getIntegerBitWidth();
  // LLVM's shifts are undefined from the width on.
  llvm::Value* const inside =
      builder.CreateICmpULT(count, ConstantLike(count, llvm::ConstantInt::get(type, width)));
  if (op == Op::kShr && ir::IsSigned(element)) {
    const uint64_t most = Mutant("emit.shr.beyond_the_width") ? 0 : width - 1;
    llvm::Constant* const last = ConstantLike(count, llvm::ConstantInt::get(type, most));
    return builder.CreateAShr(a, builder.CreateSelect(inside, count, last));
  }
  llvm::Constant* const zero = ConstantLike(count, llvm::ConstantInt::get(type, 0));
  llvm::Value* const safe = builder.CreateSelect(inside, count, zero);
  llvm::Value* const shifted =
      op == Op::kShl ? builder.CreateShl(a, safe) : builder.CreateLShr(a, safe);
  return builder.CreateSelect(inside, shifted, zero);
}

llvm::Value* EmitConvert(llvm::IRBuilder<>& builder, Element from, Element to, llvm::Value* a) {
  if (from == to) return a;
  const int lanes = LanesOf(a);
  llvm::Type* const type = Widened(ValueType(builder.getContext(), to), lanes);
  if (to == Element::kBool) {
    llvm::Constant* const zero = llvm::Constant::getNullValue(a->getType());
    return ir::IsFloat(from) ? builder.CreateFCmpUNE(a, zero) : builder.CreateICmpNE(a, zero);
  }
  if (ir::IsFloat(from)) {
    if (to == Element::kF64) return builder.CreateFPExt(a, type);
    if (to == Element::kF32) return builder.CreateFPTrunc(a, type);
    const auto intrinsic = ir::IsSigned(to) != Mutant("emit.convert.sign")
                               ? llvm::Intrinsic::fptosi_sat
                               : llvm::Intrinsic::fptoui_sat;
    return builder.CreateIntrinsic(intrinsic, {type, a->getType()}, {a});
  }
  if (ir::IsFloat(to)) {
    return ir::IsSigned(from) ? builder.CreateSIToFP(a, type) : builder.CreateUIToFP(a, type);
  }
  return ir::IsSigned(from) ? builder.CreateSExtOrTrunc(a, type)
                            : builder.CreateZExtOrTrunc(a, type);
}

llvm::Value* EmitCompare(llvm::IRBuilder<>& builder, Op op, Element element, llvm::Value* a,
                         llvm::Value* b) {
  using Predicate = llvm::CmpInst::Predicate;
  struct Row {
    Op op;
    Predicate real, with_sign, without_sign;
  };
  constexpr Row kRows[] = {
      {Op::kEq, Predicate::FCMP_OEQ, Predicate::ICMP_EQ, Predicate::ICMP_EQ},
      {Op::kNe, Predicate::FCMP_UNE, Predicate::ICMP_NE, Predicate::ICMP_NE},
      {Op::kLt, Predicate::FCMP_OLT, Predicate::ICMP_SLT, Predicate::ICMP_ULT},
      {Op::kLe, Predicate::FCMP_OLE, Predicate::ICMP_SLE, Predicate::ICMP_ULE},
      {Op::kGt, Predicate::FCMP_OGT, Predicate::ICMP_SGT, Predicate::ICMP_UGT},
      {Op::kGe, Predicate::FCMP_OGE, Predicate::ICMP_SGE, Predicate::ICMP_UGE},
  };
  for (const Row& row : kRows) {
    if (row.op != op) continue;
    if (ir::IsFloat(element)) return builder.CreateFCmp(row.real, a, b);
    return builder.CreateICmp(ir::IsSigned(element) ? row.with_sign : row.without_sign, a, b);
  }
  return nullptr;
}

llvm::Value* EmitIntegerDivision(llvm::IRBuilder<>& builder, Op op, Element element, llvm::Value* a,
                                 llvm::Value* b) {
  llvm::Type* const type = ValueType(builder.getContext(), element);
  const auto constant = [&](llvm::Constant* number) { return ConstantLike(b, number); };
  llvm::Constant* const zero = constant(llvm::ConstantInt::get(type, 0));
  llvm::Constant* const one = constant(llvm::ConstantInt::get(type, 1));
  // LLVM's divisions by 0, and of the least number by -1, are undefined. Nothing is divided by 1 in
  // their place, and -a is what a wraps to when divided by -1.
  llvm::Value* odd = builder.CreateICmpEQ(b, zero);
  llvm::Value* otherwise = Mutant("emit.integer_division.by_zero") ? one : zero;
  if (ir::IsSigned(element)) {
    llvm::Value* const minus =
        builder.CreateICmpEQ(b, constant(llvm::ConstantInt::getAllOnesValue(type)));
    if (op == Op::kDiv) otherwise = builder.CreateSelect(minus, builder.CreateNeg(a), zero);
    odd = builder.CreateOr(odd, minus);
  }
  b = builder.CreateSelect(odd, one, b);
  llvm::Value* result = nullptr;
  if (op == Op::kDiv) {
    result = ir::IsSigned(element) ? builder.CreateSDiv(a, b) : builder.CreateUDiv(a, b);
  } else {
    result = ir::IsSigned(element) ? builder.CreateSRem(a, b) : builder.CreateURem(a, b);
  }
  return builder.CreateSelect(odd, otherwise, result);
}

llvm::Value* EmitHasNoResult(llvm::IRBuilder<>& builder, Op op, llvm::Value* a, llvm::Value* b) {
  const auto overflows = [&](llvm::Intrinsic::ID intrinsic) {
    return builder.CreateExtractValue(builder.CreateBinaryIntrinsic(intrinsic, a, b), 1);
  };
  const auto integer = [&](int64_t number) {
    return ConstantLike(a, builder.getInt64(static_cast<uint64_t>(number)));
  };
  if (op == Op::kExpectSum) return overflows(llvm::Intrinsic::sadd_with_overflow);
  if (op == Op::kExpectDifference) return overflows(llvm::Intrinsic::ssub_with_overflow);
  if (op == Op::kExpectProduct) return overflows(llvm::Intrinsic::smul_with_overflow);
  if (op == Op::kExpectQuotient) {
    llvm::Value* const wraps =
        builder.CreateAnd(builder.CreateICmpEQ(a, integer(std::numeric_limits<int64_t>::min())),
                          builder.CreateICmpEQ(b, integer(-1)));
    return builder.CreateOr(builder.CreateICmpEQ(b, integer(0)), wraps);
  }
  if (op == Op::kExpectFloat) {
    constexpr int64_t kMost = int64_t{1} << 53;
    return builder.CreateOr(builder.CreateICmpSLT(a, integer(-kMost)),
                            builder.CreateICmpSGT(a, integer(kMost)));
  }
  // Not below, or NaN.
  return builder.CreateFCmpUGE(builder.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a), b);
}

llvm::Value* EmitOracleCall(llvm::IRBuilder<>& builder, Op op, Element element,
                            absl::Span<llvm::Value* const> arguments) {
  llvm::Module& module = *builder.GetInsertBlock()->getModule();
  llvm::Type* const f64 = builder.getDoubleTy();
  std::vector<llvm::Type*> parameters;
  for (const llvm::Value* argument : arguments) {
    llvm::Type* const type = argument->getType()->getScalarType();
    parameters.push_back(type->isFloatTy() ? f64 : type);
  }
  llvm::Type* const result =
      element == Element::kF32 ? f64 : ValueType(builder.getContext(), element);
  llvm::FunctionCallee function = module.getOrInsertFunction(
      OracleSymbol(op), llvm::FunctionType::get(result, parameters, /*isVarArg=*/false));
  auto* declaration = llvm::cast<llvm::Function>(function.getCallee());
  declaration->setDoesNotThrow();
  declaration->setDoesNotAccessMemory();
  if (element == Element::kBool) declaration->addRetAttr(llvm::Attribute::ZExt);

  const int lanes = LanesOf(arguments[0]);
  llvm::Type* const type = Widened(ValueType(builder.getContext(), element), lanes);
  llvm::Value* results = llvm::PoisonValue::get(type);
  for (int lane = 0; lane < lanes; ++lane) {
    std::vector<llvm::Value*> values;
    for (llvm::Value* argument : arguments) {
      llvm::Value* value =
          lanes == 1 ? argument
                     : builder.CreateExtractElement(argument, static_cast<uint64_t>(lane));
      if (value->getType()->isFloatTy()) value = builder.CreateFPExt(value, f64);
      values.push_back(value);
    }
    llvm::Value* value = builder.CreateCall(function, values);
    if (element == Element::kF32) value = builder.CreateFPTrunc(value, builder.getFloatTy());
    if (lanes == 1) return value;
    results = builder.CreateInsertElement(results, value, static_cast<uint64_t>(lane));
  }
  return results;
}

void EmitCountCoarse(llvm::IRBuilder<>& builder, llvm::Value* tally, llvm::Value* contribution,
                     int scale_log2) {
  llvm::Module& module = *builder.GetInsertBlock()->getModule();
  llvm::Type* const parameters[] = {builder.getPtrTy(), builder.getDoubleTy(),
                                    builder.getInt32Ty()};
  llvm::FunctionCallee function = module.getOrInsertFunction(
      kCountCoarseSymbol,
      llvm::FunctionType::get(builder.getVoidTy(), parameters, /*isVarArg=*/false));
  auto* declaration = llvm::cast<llvm::Function>(function.getCallee());
  declaration->setDoesNotThrow();
  declaration->setOnlyAccessesArgMemory();
  builder.CreateCall(function,
                     {tally, contribution, builder.getInt32(static_cast<uint32_t>(scale_log2))});
}

}  // namespace bnsyn::compiler
