#include "reference/connectivity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/columns.h"
#include "reference/functions.h"
#include "reference/philox.h"

namespace bnsyn::reference {
namespace {

using ir::RuleKind;

// The random numbers of one block of targets of one source. Draw d takes the words 0 and 1 (d even)
// or 2 and 3 (d odd) of the counter (d/2, source, block, stream). The stream belongs to the rule
// alone, so these counters meet those of no element.
class BlockDraws {
 public:
  BlockDraws(uint64_t seed, uint32_t stream, uint32_t source, uint32_t block)
      : counter_{0, source, block, stream},
        key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)} {}

  // Uniform in (0, 1], a multiple of 2^-53.
  double Next() {
    if (used_ == words_.size()) {
      words_ = Philox4x32(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    const double u = 1 - UniformFromBits(words_[used_], words_[used_ + 1]);
    used_ += 2;
    return u;
  }

 private:
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> words_ = {};
  size_t used_ = 4;
};

}  // namespace

Connectivity::Connectivity(const ir::Program& program, const ir::Projection& projection)
    : program_(&program), projection_(&projection) {}

absl::StatusOr<Connectivity> Connectivity::Create(const ir::Program& program,
                                                  ir::ProjectionId projection) {
  Connectivity result(program, program.projections[projection]);
  const ir::Projection& p = *result.projection_;
  const ir::Population& source = program.populations[p.source];
  const ir::Population& target = program.populations[p.target];
  if (p.weight_column && p.rule.kind != RuleKind::kList) {
    return absl::InvalidArgumentError(absl::StrCat(
        "projection ", p.name, ": a column of weights needs rule=list, whose rows it follows"));
  }
  switch (p.rule.kind) {
    case RuleKind::kAllToAll:
      break;
    case RuleKind::kOneToOne:
      if (source.size != target.size) {
        return absl::InvalidArgumentError(absl::StrCat(
            "projection ", p.name, ": rule=one_to_one needs populations of one size, but ",
            source.name, " has ", source.size, " neurons and ", target.name, " ", target.size));
      }
      break;
    case RuleKind::kBernoulli:
      result.log_miss_ = Log1p(-p.rule.p);
      break;
    case RuleKind::kList:
      BNSYN_RETURN_IF_ERROR(result.ReadList());
      break;
  }
  return result;
}

absl::Status Connectivity::ReadList() {
  const ir::Projection& p = *projection_;
  const ir::Population& source = program_->populations[p.source];
  if (!p.rule.table) {
    return absl::InvalidArgumentError(
        absl::StrCat("projection ", p.name, ": rule=list needs a table"));
  }
  const ir::Table& table = program_->tables[*p.rule.table];
  BNSYN_ASSIGN_OR_RETURN(const std::vector<uint32_t> pre, ReadNeurons(table, "pre", source));
  BNSYN_ASSIGN_OR_RETURN(const std::vector<uint32_t> post,
                         ReadNeurons(table, "post", program_->populations[p.target]));
  std::vector<double> weights(pre.size(), p.weight);
  if (p.weight_column) {
    if (p.weight_column->table != *p.rule.table) {
      return absl::InvalidArgumentError(
          absl::StrCat("projection ", p.name, ": its weights must be a column of its rule's table ",
                       table.name));
    }
    weights = table.values[p.weight_column->column];
  }
  for (size_t row = 0; row < weights.size(); ++row) {
    if (!std::isfinite(weights[row])) {
      return RowError(table, row,
                      absl::StrCat("the weight ", ShowValue(weights[row]), " is not finite"));
    }
  }

  row_begin_.assign(source.size + size_t{1}, 0);
  for (const uint32_t s : pre) ++row_begin_[s + size_t{1}];
  std::partial_sum(row_begin_.begin(), row_begin_.end(), row_begin_.begin());
  std::vector<uint64_t> next(row_begin_.begin(), row_begin_.end() - 1);
  listed_.resize(pre.size());
  for (size_t i = 0; i < pre.size(); ++i) listed_[next[pre[i]]++] = {post[i], weights[i]};
  for (size_t s = 0; s < source.size; ++s) {
    std::stable_sort(listed_.begin() + static_cast<ptrdiff_t>(row_begin_[s]),
                     listed_.begin() + static_cast<ptrdiff_t>(row_begin_[s + 1]),
                     [](const Synapse& a, const Synapse& b) { return a.target < b.target; });
  }
  return absl::OkStatus();
}

bool Connectivity::ExcludesSelf() const {
  return !projection_->rule.self && projection_->source == projection_->target;
}

void Connectivity::BernoulliBlock(uint32_t source, uint32_t block, uint32_t begin, uint32_t end,
                                  std::vector<Synapse>& row) const {
  BlockDraws draws(program_->seed, projection_->rule.stream, source, block);
  const bool excludes_self = ExcludesSelf();
  const uint32_t first = block * kTargetBlock;
  // Before each synapse a geometric number of targets is passed over: P(skip >= n) = (1 - p)^n.
  for (uint32_t target = first; target < end; ++target) {
    const double skip = std::floor(Log(draws.Next()) / log_miss_);
    if (!(skip < end - target)) return;
    target += static_cast<uint32_t>(skip);
    if (target < begin || (excludes_self && target == source)) continue;
    row.push_back({target, projection_->weight});
  }
}

void Connectivity::Row(uint32_t source, uint32_t begin, uint32_t end,
                       std::vector<Synapse>& row) const {
  const ir::Rule& rule = projection_->rule;
  const auto all = [&] {
    for (uint32_t target = begin; target < end; ++target) {
      if (target == source && ExcludesSelf()) continue;
      row.push_back({target, projection_->weight});
    }
  };
  switch (rule.kind) {
    case RuleKind::kAllToAll:
      return all();
    case RuleKind::kOneToOne:
      if (begin <= source && source < end && !ExcludesSelf()) {
        row.push_back({source, projection_->weight});
      }
      return;
    case RuleKind::kBernoulli:
      if (rule.p == 1) return all();
      if (rule.p == 0) return;
      for (uint32_t block = begin / kTargetBlock; block * uint64_t{kTargetBlock} < end; ++block) {
        const uint64_t block_end = (block + uint64_t{1}) * kTargetBlock;
        BernoulliBlock(source, block, begin,
                       static_cast<uint32_t>(std::min<uint64_t>(end, block_end)), row);
      }
      return;
    case RuleKind::kList: {
      const auto row_begin = listed_.begin() + static_cast<ptrdiff_t>(row_begin_[source]);
      const auto row_end = listed_.begin() + static_cast<ptrdiff_t>(row_begin_[source + size_t{1}]);
      const auto below = [](const Synapse& s, uint32_t target) { return s.target < target; };
      row.insert(row.end(), std::lower_bound(row_begin, row_end, begin, below),
                 std::lower_bound(row_begin, row_end, end, below));
      return;
    }
  }
}

double Connectivity::ExpectedSynapses() const {
  const double sources = program_->populations[projection_->source].size;
  const double targets = program_->populations[projection_->target].size;
  const double pairs = sources * targets - (ExcludesSelf() ? sources : 0);
  switch (projection_->rule.kind) {
    case RuleKind::kAllToAll:
      return pairs;
    case RuleKind::kOneToOne:
      return ExcludesSelf() ? 0 : sources;
    case RuleKind::kBernoulli:
      return pairs * projection_->rule.p;
    case RuleKind::kList:
      return static_cast<double>(listed_.size());
  }
  return 0;
}

double Connectivity::MaxWeight() const {
  if (projection_->rule.kind != RuleKind::kList) return std::abs(projection_->weight);
  double largest = 0;
  for (const Synapse& synapse : listed_) largest = std::max(largest, std::abs(synapse.weight));
  return largest;
}

}  // namespace bnsyn::reference
