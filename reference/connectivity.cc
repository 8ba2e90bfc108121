#include "reference/connectivity.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/columns.h"
#include "reference/connect_block.h"
#include "reference/functions.h"
#include "reference/rule_draws.h"
#include "reference/sampling.h"

namespace bnsyn::reference {
namespace {

using ir::RuleKind;

}  // namespace

// Finds the pairs that a rule connects, onto targets [begin, end).
class Connectivity::PairFinder {
 public:
  PairFinder(const Connectivity& connectivity, uint32_t begin, uint32_t end)
      : connectivity_(connectivity),
        program_(*connectivity.program_),
        projection_(*connectivity.projection_),
        rule_(projection_.rule),
        sources_(program_.populations[projection_.source].size),
        targets_(program_.populations[projection_.target].size),
        begin_(begin),
        end_(end) {}

  absl::StatusOr<SynapseRows> Run(std::vector<uint32_t>& listed) {
    rows_.begin.push_back(0);
    switch (rule_.kind) {
      case RuleKind::kAllToAll:
      case RuleKind::kOneToOne:
      case RuleKind::kBernoulli:
      case RuleKind::kFixedOutDegree:
        BNSYN_RETURN_IF_ERROR(RowByRow());
        break;
      case RuleKind::kFixedInDegree:
      case RuleKind::kFixedTotal:
        ColumnByColumn();
        break;
      case RuleKind::kList:
        FromList(listed);
        break;
    }
    return std::move(rows_);
  }

 private:
  absl::Status RowByRow() {
    const ir::Block* const block = program_.FindConnect(connectivity_.id_);
    std::optional<ConnectBlock> connect;
    if (block != nullptr) connect.emplace(program_, *block, connectivity_.states_);
    const bool by_pair = connect && connect->Sets(ir::Op::kSetProbability);
    for (uint32_t source = 0; source < sources_; ++source) {
      if (by_pair) {
        BNSYN_RETURN_IF_ERROR(ByProbability(source, *connect));
      } else {
        Row(source);
      }
      rows_.begin.push_back(rows_.targets.size());
    }
    return absl::OkStatus();
  }

  void Row(uint32_t source) {
    const bool one_to_one = rule_.kind == RuleKind::kOneToOne;
    if (one_to_one && begin_ <= source && source < end_ && !connectivity_.ExcludesSelf()) {
      rows_.targets.push_back(source);
    }
    if (rule_.kind == RuleKind::kFixedOutDegree) return OutDegree(source);
    if (rule_.kind == RuleKind::kAllToAll || (rule_.kind == RuleKind::kBernoulli && rule_.p == 1)) {
      return All(source);
    }
    if (rule_.kind != RuleKind::kBernoulli || rule_.p == 0) return;
    for (uint32_t block = begin_ / kBernoulliBlock; block * uint64_t{kBernoulliBlock} < end_;
         ++block) {
      BernoulliBlock(source, block);
    }
  }

  void All(uint32_t source) {
    for (uint32_t target = begin_; target < end_; ++target) {
      if (target != source || !connectivity_.ExcludesSelf()) rows_.targets.push_back(target);
    }
  }

  // The part of a Bernoulli row in one block of targets, from draws (source, block).
  void BernoulliBlock(uint32_t source, uint32_t block) {
    RuleDraws draws(program_.seed, rule_.stream, source, block);
    const double log_miss = Log1p(-rule_.p);
    const uint32_t first = block * kBernoulliBlock;
    const auto end =
        static_cast<uint32_t>(std::min<uint64_t>(end_, (block + uint64_t{1}) * kBernoulliBlock));
    // Before each synapse a geometric number of targets is skipped: P(skip >= n) = (1 - p)^n.
    for (uint32_t target = first; target < end; ++target) {
      const double skip = BernoulliSkip(draws, log_miss);
      if (!(skip < end - target)) return;
      target += static_cast<uint32_t>(skip);
      if (target < begin_ || (connectivity_.ExcludesSelf() && target == source)) continue;
      rows_.targets.push_back(target);
    }
  }

  // Each pair by its own draw: it is connected if u < p, where u comes from the words of the pair
  // in the stream of the rule.
  absl::Status ByProbability(uint32_t source, const ConnectBlock& connect) {
    candidates_.clear();
    for (uint32_t target = begin_; target < end_; ++target) {
      if (target != source || !connectivity_.ExcludesSelf()) candidates_.push_back(target);
    }
    if (candidates_.empty()) return absl::OkStatus();
    const Array p = connect.Run(ir::Op::kSetProbability,
                                {source, candidates_, absl::MakeConstSpan(&projection_.weight, 1)});
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const double probability = p.as<double>()[i];
      if (!(probability >= 0 && probability <= 1)) {
        return connectivity_.Fault(source, candidates_[i], "probability", ShowValue(probability),
                                   "it must be from 0 to 1; clip(p, 0, 1) keeps it there");
      }
      const SynapseBits bits =
          SynapseRandomBits(program_.seed, rule_.stream, source, candidates_[i], 0);
      if (UniformFromBits(bits.first, bits.second) < probability) {
        rows_.targets.push_back(candidates_[i]);
      }
    }
    return absl::OkStatus();
  }

  // The targets of a source, from draws (source, 0), without targets outside of the range.
  void OutDegree(uint32_t source) {
    RuleDraws draws(program_.seed, rule_.stream, source, 0);
    drawn_.clear();
    const uint32_t self = connectivity_.ExcludesSelf() ? 1 : 0;
    Sample(rule_.count, targets_ - self, rule_.multiple, draws, drawn_);
    for (uint32_t target : drawn_) {
      if (self != 0 && target >= source) ++target;
      if (begin_ <= target && target < end_) rows_.targets.push_back(target);
    }
  }

  // Rules that give each target a number of synapses: sources are drawn target by target, and pairs
  // are then sorted by source.
  void ColumnByColumn() {
    std::vector<uint64_t> counts(end_ - begin_, rule_.count);
    if (rule_.kind == RuleKind::kFixedTotal) Divide(0, targets_, rule_.count, counts);
    std::vector<uint32_t> sources;
    const uint32_t self = connectivity_.ExcludesSelf() ? 1 : 0;
    for (uint32_t target = begin_; target < end_; ++target) {
      RuleDraws draws(program_.seed, rule_.stream, target, 0);
      const size_t first = sources.size();
      Sample(counts[target - begin_], sources_ - self, rule_.multiple, draws, sources);
      if (self == 0) continue;
      for (size_t i = first; i < sources.size(); ++i) sources[i] += sources[i] >= target ? 1 : 0;
    }
    std::vector<uint64_t> next(sources_ + size_t{1});
    for (const uint32_t source : sources) ++next[source + size_t{1}];
    std::partial_sum(next.begin(), next.end(), next.begin());
    rows_.begin = next;
    rows_.targets.resize(sources.size());
    size_t i = 0;
    for (uint32_t target = begin_; target < end_; ++target) {
      for (uint64_t n = 0; n < counts[target - begin_]; ++n) {
        rows_.targets[next[sources[i++]]++] = target;
      }
    }
  }

  // Divides `count` synapses among the targets [first, last): draws the number in the first half,
  // from draws (first, last), then divides each half that overlaps [begin, end).
  void Divide(uint32_t first, uint32_t last, uint64_t count, std::vector<uint64_t>& counts) {
    if (last <= begin_ || first >= end_) return;
    if (last - first == 1) {
      counts[first - begin_] = count;
      return;
    }
    const uint32_t middle = first + (last - first) / 2;
    const uint64_t pairs = sources_ - (connectivity_.ExcludesSelf() ? 1 : 0);
    RuleDraws draws(program_.seed, rule_.stream, first, last);
    const uint64_t left = CountOnLeft(count, (middle - first) * pairs, (last - middle) * pairs,
                                      rule_.multiple, draws.Next());
    Divide(first, middle, left, counts);
    Divide(middle, last, count - left, counts);
  }

  // `listed` are the rows of the table, in the order of the synapses.
  void FromList(std::vector<uint32_t>& listed) {
    const std::vector<uint32_t>& from = connectivity_.listed_sources_;
    const std::vector<uint32_t>& to = connectivity_.listed_targets_;
    for (uint32_t i = 0; i < to.size(); ++i) {
      if (begin_ <= to[i] && to[i] < end_) listed.push_back(i);
    }
    std::stable_sort(listed.begin(), listed.end(), [&](uint32_t a, uint32_t b) {
      return std::pair(from[a], to[a]) < std::pair(from[b], to[b]);
    });
    rows_.begin.assign(sources_ + size_t{1}, 0);
    for (const uint32_t i : listed) {
      ++rows_.begin[from[i] + size_t{1}];
      rows_.targets.push_back(to[i]);
    }
    std::partial_sum(rows_.begin.begin(), rows_.begin.end(), rows_.begin.begin());
  }

  const Connectivity& connectivity_;
  const ir::Program& program_;
  const ir::Projection& projection_;
  const ir::Rule& rule_;
  const uint32_t sources_;
  const uint32_t targets_;
  const uint32_t begin_;
  const uint32_t end_;
  SynapseRows rows_;
  std::vector<uint32_t> candidates_;
  std::vector<uint32_t> drawn_;
};

Connectivity::Connectivity(const ir::Program& program, ir::ProjectionId projection,
                           absl::Span<const Array> states)
    : program_(&program),
      id_(projection),
      projection_(&program.projections[projection]),
      states_(states) {}

absl::StatusOr<Connectivity> Connectivity::Create(const ir::Program& program,
                                                  ir::ProjectionId projection,
                                                  absl::Span<const Array> states) {
  Connectivity result(program, projection, states);
  if (result.projection_->rule.kind == RuleKind::kList) BNSYN_RETURN_IF_ERROR(result.ReadList());
  return result;
}

absl::Status Connectivity::ReadList() {
  const ir::Table& table = program_->tables[*projection_->rule.table];
  BNSYN_ASSIGN_OR_RETURN(listed_sources_,
                         ReadNeurons(table, "pre", program_->populations[projection_->source]));
  BNSYN_ASSIGN_OR_RETURN(listed_targets_,
                         ReadNeurons(table, "post", program_->populations[projection_->target]));
  return absl::OkStatus();
}

bool Connectivity::ExcludesSelf() const {
  const auto domain = [&](ir::PopulationId p) { return program_->populations[p].domain; };
  return !projection_->rule.self && domain(projection_->source) == domain(projection_->target);
}

absl::Status Connectivity::Fault(uint32_t source, uint32_t target, absl::string_view what,
                                 absl::string_view value, absl::string_view advice) const {
  return absl::InvalidArgumentError(
      absl::StrCat("projection ", projection_->name, ": from neuron ", source, " of ",
                   program_->populations[projection_->source].name, " to neuron ", target, " of ",
                   program_->populations[projection_->target].name, " the ", what, " is ", value,
                   "\n  note: ", advice));
}

absl::StatusOr<SynapseRows> Connectivity::Build(uint32_t begin, uint32_t end) const {
  std::vector<uint32_t> listed;
  BNSYN_ASSIGN_OR_RETURN(SynapseRows rows, PairFinder(*this, begin, end).Run(listed));
  if (projection_->weight_column) {
    const auto& column = Column(*projection_->weight_column);
    for (const uint32_t row : listed) rows.weights.push_back(column[row]);
  }
  if (projection_->delay_column) {
    const auto& column = Column(*projection_->delay_column);
    for (size_t i = 0; i < listed.size(); ++i) {
      const double steps = std::nearbyint(column[listed[i]] / program_->dt);
      BNSYN_RETURN_IF_ERROR(AddDelay(steps, listed_sources_[listed[i]], rows.targets[i], rows));
    }
  }
  FillStates(rows);
  BNSYN_RETURN_IF_ERROR(Connect(rows));
  return rows;
}

const std::vector<double>& Connectivity::Column(const ir::ColumnRef& column) const {
  return program_->tables[column.table].values[column.column];
}

absl::Status Connectivity::AddDelay(double steps, uint32_t source, uint32_t target,
                                    SynapseRows& rows) const {
  if (steps >= projection_->delay && steps <= projection_->max_delay) {
    rows.delays.push_back(static_cast<uint32_t>(steps));
    return absl::OkStatus();
  }
  return Fault(
      source, target, "delay",
      absl::StrCat(ShowValue(steps * program_->dt), " ms, that is ", ShowValue(steps), " steps"),
      absl::StrCat("it must be from ", projection_->delay, " to ", projection_->max_delay,
                   " steps; clip(delay, least, greatest) keeps it there"));
}

// Fills states with their declared initial values.
void Connectivity::FillStates(SynapseRows& rows) const {
  for (const ir::StateId id : program_->SynapseStates(id_)) {
    const ir::State& state = program_->states[id];
    rows.states.emplace_back(state.type.element, rows.size()).Fill(state.initial);
  }
}

// Runs the connect block over each row.
absl::Status Connectivity::Connect(SynapseRows& rows) const {
  const ir::Block* const block = program_->FindConnect(id_);
  if (block == nullptr) return absl::OkStatus();
  const ConnectBlock connect(*program_, *block, states_);
  const bool sets_weight = connect.Sets(ir::Op::kSetWeight);
  const bool sets_delay = connect.Sets(ir::Op::kSetDelay);
  const std::vector<ir::StateId> states = program_->SynapseStates(id_);
  const std::vector<double> given = std::move(rows.weights);
  rows.weights.clear();
  if (!sets_weight) rows.weights = given;
  if (sets_delay) rows.delays.clear();
  for (uint32_t source = 0; source + size_t{1} < rows.begin.size(); ++source) {
    const size_t begin = rows.begin[source];
    const size_t size = rows.begin[source + size_t{1}] - begin;
    if (size == 0) continue;
    const ConnectRow row = {source, absl::MakeConstSpan(rows.targets).subspan(begin, size),
                            given.empty() ? absl::MakeConstSpan(&projection_->weight, 1)
                                          : absl::MakeConstSpan(given).subspan(begin, size)};
    if (sets_weight) {
      const Array weights = connect.Run(ir::Op::kSetWeight, row);
      for (size_t i = 0; i < size; ++i) {
        const double weight = weights.as<double>()[i];
        if (!std::isfinite(weight)) {
          return Fault(source, row.targets[i], "weight", ShowValue(weight),
                       "a weight is a finite number");
        }
        rows.weights.push_back(weight);
      }
    }
    for (size_t state = 0; state < rows.states.size(); ++state) {
      if (!connect.Stores(states[state])) continue;
      const Array values = connect.RunStore(states[state], row);
      for (size_t i = 0; i < size; ++i) rows.states[state].set_bits(begin + i, values.bits(i));
    }
    if (!sets_delay) continue;
    const Array delays = connect.Run(ir::Op::kSetDelay, row);
    for (size_t i = 0; i < size; ++i) {
      BNSYN_RETURN_IF_ERROR(
          AddDelay(static_cast<double>(delays.as<int64_t>()[i]), source, row.targets[i], rows));
    }
  }
  return absl::OkStatus();
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
    case RuleKind::kFixedInDegree:
      return targets * static_cast<double>(projection_->rule.count);
    case RuleKind::kFixedOutDegree:
      return sources * static_cast<double>(projection_->rule.count);
    case RuleKind::kFixedTotal:
      return static_cast<double>(projection_->rule.count);
    case RuleKind::kList:
      return static_cast<double>(listed_sources_.size());
  }
  return 0;
}

}  // namespace bnsyn::reference
