// Some of the neurons of a population, as ranges of their numbers. In the text of a program:
//
//   [0:50]            0 to 49
//   [0:100:2, 150]    0, 2, ..., 98, and 150
#ifndef BNSYN_IR_SELECTION_H_
#define BNSYN_IR_SELECTION_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace bnsyn::ir {

// The numbers begin, begin + stride, ... below `end`.
struct NumberRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t stride = 1;

  bool is_sound() const { return begin < end && stride > 0; }
  // Of a sound range.
  uint32_t size() const { return (end - begin - 1) / stride + 1; }
  uint32_t last() const { return begin + (size() - 1) * stride; }
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

// A selection without ranges stands for all neurons, however many there are.
class Selection {
 public:
  Selection() = default;
  // Each range must be sound, and begin behind the one before it.
  explicit Selection(std::vector<NumberRange> ranges) : ranges_(std::move(ranges)) {}
  // The numbers, which ascend, in the ranges that a reader would write.
  static Selection Of(absl::Span<const uint32_t> numbers);

  bool all() const { return ranges_.empty(); }
  const std::vector<NumberRange>& ranges() const { return ranges_; }
  // "[0:50]"; not of one that stands for all.
  std::string Text() const;
  friend bool operator==(const Selection&, const Selection&) = default;

 private:
  std::vector<NumberRange> ranges_;
};

// A selection among the neurons [0, size) of a population. Those selected have ranks 0, 1, ... in
// the order of their numbers.
class SelectedNeurons {
 public:
  SelectedNeurons(const Selection& selection, uint32_t population_size);

  uint32_t size() const { return size_; }
  bool Has(uint32_t neuron) const {
    return is_run_ ? neuron - first_ < size_ : RankOf(neuron + uint64_t{1}) > RankOf(neuron);
  }
  // The number of the neuron of this rank.
  uint32_t operator[](uint32_t rank) const { return is_run_ ? first_ + rank : Number(rank); }
  // How many selected neurons have a number below this one: its rank, if it is selected.
  uint32_t RankOf(uint64_t neuron) const {
    if (!is_run_) return Below(neuron);
    return neuron <= first_
               ? 0
               : static_cast<uint32_t>(neuron - first_ < size_ ? neuron - first_ : uint64_t{size_});
  }

 private:
  friend uint32_t CountCommon(const SelectedNeurons& a, const SelectedNeurons& b);

  uint32_t Number(uint32_t rank) const;
  uint32_t Below(uint64_t neuron) const;

  bool is_run_ = true;  // of neighbours, from first_ on
  uint32_t first_ = 0;
  uint32_t size_ = 0;
  std::vector<NumberRange> ranges_;
  std::vector<uint32_t> ranks_;  // of the first number of each range
};

// How many neurons both have.
uint32_t CountCommon(const SelectedNeurons& a, const SelectedNeurons& b);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_SELECTION_H_
