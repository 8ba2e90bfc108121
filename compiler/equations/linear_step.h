// The solution of linear equations over a step, and its mean.
#ifndef BNSYN_COMPILER_EQUATIONS_LINEAR_STEP_H_
#define BNSYN_COMPILER_EQUATIONS_LINEAR_STEP_H_

#include <cstddef>
#include <vector>

#include "compiler/equations/ode_system.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// Coupled equations dx_i/dt = sum of A_ij*x_j + b_i with numbers A (see FitExact), and what a step
// of `h` milliseconds begins with.
struct CoupledStep {
  std::vector<size_t> members;  // in OdeSystem::equations
  double h = 0;
  std::vector<ir::Value> start;  // x_i, by member
  std::vector<ir::Value> rests;  // b_i, by member
  // The equations of a neuron that is refractory: those that are held then stand still.
  bool refractory = false;
};

// The values at the end of the step, by member.
std::vector<ir::Value> SolveTogether(const OdeSystem& system, const CoupledStep& step);

// The means over the step, of `wanted` members (numbers in `members`) in their order.
std::vector<ir::Value> MeansTogether(const OdeSystem& system, const CoupledStep& step,
                                     const std::vector<size_t>& wanted);

// (exprel(k) - 1)/k, which is 1/2 at k = 0: dx/dt = A*x + B has the mean
// exprel(k)*x + h*B*(exprel(k) - 1)/k over a step h, with k = A*h and x at its start.
ir::Value EmitMeanOfRamp(const OdeSystem& system, ir::Value k);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_LINEAR_STEP_H_
