// narrow_sums: accumulators get as few bits as hold what arrives in one step.
//
// Where all synapses onto an input add known quanta, these are multiples of a unit, and the rules
// of the projections bound how many arrive in one step. Most projections have one weight, so the
// unit is the weight and the accumulator counts spikes. Accumulators of 16 bits take a quarter of
// the memory that is read, added to and cleared in each step.
#include <cstdlib>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/contributions.h"
#include "compiler/passes/passes.h"
#include "reference/accumulator.h"

namespace bnsyn::compiler {
namespace {

constexpr int kWidest = 64;

// How an accumulator can be stored.
struct Storage {
  int bits = kWidest;
  int64_t unit = 1;
  friend bool operator==(const Storage&, const Storage&) = default;
};

Storage StorageOf(const ir::Accumulator& accumulator) {
  return {accumulator.width(), accumulator.unit};
}

// `to` are the contributions to one input.
Storage Narrowest(const ir::Accumulator& accumulator, const std::vector<Contribution>& to) {
  int64_t unit = 0;
  for (const Contribution& contribution : to) {
    if (contribution.kind != ir::BlockKind::kOnPre || !contribution.value) return {};
    const int64_t quanta = reference::ToQuanta(*contribution.value, accumulator.scale_log2);
    if (std::abs(quanta) > reference::kMaxContribution) return {};
    unit = std::gcd(unit, quanta);
  }
  if (unit == 0) return {};
  double most = 0;  // units that arrive at one neuron in one step
  for (const Contribution& contribution : to) {
    const int64_t quanta = reference::ToQuanta(*contribution.value, accumulator.scale_log2);
    most += contribution.in_degree.most *
            (static_cast<double>(std::abs(quanta)) / static_cast<double>(unit));
  }
  for (const int bits : {16, 32}) {
    ir::Accumulator narrow;
    narrow.bits = bits;
    if (most <= static_cast<double>(narrow.most())) return {bits, unit};
  }
  return {};
}

// By input.
std::vector<Storage> NarrowestOfAll(const ir::Program& program) {
  std::vector<std::vector<Contribution>> to(program.inputs.size());
  for (const Contribution& c : FindContributions(program)) to[c.input].push_back(c);
  std::vector<Storage> storage;
  for (ir::InputId id = 0; id < program.inputs.size(); ++id) {
    const ir::Accumulator& accumulator = program.inputs[id].accumulator;
    storage.push_back(accumulator.decays() ? Storage() : Narrowest(accumulator, to[id]));
  }
  for (const ir::Events& events : program.events) storage[events.input] = {};
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
    input.accumulator.bits = kWidest;
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
    const Storage found = StorageOf(input.accumulator);
    if (found == Storage() || found == storage[id]) continue;
    return absl::InternalError(absl::StrCat("sums of input ", input.name, " have ", found.bits,
                                            " bits in units of ", found.unit, ", not ",
                                            storage[id].bits, " in units of ", storage[id].unit));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
