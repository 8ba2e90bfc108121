#include "runtime/construction/pair_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "ir/status_macros.h"
#include "reference/functions.h"
#include "reference/rule_draws.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {

using ir::RuleKind;
using reference::kBernoulliBlock;

PairRows::PairRows(const ir::Program& program, ir::ProjectionId id, Range own)
    : program_(&program),
      id_(id),
      rule_(&program.projections[id].rule),
      sources_(program.SourcesOf(id)),
      targets_(program.TargetsOf(id)),
      own_(own),
      excludes_self_(program.ExcludesSelf(id)) {
  const uint32_t first = targets_.RankOf(own.begin);
  const uint32_t end = targets_.RankOf(own.end);
  own_.begin = first == end ? own.begin : targets_[first];
  own_.end = first == end ? own.begin : targets_[end - 1] + 1;
}

absl::StatusOr<PairRows> PairRows::Create(const ir::Program& program, ir::ProjectionId id,
                                          Range own, absl::Span<const reference::Array> states,
                                          const ConnectCode& code) {
  PairRows rows(program, id, own);
  own = rows.own_;
  const ir::Rule& rule = *rows.rule_;
  switch (ir::TraitsOf(rule.kind).order) {
    case ir::DrawOrder::kByTable: {
      BNSYN_ASSIGN_OR_RETURN(rows.listed_,
                             reference::FindListedPairs(program, id, own.begin, own.end));
      return rows;
    }
    case ir::DrawOrder::kByTarget:
      BNSYN_RETURN_IF_ERROR(rows.TransposeColumns(code));
      return rows;
    case ir::DrawOrder::kBySource:
      break;
  }
  if (rule.kind == RuleKind::kBernoulli && code.pairs(id) != nullptr) {
    rows.compiled_.emplace(code, *code.pairs(id));
  } else if (rule.kind == RuleKind::kBernoulli && code.skips() != nullptr && rule.p > 0 &&
             rule.p < 1 && !program.SetsPairs(id) && !own.empty()) {
    const double expected = 1 + rule.p * std::min(own.size(), kBernoulliBlock);
    rows.skips_.emplace(code, program.seed, rule.stream, reference::Log1p(-rule.p),
                        own.begin / kBernoulliBlock, (own.end - 1) / kBernoulliBlock + 1, expected);
  } else {
    BNSYN_ASSIGN_OR_RETURN(rows.finder_,
                           reference::MakeRowFinder(program, id, states, own.begin, own.end));
  }
  return rows;
}

namespace {

// The sample of R8: `count` of n numbers, from given words, in any order, since rows do not depend
// on it. `chosen` has n entries, all false before and after.
void Sample(const RuleWords& words, uint64_t count, uint32_t n, bool repeat,
            std::vector<bool>& chosen, std::vector<uint32_t>& sample) {
  sample.resize(count);
  if (repeat) {
    for (size_t d = 0; d < count; ++d) {
      sample[d] = static_cast<uint32_t>(reference::Below(words[d], n));
    }
    return;
  }
  // Floyd's algorithm.
  for (size_t d = 0; d < count; ++d) {
    const auto last = static_cast<uint32_t>(n - count + d);
    const auto drawn = static_cast<uint32_t>(reference::Below(words[d], uint64_t{last} + 1));
    sample[d] = chosen[drawn] ? last : drawn;
    chosen[sample[d]] = true;
  }
  for (const uint32_t number : sample) chosen[number] = false;
}

}  // namespace

// Calls visit(source, target) for the pairs of own targets, target by target.
template <typename Visit>
absl::Status PairRows::VisitColumns(const ConnectCode& code, const std::vector<uint64_t>& counts,
                                    Visit visit) const {
  RuleWords words(code);
  std::vector<bool> chosen(rule_->multiple ? 0 : sources_.size());
  std::vector<uint32_t> ranks;
  for (uint32_t target = own_.begin; target < own_.end; ++target) {
    const uint64_t count = counts[target - own_.begin];
    if (count == 0) continue;
    const bool self = excludes_self_ && sources_.Has(target);
    const uint32_t own = sources_.RankOf(target);
    BNSYN_RETURN_IF_ERROR(words.Draw(rule_->stream, target, 0, count));
    Sample(words, count, sources_.size() - (self ? 1 : 0), rule_->multiple, chosen, ranks);
    for (const uint32_t rank : ranks) {
      visit(sources_[rank + (self && rank >= own ? 1 : 0)], target);
    }
  }
  return absl::OkStatus();
}

absl::Status PairRows::TransposeColumns(const ConnectCode& code) {
  const std::vector<uint64_t> counts =
      reference::CountByTarget(*program_, id_, own_.begin, own_.end);
  begin_.assign(program_->populations[program_->projections[id_].source].size + size_t{1}, 0);
  BNSYN_RETURN_IF_ERROR(
      VisitColumns(code, counts, [&](uint32_t source, uint32_t) { ++begin_[source + size_t{1}]; }));
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  BNSYN_ASSIGN_OR_RETURN(transposed_, PageBuffer::Create(begin_.back() * sizeof(uint32_t)));
  auto* const targets = reinterpret_cast<uint32_t*>(transposed_.data());
  std::vector<uint64_t> next = begin_;
  return VisitColumns(code, counts,
                      [&](uint32_t source, uint32_t target) { targets[next[source]++] = target; });
}

uint64_t PairRows::AtMost() const {
  if (!begin_.empty()) return begin_.back();
  if (!listed_.begin.empty()) return listed_.targets.size();
  const ir::RuleTraits& traits = ir::TraitsOf(rule_->kind);
  const ir::RuleSizes sizes = program_->SizesOf(id_);
  const double expected = traits.synapses(*rule_, sizes);
  const double mean = expected / targets_.size();
  const uint32_t own = targets_.RankOf(own_.end) - targets_.RankOf(own_.begin);
  double most = own * traits.greatest_in_degree(*rule_, sizes, mean);
  if (traits.takes_n) most = std::min(most, expected);
  if (traits.is_random && !program_->SetsPairs(id_)) {
    // Twice the margin of memory plans: more never happens in practice.
    const double likely = own * mean;
    most = std::min(most, 2 * SynapsesWithMargin(likely) - likely + kBernoulliBlock);
  }
  return static_cast<uint64_t>(std::ceil(most));
}

absl::Status PairRows::AppendRow(uint32_t source, std::vector<uint32_t>& targets) {
  if (finder_) return finder_->AppendRow(source, targets);
  if (!sources_.Has(source) || own_.empty()) return absl::OkStatus();
  if (compiled_) return AppendByProbability(source, targets);
  if (skips_) return AppendBernoulli(source, targets);
  if (!begin_.empty()) {
    const auto* const targets_by_source = reinterpret_cast<const uint32_t*>(transposed_.data());
    targets.insert(targets.end(), targets_by_source + begin_[source],
                   targets_by_source + begin_[source + size_t{1}]);
    transposed_.ReleaseBefore(begin_[source + size_t{1}] * sizeof(uint32_t));
    return absl::OkStatus();
  }
  const auto row = absl::MakeConstSpan(listed_.targets)
                       .subspan(listed_.begin[source],
                                listed_.begin[source + size_t{1}] - listed_.begin[source]);
  targets.insert(targets.end(), row.begin(), row.end());
  return absl::OkStatus();
}

// Before each synapse a geometric number of targets is skipped.
absl::Status PairRows::AppendBernoulli(uint32_t source, std::vector<uint32_t>& targets) {
  BNSYN_RETURN_IF_ERROR(skips_->Draw(source));
  for (uint32_t block = own_.begin / kBernoulliBlock; block * uint64_t{kBernoulliBlock} < own_.end;
       ++block) {
    const uint32_t first = block * kBernoulliBlock;
    const auto end = static_cast<uint32_t>(
        std::min<uint64_t>(own_.end, (block + uint64_t{1}) * kBernoulliBlock));
    uint32_t number = 0;
    for (uint32_t target = first; target < end; ++target) {
      const double skip = skips_->Skip(block, number++);
      if (!(skip < end - target)) break;
      target += static_cast<uint32_t>(skip);
      if (target < own_.begin || (excludes_self_ && target == source)) continue;
      if (targets_.Has(target)) targets.push_back(target);
    }
  }
  return absl::OkStatus();
}

absl::Status PairRows::AppendByProbability(uint32_t source, std::vector<uint32_t>& targets) {
  candidates_.clear();
  const uint32_t end = targets_.RankOf(own_.end);
  for (uint32_t rank = targets_.RankOf(own_.begin); rank < end; ++rank) {
    const uint32_t target = targets_[rank];
    if (target != source || !excludes_self_) candidates_.push_back(target);
  }
  if (candidates_.empty()) return absl::OkStatus();
  candidate_sources_.assign(candidates_.size(), source);
  BNSYN_RETURN_IF_ERROR(compiled_->Run(candidate_sources_, candidates_, {}, {}));
  const uint32_t* const joined = compiled_->joined();
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (joined[i] == compiler::kNoProbability) {
      targets.push_back(candidates_[i]);
      return absl::OutOfRangeError("a probability is not from 0 to 1");
    }
    if (joined[i] != 0) targets.push_back(candidates_[i]);
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
