#include "compiler/emission/emit_random.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/emission/emit_ops.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "reference/philox.h"
#include "reference/philox_rounds.h"

namespace bnsyn::compiler {
namespace {

namespace philox = reference::philox;

// Counters side by side differ in their first word alone: the first rounds are mostly the same for
// all of them, and are computed once if they stand straight before the loop.
constexpr int kStraightRounds = 2;

// A word of Philox in each lane, with the operators that its rounds need.
class Word {
 public:
  Word() = default;
  Word(llvm::IRBuilder<>& builder, llvm::Value* value) : builder_(&builder), value_(value) {}

  llvm::Value* value() const { return value_; }

  Word operator*(uint64_t b) const { return Make(builder_->CreateMul(value_, Constant(b))); }
  Word operator&(uint64_t b) const { return Make(builder_->CreateAnd(value_, Constant(b))); }
  Word operator+(uint64_t b) const { return Make(builder_->CreateAdd(value_, Constant(b))); }
  Word operator>>(uint64_t places) const { return Make(builder_->CreateLShr(value_, places)); }
  Word operator^(const Word& b) const { return Make(builder_->CreateXor(value_, b.value_)); }

 private:
  Word Make(llvm::Value* value) const { return {*builder_, value}; }
  llvm::Constant* Constant(uint64_t number) const {
    return ConstantLike(value_, builder_->getInt64(number));
  }

  llvm::IRBuilder<>* builder_ = nullptr;
  llvm::Value* value_ = nullptr;
};
using Words = philox::Words<Word>;
using Key = philox::Key<Word>;

// The ten rounds of several counters side by side, most of them as a loop: straight code would take
// longer to compile than most networks run it.
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
  const auto carry = [&](const Word& phi, const Word& next) {
    llvm::cast<llvm::PHINode>(phi.value())->addIncoming(next.value(), loop);
  };
  // Keys go through the rounds as vectors: a splat for each would cost more than the round's own
  // arithmetic.
  const int lanes = LanesOf(counters[0][0].value());
  Key first_key;
  if (LanesOf(seed) != lanes) seed = Splat(builder, seed, lanes);
  first_key[0] = {builder, seed};
  first_key[1] = {builder, builder.CreateLShr(seed, 32)};
  std::vector<Words> first_words = counters;
  for (int round = 0; round < kStraightRounds; ++round) {
    for (Words& words : first_words) words = philox::Round(words, first_key);
    first_key = philox::Next(first_key);
  }
  builder.CreateBr(loop);

  builder.SetInsertPoint(loop);
  llvm::PHINode* const round = variable(builder.getInt32(kStraightRounds));
  Key key;
  for (size_t i = 0; i < key.size(); ++i) key[i] = {builder, variable(first_key[i].value())};
  std::vector<Words> words = first_words;
  for (Words& block : words) {
    for (Word& word : block) word = {builder, variable(word.value())};
  }
  std::vector<Words> results;
  for (const Words& block : words) {
    results.push_back(philox::Round(block, key));
    for (size_t i = 0; i < block.size(); ++i) carry(block[i], results.back()[i]);
  }
  llvm::Value* const next = builder.CreateAdd(round, builder.getInt32(1));
  round->addIncoming(next, loop);
  const Key next_key = philox::Next(key);
  for (size_t i = 0; i < key.size(); ++i) carry(key[i], next_key[i]);
  builder.CreateCondBr(builder.CreateICmpULT(next, builder.getInt32(philox::kRounds)), loop, after);
  builder.SetInsertPoint(after);
  return results;
}

// The counters of `lanes` blocks from `block` (i64) on, one in each lane.
Words EmitCounter(llvm::IRBuilder<>& builder, int lanes, llvm::Value* block,
                  const DrawPoint& point) {
  llvm::Type* const i64 = builder.getInt64Ty();
  llvm::Value* const draw = builder.CreateZExt(point.draw, i64);
  llvm::Value* const step_and_draw =
      builder.CreateOr(builder.CreateShl(builder.CreateLShr(point.step, 32), 16), draw);
  llvm::Value* const lane = builder.CreateZExt(Iota(builder, lanes), Widened(i64, lanes));
  const auto word = [&](llvm::Value* value) { return Word(builder, value); };
  return {word(builder.CreateAdd(Splat(builder, block, lanes), lane)),
          word(Splat(builder, point.step, lanes)), word(Splat(builder, step_and_draw, lanes)),
          word(Splat(builder, builder.CreateZExt(point.stream, i64), lanes))};
}

// Declares a function that only kernels of this module call. It is not inlined: kernels share it
// and call it once for many elements.
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
  // One store writes a whole register: the low halves of two vectors, side by side.
  llvm::Type* const halves = Widened(i32, 2 * native_lanes);
  std::vector<int> low_halves;
  for (int lane = 0; lane < 2 * native_lanes; ++lane) low_halves.push_back(2 * lane);
  for (uint64_t word = 0; word < 4; ++word) {
    llvm::Value* const both = builder.CreateShuffleVector(
        builder.CreateBitCast(words[0][word].value(), halves),
        builder.CreateBitCast(words[1][word].value(), halves), low_halves);
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
  builder.CreateRet(builder.CreateTrunc(words[0][0].value(), i32));
  return function;
}

llvm::Function* PhiloxFunction(llvm::Module& module, int lanes) {
  const std::string name = absl::StrCat("bnsyn.philox", lanes);
  if (llvm::Function* function = module.getFunction(name)) return function;
  llvm::LLVMContext& context = module.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::Type* const words_type = Widened(builder.getInt64Ty(), lanes);
  llvm::StructType* const result = llvm::StructType::get(context, {words_type, words_type});
  const std::vector<llvm::Type*> parameters(5, words_type);
  llvm::Function* const function =
      Declare(module, name.c_str(), llvm::FunctionType::get(result, parameters, false));
  function->setDoesNotAccessMemory();
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", function));
  Words counter;
  for (unsigned i = 0; i < 4; ++i) counter[i] = Word(builder, function->getArg(i));
  const Words words = EmitRounds(builder, {counter}, function->getArg(4))[0];
  const auto both = [&](size_t low) {
    return builder.CreateOr((words[low] & philox::kLowHalf).value(),
                            builder.CreateShl(words[low + 1].value(), 32));
  };
  llvm::Value* pair = llvm::PoisonValue::get(result);
  pair = builder.CreateInsertValue(pair, both(0), 0);
  builder.CreateRet(builder.CreateInsertValue(pair, both(2), 1));
  return function;
}

}  // namespace

std::pair<llvm::Value*, llvm::Value*> EmitPhilox(llvm::IRBuilder<>& builder,
                                                 const std::array<llvm::Value*, 4>& counter,
                                                 llvm::Value* key) {
  std::vector<llvm::Value*> arguments(counter.begin(), counter.end());
  arguments.push_back(key);
  int lanes = 1;
  for (const llvm::Value* argument : arguments) lanes = std::max(lanes, LanesOf(argument));
  for (llvm::Value*& argument : arguments) {
    if (LanesOf(argument) != lanes) argument = Splat(builder, argument, lanes);
  }
  llvm::Module& module = *builder.GetInsertBlock()->getModule();
  llvm::Value* const words = builder.CreateCall(PhiloxFunction(module, lanes), arguments);
  return {builder.CreateExtractValue(words, 0), builder.CreateExtractValue(words, 1)};
}

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
