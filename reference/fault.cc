#include "reference/fault.h"

#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/mutant.h"
#include "reference/accumulator.h"
#include "reference/columns.h"

namespace bnsyn::reference {
namespace {

std::string WithUnit(double value, const std::string& unit) {
  return unit.empty() ? ShowValue(value) : absl::StrCat(ShowValue(value), " ", unit);
}

// The time of a step, with as many decimals as the step has: 101 steps of 0.1 ms are 10.1 ms,
// though the product of the doubles is not 10.1.
std::string ShowTime(uint64_t step, double dt) {
  const double time = static_cast<double>(step) * dt;
  constexpr size_t kMost = 12;
  const std::string digits = ShowValue(dt);
  const size_t point = digits.find('.');
  const size_t decimals = point == std::string::npos ? 0 : digits.size() - point - 1;
  if (digits.find('e') != std::string::npos || decimals > kMost) return ShowValue(time);
  std::string text = absl::StrFormat("%.*f", static_cast<int>(decimals), time);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string When(const ir::Program& program, uint64_t step) {
  return absl::StrCat("in step ", step, " (from t = ", ShowTime(step, program.dt), " ms)");
}

// What is wrong with a value that is not finite.
std::string NotFinite(const std::string& cause) {
  return absl::StrCat("not a finite number", cause.empty() ? "" : absl::StrCat(", since ", cause),
                      "; a smaller dt, or clip(x, low, high) in the code, may keep it finite");
}

std::string DescribeElement(const ir::Program& program, const ir::State& state, size_t element,
                            const EndsOf& ends) {
  if (state.type.uniform()) return state.name;
  const ir::Domain& domain = program.domains[static_cast<size_t>(state.type.domain)];
  if (domain.kind == ir::DomainKind::kProjection) {
    const ir::Projection& projection = program.projections[domain.index];
    const auto [source, target] = ends(domain.index, element);
    return absl::StrCat(state.name, " of the synapse of projection ", projection.name,
                        " from neuron ", source, " of ",
                        program.populations[projection.source].name, " to neuron ", target, " of ",
                        program.populations[projection.target].name);
  }
  return absl::StrCat(state.name, " of element ", element, " of population ",
                      program.DomainName(state.type.domain));
}

std::string DescribeInput(const ir::Program& program, ir::InputId input, uint32_t element) {
  const ir::Input& in = program.inputs[input];
  return absl::StrCat("input ", in.name, " of element ", element, " of population ",
                      program.DomainName(in.population));
}

// So many quanta, in the unit of the input.
std::string Worth(const ir::Input& input, Quanta quanta) {
  return ShowIn(input, FromQuanta(quanta, input.accumulator.scale_log2));
}

}  // namespace

std::string ShowIn(const ir::Input& input, double value) { return WithUnit(value, input.unit); }

std::string DescribeLimit(const ir::Input& input, Quanta limit) {
  return absl::StrCat("its resolution of ", Worth(input, 1), " allows at most ",
                      Worth(input, limit), "; a coarser resolution allows more");
}

bool WithinBounds(const ir::State& state, double value) {
  if (Mutant("R10.upper_bound") && value == state.upper) return false;
  if (Mutant("R10.lower_bound") && value < state.lower) return true;
  if (Mutant("R10.not_finite") && std::isnan(value)) return true;
  return std::isfinite(value) && state.lower <= value && value <= state.upper;
}

absl::Status DescribeCheckFault(const ir::Program& program, uint64_t step, const CheckFault& fault,
                                const EndsOf& ends) {
  const ir::State& state = program.states[fault.state];
  if (absl::StrContains(state.name, ".rk45.left")) {
    return absl::OutOfRangeError(absl::StrCat(
        "rk45 did not come to the end of the step of element ", fault.element, " of population ",
        program.DomainName(state.type.domain), " ", When(program, step), ": ",
        WithUnit(fault.value, "ms"), " are left after as many tries as there may be; larger ",
        "tolerances, as in rk45(1e-4, 1e-4), or a smaller dt may help"));
  }
  std::string reason;
  if (!std::isfinite(fault.value)) {
    reason = NotFinite(fault.cause);
  } else {
    const bool below = fault.value < state.lower;
    reason = absl::StrCat(below ? "below its bound " : "above its bound ",
                          WithUnit(below ? state.lower : state.upper, state.unit),
                          state.repeats ? "; most_spikes in the model is the most that it may be"
                                        : "; clip(x, low, high) in the code keeps it inside, or "
                                          "widen the bounds");
  }
  return absl::OutOfRangeError(absl::StrCat(DescribeElement(program, state, fault.element, ends),
                                            " became ", WithUnit(fault.value, state.unit), " ",
                                            When(program, step), ": ", reason));
}

absl::Status DescribeInitialFault(const ir::Program& program, const CheckFault& fault) {
  const ir::State& state = program.states[fault.state];
  return absl::InvalidArgumentError(
      absl::StrCat("the initial ", DescribeElement(program, state, fault.element, nullptr), " is ",
                   WithUnit(fault.value, state.unit), ": not a finite number",
                   fault.cause.empty() ? "" : ", since ", fault.cause));
}

absl::Status DescribeArithmeticFault(const ir::Program& program, std::optional<uint64_t> step,
                                     ir::DomainId domain, size_t element,
                                     const std::optional<SynapseEnds>& ends,
                                     absl::string_view why) {
  std::string where = "the code of the network";
  if (ends.has_value()) {
    const ir::Projection& projection =
        program.projections[program.domains[static_cast<size_t>(domain)].index];
    where =
        absl::StrCat("the synapse of projection ", projection.name, " from neuron ", ends->source,
                     " of ", program.populations[projection.source].name, " to neuron ",
                     ends->target, " of ", program.populations[projection.target].name);
  } else if (domain != ir::DomainId::kNetwork) {
    where = absl::StrCat("element ", element, " of population ", program.DomainName(domain));
  }
  return absl::OutOfRangeError(absl::StrCat(
      where, step.has_value() ? absl::StrCat(" ", When(program, *step)) : " at the beginning", ": ",
      why));
}

absl::Status DescribeContributionFault(const ir::Program& program, uint64_t step, ir::InputId input,
                                       uint32_t element, double value, const std::string& cause) {
  const ir::Input& in = program.inputs[input];
  const Quanta limit = LimitsOf(in.accumulator).unknown;
  std::string reason;
  if (!std::isfinite(value)) {
    reason = NotFinite(cause);
  } else if (Magnitude(ToQuanta(value, in.accumulator.scale_log2)) > limit) {
    reason = absl::StrCat(DescribeLimit(in, limit),
                          ", and so do bounds of what the contribution is computed from");
  } else {
    reason = absl::StrCat("its sums are multiples of ", Worth(in, 1),
                          ", so that precision = \"strict\" refuses it; a finer resolution of the ",
                          "input, or bounds of what the contribution is computed from, help");
  }
  return absl::OutOfRangeError(absl::StrCat(DescribeInput(program, input, element),
                                            " was to receive ", WithUnit(value, in.unit), " ",
                                            When(program, step), ": ", reason));
}

absl::Status DescribeSumFault(const ir::Program& program, uint64_t step, ir::InputId input,
                              uint32_t element, Quanta quanta) {
  const ir::Input& in = program.inputs[input];
  return absl::OutOfRangeError(absl::StrCat(DescribeInput(program, input, element), " summed to ",
                                            Worth(in, quanta), " ", When(program, step), ": ",
                                            DescribeLimit(in, LimitsOf(in.accumulator).sum)));
}

absl::Status TooManySpikes(const ir::Program& program, ir::PopulationId population,
                           uint32_t neuron) {
  const uint32_t most = program.MostRepeats(population);
  return absl::InvalidArgumentError(absl::StrCat(
      "neuron ", neuron, " of ", program.populations[population].name, " has spiked ", most,
      " times in this step, and its model allows no more\n  note: raise most_spikes"));
}

}  // namespace bnsyn::reference
