#include "reference/row_finder.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "reference/columns.h"
#include "reference/connect_block.h"
#include "reference/functions.h"
#include "reference/rule_draws.h"
#include "reference/sampling.h"

namespace bnsyn::reference {
namespace {

using ir::RuleKind;

// A rule on a range of targets.
class RuleOnTargets {
 public:
  RuleOnTargets(const ir::Program& program, ir::ProjectionId id, uint32_t begin, uint32_t end)
      : program_(program),
        id_(id),
        projection_(program.projections[id]),
        rule_(projection_.rule),
        sources_(program.SourcesOf(id)),
        targets_(program.TargetsOf(id)),
        excludes_self_(program.ExcludesSelf(id)),
        begin_(begin),
        end_(end) {}

 protected:
  RuleDraws Draws(uint32_t a, uint32_t b) const {
    return RuleDraws(program_.seed, rule_.stream, a, b);
  }
  // True if some target of ranks [first, last) lies in the range; both are not equal.
  bool Overlaps(uint32_t first, uint32_t last) const {
    return targets_[last - 1] >= begin_ && targets_[first] < end_;
  }
  bool Allows(uint32_t source, uint32_t target) const {
    return source != target || !excludes_self_ || Mutant("R8.self");
  }
  void AppendAllowed(uint32_t source, std::vector<uint32_t>& targets) const {
    AppendAllowed(source, begin_, end_, targets);
  }
  // The same for targets [begin, end).
  void AppendAllowed(uint32_t source, uint32_t begin, uint32_t end,
                     std::vector<uint32_t>& targets) const {
    const uint32_t end_rank = targets_.RankOf(end);
    for (uint32_t rank = targets_.RankOf(begin); rank < end_rank; ++rank) {
      const uint32_t target = targets_[rank];
      if (Allows(source, target)) targets.push_back(target);
    }
  }

  const ir::Program& program_;
  const ir::ProjectionId id_;
  const ir::Projection& projection_;
  const ir::Rule& rule_;
  const ir::SelectedNeurons sources_;
  const ir::SelectedNeurons targets_;
  const bool excludes_self_;
  const uint32_t begin_;
  const uint32_t end_;
};

class RuleRows : public RowFinder, protected RuleOnTargets {
 public:
  RuleRows(const ir::Program& program, ir::ProjectionId id, uint32_t begin, uint32_t end)
      : RuleOnTargets(program, id, begin, end) {}

  absl::Status AppendRow(uint32_t source, std::vector<uint32_t>& targets) final {
    const bool selected = sources_.Has(source) || Mutant("R8.selected_sources");
    return selected ? AppendSelected(source, targets) : absl::OkStatus();
  }

 protected:
  // The same for a source that the projection selects.
  virtual absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) = 0;
};

class AllToAllRows : public RuleRows {
 public:
  using RuleRows::RuleRows;
  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    AppendAllowed(source, targets);
    return absl::OkStatus();
  }
};

class OneToOneRows : public RuleRows {
 public:
  using RuleRows::RuleRows;
  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    const uint32_t target = Mutant("R8.one_to_one") ? source : targets_[sources_.RankOf(source)];
    if (begin_ <= target && target < end_ && Allows(source, target)) targets.push_back(target);
    return absl::OkStatus();
  }
};

// One probability for all pairs, neither 0 nor 1.
class BernoulliRows : public RuleRows {
 public:
  using RuleRows::RuleRows;
  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    for (uint32_t block = begin_ / kBernoulliBlock; block * uint64_t{kBernoulliBlock} < end_;
         ++block) {
      AppendBlock(source, block, targets);
    }
    return absl::OkStatus();
  }

 private:
  // The part of the row in one block of targets, from draws (source, block).
  void AppendBlock(uint32_t source, uint32_t block, std::vector<uint32_t>& targets) const {
    RuleDraws draws = Draws(source, Mutant("R8.bernoulli_block") ? 0 : block);
    const uint32_t first = block * kBernoulliBlock;
    const auto end =
        static_cast<uint32_t>(std::min<uint64_t>(end_, (block + uint64_t{1}) * kBernoulliBlock));
    if (targets_.RankOf(first) == targets_.RankOf(end)) return;
    // Before each synapse a geometric number of targets is passed over: P(skip >= n) = (1 - p)^n.
    for (uint32_t target = first; target < end; ++target) {
      const double skip = draws.NextSkip(log_miss_);
      if (!(skip < end - target)) return;
      target += static_cast<uint32_t>(skip);
      const bool selected = targets_.Has(target) || Mutant("R8.bernoulli_selected");
      if (target >= begin_ && selected && Allows(source, target)) {
        targets.push_back(target);
      }
    }
  }

  const double log_miss_ = Mutant("R8.bernoulli_log1p") ? Log(1 - rule_.p) : Log1p(-rule_.p);
};

// Rules whose connect block sets a number for each pair.
class PairwiseRows : public RuleRows {
 public:
  PairwiseRows(const ir::Program& program, ir::ProjectionId id, absl::Span<const Array> states,
               uint32_t begin, uint32_t end)
      : RuleRows(program, id, begin, end), connect_(program, *program.FindConnect(id), states) {}

 protected:
  // The numbers that the block sets for the pairs of a source with `targets`, which are not empty.
  Array Run(uint32_t source, absl::Span<const uint32_t> targets) const {
    return connect_.Run(ir::Op::kSetProbability,
                        {source, targets, absl::MakeConstSpan(&projection_.weight, 1)});
  }

 private:
  const ConnectBlock connect_;
};

// Each pair is joined where u < p, u from the words of the pair in the rule's stream.
class ProbabilityRows : public PairwiseRows {
 public:
  using PairwiseRows::PairwiseRows;
  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    candidates_.clear();
    AppendAllowed(source, candidates_);
    if (candidates_.empty()) return absl::OkStatus();
    const Array p = Run(source, candidates_);
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const uint32_t target = candidates_[i];
      const double probability = p.as<double>()[i];
      if (!(probability >= 0 && probability <= 1)) {
        return PairFault(program_, id_, source, target, "probability", ShowValue(probability),
                         "it must be from 0 to 1; clip(p, 0, 1) keeps it there");
      }
      const SynapseBits bits = SynapseRandomBits(program_.seed, rule_.stream, source, target, 0);
      const double u = UniformFromBits(bits.first, bits.second);
      if (Mutant("R8.probability") ? 1 - u <= probability : u < probability) {
        targets.push_back(target);
      }
    }
    return absl::OkStatus();
  }

 private:
  std::vector<uint32_t> candidates_;
};

// Rules that draw n pairs, each with a probability proportional to the weight that the connect
// block sets for it. Before the first row all pairs are weighed once.
class WeightedRows : public PairwiseRows {
 public:
  using PairwiseRows::PairwiseRows;
  virtual absl::Status Prepare() = 0;

 protected:
  // Calls visit(target, weight) for the pairs of a source with targets [begin, end), ascending.
  template <typename Visit>
  absl::Status VisitWeights(uint32_t source, uint32_t begin, uint32_t end, Visit visit) {
    candidates_.clear();
    AppendAllowed(source, begin, end, candidates_);
    if (candidates_.empty()) return absl::OkStatus();
    const Array weights = Run(source, candidates_);
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const double weight = weights.as<double>()[i];
      if (!(weight >= 0 && std::isfinite(weight))) {
        return PairFault(program_, id_, source, candidates_[i], "relative probability",
                         ShowValue(weight), "it must be finite and at least 0");
      }
      visit(candidates_[i], weight);
    }
    return absl::OkStatus();
  }

  // Calls visit(source, target, weight) for all pairs, by source and then target.
  template <typename Visit>
  absl::Status VisitAllWeights(Visit visit) {
    const uint32_t end = targets_[targets_.size() - 1] + 1;
    for (uint32_t rank = 0; rank < sources_.size(); ++rank) {
      const uint32_t source = sources_[rank];
      BNSYN_RETURN_IF_ERROR(VisitWeights(
          source, 0, end, [&](uint32_t target, double weight) { visit(source, target, weight); }));
    }
    return absl::OkStatus();
  }

  absl::Status TooFew(uint64_t pairs) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "projection ", projection_.name, ": n = ", rule_.count, " synapses are to be drawn, but ",
        pairs == 0 ? "no" : absl::StrCat(pairs), pairs == 1 ? " pair has" : " pairs have",
        " a relative probability above 0",
        pairs == 0 ? "" : "\n  note: multiple = true lets a pair be joined more than once"));
  }

 private:
  std::vector<uint32_t> candidates_;
};

// multiple=true: the synapses are divided among the targets by the sums of their weights; then each
// synapse of a target finds its source in the running sum of the target's weights.
class RepeatedWeightedRows : public WeightedRows {
 public:
  using WeightedRows::WeightedRows;

  absl::Status Prepare() override {
    sums_.assign(targets_.size(), 0);
    BNSYN_RETURN_IF_ERROR(VisitAllWeights([&](uint32_t, uint32_t target, double weight) {
      sums_[targets_.RankOf(target)] += weight;
    }));
    const double sum = Sum(0, targets_.size());
    if (rule_.count > 0 && sum == 0) return TooFew(0);
    if (!std::isfinite(sum)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "projection ", projection_.name, ": the relative probabilities add up to infinity"));
    }
    marks_.resize(end_ - begin_);
    Divide(0, targets_.size(), rule_.count);
    running_.assign(end_ - begin_, 0);
    return absl::OkStatus();
  }

  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    return VisitWeights(source, begin_, end_, [&](uint32_t target, double weight) {
      double& running = running_[target - begin_];
      std::vector<double>& marks = marks_[target - begin_];
      running += weight;
      while (running > 0 && !marks.empty() && marks.back() <= running) {
        targets.push_back(target);
        marks.pop_back();
      }
    });
  }

 private:
  // The sum of the weights onto targets of ranks [first, last), half by half.
  double Sum(uint32_t first, uint32_t last) const {
    if (last - first == 1) return sums_[first];
    const uint32_t middle = first + (last - first) / 2;
    if (Mutant("R8.weighted_sum")) return Sum(middle, last);
    return Sum(first, middle) + Sum(middle, last);
  }

  void Divide(uint32_t first, uint32_t last, uint64_t count) {
    if (!Overlaps(first, last) || count == 0) return;
    if (last - first == 1) return Mark(first, count);
    const uint32_t middle = first + (last - first) / 2;
    const uint64_t left = CountOnLeft(count, Sum(first, middle), Sum(middle, last),
                                      /*repeat=*/true, Draws(first, last).Next());
    Divide(first, middle, left);
    Divide(middle, last, count - left);
  }

  // Where in the running sum of the target of this rank its synapses are, the least last.
  void Mark(uint32_t rank, uint64_t count) {
    RuleDraws draws = Draws(targets_[rank], 0);
    std::vector<double>& marks = marks_[targets_[rank] - begin_];
    const double sum = Mutant("R8.weighted_mark") ? sums_[0] : sums_[rank];
    for (uint64_t i = 0; i < count; ++i) marks.push_back(draws.Next() * sum);
    std::sort(marks.begin(), marks.end(), std::greater<>());
  }

  std::vector<double> sums_;     // of all targets, by rank
  std::vector<double> running_;  // of the targets in the range
  std::vector<std::vector<double>> marks_;
};

// multiple=false: the n pairs with the least keys, a key being an exponential number over the
// weight (Efraimidis & Spirakis, "Weighted random sampling with a reservoir", 2006).
class DistinctWeightedRows : public WeightedRows {
 public:
  using WeightedRows::WeightedRows;

  absl::Status Prepare() override {
    if (rule_.count == 0) return absl::OkStatus();
    std::vector<Key> least;  // with some more, until they are twice as many
    BNSYN_RETURN_IF_ERROR(VisitAllWeights([&](uint32_t source, uint32_t target, double weight) {
      if (weight == 0) return;
      const Key key = KeyOf(source, target, weight);
      if (last_ && *last_ < key) return;
      least.push_back(key);
      if (least.size() == 2 * rule_.count) KeepLeast(least);
    }));
    if (least.size() < rule_.count) return TooFew(least.size());
    KeepLeast(least);
    return absl::OkStatus();
  }

  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    if (!last_) return absl::OkStatus();
    return VisitWeights(source, begin_, end_, [&](uint32_t target, double weight) {
      if (weight > 0 && !(*last_ < KeyOf(source, target, weight))) targets.push_back(target);
    });
  }

 private:
  struct Key {
    double value;
    uint32_t target;
    uint32_t source;
    auto operator<=>(const Key&) const = default;
  };

  Key KeyOf(uint32_t source, uint32_t target, double weight) const {
    const SynapseBits bits = SynapseRandomBits(program_.seed, rule_.stream, source, target, 0);
    const double exponential = ExponentialFromBits(bits.first, bits.second);
    return {Mutant("R8.weighted_key") ? exponential : exponential / weight, target, source};
  }

  void KeepLeast(std::vector<Key>& keys) {
    const auto nth = keys.begin() + static_cast<ptrdiff_t>(rule_.count - 1);
    std::nth_element(keys.begin(), nth, keys.end());
    last_ = *nth;
    keys.resize(rule_.count);
  }

  std::optional<Key> last_;  // the greatest key of a pair that is joined
};

// The targets of a source, from draws (source, 0); those outside of the range are left out.
class OutDegreeRows : public RuleRows {
 public:
  using RuleRows::RuleRows;
  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    RuleDraws draws = Draws(source, 0);
    drawn_.clear();
    const bool self = excludes_self_ && targets_.Has(source);
    const uint32_t own = targets_.RankOf(source);
    Sample(rule_.count, targets_.size() - (self ? 1 : 0), rule_.multiple, draws, drawn_);
    for (const uint32_t rank : drawn_) {
      const bool behind = Mutant("R8.out_degree_self") ? rank > own : rank >= own;
      const uint32_t target = targets_[rank + (self && behind ? 1 : 0)];
      if (begin_ <= target && target < end_) targets.push_back(target);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<uint32_t> drawn_;
};

// How many of `count` synapses on the targets of ranks [first, last) are in the first half is
// drawn, from draws (first, last), and so on in the halves, as far as they overlap [begin, end).
// Those of each target are counted at its number - begin.
class TotalDivider : RuleOnTargets {
 public:
  TotalDivider(const ir::Program& program, ir::ProjectionId id, uint32_t begin, uint32_t end,
               absl::Span<uint64_t> counts)
      : RuleOnTargets(program, id, begin, end), counts_(counts) {
    Divide(0, targets_.size(), rule_.count);
  }

 private:
  void Divide(uint32_t first, uint32_t last, uint64_t count) {
    if (!Overlaps(first, last)) return;
    if (last - first == 1) {
      counts_[targets_[first] - begin_] = count;
      return;
    }
    const uint32_t middle = first + (last - first) / 2;
    const uint64_t left = CountOnLeft(count, Pairs(first, middle), Pairs(middle, last),
                                      rule_.multiple, Draws(first, last).Next());
    Divide(first, middle, left);
    Divide(middle, last, count - left);
  }

  // That may be joined, of targets of ranks [first, last).
  double Pairs(uint32_t first, uint32_t last) const {
    const double pairs = static_cast<double>(last - first) * sources_.size();
    if (!excludes_self_) return pairs;
    uint32_t own = 0;
    if (is_whole_) {
      own = last - first;
    } else {
      for (uint32_t rank = first; rank < last; ++rank) own += sources_.Has(targets_[rank]) ? 1 : 0;
    }
    return Mutant("R8.total_self") ? pairs : pairs - own;
  }

  // All sources and all targets are selected.
  const bool is_whole_ = projection_.sources.all() && projection_.targets.all();

  const absl::Span<uint64_t> counts_;
};

// Rules that say how many synapses each target has: sources are drawn target by target, and come
// into rows by counting.
class ColumnRows : public RuleRows {
 public:
  ColumnRows(const ir::Program& program, ir::ProjectionId id, uint32_t begin, uint32_t end)
      : RuleRows(program, id, begin, end),
        begin_of_row_(program.populations[projection_.source].size + size_t{1}) {
    const std::vector<uint64_t> counts = CountByTarget(program, id, begin_, end_);
    std::vector<uint32_t> sources;
    for (uint32_t target = begin_; target < end_; ++target) {
      RuleDraws draws = Draws(target, Mutant("R8.in_degree_sequence") ? 1 : 0);
      const size_t first = sources.size();
      const bool self = excludes_self_ && sources_.Has(target);
      const uint32_t own = sources_.RankOf(target);
      Sample(counts[target - begin_], sources_.size() - (self ? 1 : 0), rule_.multiple, draws,
             sources);
      for (size_t i = first; i < sources.size(); ++i) {
        sources[i] = sources_[sources[i] + (self && sources[i] >= own ? 1 : 0)];
      }
    }
    for (const uint32_t source : sources) ++begin_of_row_[source + size_t{1}];
    std::partial_sum(begin_of_row_.begin(), begin_of_row_.end(), begin_of_row_.begin());
    std::vector<uint64_t> next = begin_of_row_;
    rows_.resize(sources.size());
    size_t i = 0;
    for (uint32_t target = begin_; target < end_; ++target) {
      for (uint64_t n = 0; n < counts[target - begin_]; ++n) rows_[next[sources[i++]]++] = target;
    }
  }

  absl::Status AppendSelected(uint32_t source, std::vector<uint32_t>& targets) override {
    const auto row = absl::MakeConstSpan(rows_).subspan(
        begin_of_row_[source], begin_of_row_[source + size_t{1}] - begin_of_row_[source]);
    targets.insert(targets.end(), row.begin(), row.end());
    return absl::OkStatus();
  }

 private:
  std::vector<uint64_t> begin_of_row_;
  std::vector<uint32_t> rows_;
};

template <typename Rows>
absl::StatusOr<std::unique_ptr<RowFinder>> Prepared(std::unique_ptr<Rows> rows) {
  BNSYN_RETURN_IF_ERROR(rows->Prepare());
  return rows;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowFinder>> MakeRowFinder(const ir::Program& program,
                                                         ir::ProjectionId id,
                                                         absl::Span<const Array> states,
                                                         uint32_t begin, uint32_t end) {
  const ir::Rule& rule = program.projections[id].rule;
  const auto all = [&] { return std::make_unique<AllToAllRows>(program, id, begin, end); };
  switch (rule.kind) {
    case RuleKind::kAllToAll:
      return all();
    case RuleKind::kOneToOne:
      return std::make_unique<OneToOneRows>(program, id, begin, end);
    case RuleKind::kBernoulli:
      if (program.SetsPairs(id)) {
        return std::make_unique<ProbabilityRows>(program, id, states, begin, end);
      }
      if (rule.p == 1) return all();
      // Without a pair there is no row to find.
      if (rule.p == 0) return std::make_unique<AllToAllRows>(program, id, begin, begin);
      return std::make_unique<BernoulliRows>(program, id, begin, end);
    case RuleKind::kFixedOutDegree:
      return std::make_unique<OutDegreeRows>(program, id, begin, end);
    case RuleKind::kFixedInDegree:
    case RuleKind::kFixedTotal:
      return std::make_unique<ColumnRows>(program, id, begin, end);
    case RuleKind::kWeightedTotal:
      if (rule.multiple) {
        return Prepared(std::make_unique<RepeatedWeightedRows>(program, id, states, begin, end));
      }
      return Prepared(std::make_unique<DistinctWeightedRows>(program, id, states, begin, end));
    case RuleKind::kList:
      break;
  }
  return absl::InternalError("the pairs of a list are in its table");
}

std::vector<uint64_t> CountByTarget(const ir::Program& program, ir::ProjectionId id, uint32_t begin,
                                    uint32_t end) {
  std::vector<uint64_t> counts(end - begin);
  const ir::Rule& rule = program.projections[id].rule;
  if (rule.kind == RuleKind::kFixedTotal) {
    TotalDivider(program, id, begin, end, absl::MakeSpan(counts));
    return counts;
  }
  const ir::SelectedNeurons targets = program.TargetsOf(id);
  for (uint32_t target = begin; target < end; ++target) {
    if (targets.Has(target)) counts[target - begin] = rule.count;
  }
  return counts;
}

absl::StatusOr<ListedPairs> FindListedPairs(const ir::Program& program, ir::ProjectionId id,
                                            uint32_t begin, uint32_t end) {
  const ir::Projection& projection = program.projections[id];
  const ir::Table& table = program.tables[*projection.rule.table];
  const ir::Population& source = program.populations[projection.source];
  BNSYN_ASSIGN_OR_RETURN(const std::vector<uint32_t> from,
                         ReadNeurons(table, "pre", source, projection.sources));
  BNSYN_ASSIGN_OR_RETURN(
      const std::vector<uint32_t> to,
      ReadNeurons(table, "post", program.populations[projection.target], projection.targets));
  ListedPairs pairs;
  pairs.begin.assign(source.size + size_t{1}, 0);
  const auto is_in_range = [&](size_t i) { return begin <= to[i] && to[i] < end; };
  for (size_t i = 0; i < to.size(); ++i) pairs.begin[from[i] + size_t{1}] += is_in_range(i);
  std::partial_sum(pairs.begin.begin(), pairs.begin.end(), pairs.begin.begin());
  // By source, and then the few of each source by target: lists may have millions of rows.
  pairs.rows.resize(pairs.begin.back());
  std::vector next(pairs.begin.begin(), pairs.begin.end() - 1);
  for (uint32_t i = 0; i < to.size(); ++i) {
    if (is_in_range(i)) pairs.rows[next[from[i]]++] = i;
  }
  const auto by_target = [&](uint32_t a, uint32_t b) { return to[a] < to[b]; };
  for (uint32_t s = 0; s < source.size && !Mutant("R8.list_order"); ++s) {
    const auto row = [&](uint32_t of) {
      return pairs.rows.begin() + static_cast<std::ptrdiff_t>(pairs.begin[of]);
    };
    if (!std::is_sorted(row(s), row(s + 1), by_target)) {
      std::stable_sort(row(s), row(s + 1), by_target);
    }
  }
  pairs.targets.reserve(pairs.rows.size());
  for (const uint32_t i : pairs.rows) pairs.targets.push_back(to[i]);
  return pairs;
}

}  // namespace bnsyn::reference
