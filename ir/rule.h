// Rules of connectivity: which pairs of neurons a projection joins (R8), and what the rest of the
// project needs to know of each rule, in one row:
//
//   TraitsOf(RuleKind::kFixedTotal).name == "fixed_total"
//   TraitsOf(RuleKind::kFixedTotal).order == DrawOrder::kByTarget
#ifndef BNSYN_IR_RULE_H_
#define BNSYN_IR_RULE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bnsyn/rule_kind.h"

namespace bnsyn::ir {

using bnsyn::RuleKind;

// A rule with its arguments. Its pairs are a function of (seed, stream, rule) alone.
struct Rule {
  RuleKind kind = RuleKind::kAllToAll;
  double p = 1.0;                 // of rules that take a probability
  uint64_t count = 0;             // n, of rules that take a number of synapses
  bool self = true;               // may a neuron connect to itself (within one population)
  bool multiple = false;          // may a pair be joined more than once
  uint32_t stream = 0;            // of rules that draw
  std::optional<uint32_t> table;  // TableId, of rules that list
};

// In which order a rule finds its pairs: all targets of a source at a time, all sources of a target
// at a time, or as they stand in a table.
enum class DrawOrder : uint8_t { kBySource, kByTarget, kByTable };

// The numbers on which the number of synapses of a projection depends.
struct RuleSizes {
  double sources = 0;
  double targets = 0;
  double pairs = 0;      // that may be joined: without those that self=false leaves out
  double left_out = 0;   // the number of those
  double rows = 0;       // of the table of a list
  bool by_pair = false;  // there is a connect block, which may set the probability of each pair
};

// Whether the connect block of a projection sets a number for each pair (`set_probability`).
enum class PairNumbers : uint8_t { kNone, kOptional, kNeeded };

struct RuleTraits {
  RuleKind kind;
  absl::string_view name;   // in the text of programs and in network files
  bool in_networks = true;  // false for a rule that only programs have

  // Arguments. A rule needs those it takes, except for `self` and `multiple`.
  bool takes_p = false;
  bool takes_relative_p = false;  // network files: p, to which a pair's probability is
                                  // proportional; optional
  bool takes_n = false;
  bool takes_table = false;
  bool takes_self = false;      // self=false leaves out the synapses of neurons to themselves
  bool takes_multiple = false;  // multiple=true allows a pair to be joined more than once
  bool is_random = false;       // draws from a stream of its own

  DrawOrder order = DrawOrder::kBySource;
  PairNumbers pair_numbers = PairNumbers::kNone;
  // The rule that a program has where the network gives p as an expression of the two neurons, or a
  // condition that a pair must meet; nullopt if the rule takes neither.
  std::optional<RuleKind> pairwise = {};

  // The number of synapses to expect; exact unless pairs are joined one by one at random.
  double (*synapses)(const Rule& rule, const RuleSizes& sizes) = nullptr;
  // The number of synapses of one target at most, given the mean over the targets. Where they are
  // drawn one by one, not one neuron in 10^60 has more.
  double (*greatest_in_degree)(const Rule& rule, const RuleSizes& sizes, double mean) = nullptr;
  // With `takes_n`: the greatest n that joins no pair twice. `left_out` is the number of pairs that
  // self=false leaves out.
  uint64_t (*most_different)(uint64_t sources, uint64_t targets, uint64_t left_out) = nullptr;

  // The names of the rule in NEST and PyNN, separated by spaces.
  absl::string_view synonyms = "";
};

const RuleTraits& TraitsOf(RuleKind kind);
absl::Span<const RuleTraits> AllRules();  // in the order of the enum
// Null where no rule has that name.
const RuleTraits* FindRule(absl::string_view name);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_RULE_H_
