#include "runtime/delivery/row_delivery.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/base/attributes.h"
#include "runtime/memory/buffers.h"

namespace bnsyn {
namespace {

// Prefetches run this many cache lines ahead of the reads; measured on rows of 50 to 1000 synapses
// in memory far larger than the caches.
constexpr size_t kAhead = 32;
// Synapses that are added between two rounds of prefetches.
constexpr size_t kChunk = 32;

// Calls add(first), add(first + 1), ...: unrolled, since a loop takes a fifth longer.
template <typename Add, size_t... i>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void InTurn(Add add, size_t first, std::index_sequence<i...>) {
  (add(first + i), ...);
}

}  // namespace

void RowDelivery::Add(absl::Span<const uint32_t> sources, size_t delay) {
  const SynapseBlock& block = *delivery_.block;
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
  const SynapseBlock& block = *delivery_.block;
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
  if (delivery_.block->target_bits() == 16) {
    RunTargets<uint16_t>();
  } else {
    RunTargets<uint32_t>();
  }
  listed_ = 0;
}

template <typename Target>
void RowDelivery::RunTargets() {
  switch (delivery_.block->form()) {
    case SynapseForm::kConstant:
      return RunConstant<Target>();
    case SynapseForm::kQuanta32:
      return RunWeights<Target, int32_t>();
    case SynapseForm::kQuanta64:
      return RunWeights<Target, int64_t>();
    case SynapseForm::kCode:
      return;  // runs compiled code instead
  }
}

// Prefetches the cache lines of rows, one after the other.
class RowDelivery::Prefetcher {
 public:
  Prefetcher(absl::Span<const Row> rows, size_t entry_bytes)
      : row_(rows.data()), rows_end_(rows.data() + rows.size()), entry_bytes_(entry_bytes) {}

  void Prefetch(size_t lines) {
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
  const Row* row_;  // the next row
  const Row* const rows_end_;
  const size_t entry_bytes_;
  const char* line_ = nullptr;  // the next line
  const char* row_end_ = nullptr;
};

// adder(row)(i) delivers to synapse i of the row.
template <size_t entry_bytes, typename Adder>
void RowDelivery::RunRows(Adder adder) {
  Prefetcher ahead(absl::MakeConstSpan(rows_).first(listed_), entry_bytes);
  ahead.Prefetch(kAhead);
  for (size_t r = 0; r < listed_; ++r) {
    const Row row = rows_[r];
    const auto add = adder(row);
    ahead.Prefetch(1);  // a row may begin and end within a line
    size_t i = 0;
    for (; i + kChunk <= row.size; i += kChunk) {
      ahead.Prefetch(kChunk * entry_bytes / kCacheLine);
      InTurn(add, i, std::make_index_sequence<kChunk>());
    }
    ahead.Prefetch(kChunk * entry_bytes / kCacheLine);
    for (; i + 4 <= row.size; i += 4) {
      InTurn(add, i, std::make_index_sequence<4>());
    }
    for (; i < row.size; ++i) add(i);
  }
}

template <typename Target, typename Sum>
void RowDelivery::RunUnits(const RowTerm& term) {
  const auto units = static_cast<Sum>(term.UnitsAt(step_));
  RunRows<sizeof(Target)>([&, this](const Row& row) {
    const auto* const targets = reinterpret_cast<const Target*>(row.entries);
    Sum* const sums = static_cast<Sum*>(term.sums) + delivery_.block->FirstOfBlock(row.block);
    return [=](size_t i) { sums[targets[i]] = static_cast<Sum>(sums[targets[i]] + units); };
  });
}

template <typename Target>
void RowDelivery::RunConstant() {
  for (const RowTerm& term : delivery_.terms) {
    switch (term.sum_bytes) {
      case sizeof(int16_t):
        RunUnits<Target, int16_t>(term);
        break;
      case sizeof(int32_t):
        RunUnits<Target, int32_t>(term);
        break;
      default:
        RunUnits<Target, int64_t>(term);
    }
  }
}

template <typename Target, typename Weight>
void RowDelivery::RunWeights() {
  RunRows<sizeof(Target) + sizeof(Weight)>([this](const Row& row) {
    const auto* const targets = reinterpret_cast<const Target*>(row.entries);
    const char* const weights = row.entries + row.size * sizeof(Target);
    auto* const sums =
        static_cast<int64_t*>(delivery_.terms[0].sums) + delivery_.block->FirstOfBlock(row.block);
    return [=](size_t i) {
      Weight weight;  // not aligned: rows align targets alone
      std::memcpy(&weight, weights + i * sizeof(Weight), sizeof(Weight));
      sums[targets[i]] += weight;
    };
  });
}

}  // namespace bnsyn
