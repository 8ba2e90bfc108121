#include "runtime/delivery/synapse_block.h"

#include <cstring>
#include <numeric>

#include "compiler/analysis/deferral.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

constexpr absl::string_view kPart = "synapses";

absl::Status Allocate(size_t bytes, Arena& arena, PageBuffer& buffer) {
  BNSYN_ASSIGN_OR_RETURN(buffer, arena.Allocate(kPart, bytes));
  return absl::OkStatus();
}

}  // namespace

SynapseBlock::SynapseBlock(const ir::Program& program, const SynapseGroup& group,
                           const TargetSums& sums)
    : form_(group.form),
      target_bits_(group.target_bits),
      block_bits_(group.block_bits),
      sources_(program.populations[group.source].size),
      delays_(group.delays()),
      blocks_(sums.blocks),
      first_sum_(sums.begin) {
  std::iota(delays_.begin(), delays_.end(), group.min_delay);
  if (group.form == SynapseForm::kCode) {
    states_.resize(program.SynapseStates(group.projections[0]).size());
  } else {
    entry_bytes_ = static_cast<size_t>(SynapseBytes(program, group));
  }
}

std::vector<SynapseBlock::Column> SynapseBlock::Columns(const ir::Program& program,
                                                        const SynapseGroup& group) {
  if (form_ != SynapseForm::kCode) return {{&entries_, entry_bytes_}};
  const ir::ProjectionId id = group.projections[0];
  std::vector<Column> columns = {{&targets_, sizeof(uint32_t)}};
  if (program.HasOwnWeights(id)) columns.push_back({&weights_, sizeof(double)});
  if (KeepsOccurrences(program, id)) columns.push_back({&occurrences_, sizeof(uint32_t)});
  const std::vector<ir::StateId> states = program.SynapseStates(id);
  for (size_t s = 0; s < states.size(); ++s) {
    const ir::Element element = program.states[states[s]].type.element;
    columns.push_back({&states_[s], static_cast<size_t>(ir::ElementBytes(element))});
  }
  return columns;
}

absl::Status SynapseBlock::Reserve(const ir::Program& program, const SynapseGroup& group,
                                   uint64_t most, Arena& arena) {
  BNSYN_RETURN_IF_ERROR(Allocate(RowCount(program, group) * sizeof(uint32_t), arena, rows_));
  for (const Column& column : Columns(program, group)) {
    BNSYN_RETURN_IF_ERROR(Allocate(most * column.bytes, arena, *column.array));
  }
  return absl::OkStatus();
}

absl::Status SynapseBlock::ReserveByTarget(const ir::Program& program, const SynapseGroup& group,
                                           uint64_t synapses, Arena& arena) {
  const ir::ProjectionId id = group.projections[0];
  if (form_ != SynapseForm::kCode || !compiler::NeedsRowsByTarget(program, id)) {
    return absl::OkStatus();
  }
  const uint64_t targets = program.populations[program.projections[id].target].size;
  BNSYN_RETURN_IF_ERROR(Allocate((targets + 1) * sizeof(uint32_t), arena, by_target_rows_));
  BNSYN_RETURN_IF_ERROR(Allocate(synapses * sizeof(uint32_t), arena, by_target_places_));
  return Allocate(synapses * sizeof(uint32_t), arena, by_target_sources_);
}

absl::Status SynapseBlock::ReserveSaved(const ir::Program& program, const SynapseGroup& group,
                                        uint64_t synapses, Arena& arena) {
  if (form_ != SynapseForm::kCode) return absl::OkStatus();
  const std::vector<ir::StateId> states = program.SynapseStates(group.projections[0]);
  for (const ir::StateId state : states) {
    const auto bytes = static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
    BNSYN_RETURN_IF_ERROR(Allocate(synapses * bytes, arena, saved_.emplace_back()));
  }
  return absl::OkStatus();
}

void SynapseBlock::Save() const {
  for (size_t i = 0; i < saved_.size(); ++i) {
    if (saved_[i].size() == 0) continue;
    std::memcpy(saved_[i].data(), states_[i].data(), saved_[i].size());
  }
}

void SynapseBlock::Restore() const {
  for (size_t i = 0; i < saved_.size(); ++i) {
    if (saved_[i].size() == 0) continue;
    std::memcpy(states_[i].data(), saved_[i].data(), saved_[i].size());
  }
}

size_t SynapseBlock::SavedBytes() const {
  size_t sum = 0;
  for (const PageBuffer& saved : saved_) sum += saved.size();
  return sum;
}

size_t SynapseBlock::bytes() const {
  size_t sum = rows_.size() + entries_.size() + targets_.size() + weights_.size() +
               occurrences_.size() + by_target_rows_.size() + by_target_places_.size() +
               by_target_sources_.size();
  for (const PageBuffer& state : states_) sum += state.size();
  return sum + SavedBytes();
}

}  // namespace bnsyn
