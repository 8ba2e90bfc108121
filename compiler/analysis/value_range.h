// Bounds of what a program computes, found before it runs by interval arithmetic over its nodes.
#ifndef BNSYN_COMPILER_ANALYSIS_VALUE_RANGE_H_
#define BNSYN_COMPILER_ANALYSIS_VALUE_RANGE_H_

#include <cmath>
#include <limits>
#include <vector>

#include "ir/program.h"

namespace bnsyn::compiler {

// Every value lies in [least, greatest], or is NaN where `nan` says that it may be. Integers and
// truth values (0 and 1) are told in the same numbers.
struct Range {
  double least = -std::numeric_limits<double>::infinity();
  double greatest = std::numeric_limits<double>::infinity();
  bool nan = false;

  bool bounded() const { return std::isfinite(least) && std::isfinite(greatest); }
  double magnitude() const { return std::fmax(std::fabs(least), std::fabs(greatest)); }
};

// The smallest range that holds both.
Range Join(const Range& a, const Range& b);

// What nodes read that is not in their block.
struct RangeSources {
  Range weight = {};          // of `weight`
  std::vector<Range> states;  // by state: of load, load_pre and load_post
  bool tunable_vary = true;   // whether parameters that are tunable may have any value
};

// The range of every node of an init, connect or on_pre block; effects have that of their operand.
//
// The bounds hold for the rounded values that engines compute. Ops that round once to nearest are
// monotone where the exact ones are, so their bounds are their own values at the ends of the
// operands' ranges; functions (R2) are within 1 ulp of the true value, and get 2 ulps more at
// either end. Operands are taken for independent of each other, but for x*x, which is not
// negative: bounds are safe, and may be wider than need be.
std::vector<Range> FindRanges(const ir::Program& program, const ir::Block& block,
                              const RangeSources& sources);

// What each state can be before step 0: as declared, or as the init block stores it.
std::vector<Range> InitialRanges(const ir::Program& program);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_VALUE_RANGE_H_
