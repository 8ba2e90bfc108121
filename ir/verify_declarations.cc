#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/symbols.h"
#include "ir/table.h"
#include "ir/text.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

using Result = std::optional<Violation>;

// The verifier of everything but blocks. Each check returns the first violation it finds.
class Declarations {
 public:
  explicit Declarations(const Program& program) : program_(program) {}

  Result Check() {
    if (!(program_.dt > 0) || !std::isfinite(program_.dt)) {
      return Fail("dt must be a positive number of milliseconds");
    }
    if (auto v = Domains()) return v;
    if (auto v = Each(program_.tables, &Declarations::Check)) return v;
    if (auto v = Each(program_.populations, &Declarations::Check)) return v;
    if (auto v = Each(program_.params, &Declarations::Check)) return v;
    if (auto v = Each(program_.states, &Declarations::Check)) return v;
    if (auto v = Each(program_.inputs, &Declarations::Check)) return v;
    if (auto v = Each(program_.reductions, &Declarations::Check)) return v;
    if (auto v = Each(program_.projections, &Declarations::Check)) return v;
    return Each(program_.events, &Declarations::Check);
  }

 private:
  template <typename Symbol>
  Result Each(const std::vector<Symbol>& symbols, Result (Declarations::*check)(const Symbol&)) {
    for (const Symbol& symbol : symbols) {
      symbol_ = symbol.name;
      if (auto v = Name(symbol.name)) return v;
      if (auto v = (this->*check)(symbol)) return v;
    }
    return std::nullopt;
  }

  Violation Fail(std::string message, std::string note = "") const {
    return {.message = std::move(message), .note = std::move(note), .symbol = symbol_};
  }

  Result Name(const std::string& name) {
    if (!IsName(name) || name == "network") {
      return Fail(absl::StrCat("'", name, "' cannot be a name"),
                  "names are letters, digits and underscores, in parts joined by dots; 'network' "
                  "is the network itself");
    }
    if (!names_.insert(name).second) {
      return Fail(absl::StrCat("the name '", name, "' is declared twice"),
                  "tables, populations, parameters, states, inputs, reductions, projections and "
                  "events share one set of names");
    }
    return std::nullopt;
  }

  Result Domains() {
    constexpr size_t kMost = 65536;
    if (program_.domains.size() > kMost) {
      return Fail(absl::StrCat("more than ", kMost - 1, " populations and projections"));
    }
    bool sound = !program_.domains.empty() && program_.domains[0].kind == DomainKind::kNetwork;
    size_t count = 1 + program_.projections.size();
    for (size_t i = 0; sound && i < program_.populations.size(); ++i) {
      const DomainId domain = program_.populations[i].domain;
      if (Is(domain, DomainKind::kPopulation, i)) {
        ++count;
        continue;
      }
      // An event population follows the population whose neurons it shares.
      sound = IsPopulation(domain) && program_.domains[static_cast<size_t>(domain)].index < i;
    }
    sound = sound && count == program_.domains.size();
    for (size_t i = 0; sound && i < program_.projections.size(); ++i) {
      sound = Is(program_.projections[i].domain, DomainKind::kProjection, i);
    }
    if (!sound) return Fail("the domains do not belong to the populations and projections");
    return std::nullopt;
  }

  bool Is(DomainId domain, DomainKind kind, size_t index) const {
    const auto i = static_cast<size_t>(domain);
    return i < program_.domains.size() && program_.domains[i].kind == kind &&
           program_.domains[i].index == index;
  }

  bool IsPopulation(DomainId domain) const {
    const auto i = static_cast<size_t>(domain);
    return i < program_.domains.size() && program_.domains[i].kind == DomainKind::kPopulation;
  }

  Result Check(const Table& table) {
    bool sound = !table.columns.empty() && table.values.size() == table.columns.size();
    for (const auto& column : table.values) sound = sound && column.size() == table.rows();
    if (!sound) return Fail("the columns of a table must be of one length, and at least one");
    if (!table.file.empty()) return std::nullopt;
    // A file cannot have such columns either, and the text of a program could not name them.
    std::set<std::string> names;
    for (const std::string& column : table.columns) {
      if (!IsColumnName(column)) {
        return Fail(absl::StrCat("'", column, "' cannot name a column"),
                    "use letters, digits and underscores");
      }
      if (!names.insert(column).second) {
        return Fail(absl::StrCat("there are two columns '", column, "'"));
      }
    }
    for (const std::vector<double>& column : table.values) {
      for (const double value : column) {
        if (std::isnan(value)) return Fail("a table cannot hold NaN");
      }
    }
    if (table.rows() == 0) return Fail("a table without a file has at least one row");
    return std::nullopt;
  }

  static bool IsColumnName(const std::string& column) {
    return IsName(column) && column.find('.') == column.npos;
  }

  // A column that the text can name.
  Result Check(const ColumnRef& ref) const {
    if (ref.table >= program_.tables.size() ||
        ref.column >= program_.tables[ref.table].columns.size()) {
      return Fail("this column is in no table");
    }
    const std::string& column = program_.tables[ref.table].columns[ref.column];
    if (!IsColumnName(column)) {
      return Fail(absl::StrCat("the column '", column, "' cannot be referred to"),
                  "use letters, digits and underscores in its name in the file");
    }
    return std::nullopt;
  }

  const std::vector<double>* Column(TableId table, absl::string_view name) const {
    const Table& t = program_.tables[table];
    for (size_t i = 0; i < t.columns.size(); ++i) {
      if (t.columns[i] == name) return &t.values[i];
    }
    return nullptr;
  }

  Result MissingColumn(TableId table, absl::string_view name) const {
    return Fail(
        absl::StrCat("the table '", program_.tables[table].name, "' has no column '", name, "'"),
        "its first line names its columns");
  }

  Result Check(const Population& population) {
    if (population.size == 0) {
      return Fail(absl::StrCat("the population '", population.name, "' has size 0"),
                  "a population has at least one neuron");
    }
    if (population.size != program_.Size(population.domain)) {
      return Fail(absl::StrCat("the population '", population.name, "' has size ", population.size,
                               ", but its domain '", program_.DomainName(population.domain),
                               "' has ", program_.Size(population.domain)));
    }
    return std::nullopt;
  }

  // Bits above the element's width are zero.
  Result Value(Element element, Bits bits) const {
    const int bytes = ElementBytes(element);
    if ((bytes < 8 && bits >> (8 * bytes) != 0) || (element == Element::kBool && bits > 1)) {
      return Fail(absl::StrCat("this value does not fit ", ElementName(element)));
    }
    return std::nullopt;
  }

  Result Check(const Param& param) { return Value(param.element, param.value); }

  Result Check(const State& state) {
    if (static_cast<size_t>(state.type.domain) >= program_.domains.size()) {
      return Fail("this state has no domain");
    }
    if (!(state.lower <= state.upper)) {
      return Fail(absl::StrCat("the bounds of '", state.name, "' leave no value"),
                  "write the lower bound first, as in bounds=[-100, 50]");
    }
    if (!state.initial_column) return Value(state.type.element, state.initial);
    if (auto v = Check(*state.initial_column)) return v;
    const size_t rows = program_.tables[state.initial_column->table].rows();
    if (!IsPopulation(state.type.domain) || !IsFloat(state.type.element)) {
      return Fail("a column can begin only a state of f64 or f32 over a population",
                  "what synapses begin with is set in their connect block");
    }
    if (rows != program_.Size(state.type.domain)) {
      return Fail(absl::StrCat("the column has ", rows, " values, but ",
                               program_.DomainName(state.type.domain), " has ",
                               program_.Size(state.type.domain), " neurons"),
                  "give one row a neuron");
    }
    return std::nullopt;
  }

  Result Check(const Input& input) {
    if (!IsPopulation(input.population)) return Fail("an input is of a population");
    const Accumulator& sum = input.accumulator;
    if (sum.scale_log2 < -1000 || sum.scale_log2 > 1000) {
      return Fail(absl::StrCat("the scale 2^", sum.scale_log2, " is out of range"),
                  "its exponent is from -1000 to 1000");
    }
    if (sum.width() != 16 && sum.width() != 32 && sum.width() != 64) {
      return Fail(absl::StrCat("there are no sums of ", sum.bits, " bits"), "give 16, 32 or 64");
    }
    if (sum.unit < 1 || sum.unit > (sum.width() == 64 ? 1 : kMaxAccumulatorUnit)) {
      return Fail(absl::StrCat("the unit ", sum.unit, " of its sums is out of range"),
                  "it is 1 for sums of 64 bits, and from 1 to 2^40 for others");
    }
    return sum.decays() ? CheckDecay(input) : std::nullopt;
  }

  Result CheckDecay(const Input& input) {
    const Accumulator& sum = input.accumulator;
    if (sum.width() != 64) return Fail("a decaying input has sums of 64 bits");
    if (sum.period < 1 || sum.period > kLongestDecayPeriod ||
        (sum.period & (sum.period - 1)) != 0) {
      return Fail(absl::StrCat("the period ", sum.period, " of the decay is out of range"),
                  absl::StrCat("it is a power of two, at most ", kLongestDecayPeriod));
    }
    const double left = std::pow(sum.decay, sum.period);
    if (!(sum.decay > 0) || !(left <= 0.5) || !(left >= 0x1p-16)) {
      return Fail(absl::StrCat("the decay ", sum.decay, " does not suit its period"),
                  "a period leaves at most a half, and at least 2^-16");
    }
    if (sum.state >= program_.states.size() ||
        program_.states[sum.state].type != Type{Element::kF64, input.population}) {
      return Fail("an f64 state of its population holds the sum of a decaying input");
    }
    if (!holders_.insert(sum.state).second) {
      return Fail(absl::StrCat("'", program_.states[sum.state].name,
                               "' holds the sums of two decaying inputs"));
    }
    return std::nullopt;
  }

  Result Check(const Reduction& reduction) {
    if (!IsPopulation(reduction.population)) return Fail("a reduction is over a population");
    return std::nullopt;
  }

  Result Check(const Projection& projection) {
    if (projection.source >= program_.populations.size() ||
        projection.target >= program_.populations.size()) {
      return Fail("a projection is from a population to a population");
    }
    if (!program_.HasNeurons(projection.target)) {
      return Fail(
          absl::StrCat("'", program_.populations[projection.target].name,
                       "' is a kind of event, which cannot be a target"),
          absl::StrCat("its neurons are those of '",
                       program_.DomainName(program_.populations[projection.target].domain), "'"));
    }
    if (projection.delay < 1) {
      return Fail("the delay is 0 steps", "a spike takes at least one step to arrive");
    }
    if (projection.max_delay != 0 && projection.max_delay < projection.delay) {
      return Fail("the greatest delay is less than the least",
                  "write the least first, as in delay=[1, 80]");
    }
    if (projection.delay_column) {
      if (projection.max_delay == 0) {
        return Fail("delays from a column need bounds", "as in delay=[1, 80]");
      }
      if (auto v = CheckOfList(projection, *projection.delay_column, "delays")) return v;
    }
    if (projection.weight_column) {
      if (auto v = CheckOfList(projection, *projection.weight_column, "weights")) return v;
      const Table& table = program_.tables[projection.weight_column->table];
      const auto& weights = table.values[projection.weight_column->column];
      for (size_t i = 0; i < weights.size(); ++i) {
        if (!std::isfinite(weights[i])) {
          return Fail(
              absl::StrCat("the weight of synapse ", i, " in ", table.file, " is not finite"));
        }
      }
    } else if (!std::isfinite(projection.weight)) {
      return Fail("the weight is not a finite number");
    }
    return Check(projection, projection.rule);
  }

  // A column of the table a list of connections is in.
  Result CheckOfList(const Projection& projection, const ColumnRef& column,
                     absl::string_view what) const {
    if (projection.rule.kind != RuleKind::kList || projection.rule.table != column.table) {
      return Fail(absl::StrCat(what, " from a column need rule=list with the same table"));
    }
    return Check(column);
  }

  // Without repetition, no more pairs are drawn than there are.
  Result CheckCount(const Projection& projection, const Rule& rule) const {
    const Population& source = program_.populations[projection.source];
    const Population& target = program_.populations[projection.target];
    const uint64_t self = !rule.self && source.domain == target.domain ? 1 : 0;
    const uint64_t most = TraitsOf(rule.kind).most_different(source.size, target.size, self);
    if (rule.count > 0 && most == 0) return Fail("there is no pair to join");
    if (rule.multiple || rule.count <= most) return std::nullopt;
    return Fail(absl::StrCat("n=", rule.count, " is more than the ", most, " there are"),
                "multiple=true allows a pair to be joined more than once");
  }

  bool SetsPairs(const Projection& projection) const {
    return program_.SetsPairs(program_.domains[static_cast<size_t>(projection.domain)].index);
  }

  Result Check(const Projection& projection, const Rule& rule) const {
    const RuleTraits& traits = TraitsOf(rule.kind);
    if (rule.kind == RuleKind::kOneToOne) {
      const uint32_t sources = program_.populations[projection.source].size;
      const uint32_t targets = program_.populations[projection.target].size;
      if (sources != targets) {
        return Fail(absl::StrCat("one_to_one needs populations of one size, not ", sources, " and ",
                                 targets));
      }
    }
    if (traits.takes_p && !(rule.p >= 0 && rule.p <= 1)) {
      return Fail(absl::StrCat("the probability p=", PrintLiteral(Element::kF64, BitsOfF64(rule.p)),
                               " is not between 0 and 1"));
    }
    if (traits.pair_numbers == PairNumbers::kNeeded && !SetsPairs(projection)) {
      return Fail(absl::StrCat("rule=", traits.name, " needs a connect block with set_probability"),
                  "it gives each pair its relative probability");
    }
    if (traits.takes_n) return CheckCount(projection, rule);
    if (!traits.takes_table) return std::nullopt;
    if (!rule.table || *rule.table >= program_.tables.size()) {
      return Fail(absl::StrCat("rule=", traits.name, " needs a table"), "add table=NAME");
    }
    for (const absl::string_view column : {"pre", "post"}) {
      if (Column(*rule.table, column) == nullptr) return MissingColumn(*rule.table, column);
    }
    return std::nullopt;
  }

  Result Check(const Events& events) {
    if (events.input >= program_.inputs.size()) return Fail("events go to an input");
    if (events.table >= program_.tables.size()) return Fail("events need a table");
    if (program_.inputs[events.input].accumulator.decays())
      return Fail("events go to no decaying input");
    const std::vector<double>* steps = Column(events.table, "step");
    const std::vector<double>* neurons = Column(events.table, "index");
    const std::vector<double>* values = Column(events.table, "value");
    const std::vector<double>* times = Column(events.table, "time");
    if (steps == nullptr && times == nullptr) return MissingColumn(events.table, "step");
    if (steps != nullptr && times != nullptr) {
      return Fail(absl::StrCat("the table '", program_.tables[events.table].name,
                               "' has a column 'step' and a column 'time'"),
                  "one of them must say when events happen");
    }
    if (neurons == nullptr) return MissingColumn(events.table, "index");
    const uint32_t size = program_.Size(program_.inputs[events.input].population);
    const std::string& file = program_.tables[events.table].title();
    constexpr double kSteps = 9007199254740992;  // all integers below are exact
    for (size_t i = 0; i < neurons->size(); ++i) {
      if (steps != nullptr && !IsIndex((*steps)[i], kSteps)) {
        return Fail(absl::StrCat("the step of event ", i, " in ", file, " is no step number"));
      }
      if (times != nullptr && !WholeSteps((*times)[i], program_.dt)) {
        return Fail(
            absl::StrCat("the time of event ", i, " in ", file, " is no whole number of steps"),
            "times are in ms");
      }
      if (!IsIndex((*neurons)[i], size)) {
        return Fail(absl::StrCat("the index of event ", i, " in ", file, " is not one of the ",
                                 size, " neurons"),
                    "neurons are counted from 0");
      }
      if (values != nullptr && !std::isfinite((*values)[i])) {
        return Fail(absl::StrCat("the value of event ", i, " in ", file, " is not finite"));
      }
    }
    return std::nullopt;
  }

  static bool IsIndex(double value, double end) {
    return value >= 0 && value < end && value == std::floor(value);
  }

  const Program& program_;
  std::string symbol_;  // being checked
  std::set<std::string> names_;
  std::set<StateId> holders_;  // of the sums of decaying inputs
};

}  // namespace

std::optional<Violation> FindInDeclarations(const Program& program) {
  return Declarations(program).Check();
}

}  // namespace bnsyn::ir
