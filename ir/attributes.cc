#include "ir/attributes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/status_macros.h"
#include "ir/symbols.h"
#include "ir/text.h"

namespace bnsyn::ir {
namespace {

using Result = std::optional<Violation>;
using Text = std::optional<std::string>;

Violation Fail(std::string message, std::string note = "") {
  return {.message = std::move(message), .note = std::move(note), .symbol = ""};
}

// The value of a field of each type, as it is read and printed.
absl::Status ReadField(TokenReader& reader, double& field) {
  return ReadInto(field, [&] { return reader.ReadDouble(); });
}
absl::Status ReadField(TokenReader& reader, uint64_t& field) {
  return ReadInto(field, [&] { return reader.ReadUnsigned(); });
}
absl::Status ReadField(TokenReader& reader, uint32_t& field) {
  return ReadInto(field, [&] { return reader.ReadUnsigned32(); });
}
absl::Status ReadField(TokenReader& reader, std::string& field) {
  return ReadInto(field, [&] { return reader.ReadString(); });
}
absl::Status ReadField(TokenReader& reader, bool& field) {
  return ReadInto(field, [&] { return ReadValue(reader, Element::kBool); });
}
std::string FieldText(double field) { return PrintLiteral(Element::kF64, BitsOfF64(field)); }
std::string FieldText(uint64_t field) { return absl::StrCat(field); }
std::string FieldText(uint32_t field) { return absl::StrCat(field); }
std::string FieldText(const std::string& field) { return Quoted(field); }
std::string FieldText(bool field) { return field ? "true" : "false"; }

// An attribute that is the field to which the members lead. It is printed where `shown` says so, or
// else where it differs from the default.
template <typename D, auto... members>
Attribute<D> Field(absl::string_view key, absl::string_view meaning,
                   bool (*shown)(const D&) = nullptr,
                   Result (*check)(const Program&, const D&) = nullptr) {
  return {key,
          meaning,
          false,
          [](TokenReader& reader, const Program&, D& d) {
            return ReadField(reader, (d.*....*members));
          },
          [shown](const Program&, const D& d) -> Text {
            const D standard = {};
            const bool differs = (d.*....*members) != (standard.*....*members);
            if (shown != nullptr ? !shown(d) : !differs) return std::nullopt;
            return FieldText((d.*....*members));
          },
          check};
}

template <typename D>
bool Always(const D&) {
  return true;
}

// A range "[a, b]" of numbers.
template <typename T>
absl::Status ReadRange(TokenReader& reader, T& least, T& greatest) {
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("["));
  BNSYN_RETURN_IF_ERROR(ReadField(reader, least));
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation(","));
  BNSYN_RETURN_IF_ERROR(ReadField(reader, greatest));
  return reader.ReadPunctuation("]");
}
template <typename T>
std::string RangeText(T least, T greatest) {
  return absl::StrCat("[", FieldText(least), ", ", FieldText(greatest), "]");
}

Result CheckStep(const Program&, const Program& program) {
  if (program.dt > 0 && std::isfinite(program.dt)) return std::nullopt;
  return Fail("dt must be a positive number of milliseconds");
}

// Populations.

Result CheckSize(const Program& program, const Population& population) {
  if (population.size == 0) {
    return Fail(absl::StrCat("the population '", population.name, "' has size 0"),
                "a population has at least one neuron");
  }
  if (population.size == program.Size(population.domain)) return std::nullopt;
  return Fail(absl::StrCat("the population '", population.name, "' has size ", population.size,
                           ", but its domain '", program.DomainName(population.domain), "' has ",
                           program.Size(population.domain)));
}

absl::Status ReadNeurons(TokenReader& reader, const Program& program, Population& population) {
  BNSYN_ASSIGN_OR_RETURN(const PopulationId neurons,
                         ReadSymbol(reader, program, AttrKind::kPopulation));
  population.domain = program.populations[neurons].domain;
  return absl::OkStatus();
}

Text NeuronsText(const Program& program, const Population& population) {
  const absl::string_view name = program.DomainName(population.domain);
  if (name == population.name) return std::nullopt;
  return std::string(name);
}

// States.

Result CheckBounds(const Program&, const State& state) {
  if (state.lower <= state.upper) return std::nullopt;
  return Fail(absl::StrCat("the bounds of '", state.name, "' leave no value"),
              "write the lower bound first, as in bounds=[-100, 50]");
}

// Times between two steps, in the order of OffGrid.
constexpr absl::string_view kOffGridWords[] = {"error", "nearest", "up", "down"};

absl::Status ReadOffGrid(TokenReader& reader, const Program&, Events& events) {
  BNSYN_ASSIGN_OR_RETURN(const std::string word, reader.ReadWord("nearest, up or down"));
  for (size_t i = 0; i < 4; ++i) {
    if (word == kOffGridWords[i]) return events.off_grid = OffGrid(i), absl::OkStatus();
  }
  return reader.Expected("nearest, up or down");
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

Text BoundsText(const Program&, const State& state) {
  const State standard;
  if (state.lower == standard.lower && state.upper == standard.upper) return std::nullopt;
  return RangeText(state.lower, state.upper);
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

// Inputs.

template <auto member>
absl::Status ReadWhole(TokenReader& reader, Input& input, int64_t least, int64_t most) {
  BNSYN_ASSIGN_OR_RETURN(const int64_t value, reader.ReadInteger(least, most));
  auto& field = input.accumulator.*member;
  field = static_cast<std::remove_reference_t<decltype(field)>>(value);
  return absl::OkStatus();
}

bool Decays(const Input& input) { return input.accumulator.decays(); }

// A power of two: "2^-33".
absl::Status ReadScale(TokenReader& reader, const Program&, Input& input) {
  BNSYN_RETURN_IF_ERROR(reader.ReadInteger(2, 2).status());
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("^"));
  return ReadWhole<&Accumulator::scale_log2>(reader, input, -1000, 1000);
}

Text ScaleText(const Program&, const Input& input) {
  return absl::StrCat("2^", input.accumulator.scale_log2);
}

Result CheckScale(const Program&, const Input& input) {
  const int scale = input.accumulator.scale_log2;
  if (scale >= -1000 && scale <= 1000) return std::nullopt;
  return Fail(absl::StrCat("the scale 2^", scale, " is out of range"),
              "its exponent is from -1000 to 1000");
}

// A power of two: "2^52".
absl::Status ReadLimit(TokenReader& reader, const Program&, Input& input) {
  BNSYN_RETURN_IF_ERROR(reader.ReadInteger(2, 2).status());
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("^"));
  return ReadWhole<&Accumulator::limit_log2>(reader, input, 40, 125);
}

Text LimitText(const Program&, const Input& input) {
  const int limit = input.accumulator.limit_log2;
  return limit == 0 ? std::nullopt : Text(absl::StrCat("2^", limit));
}

Result CheckLimit(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (sum.limit_log2 == 0) return std::nullopt;
  if (sum.decays()) return Fail("a decaying input has no limit", "leave the limit out");
  if (sum.limit_log2 >= sum.least_limit() && sum.limit_log2 <= sum.greatest_limit()) {
    return std::nullopt;
  }
  return Fail(absl::StrCat("the limit 2^", sum.limit_log2, " is out of range"),
              absl::StrCat("its exponent is from ", sum.least_limit(), " to ", sum.greatest_limit(),
                           sum.wide ? " where sums are wide" : ""));
}

Result CheckBits(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (sum.wide) {
    if (sum.bits == 0 || sum.bits == 128) return std::nullopt;
    return Fail(absl::StrCat("a wide sum has 128 bits, not ", sum.bits));
  }
  for (const int bits : {0, 16, 32, Accumulator::kExactBits, 64}) {
    if (sum.bits == bits) return std::nullopt;
  }
  return Fail(absl::StrCat("there are no sums of ", sum.bits, " bits"), "give 16, 32, 52 or 64");
}

Result CheckUnit(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (sum.unit >= 1 && sum.unit <= (sum.width() >= 64 ? 1 : kMaxAccumulatorUnit)) {
    return std::nullopt;
  }
  return Fail(absl::StrCat("the unit ", sum.unit, " of its sums is out of range"),
              "it is from 1 to 2^40 for sums of 16 and 32 bits, and 1 for others");
}

Result CheckDecay(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (!sum.decays()) return std::nullopt;
  if (sum.wide) return Fail("a decaying input cannot be wide");
  if (sum.is_narrow()) return Fail("a decaying input has sums of 64 bits");
  if (sum.period < 1 || sum.period > kLongestDecayPeriod || (sum.period & (sum.period - 1)) != 0) {
    return Fail(absl::StrCat("the period ", sum.period, " of the decay is out of range"),
                absl::StrCat("it is a power of two, at most ", kLongestDecayPeriod));
  }
  const double left = std::pow(sum.decay, sum.period);
  if (sum.decay > 0 && left <= 0.5 && left >= 0x1p-16) return std::nullopt;
  return Fail(absl::StrCat("the decay ", sum.decay, " does not suit its period"),
              "a period leaves at most a half, and at least 2^-16");
}

Text HolderText(const Program& program, const Input& input) {
  if (!Decays(input)) return std::nullopt;
  return program.states[input.accumulator.state].name;
}

Result CheckHolder(const Program& program, const Input& input) {
  const StateId state = input.accumulator.state;
  if (!Decays(input) || (state < program.states.size() &&
                         program.states[state].type == Type{Element::kF64, input.population})) {
    return std::nullopt;
  }
  return Fail("an f64 state of its population holds the sum of a decaying input");
}

// Some of the neurons of a population: "[0:50, 60]".
absl::Status ReadSelection(TokenReader& reader, Selection& selection) {
  std::vector<NumberRange> ranges;
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("["));
  do {
    const Token& token = reader.peek();
    NumberRange range;
    BNSYN_ASSIGN_OR_RETURN(range.begin, reader.ReadUnsigned32());
    range.end = range.begin + 1;
    if (reader.TakePunctuation(":")) {
      BNSYN_ASSIGN_OR_RETURN(range.end, reader.ReadUnsigned32());
      if (reader.TakePunctuation(":")) {
        BNSYN_ASSIGN_OR_RETURN(range.stride, reader.ReadUnsigned32());
      }
    }
    if (!range.is_sound()) {
      return reader.Error(token, "this range has no numbers",
                          "it is FIRST:END or FIRST:END:STRIDE, without END");
    }
    // The end as it is printed.
    range.end = range.last() + 1;
    if (range.size() == 1) range.stride = 1;
    if (!ranges.empty() && range.begin < ranges.back().end) {
      return reader.Error(token, "the numbers of neurons ascend from range to range");
    }
    ranges.push_back(range);
  } while (reader.TakePunctuation(","));
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("]"));
  selection = Selection(std::move(ranges));
  return absl::OkStatus();
}

// `size` is that of the population.
Result CheckSelection(const Selection& selection, uint32_t size) {
  uint32_t next = 0;
  for (const NumberRange& range : selection.ranges()) {
    if (!range.is_sound() || range.begin < next || range.end != range.last() + 1) {
      return Fail("the ranges of neurons do not ascend");
    }
    next = range.end;
  }
  if (next <= size) return std::nullopt;
  return Fail(absl::StrCat("there is no neuron ", next - 1, " among ", size),
              "neurons are counted from 0");
}

// An attribute that is the selection `member` among the neurons that `size_of` counts.
template <typename D, Selection D::*member, uint32_t (*size_of)(const Program&, const D&)>
Attribute<D> Selected(absl::string_view key, absl::string_view meaning) {
  return {
      key,
      meaning,
      false,
      [](TokenReader& reader, const Program&, D& d) { return ReadSelection(reader, d.*member); },
      [](const Program&, const D& d) {
        return (d.*member).all() ? std::nullopt : Text((d.*member).Text());
      },
      [](const Program& program, const D& d) {
        return CheckSelection(d.*member, size_of(program, d));
      }};
}

template <PopulationId Projection::*end>
uint32_t SizeOfEnd(const Program& program, const Projection& projection) {
  return program.populations[projection.*end].size;
}

uint32_t SizeOfGroup(const Program& program, const Group& group) {
  return program.populations[group.population].size;
}

uint32_t SizeOfInput(const Program& program, const Events& events) {
  return program.Size(program.inputs[events.input].population);
}

// Projections.

const RuleTraits& TraitsOf(const Projection& projection) {
  return ir::TraitsOf(projection.rule.kind);
}

template <bool RuleTraits::*argument>
bool Has(const Projection& projection) {
  return TraitsOf(projection).*argument;
}

SelectedNeurons SourcesOf(const Program& program, const Projection& projection) {
  return SelectedNeurons(projection.sources, program.populations[projection.source].size);
}

SelectedNeurons TargetsOf(const Program& program, const Projection& projection) {
  return SelectedNeurons(projection.targets, program.populations[projection.target].size);
}

// The pairs that self=false leaves out.
uint64_t LeftOut(const Program& program, const Projection& projection) {
  if (projection.rule.self || program.populations[projection.source].domain !=
                                  program.populations[projection.target].domain) {
    return 0;
  }
  return CountCommon(SourcesOf(program, projection), TargetsOf(program, projection));
}

absl::Status ReadRule(TokenReader& reader, const Program&, Projection& projection) {
  const Token& token = reader.peek();
  BNSYN_ASSIGN_OR_RETURN(const std::string word, reader.ReadWord("a rule"));
  if (const RuleTraits* const rule = FindRule(word)) {
    projection.rule.kind = rule->kind;
    return absl::OkStatus();
  }
  std::vector<std::string> words;
  for (const RuleTraits& rule : AllRules()) words.emplace_back(rule.name);
  return reader.Error(token, absl::StrCat("there is no rule '", word, "'", DidYouMean(word, words)),
                      absl::StrCat("rules are ", absl::StrJoin(words, ", ")));
}

Result CheckRule(const Program& program, const Projection& projection) {
  const RuleTraits& traits = TraitsOf(projection);
  if (traits.kind == RuleKind::kOneToOne) {
    const uint32_t sources = SourcesOf(program, projection).size();
    const uint32_t targets = TargetsOf(program, projection).size();
    if (sources != targets) {
      return Fail(absl::StrCat("one_to_one needs as many sources as targets, not ", sources,
                               " and ", targets));
    }
  }
  const uint32_t id = program.domains[static_cast<size_t>(projection.domain)].index;
  if (traits.pair_numbers == PairNumbers::kNeeded && !program.SetsPairs(id)) {
    return Fail(absl::StrCat("rule=", traits.name, " needs a connect block with set_probability"),
                "it gives each pair its relative probability");
  }
  return std::nullopt;
}

Result CheckProbability(const Program&, const Projection& projection) {
  const double p = projection.rule.p;
  if (!TraitsOf(projection).takes_p || (p >= 0 && p <= 1)) return std::nullopt;
  return Fail(absl::StrCat("the probability p=", FieldText(p), " is not between 0 and 1"));
}

// Without repetition, no more pairs are drawn than there are.
Result CheckCount(const Program& program, const Projection& projection) {
  const Rule& rule = projection.rule;
  if (!TraitsOf(projection).takes_n) return std::nullopt;
  const uint64_t most =
      TraitsOf(projection)
          .most_different(SourcesOf(program, projection).size(),
                          TargetsOf(program, projection).size(), LeftOut(program, projection));
  if (rule.count > 0 && most == 0) return Fail("there is no pair to join");
  if (rule.multiple || rule.count <= most) return std::nullopt;
  return Fail(absl::StrCat("n=", rule.count, " is more than the ", most, " there are"),
              "multiple=true allows a pair to be joined more than once");
}

Text ListText(const Program& program, const Projection& projection) {
  if (!TraitsOf(projection).takes_table) return std::nullopt;
  return projection.rule.table ? program.tables[*projection.rule.table].name : "?";
}

Result CheckList(const Program& program, const Projection& projection) {
  const RuleTraits& traits = TraitsOf(projection);
  const std::optional<TableId>& table = projection.rule.table;
  if (!traits.takes_table) return std::nullopt;
  if (!table || *table >= program.tables.size()) {
    return Fail(absl::StrCat("rule=", traits.name, " needs a table"), "add table=NAME");
  }
  for (const absl::string_view column : {"pre", "post"}) {
    if (FindColumn(program, *table, column) == nullptr) {
      return MissingColumn(program, *table, column);
    }
  }
  return std::nullopt;
}

// A column of the table of a list.
Result CheckOfList(const Program& program, const Projection& projection, const ColumnRef& column,
                   absl::string_view what) {
  if (!TraitsOf(projection).takes_table || projection.rule.table != column.table) {
    return Fail(absl::StrCat(what, " from a column need rule=list with the same table"));
  }
  return FindInColumn(program, column);
}

absl::Status ReadWeight(TokenReader& reader, const Program& program, Projection& projection) {
  if (!AtColumn(reader)) return ReadField(reader, projection.weight);
  return ReadInto(projection.weight_column, [&] { return ReadColumn(reader, program); });
}

Text WeightText(const Program& program, const Projection& projection) {
  return projection.weight_column ? ColumnText(program, *projection.weight_column)
                                  : FieldText(projection.weight);
}

Result CheckWeight(const Program& program, const Projection& projection) {
  if (!projection.weight_column) {
    if (std::isfinite(projection.weight)) return std::nullopt;
    return Fail("the weight is not a finite number");
  }
  const ColumnRef& column = *projection.weight_column;
  if (auto v = CheckOfList(program, projection, column, "weights")) return v;
  const Table& table = program.tables[column.table];
  const std::vector<double>& weights = table.values[column.column];
  for (size_t i = 0; i < weights.size(); ++i) {
    if (std::isfinite(weights[i])) continue;
    return Fail(absl::StrCat("the weight of synapse ", i, " in ", table.file, " is not finite"));
  }
  return std::nullopt;
}

// Projections are read before states, and once more behind them: until then a name stands for a
// state that there is not.
absl::Status ReadStates(TokenReader& reader, const Program& program, std::vector<StateId>& states) {
  constexpr StateId kUnknown = std::numeric_limits<StateId>::max();
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("["));
  while (!reader.TakePunctuation("]")) {
    if (!states.empty()) BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation(","));
    if (program.states.empty()) {
      BNSYN_RETURN_IF_ERROR(reader.ReadWord("the name of a state").status());
      states.push_back(kUnknown);
      continue;
    }
    BNSYN_ASSIGN_OR_RETURN(states.emplace_back(), ReadSymbol(reader, program, AttrKind::kState));
  }
  return absl::OkStatus();
}

Text StatesText(const Program& program, const std::vector<StateId>& states) {
  if (states.empty()) return std::nullopt;
  std::vector<absl::string_view> names;
  for (const StateId state : states) {
    const bool known = state < program.states.size();
    names.push_back(known ? absl::string_view(program.states[state].name) : "?");
  }
  return absl::StrCat("[", absl::StrJoin(names, ", "), "]");
}

// One delay for all, or the least and the greatest: [1, 80].
absl::Status ReadDelay(TokenReader& reader, const Program&, Projection& projection) {
  if (!reader.AtPunctuation("[")) return ReadField(reader, projection.delay);
  return ReadRange(reader, projection.delay, projection.max_delay);
}

Text DelayText(const Program&, const Projection& projection) {
  if (projection.max_delay == 0) return FieldText(projection.delay);
  return RangeText(projection.delay, projection.max_delay);
}

Result CheckDelay(const Program& program, const Projection& projection) {
  if (projection.delay == 0 && !program.Delivers()) {
    return Fail("the delay is 0 steps",
                "a spike takes at least one step to arrive, unless deliver stands in the step");
  }
  if (projection.max_delay == 0 || projection.max_delay >= projection.delay) return std::nullopt;
  return Fail("the greatest delay is less than the least",
              "write the least first, as in delay=[1, 80]");
}

// "[ee.x, ee.y]": states of the neurons at one end of the synapses.
template <auto list, auto end>
Attribute<Projection> OfNeurons(absl::string_view key, absl::string_view meaning) {
  return {key,
          meaning,
          false,
          [](TokenReader& reader, const Program& program, Projection& d) {
            return ReadStates(reader, program, d.*list);
          },
          [](const Program& program, const Projection& d) { return StatesText(program, d.*list); },
          [](const Program& program, const Projection& d) -> Result {
            const Population& neurons = program.populations[d.*end];
            for (const StateId state : d.*list) {
              if (state < program.states.size() &&
                  program.states[state].type.domain == neurons.domain) {
                continue;
              }
              return Fail(absl::StrCat("a state in the list is none of '", neurons.name, "'"));
            }
            return std::nullopt;
          }};
}

Text DelaysText(const Program& program, const Projection& projection) {
  if (!projection.delay_column) return std::nullopt;
  return ColumnText(program, *projection.delay_column);
}

Result CheckDelays(const Program& program, const Projection& projection) {
  if (!projection.delay_column) return std::nullopt;
  if (projection.max_delay == 0) {
    return Fail("delays from a column need bounds", "as in delay=[1, 80]");
  }
  return CheckOfList(program, projection, *projection.delay_column, "delays");
}

}  // namespace

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

std::string ColumnText(const Program& program, const ColumnRef& column) {
  const Table& table = program.tables[column.table];
  return absl::StrCat(table.name, ".", table.columns[column.column]);
}

std::optional<Violation> FindInColumn(const Program& program, const ColumnRef& ref) {
  if (ref.table >= program.tables.size() ||
      ref.column >= program.tables[ref.table].columns.size()) {
    return Fail("this column is in no table");
  }
  const std::string& column = program.tables[ref.table].columns[ref.column];
  if (IsColumnName(column)) return std::nullopt;
  return Fail(absl::StrCat("the column '", column, "' cannot be referred to"),
              "use letters, digits and underscores in its name in the file");
}

bool IsColumnName(const std::string& column) {
  return IsName(column) && column.find('.') == column.npos;
}

const std::vector<double>* FindColumn(const Program& program, TableId table,
                                      absl::string_view name) {
  const Table& t = program.tables[table];
  for (size_t i = 0; i < t.columns.size(); ++i) {
    if (t.columns[i] == name) return &t.values[i];
  }
  return nullptr;
}

Violation MissingColumn(const Program& program, TableId table, absl::string_view name) {
  return Fail(
      absl::StrCat("the table '", program.tables[table].name, "' has no column '", name, "'"),
      "its first line names its columns");
}

template <>
const std::vector<Attribute<Program>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Program>>{
      Field<Program, &Program::dt>("dt", "the step, in ms", Always, CheckStep),
      Field<Program, &Program::seed>("seed", "of all random numbers", Always),
      {"strict_sums", "a coarse contribution is an error", true,
       [](TokenReader&, const Program&, Program& d) {
         return d.strict_sums = true, absl::OkStatus();
       },
       [](const Program&, const Program& d) { return d.strict_sums ? Text("") : std::nullopt; },
       nullptr},
      {"spikes_at_start", "a spike has the time at which its step starts", true,
       [](TokenReader&, const Program&, Program& d) {
         return d.spikes_at_start = true, absl::OkStatus();
       },
       [](const Program&, const Program& d) { return d.spikes_at_start ? Text("") : std::nullopt; },
       nullptr},
  };
  return *rows;
}

template <>
const std::vector<Attribute<Population>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Population>>{
      Field<Population, &Population::size>("size", "the number of neurons", Always, CheckSize),
      {"domain", "of an event population: that of the neurons", false, ReadNeurons, NeuronsText,
       nullptr},
  };
  return *rows;
}

template <>
const std::vector<Attribute<Param>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Param>>{
      {"tunable", "may be changed between steps", true,
       [](TokenReader&, const Program&, Param& d) { return d.tunable = true, absl::OkStatus(); },
       [](const Program&, const Param& d) { return d.tunable ? Text("") : std::nullopt; }, nullptr},
      Field<Param, &Param::unit>("unit", "of the value, for people"),
  };
  return *rows;
}

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

template <>
const std::vector<Attribute<Input>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Input>>{
      {"scale", "what a quantum is worth", false, ReadScale, ScaleText, CheckScale},
      {"wide", "sums have 128 bits", true,
       [](TokenReader&, const Program&, Input& d) {
         return d.accumulator.wide = true, absl::OkStatus();
       },
       [](const Program&, const Input& d) { return d.accumulator.wide ? Text("") : std::nullopt; },
       nullptr},
      {"limit", "the most quanta of a contribution that is not static", false, ReadLimit, LimitText,
       CheckLimit},
      {"bits", "of compiled sums", false,
       [](TokenReader& reader, const Program&, Input& d) {
         return ReadWhole<&Accumulator::bits>(reader, d, 16, 128);
       },
       [](const Program&, const Input& d) {
         return d.accumulator.bits == 0 ? std::nullopt : Text(absl::StrCat(d.accumulator.bits));
       },
       CheckBits},
      {"unit", "the quanta that one count of a compiled sum stands for", false,
       [](TokenReader& reader, const Program&, Input& d) {
         return ReadWhole<&Accumulator::unit>(reader, d, 1, kMaxAccumulatorUnit);
       },
       [](const Program&, const Input& d) {
         return d.accumulator.unit == 1 ? std::nullopt : Text(absl::StrCat(d.accumulator.unit));
       },
       CheckUnit},
      Field<Input, &Input::accumulator, &Accumulator::decay>("decay", "what a step leaves of 1",
                                                             Decays, CheckDecay),
      {"period", "steps after which a decaying sum is in full quanta again", false,
       [](TokenReader& reader, const Program&, Input& d) {
         return ReadWhole<&Accumulator::period>(reader, d, 1, kLongestDecayPeriod);
       },
       [](const Program&, const Input& d) {
         return Decays(d) ? Text(absl::StrCat(d.accumulator.period)) : std::nullopt;
       },
       nullptr},
      {"state", "holds the value of a decaying sum between steps", false,
       [](TokenReader& reader, const Program& program, Input& d) {
         return ReadInto(d.accumulator.state,
                         [&] { return ReadSymbol(reader, program, AttrKind::kState); });
       },
       HolderText, CheckHolder},
      Field<Input, &Input::unit>("in", "the unit of what arrives, for people"),
  };
  return *rows;
}

template <>
const std::vector<Attribute<Projection>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Projection>>{
      Selected<Projection, &Projection::sources, SizeOfEnd<&Projection::source>>(
          "sources", "of the source population, those that the rule joins"),
      Selected<Projection, &Projection::targets, SizeOfEnd<&Projection::target>>(
          "targets", "of the target population, those that the rule joins"),
      {"rule", "which pairs are joined", false, ReadRule,
       [](const Program&, const Projection& d) { return Text(TraitsOf(d).name); }, CheckRule},
      Field<Projection, &Projection::rule, &Rule::p>("p", "the probability of a pair",
                                                     Has<&RuleTraits::takes_p>, CheckProbability),
      Field<Projection, &Projection::rule, &Rule::count>("n", "the number that the rule names",
                                                         Has<&RuleTraits::takes_n>, CheckCount),
      {"table", "of a list: the pairs", false,
       [](TokenReader& reader, const Program& program, Projection& d) {
         return ReadInto(d.rule.table, [&] { return ReadTableName(reader, program); });
       },
       ListText, CheckList},
      Field<Projection, &Projection::rule, &Rule::self>("self", "may neurons join themselves"),
      Field<Projection, &Projection::rule, &Rule::multiple>("multiple",
                                                            "may pairs be joined twice"),
      Field<Projection, &Projection::rule, &Rule::stream>("stream", "the random stream",
                                                          Has<&RuleTraits::is_random>),
      {"weight", "of all synapses, or a column of the list", false, ReadWeight, WeightText,
       CheckWeight},
      {"delay", "of all synapses, in steps, or the least and the greatest", false, ReadDelay,
       DelayText, CheckDelay},
      {"delays", "of each synapse, a column of the list, in ms", false,
       [](TokenReader& reader, const Program& program, Projection& d) {
         return ReadInto(d.delay_column, [&] { return ReadColumn(reader, program); });
       },
       DelaysText, CheckDelays},
      OfNeurons<&Projection::of_source, &Projection::source>(
          "of_source", "variables that are equal for all synapses of a source: its states"),
      OfNeurons<&Projection::of_target, &Projection::target>(
          "of_target", "variables that are equal for all synapses of a target: its states"),
  };
  return *rows;
}

template <>
const std::vector<Attribute<Group>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Group>>{
      Selected<Group, &Group::neurons, SizeOfGroup>("neurons", "those of the population it has"),
  };
  return *rows;
}

template <>
const std::vector<Attribute<Events>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Events>>{
      Selected<Events, &Events::neurons, SizeOfInput>("neurons", "among which `index` counts"),
      {"table", "the events, a row each", false,
       [](TokenReader& reader, const Program& program, Events& d) {
         return ReadInto(d.table, [&] { return ReadTableName(reader, program); });
       },
       [](const Program& program, const Events& d) { return Text(program.tables[d.table].name); },
       nullptr},
      {"ends", "times are those at which steps end", true,
       [](TokenReader&, const Program&, Events& d) { return d.ends = true, absl::OkStatus(); },
       [](const Program&, const Events& d) { return d.ends ? Text("") : std::nullopt; }, nullptr},
      {"off_grid", "nearest, up or down: where times between two steps go", false, &ReadOffGrid,
       [](const Program&, const Events& d) {
         return d.off_grid == OffGrid::kError
                    ? std::nullopt
                    : Text(std::string(kOffGridWords[static_cast<size_t>(d.off_grid)]));
       },
       nullptr},
  };
  return *rows;
}

}  // namespace bnsyn::ir
