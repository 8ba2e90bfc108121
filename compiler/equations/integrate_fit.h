// Which methods fit an equation, and if not, why.
#ifndef BNSYN_COMPILER_EQUATIONS_INTEGRATE_FIT_H_
#define BNSYN_COMPILER_EQUATIONS_INTEGRATE_FIT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/ode_system.h"
#include "compiler/equations/propagator.h"

namespace bnsyn::compiler {

// Why an equation cannot be solved exactly together with some others.
enum class ExactObstacle : uint8_t {
  kNone,
  kNoise,
  kNotLinear,  // in `other`, or what multiplies `other` depends on `by`
  kReads,      // `other`, which is not solved with it
  kMoves,      // it depends on t
  kNotNumber,  // it is coupled, and the coefficient of `other` is not one number for all
  kOverflow,   // the solution grows beyond all numbers within a step
  kCoupled,    // it reads `other`, which has an obstacle of its own
};
struct ExactFit {
  ExactObstacle obstacle = ExactObstacle::kNone;
  size_t other = 0;
  size_t by = 0;
  bool fits() const { return obstacle == ExactObstacle::kNone; }
};

// For each of `members`, whether it belongs to the largest part of them that is a linear system of
// its own. What depends on its own variable alone may have any coefficient that stays the same over
// a step; coupled equations have numbers.
std::vector<ExactFit> FitExact(const OdeSystem& system, const std::vector<size_t>& members,
                               double h);

// The part of a drift that is left when the variables of `members` are 0.
ir::Value RestOf(const OdeSystem& system, size_t equation, const std::vector<size_t>& members);
// Whether no variable but its own appears in a drift.
bool IsAlone(const OdeSystem& system, size_t equation);
// dx/dt = A*x with A fixed.
bool IsDecay(const OdeSystem& system, size_t equation);
// Whether a drift has a constant term, so that nothing holds the variable near 0 for long.
bool IsDriven(const OdeSystem& system, size_t equation);
// Whether a drift is linear in its own variable, all others being kept.
bool IsLinearInItself(const OdeSystem& system, size_t equation);
// The coefficients of equations that are coupled linearly, in this order; where neurons are
// `refractory`, what is held does not move.
Matrix CoefficientsOf(const OdeSystem& system, const std::vector<size_t>& members, bool refractory);

// Why an equation has no place in an exact solution, in words for the dump ("it is not linear in
// V"), and as an error at the term; no error for kCoupled, where `other` has the error to tell.
std::string DescribeObstacle(const OdeSystem& system, size_t equation, const ExactFit& fit);
absl::Status ExactError(const OdeSystem& system, size_t equation, const ExactFit& fit);

// An error at the factor that makes an equation other than linear in its own variable.
absl::Status NotLinearInItselfError(const OdeSystem& system, size_t equation);
// An error when `equation` contains noise, which `method` knows nothing of.
absl::Status CheckNoNoise(const OdeSystem& system, size_t equation, absl::string_view method);
// An error when the noise of `equation` multiplies something that the same noise drives, so that
// Ito's and Stratonovich's readings differ.
absl::Status CheckAdditive(const OdeSystem& system, size_t equation);
// An error unless `equation` has at most one source of noise, and that drives no other variable
// which its factor depends on.
absl::Status CheckDiagonal(const OdeSystem& system, size_t equation);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_INTEGRATE_FIT_H_
