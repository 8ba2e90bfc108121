// narrow_sums: accumulators get as few bits as hold what arrives in one step.
//
// Where all synapses onto an input add known quanta, these are multiples of a unit, and the rules
// of the projections bound how many arrive in one step. Most projections have one weight, so the
// unit is the weight and the accumulator counts spikes. Accumulators of 16 bits take a quarter of
// the memory that is read, added to and cleared in each step. Where weights differ but are bounded,
// and all that may arrive stays within 2^51 quanta, sums have 64 bits that need no check and
// convert to doubles exactly: these are called sums of 52 bits.
#include <numeric>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/contributions.h"
#include "compiler/passes/passes.h"
#include "ir/mutant.h"
#include "reference/accumulator.h"

namespace bnsyn::compiler {
namespace {

// How an accumulator can be stored.
struct Storage {
  int bits = 64;
  int64_t unit = 1;
  friend bool operator==(const Storage&, const Storage&) = default;
};

Storage Widest(const ir::Accumulator& accumulator) { return {accumulator.wide ? 128 : 64, 1}; }

// What synapses add to one input.
struct Arrival {
  Contribution contribution;
  Range range;
};

// Counts units of one or more quanta; nullopt where 32 bits do not hold them.
std::optional<Storage> InUnits(const ir::Accumulator& accumulator,
                               const std::vector<Arrival>& arrivals) {
  int64_t unit = 0;
  for (const auto& [contribution, range] : arrivals) {
    if (!contribution.value) return std::nullopt;
    const reference::Quanta quanta =
        reference::ToQuanta(*contribution.value, accumulator.scale_log2);
    if (reference::Magnitude(quanta) > ir::kMaxAccumulatorUnit) return std::nullopt;
    unit = Mutant("pass.narrow_sums.unit") ? static_cast<int64_t>(quanta)
                                           : std::gcd(unit, static_cast<int64_t>(quanta));
  }
  if (unit == 0) return std::nullopt;
  double most = 0;  // units that arrive at one neuron in one step
  for (const auto& [contribution, range] : arrivals) {
    const reference::Quanta quanta =
        reference::Magnitude(reference::ToQuanta(*contribution.value, accumulator.scale_log2));
    const double synapses = Mutant("pass.narrow_sums.in_degree") ? 1 : contribution.in_degree.most;
    most += synapses * (static_cast<double>(quanta) / static_cast<double>(unit));
  }
  for (const int bits : {16, 32}) {
    ir::Accumulator narrow;
    narrow.bits = bits;
    if (most <= static_cast<double>(narrow.most())) return Storage{bits, unit};
  }
  return std::nullopt;
}

Storage Narrowest(const ir::Accumulator& accumulator, const std::vector<Arrival>& arrivals) {
  double most = 0;  // quanta
  for (const auto& [contribution, range] : arrivals) {
    const bool known = contribution.is_static || Mutant("pass.narrow_sums.static");
    if (!known || !range.bounded() || range.nan) return Widest(accumulator);
    most += contribution.in_degree.most *
            static_cast<double>(reference::ToQuanta(range.magnitude(), accumulator.scale_log2));
  }
  const std::optional<Storage> in_units = InUnits(accumulator, arrivals);
  if (in_units) return *in_units;
  constexpr int kExact = ir::Accumulator::kExactBits;
  ir::Accumulator exact;
  exact.bits = kExact;
  return most <= static_cast<double>(exact.most()) ? Storage{kExact, 1} : Widest(accumulator);
}

// By input.
std::vector<Storage> NarrowestOfAll(const ir::Program& program) {
  std::vector<std::vector<Arrival>> to(program.inputs.size());
  const std::vector<Contribution> contributions = FindContributions(program);
  const std::vector<Range> ranges = FindContributionRanges(program, contributions);
  for (size_t c = 0; c < contributions.size(); ++c) {
    to[contributions[c].input].push_back({contributions[c], ranges[c]});
  }
  std::vector<bool> has_events(program.inputs.size());
  for (const ir::Events& events : program.events) has_events[events.input] = true;
  std::vector<Storage> storage;
  for (ir::InputId id = 0; id < program.inputs.size(); ++id) {
    const ir::Accumulator& sum = program.inputs[id].accumulator;
    const bool known = !sum.decays() && !sum.wide && !has_events[id];
    storage.push_back(known ? Narrowest(sum, to[id]) : Widest(sum));
  }
  return storage;
}

}  // namespace

absl::StatusOr<ir::Program> NarrowSums(const ir::Program& program, const CompileOptions&) {
  ir::Program result = program;
  const std::vector<Storage> storage = NarrowestOfAll(program);
  for (ir::InputId id = 0; id < storage.size(); ++id) {
    result.inputs[id].accumulator.bits = storage[id].bits;
    result.inputs[id].accumulator.unit = storage[id].unit;
  }
  return result;
}

absl::StatusOr<ir::Program> WidenSums(const ir::Program& program, const CompileOptions&) {
  ir::Program result = program;
  for (ir::Input& input : result.inputs) {
    input.accumulator.bits = Widest(input.accumulator).bits;
    input.accumulator.unit = 1;
  }
  return result;
}

absl::Status CheckNarrowSums(const ir::Program& program) {
  const std::vector<Storage> storage = NarrowestOfAll(program);
  for (ir::InputId id = 0; id < storage.size(); ++id) {
    const ir::Input& input = program.inputs[id];
    if (input.accumulator.bits == 0) {
      return absl::InternalError(absl::StrCat("input ", input.name, " has no width"));
    }
    const Storage found = {input.accumulator.bits, input.accumulator.unit};
    if (found == Widest(input.accumulator) || found == storage[id]) continue;
    return absl::InternalError(absl::StrCat("sums of input ", input.name, " have ", found.bits,
                                            " bits in units of ", found.unit, ", not ",
                                            storage[id].bits, " in units of ", storage[id].unit));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
