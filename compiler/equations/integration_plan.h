// The methods that integrate differential equations, and the plan of a step: which equation moves
// by which method, in which order, and why.
//
//   BNSYN_ASSIGN_OR_RETURN(const OdeSystem system, OdeSystem::Create(scope));
//   BNSYN_ASSIGN_OR_RETURN(const IntegrationPlan plan,
//                          PlanIntegration(system, integration, constants, reading));
//   Integrate(system, plan);  // integrate.h
#ifndef BNSYN_COMPILER_EQUATIONS_INTEGRATION_PLAN_H_
#define BNSYN_COMPILER_EQUATIONS_INTEGRATION_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bnsyn/model.h"
#include "compiler/equations/ode_system.h"

namespace bnsyn::compiler {

// Each with its formula, for dx/dt = f(x, t) + g(x, t)*xi, a step h, and dW = sqrt(h) times a
// standard normal number of the source of noise and the step. The formulas are those of Brian2,
// except where a comment says so.
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
  // Without noise the trapezoidal method (in Brian2 Euler's):
  // s = x + h f(x, t); x' = x + h/2 (f(x, t) + f(s, t + h)).
  // With noise, in Stratonovich's reading: s = x + g dW;
  // x' = x + h f + dW/2 (g(x, t) + g(s, t + h)), with a support s for each source of noise.
  kHeun,
  // The midpoint method: k = f(x, t); x' = x + h f(x + h/2 k, t + h/2).
  kRk2,
  // The classical Runge-Kutta method of order 4.
  kRk4,
  // Without derivatives, in Stratonovich's reading: s = x + sqrt(h) g(x, t);
  // x' = x + h f + g dW + (g(s, t) - g(x, t)) dW^2/(2 sqrt(h)). Strong order 1. Brian2 adds h f to
  // s, which with dW^2 in place of dW^2 - h leaves an error of order 1/2.
  kMilstein,
  // Steps of Dormand and Prince's pair of order 5 whose size each neuron adapts to the error that
  // is allowed (rk45.h).
  kRk45,
};

// The error that rk45 allows in a step: absolute + relative*|x|.
struct Tolerances {
  double relative = 1e-6;
  double absolute = 1e-6;  // in ms, mV, nS, pF and pA, as numbers in programs are
};

struct MethodInfo {
  Method method;
  absl::string_view name;
  absl::string_view meaning;
};
absl::Span<const MethodInfo> AllMethods();
absl::string_view NameOf(Method method);

// One equation's part of a move group: a step of dt/parts, the `part`th of them (from 0).
struct Move {
  size_t equation = 0;  // in OdeSystem::equations
  Method method = Method::kEuler;
  bool automatic = false;  // the method was chosen here, not by the model
  std::string reason;      // why this method, for people
  Tolerances tolerances;   // of rk45
  // The equations whose means over the step it reads (Reading::kMean).
  std::vector<size_t> means;
  int part = 0;
  int parts = 1;
};

// True for a move whose exact solution was chosen here. All such moves of a group and a step are
// solved first, and the others read what Reading says.
bool IsSolved(const Move& move);

// Equations that move together, from the values at the start of the group. Moves of one method and
// one step are solved as one system, in which other variables stand still.
using MoveGroup = std::vector<Move>;

// What the other moves of a group read of a variable whose exact solution was chosen here.
enum class Reading : uint8_t {
  // Its mean over the step: an integral over it, as the charge of a current, is exact.
  kMean,
  // Its value at the end of the step if it decays, else that at the start.
  kEndOfDecays,
  // Its value at the start.
  kStart,
};

struct IntegrationPlan {
  Reading reading = Reading::kMean;
  int substeps = 1;  // all groups move so many times, by a step of dt/substeps
  std::vector<MoveGroup> groups;
};

// Checks method, substeps and order against the names of equations. `owner` ("model 'm'") has them.
absl::Status CheckIntegration(absl::string_view owner, const Integration& integration,
                              absl::Span<const Equation> equations);

// Chooses the method of every equation, or checks the method that the model asks for. `constants`
// are those that the number of substeps may use.
absl::StatusOr<IntegrationPlan> PlanIntegration(const OdeSystem& system,
                                                const Integration& integration,
                                                const std::vector<Constant>& constants,
                                                Reading reading);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_INTEGRATION_PLAN_H_
