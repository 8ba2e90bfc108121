#include "runtime/row_delivery.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "runtime/buffers.h"

namespace bnsyn {
namespace {

// Prefetches are issued for as many lines as are read, this many ahead; measured on rows of 50 to
// 1000 synapses in memory far beyond the caches.
constexpr size_t kAhead = 32;
// Synapses between two looks ahead.
constexpr size_t kChunk = 32;

// Four at a time: loops as short as these rows are half overhead otherwise.
template <typename Add>
void ForEach(size_t size, Add add) {
  size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    add(i);
    add(i + 1);
    add(i + 2);
    add(i + 3);
  }
  for (; i < size; ++i) add(i);
}

template <typename Target>
void AddSame(const Target* targets, size_t size, int64_t quanta, int64_t* sums) {
  ForEach(size, [=](size_t i) { sums[targets[i]] += quanta; });
}

template <typename Weight, typename Target>
void AddEach(const Target* targets, const char* weights, size_t size, int64_t* sums) {
  ForEach(size, [=](size_t i) {
    Weight weight;  // rows align targets alone
    std::memcpy(&weight, weights + i * sizeof(Weight), sizeof(Weight));
    sums[targets[i]] += weight;
  });
}

}  // namespace

void RowDelivery::Add(absl::Span<const uint32_t> sources, size_t delay) {
  const SynapseBlock& block = *call_.block;
  const uint64_t slots = block.slots();
  const uint32_t* const rows = block.rows() + delay * block.blocks();
  for (const uint32_t source : sources) {
    if (due_ == index_.size()) ListRows();
    const uint32_t* const row = rows + source * slots;
    __builtin_prefetch(row);
    index_[due_++] = row;
  }
}

void RowDelivery::ListRows() {
  const SynapseBlock& block = *call_.block;
  const uint32_t blocks = block.blocks();
  for (uint32_t b = 0; b < blocks; ++b) {
    for (size_t i = 0; i < due_; ++i) {
      const uint32_t* const row = index_[i];
      const uint32_t begin = row[b];
      const uint32_t end = row[b + 1];
      if (begin == end) continue;
      if (listed_ == rows_.size()) RunListed();
      rows_[listed_++] = {block.entries() + begin * block.entry_bytes(), end - begin, b};
    }
  }
  due_ = 0;
}

void RowDelivery::Finish() {
  ListRows();
  RunListed();
}

void RowDelivery::RunListed() {
  if (call_.block->target_bits() == 16) {
    RunTargets<uint16_t>();
  } else {
    RunTargets<uint32_t>();
  }
  listed_ = 0;
}

template <typename Target>
void RowDelivery::RunTargets() {
  switch (call_.block->form()) {
    case SynapseForm::kShared:
      return Run<Target, void>();
    case SynapseForm::kShort:
      return Run<Target, int32_t>();
    case SynapseForm::kWide:
      return Run<Target, int64_t>();
    case SynapseForm::kFull:
      return;  // by compiled code
  }
}

void RowDelivery::Prefetch(size_t lines) {
  for (; lines > 0; --lines) {
    if (ahead_ >= ahead_end_) {
      if (ahead_row_ == listed_) return;
      const Row& row = rows_[ahead_row_++];
      ahead_ = row.entries;
      ahead_end_ = row.entries + row.size * call_.block->entry_bytes();
    }
    __builtin_prefetch(ahead_);
    ahead_ += kCacheLine;
  }
}

template <typename Target, typename Weight>
void RowDelivery::Run() {
  const size_t lines = kChunk * call_.block->entry_bytes() / kCacheLine;
  ahead_row_ = 0;
  ahead_ = ahead_end_ = nullptr;
  Prefetch(kAhead);
  for (size_t r = 0; r < listed_; ++r) {
    const Row& row = rows_[r];
    const auto* const targets = reinterpret_cast<const Target*>(row.entries);
    const size_t first = call_.block->FirstOfBlock(row.block);
    Prefetch(1);  // a row begins and ends within a line
    for (size_t i = 0; i < row.size; i += kChunk) {
      Prefetch(lines);
      const size_t size = std::min(kChunk, row.size - i);
      if constexpr (std::is_void_v<Weight>) {
        for (const RowCall::Term& term : call_.terms) {
          AddSame(targets + i, size, term.quanta, term.sums + first);
        }
      } else {
        const char* const weights = row.entries + row.size * sizeof(Target);
        AddEach<Weight>(targets + i, weights + i * sizeof(Weight), size,
                        call_.terms[0].sums + first);
      }
    }
  }
}

}  // namespace bnsyn
