#include "compiler/emission/emit_block.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/emission/emit.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "ir/access.h"
#include "ir/mutant.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"

namespace bnsyn::compiler {

using ir::AttrKind;
using ir::Element;
using ir::Op;

namespace {

// The number of random words that a draw of R3 takes.
uint32_t WordsDrawn(Op op) {
#define BNSYN_DRAW(name, text, arity, words, meaning) \
  if (op == Op::k##name) return words;
#include "ir/ops.def"
  return 0;
}

}  // namespace

BlockEmitter::BlockEmitter(const EmitContext& context, const ir::Block& block,
                           const ArgsLayout& layout)
    : context_(context),
      program_(context.program),
      block_(block),
      builder_(context.module.getContext()),
      uniform_(block.nodes.size()),
      layout_(layout) {
  for (const ir::Node& n : block.nodes) {
    const bool draws = ir::Info(n.op).attr == AttrKind::kStream;
    bool differs = block.times != 1 && (n.op == Op::kPass || draws);
    for (const ir::NodeId operand : n.inputs()) differs = differs || differs_[operand];
    differs_.push_back(differs);
  }
  llvm::LLVMContext& llvm_context = builder_.getContext();
  llvm::Type* const pointer = builder_.getPtrTy();
  function_ = llvm::Function::Create(
      llvm::FunctionType::get(builder_.getVoidTy(), {pointer}, false),
      llvm::GlobalValue::ExternalLinkage, FunctionName(block), context.module);
  function_->setDoesNotThrow();
  function_->addParamAttr(0, llvm::Attribute::NoCapture);
  function_->addParamAttr(0, llvm::Attribute::NoAlias);
  builder_.SetInsertPoint(llvm::BasicBlock::Create(llvm_context, "entry", function_));
  step_ = LoadField(layout.step, builder_.getInt64Ty());
  seed_ = LoadField(layout.seed, builder_.getInt64Ty());
  llvm::Value* const slots = LoadField(layout.slots, pointer);

  llvm::MDBuilder metadata(llvm_context);
  llvm::MDNode* const domain = metadata.createAnonymousAliasScopeDomain();
  std::vector<llvm::Metadata*> scopes;
  for (size_t i = 0; i < block.slots.size(); ++i) {
    llvm::Value* const entry = builder_.CreateConstInBoundsGEP1_64(pointer, slots, i);
    slots_.push_back(builder_.CreateAlignedLoad(pointer, entry, llvm::Align(8)));
    scopes.push_back(metadata.createAnonymousAliasScope(domain));
  }
  for (size_t i = 0; i < scopes.size(); ++i) {
    std::vector<llvm::Metadata*> others = scopes;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    scope_.push_back(llvm::MDNode::get(llvm_context, {scopes[i]}));
    others_.push_back(llvm::MDNode::get(llvm_context, others));
  }
  all_scopes_ = llvm::MDNode::get(llvm_context, scopes);
}

llvm::Value* BlockEmitter::Fail(absl::string_view message) {
  if (status_.ok()) {
    status_ =
        absl::InternalError(absl::StrCat("cannot emit ", FunctionName(block_), ": ", message));
  }
  return llvm::PoisonValue::get(builder_.getInt64Ty());
}

Element BlockEmitter::OperandElement(const ir::Node& node) const {
  return node.inputs().empty() ? node.element : block_.nodes[node.operands[0]].element;
}

llvm::BasicBlock* BlockEmitter::NewBasicBlock(const char* name) {
  return llvm::BasicBlock::Create(builder_.getContext(), name, function_);
}

llvm::AllocaInst* BlockEmitter::Variable(llvm::Type* type) {
  llvm::BasicBlock& entry = function_->getEntryBlock();
  llvm::IRBuilder<> builder(&entry, entry.begin());
  llvm::AllocaInst* const variable = builder.CreateAlloca(type);
  variable->setAlignment(llvm::Align(64));
  if (!type->isArrayTy()) builder.CreateStore(llvm::Constant::getNullValue(type), variable);
  return variable;
}

DrawPoint BlockEmitter::Draw(uint32_t stream, uint32_t draw) {
  llvm::Value* const number =
      LoadSlot(SlotOf(AttrKind::kStream, stream), Element::kU32, nullptr, 1);
  llvm::Value* place = builder_.getInt32(draw);
  if (pass_ != nullptr) {
    llvm::Value* const pass = builder_.CreateTrunc(pass_, builder_.getInt32Ty());
    place = builder_.CreateAdd(place, builder_.CreateShl(pass, Mutant("emit.random.pass") ? 0 : 1));
  }
  return {number, place, step_, seed_};
}

llvm::Value* BlockEmitter::Scale(llvm::Value* value, int exponent) {
  // A factor beyond the range of normal numbers is split; only the last product can round.
  constexpr int kLargest = 1000;
  if (Mutant("emit.take.scale")) ++exponent;
  while (exponent != 0) {
    const int part = std::clamp(exponent, -kLargest, kLargest);
    llvm::Constant* const factor =
        llvm::ConstantFP::get(builder_.getDoubleTy(), std::ldexp(1.0, part));
    value = builder_.CreateFMul(value, ConstantLike(value, factor));
    exponent -= part;
  }
  return value;
}

llvm::Value* BlockEmitter::OutOfBounds(const ir::State& state, llvm::Value* value) {
  // Bounds are compared as f64.
  value = EmitConvert(builder_, state.type.element, Element::kF64, value);
  const auto bound = [&](double limit) {
    return ConstantLike(value, llvm::ConstantFP::get(builder_.getDoubleTy(), limit));
  };
  if (state.lower == -state.upper) {
    llvm::Value* const magnitude = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value);
    if (Mutant("emit.check.nan")) return builder_.CreateFCmpOGT(magnitude, bound(state.upper));
    return builder_.CreateFCmpUGT(magnitude, bound(state.upper));
  }
  // A NaN fails both.
  if (Mutant("emit.check.lower")) return builder_.CreateFCmpUGT(value, bound(state.upper));
  if (Mutant("emit.check.upper")) return builder_.CreateFCmpULT(value, bound(state.lower));
  return builder_.CreateOr(builder_.CreateFCmpULT(value, bound(state.lower)),
                           builder_.CreateFCmpUGT(value, bound(state.upper)));
}

void BlockEmitter::EmitUniformNodes() { EmitUniformNodes(/*of_pass=*/false); }
void BlockEmitter::EmitUniformNodesOfPass() { EmitUniformNodes(/*of_pass=*/true); }

void BlockEmitter::EmitUniformNodes(bool of_pass) {
  for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
    const ir::Node& n = block_.nodes[id];
    if (differs_[id] != of_pass || !n.type().uniform() || !ir::HasResult(n.op)) continue;
    std::vector<llvm::Value*> operands;
    for (const ir::NodeId operand : n.inputs()) operands.push_back(uniform_[operand]);
    uniform_[id] = EmitNode(n, 1, operands);
  }
}

void BlockEmitter::BeginPasses() {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const pass = NewBasicBlock("pass");
  builder_.CreateBr(pass);
  builder_.SetInsertPoint(pass);
  pass_ = builder_.CreatePHI(builder_.getInt64Ty(), 2, "pass");
  pass_->addIncoming(builder_.getInt64(0), before);
}

void BlockEmitter::EndPasses(llvm::Value* goes_on) {
  llvm::BasicBlock* const done = NewBasicBlock("passes_done");
  llvm::Value* const next = builder_.CreateNUWAdd(pass_, builder_.getInt64(1));
  pass_->addIncoming(next, builder_.GetInsertBlock());
  llvm::Value* more = builder_.CreateICmpNE(next, builder_.getInt64(block_.times));
  if (goes_on != nullptr) more = builder_.CreateAnd(more, goes_on);
  builder_.CreateCondBr(more, pass_->getParent(), done);
  builder_.SetInsertPoint(done);
}

// The table stands row by row; a place beyond an end is the last one there, so nothing outside of
// it is ever read.
llvm::Value* BlockEmitter::Lookup(const ir::Node& node, int lanes, llvm::Value* row,
                                  llvm::Value* column) {
  const size_t slot = SlotOf(AttrKind::kTable, node.attr);
  llvm::Type* const f64 = builder_.getDoubleTy();
  if (slot == slots_.size()) return llvm::PoisonValue::get(Widened(f64, lanes));
  const ir::Table& table = program_.tables[node.attr];
  const auto nearest = [&](llvm::Value* place, size_t count) {
    llvm::Constant* const zero = ConstantLike(place, builder_.getInt64(0));
    llvm::Constant* const last = ConstantLike(place, builder_.getInt64(count - 1));
    if (!Mutant("emit.lookup.below_the_table")) {
      place = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, place, zero);
    }
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, place, last);
  };
  const size_t columns = table.columns.size();
  llvm::Value* const begin =
      builder_.CreateMul(nearest(row, table.rows()), ConstantLike(row, builder_.getInt64(columns)));
  llvm::Value* const place = builder_.CreateAdd(begin, nearest(column, columns));
  llvm::Value* const address = builder_.CreateInBoundsGEP(f64, slots_[slot], place);
  llvm::Instruction* load = nullptr;
  if (lanes == 1) {
    load = builder_.CreateAlignedLoad(f64, address, llvm::Align(8));
  } else {
    load = builder_.CreateMaskedGather(Widened(f64, lanes), address, llvm::Align(8));
  }
  Annotate(load, slot);
  return load;
}

// Places stand within the groups of elements, so that a thread owns whole pages of them: first the
// elements of group 0 in place 0, then those in place 1, ..., then those of group 1.
llvm::Value* BlockEmitter::InHistory(const ir::State& state, llvm::Value* element,
                                     llvm::Value* step) {
  const auto like = [](llvm::Value* value, llvm::Value* number) {
    return LanesOf(value) == 1 ? number : ConstantLike(value, llvm::cast<llvm::Constant>(number));
  };
  const auto i64 = [&](uint64_t number) { return builder_.getInt64(number); };
  llvm::Value* place = builder_.CreateAnd(step, like(step, i64(state.places() - 1)));
  if (element == nullptr) return place;
  const int lanes = LanesOf(element);
  if (lanes != LanesOf(place)) place = Splat(builder_, place, lanes);
  llvm::Value* const before =
      builder_.CreateMul(builder_.CreateAnd(element, like(element, i64(~uint64_t{kGroup - 1}))),
                         like(element, i64(state.places() - 1)));
  return builder_.CreateAdd(builder_.CreateAdd(element, before),
                            builder_.CreateMul(place, like(place, i64(kGroup))));
}

llvm::Value* BlockEmitter::StoredIndex(ir::StateId state, llvm::Value* element) {
  const ir::State& declared = program_.states[state];
  return declared.history == 0 ? element : InHistory(declared, element, step_);
}

llvm::Value* BlockEmitter::ReadElement(const ir::Node& node, int lanes,
                                       absl::Span<llvm::Value* const> v) {
  const ir::State& state = program_.states[node.attr];
  const size_t slot = SlotOf(AttrKind::kState, node.attr);
  const ir::ReadElement read = ir::ElementRead(program_, block_, node);
  const bool own = read == ir::ReadElement::kOwn && FirstElement() != nullptr;
  llvm::Value* steps = nullptr;
  if (node.op == Op::kPast) {
    llvm::Value* const uniform = uniform_[node.operands[1]];
    const bool shared = uniform != nullptr && (own || state.type.uniform());
    steps = shared ? uniform : v[1];
    const auto bound = [&](uint64_t number) {
      return ConstantLike(steps, builder_.getInt64(number));
    };
    const uint64_t least = Mutant("emit.past.of_no_step") ? 0 : 1;
    steps = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, steps, bound(least));
    steps = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, steps, bound(state.history));
    llvm::Value* const now = LanesOf(steps) == 1 ? step_ : Splat(builder_, step_, LanesOf(steps));
    steps = builder_.CreateSub(now, steps);
  }
  if (own && (steps == nullptr || LanesOf(steps) == 1)) {
    llvm::Value* const first =
        steps == nullptr ? FirstElement() : InHistory(state, FirstElement(), steps);
    return LoadSlot(slot, state.type.element, first, lanes);
  }
  llvm::Value* element = v[0];
  if (read == ir::ReadElement::kAny) {
    const uint32_t last = program_.Size(state.type.domain) - 1;
    element = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, element,
                                             ConstantLike(element, builder_.getInt32(last)));
  }
  element = builder_.CreateZExt(element, Widened(builder_.getInt64Ty(), LanesOf(element)));
  if (state.type.uniform()) element = nullptr;
  if (steps != nullptr) element = InHistory(state, element, steps);
  return GatherSlot(slot, state.type.element, element, lanes);
}

llvm::Value* BlockEmitter::RandomWord(const ir::Node& node, uint32_t draw, int lanes) {
  const auto stream = static_cast<uint32_t>(node.attr >> 32);
  const uint32_t number = static_cast<uint32_t>(node.attr) + draw;
  if (node.type().uniform()) return EmitRandomUniform(builder_, Draw(stream, number));
  return RandomBits(stream, number, lanes);
}

// A draw that was not expanded: its random words, and the oracle's function of them.
llvm::Value* BlockEmitter::DrawCall(const ir::Node& node, int lanes,
                                    absl::Span<llvm::Value* const> v) {
  std::vector<llvm::Value*> arguments(v.begin(), v.end());
  for (uint32_t draw = 0; draw < WordsDrawn(node.op); ++draw) {
    arguments.push_back(RandomWord(node, draw, lanes));
  }
  return EmitOracleCall(builder_, node.op, node.element, arguments);
}

llvm::Value* BlockEmitter::EmitNode(const ir::Node& n, int lanes,
                                    absl::Span<llvm::Value* const> v) {
  if constexpr (kMutants) return EmitFlippedNode(n, lanes, v);
  return EmitPlainNode(n, lanes, v);
}

llvm::Value* BlockEmitter::EmitPlainNode(const ir::Node& n, int lanes,
                                         absl::Span<llvm::Value* const> v) {
  llvm::IRBuilder<>& b = builder_;
  const Element element = OperandElement(n);
  const bool real = ir::IsFloat(element);
  const bool uniform = n.type().uniform();
  const auto scalar = [&](AttrKind kind) {
    return LoadSlot(SlotOf(kind, n.attr), n.element, nullptr, 1);
  };
  switch (n.op) {
    case Op::kLiteral:
      return LiteralConstant(b.getContext(), n.element, n.attr);
    case Op::kParam:
      return scalar(AttrKind::kParam);
    case Op::kLookup:
      return Lookup(n, lanes, v[0], v[1]);
    case Op::kStep:
      return step_;
    case Op::kPass:
      return pass_;
    case Op::kIndex:
      return uniform ? b.getInt32(0) : ElementIndex(lanes);

    case Op::kAdd:
      return real ? b.CreateFAdd(v[0], v[1]) : b.CreateAdd(v[0], v[1]);
    case Op::kSub:
      return real ? b.CreateFSub(v[0], v[1]) : b.CreateSub(v[0], v[1]);
    case Op::kMul:
      return real ? b.CreateFMul(v[0], v[1]) : b.CreateMul(v[0], v[1]);
    case Op::kDiv:
      return real ? b.CreateFDiv(v[0], v[1]) : EmitIntegerDivision(b, n.op, element, v[0], v[1]);
    case Op::kRem:
      return real ? EmitOracleCall(b, n.op, n.element, v)
                  : EmitIntegerDivision(b, n.op, element, v[0], v[1]);
    case Op::kFma:
      return b.CreateIntrinsic(llvm::Intrinsic::fma, {v[0]->getType()}, {v[0], v[1], v[2]});
    case Op::kNeg:
      return real ? b.CreateFNeg(v[0]) : b.CreateNeg(v[0]);
    case Op::kAbs:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, v[0]);
    case Op::kSqrt:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, v[0]);
    case Op::kMin:
      return b.CreateSelect(EmitCompare(b, Op::kLt, element, v[1], v[0]), v[1], v[0]);
    case Op::kMax:
      return b.CreateSelect(EmitCompare(b, Op::kLt, element, v[0], v[1]), v[1], v[0]);
    case Op::kFloor:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::floor, v[0]);
    case Op::kCeil:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, v[0]);
    case Op::kRint:
      return b.CreateUnaryIntrinsic(llvm::Intrinsic::rint, v[0]);

#define BNSYN_COMPARISON(name, ...) case Op::k##name:
#include "ir/ops.def"
      return EmitCompare(b, n.op, element, v[0], v[1]);

    case Op::kAnd:
      return b.CreateAnd(v[0], v[1]);
    case Op::kOr:
      return b.CreateOr(v[0], v[1]);
    case Op::kXor:
      return b.CreateXor(v[0], v[1]);
    case Op::kNot:
      return b.CreateNot(v[0]);
    case Op::kShl:
    case Op::kShr:
      return EmitShift(b, n.op, element, v[0], v[1]);
    case Op::kSelect:
      return b.CreateSelect(v[0], v[1], v[2]);
    case Op::kConvert:
      return EmitConvert(b, element, n.element, v[0]);
    case Op::kBitcast:
      return b.CreateBitCast(v[0], Widened(ValueType(b.getContext(), n.element), lanes));

#define BNSYN_FUNCTION(name, ...) case Op::k##name:
#define BNSYN_FUNCTION_OF_TWO(name, ...) case Op::k##name:
#include "ir/ops.def"
      return EmitOracleCall(b, n.op, n.element, v);

    case Op::kRandom:
      return RandomWord(n, 0, lanes);
#define BNSYN_DRAW(name, ...) case Op::k##name:
#include "ir/ops.def"
      return DrawCall(n, lanes, v);

    case Op::kLoad:
      return uniform ? scalar(AttrKind::kState) : Load(static_cast<ir::StateId>(n.attr), lanes);
    case Op::kLoadPre:
      return LoadPre(static_cast<ir::StateId>(n.attr));
    case Op::kLoadPost:
      return LoadPost(static_cast<ir::StateId>(n.attr));
    case Op::kGather:
    case Op::kPast:
      return ReadElement(n, lanes, v);
    case Op::kStore:
      Store(static_cast<ir::StateId>(n.attr), v[0]);
      return nullptr;
    case Op::kCheck:
      Check(static_cast<ir::StateId>(n.attr), v[0]);
      return nullptr;
#define BNSYN_EXPECT(name, ...) case Op::k##name:
#include "ir/ops.def"
      FailIn(b.CreateAnd(v[0], EmitHasNoResult(b, n.op, v[1], v[v.size() - 1])));
      return nullptr;

    case Op::kWeight:
      return Weight();
    case Op::kDelay:
      return Delay();
    case Op::kIndexPre:
      return IndexPre();
    case Op::kIndexPost:
      return IndexPost();
    case Op::kSetProbability:
    case Op::kSetWeight:
    case Op::kSetDelay:
    case Op::kAccumulate:
    case Op::kAccumulatePre:
    case Op::kStorePre:
    case Op::kStorePost:
    case Op::kRun:
    case Op::kRunOnStep:
    case Op::kRunSums:
    case Op::kDeliver:
      return Fail(absl::StrCat(ir::Info(n.op).name, " cannot stand here"));
    case Op::kUntil:
      GoOnIn(b.CreateNot(v[0]));
      return nullptr;
    case Op::kTake:
      return Take(static_cast<ir::InputId>(n.attr), lanes);
    case Op::kHeld:
      return Held(static_cast<ir::InputId>(n.attr), lanes);
    case Op::kScale:
      return OfPhase(static_cast<ir::InputId>(n.attr),
                     [](const reference::AccumulatorArithmetic& sum, uint32_t phase) {
                       return sum.ScaleAfter(phase);
                     });
    case Op::kSpike:
      Spike(static_cast<ir::PopulationId>(n.attr), v[0]);
      return nullptr;
    case Op::kCount:
      return scalar(AttrKind::kPopulation);
    case Op::kReduce:
      Reduce(static_cast<ir::ReductionId>(n.attr), v[0]);
      return nullptr;
    case Op::kTotal:
      return scalar(AttrKind::kReduction);
  }
  return nullptr;
}

// Nodes that a kind of code does not have.
llvm::Value* BlockEmitter::ElementIndex(int) { return Fail("index cannot stand here"); }
llvm::Value* BlockEmitter::RandomBits(uint32_t, uint32_t, int) {
  return Fail("a draw cannot stand here");
}
llvm::Value* BlockEmitter::Load(ir::StateId, int) { return Fail("load cannot stand here"); }
llvm::Value* BlockEmitter::LoadPre(ir::StateId) { return Fail("load_pre cannot stand here"); }
llvm::Value* BlockEmitter::LoadPost(ir::StateId) { return Fail("load_post cannot stand here"); }
void BlockEmitter::Store(ir::StateId, llvm::Value*) { Fail("store cannot stand here"); }
void BlockEmitter::Check(ir::StateId, llvm::Value*) { Fail("check cannot stand here"); }
void BlockEmitter::FailIn(llvm::Value*) { Fail("an expectation cannot stand here"); }
void BlockEmitter::GoOnIn(llvm::Value*) { Fail("until cannot stand here"); }
llvm::Value* BlockEmitter::IndexPre() { return Fail("index_pre cannot stand here"); }
llvm::Value* BlockEmitter::IndexPost() { return Fail("index_post cannot stand here"); }
llvm::Value* BlockEmitter::Weight() { return Fail("weight cannot stand here"); }
llvm::Value* BlockEmitter::Delay() { return Fail("delay cannot stand here"); }
llvm::Value* BlockEmitter::Take(ir::InputId, int) { return Fail("take cannot stand here"); }
llvm::Value* BlockEmitter::Held(ir::InputId, int) { return Fail("held cannot stand here"); }
void BlockEmitter::Spike(ir::PopulationId, llvm::Value*) { Fail("spike cannot stand here"); }
void BlockEmitter::Reduce(ir::ReductionId, llvm::Value*) { Fail("reduce cannot stand here"); }

}  // namespace bnsyn::compiler
