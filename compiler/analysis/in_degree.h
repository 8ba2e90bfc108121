// How many synapses of a projection a neuron has, as far as its rule tells before any is drawn.
#ifndef BNSYN_COMPILER_ANALYSIS_IN_DEGREE_H_
#define BNSYN_COMPILER_ANALYSIS_IN_DEGREE_H_

#include "ir/program.h"

namespace bnsyn::compiler {

struct InDegree {
  double mean = 0;  // over the targets; where the connect block sets probabilities, at most so many
  // Of one neuron at most. Where synapses are drawn one by one not one neuron in 10^60 has more;
  // when they are, what they add is checked to fit (runtime/construction/synapse_builder.h).
  double most = 0;
};
InDegree InDegreeOf(const ir::Program& program, ir::ProjectionId id);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_IN_DEGREE_H_
