#include "statistics/power_law.h"

#include <algorithm>
#include <cmath>

#include "reference/functions.h"
#include "statistics/golden_section.h"

namespace bnsyn::statistics {
namespace {

constexpr uint64_t kFirstOfFormula = 16;
constexpr uint64_t kTabled = 4096;
constexpr double kSteepest = 8;
// The greatest number that is drawn: beyond it doubles are not all whole.
constexpr uint64_t kGreatest = uint64_t{1} << 53;

// The integral of x^-exponent from a to b.
double Integral(double exponent, double a, double b) {
  const double rise = 1 - exponent;
  const double length = reference::Log(b / a);
  return reference::Pow(a, rise) * length * reference::Exprel(rise * length);
}

}  // namespace

double SumOfPowers(double exponent, uint64_t from, uint64_t to) {
  if (to != 0 && from > to) return 0;
  double sum = 0;
  uint64_t x = from;
  for (; x < kFirstOfFormula && (to == 0 || x <= to); ++x) {
    sum += reference::Pow(static_cast<double>(x), -exponent);
  }
  if (to != 0 && x > to) return sum;
  const auto a = static_cast<double>(x);
  const double at_a = reference::Pow(a, -exponent);
  // The terms of the derivatives at one end: of the first, the third and the fifth.
  const auto ends = [&](double place, double value) {
    const double slope = exponent * value / place;
    const double third = slope * (exponent + 1) * (exponent + 2) / (place * place);
    const double fifth = third * (exponent + 3) * (exponent + 4) / (place * place);
    return slope / 12 - third / 720 + fifth / 30240;
  };
  if (to == 0) return sum + at_a * a / (exponent - 1) + at_a / 2 + ends(a, at_a);
  const auto b = static_cast<double>(to);
  const double at_b = reference::Pow(b, -exponent);
  return sum + Integral(exponent, a, b) + (at_a + at_b) / 2 + ends(a, at_a) - ends(b, at_b);
}

PowerLaw MostLikely(const Histogram& numbers, uint64_t least, uint64_t most) {
  double logarithms = 0;
  double count = 0;
  for (const auto& [number, times] : numbers) {
    logarithms += static_cast<double>(times) * reference::Log(static_cast<double>(number));
    count += static_cast<double>(times);
  }
  const double mean = logarithms / count;
  const double flattest = most == 0 ? 1.001 : 0;
  const double exponent = GreatestWithin(flattest, kSteepest, [&](double tried) {
    return -tried * mean - reference::Log(SumOfPowers(tried, least, most));
  });
  return {exponent, least, most};
}

double StandardError(const PowerLaw& law, uint64_t count) {
  // The information of a number is the second derivative of log Z.
  const double h = 1e-3 * std::min(1.0, law.most == 0 ? law.exponent - 1 : 1.0);
  const auto log_sum = [&](double exponent) {
    return reference::Log(SumOfPowers(exponent, law.least, law.most));
  };
  const double information =
      (log_sum(law.exponent + h) - 2 * log_sum(law.exponent) + log_sum(law.exponent - h)) / (h * h);
  return 1 / std::sqrt(information * static_cast<double>(count));
}

double Distance(const Histogram& numbers, const PowerLaw& law) {
  double count = 0;
  for (const auto& [number, times] : numbers) count += static_cast<double>(times);
  const double total = SumOfPowers(law.exponent, law.least, law.most);
  double distance = 0;
  double up_to = 0;  // numbers below the one at hand
  for (const auto& [number, times] : numbers) {
    const double from = SumOfPowers(law.exponent, number, law.most) / total;
    // Both sides of the step at this number.
    distance = std::max(distance, std::fabs(1 - from - up_to / count));
    up_to += static_cast<double>(times);
    const double above = from - reference::Pow(static_cast<double>(number), -law.exponent) / total;
    distance = std::max(distance, std::fabs(1 - above - up_to / count));
  }
  return distance;
}

Sampler::Sampler(const PowerLaw& law)
    : law_(law), total_(SumOfPowers(law.exponent, law.least, law.most)) {
  const uint64_t size = law.most == 0 ? kTabled : std::min(kTabled, law.most - law.least + 1);
  double from = total_;
  for (uint64_t k = 0; k < size; ++k) {
    from -= reference::Pow(static_cast<double>(law.least + k), -law.exponent);
    above_.push_back(std::max(from, 0.0) / total_);
  }
}

uint64_t Sampler::Draw(double u) const {
  // The first number with P(x > number) < u.
  const auto place =
      std::partition_point(above_.begin(), above_.end(), [&](double above) { return above >= u; });
  if (place != above_.end()) return law_.least + static_cast<uint64_t>(place - above_.begin());
  uint64_t low = law_.least + above_.size() - 1;  // P(x > low) >= u
  const uint64_t most = law_.most == 0 ? kGreatest : law_.most;
  uint64_t high = std::min(low * 2, most);
  const auto above = [&](uint64_t number) {
    return SumOfPowers(law_.exponent, number + 1, law_.most) / total_;
  };
  while (high < most && above(high) >= u) {
    low = high;
    high = std::min(high * 2, most);
  }
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    (above(middle) >= u ? low : high) = middle;
  }
  return high;
}

}  // namespace bnsyn::statistics
