#include "runtime/construction/build_synapses.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ir/status_macros.h"
#include "reference/machine.h"
#include "runtime/construction/connect_code.h"
#include "runtime/construction/synapse_batch.h"
#include "runtime/construction/synapse_builder.h"

namespace bnsyn {
namespace {

// Turns the numbers that each thread gave its own synapses into numbers within the projection.
void NumberSynapses(const ir::Program& program, const Synapses& synapses, size_t threads) {
  for (size_t group = 0; group < synapses.layout().groups.size(); ++group) {
    const SynapseGroup& g = synapses.layout().groups[group];
    if (g.form != SynapseForm::kCode || program.SynapseStates(g.projections[0]).empty()) continue;
    // Synapses of each thread in the rows before this one.
    std::vector<uint64_t> before(threads);
    uint64_t all_before = 0;
    const uint32_t sources = program.populations[g.source].size;
    for (uint64_t source = 0; source < sources; ++source) {
      for (size_t t = 0; t < threads; ++t) {
        const SynapseBlock& block = synapses.block(group, static_cast<int>(t));
        const uint32_t begin = block.rows()[source * block.slots()];
        const uint32_t end = block.rows()[(source + 1) * block.slots()];
        for (uint64_t i = begin; i < end; ++i) block.numbers()[i] += all_before - before[t];
        before[t] += end - begin;
        all_before += end - begin;
      }
    }
  }
}

}  // namespace

absl::StatusOr<Synapses> BuildSynapses(const ir::Program& program, const Partition& partition,
                                       Layout layout, const compiler::CompileOptions& options,
                                       ThreadTeam& team,
                                       const std::function<void(double part)>& progress) {
  std::vector<reference::Array> states;
  if (!program.connect.empty()) {
    BNSYN_ASSIGN_OR_RETURN(states, reference::InitialStates(program));
  }
  std::vector<compiler::ConnectRequest> requests(program.projections.size());
  for (const SynapseGroup& group : layout.groups) {
    for (const ir::ProjectionId id : group.projections) {
      requests[id] = RequestFor(program, id, group.form);
    }
  }
  BNSYN_ASSIGN_OR_RETURN(const ConnectCode code,
                         ConnectCode::Create(program, requests, states, options));
  const SumPlaces places(program, partition);
  Construction construction = {program, partition, places, code, states, {}};
  if (progress) {
    double expected = 1;
    for (const SynapseGroup& group : layout.groups) expected += group.expected;
    // Threads have about the same part of them.
    expected /= partition.threads();
    construction.progress = [&progress, expected](uint64_t synapses) {
      progress(std::min(1.0, static_cast<double>(synapses) / expected));
    };
  }

  const auto threads = static_cast<size_t>(partition.threads());
  const std::vector<SynapseGroup>& groups = layout.groups;
  std::vector<SynapseBlock> blocks(groups.size() * threads);
  std::vector<absl::Status> status(threads);
  const auto build = [&](int thread) -> absl::Status {
    SumBounds bounds(program, places.Size(thread));
    uint64_t before = 0;
    for (size_t group = 0; group < groups.size(); ++group) {
      SynapseBuilder builder(construction, groups[group], thread, before, bounds);
      SynapseBlock& block = blocks[group * threads + static_cast<size_t>(thread)];
      BNSYN_ASSIGN_OR_RETURN(block, builder.Build());
      before += block.synapses();
    }
    return absl::OkStatus();
  };
  const auto job = [&](int thread) { status[static_cast<size_t>(thread)] = build(thread); };
  team.Run(job);
  for (const absl::Status& s : status) BNSYN_RETURN_IF_ERROR(s);
  Synapses synapses(std::move(layout), partition.threads(), std::move(blocks));
  NumberSynapses(program, synapses, threads);
  if (progress) progress(1);
  return synapses;
}

}  // namespace bnsyn
