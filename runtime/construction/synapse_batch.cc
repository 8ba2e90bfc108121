#include "runtime/construction/synapse_batch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/connectivity.h"

namespace bnsyn {
namespace {

bool SetsWeights(const ir::Block* connect) {
  return connect != nullptr &&
         std::any_of(connect->nodes.begin(), connect->nodes.end(),
                     [](const ir::Node& node) { return node.op == ir::Op::kSetWeight; });
}

}  // namespace

compiler::ConnectRequest RequestFor(const ir::Program& program, ir::ProjectionId id,
                                    SynapseForm form, bool may_be_coarse) {
  compiler::ConnectRequest request;
  request.contributions = may_be_coarse;
  request.weights = form == SynapseForm::kCode && SetsWeights(program.FindConnect(id));
  if (!program.HasOwnWeights(id)) return request;
  for (const compiler::Contribution& contribution : compiler::FindContributions(program, id)) {
    if (contribution.is_static) request.quanta.push_back(contribution.node);
  }
  return request;
}

SynapseBatch::SynapseBatch(const Construction& construction, ir::ProjectionId id, Range own,
                           PairRows pairs)
    : in_(&construction),
      id_(id),
      declared_(&construction.program.projections[id]),
      own_(own),
      pairs_(std::move(pairs)),
      contributions_(compiler::FindContributions(construction.program, id)),
      counts_occurrences_(declared_->rule.multiple || declared_->rule.kind == ir::RuleKind::kList),
      delay_(declared_->delay),
      quanta_(contributions_.size()),
      added_(contributions_.size()),
      ids_(construction.synapse_states[id]),
      states_(ids_.size()),
      own_quanta_(contributions_.size()),
      own_added_(contributions_.size()),
      own_states_(states_.size()) {
  for (const compiler::Contribution& contribution : contributions_) {
    const int scale = in_->program.inputs[contribution.input].accumulator.scale_log2;
    const double value = contribution.value.value_or(0);
    shared_quanta_.push_back(static_cast<double>(reference::ToQuanta(value, scale)));
  }
}

absl::StatusOr<SynapseBatch> SynapseBatch::Create(const Construction& in, ir::ProjectionId id,
                                                  int thread) {
  const Range own = in.partition.range(in.program.projections[id].target, thread);
  BNSYN_ASSIGN_OR_RETURN(PairRows pairs, PairRows::Create(in.program, id, own, in.states, in.code));
  SynapseBatch batch(in, id, own, std::move(pairs));
  const ir::Block* const connect = in.program.FindConnect(id);
  if (const compiler::ConnectKernel* const kernel = in.code.synapses(id)) {
    batch.compiled_.emplace(in.code, *kernel);
  } else if (connect != nullptr && !compiler::IsCompilable(*connect)) {
    batch.interpreted_.emplace(in.program, *connect, in.states);
  }
  return batch;
}

void SynapseBatch::Begin(uint32_t first) {
  first_ = first;
  begin_.assign(1, 0);
  sources_.clear();
  targets_.clear();
  occurrences_.clear();
}

absl::Status SynapseBatch::Append() {
  const uint32_t source = first_ + static_cast<uint32_t>(begin_.size()) - 1;
  const size_t begin = targets_.size();
  if (!own_.empty()) {
    const absl::Status status = pairs_.AppendRow(source, targets_);
    if (absl::IsOutOfRange(status)) return Explain();
    BNSYN_RETURN_IF_ERROR(status);
  }
  sources_.resize(targets_.size(), source);
  begin_.push_back(targets_.size());
  if (!counts_occurrences_) return absl::OkStatus();
  occurrences_.resize(targets_.size(), 0);
  for (size_t i = begin + 1; i < targets_.size(); ++i) {
    occurrences_[i] = targets_[i] == targets_[i - 1] ? occurrences_[i - 1] + 1 : 0;
  }
  return absl::OkStatus();
}

absl::Status SynapseBatch::Compute() {
  delays_ = nullptr;
  weights_ = nullptr;
  if (declared_->rule.kind == ir::RuleKind::kList) ReadList();
  if (compiled_) {
    BNSYN_RETURN_IF_ERROR(compiled_->Run(sources_, targets_, occurrences_, given_));
    if (size() == 0) return absl::OkStatus();
    if (const int64_t* const delays = compiled_->delays()) delays_ = delays;
    if (const double* const weights = compiled_->weights()) weights_ = weights;
    for (size_t term = 0; term < quanta_.size(); ++term) {
      quanta_[term] = compiled_->quanta(contributions_[term].node);
      added_[term] = compiled_->contributions(contributions_[term].node);
    }
    for (size_t s = 0; s < ids_.size(); ++s) states_[s] = compiled_->state(ids_[s]);
  }
  if (interpreted_) Interpret();
  return Check();
}

// Reads weights and delays from the table of a list.
void SynapseBatch::ReadList() {
  given_.clear();
  own_delays_.clear();
  const auto column = [&](const ir::ColumnRef& ref) -> const std::vector<double>& {
    return in_->program.tables[ref.table].values[ref.column];
  };
  const auto last = first_ + static_cast<uint32_t>(begin_.size()) - 1;
  for (uint32_t source = first_; source < last; ++source) {
    if (begin(source) == begin(source + 1)) continue;
    for (const uint32_t row : pairs_.Listed(source)) {
      if (declared_->weight_column) given_.push_back(column(*declared_->weight_column)[row]);
      if (!declared_->delay_column) continue;
      const double steps = std::nearbyint(column(*declared_->delay_column)[row] / in_->program.dt) +
                           in_->program.spike_lag();
      // A delay that does not fit is outside of all bounds.
      own_delays_.push_back(std::abs(steps) < 1e9 ? static_cast<int64_t>(steps) : -1);
    }
  }
  if (!given_.empty()) weights_ = given_.data();
  if (!own_delays_.empty()) delays_ = own_delays_.data();
}

// Runs the interpreter row by row, as the reference does.
void SynapseBatch::Interpret() {
  reference::OnPreTerms terms(in_->program, in_->program.FindSynaptic(ir::BlockKind::kOnPre, id_));
  own_weights_.assign(size(), declared_->weight);
  if (!given_.empty()) own_weights_ = given_;
  const bool sets_delays = interpreted_->Sets(ir::Op::kSetDelay);
  if (sets_delays) own_delays_.resize(size());
  for (size_t s = 0; s < ids_.size(); ++s) {
    if (!interpreted_->Stores(ids_[s])) continue;
    const auto bytes = ir::ElementBytes(in_->program.states[ids_[s]].type.element);
    own_states_[s].resize(size() * static_cast<size_t>(bytes));
    states_[s] = own_states_[s].data();
  }
  const auto last = first_ + static_cast<uint32_t>(begin_.size()) - 1;
  for (uint32_t source = first_; source < last; ++source) {
    const size_t begin = this->begin(source);
    const size_t count = this->begin(source + 1) - begin;
    if (count == 0) continue;
    const absl::Span<const double> given = given_.empty()
                                               ? absl::MakeConstSpan(&declared_->weight, 1)
                                               : absl::MakeConstSpan(given_).subspan(begin, count);
    const reference::ConnectRow row = {source, absl::MakeConstSpan(targets_).subspan(begin, count),
                                       given};
    const auto copy = [&](const reference::Array& from, void* to) {
      const auto bytes = static_cast<size_t>(ir::ElementBytes(from.element()));
      std::memcpy(static_cast<char*>(to) + begin * bytes, from.view().data, count * bytes);
    };
    if (interpreted_->Sets(ir::Op::kSetWeight)) {
      copy(interpreted_->Run(ir::Op::kSetWeight, row), own_weights_.data());
    }
    if (sets_delays) copy(interpreted_->Run(ir::Op::kSetDelay, row), own_delays_.data());
    for (size_t s = 0; s < ids_.size(); ++s) {
      if (interpreted_->Stores(ids_[s])) {
        copy(interpreted_->RunStore(ids_[s], row), own_states_[s].data());
      }
    }
  }
  if (in_->program.HasOwnWeights(id_)) weights_ = own_weights_.data();
  if (sets_delays) delays_ = own_delays_.data();
  for (size_t term = 0; term < contributions_.size(); ++term) {
    if (!contributions_[term].is_static || !in_->program.HasOwnWeights(id_)) continue;
    own_quanta_[term].clear();
    own_added_[term].clear();
    for (const double weight : own_weights_) {
      const reference::OnPreTerms::Known known = *terms.Find(term, weight);
      own_quanta_[term].push_back(static_cast<double>(known.quanta));
      own_added_[term].push_back(known.value);
    }
    quanta_[term] = own_quanta_[term].data();
    added_[term] = own_added_[term].data();
  }
}

// Weights that are not stored are checked by their quanta.
absl::Status SynapseBatch::Check() const {
  for (size_t i = 0; i < size(); ++i) {
    const bool weight = weights_ == nullptr || std::isfinite(weights_[i]);
    const bool delay = delays_ == nullptr || (delays_[i] >= declared_->delay &&
                                              delays_[i] <= int64_t{declared_->max_delay});
    if (!weight || !delay) return Explain();
  }
  for (size_t s = 0; s < ids_.size(); ++s) {
    if (states_[s] == nullptr || in_->program.states[ids_[s]].type.element != ir::Element::kF64) {
      continue;
    }
    const auto* const values = reinterpret_cast<const double*>(states_[s]);
    if (!std::all_of(values, values + size(), [](double value) { return std::isfinite(value); })) {
      return Explain();
    }
  }
  return absl::OkStatus();
}

void SynapseBatch::CountCoarse(reference::CoarseTallies& tallies) const {
  for (size_t term = 0; term < contributions_.size(); ++term) {
    const compiler::Contribution& contribution = contributions_[term];
    if (!contribution.is_static) continue;
    const int scale = in_->program.inputs[contribution.input].accumulator.scale_log2;
    reference::CoarseTally found;
    if (contribution.value) found.Count(*contribution.value, scale, size());
    if (added_[term] != nullptr) {
      // From 2^23 quanta on, half a quantum is within 2^-24.
      const double* const quanta = quanta_[term];
      for (size_t i = 0; i < size(); ++i) {
        if (std::abs(quanta[i]) < 0x1p23) found.Count(added_[term][i], scale);
      }
    }
    if (found.count == 0) continue;
    tallies[{reference::CoarseSource::Kind::kProjection, id_, contribution.input}].Add(found);
  }
}

// The reference names the least target, whichever thread or batch finds a fault first.
absl::Status SynapseBatch::Explain() const {
  BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                         reference::Connectivity::Create(in_->program, id_, in_->states));
  constexpr uint32_t kTogether = 4096;  // a block of R8
  const uint32_t targets = in_->program.populations[declared_->target].size;
  for (uint32_t begin = 0; begin < targets; begin += std::min(kTogether, targets - begin)) {
    const uint32_t end = begin + std::min(kTogether, targets - begin);
    BNSYN_RETURN_IF_ERROR(connectivity.Build(begin, end).status());
  }
  return absl::InternalError(
      absl::StrCat("projection ", declared_->name,
                   ": compiled code finds a synapse that cannot be, but the reference does not"));
}

}  // namespace bnsyn
