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

template <typename Sum, typename Target>
void AddUnits(const Target* targets, size_t size, const RowCall::Term& term, size_t first) {
  Sum* const sums = static_cast<Sum*>(term.sums) + first;
  const auto units = static_cast<Sum>(term.units);
  ForEach(size, [=](size_t i) { sums[targets[i]] = static_cast<Sum>(sums[targets[i]] + units); });
}

template <typename Target>
void AddSame(const Target* targets, size_t size, const RowCall::Term& term, size_t first) {
  switch (term.sum_bytes) {
    case sizeof(int16_t):
      return AddUnits<int16_t>(targets, size, term, first);
    case sizeof(int32_t):
      return AddUnits<int32_t>(targets, size, term, first);
    default:
      return AddUnits<int64_t>(targets, size, term, first);
  }
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

// Asks for the lines of rows, one after the other.
class RowDelivery::Ahead {
 public:
  Ahead(absl::Span<const Row> rows, size_t entry_bytes)
      : row_(rows.data()), rows_end_(rows.data() + rows.size()), entry_bytes_(entry_bytes) {}

  void Ask(size_t lines) {
    for (; lines > 0; --lines) {
      if (line_ >= row_end_) {
        if (row_ == rows_end_) return;
        line_ = row_->entries;
        row_end_ = line_ + row_->size * entry_bytes_;
        ++row_;
      }
      __builtin_prefetch(line_);
      line_ += kCacheLine;
    }
  }

 private:
  const Row* row_;  // the next one
  const Row* const rows_end_;
  const size_t entry_bytes_;
  const char* line_ = nullptr;  // the next to ask for
  const char* row_end_ = nullptr;
};

template <typename Target, typename Weight>
void RowDelivery::Run() {
  const size_t entry_bytes = call_.block->entry_bytes();
  Ahead ahead(absl::MakeConstSpan(rows_).first(listed_), entry_bytes);
  ahead.Ask(kAhead);
  for (size_t r = 0; r < listed_; ++r) {
    const Row& row = rows_[r];
    const auto* const targets = reinterpret_cast<const Target*>(row.entries);
    const size_t first = call_.block->FirstOfBlock(row.block);
    ahead.Ask(1);  // a row begins and ends within a line
    for (size_t i = 0; i < row.size; i += kChunk) {
      ahead.Ask(kChunk * entry_bytes / kCacheLine);
      const size_t size = std::min(kChunk, row.size - i);
      if constexpr (std::is_void_v<Weight>) {
        for (const RowCall::Term& term : call_.terms) {
          AddSame(targets + i, size, term, first);
        }
      } else {
        const char* const weights = row.entries + row.size * sizeof(Target);
        AddEach<Weight>(targets + i, weights + i * sizeof(Weight), size,
                        static_cast<int64_t*>(call_.terms[0].sums) + first);
      }
    }
  }
}

}  // namespace bnsyn
