#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "ir/attribute_fields.h"
#include "ir/attributes.h"
#include "ir/parser.h"
#include "ir/program.h"
#include "ir/rule.h"
#include "ir/status_macros.h"

namespace bnsyn::ir {
namespace {

template <PopulationId Projection::*end>
uint32_t SizeOfEnd(const Program& program, const Projection& projection) {
  return program.populations[projection.*end].size;
}

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

}  // namespace bnsyn::ir
