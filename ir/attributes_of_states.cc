#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ir/attribute_fields.h"
#include "ir/attributes.h"
#include "ir/parser.h"
#include "ir/program.h"
#include "ir/symbols.h"

namespace bnsyn::ir {
namespace {

Result CheckBounds(const Program&, const State& state) {
  if (state.lower <= state.upper) return std::nullopt;
  return Fail(absl::StrCat("the bounds of '", state.name, "' leave no value"),
              "write the lower bound first, as in bounds=[-100, 50]");
}

Text BoundsText(const Program&, const State& state) {
  const State standard;
  if (state.lower == standard.lower && state.upper == standard.upper) return std::nullopt;
  return RangeText(state.lower, state.upper);
}

// "repeats=exc": a list holds so many spikes of one neuron at most.
constexpr double kMostRepeats = 0x1p20;

absl::Status ReadRepeats(TokenReader& reader, const Program& program, State& state) {
  return ReadInto(state.repeats,
                  [&] { return ReadSymbol(reader, program, AttrKind::kPopulation); });
}

Text RepeatsText(const Program& program, const State& state) {
  if (!state.repeats) return std::nullopt;
  return std::string(SymbolName(program, AttrKind::kPopulation, *state.repeats));
}

Result CheckRepeats(const Program& program, const State& state) {
  if (!state.repeats) return std::nullopt;
  if (*state.repeats >= program.populations.size()) return Fail("repeats= names no population");
  if (!program.populations[*state.repeats].repeats) {
    return Fail(absl::StrCat("the population '", program.populations[*state.repeats].name,
                             "' does not say that its spikes repeat"));
  }
  const Type wanted = {Element::kI64, program.populations[*state.repeats].domain};
  if (state.type != wanted || state.temporary) {
    return Fail(absl::StrCat("how often neurons spike is a state of ", TypeName(program, wanted)));
  }
  const bool bounded = state.lower >= 0 && state.upper >= 1 && state.upper <= kMostRepeats &&
                       state.upper == std::floor(state.upper);
  if (bounded) return std::nullopt;
  return Fail("how often a neuron may spike in a step needs whole bounds from 0 to 1048576",
              "as in bounds=[0, 16] repeats=exc");
}

Result CheckHistory(const Program& program, const State& state) {
  if (state.history == 0) return std::nullopt;
  if (state.history > kLongestHistory) {
    return Fail(absl::StrCat("the history of ", state.history, " steps is too long"),
                absl::StrCat("it is at most ", kLongestHistory));
  }
  if (program.domains[static_cast<size_t>(state.type.domain)].kind == DomainKind::kProjection) {
    return Fail("a state of synapses has no history");
  }
  if (state.temporary) return Fail("a temporary has no history");
  return std::nullopt;
}

}  // namespace

template <>
const std::vector<Attribute<State>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<State>>{
      {"bounds", "the run stops where a `check` sees a value outside", false,
       [](TokenReader& reader, const Program&, State& d) {
         return ReadRange(reader, d.lower, d.upper);
       },
       BoundsText, CheckBounds},
      {"repeats", "where a neuron of the population spikes, the state says how often", false,
       &ReadRepeats, &RepeatsText, &CheckRepeats},
      Field<State, &State::unit>("unit", "of the value, for people"),
      Field<State, &State::history>("history", "the steps for which past values are kept", nullptr,
                                    CheckHistory),
  };
  return *rows;
}

}  // namespace bnsyn::ir
