// Avalanches, and power laws fitted to their sizes and durations.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/criticality.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "reference/functions.h"
#include "reference/rule_draws.h"
#include "statistics/power_law.h"

namespace bnsyn {
namespace {

using statistics::Histogram;
using statistics::PowerLaw;

constexpr uint32_t kSampling = 4;       // a stream of random numbers
constexpr uint64_t kFewest = 50;        // numbers that are fitted
constexpr size_t kMostCandidates = 40;  // for the least number

// A fit of the numbers of one range, and how far they are from it.
struct Fitted {
  PowerLaw law;
  uint64_t count = 0;
  double distance = 0;
};

// The part of a histogram from `least` on; its numbers are at most law.most already.
std::optional<Fitted> FitFrom(const Histogram& numbers, uint64_t least, uint64_t most) {
  const Histogram tail(absl::c_lower_bound(numbers, std::pair<uint64_t, uint64_t>(least, 0)),
                       numbers.end());
  if (tail.size() < 2) return std::nullopt;
  Fitted fitted;
  for (const auto& [number, times] : tail) fitted.count += times;
  fitted.law = statistics::MostLikely(tail, least, most);
  fitted.distance = statistics::Distance(tail, fitted.law);
  return fitted;
}

// The candidates for the least number: numbers that leave enough to fit behind them.
std::vector<uint64_t> Candidates(const Histogram& numbers) {
  std::vector<uint64_t> all;
  uint64_t left = 0;
  for (const auto& [number, times] : numbers) left += times;
  for (const auto& [number, times] : numbers) {
    if (left >= kFewest) all.push_back(number);
    left -= times;
  }
  if (all.size() <= kMostCandidates) return all;
  // Evenly spaced in their logarithm.
  std::vector<uint64_t> some;
  const double ratio =
      reference::Log(static_cast<double>(all.back()) / static_cast<double>(all.front())) /
      static_cast<double>(kMostCandidates - 1);
  double next = 0;
  for (const uint64_t number : all) {
    if (static_cast<double>(number) < static_cast<double>(all.front()) * reference::Exp(next))
      continue;
    some.push_back(number);
    while (static_cast<double>(number) >= static_cast<double>(all.front()) * reference::Exp(next)) {
      next += ratio;
    }
  }
  return some;
}

std::optional<Fitted> Fit(const Histogram& numbers, const PowerLawOptions& options) {
  if (options.least > 0) return FitFrom(numbers, options.least, options.most);
  std::optional<Fitted> best;
  for (const uint64_t least : Candidates(numbers)) {
    std::optional<Fitted> fitted = FitFrom(numbers, least, options.most);
    if (fitted.has_value() && (!best.has_value() || fitted->distance < best->distance)) {
      best = fitted;
    }
  }
  return best;
}

// The part of samples that are further from their fit than the numbers are: what is below the least
// number is drawn from the numbers themselves, and the rest from the law.
double TestFit(const Histogram& numbers, const Fitted& fitted, const PowerLawOptions& options) {
  std::vector<uint64_t> below;
  uint64_t all = 0;
  for (const auto& [number, times] : numbers) {
    all += times;
    if (number < fitted.law.least && options.least == 0) below.insert(below.end(), times, number);
  }
  const uint64_t drawn = options.least == 0 ? all : fitted.count;
  const statistics::Sampler sampler(fitted.law);
  uint32_t further = 0;
  for (uint32_t sample = 0; sample < options.resamples; ++sample) {
    reference::RuleDraws draws(options.seed, kSampling, sample, 0);
    std::map<uint64_t, uint64_t> counted;
    for (uint64_t k = 0; k < drawn; ++k) {
      const bool outside = !below.empty() && draws.Below(drawn) < below.size();
      ++counted[outside ? below[draws.Below(below.size())] : sampler.Draw(draws.Next())];
    }
    const std::optional<Fitted> again = Fit(Histogram(counted.begin(), counted.end()), options);
    if (again.has_value() && again->distance >= fitted.distance) ++further;
  }
  return static_cast<double>(further) / options.resamples;
}

}  // namespace

Avalanches FindAvalanches(absl::Span<const double> counts) {
  Avalanches found;
  bool whole = false;  // an empty bin stands before
  double size = 0;
  uint64_t duration = 0;
  for (const double count : counts) {
    if (count > 0) {
      size += count;
      ++duration;
      continue;
    }
    if (duration > 0 && whole) {
      found.sizes.push_back(static_cast<uint64_t>(size));
      found.durations.push_back(duration);
    }
    whole = true;
    size = 0;
    duration = 0;
  }
  return found;
}

double MeanInterval(absl::Span<const uint64_t> steps) {
  if (steps.size() < 2) return 0;
  const auto [first, last] = std::minmax_element(steps.begin(), steps.end());
  return static_cast<double>(*last - *first) / static_cast<double>(steps.size() - 1);
}

absl::StatusOr<PowerLawFit> FitPowerLaw(absl::Span<const uint64_t> numbers,
                                        const PowerLawOptions& options) {
  if (options.most > 0 && options.most <= options.least) {
    return absl::InvalidArgumentError(
        absl::StrCat("numbers from ", options.least, " to ", options.most, "; expected a range"));
  }
  if (absl::c_linear_search(numbers, 0)) {
    return absl::InvalidArgumentError("a number is 0; expected numbers from 1 on");
  }
  return ir::WithinMemory([&]() -> absl::StatusOr<PowerLawFit> {
    std::map<uint64_t, uint64_t> counted;
    for (const uint64_t number : numbers) {
      if (options.most == 0 || number <= options.most) ++counted[number];
    }
    const Histogram histogram(counted.begin(), counted.end());
    PowerLawFit fit;
    fit.p = std::numeric_limits<double>::quiet_NaN();
    const std::optional<Fitted> fitted = Fit(histogram, options);
    if (!fitted.has_value() || fitted->count < kFewest) {
      fit.problem =
          absl::StrCat("there are fewer than ", kFewest, " numbers of at least two kinds");
      return fit;
    }
    fit.exponent = fitted->law.exponent;
    fit.error = statistics::StandardError(fitted->law, fitted->count);
    fit.least = fitted->law.least;
    fit.most = fitted->law.most;
    fit.count = fitted->count;
    fit.distance = fitted->distance;
    if (options.resamples > 0) fit.p = TestFit(histogram, *fitted, options);
    return fit;
  });
}

}  // namespace bnsyn
