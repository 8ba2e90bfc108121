// How differential equations become one step: the methods, which equation gets which, and the nodes
// of a step.
#ifndef BNSYN_COMPILER_EQUATIONS_INTEGRATE_H_
#define BNSYN_COMPILER_EQUATIONS_INTEGRATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bnsyn/network.h"
#include "compiler/equations/formula.h"
#include "compiler/equations/ode_system.h"

namespace bnsyn::compiler {

// The formulas stand with each, for dx/dt = f(x, t) + g(x, t)*xi, a step h, and dW = sqrt(h) times
// a standard normal number of the source of noise and the step. They are those of Brian2, but for
// what is said.
enum class Method : uint8_t {
  // The solution of a linear system with constant coefficients A and b that is constant over the
  // step: x' = exp(A h) x + (integral of exp(A s) over the step) b.
  kExact,
  // The exact solution with all but the variable itself kept at the start of the step:
  // x' = x + h exprel(h df/dx) f.
  kExponentialEuler,
  // x' = x + h f; with additive noise + g dW.
  kEuler,
  // The same for any noise, in Ito's reading. Strong order 1/2.
  kEulerMaruyama,
  // Without noise the trapezoidal method (in Brian2 Euler's): s = x + h f(x, t); x' = x + h/2 (f(x,
  // t) + f(s, t + h)).
  // With noise, in Stratonovich's reading, s = x + g dW; x' = x + h f + dW/2 (g(x, t) + g(s, t +
  // h)),
  // with a support s of its own for each source of noise.
  kHeun,
  // k = f(x, t); x' = x + h f(x + h/2 k, t + h/2), the midpoint method.
  kRk2,
  // The classical method of order 4.
  kRk4,
  // Without derivatives, in Stratonovich's reading: s = x + sqrt(h) g(x, t);
  // x' = x + h f + g dW + (g(s, t) - g(x, t)) dW^2/(2 sqrt(h)). Strong order 1. Brian2 adds h f to
  // s,
  // which with dW^2 in place of dW^2 - h leaves an error of order 1/2.
  kMilstein,
};

struct MethodInfo {
  Method method;
  absl::string_view name;
  absl::string_view meaning;
};
absl::Span<const MethodInfo> AllMethods();
absl::string_view NameOf(Method method);

// One equation's part of a stage: a step of dt/parts, the `part`th of them (from 0).
struct Move {
  size_t equation = 0;  // in OdeSystem::equations
  Method method = Method::kEuler;
  bool automatic = false;  // nobody asked for the method
  std::string reason;      // for people: why this method
  int part = 0;
  int parts = 1;
};
// What moves together, each from the values at the start of the stage. Moves of one method and one
// step are one system; other variables stand still for them. Variables that decay by the automatic
// choice of kExact go first, and the other moves see them decayed.
using Stage = std::vector<Move>;
struct Plan {
  int substeps = 1;  // all stages are run so many times, with a step of dt/substeps
  std::vector<Stage> stages;
};

// Checks what a model says of its integration, as far as its code tells.
absl::Status CheckIntegration(const Model& model, absl::Span<const Equation> equations);

// Decides how every equation moves, or says why a method that was asked for does not fit.
absl::StatusOr<Plan> PlanIntegration(const OdeSystem& system, const Integration& integration,
                                     const std::vector<Constant>& constants);

// What a step does, for people: names of values, and each move in the order of the step.
struct Formulas {
  struct Moved {
    int substep = 0;
    size_t stage = 0;
    Move move;
    std::string name;  // of the new value: the variable with a prime for each move
    ir::Value value;   // before refractoriness holds it
  };
  FormulaNames names;
  std::vector<Moved> moves;
};

// A variable that a move multiplies by a number, and does nothing else with.
struct Decayed {
  const Equation* variable = nullptr;
  double factor = 0;
  ir::Value before;
  ir::Value after;  // with tiny values flushed to 0 (R9)
};

// Emits one step and gives the variables of the scope their new values. Returns the decays among
// the moves.
std::vector<Decayed> Integrate(const OdeSystem& system, const Plan& plan,
                               Formulas* formulas = nullptr);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_INTEGRATE_H_
