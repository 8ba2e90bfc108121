#include "ir/rule.h"

#include <algorithm>
#include <cmath>

namespace bnsyn::ir {
namespace {

// Twenty standard deviations above the mean of a count of independent rare events.
double Improbable(double mean) { return mean + 20 * std::sqrt(mean) + 64; }

constexpr RuleTraits kRules[] = {
    {
        .kind = RuleKind::kAllToAll,
        .name = "all_to_all",
        .takes_self = true,
        .pairwise = RuleKind::kBernoulli,
        .synapses = [](const Rule&, const RuleSizes& sizes) { return sizes.pairs; },
        .greatest_in_degree = [](const Rule&, const RuleSizes& sizes,
                                 double) { return sizes.sources; },
        .synonyms = "AllToAllConnector",
    },
    {
        .kind = RuleKind::kOneToOne,
        .name = "one_to_one",
        .synapses =
            [](const Rule&, const RuleSizes& sizes) {
              // Without the synapses of the same neurons to themselves, none is left.
              return sizes.left_out == sizes.sources ? 0 : sizes.sources;
            },
        .greatest_in_degree = [](const Rule&, const RuleSizes&, double) { return 1.0; },
        .synonyms = "OneToOneConnector",
    },
    {
        .kind = RuleKind::kBernoulli,
        .name = "bernoulli",
        .takes_p = true,
        .takes_self = true,
        .is_random = true,
        .pair_numbers = PairNumbers::kOptional,
        .pairwise = RuleKind::kBernoulli,
        .synapses = [](const Rule& rule, const RuleSizes& sizes) { return sizes.pairs * rule.p; },
        .greatest_in_degree =
            [](const Rule&, const RuleSizes& sizes, double mean) {
              return sizes.by_pair ? sizes.sources : std::min(sizes.sources, Improbable(mean));
            },
        .synonyms = "pairwise_bernoulli FixedProbabilityConnector "
                    "DistanceDependentProbabilityConnector IndexBasedProbabilityConnector",
    },
    {
        .kind = RuleKind::kFixedInDegree,
        .name = "fixed_in_degree",
        .takes_n = true,
        .takes_self = true,
        .takes_multiple = true,
        .is_random = true,
        .order = DrawOrder::kByTarget,
        .synapses =
            [](const Rule& rule, const RuleSizes& sizes) {
              return sizes.targets * static_cast<double>(rule.count);
            },
        .greatest_in_degree = [](const Rule&, const RuleSizes&, double mean) { return mean; },
        .most_different = [](uint64_t sources, uint64_t,
                             uint64_t left_out) { return sources - (left_out > 0 ? 1 : 0); },
        .synonyms = "fixed_indegree FixedNumberPreConnector",
    },
    {
        .kind = RuleKind::kFixedOutDegree,
        .name = "fixed_out_degree",
        .takes_n = true,
        .takes_self = true,
        .takes_multiple = true,
        .is_random = true,
        .synapses =
            [](const Rule& rule, const RuleSizes& sizes) {
              return sizes.sources * static_cast<double>(rule.count);
            },
        .greatest_in_degree =
            [](const Rule& rule, const RuleSizes& sizes, double mean) {
              return rule.multiple ? Improbable(mean) : std::min(sizes.sources, Improbable(mean));
            },
        .most_different = [](uint64_t, uint64_t targets,
                             uint64_t left_out) { return targets - (left_out > 0 ? 1 : 0); },
        .synonyms = "fixed_outdegree FixedNumberPostConnector",
    },
    {
        .kind = RuleKind::kFixedTotal,
        .name = "fixed_total",
        .takes_relative_p = true,
        .takes_n = true,
        .takes_self = true,
        .takes_multiple = true,
        .is_random = true,
        .order = DrawOrder::kByTarget,
        .pairwise = RuleKind::kWeightedTotal,
        .synapses = [](const Rule& rule,
                       const RuleSizes&) { return static_cast<double>(rule.count); },
        .greatest_in_degree =
            [](const Rule& rule, const RuleSizes& sizes, double mean) {
              const double likely = std::min(static_cast<double>(rule.count), Improbable(mean));
              return rule.multiple ? likely : std::min(sizes.sources, likely);
            },
        .most_different = [](uint64_t sources, uint64_t targets,
                             uint64_t left_out) { return sources * targets - left_out; },
        .synonyms = "fixed_total_number FixedTotalNumberConnector",
    },
    {
        .kind = RuleKind::kWeightedTotal,
        .name = "weighted_total",
        .in_networks = false,
        .takes_n = true,
        .takes_self = true,
        .takes_multiple = true,
        .is_random = true,
        .pair_numbers = PairNumbers::kNeeded,
        .synapses = [](const Rule& rule,
                       const RuleSizes&) { return static_cast<double>(rule.count); },
        .greatest_in_degree =
            [](const Rule& rule, const RuleSizes& sizes, double) {
              const double all = static_cast<double>(rule.count);
              return rule.multiple ? all : std::min(sizes.sources, all);
            },
        .most_different = [](uint64_t sources, uint64_t targets,
                             uint64_t left_out) { return sources * targets - left_out; },
    },
    {
        .kind = RuleKind::kList,
        .name = "list",
        .takes_table = true,
        .order = DrawOrder::kByTable,
        .synapses = [](const Rule&, const RuleSizes& sizes) { return sizes.rows; },
        .greatest_in_degree = [](const Rule&, const RuleSizes& sizes,
                                 double) { return sizes.rows; },
        .synonyms = "FromListConnector FromFileConnector",
    },
};

}  // namespace

const RuleTraits& TraitsOf(RuleKind kind) { return kRules[static_cast<int>(kind)]; }

absl::Span<const RuleTraits> AllRules() { return kRules; }

const RuleTraits* FindRule(absl::string_view name) {
  for (const RuleTraits& rule : kRules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

}  // namespace bnsyn::ir
