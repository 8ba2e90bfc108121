// Finds the range of every value of a block before the program runs, by interval arithmetic.
//
//   const std::vector<Range> ranges = FindRanges(program, block, {.weight = {0, 2}});
//   if (ranges[id].bounded()) ...
#ifndef BNSYN_COMPILER_ANALYSIS_VALUE_RANGE_H_
#define BNSYN_COMPILER_ANALYSIS_VALUE_RANGE_H_

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// A value lies in [least, greatest], or is NaN if `nan` is set. Integers and truth values (0 and 1)
// are written as the same numbers.
struct Range {
  double least = -std::numeric_limits<double>::infinity();
  double greatest = std::numeric_limits<double>::infinity();
  bool nan = false;     // true if the value may be NaN
  double smallest = 0;  // no value but 0 has a smaller magnitude; see nonzero()

  bool bounded() const { return std::isfinite(least) && std::isfinite(greatest); }
  double magnitude() const { return std::fmax(std::fabs(least), std::fabs(greatest)); }
  // A value that is not 0 has at least this magnitude: 0 where they may be arbitrarily small,
  // infinity where all values are 0. Of values that are drawn this holds for all but one in a
  // million.
  double nonzero() const {
    if (least > 0 || greatest < 0) {
      return std::fmax(smallest, std::fmin(std::fabs(least), std::fabs(greatest)));
    }
    return magnitude() == 0 ? std::numeric_limits<double>::infinity() : smallest;
  }
};

// The range that holds one number alone, which may be NaN.
Range RangeOfNumber(double number);
// The smallest range that holds them all; 0 alone if there are none.
Range RangeOfNumbers(const std::vector<double>& numbers);
// The smallest range that holds both.
Range Join(const Range& a, const Range& b);

// The ranges of values that a block reads from outside.
struct RangeSources {
  Range weight = {};  // of the weight of a synapse
  // By state, as load, load_pre and load_post read it; those behind the last may have any value.
  // Must outlive the question: there may be very many, and questions for each projection.
  absl::Span<const Range> states = {};
  std::map<ir::StateId, Range> own = {};  // for these states in place of those
  bool tunable_vary = true;  // false if tunable parameters have the values of the program
};

// The range of every node of a block that loads only states of `sources`. The range of an effect is
// that of its operand.
//
// The bounds hold for the rounded values that engines compute. An op that rounds once to nearest is
// monotone where the exact op is, so its bounds are its own values at the ends of the operands'
// ranges. Functions (R2) are within 1 ulp of the true value; their ranges get 2 ulps more at either
// end. Operands are assumed to be independent, except in x*x, which is not negative: the bounds are
// safe, and may be wider than necessary.
std::vector<Range> FindRanges(const ir::Program& program, const ir::Block& block,
                              const RangeSources& sources);

// The range of each state before step 0: its declared value, or what the init block stores.
std::vector<Range> InitialRanges(const ir::Program& program);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_VALUE_RANGE_H_
