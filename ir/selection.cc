#include "ir/selection.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bnsyn::ir {

// From left to right, the longest range that begins at each number; two neighbours are one, and two
// others are not.
Selection Selection::Of(absl::Span<const uint32_t> numbers) {
  std::vector<NumberRange> ranges;
  for (size_t first = 0; first < numbers.size();) {
    size_t end = first + 1;
    uint32_t stride = 1;
    if (end < numbers.size()) {
      stride = numbers[end] - numbers[first];
      while (end < numbers.size() && numbers[end] - numbers[end - 1] == stride) ++end;
      if (end - first == 2 && stride != 1) end = first + 1;
    }
    if (end - first == 1) stride = 1;
    ranges.push_back({numbers[first], numbers[end - 1] + 1, stride});
    first = end;
  }
  return Selection(std::move(ranges));
}

std::string Selection::Text() const {
  const auto range = [](std::string* out, const NumberRange& r) {
    absl::StrAppend(out, r.begin);
    if (r.size() == 1) return;
    absl::StrAppend(out, ":", r.end);
    if (r.stride != 1) absl::StrAppend(out, ":", r.stride);
  };
  return absl::StrCat("[", absl::StrJoin(ranges_, ", ", range), "]");
}

SelectedNeurons::SelectedNeurons(const Selection& selection, uint32_t population_size)
    : size_(population_size), ranges_(selection.ranges()) {
  if (selection.all()) return;
  size_ = 0;
  for (const NumberRange& range : ranges_) {
    ranks_.push_back(size_);
    size_ += range.size();
  }
  first_ = ranges_[0].begin;
  is_run_ = ranges_.back().last() - first_ + 1 == size_;
}

uint32_t SelectedNeurons::Number(uint32_t rank) const {
  const auto next = std::upper_bound(ranks_.begin(), ranks_.end(), rank);
  const auto at = static_cast<size_t>(next - ranks_.begin()) - 1;
  return ranges_[at].begin + (rank - ranks_[at]) * ranges_[at].stride;
}

uint32_t SelectedNeurons::Below(uint64_t neuron) const {
  const auto next =
      std::lower_bound(ranges_.begin(), ranges_.end(), neuron,
                       [](const NumberRange& range, uint64_t n) { return range.begin < n; });
  if (next == ranges_.begin()) return 0;
  const auto at = static_cast<size_t>(next - ranges_.begin()) - 1;
  const NumberRange& range = ranges_[at];
  const uint64_t within = (neuron - range.begin - 1) / range.stride + 1;
  return ranks_[at] + static_cast<uint32_t>(std::min<uint64_t>(within, range.size()));
}

uint32_t CountCommon(const SelectedNeurons& a, const SelectedNeurons& b) {
  if (a.size() > b.size()) return CountCommon(b, a);
  if (a.is_run_ && a.size() > 0) {
    return b.RankOf(a.first_ + uint64_t{a.size()}) - b.RankOf(a.first_);
  }
  uint32_t count = 0;
  for (uint32_t rank = 0; rank < a.size(); ++rank) count += b.Has(a[rank]) ? 1 : 0;
  return count;
}

}  // namespace bnsyn::ir
