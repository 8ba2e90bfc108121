// Makes the exact solution of a linear system over one step.
#ifndef BNSYN_COMPILER_EQUATIONS_PROPAGATOR_H_
#define BNSYN_COMPILER_EQUATIONS_PROPAGATOR_H_

#include <optional>
#include <vector>

namespace bnsyn::compiler {

// A square matrix, row by row.
using Matrix = std::vector<std::vector<double>>;

// dx/dt = A x + b with constant A and b has x(t + h) = state * x(t) + input * b.
struct Propagator {
  Matrix state;  // exp(A h)
  Matrix input;  // the integral of exp(A s) over s from 0 to h
};

// Both come from one exponential of the matrix (A I; 0 0) h (Van Loan, IEEE Trans. Autom. Control
// 23, 1978), which holds for every A: singular, with equal eigenvalues, or with complex ones. It is
// computed in long double over balanced variables and rounded to double once; an entry that no
// chain of non-zero entries reaches is exactly 0. nullopt if A or the result is not finite. A may
// be empty.
std::optional<Propagator> MakePropagator(const Matrix& a, double h);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_PROPAGATOR_H_
