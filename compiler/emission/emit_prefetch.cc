// What code of synapses prefetches. Rows are read once and lie anywhere in memory, so that each
// begins with a cache miss; so does each synapse of a row by target.
#include <algorithm>
#include <cstddef>

#include "compiler/emission/deliver_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

namespace bnsyn::compiler {

using ir::AttrKind;

namespace {

constexpr uint64_t kLineBytes = 64;

// Spikes between the prefetch of a row and its use; measured on rows of 100 to 1000 synapses.
constexpr uint64_t kRowsAhead = 4;
// Of a row at most. The processor prefetches the rest by itself.
constexpr uint64_t kLinesOfRow = 16;
// Of synapses that lie anywhere, values are prefetched for the next spike, of so many at most: rows
// of 1000 synapses (brunel-stdp.toml) lose by it, since their loads wait for memory together
// anyway.
constexpr uint64_t kMostScattered = 128;

}  // namespace

void DeliverEmitter::Prefetch(llvm::Value* array, llvm::Type* type, llvm::Value* index) {
  constexpr int kRead = 0, kKeep = 3, kData = 1;
  builder_.CreateIntrinsic(
      llvm::Intrinsic::prefetch, {builder_.getPtrTy()},
      {builder_.CreateInBoundsGEP(type, array, index), builder_.getInt32(kRead),
       builder_.getInt32(kKeep), builder_.getInt32(kData)});
}

std::vector<DeliverEmitter::Column> DeliverEmitter::OwnColumns() {
  std::vector<Column> columns;
  for (size_t slot = 0; slot < block_.slots.size(); ++slot) {
    if (block_.slots[slot].kind != AttrKind::kState) continue;
    const ir::Type type = program_.states[block_.slots[slot].index].type;
    if (type.domain != block_.domain) continue;
    columns.push_back({slots_[slot], MemoryType(builder_.getContext(), type.element)});
  }
  const bool weighs = std::any_of(block_.nodes.begin(), block_.nodes.end(),
                                  [](const ir::Node& n) { return n.op == ir::Op::kWeight; });
  if (weighs && OwnWeights()) columns.push_back({weights_, builder_.getDoubleTy()});
  return columns;
}

void DeliverEmitter::ForEntries(llvm::Value* first, llvm::Value* end, uint64_t step,
                                absl::FunctionRef<void(llvm::Value*)> use) {
  llvm::BasicBlock* const before = builder_.GetInsertBlock();
  llvm::BasicBlock* const loop = NewBasicBlock("prefetch");
  llvm::BasicBlock* const done = NewBasicBlock("prefetched");
  builder_.CreateCondBr(builder_.CreateICmpULT(first, end), loop, done);
  builder_.SetInsertPoint(loop);
  llvm::PHINode* const k = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  use(k);
  llvm::Value* const next = builder_.CreateNUWAdd(k, builder_.getInt64(step));
  k->addIncoming(first, before);
  k->addIncoming(next, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpULT(next, end), loop, done);
  builder_.SetInsertPoint(done);
}

DeliverEmitter::Row DeliverEmitter::RowOfSpike(llvm::Value* spikes, llvm::Value* i, uint64_t most) {
  llvm::Value* const neuron =
      builder_.CreateZExt(LoadElement(builder_.getInt32Ty(), spikes, i), builder_.getInt64Ty());
  const auto [first, last] = LoadRow(neuron);
  llvm::Value* const end = builder_.CreateAdd(first, builder_.getInt64(most));
  return {first, builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, last, end)};
}

void DeliverEmitter::PrefetchFirst(llvm::Value* spikes, llvm::Value* spike_count) {
  llvm::Value* const rows = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, spike_count,
                                                           builder_.getInt64(kRowsAhead));
  ForEntries(builder_.getInt64(0), rows, 1, [&](llvm::Value* i) { PrefetchRow(spikes, i); });
  if (by_target_) PrefetchSynapses(spikes, builder_.getInt64(0));
}

void DeliverEmitter::PrefetchLater(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count) {
  llvm::Value* const last = builder_.CreateSub(spike_count, builder_.getInt64(1));
  const auto later = [&](uint64_t ahead) {
    return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::umin, last,
                                          builder_.CreateAdd(i, builder_.getInt64(ahead)));
  };
  PrefetchRow(spikes, later(kRowsAhead));
  if (by_target_) PrefetchSynapses(spikes, later(1));
}

void DeliverEmitter::PrefetchRow(llvm::Value* spikes, llvm::Value* i) {
  llvm::Type* const i32 = builder_.getInt32Ty();
  constexpr uint64_t kLine = kLineBytes / sizeof(uint32_t);
  const auto [first, end] = RowOfSpike(spikes, i, kLinesOfRow * kLine);
  ForEntries(first, end, kLine, [&](llvm::Value* k) {
    Prefetch(others_, i32, k);
    if (by_target_) {
      Prefetch(synapses_, i32, k);
      return;
    }
    for (const Column& column : OwnColumns()) {
      const uint64_t bytes = column.type->getScalarSizeInBits() / 8;
      for (uint64_t entry = 0; entry < kLine; entry += kLineBytes / bytes) {
        Prefetch(column.array, column.type, builder_.CreateAdd(k, builder_.getInt64(entry)));
      }
    }
  });
}

void DeliverEmitter::PrefetchSynapses(llvm::Value* spikes, llvm::Value* i) {
  const std::vector<Column> columns = OwnColumns();
  if (columns.empty()) return;
  const auto [first, end] = RowOfSpike(spikes, i, kMostScattered);
  ForEntries(first, end, 1, [&](llvm::Value* k) {
    llvm::Value* const synapse = builder_.CreateZExt(
        LoadElement(builder_.getInt32Ty(), synapses_, k), builder_.getInt64Ty());
    for (const Column& column : columns) Prefetch(column.array, column.type, synapse);
  });
}

}  // namespace bnsyn::compiler
