// How exactly the inputs of a program count what arrives (R6), found before it runs.
#ifndef BNSYN_COMPILER_ANALYSIS_PRECISION_H_
#define BNSYN_COMPILER_ANALYSIS_PRECISION_H_

#include <optional>
#include <vector>

#include "ir/program.h"

namespace bnsyn::compiler {

struct InputPrecision {
  ir::InputId input = 0;
  // The magnitudes of contributions that are not 0: the least is 0 where they may be arbitrarily
  // small, the greatest is infinite where nothing bounds them.
  double least = 0;
  double greatest = 0;
  // No contribution is rounded by more than this part of itself; of those that are drawn, none but
  // one in a million (see Range::nonzero). nullopt where the least is 0:
  // then those from `exact_from` on are rounded by at most 2^-24, and the run reports others.
  std::optional<double> error;
  double exact_from = 0;
};

// Of each input to which something is added that is not always 0, for a program with scales.
std::vector<InputPrecision> FindPrecision(const ir::Program& program);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_PRECISION_H_
