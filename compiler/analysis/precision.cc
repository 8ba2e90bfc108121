#include "compiler/analysis/precision.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/analysis/contributions.h"
#include "reference/accumulator.h"

namespace bnsyn::compiler {
namespace {

constexpr int kExactBits = 23;  // quanta of a contribution, from which on half a one is 2^-24

// The greatest part of itself by which an amount is rounded; nullopt if it may be arbitrarily
// small.
std::optional<double> ErrorOf(const Amount& amount, const ir::Accumulator& sum) {
  const double half = std::ldexp(0.5, sum.scale_log2);
  if (!amount.values.empty()) {
    double error = 0;
    for (const double value : amount.values) {
      if (value == 0 || !std::isfinite(value)) continue;
      // A decaying sum rounds once more, to quanta that have lost value.
      const double second = sum.decays() ? half / std::fabs(value) : 0;
      error = std::max(error, reference::RelativeError(value, sum.scale_log2) + second);
    }
    return error;
  }
  const double least = amount.range.nonzero();
  if (least == 0) return std::nullopt;
  return std::min(1.0, half / least);
}

void Add(const Amount& amount, const ir::Accumulator& sum, InputPrecision& all) {
  const bool first = all.greatest == 0;
  const double least = amount.range.nonzero();
  all.least = first ? least : std::min(all.least, least);
  all.greatest = std::max(all.greatest, amount.range.magnitude());
  const std::optional<double> error = ErrorOf(amount, sum);
  if (first) {
    all.error = error;
  } else if (all.error.has_value()) {
    all.error = error.has_value() ? std::optional(std::max(*all.error, *error)) : std::nullopt;
  }
}

}  // namespace

std::vector<InputPrecision> FindPrecision(const ir::Program& program) {
  std::vector<InputPrecision> all(program.inputs.size());
  for (const Amount& amount : FindAmounts(program)) {
    if (amount.range.magnitude() == 0) continue;
    Add(amount, program.inputs[amount.input].accumulator, all[amount.input]);
  }
  std::vector<InputPrecision> found;
  for (ir::InputId id = 0; id < all.size(); ++id) {
    if (all[id].greatest == 0) continue;
    all[id].input = id;
    all[id].exact_from = std::ldexp(1.0, program.inputs[id].accumulator.scale_log2 + kExactBits);
    found.push_back(all[id]);
  }
  return found;
}

}  // namespace bnsyn::compiler
