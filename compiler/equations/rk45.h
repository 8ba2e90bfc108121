// Runge-Kutta steps whose size each neuron chooses for itself.
#ifndef BNSYN_COMPILER_EQUATIONS_RK45_H_
#define BNSYN_COMPILER_EQUATIONS_RK45_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "compiler/equations/equation_scope.h"
#include "compiler/equations/ode_system.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// The most steps that a neuron may try within one step of the network.
inline constexpr int kMostTries = 10000;

// Equations that move together by the pair of Dormand and Prince (J. Comput. Appl. Math. 6, 1980):
// of order 5, with an error that is estimated by order 4. A step is taken if the squares of
// error/(atol + rtol*|x|) of its variables sum to at most 1; the next one is as long as would make
// that sum 0.9^10.
struct Rk45 {
  struct Member {
    size_t equation = 0;  // in OdeSystem::equations
    double rtol = 0;
    double atol = 0;  // in the unit of the variable
  };
  std::vector<Member> members;
  double h = 0;              // the step of the network, in ms
  std::vector<ir::Value> x;  // all variables at its start
  // A drift at these values of the variables and at a time after the start of the step.
  std::function<ir::Value(size_t equation, const std::vector<ir::Value>& at, ir::Value elapsed)>
      drift;
};

// What happens within a step besides the equations: spikes at the time at which a condition comes
// to hold, and what they change. The code around implements it; `at` has all variables of the
// system.
class SpikesWithin {
 public:
  virtual ~SpikesWithin() = default;
  // The values beside the equations that move in the passes, with their stand-ins, which
  // `stand_in(element)` makes. From here on code that is emitted is that of a pass.
  virtual std::vector<LoopVariable> Begin(
      const std::function<ir::Value(ir::Element element)>& stand_in) = 0;
  // A value that is made from values before the loop, as it is in the pass.
  virtual ir::Value InPass(ir::Value value) = 0;
  // The time, in ms, after which a try ends whatever its error: refractoriness ends then. Invalid
  // where nothing ends.
  virtual ir::Value EndsAfter() = 0;
  // True where the neuron would spike with these values.
  virtual ir::Value Condition(const std::vector<ir::Value>& at) = 0;
  // What is left of the step, at the end of a try of `h` that `taken` says is taken. Neurons that
  // `spiked` did so there, with these values; they are reset. Sets the next values of the variables
  // of Begin.
  virtual void End(ir::Value spiked, ir::Value taken, ir::Value h, ir::Value left,
                   std::vector<ir::Value>& at, absl::Span<LoopVariable> variables) = 0;
  // Behind the loop: the values of the variables of Begin.
  virtual void After(absl::Span<const ir::Value> values) = 0;
};

// Emits a loop in which each neuron tries steps until the step of the network is over, and a check
// that fails where kMostTries do not suffice. The size of the last step is a state of the neuron.
// Returns the values of the members at the end, in their order.
//
// With `within`, a neuron spikes where its condition comes to hold within a try that is taken: at
// the time that 40 bisections of the continuous solution of order 4 find. The next try begins
// there.
std::vector<ir::Value> EmitRk45(const OdeSystem& system, const Rk45& step, SpikesWithin* within);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_RK45_H_
