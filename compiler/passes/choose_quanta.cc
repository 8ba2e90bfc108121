// choose_quanta: each input gets the scale and the width of sums that keep what arrives (R6).
//
// Of the ways below, an input takes the first that keeps its promise: that a contribution has 24
// bits, however small it is beside the greatest.
//
//   31 bits   the greatest contribution fills 31 bits, so that synapses store 32
//   52 bits   all that may arrive in a step has 51 bits: sums convert without a check
//   64 bits   the same with 61 bits
//   128 bits  the rest: the same with 125 bits; where nothing bounds what arrives, from 2^-41 to
//             2^40 of the unit
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/contributions.h"
#include "compiler/passes/prepare.h"
#include "ir/diagnostic.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/columns.h"

namespace bnsyn::compiler {
namespace {

// The significant bits that each contribution keeps.
const int kBits = Mutant("pass.choose_quanta.bits") ? 23 : 24;
constexpr int kStrictBits = 53;

// Contributions that may be arbitrarily small, but begin with a size, should keep their bits down
// to this part of it. Sums of 64 bits do, if their bounds are not far above it; wide ones cost
// plastic synapses 14 % more time.
constexpr double kSmallestLater = 0x1p-24;

// The scale of an input if nothing bounds what it receives.
constexpr int kUnboundedScale = -64;
// How much finer it may be for other contributions that are known: those that are not can then
// reach 2^20 of the unit.
constexpr int kFinerUnbounded = 20;

// Bits of a sum that the bound of the sum may have. One more is for the rounding of the bound.
constexpr int kExactSumBits = ir::Accumulator::kExactBits - 2;
const int kSumBits = Mutant("pass.choose_quanta.bits_of_a_sum") ? 62 : 61;
const int kWideSumBits = Mutant("pass.choose_quanta.bits_of_a_wide_sum") ? 124 : 125;

// No scale is beyond 2^1000, or below 2^-1000.
constexpr int kGreatestScale = 1000;

constexpr int kNoScale = std::numeric_limits<int>::max();

// The exponent of the least power of two above x > 0.
int ExponentAbove(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return exponent;
}

// The coarsest scale that keeps so many bits of a number that is not 0: all, if it has fewer.
int CoarsestFor(double x, int bits) {
  int exponent = 0;
  const double mantissa = std::frexp(std::fabs(x), &exponent);
  const auto digits = static_cast<uint64_t>(std::ldexp(mantissa, kStrictBits));
  return std::max(exponent - bits, exponent - kStrictBits + std::countr_zero(digits));
}

// What arrives at an input.
struct Arriving {
  double greatest = 0;          // magnitude of a contribution, of those that have bounds
  double sum = 0;               // of theirs that meet in one step
  bool unbounded = false;       // true if others have none
  double greatest_dynamic = 0;  // magnitude of those that are not static
  double dynamic = 0;           // how many of these meet in one step
  // The coarsest scale that keeps what is promised of each; kNoScale if all are 0. Contributions
  // that may be arbitrarily small allow none.
  int coarsest = kNoScale;
  bool arbitrarily_small = false;

  void Add(const Amount& amount, int bits);
  bool Keeps(int scale) const { return !arbitrarily_small && scale <= coarsest; }
};

void Arriving::Add(const Amount& amount, int bits) {
  if (!amount.is_static) dynamic += amount.most;
  if (!amount.range.bounded()) {
    unbounded = true;
    return;
  }
  greatest = std::max(greatest, amount.range.magnitude());
  if (!Mutant("pass.choose_quanta.sum")) sum += amount.sum;
  if (!amount.is_static) greatest_dynamic = std::max(greatest_dynamic, amount.range.magnitude());
  for (const double value : amount.values) {
    if (value != 0) coarsest = std::min(coarsest, CoarsestFor(value, bits));
  }
  double least = amount.range.nonzero();
  if (!amount.values.empty() || std::isinf(least)) return;
  if (least == 0) {
    least = std::min(amount.beginning, amount.range.magnitude()) * kSmallestLater;
  }
  if (least == 0) arbitrarily_small = true;
  if (least > 0) coarsest = std::min(coarsest, ExponentAbove(least) - bits);
}

// Chooses the limit and the finest scale of a sum whose width is chosen, so that what has bounds
// fills `sum_bits`. False if so many contributions can meet that even the least limit is too high.
bool Fill(const Arriving& arriving, int sum_bits, ir::Accumulator& sum) {
  if (arriving.dynamic > 0) {
    // That many of this limit meet, at most.
    const int limit =
        std::min(sum_bits + 1 - ExponentAbove(arriving.dynamic), sum.greatest_limit());
    if (limit < sum.least_limit()) return false;
    sum.limit_log2 = limit;
  }
  sum.scale_log2 = std::max(ExponentAbove(arriving.sum) - sum_bits,
                            ExponentAbove(arriving.greatest) - sum_bits + 1);
  if (arriving.greatest_dynamic > 0) {
    const int finest = ExponentAbove(arriving.greatest_dynamic) - sum.limit();
    sum.scale_log2 = std::max(sum.scale_log2, finest);
  }
  return true;
}

// A sum of 64 bits, of which all that arrives fills `sum_bits`; nullopt if it may be more.
std::optional<ir::Accumulator> Filling(const Arriving& arriving, int sum_bits) {
  ir::Accumulator sum;
  if (arriving.unbounded || !Fill(arriving, sum_bits, sum)) return std::nullopt;
  return sum;
}

ir::Accumulator Wide(const Arriving& arriving) {
  ir::Accumulator sum;
  sum.wide = true;
  // Where even the least limit is too high, the proof of sums says so.
  Fill(arriving, kWideSumBits, sum);
  if (!arriving.unbounded) return sum;
  // What the limit leaves goes half to larger contributions and half to smaller ones.
  const int usual = kUnboundedScale - (sum.limit() - sum.least_limit()) / 2;
  const int wanted = std::max(std::min(arriving.coarsest, usual), usual - kFinerUnbounded);
  sum.scale_log2 = arriving.greatest > 0 ? std::max(wanted, sum.scale_log2) : wanted;
  return sum;
}

ir::Accumulator Choose(const Arriving& arriving) {
  if (arriving.unbounded) return Wide(arriving);
  ir::Accumulator small;
  small.scale_log2 = reference::ScaleLog2For(arriving.greatest);
  if (arriving.Keeps(small.scale_log2)) return small;
  for (const int bits : {kExactSumBits, kSumBits}) {
    const std::optional<ir::Accumulator> sum = Filling(arriving, bits);
    if (sum.has_value() && arriving.Keeps(sum->scale_log2)) return *sum;
  }
  return Wide(arriving);
}

// A sum of the resolution that the user asked for.
absl::StatusOr<ir::Accumulator> ChooseWith(const Resolution& resolution, const Arriving& arriving) {
  const int scale = ExponentAbove(resolution.value) - 1;
  ir::Accumulator sum = Wide(arriving);
  if (arriving.greatest > 0 && scale < sum.scale_log2 && !arriving.unbounded) {
    const std::string least = reference::ShowValue(std::ldexp(1.0, sum.scale_log2));
    return ir::ErrorAt(
        resolution.place, {0, resolution.place.text.size()},
        absl::StrCat("this resolution is too fine for what arrives, which sums to ",
                     reference::ShowValue(arriving.sum), " ", resolution.unit, " in a step"),
        absl::StrCat("give at least ", least, " ", resolution.unit));
  }
  const std::optional<ir::Accumulator> filling = Filling(arriving, kSumBits);
  if (filling.has_value() && filling->scale_log2 <= scale) sum = *filling;
  sum.scale_log2 = scale;
  return sum;
}

}  // namespace

absl::StatusOr<ir::Program> ChooseQuanta(const ir::Program& program, const ProgramFacts& facts) {
  ir::Program result = program;
  std::vector<Arriving> arriving(program.inputs.size());
  for (const Amount& amount : FindAmounts(program, facts.constant)) {
    arriving[amount.input].Add(amount, facts.exact_sums ? kStrictBits : kBits);
  }
  for (ir::InputId id = 0; id < arriving.size(); ++id) {
    ir::Accumulator& sum = result.inputs[id].accumulator;
    if (sum.decays()) continue;
    if (const Resolution* const resolution = facts.FindResolution(result.inputs[id].name)) {
      BNSYN_ASSIGN_OR_RETURN(sum, ChooseWith(*resolution, arriving[id]));
    } else if (arriving[id].unbounded || arriving[id].greatest > 0) {
      sum = Choose(arriving[id]);
    }
    sum.scale_log2 = std::clamp(sum.scale_log2, -kGreatestScale, kGreatestScale);
  }
  return result;
}

}  // namespace bnsyn::compiler
