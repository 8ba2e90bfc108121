#include "runtime/construction/pair_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "ir/status_macros.h"
#include "reference/columns.h"
#include "reference/functions.h"
#include "reference/rule_draws.h"
#include "reference/sampling.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {

using ir::RuleKind;
using reference::kBernoulliBlock;

PairRows::PairRows(const ir::Program& program, ir::ProjectionId id, Range own)
    : program_(&program),
      projection_(&program.projections[id]),
      rule_(&projection_->rule),
      sources_(program.populations[projection_->source].size),
      targets_(program.populations[projection_->target].size),
      own_(own),
      excludes_self_(!rule_->self && program.populations[projection_->source].domain ==
                                         program.populations[projection_->target].domain) {
  if (rule_->kind == RuleKind::kBernoulli) log_miss_ = reference::Log1p(-rule_->p);
}

absl::StatusOr<PairRows> PairRows::Create(const ir::Program& program, ir::ProjectionId id,
                                          Range own, absl::Span<const reference::Array> states,
                                          const ConnectCode& code) {
  PairRows rows(program, id, own);
  if (rows.rule_->kind == RuleKind::kList) BNSYN_RETURN_IF_ERROR(rows.ReadList());
  if (compiler::DrawsByTarget(rows.rule_->kind)) {
    BNSYN_RETURN_IF_ERROR(rows.TransposeColumns(code));
  }
  if (rows.rule_->kind == RuleKind::kBernoulli && code.skips() != nullptr && !own.empty()) {
    const double expected = 1 + rows.rule_->p * std::min(own.size(), kBernoulliBlock);
    rows.skips_.emplace(code, program.seed, rows.rule_->stream, rows.log_miss_,
                        own.begin / kBernoulliBlock, (own.end - 1) / kBernoulliBlock + 1, expected);
  }
  const ir::Block* const connect = program.FindConnect(id);
  if (connect == nullptr || rows.rule_->kind != RuleKind::kBernoulli) return rows;
  if (const compiler::ConnectKernel* const kernel = code.pairs(id)) {
    rows.compiled_.emplace(code, *kernel);
  } else if (!compiler::IsCompilable(*connect)) {
    rows.interpreted_.emplace(program, *connect, states);
    if (!rows.interpreted_->Sets(ir::Op::kSetProbability)) rows.interpreted_.reset();
  }
  return rows;
}

absl::Status PairRows::ReadList() {
  const ir::Table& table = program_->tables[*rule_->table];
  BNSYN_ASSIGN_OR_RETURN(
      const std::vector<uint32_t> from,
      reference::ReadNeurons(table, "pre", program_->populations[projection_->source]));
  BNSYN_ASSIGN_OR_RETURN(
      const std::vector<uint32_t> to,
      reference::ReadNeurons(table, "post", program_->populations[projection_->target]));
  for (uint32_t i = 0; i < to.size(); ++i) {
    if (own_.begin <= to[i] && to[i] < own_.end) listed_.push_back(i);
  }
  std::stable_sort(listed_.begin(), listed_.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(from[a], to[a]) < std::pair(from[b], to[b]);
  });
  begin_.assign(sources_ + size_t{1}, 0);
  for (const uint32_t i : listed_) {
    ++begin_[from[i] + size_t{1}];
    listed_targets_.push_back(to[i]);
  }
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  return absl::OkStatus();
}

namespace {

// The sample of R8: `count` of n numbers, from given words, in any order, since rows do not depend
// on it. `chosen` has n entries, all false before and after.
void Sample(const RuleWords& words, uint64_t count, uint32_t n, bool repeat,
            std::vector<bool>& chosen, std::vector<uint32_t>& sample) {
  sample.resize(count);
  if (repeat) {
    for (size_t d = 0; d < count; ++d) sample[d] = Below(words[d], n);
    return;
  }
  // Floyd's algorithm.
  for (size_t d = 0; d < count; ++d) {
    const auto last = static_cast<uint32_t>(n - count + d);
    const uint32_t drawn = Below(words[d], uint64_t{last} + 1);
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
  const uint32_t self = excludes_self_ ? 1 : 0;
  RuleWords words(code);
  std::vector<bool> chosen(rule_->multiple ? 0 : sources_);
  std::vector<uint32_t> sources;
  for (uint32_t target = own_.begin; target < own_.end; ++target) {
    const uint64_t count = counts[target - own_.begin];
    BNSYN_RETURN_IF_ERROR(words.Draw(rule_->stream, target, 0, count));
    Sample(words, count, sources_ - self, rule_->multiple, chosen, sources);
    for (const uint32_t source : sources) {
      visit(source + (self != 0 && source >= target ? 1 : 0), target);
    }
  }
  return absl::OkStatus();
}

absl::Status PairRows::TransposeColumns(const ConnectCode& code) {
  std::vector<uint64_t> counts(own_.size(), rule_->count);
  if (rule_->kind == RuleKind::kFixedTotal) Divide(0, targets_, rule_->count, counts);
  begin_.assign(sources_ + size_t{1}, 0);
  BNSYN_RETURN_IF_ERROR(
      VisitColumns(code, counts, [&](uint32_t source, uint32_t) { ++begin_[source + size_t{1}]; }));
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  BNSYN_ASSIGN_OR_RETURN(transposed_, PageBuffer::Create(begin_.back() * sizeof(uint32_t)));
  auto* const targets = reinterpret_cast<uint32_t*>(transposed_.data());
  std::vector<uint64_t> next = begin_;
  return VisitColumns(code, counts,
                      [&](uint32_t source, uint32_t target) { targets[next[source]++] = target; });
}

void PairRows::Divide(uint32_t first, uint32_t last, uint64_t count,
                      std::vector<uint64_t>& counts) const {
  if (last <= own_.begin || first >= own_.end) return;
  if (last - first == 1) {
    counts[first - own_.begin] = count;
    return;
  }
  const uint32_t middle = first + (last - first) / 2;
  const uint64_t pairs = sources_ - (excludes_self_ ? 1 : 0);
  reference::RuleDraws draws(program_->seed, rule_->stream, first, last);
  const uint64_t left = reference::CountOnLeft(
      count, (middle - first) * pairs, (last - middle) * pairs, rule_->multiple, draws.Next());
  Divide(first, middle, left, counts);
  Divide(middle, last, count - left, counts);
}

uint64_t PairRows::AtMost() const {
  if (!begin_.empty()) return begin_.back();
  const uint64_t all = uint64_t{sources_} * own_.size();
  switch (rule_->kind) {
    case RuleKind::kOneToOne:
      return own_.size();
    case RuleKind::kBernoulli: {
      if (compiled_ || interpreted_) return all;
      // Twice the margin of memory plans: more never happens in practice.
      const double expected = rule_->p * static_cast<double>(all);
      const double bound = 2 * SynapsesWithMargin(expected) - expected + kBernoulliBlock;
      return bound < static_cast<double>(all) ? static_cast<uint64_t>(bound) : all;
    }
    case RuleKind::kFixedOutDegree:
      return std::min(rule_->multiple ? rule_->count * sources_ : all, rule_->count * sources_);
    case RuleKind::kAllToAll:
    case RuleKind::kFixedInDegree:
    case RuleKind::kFixedTotal:
    case RuleKind::kList:
      break;
  }
  return all;
}

absl::Status PairRows::AppendRow(uint32_t source, std::vector<uint32_t>& targets) {
  switch (rule_->kind) {
    case RuleKind::kAllToAll:
      AppendAll(source, targets);
      break;
    case RuleKind::kOneToOne:
      if (own_.begin <= source && source < own_.end && !excludes_self_) targets.push_back(source);
      break;
    case RuleKind::kBernoulli:
      if (compiled_ || interpreted_) return AppendByProbability(source, targets);
      if (rule_->p == 1) {
        AppendAll(source, targets);
      } else if (rule_->p > 0) {
        return AppendBernoulli(source, targets);
      }
      break;
    case RuleKind::kFixedOutDegree:
      AppendOutDegree(source, targets);
      break;
    case RuleKind::kFixedInDegree:
    case RuleKind::kFixedTotal: {
      const auto* const transposed = reinterpret_cast<const uint32_t*>(transposed_.data());
      targets.insert(targets.end(), transposed + begin_[source], transposed + begin_[source + size_t{1}]);
      transposed_.ReleaseBefore(begin_[source + size_t{1}] * sizeof(uint32_t));
      break;
    }
    case RuleKind::kList: {
      const auto begin = listed_targets_.begin();
      targets.insert(targets.end(), begin + static_cast<ptrdiff_t>(begin_[source]),
                     begin + static_cast<ptrdiff_t>(begin_[source + size_t{1}]));
      break;
    }
  }
  return absl::OkStatus();
}

void PairRows::AppendAll(uint32_t source, std::vector<uint32_t>& targets) const {
  for (uint32_t target = own_.begin; target < own_.end; ++target) {
    if (target != source || !excludes_self_) targets.push_back(target);
  }
}

// Before each synapse a geometric number of targets is skipped.
absl::Status PairRows::AppendBernoulli(uint32_t source, std::vector<uint32_t>& targets) {
  if (skips_) BNSYN_RETURN_IF_ERROR(skips_->Draw(source));
  for (uint32_t block = own_.begin / kBernoulliBlock; block * uint64_t{kBernoulliBlock} < own_.end;
       ++block) {
    reference::RuleDraws draws(program_->seed, rule_->stream, source, block);
    const uint32_t first = block * kBernoulliBlock;
    const auto end = static_cast<uint32_t>(
        std::min<uint64_t>(own_.end, (block + uint64_t{1}) * kBernoulliBlock));
    uint32_t number = 0;
    for (uint32_t target = first; target < end; ++target) {
      const double skip =
          skips_ ? skips_->Skip(block, number++) : reference::BernoulliSkip(draws, log_miss_);
      if (!(skip < end - target)) break;
      target += static_cast<uint32_t>(skip);
      if (target < own_.begin || (excludes_self_ && target == source)) continue;
      targets.push_back(target);
    }
  }
  return absl::OkStatus();
}

void PairRows::AppendOutDegree(uint32_t source, std::vector<uint32_t>& targets) {
  reference::RuleDraws draws(program_->seed, rule_->stream, source, 0);
  const uint32_t self = excludes_self_ ? 1 : 0;
  drawn_.clear();
  reference::Sample(rule_->count, targets_ - self, rule_->multiple, draws, drawn_);
  for (uint32_t target : drawn_) {
    if (self != 0 && target >= source) ++target;
    if (own_.begin <= target && target < own_.end) targets.push_back(target);
  }
}

absl::Status PairRows::AppendByProbability(uint32_t source, std::vector<uint32_t>& targets) {
  candidates_.clear();
  AppendAll(source, candidates_);
  if (candidates_.empty()) return absl::OkStatus();
  const auto fault = [&](uint32_t target) {
    targets.push_back(target);
    return absl::OutOfRangeError("a probability is not from 0 to 1");
  };
  if (compiled_) {
    candidate_sources_.assign(candidates_.size(), source);
    BNSYN_RETURN_IF_ERROR(compiled_->Run(candidate_sources_, candidates_, {}, {}));
    const uint32_t* const joined = compiled_->joined();
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (joined[i] == compiler::kNoProbability) return fault(candidates_[i]);
      if (joined[i] != 0) targets.push_back(candidates_[i]);
    }
    return absl::OkStatus();
  }
  const reference::Array p = interpreted_->Run(
      ir::Op::kSetProbability, {source, candidates_, absl::MakeConstSpan(&projection_->weight, 1)});
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const double probability = p.as<double>()[i];
    if (!(probability >= 0 && probability <= 1)) return fault(candidates_[i]);
    const reference::SynapseBits bits =
        reference::SynapseRandomBits(program_->seed, rule_->stream, source, candidates_[i], 0);
    if (reference::UniformFromBits(bits.first, bits.second) < probability) {
      targets.push_back(candidates_[i]);
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
