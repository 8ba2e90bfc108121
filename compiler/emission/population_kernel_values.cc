// The values of a population kernel: what its nodes read from memory, from the buffers of a group
// and from earlier loops.
#include <cmath>
#include <cstdlib>

#include "compiler/emission/emit_ops.h"
#include "compiler/emission/emit_sums.h"
#include "compiler/emission/population_kernel.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::Element;

}  // namespace

llvm::Value* PopulationKernel::ValueOf(ir::NodeId id) {
  if (values_[part_][id] != nullptr) return values_[part_][id];
  llvm::Value* value = nullptr;
  if (kept_.contains(id)) {
    value = Fetch(id);
  } else if (const auto found = held_.find(id); found != held_.end()) {
    value = Load(found->second, lanes_);
  } else {
    std::vector<llvm::Value*> operands;
    for (const ir::NodeId operand : node(id).inputs()) operands.push_back(ValueOf(operand));
    value = EmitNode(node(id), lanes_, operands);
  }
  values_[part_][id] = value;
  return value;
}

// The type of an element in the buffer of a value. Bools are lanes of ones or zeros, as wide as
// what they compare.
llvm::Type* PopulationKernel::KeptType(ir::NodeId id) {
  const ir::Node* n = &node(id);
  if (n->element != Element::kBool) return ValueType(builder_.getContext(), n->element);
  while (n->element == Element::kBool && !n->inputs().empty()) n = &node(n->operands[0]);
  return builder_.getIntNTy(8 * static_cast<unsigned>(ir::ElementBytes(n->element)));
}

void PopulationKernel::Keep(ir::NodeId id, llvm::Value* value) {
  llvm::Type* const type = KeptType(id);
  llvm::AllocaInst*& buffer = kept_[id];
  if (buffer == nullptr) buffer = Variable(llvm::ArrayType::get(type, kGroup));
  if (node(id).element == Element::kBool) value = builder_.CreateSExt(value, Widened(type, lanes_));
  builder_.CreateAlignedStore(value, InBuffer(buffer, type), LanesAlign(type));
}

llvm::Value* PopulationKernel::Fetch(ir::NodeId id) {
  llvm::Type* const type = KeptType(id);
  llvm::Value* value = builder_.CreateAlignedLoad(Widened(type, lanes_),
                                                  InBuffer(kept_.at(id), type), LanesAlign(type));
  if (node(id).element != Element::kBool) return value;
  if (lanes_ == own_lanes_) {
    // Most masks choose between doubles. Widened once, they need not be widened at each choice.
    value = builder_.CreateSExt(value, Widened(builder_.getInt64Ty(), lanes_));
  }
  return builder_.CreateICmpSLT(value, llvm::Constant::getNullValue(value->getType()));
}

llvm::Value* PopulationKernel::ElementIndex(int lanes) {
  llvm::Value* const first = builder_.CreateTrunc(element_[part_], builder_.getInt32Ty());
  return builder_.CreateAdd(Splat(builder_, first, lanes), Iota(builder_, lanes));
}

llvm::Value* PopulationKernel::RandomBits(uint32_t stream, uint32_t draw, int lanes) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  Randoms& random = random_[{stream, draw}];
  if (random.buffer == nullptr) random.buffer = Variable(llvm::ArrayType::get(i32, kGroup));
  if (depth_ > 0 && !random.always) {
    FillWhereNeeded(random, stream, draw);
  } else if (!random.always) {
    random.always = true;
    llvm::IRBuilderBase::InsertPointGuard guard(builder_);
    builder_.SetInsertPoint(fill_->getTerminator());
    EmitRandomGroup(builder_, context_.native_lanes, random.buffer, group_, Draw(stream, draw));
  }
  return builder_.CreateAlignedLoad(Widened(i32, lanes), InBuffer(random.buffer, i32),
                                    llvm::Align(static_cast<uint64_t>(4 * lanes)));
}

void PopulationKernel::FillWhereNeeded(Randoms& random, uint32_t stream, uint32_t draw) {
  if (std::find(made_.begin(), made_.end(), &random) != made_.end()) return;
  made_.push_back(&random);
  llvm::Type* const i1 = builder_.getInt1Ty();
  if (random.filled == nullptr) {
    random.filled = Variable(i1);
    llvm::IRBuilderBase::InsertPointGuard guard(builder_);
    builder_.SetInsertPoint(fill_->getTerminator());
    builder_.CreateStore(builder_.getFalse(), random.filled);
  }
  llvm::BasicBlock* const fill = NewBasicBlock("make_random");
  llvm::BasicBlock* const made = NewBasicBlock("random_made");
  builder_.CreateCondBr(builder_.CreateLoad(i1, random.filled), made, fill);
  builder_.SetInsertPoint(fill);
  EmitRandomGroup(builder_, context_.native_lanes, random.buffer, group_, Draw(stream, draw));
  builder_.CreateStore(builder_.getTrue(), random.filled);
  builder_.CreateBr(made);
  builder_.SetInsertPoint(made);
}

llvm::Value* PopulationKernel::Load(ir::StateId state, int lanes) {
  return LoadSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element,
                  element_[part_], lanes);
}

void PopulationKernel::Store(ir::StateId state, llvm::Value* value) {
  if (program_.states[state].type.uniform()) {
    Fail("a population kernel stores a uniform state");
    return;
  }
  StoreSlot(SlotOf(AttrKind::kState, state), program_.states[state].type.element,
            StoredIndex(state, element_[part_]), value);
}

llvm::Value* PopulationKernel::Held(ir::InputId input, int lanes) {
  llvm::Value* const sum = LoadSum(input, element_[part_], lanes);
  llvm::Type* const numbers = Widened(builder_.getDoubleTy(), lanes);
  if (context_.converts_i64()) return builder_.CreateSIToFP(sum, numbers);
  return builder_.CreateFSub(MagicPlus(builder_, sum), llvm::ConstantFP::get(numbers, kMagic));
}

llvm::Value* PopulationKernel::Take(ir::InputId input, int lanes) {
  const ir::Accumulator& declared = program_.inputs[input].accumulator;
  if (declared.wide) {
    const auto [low, high] = LoadHalves(input, element_[part_], lanes);
    NoteOverflow(high);
    return Scale(EmitWideToDouble(builder_, low, high, context_.converts_i64()),
                 declared.scale_log2);
  }
  llvm::Value* const sum = LoadSum(input, element_[part_], lanes);
  if (declared.is_narrow()) return TakeNarrow(declared, sum);
  NoteOverflow(sum);
  return Scale(EmitI64ToDouble(builder_, sum, context_.converts_i64()), declared.scale_log2);
}

void PopulationKernel::NoteOverflow(llvm::Value* sum) {
  // Negative unless the two highest bits are equal; the sums of elements past the end are always 0.
  llvm::Value* const outside =
      builder_.CreateXor(sum, builder_.CreateShl(sum, ConstantLike(sum, builder_.getInt64(1))));
  llvm::Value* const before = builder_.CreateLoad(sum->getType(), overflow_);
  builder_.CreateStore(builder_.CreateOr(before, outside), overflow_);
}

llvm::Value* PopulationKernel::TakeNarrow(const ir::Accumulator& declared, llvm::Value* units) {
  llvm::Value* const sum =
      builder_.CreateSExt(units, Widened(builder_.getInt64Ty(), LanesOf(units)));
  const auto f64 = [&](double value) {
    return ConstantLike(sum, llvm::ConstantFP::get(builder_.getDoubleTy(), value));
  };
  llvm::Value* const shifted = MagicPlus(builder_, sum);
  // The product of the sum in units with the unit is rounded once.
  const auto unit = static_cast<double>(declared.unit);
  const int scale_log2 = declared.scale_log2;
  if (context_.has_fma && std::abs(scale_log2) < 900) {
    // (kMagic + sum) * u - kMagic * u, rounded once: the same number.
    const double scale = std::ldexp(unit, scale_log2);
    return builder_.CreateIntrinsic(llvm::Intrinsic::fma, {shifted->getType()},
                                    {shifted, f64(scale), f64(-kMagic * scale)});
  }
  llvm::Value* const whole = builder_.CreateFSub(shifted, f64(kMagic));
  return Scale(unit == 1 ? whole : builder_.CreateFMul(whole, f64(unit)), scale_log2);
}

}  // namespace bnsyn::compiler
