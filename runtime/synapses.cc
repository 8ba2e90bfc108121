#include "runtime/synapses.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/contribution.h"
#include "reference/input_proof.h"

namespace bnsyn {

double SynapsesWithMargin(double expected) { return expected + 6 * std::sqrt(expected) + 64; }

size_t SynapseBytes(const ir::Projection& projection) {
  return sizeof(uint32_t) + (projection.weight_column ? sizeof(double) : 0);
}

absl::StatusOr<SynapseBlock> SynapseBlock::Build(const ir::Program& program,
                                                 const ir::Projection& projection,
                                                 const reference::Connectivity& connectivity,
                                                 Range targets, double expected,
                                                 const Visitor& visit) {
  SynapseBlock block;
  const bool weighted = projection.weight_column.has_value();
  const uint32_t sources = program.populations[projection.source].size;
  BNSYN_ASSIGN_OR_RETURN(block.rows_, PageBuffer::Create((size_t{sources} + 1) * sizeof(uint64_t)));
  auto* const row_begin = reinterpret_cast<uint64_t*>(block.rows_.data());
  if (targets.empty()) return block;

  size_t room = 0;
  const auto make_room = [&](size_t synapses) -> absl::Status {
    BNSYN_RETURN_IF_ERROR(
        block.targets_.Grow(synapses * sizeof(uint32_t), block.synapses_ * sizeof(uint32_t)));
    if (weighted) {
      BNSYN_RETURN_IF_ERROR(
          block.weights_.Grow(synapses * sizeof(double), block.synapses_ * sizeof(double)));
    }
    room = synapses;
    return absl::OkStatus();
  };
  BNSYN_RETURN_IF_ERROR(make_room(static_cast<size_t>(SynapsesWithMargin(expected))));

  std::vector<reference::Synapse> row;
  for (uint32_t source = 0; source < sources; ++source) {
    row.clear();
    connectivity.Row(source, targets.begin, targets.end, row);
    if (visit) {
      for (const reference::Synapse& synapse : row) BNSYN_RETURN_IF_ERROR(visit(synapse));
    }
    const size_t needed = block.synapses_ + row.size();
    if (needed > room) BNSYN_RETURN_IF_ERROR(make_room(std::max(needed, room + room / 4)));
    auto* const to = reinterpret_cast<uint32_t*>(block.targets_.data()) + block.synapses_;
    for (size_t i = 0; i < row.size(); ++i) to[i] = row[i].target;
    if (weighted) {
      auto* const weights = reinterpret_cast<double*>(block.weights_.data()) + block.synapses_;
      for (size_t i = 0; i < row.size(); ++i) weights[i] = row[i].weight;
    }
    block.synapses_ = needed;
    row_begin[source + 1] = needed;
  }
  block.targets_.Trim(block.synapses_ * sizeof(uint32_t));
  block.weights_.Trim(weighted ? block.synapses_ * sizeof(double) : 0);
  return block;
}

namespace {

// True when inputs could not overflow even if every source reached every target, once: then no
// synapse needs to be looked at.
bool ObviouslyInRange(const ir::Program& program) {
  std::vector<double> sums(program.inputs.size());
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    const ir::Projection& projection = program.projections[p];
    reference::Contributions contributions(program, reference::FindOnPre(program, p));
    if (contributions.size() == 0) continue;
    // Lists may join a pair many times over.
    if (projection.rule.kind == ir::RuleKind::kList) return false;
    for (size_t term = 0; term < contributions.size(); ++term) {
      const std::optional<int64_t> quanta = contributions.Quanta(term, projection.weight);
      if (!quanta || std::abs(*quanta) > reference::kMaxContribution) return false;
      sums[contributions.input(term)] +=
          static_cast<double>(std::abs(*quanta)) * program.populations[projection.source].size;
    }
  }
  // Half the limit leaves room for the rounding of these sums.
  return std::all_of(sums.begin(), sums.end(), [](double sum) {
    return sum <= 0.5 * static_cast<double>(reference::kMaxSum);
  });
}

}  // namespace

absl::StatusOr<Synapses> Synapses::Build(const ir::Program& program, const Partition& partition,
                                         ThreadTeam& team) {
  std::vector<reference::Connectivity> connectivity;
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    BNSYN_ASSIGN_OR_RETURN(reference::Connectivity rows,
                           reference::Connectivity::Create(program, p));
    connectivity.push_back(std::move(rows));
  }

  Synapses synapses;
  synapses.threads_ = static_cast<size_t>(partition.threads());
  synapses.blocks_.resize(program.projections.size() * synapses.threads_);
  std::vector<absl::Status> status(synapses.threads_);
  const bool obvious = ObviouslyInRange(program);
  const auto build = [&](int thread) -> absl::Status {
    std::optional<reference::InputProof> proof;
    if (!obvious) proof.emplace(program);
    for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
      const ir::Projection& projection = program.projections[p];
      const Range own = partition.range(projection.target, thread);
      const double share = static_cast<double>(own.size()) /
                           static_cast<double>(program.populations[projection.target].size);
      reference::Contributions contributions(program, reference::FindOnPre(program, p));
      SynapseBlock::Visitor visit;
      if (proof) {
        visit = [&](const reference::Synapse& synapse) {
          return proof->Add(p, synapse.target, synapse.weight, contributions);
        };
      }
      BNSYN_ASSIGN_OR_RETURN(
          synapses.blocks_[p * synapses.threads_ + static_cast<size_t>(thread)],
          SynapseBlock::Build(program, projection, connectivity[p], own,
                              connectivity[p].ExpectedSynapses() * share, visit));
    }
    return absl::OkStatus();
  };
  const auto job = [&](int thread) { status[static_cast<size_t>(thread)] = build(thread); };
  team.Run(job);
  for (const absl::Status& s : status) BNSYN_RETURN_IF_ERROR(s);
  return synapses;
}

uint64_t Synapses::synapses() const {
  uint64_t sum = 0;
  for (const SynapseBlock& block : blocks_) sum += block.synapses();
  return sum;
}

size_t Synapses::bytes() const {
  size_t sum = 0;
  for (const SynapseBlock& block : blocks_) sum += block.bytes();
  return sum;
}

}  // namespace bnsyn
