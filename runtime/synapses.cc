#include "runtime/synapses.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/contribution.h"
#include "reference/input_proof.h"
#include "reference/machine.h"

namespace bnsyn {

double SynapsesWithMargin(double expected) { return expected + 6 * std::sqrt(expected) + 64; }

size_t SynapseBytes(const ir::Program& program, ir::ProjectionId projection) {
  return sizeof(uint32_t) + (program.HasOwnWeights(projection) ? sizeof(double) : 0);
}

absl::StatusOr<SynapseBlock> SynapseBlock::Create(const reference::DelayGroup& group) {
  SynapseBlock block;
  block.delay_ = group.delay;
  block.synapses_ = group.rows.size();
  const auto copy = [](const auto& from, PageBuffer& to) -> absl::Status {
    const size_t bytes = from.size() * sizeof(from[0]);
    if (bytes == 0) return absl::OkStatus();
    BNSYN_ASSIGN_OR_RETURN(to, PageBuffer::Create(bytes));
    std::memcpy(to.data(), from.data(), bytes);
    return absl::OkStatus();
  };
  BNSYN_RETURN_IF_ERROR(copy(group.rows.begin, block.rows_));
  BNSYN_RETURN_IF_ERROR(copy(group.rows.targets, block.targets_));
  BNSYN_RETURN_IF_ERROR(copy(group.rows.weights, block.weights_));
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
    // Lists, and rules that allow it, may join a pair many times over.
    if (projection.rule.kind == ir::RuleKind::kList || projection.rule.multiple) return false;
    if (program.HasOwnWeights(p)) return false;
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
  std::vector<reference::Array> states;
  if (!program.connect.empty()) {
    BNSYN_ASSIGN_OR_RETURN(states, reference::InitialStates(program));
  }
  std::vector<reference::Connectivity> connectivity;
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    BNSYN_ASSIGN_OR_RETURN(reference::Connectivity rows,
                           reference::Connectivity::Create(program, p, states));
    connectivity.push_back(std::move(rows));
  }

  Synapses synapses;
  synapses.threads_ = static_cast<size_t>(partition.threads());
  synapses.blocks_.resize(program.projections.size() * synapses.threads_);
  std::vector<absl::Status> status(synapses.threads_);
  const bool obvious = ObviouslyInRange(program);
  const auto build = [&](int thread) -> absl::Status {
    reference::InputProof proof(program);
    for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
      const ir::Projection& projection = program.projections[p];
      const Range own = partition.range(projection.target, thread);
      if (own.empty()) continue;
      BNSYN_ASSIGN_OR_RETURN(reference::SynapseRows rows,
                             connectivity[p].Build(own.begin, own.end));
      reference::Contributions contributions(program, reference::FindOnPre(program, p));
      for (size_t i = 0; i < rows.size() && !obvious; ++i) {
        const double weight = rows.weights.empty() ? projection.weight : rows.weights[i];
        BNSYN_RETURN_IF_ERROR(proof.Add(p, rows.targets[i], weight, contributions));
      }
      for (const reference::DelayGroup& group :
           reference::SplitByDelay(std::move(rows), projection.delay)) {
        BNSYN_ASSIGN_OR_RETURN(SynapseBlock block, SynapseBlock::Create(group));
        synapses.blocks_[p * synapses.threads_ + static_cast<size_t>(thread)].push_back(
            std::move(block));
      }
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
  for (const std::vector<SynapseBlock>& blocks : blocks_) {
    for (const SynapseBlock& block : blocks) sum += block.synapses();
  }
  return sum;
}

size_t Synapses::bytes() const {
  size_t sum = 0;
  for (const std::vector<SynapseBlock>& blocks : blocks_) {
    for (const SynapseBlock& block : blocks) sum += block.bytes();
  }
  return sum;
}

}  // namespace bnsyn
