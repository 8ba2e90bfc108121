#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/attributes.h"
#include "ir/symbols.h"
#include "ir/table.h"
#include "ir/text.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

// The verifier of everything but blocks. Each check returns the first violation it finds.
class Declarations {
 public:
  explicit Declarations(const Program& program) : program_(program) {}

  Result Check() {
    if (auto v = FindInAttributes(program_, program_)) return v;
    if (auto v = Domains()) return v;
    if (auto v = Each(program_.tables, &Declarations::Check)) return v;
    if (auto v = Each(program_.populations, &Declarations::Check)) return v;
    if (auto v = Each(program_.groups, &Declarations::Check)) return v;
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
      if (auto v = Attributes(symbol)) return v;
    }
    return std::nullopt;
  }

  template <typename Symbol>
  Result Attributes(const Symbol& symbol) const {
    Result violation = FindInAttributes(program_, symbol);
    if (violation) violation->symbol = symbol_;
    return violation;
  }
  // Declarations without attributes in the table.
  static Result Attributes(const Table&) { return std::nullopt; }
  static Result Attributes(const Reduction&) { return std::nullopt; }

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
      return Fail(
          absl::StrCat("the name '", name, "' is declared twice"),
          "tables, populations, groups, parameters, states, inputs, reductions, projections "
          "and events share one set of names");
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

  Result Check(const Population&) { return std::nullopt; }

  Result Check(const Group& group) {
    if (group.population < program_.populations.size()) return std::nullopt;
    return Fail("a group is of a population");
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
    if (!state.initial_column) return Value(state.type.element, state.initial);
    if (auto v = FindInColumn(program_, *state.initial_column)) {
      v->symbol = symbol_;
      return v;
    }
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
    if (sum.decays() && !holders_.insert(sum.state).second) {
      return Fail(absl::StrCat("'", SymbolName(program_, AttrKind::kState, sum.state),
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
    if (projection.max_delay != 0 && !projection.delay_column && !SetsDelays(projection)) {
      return Fail(
          "nothing gives the synapses their delays",
          "with delay=[least, greatest] the connect block has set_delay, or delays= names a "
          "column of the list");
    }
    return std::nullopt;
  }

  bool SetsDelays(const Projection& projection) const {
    const Block* connect =
        program_.FindConnect(program_.domains[static_cast<size_t>(projection.domain)].index);
    return connect != nullptr &&
           std::any_of(connect->nodes.begin(), connect->nodes.end(),
                       [](const Node& node) { return node.op == Op::kSetDelay; });
  }

  Result Check(const Events& events) {
    if (events.input >= program_.inputs.size()) return Fail("events go to an input");
    if (events.table >= program_.tables.size()) return Fail("events need a table");
    if (program_.inputs[events.input].accumulator.decays())
      return Fail("events go to no decaying input");
    const std::vector<double>* steps = FindColumn(program_, events.table, "step");
    const std::vector<double>* neurons = FindColumn(program_, events.table, "index");
    const std::vector<double>* values = FindColumn(program_, events.table, "value");
    const std::vector<double>* times = FindColumn(program_, events.table, "time");
    if (steps == nullptr && times == nullptr) return Missing(events.table, "step");
    if (steps != nullptr && times != nullptr) {
      return Fail(absl::StrCat("the table '", program_.tables[events.table].name,
                               "' has a column 'step' and a column 'time'"),
                  "one of them must say when events happen");
    }
    if (neurons == nullptr) return Missing(events.table, "index");
    const uint32_t size =
        SelectedNeurons(events.neurons, program_.Size(program_.inputs[events.input].population))
            .size();
    const std::string& file = program_.tables[events.table].title();
    constexpr double kSteps = 9007199254740992;  // all integers below are exact
    for (size_t i = 0; i < neurons->size(); ++i) {
      if (steps != nullptr && !IsIndex((*steps)[i], kSteps)) {
        return Fail(absl::StrCat("the step of event ", i, " in ", file, " is no step number"));
      }
      if (times != nullptr && !WholeSteps((*times)[i], program_.dt, events.off_grid)) {
        return Fail(
            absl::StrCat("the time of event ", i, " in ", file, " is no whole number of steps"),
            "times are in ms");
      }
      if (times != nullptr && events.ends &&
          WholeSteps((*times)[i], program_.dt, events.off_grid) == 0) {
        return Fail(absl::StrCat("the time of event ", i, " in ", file, " ends no step"),
                    "the first step ends at the time dt");
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

  Violation Missing(TableId table, absl::string_view column) const {
    Violation violation = MissingColumn(program_, table, column);
    violation.symbol = symbol_;
    return violation;
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
