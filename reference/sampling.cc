#include "reference/sampling.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "ir/mutant.h"

namespace bnsyn::reference {
namespace {

// log n!, by Stirling's series: to a relative error of about 1e-15, far less than the probability
// of one count needs.
double LogFactorial(double n) {
  if (n < 16) {
    double product = 1;
    for (double k = 2; k <= n; ++k) product *= k;
    return Log(product);
  }
  constexpr double kHalfLogTwoPi = 0.91893853320467274178;
  const double inverse = 1 / (n + 1);
  const double square = inverse * inverse;
  const double series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260)));
  return (n + 0.5) * Log(n + 1) - (n + 1) + kHalfLogTwoPi + series;
}

double LogChoose(double n, double k) {
  return LogFactorial(n) - LogFactorial(k) - LogFactorial(n - k);
}

}  // namespace

uint64_t CountOnLeft(uint64_t count, double left, double right, bool repeat, double u) {
  if (count == 0 || left / (left + right) == 0) return 0;
  if (right / (left + right) == 0) return count;
  const auto n = static_cast<double>(count);
  const double least = repeat ? 0 : std::max(0.0, n - right);
  const double most = repeat ? n : std::min(n, left);
  const double mode = repeat ? std::floor((n + 1) * (left / (left + right)))
                             : std::floor((n + 1) * (left + (Mutant("R8.hypergeometric") ? 0 : 1)) /
                                          (left + right + 2));
  const double start = std::min(std::max(mode, least), most);
  const double log_start =
      repeat ? LogChoose(n, start) + start * Log(left / (left + right)) +
                   (n - start) * Log(right / (left + right))
             : LogChoose(left, start) + LogChoose(right, n - start) - LogChoose(left + right, n);
  // The ratio of the probability of k + 1 to that of k.
  const auto ratio = [&](double k) {
    if (Mutant("R8.binomial") && repeat) return (n - k) / (k + 1) * (left / (left + right));
    return repeat ? (n - k) / (k + 1) * (left / right)
                  : (left - k) * (n - k) / ((k + 1) * (right - n + k + 1));
  };
  const double p_start = Exp(log_start);
  double up = start;
  double p_up = p_start;
  double down = start;
  double p_down = p_start;
  u -= p_start;
  while (u > 0 && (up < most || down > least)) {
    if (up < most) {
      p_up *= ratio(up);
      ++up;
      u -= p_up;
      if (u <= 0) return static_cast<uint64_t>(up);
    }
    if (down > least) {
      --down;
      p_down /= ratio(down);
      u -= p_down;
      if (u <= 0) return static_cast<uint64_t>(down);
    }
    // The rest is rounding.
    if (p_up + p_down < 1e-30) break;
  }
  return static_cast<uint64_t>(start);
}

void Sample(uint64_t count, uint32_t n, bool repeat, RuleDraws& draws,
            std::vector<uint32_t>& sample) {
  const auto begin = static_cast<ptrdiff_t>(sample.size());
  if (repeat) {
    for (uint64_t i = 0; i < count; ++i) sample.push_back(static_cast<uint32_t>(draws.Below(n)));
  } else {
    std::vector<bool> chosen(n);
    for (uint64_t last = n - count; last < n; ++last) {
      const auto drawn = static_cast<uint32_t>(draws.Below(last + 1));
      const bool taken = chosen[drawn] && !Mutant("R8.floyd");
      const uint32_t number = taken ? static_cast<uint32_t>(last) : drawn;
      chosen[number] = true;
      sample.push_back(number);
    }
  }
  std::sort(sample.begin() + begin, sample.end());
}

}  // namespace bnsyn::reference
