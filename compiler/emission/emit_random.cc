#include "compiler/emission/emit_random.h"

#include <array>
#include <vector>

#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "reference/philox.h"

namespace bnsyn::compiler {
namespace {

// The constants of Philox4x32-10.
constexpr uint64_t kMultiplier0 = 0xD2511F53;
constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr uint64_t kWeyl0 = 0x9E3779B9;
constexpr uint64_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;
// Counters side by side differ in their first word alone: in the first rounds, most is the same for
// all of them, and computed once where the rounds stand straight before the loop.
constexpr int kStraightRounds = 2;

using Words = std::array<llvm::Value*, 4>;

// One round of a block a lane. Words are 64-bit integers of which the low half counts: so that a
// product of two is one instruction in each lane and its high half a shift.
Words EmitRound(llvm::IRBuilder<>& builder, const Words& word, llvm::Value* key0,
                llvm::Value* key1) {
  const auto product = [&](llvm::Value* w, uint64_t multiplier) {
    return builder.CreateMul(builder.CreateAnd(w, ConstantLike(w, builder.getInt64(0xffffffff))),
                             ConstantLike(w, builder.getInt64(multiplier)));
  };
  const auto high = [&](llvm::Value* p) { return builder.CreateLShr(p, 32); };
  llvm::Value* const product0 = product(word[0], kMultiplier0);
  llvm::Value* const product1 = product(word[2], kMultiplier1);
  // What does not wait for the products comes together first.
  llvm::Value* const other0 = builder.CreateXor(word[1], key0);
  llvm::Value* const other1 = builder.CreateXor(word[3], key1);
  return {builder.CreateXor(high(product1), other0), product1,
          builder.CreateXor(high(product0), other1), product0};
}

// The ten rounds of several counters side by side, most as a loop: straight code would take longer
// to compile than most networks run it.
std::vector<Words> EmitRounds(llvm::IRBuilder<>& builder, const std::vector<Words>& counters,
                              llvm::Value* seed) {
  llvm::Function* const function = builder.GetInsertBlock()->getParent();
  llvm::BasicBlock* const before = builder.GetInsertBlock();
  auto* loop = llvm::BasicBlock::Create(builder.getContext(), "round", function);
  auto* after = llvm::BasicBlock::Create(builder.getContext(), "rounds_done", function);
  const auto variable = [&](llvm::Value* first) {
    llvm::PHINode* const phi = builder.CreatePHI(first->getType(), 2);
    phi->addIncoming(first, before);
    return phi;
  };
  // Keys go through the rounds as vectors: a splat for each would cost more than the round's own
  // arithmetic. What overflows into the upper halves does not count.
  const int lanes = LanesOf(counters[0][0]);
  llvm::Value* first_key0 = Splat(builder, seed, lanes);
  llvm::Value* first_key1 = Splat(builder, builder.CreateLShr(seed, 32), lanes);
  const auto advanced = [&](llvm::Value* key, uint64_t weyl) {
    return builder.CreateAdd(key, ConstantLike(key, builder.getInt64(weyl)));
  };
  std::vector<Words> first_words = counters;
  for (int round = 0; round < kStraightRounds; ++round) {
    for (Words& words : first_words) words = EmitRound(builder, words, first_key0, first_key1);
    first_key0 = advanced(first_key0, kWeyl0);
    first_key1 = advanced(first_key1, kWeyl1);
  }
  builder.CreateBr(loop);

  builder.SetInsertPoint(loop);
  llvm::PHINode* const round = variable(builder.getInt32(kStraightRounds));
  llvm::PHINode* const key0 = variable(first_key0);
  llvm::PHINode* const key1 = variable(first_key1);
  std::vector<std::array<llvm::PHINode*, 4>> words;
  for (const Words& counter : first_words) {
    words.push_back(
        {variable(counter[0]), variable(counter[1]), variable(counter[2]), variable(counter[3])});
  }
  std::vector<Words> results;
  for (const auto& word : words) {
    results.push_back(EmitRound(builder, {word[0], word[1], word[2], word[3]}, key0, key1));
    for (size_t i = 0; i < 4; ++i) word[i]->addIncoming(results.back()[i], loop);
  }
  llvm::Value* const next = builder.CreateAdd(round, builder.getInt32(1));
  round->addIncoming(next, loop);
  key0->addIncoming(advanced(key0, kWeyl0), loop);
  key1->addIncoming(advanced(key1, kWeyl1), loop);
  builder.CreateCondBr(builder.CreateICmpULT(next, builder.getInt32(kRounds)), loop, after);
  builder.SetInsertPoint(after);
  return results;
}

// The counter of `block` (i64), in `lanes` lanes that count on from it.
Words EmitCounter(llvm::IRBuilder<>& builder, int lanes, llvm::Value* block,
                  const DrawPoint& point) {
  llvm::Type* const i64 = builder.getInt64Ty();
  llvm::Value* const draw = builder.CreateZExt(point.draw, i64);
  llvm::Value* const step_and_draw =
      builder.CreateOr(builder.CreateShl(builder.CreateLShr(point.step, 32), 16), draw);
  llvm::Value* const lane = builder.CreateZExt(Iota(builder, lanes), Widened(i64, lanes));
  return {builder.CreateAdd(Splat(builder, block, lanes), lane), Splat(builder, point.step, lanes),
          Splat(builder, step_and_draw, lanes),
          Splat(builder, builder.CreateZExt(point.stream, i64), lanes)};
}

// A function of this module that only its kernels call. Kept out of line: it is shared, and called
// once for many elements.
llvm::Function* Declare(llvm::Module& module, const char* name, llvm::FunctionType* type) {
  auto* function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module);
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::NoInline);
  return function;
}

DrawPoint PointFromArguments(llvm::Function* function, unsigned first) {
  return {function->getArg(first), function->getArg(first + 1), function->getArg(first + 2),
          function->getArg(first + 3)};
}

llvm::Function* GroupFunction(llvm::Module& module, int native_lanes) {
  constexpr char kName[] = "bnsyn.random_group";
  if (llvm::Function* function = module.getFunction(kName)) return function;
  llvm::LLVMContext& context = module.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::Type* const i32 = builder.getInt32Ty();
  llvm::Type* const i64 = builder.getInt64Ty();
  llvm::Function* const function =
      Declare(module, kName,
              llvm::FunctionType::get(builder.getVoidTy(),
                                      {builder.getPtrTy(), i64, i32, i32, i64, i64}, false));
  function->setOnlyAccessesArgMemory();
  function->addParamAttr(0, llvm::Attribute::NoCapture);
  function->addParamAttr(0, llvm::Attribute::WriteOnly);

  // Two vectors at a time hide the latency of the multiplications and still fit the registers.
  constexpr uint64_t kVectors = 2;
  const auto lanes = static_cast<uint64_t>(native_lanes);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", function));
  llvm::Value* const buffer = function->getArg(0);
  llvm::Value* const group =
      builder.CreateUDiv(function->getArg(1), builder.getInt64(reference::kRandomGroup));
  llvm::Value* const first_block =
      builder.CreateMul(group, builder.getInt64(reference::kRandomLanes));
  llvm::BasicBlock* const before = builder.GetInsertBlock();
  auto* loop = llvm::BasicBlock::Create(context, "blocks", function);
  auto* done = llvm::BasicBlock::Create(context, "done", function);
  builder.CreateBr(loop);

  builder.SetInsertPoint(loop);
  llvm::PHINode* const offset = builder.CreatePHI(i64, 2);
  std::vector<Words> counters;
  for (uint64_t vector = 0; vector < kVectors; ++vector) {
    llvm::Value* const block =
        builder.CreateAdd(builder.CreateAdd(first_block, offset), builder.getInt64(vector * lanes));
    counters.push_back(EmitCounter(builder, native_lanes, block, PointFromArguments(function, 2)));
  }
  const std::vector<Words> words = EmitRounds(builder, counters, function->getArg(5));
  // Stores are of whole registers: of the low halves of two vectors, side by side.
  llvm::Type* const halves = Widened(i32, 2 * native_lanes);
  std::vector<int> low_halves;
  for (int lane = 0; lane < 2 * native_lanes; ++lane) low_halves.push_back(2 * lane);
  for (uint64_t word = 0; word < 4; ++word) {
    llvm::Value* const both =
        builder.CreateShuffleVector(builder.CreateBitCast(words[0][word], halves),
                                    builder.CreateBitCast(words[1][word], halves), low_halves);
    llvm::Value* const index =
        builder.CreateAdd(offset, builder.getInt64(word * reference::kRandomLanes));
    builder.CreateAlignedStore(both, builder.CreateInBoundsGEP(i32, buffer, index),
                               llvm::Align(8 * lanes));
  }
  llvm::Value* const next = builder.CreateAdd(offset, builder.getInt64(kVectors * lanes));
  offset->addIncoming(builder.getInt64(0), before);
  offset->addIncoming(next, builder.GetInsertBlock());
  builder.CreateCondBr(builder.CreateICmpULT(next, builder.getInt64(reference::kRandomLanes)), loop,
                       done);
  builder.SetInsertPoint(done);
  builder.CreateRetVoid();
  return function;
}

llvm::Function* UniformFunction(llvm::Module& module) {
  constexpr char kName[] = "bnsyn.random_uniform";
  if (llvm::Function* function = module.getFunction(kName)) return function;
  llvm::LLVMContext& context = module.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::Type* const i32 = builder.getInt32Ty();
  llvm::Type* const i64 = builder.getInt64Ty();
  llvm::Function* const function =
      Declare(module, kName, llvm::FunctionType::get(i32, {i32, i32, i64, i64}, false));
  function->setDoesNotAccessMemory();
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", function));
  const std::vector<Words> words = EmitRounds(
      builder, {EmitCounter(builder, 1, builder.getInt64(0), PointFromArguments(function, 0))},
      function->getArg(3));
  builder.CreateRet(builder.CreateTrunc(words[0][0], i32));
  return function;
}

}  // namespace

void EmitRandomGroup(llvm::IRBuilder<>& builder, int native_lanes, llvm::Value* buffer,
                     llvm::Value* first_element, const DrawPoint& point) {
  llvm::Module& module = *builder.GetInsertBlock()->getModule();
  builder.CreateCall(GroupFunction(module, native_lanes),
                     {buffer, first_element, point.stream, point.draw, point.step, point.seed});
}

llvm::Value* EmitRandomUniform(llvm::IRBuilder<>& builder, const DrawPoint& point) {
  llvm::Module& module = *builder.GetInsertBlock()->getModule();
  return builder.CreateCall(UniformFunction(module),
                            {point.stream, point.draw, point.step, point.seed});
}

}  // namespace bnsyn::compiler
