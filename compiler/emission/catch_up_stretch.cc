// The steps of some synapses between two arrivals: many, each of few instructions.
#include <algorithm>

#include "compiler/emission/catch_up_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {

using ir::NodeId;
using ir::Op;

void CatchUpEmitter::EmitSteps(llvm::Value* from, llvm::Value* to) {
  if (shortcuts_.most_steps == 0) {
    EmitEachStep(from, to, Without::kNothing);
    return;
  }
  const Loop stretches = Begin(from, to);
  llvm::Value* const end = builder_.CreateBinaryIntrinsic(
      llvm::Intrinsic::umin, to,
      builder_.CreateAdd(stretches.number, builder_.getInt64(shortcuts_.most_steps)));
  llvm::BasicBlock* const whole = NewBasicBlock("whole");
  llvm::BasicBlock* const done = NewBasicBlock("stretch_done");
  const auto go_on_if = [&](llvm::Value* condition, llvm::BasicBlock* otherwise) {
    llvm::BasicBlock* const next = NewBasicBlock("shorter");
    builder_.CreateCondBr(condition, next, otherwise);
    builder_.SetInsertPoint(next);
  };
  const auto run = [&](Without without) {
    EmitEachStep(stretches.number, end, without);
    builder_.CreateBr(done);
  };
  if (!shortcuts_.large.empty()) go_on_if(builder_.CreateNot(AnyTiny()), whole);
  if (!shortcuts_.held.empty()) {
    llvm::BasicBlock* const moves = NewBasicBlock("moves");
    go_on_if(AllHeld(), moves);
    run(Without::kHeld);
    builder_.SetInsertPoint(moves);
  }
  if (!shortcuts_.flushes.empty()) {
    if (shortcuts_.large_captured) go_on_if(none_tiny_, whole);
    run(Without::kFlushes);
  } else {
    builder_.CreateBr(whole);
  }
  builder_.SetInsertPoint(whole);
  run(Without::kNothing);
  builder_.SetInsertPoint(done);
  End(stretches, end);
}

void CatchUpEmitter::EmitEachStep(llvm::Value* from, llvm::Value* to, Without without) {
  const Loop steps = Begin(from, to);
  llvm::Value* const step_of_call = step_;
  step_ = steps.number;
  without_ = without;
  const uint64_t count = deferral_.step_captured.size();
  llvm::Value* const first =
      builder_.CreateMul(builder_.CreateAnd(step_, window_last_), builder_.getInt64(count));
  for (uint64_t v = 0; v < count; ++v) {
    const NodeId id = catch_up_.first_of_step + deferral_.step_captured[v];
    llvm::Value* const at = builder_.CreateAdd(first, builder_.getInt64(v));
    values_[id] = FromBits(LoadElement(builder_.getInt64Ty(), window_, at), node(id).element);
  }
  EmitNodes(catch_up_.first_of_step, static_cast<NodeId>(block_.nodes.size()));
  without_ = Without::kNothing;
  step_ = step_of_call;
  End(steps, builder_.CreateAdd(steps.number, builder_.getInt64(1)));
}

// As integers, the bits of floats without their signs are in the order of the magnitudes. Values of
// other types, and of some steps before and behind, are taken for floats too: they can only make
// the answer a worse one.
void CatchUpEmitter::LookAtCaptured(llvm::Value* from, llvm::Value* to) {
  const uint64_t count = deferral_.step_captured.size();
  greatest_ = llvm::ConstantFP::get(builder_.getDoubleTy(), 0);
  none_tiny_ = builder_.getTrue();
  if (count == 0 || (shortcuts_.held.empty() && !shortcuts_.large_captured)) return;
  llvm::Type* const i64 = builder_.getInt64Ty();
  const int lanes = context_.native_lanes;
  llvm::Type* const type = Widened(i64, lanes);
  const auto splat = [&](llvm::Value* value) { return Splat(builder_, value, lanes); };
  const auto number = [&](uint64_t bits) { return splat(builder_.getInt64(bits)); };
  const Cell most = NewCell(type), least = NewCell(type);
  Set(most, number(0));
  Set(least, number(~uint64_t{0}));
  llvm::Value* const lane = builder_.CreateZExt(Iota(builder_, lanes), type);
  llvm::Value* const places = builder_.CreateMul(
      builder_.CreateAdd(window_last_, builder_.getInt64(1)), builder_.getInt64(count));
  const auto look = [&](llvm::Value* first, llvm::Value* end) {
    const Loop loop = Begin(first, end);
    llvm::Value* const there =
        builder_.CreateICmpULT(builder_.CreateAdd(splat(loop.number), lane), splat(places));
    llvm::Value* const address = builder_.CreateInBoundsGEP(i64, window_, loop.number);
    llvm::Instruction* load = nullptr;
    if (lanes == 1) {
      load = builder_.CreateLoad(i64, address);
    } else {
      load = builder_.CreateMaskedLoad(type, address, llvm::Align(8), there, number(0));
    }
    AnnotateNoSlot(load);
    llvm::Value* const magnitude = builder_.CreateAnd(load, number(~uint64_t{0} >> 1));
    Set(most, builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umax, Get(most), magnitude));
    // 0 becomes the greatest number.
    Set(least, builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, Get(least),
                                              builder_.CreateSub(magnitude, number(1))));
    End(loop, builder_.CreateAdd(loop.number, builder_.getInt64(static_cast<uint64_t>(lanes))));
  };
  llvm::Value* const first =
      builder_.CreateMul(builder_.CreateAnd(from, window_last_), builder_.getInt64(count));
  llvm::Value* const end = builder_.CreateAdd(
      first, builder_.CreateMul(builder_.CreateSub(to, from), builder_.getInt64(count)));
  const auto whole_vectors = static_cast<uint64_t>(-lanes);
  look(builder_.CreateAnd(first, builder_.getInt64(whole_vectors)),
       builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, end, places));
  look(builder_.getInt64(0),
       builder_.CreateBinaryIntrinsic(llvm::Intrinsic::usub_sat, end, places));
  const auto reduced = [&](const Cell& cell, bool greatest) {
    llvm::Value* const all = Get(cell);
    if (lanes == 1) return all;
    return static_cast<llvm::Value*>(greatest ? builder_.CreateIntMaxReduce(all)
                                              : builder_.CreateIntMinReduce(all));
  };
  greatest_ = builder_.CreateBitCast(reduced(most, true), builder_.getDoubleTy());
  none_tiny_ = builder_.CreateICmpUGE(reduced(least, false),
                                      builder_.getInt64(ir::BitsOfF64(kTinyCaptured) - 1));
}

llvm::Value* CatchUpEmitter::AnyTiny() {
  llvm::Value* any = nullptr;
  for (const ir::StateId state : shortcuts_.large) {
    llvm::Value* const value = Get(states_.at(state));
    const ir::Element element = program_.states[state].type.element;
    const double least = element == ir::Element::kF32 ? kTinyFloat32State : kTinyState;
    llvm::Value* const small =
        builder_.CreateFCmpOLT(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value),
                               llvm::ConstantFP::get(value->getType(), least));
    llvm::Value* const bits = builder_.CreateBitCast(
        value, LanesType(builder_.getIntNTy(value->getType()->getScalarSizeInBits())));
    llvm::Value* const tiny = builder_.CreateAnd(
        small, builder_.CreateICmpNE(bits, llvm::Constant::getNullValue(bits->getType())));
    any = any == nullptr ? tiny : builder_.CreateOr(any, tiny);
  }
  return Any(any);
}

// Most often the first lane tells that not all are held.
llvm::Value* CatchUpEmitter::AllHeld() {
  llvm::Value* const first = Held(1);
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const others = NewBasicBlock("others");
  llvm::BasicBlock* const known = NewBasicBlock("known");
  builder_.CreateCondBr(first, others, known);
  builder_.SetInsertPoint(others);
  llvm::Value* const moved = Any(builder_.CreateAnd(inside_, builder_.CreateNot(Held(lanes_))));
  llvm::Value* const all = builder_.CreateNot(moved);
  llvm::BasicBlock* const looked = builder_.GetInsertBlock();
  builder_.CreateBr(known);
  builder_.SetInsertPoint(known);
  llvm::PHINode* const result = builder_.CreatePHI(builder_.getInt1Ty(), 2);
  result->addIncoming(builder_.getFalse(), before);
  result->addIncoming(all, looked);
  return result;
}

llvm::Value* CatchUpEmitter::Held(int lanes) {
  llvm::Value* held = nullptr;
  for (const auto& [state, stored] : shortcuts_.held) {
    llvm::Value* const value = StateIn(state, lanes);
    llvm::Type* const bits =
        Widened(builder_.getIntNTy(value->getType()->getScalarSizeInBits()), lanes);
    llvm::Value* same = builder_.CreateFCmpORD(value, value);
    for (const bool up : {false, true}) {
      same = builder_.CreateAnd(
          same,
          builder_.CreateICmpEQ(
              builder_.CreateBitCast(Extreme(catch_up_.first_of_step + stored, up, lanes), bits),
              builder_.CreateBitCast(value, bits)));
    }
    held = held == nullptr ? same : builder_.CreateAnd(held, same);
  }
  return held;
}

llvm::Value* CatchUpEmitter::StateIn(ir::StateId state, int lanes) {
  llvm::Value* const all = Get(states_.at(state));
  return lanes == lanes_ ? all : builder_.CreateExtractElement(all, uint64_t{0});
}

llvm::Value* CatchUpEmitter::Greatest(NodeId id, int lanes) {
  const ir::Node& n = node(id);
  if (captured_.contains(id)) {
    return Splat(builder_, greatest_, lanes);
  }
  const auto of = [&](size_t i) { return Greatest(n.operands[i], lanes); };
  switch (n.op) {
    case Op::kLoad:
      return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs,
                                           StateIn(static_cast<ir::StateId>(n.attr), lanes));
    case Op::kNeg:
    case Op::kAbs:
      return of(0);
    case Op::kSub:
    case Op::kAdd:
      return builder_.CreateFAdd(of(0), of(1));
    case Op::kLiteral:
      return builder_.CreateUnaryIntrinsic(
          llvm::Intrinsic::fabs,
          Splat(builder_, LiteralConstant(builder_.getContext(), n.element, n.attr), lanes));
    case Op::kConvert:
      return EmitNode(n, lanes, {of(0)});
    case Op::kMul:
      return EmitNode(n, lanes, {of(0), of(1)});
    case Op::kFma:
      return EmitNode(n, lanes, {of(0), of(1), of(2)});
    default:
      return Fail("a node has no greatest magnitude");
  }
}

llvm::Value* CatchUpEmitter::Extreme(NodeId id, bool up, int lanes) {
  const ir::Node& n = node(id);
  if (n.op == Op::kLoad) return StateIn(static_cast<ir::StateId>(n.attr), lanes);
  const auto through = shortcuts_.held_operand.find(id - catch_up_.first_of_step);
  const size_t side = through == shortcuts_.held_operand.end() ? 0 : through->second;
  llvm::Value* const held = Extreme(n.operands[side], up, lanes);
  const auto literal = [&](NodeId of) { return EmitNode(node(of), 1, {}); };
  const auto towards = [&](llvm::Value* step) { return up ? step : builder_.CreateFNeg(step); };
  switch (n.op) {
    case Op::kAdd:
    case Op::kSub:
      return builder_.CreateFAdd(held, towards(Greatest(n.operands[1 - side], lanes)));
    case Op::kFma:
      return EmitNode(
          n, lanes,
          {Greatest(n.operands[0], lanes), towards(Greatest(n.operands[1], lanes)), held});
    case Op::kMin:
    case Op::kMax:
      return EmitNode(n, lanes, {held, Splat(builder_, literal(n.operands[1]), lanes)});
    case Op::kSelect: {
      const ir::Node& less = node(n.operands[0]);
      llvm::Value* const tiny =
          builder_.CreateFCmpOLT(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, held),
                                 Splat(builder_, literal(less.operands[1]), lanes));
      return builder_.CreateSelect(tiny, llvm::Constant::getNullValue(held->getType()), held);
    }
    case Op::kConvert:
      return EmitNode(n, lanes, {held});
    default:
      return Fail("a node is not on the way of a held state");
  }
}

}  // namespace bnsyn::compiler
