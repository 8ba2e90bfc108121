#include "runtime/construction/synapse_builder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/deferral.h"
#include "ir/access.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/input_proof.h"

namespace bnsyn {
namespace {

// Synapses of a batch: enough to fill vectors, few enough for the cache.
constexpr size_t kBatch = 8192;

constexpr auto kMaxShort = static_cast<double>(std::numeric_limits<int32_t>::max());

// The most quanta that a sum of at most 64 bits may hold of static contributions.
int64_t MostQuanta(const ir::Accumulator& sum) {
  return sum.is_narrow()
             ? sum.most() * sum.unit
             : static_cast<int64_t>(reference::AccumulatorArithmetic(sum).MostInAStep());
}

bool ComputesWhileRunning(const ir::Program& program) {
  const std::vector<compiler::Contribution> all = compiler::FindContributions(program);
  return std::any_of(all.begin(), all.end(),
                     [](const compiler::Contribution& c) { return !c.is_static; });
}

bool HasWideInputs(const ir::Program& program) {
  return std::any_of(program.inputs.begin(), program.inputs.end(),
                     [](const ir::Input& input) { return input.accumulator.wide; });
}

}  // namespace

SumBounds::SumBounds(const Construction& in, int thread) : known_(in.places.Size(thread)) {
  if (ComputesWhileRunning(in.program)) possible_.resize(known_.size());
  if (HasWideInputs(in.program)) {
    wide_known_.resize(known_.size());
    wide_possible_.resize(known_.size());
  }
  to_sources_.resize(in.program.inputs.size());
  for (ir::InputId input = 0; input < in.program.inputs.size(); ++input) {
    if (!ir::AddsToSources(in.program, input)) continue;
    to_sources_[input].resize(in.program.Size(in.program.inputs[input].population));
  }
  AddEvents(in, thread);
}

void SumBounds::AddEvents(const Construction& in, int thread) {
  for (ir::InputId input = 0; input < in.program.inputs.size(); ++input) {
    const Range own = RangeOf(in.program, in.partition, input, thread);
    for (const auto& [element, quanta] : in.event_bounds[input]) {
      if (element < own.begin || element >= own.end) continue;
      const uint64_t sum = in.places.Begin(input, thread) + element - own.begin;
      if (in.program.inputs[input].accumulator.wide) {
        wide_known_[sum] = wide_possible_[sum] = quanta;
      } else {
        known_[sum] = static_cast<int64_t>(quanta);
        if (!possible_.empty()) possible_[sum] = known_[sum];
      }
    }
  }
}

bool SumBounds::AddWide(uint64_t sum, double quanta, const reference::SumLimits& limits) {
  if (!(std::abs(quanta) <= static_cast<double>(limits.contribution))) return false;
  const auto whole = static_cast<reference::Quanta>(std::abs(quanta));
  return AddPossibleWide(sum, whole) && (wide_known_[sum] += whole) <= limits.sum;
}

bool SumBounds::AddPossibleWide(uint64_t sum, reference::Quanta limit) {
  if (limit > absl::Int128Max() - wide_possible_[sum]) return false;
  wide_possible_[sum] += limit;
  return true;
}

SynapseBuilder::SynapseBuilder(const Construction& construction, const SynapseGroup& group,
                               int thread, uint64_t before, SumBounds& bounds,
                               reference::CoarseTallies& coarse)
    : in_(construction),
      group_(group),
      thread_(thread),
      before_(before),
      bounds_(bounds),
      coarse_(coarse),
      sums_(TargetSumsOf(in_.program, group, in_.places, thread)),
      block_(in_.program, group, sums_) {
  row_.resize(block_.slots() + size_t{1});
  next_.resize(block_.slots());
  if (group.form == SynapseForm::kCode) {
    states_ = in_.program.SynapseStates(group.projections[0]);
  }
}

absl::StatusOr<SynapseBlock> SynapseBuilder::Build() {
  for (const ir::ProjectionId id : group_.projections) {
    BNSYN_ASSIGN_OR_RETURN(SynapseBatch batch, SynapseBatch::Create(in_, id, thread_));
    batches_.push_back(std::move(batch));
  }
  BNSYN_RETURN_IF_ERROR(Reserve());
  BNSYN_RETURN_IF_ERROR(PlaceAll());
  DropEmptyDelays();
  Trim();
  Arena arena;
  BNSYN_RETURN_IF_ERROR(block_.ReserveSaved(in_.program, group_, block_.synapses_, arena));
  const bool by_target = group_.form == SynapseForm::kCode &&
                         compiler::NeedsRowsByTarget(in_.program, group_.projections[0]);
  if (by_target) BNSYN_RETURN_IF_ERROR(BuildByTarget());
  return std::move(block_);
}

// Reserves address space for the greatest number of synapses; memory that is not written is free.
absl::Status SynapseBuilder::Reserve() {
  for (const SynapseBatch& batch : batches_) most_ += batch.AtMost();
  most_ = std::min<uint64_t>(most_, std::numeric_limits<uint32_t>::max());
  Arena arena;
  return block_.Reserve(in_.program, group_, most_, arena);
}

absl::StatusOr<uint32_t> SynapseBuilder::Fill(uint32_t first) {
  const uint32_t sources = in_.program.populations[group_.source].size;
  for (SynapseBatch& batch : batches_) batch.Begin(first);
  size_t size = 0;
  uint32_t end = first;
  while (end < sources && size < kBatch) {
    ++end;
    size = 0;
    for (SynapseBatch& batch : batches_) {
      BNSYN_RETURN_IF_ERROR(batch.Append());
      size += batch.size();
    }
  }
  if (block_.synapses_ + size > most_) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "projection ", in_.program.projections[group_.projections[0]].name, ": more than ", most_,
        " synapses are more than one thread can hold; use more ", "threads"));
  }
  return end;
}

absl::Status SynapseBuilder::PlaceAll() {
  const uint32_t sources = in_.program.populations[group_.source].size;
  for (uint32_t first = 0; first < sources;) {
    BNSYN_ASSIGN_OR_RETURN(const uint32_t end, Fill(first));
    for (SynapseBatch& batch : batches_) {
      BNSYN_RETURN_IF_ERROR(batch.Compute());
      BNSYN_RETURN_IF_ERROR(Prove(batch));
    }
    for (uint32_t source = first; source < end; ++source) PlaceSource(source);
    first = end;
    if (thread_ == 0 && in_.progress) in_.progress(before_ + block_.synapses_);
  }
  const_cast<uint32_t*>(block_.rows())[uint64_t{sources} * block_.slots()] =
      static_cast<uint32_t>(block_.synapses_);
  return absl::OkStatus();
}

absl::Status SynapseBuilder::Prove(const SynapseBatch& batch) {
  for (size_t term = 0; term < batch.contributions().size(); ++term) {
    const compiler::Contribution& contribution = batch.contributions()[term];
    const std::optional<uint32_t> failed =
        contribution.is_static
            ? AddTerm(batch, term)
            : AddComputed(batch, contribution.input, contribution.to_source, SpikesOfOne(batch));
    if (failed) return TooMuch(contribution.input, *failed);
    if (group_.form != SynapseForm::kQuanta32) continue;
    for (size_t i = 0; i < batch.size(); ++i) {
      if (std::abs(batch.quanta(term, i)) <= kMaxShort) continue;
      return absl::InternalError(
          absl::StrCat("projection ", in_.program.projections[batch.projection()].name,
                       ": a contribution exceeds the range that was found for it"));
    }
  }
  for (const reference::OtherAddition& other : in_.others[batch.projection()]) {
    const std::optional<uint32_t> failed = AddComputed(batch, other.input, other.to_source, 1);
    if (failed) return TooMuch(other.input, *failed);
  }
  batch.CountCoarse(coarse_);
  return absl::OkStatus();
}

uint32_t SynapseBuilder::SpikesOfOne(const SynapseBatch& batch) const {
  const ir::Block* const on_pre =
      in_.program.FindSynaptic(ir::BlockKind::kOnPre, batch.projection());
  return on_pre == nullptr ? 1 : in_.program.MostRuns(*on_pre, in_.delivers);
}

std::optional<uint32_t> SynapseBuilder::AddTerm(const SynapseBatch& batch, size_t term) {
  const ir::InputId input = batch.contributions()[term].input;
  const ir::Accumulator& accumulator = in_.program.inputs[input].accumulator;
  const uint64_t first = in_.places.Begin(input, thread_) - batch.own().begin;
  const double times = SpikesOfOne(batch);
  if (accumulator.wide) {
    const reference::SumLimits limits = reference::LimitsOf(accumulator);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (bounds_.AddWide(first + batch.target(i), batch.quanta(term, i) * times, limits)) continue;
      return batch.target(i);
    }
    return std::nullopt;
  }
  const int64_t most = MostQuanta(accumulator);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (bounds_.Add(first + batch.target(i), batch.quanta(term, i) * times, most)) continue;
    return batch.target(i);
  }
  return std::nullopt;
}

std::optional<uint32_t> SynapseBuilder::AddComputed(const SynapseBatch& batch, ir::InputId input,
                                                    bool to_source, uint32_t times) {
  if (to_source) {
    for (size_t i = 0; i < batch.size(); ++i) bounds_.AddToSource(input, batch.source(i), times);
    return std::nullopt;
  }
  const ir::Accumulator& accumulator = in_.program.inputs[input].accumulator;
  const reference::Quanta limit = reference::LimitsOf(accumulator).unknown * times;
  constexpr reference::Quanta kMost = std::numeric_limits<int64_t>::max();
  const uint64_t first = in_.places.Begin(input, thread_) - batch.own().begin;
  for (size_t i = 0; i < batch.size(); ++i) {
    const uint64_t sum = first + batch.target(i);
    const bool fine = accumulator.wide
                          ? bounds_.AddPossibleWide(sum, limit)
                          : limit <= kMost && bounds_.AddPossible(sum, static_cast<int64_t>(limit));
    if (!fine) return batch.target(i);
  }
  return std::nullopt;
}

absl::Status SynapseBuilder::TooMuch(ir::InputId input, uint32_t target) {
  bounds_.has_failed = true;
  return absl::ResourceExhaustedError(absl::StrCat(
      "input ", in_.program.inputs[input].name, ": more may arrive in one step at element ", target,
      " than sums of ", in_.program.inputs[input].accumulator.bits,
      " bits hold\n  note: run with --disable-pass narrow_sums"));
}

uint32_t SynapseBuilder::SlotOf(const SynapseBatch& batch, size_t i) const {
  const uint32_t delay = (batch.delay(i) - group_.min_delay) * block_.blocks_;
  if (block_.blocks_ == 1) return delay;
  return delay + static_cast<uint32_t>(SumOf(batch, batch.target(i)) >> block_.block_bits_);
}

// Counts the synapses of each row of a source, then writes the rows.
void SynapseBuilder::PlaceSource(uint32_t source) {
  const uint32_t slots = block_.slots();
  std::fill(row_.begin(), row_.end(), 0);
  for (const SynapseBatch& batch : batches_) {
    for (size_t i = batch.begin(source); i < batch.begin(source + 1); ++i) {
      ++row_[SlotOf(batch, i) + size_t{1}];
    }
  }
  row_[0] = static_cast<uint32_t>(block_.synapses_);
  std::partial_sum(row_.begin(), row_.end(), row_.begin());
  std::copy_n(row_.begin(), slots, next_.begin());
  std::copy_n(row_.begin(), slots, const_cast<uint32_t*>(block_.rows()) + uint64_t{source} * slots);
  switch (group_.form) {
    case SynapseForm::kConstant:
      group_.target_bits == 16 ? PutEntries<uint16_t, void>(source)
                               : PutEntries<uint32_t, void>(source);
      break;
    case SynapseForm::kQuanta32:
      group_.target_bits == 16 ? PutEntries<uint16_t, int32_t>(source)
                               : PutEntries<uint32_t, int32_t>(source);
      break;
    case SynapseForm::kQuanta64:
      group_.target_bits == 16 ? PutEntries<uint16_t, int64_t>(source)
                               : PutEntries<uint32_t, int64_t>(source);
      break;
    case SynapseForm::kCode:
      PutColumns(source);
      break;
  }
  block_.synapses_ = row_[slots];
}

template <typename Target, typename Weight>
void SynapseBuilder::PutEntries(uint32_t source) {
  constexpr bool kWeighted = !std::is_void_v<Weight>;
  for (const SynapseBatch& batch : batches_) {
    for (size_t i = batch.begin(source); i < batch.begin(source + 1); ++i) {
      const uint32_t slot = SlotOf(batch, i);
      const uint32_t begin = row_[slot];
      const size_t size = row_[slot + size_t{1}] - begin;
      const size_t place = next_[slot]++ - begin;
      char* const row = block_.entries_.data() + begin * block_.entry_bytes_;
      const auto target = static_cast<Target>(SumOf(batch, batch.target(i)));
      std::memcpy(row + place * sizeof(Target), &target, sizeof(Target));
      if constexpr (kWeighted) {
        const auto quanta = static_cast<Weight>(batch.quanta(0, i));
        std::memcpy(row + size * sizeof(Target) + place * sizeof(Weight), &quanta, sizeof(Weight));
      }
    }
  }
}

void SynapseBuilder::PutColumns(uint32_t source) {
  const SynapseBatch& batch = batches_[0];
  const bool own_weights = block_.weights_.data() != nullptr;
  for (size_t i = batch.begin(source); i < batch.begin(source + 1); ++i) {
    const uint32_t place = next_[SlotOf(batch, i)]++;
    SynapseBlock::As<uint32_t>(block_.targets_)[place] = batch.target(i);
    if (block_.occurrences_.data() != nullptr) {
      SynapseBlock::As<uint32_t>(block_.occurrences_)[place] = batch.occurrence(i);
    }
    if (own_weights) SynapseBlock::As<double>(block_.weights_)[place] = batch.weight(i);
    for (size_t s = 0; s < states_.size(); ++s) {
      const ir::State& state = in_.program.states[states_[s]];
      const auto bytes = static_cast<size_t>(ir::ElementBytes(state.type.element));
      const char* const made = batch.state(s);
      const void* const from = made == nullptr ? static_cast<const void*>(&state.initial)
                                               : static_cast<const void*>(made + i * bytes);
      std::memcpy(block_.states_[s].data() + place * bytes, from, bytes);
    }
  }
}

// Removes the entries of delays that do not occur from the index. The rest still says where each
// row ends, since the removed rows are empty.
void SynapseBuilder::DropEmptyDelays() {
  const uint32_t sources = in_.program.populations[group_.source].size;
  const uint32_t slots = block_.slots();
  const uint32_t blocks = block_.blocks_;
  auto* const rows = const_cast<uint32_t*>(block_.rows());
  std::vector<bool> occurs(slots);
  for (uint64_t source = 0; source < sources; ++source) {
    const uint32_t* const row = rows + source * slots;
    for (uint32_t slot = 0; slot < slots; ++slot) {
      if (row[slot] != row[slot + 1]) occurs[slot] = true;
    }
  }
  std::vector<uint32_t> kept;
  std::vector<uint32_t> delays;
  for (uint32_t d = 0; d < block_.delays_.size(); ++d) {
    const auto begin = occurs.begin() + static_cast<ptrdiff_t>(d * blocks);
    const auto end = begin + static_cast<ptrdiff_t>(blocks);
    if (std::find(begin, end, true) == end) continue;
    delays.push_back(block_.delays_[d]);
    for (uint32_t b = 0; b < blocks; ++b) kept.push_back(d * blocks + b);
  }
  block_.delays_ = std::move(delays);
  if (kept.size() == slots) return;
  uint32_t* to = rows;
  for (uint64_t source = 0; source < sources; ++source) {
    for (const uint32_t slot : kept) *to++ = rows[source * slots + slot];
  }
  *to = static_cast<uint32_t>(block_.synapses_);
}

void SynapseBuilder::Trim() {
  block_.rows_.Shrink(block_.RowCount(in_.program, group_) * sizeof(uint32_t));
  for (const SynapseBlock::Column& column : block_.Columns(in_.program, group_)) {
    column.array->Shrink(block_.synapses_ * column.bytes);
  }
}

absl::Status SynapseBuilder::BuildByTarget() {
  const ir::Projection& projection = in_.program.projections[group_.projections[0]];
  const uint32_t sources = in_.program.populations[projection.source].size;
  const uint32_t targets = in_.program.populations[projection.target].size;
  const uint64_t size = block_.synapses_;
  Arena arena;
  BNSYN_RETURN_IF_ERROR(block_.ReserveByTarget(in_.program, group_, size, arena));
  auto* const rows = SynapseBlock::As<uint32_t>(block_.by_target_rows_);
  for (uint64_t place = 0; place < size; ++place) ++rows[block_.targets()[place] + size_t{1}];
  std::partial_sum(rows, rows + targets + 1, rows);
  std::vector<uint32_t> next(rows, rows + targets);
  const uint32_t slots = block_.slots();
  for (uint32_t source = 0; source < sources; ++source) {
    const uint32_t end = block_.rows()[(source + uint64_t{1}) * slots];
    for (uint32_t place = block_.rows()[uint64_t{source} * slots]; place < end; ++place) {
      const uint32_t i = next[block_.targets()[place]]++;
      SynapseBlock::As<uint32_t>(block_.by_target_places_)[i] = place;
      SynapseBlock::As<uint32_t>(block_.by_target_sources_)[i] = source;
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
