#include "reference/synapse_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace bnsyn::reference {

SynapseTable::SynapseTable(const ir::Program& program, ir::ProjectionId projection,
                           SynapseRows rows)
    : targets_(std::move(rows.targets)),
      weights_(std::move(rows.weights)),
      delays_(std::move(rows.delays)),
      begin_(std::move(rows.begin)) {
  const ir::Projection& declared = program.projections[projection];
  if (!program.HasOwnWeights(projection)) weights_ = {declared.weight};
  if (!program.HasOwnDelays(projection)) delays_ = {declared.delay};
  for (uint32_t source = 0; source + size_t{1} < begin_.size(); ++source) {
    sources_.resize(begin_[source + size_t{1}], source);
  }
  distinct_delays_ = delays_;
  std::sort(distinct_delays_.begin(), distinct_delays_.end());
  distinct_delays_.erase(std::unique(distinct_delays_.begin(), distinct_delays_.end()),
                         distinct_delays_.end());
  by_delay_.resize(targets_.size());
  std::iota(by_delay_.begin(), by_delay_.end(), 0);
  if (program.FindSynaptic(ir::BlockKind::kOnPost, projection) != nullptr) {
    by_target_ = by_delay_;
    std::stable_sort(by_target_.begin(), by_target_.end(),
                     [this](uint64_t a, uint64_t b) { return target(a) < target(b); });
    onto_begin_.assign(program.populations[declared.target].size + size_t{1}, 0);
    for (const uint32_t target : targets_) ++onto_begin_[target + size_t{1}];
    std::partial_sum(onto_begin_.begin(), onto_begin_.end(), onto_begin_.begin());
  }
  if (distinct_delays_.size() < 2) return;
  for (size_t row = 0; row + 1 < begin_.size(); ++row) {
    std::stable_sort(by_delay_.begin() + static_cast<ptrdiff_t>(begin_[row]),
                     by_delay_.begin() + static_cast<ptrdiff_t>(begin_[row + 1]),
                     [this](uint64_t a, uint64_t b) { return delay(a) < delay(b); });
  }
}

absl::Span<const uint64_t> SynapseTable::Of(uint32_t source, uint32_t delay) const {
  const uint64_t* const begin = by_delay_.data() + begin_[source];
  const uint64_t* const end = by_delay_.data() + begin_[source + size_t{1}];
  const uint64_t* const first = std::partition_point(
      begin, end, [&](uint64_t synapse) { return this->delay(synapse) < delay; });
  const uint64_t* const last = std::partition_point(
      first, end, [&](uint64_t synapse) { return this->delay(synapse) == delay; });
  return absl::MakeConstSpan(first, static_cast<size_t>(last - first));
}

absl::Span<const uint64_t> SynapseTable::From(uint32_t source) const {
  const uint64_t begin = begin_[source];
  return absl::MakeConstSpan(by_delay_).subspan(begin, begin_[source + size_t{1}] - begin);
}

absl::Span<const uint64_t> SynapseTable::Onto(uint32_t target) const {
  const uint64_t begin = onto_begin_[target];
  return absl::MakeConstSpan(by_target_).subspan(begin, onto_begin_[target + size_t{1}] - begin);
}

}  // namespace bnsyn::reference
