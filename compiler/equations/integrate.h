// Emits the step of an integration plan: the nodes that compute the new values of the variables.
#ifndef BNSYN_COMPILER_EQUATIONS_INTEGRATE_H_
#define BNSYN_COMPILER_EQUATIONS_INTEGRATE_H_

#include <map>
#include <string>
#include <vector>

#include "compiler/equations/formula.h"
#include "compiler/equations/integration_plan.h"
#include "compiler/equations/ode_system.h"
#include "compiler/equations/rk45.h"

namespace bnsyn::compiler {

// The formulas of a step, or of one substep of several, for explanations: the names of values, and
// the moves in their order.
struct Formulas {
  struct Moved {
    Move move;
    std::string name;  // of the new value: that of the variable with a prime for each move
    ir::Value value;   // before refractoriness holds it
  };
  FormulaNames names;
  std::vector<Moved> moves;
  std::map<size_t, std::string> means;  // by equation: what stands for its mean over the step
};

// A variable that a move multiplies by a number, and changes in no other way.
struct Decayed {
  const Equation* variable = nullptr;
  double factor = 0;
  ir::Value before;
  ir::Value after;  // with tiny values flushed to 0 (R9)
};

// Emits one step of dt and moves the variables of the scope to their new values. Substeps become
// the passes of a loop. Returns the decays among the moves, unless there are substeps. Fills in
// `formulas` unless it is null. Spikes within the step (`within`) take a plan in which rk45 moves
// all equations.
std::vector<Decayed> Integrate(const OdeSystem& system, const IntegrationPlan& plan,
                               Formulas* formulas = nullptr, SpikesWithin* within = nullptr);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_INTEGRATE_H_
