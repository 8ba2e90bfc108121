#include "runtime/change_parameters.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "compiler/description/settings.h"
#include "compiler/language/units.h"
#include "compiler/lowering/lower.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "reference/accumulator.h"
#include "reference/machine.h"
#include "runtime/conversion.h"

namespace bnsyn {
namespace {

// The declarations of a program whose change would leave no place for its state: those of
// populations, groups, variables and synapses, without initial values, bounds and weights.
std::string ShapeOf(const ir::Program& program) {
  ir::Program shape;
  shape.dt = program.dt;
  shape.seed = program.seed;
  shape.spikes_at_start = program.spikes_at_start;
  shape.domains = program.domains;
  shape.tables = program.tables;
  for (ir::Table& table : shape.tables) {
    for (std::vector<double>& column : table.values) column.clear();
  }
  shape.populations = program.populations;
  shape.groups = program.groups;
  // Those that are temporary too: recorders know states by their numbers.
  for (const ir::State& state : program.states) {
    ir::State& plain = shape.states.emplace_back();
    plain.temporary = state.temporary;
    plain.name = state.name;
    plain.type = state.type;
    plain.repeats = state.repeats;
    plain.history = state.history;
    // How often a neuron may spike in a step.
    if (state.repeats.has_value()) plain.upper = state.upper;
  }
  shape.projections = program.projections;
  for (ir::Projection& projection : shape.projections) {
    projection.weight = 1;
    projection.weight_column.reset();
    projection.of_source.clear();
    projection.of_target.clear();
  }
  return ir::Print(shape);
}

// True if two blocks say the same and the parameters that they read have the same values. Either
// may be null.
bool IsSame(const ir::Program& before, const ir::Block* a, const ir::Program& after,
            const ir::Block* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (ir::PrintBlock(before, *a) != ir::PrintBlock(after, *b)) return false;
  for (size_t i = 0; i < a->nodes.size(); ++i) {
    if (ir::Info(a->nodes[i].op).attr != ir::AttrKind::kParam) continue;
    if (before.params[a->nodes[i].attr].value != after.params[b->nodes[i].attr].value) return false;
  }
  return true;
}

absl::Status DoesNotFit(const std::string& what) {
  return absl::FailedPreconditionError(
      absl::StrCat("a change of ", what,
                   " leaves no place for the state of the simulation\n  note: compile the "
                   "network with the new value, and run it from its beginning"));
}

// The states of neurons that the connect block of a projection reads.
std::vector<ir::StateId> ReadByConnect(const ir::Block& connect) {
  std::vector<ir::StateId> states;
  for (const ir::Node& node : connect.nodes) {
    if (node.op == ir::Op::kLoadPre || node.op == ir::Op::kLoadPost) {
      states.push_back(static_cast<ir::StateId>(node.attr));
    }
  }
  return states;
}

// Which neurons are joined, and after which delay, where a block computes that.
absl::Status CheckSameSynapses(const ir::Program& before, const ir::Program& after) {
  std::optional<std::vector<reference::Array>> first;
  std::optional<std::vector<reference::Array>> second;
  for (ir::ProjectionId id = 0; id < before.projections.size(); ++id) {
    const ir::Block* const connect = before.FindConnect(id);
    if (connect == nullptr || !(before.SetsPairs(id) || before.HasOwnDelays(id))) continue;
    const std::string name = absl::StrCat("the synapses of ", before.projections[id].name);
    if (!IsSame(before, connect, after, after.FindConnect(id))) return DoesNotFit(name);
    for (const ir::StateId state : ReadByConnect(*connect)) {
      if (!first.has_value()) {
        BNSYN_ASSIGN_OR_RETURN(first, reference::InitialStates(before));
        BNSYN_ASSIGN_OR_RETURN(second, reference::InitialStates(after));
      }
      const reference::Array& values = (*first)[state];
      for (size_t i = 0; i < values.size(); ++i) {
        if (values.bits(i) != (*second)[state].bits(i)) return DoesNotFit(name);
      }
    }
  }
  return absl::OkStatus();
}

// What is pending at an element of an input, as a sum of `after` at the beginning of a step.
absl::StatusOr<reference::Quanta> TranslateSum(reference::Quanta pending, int scale_log2,
                                               double state, const ir::Accumulator& after,
                                               uint64_t step) {
  const reference::Quanta arrived =
      reference::ToQuanta(reference::FromQuanta(pending, scale_log2), after.scale_log2);
  if (!after.decays()) return arrived;
  const reference::AccumulatorArithmetic arithmetic(after);
  BNSYN_ASSIGN_OR_RETURN(const int64_t held, arithmetic.SumFor(step, state));
  return held + arithmetic.Counted(arrived, arithmetic.PhaseOf(step));
}

}  // namespace

absl::Status CheckDimension(const std::string& name, const std::string& declared,
                            const Quantity& value) {
  const std::optional<Unit> unit = ParseUnit(declared.empty() ? "1" : declared);
  if (!unit || unit->dimension == value.dimension) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", DescribeDimension(unit->dimension), ", but ",
                   ShowNumber(value.value), " is ", DescribeDimension(value.dimension),
                   value.dimension.dimensionless()
                       ? absl::StrCat("; give it a unit, as in Quantity(", ShowNumber(value.value),
                                      ", *ParseUnit(\"", declared, "\"))")
                       : ""));
}

absl::StatusOr<ir::Program> LowerChanged(const Network& network, const ChangedParameters& changed,
                                         const compiler::CompileOptions& options,
                                         std::vector<compiler::TunableRequirement>* requirements) {
  if (changed.empty()) return LowerNetwork(network, options, nullptr, requirements);
  Network other = network;
  for (const auto& [name, value] : changed) {
    BNSYN_RETURN_IF_ERROR(other.Set(name, value));
  }
  return LowerNetwork(other, options, nullptr, requirements);
}

void SetRequiredValue(absl::string_view name, double value,
                      std::vector<compiler::TunableRequirement>& requirements) {
  for (compiler::TunableRequirement& required : requirements) {
    for (compiler::RequiredValue& own : required.values) {
      if (own.tunable == name) own.value.value = value;
    }
  }
}

std::optional<std::pair<std::string, std::string>> FirstDifference(absl::string_view first,
                                                                   absl::string_view second) {
  if (first == second) return std::nullopt;
  const std::vector<std::string> lines = absl::StrSplit(first, '\n');
  const std::vector<std::string> others = absl::StrSplit(second, '\n');
  size_t line = 0;
  while (line < lines.size() && line < others.size() && lines[line] == others[line]) ++line;
  const auto at = [line](const std::vector<std::string>& text) {
    return line < text.size() && !text[line].empty() ? text[line] : "nothing";
  };
  return std::pair(at(lines), at(others));
}

absl::Status CheckSameShape(const ir::Program& before, const ir::Program& after) {
  if (const auto lines = FirstDifference(ShapeOf(before), ShapeOf(after))) {
    return DoesNotFit(absl::StrCat("'", lines->first, "' to '", lines->second, "'"));
  }
  return CheckSameSynapses(before, after);
}

std::vector<ir::ProjectionId> OtherwiseBetweenSteps(const ir::Program& before,
                                                    const ir::Program& after) {
  std::vector<ir::ProjectionId> projections;
  for (ir::ProjectionId id = 0; id < before.projections.size(); ++id) {
    const ir::Block* const now = before.FindNow(id);
    if (now != nullptr && !IsSame(before, now, after, after.FindNow(id))) {
      projections.push_back(id);
    }
  }
  return projections;
}

absl::StatusOr<reference::Moment> Translate(const reference::Moment& moment,
                                            const reference::StateValues& values,
                                            const ir::Program& before, const ir::Program& after) {
  reference::Moment result = moment;
  result.params.clear();
  for (const ir::Param& param : after.params) {
    const std::optional<ir::ParamId> id = before.FindParam(param.name);
    result.params.push_back(param.tunable && id.has_value() ? moment.params[*id] : param.value);
  }
  result.totals.clear();
  for (const ir::Reduction& reduction : after.reductions) {
    const std::optional<ir::ReductionId> id = before.FindReduction(reduction.name);
    result.totals.push_back(id.has_value() ? moment.totals[*id] : 0);
  }
  result.sums.clear();
  for (const ir::Input& input : after.inputs) {
    std::vector<reference::Quanta>& sums = result.sums.emplace_back();
    sums.resize(after.Size(input.population));
    const std::optional<ir::InputId> id = before.FindInput(input.name);
    const ir::Accumulator* const old = id.has_value() ? &before.inputs[*id].accumulator : nullptr;
    ir::Accumulator same = input.accumulator;
    if (old != nullptr) {
      same.bits = old->bits;
      same.unit = old->unit;
    }
    if (old != nullptr && *old == same) {
      sums = moment.sums[*id];
      continue;
    }
    reference::Array held;
    if (input.accumulator.decays()) held = values(input.accumulator.state);
    for (size_t i = 0; i < sums.size(); ++i) {
      const bool pends = old != nullptr && !old->decays();
      BNSYN_ASSIGN_OR_RETURN(
          sums[i], TranslateSum(pends ? moment.sums[*id][i] : 0, pends ? old->scale_log2 : 0,
                                held.size() == 0 ? 0 : ir::F64OfBits(held.bits(i)),
                                input.accumulator, moment.step));
    }
  }
  // Which contributions are coarse depends on the quanta.
  result.coarse.clear();
  return result;
}

}  // namespace bnsyn
