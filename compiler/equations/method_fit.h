// Which methods fit an equation, and the errors that say why one does not.
#ifndef BNSYN_COMPILER_EQUATIONS_METHOD_FIT_H_
#define BNSYN_COMPILER_EQUATIONS_METHOD_FIT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "compiler/equations/ode_system.h"
#include "compiler/equations/propagator.h"

namespace bnsyn::compiler {

// Why an equation cannot be solved exactly together with some others.
enum class ExactObstacle : uint8_t {
  kNone,
  kNoise,
  kNotLinear,  // it is not linear in `other`, or the factor of `other` depends on `by`
  kReads,      // it reads `other`, which is not solved with it
  kMoves,      // it depends on t
  kNotNumber,  // it is coupled, and the coefficient of `other` is not one number for all
  kTooMany,    // it is coupled, and more than kMostTogether would be solved with it
  kOverflow,   // the solution grows beyond all numbers within a step
  kCoupled,    // it reads `other`, which has an obstacle of its own
};
// A step of n coupled equations has n^2 products, and what it takes to find their factors grows
// with n^3.
inline constexpr size_t kMostTogether = 128;
struct ExactFit {
  ExactObstacle obstacle = ExactObstacle::kNone;
  size_t other = 0;  // in OdeSystem::equations
  size_t by = 0;
  bool fits() const { return obstacle == ExactObstacle::kNone; }
};

// For each of `members`, whether it belongs to the largest part of them that is a linear system of
// its own. An equation that reads its own variable alone may have any coefficient that stays the
// same over a step of `h`; the coefficients of coupled equations must be numbers.
std::vector<ExactFit> FitExact(const OdeSystem& system, const std::vector<size_t>& members,
                               double h);

// The part of a drift that is left when the variables of `members` are 0.
ir::Value RestOf(const OdeSystem& system, size_t equation, const std::vector<size_t>& members);
// True if a drift depends on no variable but its own.
bool IsAlone(const OdeSystem& system, size_t equation);
// True for dx/dt = A*x with an A that stays the same over a step.
bool IsDecay(const OdeSystem& system, size_t equation);
// True if a drift has a constant term, so that the variable does not stay near 0 for long.
bool IsDriven(const OdeSystem& system, size_t equation);
// True if a drift is linear in its own variable while all others are kept.
bool IsLinearInItself(const OdeSystem& system, size_t equation);
// The coefficients of equations that are coupled linearly, in their order. For neurons that are
// `refractory`, variables that are held have coefficients 0.
Matrix CoefficientsOf(const OdeSystem& system, const std::vector<size_t>& members, bool refractory);

// Why an equation has no place in an exact solution, for explanations ("it is not linear in V").
std::string DescribeObstacle(const OdeSystem& system, size_t equation, const ExactFit& fit);
// The same as an error at the term. There is none for kCoupled: the error of `other` says more.
absl::Status ExactError(const OdeSystem& system, size_t equation, const ExactFit& fit);

// An error at the factor that keeps an equation from being linear in its own variable.
absl::Status NotLinearInItselfError(const OdeSystem& system, size_t equation);
// An error if `equation` contains noise, for a `method` that takes none.
absl::Status CheckNoNoise(const OdeSystem& system, size_t equation, absl::string_view method);
// An error if the noise of `equation` multiplies something that the same noise drives: the readings
// of Ito and Stratonovich then differ.
absl::Status CheckAdditive(const OdeSystem& system, size_t equation);
// An error unless `equation` has at most one source of noise, and the factor of that noise depends
// on no other variable that it drives.
absl::Status CheckDiagonal(const OdeSystem& system, size_t equation);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_METHOD_FIT_H_
