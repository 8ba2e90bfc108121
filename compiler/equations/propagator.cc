#include "compiler/equations/propagator.h"

#include <Eigen/Core>
#include <cmath>
#include <unsupported/Eigen/MatrixFunctions>

namespace bnsyn::compiler {
namespace {

using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;

// Powers of two that bring rows and columns of `a` to one size when x_i is measured in 2^scale[i].
// The exponential is accurate relative to its largest entry, so variables in very different units
// would cost digits (Parlett & Reinsch, Numer. Math. 13, 1969).
std::vector<int> Balance(const Matrix& a) {
  const size_t n = a.size();
  std::vector<int> scale(n);
  // A few sweeps are enough; more change little.
  constexpr int kSweeps = 8;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (size_t i = 0; i < n; ++i) {
      double row = 0;
      double column = 0;
      for (size_t j = 0; j < n; ++j) {
        if (j == i) continue;
        row += std::ldexp(std::fabs(a[i][j]), scale[j] - scale[i]);
        column += std::ldexp(std::fabs(a[j][i]), scale[i] - scale[j]);
      }
      const double ratio = row / column;
      if (ratio > 0 && std::isfinite(ratio)) {
        scale[i] += static_cast<int>(std::lround(std::log2(ratio) / 2));
      }
    }
  }
  return scale;
}

// True at [i][j] if x_j influences x_i through any chain of entries.
std::vector<std::vector<bool>> Reachable(const Matrix& a) {
  const size_t n = a.size();
  std::vector<std::vector<bool>> reach(n, std::vector<bool>(n));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) reach[i][j] = i == j || a[i][j] != 0;
  }
  for (size_t k = 0; k < n; ++k) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        if (reach[i][k] && reach[k][j]) reach[i][j] = true;
      }
    }
  }
  return reach;
}

}  // namespace

std::optional<Propagator> MakePropagator(const Matrix& a, double h) {
  // Eigen's exponential takes at least one entry, and only finite ones.
  if (a.empty()) return Propagator{};
  for (const std::vector<double>& row : a) {
    for (const double entry : row) {
      if (!std::isfinite(entry * h)) return std::nullopt;
    }
  }
  const auto n = static_cast<Eigen::Index>(a.size());
  const std::vector<int> scale = Balance(a);
  const auto at = [](Eigen::Index i) { return static_cast<size_t>(i); };
  LongMatrix augmented = LongMatrix::Zero(2 * n, 2 * n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      augmented(i, j) =
          std::ldexp(static_cast<long double>(a[at(i)][at(j)]) * h, scale[at(j)] - scale[at(i)]);
    }
    augmented(i, n + i) = h;
  }
  const LongMatrix exponential = augmented.exp();
  const std::vector<std::vector<bool>> reach = Reachable(a);
  Propagator propagator;
  propagator.state.assign(a.size(), std::vector<double>(a.size()));
  propagator.input = propagator.state;
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      if (!reach[at(i)][at(j)]) continue;
      const int back = scale[at(i)] - scale[at(j)];
      const double state = static_cast<double>(std::ldexp(exponential(i, j), back));
      const double input = static_cast<double>(std::ldexp(exponential(i, n + j), back));
      if (!std::isfinite(state) || !std::isfinite(input)) return std::nullopt;
      propagator.state[at(i)][at(j)] = state;
      propagator.input[at(i)][at(j)] = input;
    }
  }
  return propagator;
}

}  // namespace bnsyn::compiler
