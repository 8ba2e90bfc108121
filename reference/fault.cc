#include "reference/fault.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/accumulator.h"
#include "reference/columns.h"
#include "reference/evaluate.h"

namespace bnsyn::reference {
namespace {

std::string WithUnit(double value, const std::string& unit) {
  return unit.empty() ? ShowValue(value) : absl::StrCat(ShowValue(value), " ", unit);
}

double AsDouble(ir::Element element, ir::Bits bits) {
  ir::Node convert;
  convert.op = ir::Op::kConvert;
  convert.element = ir::Element::kF64;
  return ir::F64OfBits(Fold(convert, {element}, {bits}));
}

std::string When(const ir::Program& program, uint64_t step) {
  return absl::StrCat("in step ", step,
                      " (from t = ", ShowValue(static_cast<double>(step) * program.dt), " ms)");
}

// By state: true if some block checks it.
std::vector<bool> CheckedStates(const ir::Program& program) {
  std::vector<bool> checked(program.states.size());
  for (const std::vector<ir::Block>* blocks : {&program.synaptic, &program.step}) {
    for (const ir::Block& block : *blocks) {
      for (const ir::Node& node : block.nodes) {
        if (node.op == ir::Op::kCheck) checked[node.attr] = true;
      }
    }
  }
  return checked;
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

std::string DescribeLimit(const ir::Input& input, Quanta limit) {
  const int scale = input.accumulator.scale_log2;
  return absl::StrCat("its scale 2^", scale, " allows at most ",
                      ShowValue(FromQuanta(limit, scale)), "; a larger scale allows more");
}

}  // namespace

bool WithinBounds(const ir::State& state, double value) {
  return std::isfinite(value) && state.lower <= value && value <= state.upper;
}

absl::Status DescribeFault(const ir::Program& program, uint64_t step,
                           const std::function<ArrayView(ir::StateId)>& state, const EndsOf& ends) {
  const std::vector<bool> checked = CheckedStates(program);
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    if (!checked[id]) continue;
    const ir::State& declared = program.states[id];
    const ArrayView values = state(id);
    for (size_t i = 0; i < values.size; ++i) {
      const double value = AsDouble(values.element, values.bits(i));
      if (WithinBounds(declared, value)) continue;
      const std::string reason =
          std::isfinite(value) ? absl::StrCat("outside its bounds [", ShowValue(declared.lower),
                                              ", ", ShowValue(declared.upper), "]")
                               : "not a finite number";
      return absl::OutOfRangeError(absl::StrCat(DescribeElement(program, declared, i, ends),
                                                " became ", WithUnit(value, declared.unit), " ",
                                                When(program, step), ": ", reason));
    }
  }
  // A later store of the same step replaced the value.
  return absl::OutOfRangeError(absl::StrCat("a checked value was not finite or outside its bounds ",
                                            When(program, step),
                                            ", but was overwritten within the step"));
}

absl::Status DescribeContributionFault(const ir::Program& program, uint64_t step, ir::InputId input,
                                       uint32_t element, double value) {
  const ir::Accumulator& sum = program.inputs[input].accumulator;
  const Quanta limit = LimitsOf(sum).unknown;
  const bool fits = Magnitude(ToQuanta(value, sum.scale_log2)) <= limit;
  return absl::OutOfRangeError(
      absl::StrCat(DescribeInput(program, input, element), " was to receive ", ShowValue(value),
                   " ", When(program, step), ": ",
                   fits ? absl::StrCat("that is coarse, as its scale is 2^", sum.scale_log2)
                        : DescribeLimit(program.inputs[input], limit)));
}

absl::Status DescribeSumFault(const ir::Program& program, uint64_t step, ir::InputId input,
                              uint32_t element, Quanta quanta) {
  return absl::OutOfRangeError(absl::StrCat(
      DescribeInput(program, input, element), " summed to ",
      ShowValue(FromQuanta(quanta, program.inputs[input].accumulator.scale_log2)), " ",
      When(program, step), ": ",
      DescribeLimit(program.inputs[input], LimitsOf(program.inputs[input].accumulator).sum)));
}

}  // namespace bnsyn::reference
