#include "runtime/row_delivery.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "runtime/buffers.h"

namespace bnsyn {

void RowDelivery::Add(absl::Span<const uint32_t> sources, size_t delay) {
  const SynapseBlock& block = *call_.block;
  const uint32_t blocks = block.blocks();
  const uint64_t slots = block.slots();
  const uint32_t* const rows = block.rows() + delay * blocks;
  for (const uint32_t source : sources) {
    const uint32_t* const row = rows + source * slots;
    for (uint32_t b = 0; b < blocks; ++b) {
      const uint32_t begin = row[b];
      const uint32_t end = row[b + 1];
      if (begin == end) continue;
      if (listed_ == rows_.size()) Finish();
      rows_[listed_++] = {block.entries() + begin * block.entry_bytes(), end - begin, b};
    }
  }
}

void RowDelivery::Finish() {
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

void RowDelivery::Prefetch(size_t row) const {
  if (row >= listed_) return;
  constexpr size_t kMost = 12 * kCacheLine;  // the machine foresees the rest by itself
  const size_t bytes = std::min(kMost, rows_[row].size * call_.block->entry_bytes());
  const char* const entries = rows_[row].entries;
  for (size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(entries + at);
  __builtin_prefetch(entries + bytes - 1);
}

template <typename Target, typename Weight>
void RowDelivery::Run() {
  constexpr size_t kAhead = 8;  // rows; measured on rows of 50 to 1000 synapses
  for (size_t row = 0; row < std::min(kAhead, listed_); ++row) Prefetch(row);
  for (size_t row = 0; row < listed_; ++row) {
    Prefetch(row + kAhead);
    const auto* const targets = reinterpret_cast<const Target*>(rows_[row].entries);
    const size_t size = rows_[row].size;
    // Blocks are of 2^16 sums; where targets have 32 bits there is one.
    const size_t first = size_t{rows_[row].block} << 16;
    if constexpr (std::is_void_v<Weight>) {
      for (const RowCall::Term& term : call_.terms) {
        int64_t* const sums = term.sums + first;
        const int64_t quanta = term.quanta;
        for (size_t i = 0; i < size; ++i) sums[targets[i]] += quanta;
      }
    } else {
      int64_t* const sums = call_.terms[0].sums + first;
      const char* weights = rows_[row].entries + size * sizeof(Target);
      for (size_t i = 0; i < size; ++i, weights += sizeof(Weight)) {
        Weight weight;  // rows align targets alone
        std::memcpy(&weight, weights, sizeof(Weight));
        sums[targets[i]] += weight;
      }
    }
  }
}

}  // namespace bnsyn
