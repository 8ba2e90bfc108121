#include "statistics/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

namespace bnsyn::statistics {
namespace {

double DistanceOf(uint64_t a, uint64_t b) { return static_cast<double>(a < b ? b - a : a - b); }

// The spikes of each neuron in each bin that has any, by bin * neurons + neuron.
std::vector<std::pair<uint64_t, double>> ActivityOf(const SpikeTrain& train, uint64_t neurons,
                                                    uint64_t bin, uint64_t steps) {
  std::vector<uint64_t> cells;
  for (size_t i = 0; i < train.steps.size(); ++i) {
    if (train.steps[i] >= steps) continue;
    cells.push_back(train.steps[i] / bin * neurons + train.neurons[i]);
  }
  std::sort(cells.begin(), cells.end());
  std::vector<std::pair<uint64_t, double>> activity;
  for (const uint64_t cell : cells) {
    if (activity.empty() || activity.back().first != cell) activity.emplace_back(cell, 0.0);
    activity.back().second += 1;
  }
  return activity;
}

// The value in the middle, of at least one; the upper one of two.
double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<uint64_t> CountsPerStep(const SpikeTrain& train, uint64_t steps) {
  std::vector<uint64_t> counts(steps);
  for (const uint64_t step : train.steps) {
    if (step < steps) ++counts[step];
  }
  return counts;
}

std::vector<uint64_t> Rebinned(absl::Span<const uint64_t> counts, uint64_t width) {
  std::vector<uint64_t> sums(counts.size() / width);
  for (size_t i = 0; i < sums.size() * width; ++i) sums[i / width] += counts[i];
  return sums;
}

double CountDifference(absl::Span<const uint64_t> a, absl::Span<const uint64_t> b) {
  double difference = 0;
  double all = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += DistanceOf(a[i], b[i]);
    all += static_cast<double>(a[i]);
  }
  return difference == 0 ? 0 : difference / all;
}

IntervalHistogram IntervalsOf(const SpikeTrain& train) {
  IntervalHistogram histogram;
  std::unordered_map<uint32_t, uint64_t> last;  // the step of the last spike of a neuron
  for (size_t i = 0; i < train.steps.size(); ++i) {
    const auto [found, first] = last.try_emplace(train.neurons[i], train.steps[i]);
    if (!first) ++histogram[train.steps[i] - found->second];
    found->second = train.steps[i];
  }
  return histogram;
}

double TotalVariation(const IntervalHistogram& a, const IntervalHistogram& b) {
  const auto total = [](const IntervalHistogram& histogram) {
    double sum = 0;
    for (const auto& [interval, count] : histogram) sum += static_cast<double>(count);
    return sum;
  };
  if (a.empty() || b.empty()) return a.empty() && b.empty() ? 0 : 1;
  const double all_a = total(a);
  const double all_b = total(b);
  const auto part = [](const IntervalHistogram& histogram, uint64_t interval, double all) {
    const auto found = histogram.find(interval);
    return found == histogram.end() ? 0 : static_cast<double>(found->second) / all;
  };
  double distance = 0;
  for (const auto& [interval, count] : a) {
    distance += std::abs(static_cast<double>(count) / all_a - part(b, interval, all_b));
  }
  for (const auto& [interval, count] : b) {
    if (a.count(interval) == 0) distance += static_cast<double>(count) / all_b;
  }
  return distance / 2;
}

double ActivityCorrelation(const SpikeTrain& a, const SpikeTrain& b, uint64_t neurons, uint64_t bin,
                           uint64_t steps) {
  const auto activity_a = ActivityOf(a, neurons, bin, steps);
  const auto activity_b = ActivityOf(b, neurons, bin, steps);
  double sum_a = 0, sum_b = 0, squares_a = 0, squares_b = 0, products = 0;
  for (const auto& [cell, count] : activity_a) {
    sum_a += count;
    squares_a += count * count;
  }
  auto next = activity_a.begin();
  for (const auto& [cell, count] : activity_b) {
    sum_b += count;
    squares_b += count * count;
    while (next != activity_a.end() && next->first < cell) ++next;
    if (next != activity_a.end() && next->first == cell) products += count * next->second;
  }
  const double cells = static_cast<double>(neurons) *
                       std::ceil(static_cast<double>(steps) / static_cast<double>(bin));
  const double variance_a = squares_a * cells - sum_a * sum_a;
  const double variance_b = squares_b * cells - sum_b * sum_b;
  if (activity_a == activity_b) return 1;
  if (variance_a <= 0 || variance_b <= 0) return 0;
  return (products * cells - sum_a * sum_b) / std::sqrt(variance_a * variance_b);
}

std::vector<double> RunningSigma(absl::Span<const uint64_t> counts, double alpha) {
  std::vector<double> smoothed;
  double sigma = 1;
  uint64_t before = 0;
  for (const uint64_t count : counts) {
    const double ratio = static_cast<double>(std::max<uint64_t>(count, 1)) /
                         static_cast<double>(std::max<uint64_t>(before, 1));
    sigma = (1 - alpha) * sigma + alpha * ratio;
    smoothed.push_back(sigma);
    before = count;
  }
  return smoothed;
}

double MeanRatio(absl::Span<const uint64_t> counts) {
  if (counts.size() < 2) return 1;
  double sum = 0;
  for (size_t i = 1; i < counts.size(); ++i) {
    sum += static_cast<double>(std::max<uint64_t>(counts[i], 1)) /
           static_cast<double>(std::max<uint64_t>(counts[i - 1], 1));
  }
  return sum / static_cast<double>(counts.size() - 1);
}

Mean MeanOf(absl::Span<const double> numbers) {
  Mean mean;
  const auto count = static_cast<double>(numbers.size());
  for (const double number : numbers) mean.value += number / count;
  if (numbers.size() < 2) return mean;
  double squares = 0;
  for (const double number : numbers) squares += (number - mean.value) * (number - mean.value);
  mean.error = std::sqrt(squares / (count - 1) / count);
  return mean;
}

Convergence ConvergenceOf(absl::Span<const std::vector<double>> values, double rounding) {
  Convergence result;
  result.order = std::numeric_limits<double>::quiet_NaN();
  const size_t count = values[0].size();
  if (count == 0) return result;
  for (const double value : values[0])
    result.magnitude = std::max(result.magnitude, std::abs(value));
  const double floor = rounding * result.magnitude;
  std::vector<double> differences;
  std::vector<double> orders;
  for (size_t i = 0; i < count; ++i) {
    double apart[3];
    for (size_t k = 0; k < 3; ++k) apart[k] = std::abs(values[k][i] - values[k + 1][i]);
    differences.push_back(apart[0]);
    // The finest pair of which both are more than rounding, or else the coarsest.
    const size_t k = apart[2] > floor ? 1 : 0;
    if (apart[k] > floor) {
      const double least = std::numeric_limits<double>::epsilon() * result.magnitude;
      orders.push_back(std::log2(apart[k] / std::max(apart[k + 1], least)));
    }
  }
  result.difference = MedianOf(differences);
  if (2 * orders.size() >= count) result.order = MedianOf(orders);
  return result;
}

}  // namespace bnsyn::statistics
