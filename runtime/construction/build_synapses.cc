#include "runtime/construction/build_synapses.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "compiler/analysis/contributions.h"
#include "ir/access.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/connectivity.h"
#include "reference/input_proof.h"
#include "reference/machine.h"
#include "runtime/construction/connect_code.h"
#include "runtime/construction/synapse_batch.h"
#include "runtime/construction/synapse_builder.h"

namespace bnsyn {
namespace {

// By projection: ir::Program::SynapseStates, in one walk over all states.
std::vector<std::vector<ir::StateId>> SynapseStatesOfAll(const ir::Program& program) {
  std::vector<std::vector<ir::StateId>> ids(program.projections.size());
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const ir::Domain& domain = program.domains[static_cast<size_t>(program.states[id].type.domain)];
    if (domain.kind == ir::DomainKind::kProjection) ids[domain.index].push_back(id);
  }
  return ids;
}

// By projection: true if static contributions may be coarse that differ from synapse to synapse.
std::vector<bool> FindMayBeCoarse(const ir::Program& program) {
  std::vector<bool> result(program.projections.size());
  const std::vector<compiler::Contribution> contributions = compiler::FindContributions(program);
  const std::vector<compiler::Range> ranges =
      compiler::FindContributionRanges(program, contributions);
  for (size_t c = 0; c < contributions.size(); ++c) {
    const compiler::Contribution& contribution = contributions[c];
    if (!contribution.is_static || contribution.value) continue;
    // From 2^23 quanta on, half a quantum is within 2^-24.
    const int scale = program.inputs[contribution.input].accumulator.scale_log2;
    const double fine = std::ldexp(0x1p23, scale);
    const bool is_fine = ranges[c].least >= fine || ranges[c].greatest <= -fine;
    if (!is_fine) result[contribution.projection] = true;
  }
  return result;
}

// The first error that the proof of the reference finds, in its order.
absl::Status ProveInputs(const ir::Program& program,
                         absl::Span<const std::vector<reference::Event>> events,
                         absl::Span<const reference::Array> states) {
  BNSYN_ASSIGN_OR_RETURN(reference::InputProof proof,
                         reference::InputProof::Create(program, events));
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Projection& projection = program.projections[id];
    BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                           reference::Connectivity::Create(program, id, states));
    BNSYN_ASSIGN_OR_RETURN(const reference::SynapseRows rows,
                           connectivity.Build(0, program.populations[projection.target].size));
    reference::OnPreTerms terms(program, program.FindSynaptic(ir::BlockKind::kOnPre, id));
    BNSYN_RETURN_IF_ERROR(reference::Prove(program, id, rows, terms, proof));
  }
  return absl::OkStatus();
}

// True if what synapses of all threads add to their sources might overflow a sum, with all else
// that arrives there.
bool SourcesMayOverflow(const ir::Program& program, const Partition& partition,
                        const SumPlaces& places, absl::Span<const SumBounds> bounds) {
  for (ir::InputId input = 0; input < program.inputs.size(); ++input) {
    if (!ir::AddsToSources(program, input)) continue;
    const reference::SumLimits limits = reference::LimitsOf(program.inputs[input].accumulator);
    for (int owner = 0; owner < partition.threads(); ++owner) {
      const Range own = RangeOf(program, partition, input, owner);
      for (uint32_t element = own.begin; element < own.end; ++element) {
        uint64_t synapses = 0;
        for (const SumBounds& of_thread : bounds) synapses += of_thread.AddingTo(input, element);
        const uint64_t place = places.Begin(input, owner) + element - own.begin;
        const reference::Quanta possible =
            bounds[static_cast<size_t>(owner)].Possible(place, program.inputs[input]);
        if (synapses > (limits.possible - possible) / limits.unknown) return true;
      }
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<Synapses> BuildSynapses(const ir::Program& program,
                                       absl::Span<const std::vector<reference::Event>> events,
                                       const Partition& partition, Layout layout,
                                       const compiler::CompileOptions& options, ThreadTeam& team,
                                       const std::function<void(double part)>& progress) {
  std::vector<reference::Array> states;
  if (!program.connect.empty()) {
    BNSYN_ASSIGN_OR_RETURN(states, reference::InitialStates(program));
  }
  const std::vector<bool> may_be_coarse = FindMayBeCoarse(program);
  std::vector<compiler::ConnectRequest> requests(program.projections.size());
  for (const SynapseGroup& group : layout.groups) {
    for (const ir::ProjectionId id : group.projections) {
      requests[id] = RequestFor(program, id, group.form, may_be_coarse[id]);
    }
  }
  BNSYN_ASSIGN_OR_RETURN(const ConnectCode code,
                         ConnectCode::Create(program, requests, states, options));
  const SumPlaces places(program, partition);
  const reference::EventBounds event_bounds = reference::BoundEvents(program, events);
  reference::CoarseTallies coarse;
  if (!events.empty()) {
    BNSYN_ASSIGN_OR_RETURN(const reference::InputProof of_events,
                           reference::InputProof::Create(program, events));
    coarse = of_events.coarse();
  }
  const std::vector<std::vector<reference::OtherAddition>> others =
      reference::OtherAdditions(program);
  const std::vector<std::vector<ir::StateId>> synapse_states = SynapseStatesOfAll(program);
  Construction construction = {program,        partition,          places, code,
                               events,         event_bounds,       states, others,
                               synapse_states, program.Delivers(), {}};
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
  std::vector<reference::CoarseTallies> tallies(threads);
  std::vector<SumBounds> bounds;
  for (int thread = 0; thread < partition.threads(); ++thread) {
    bounds.emplace_back(construction, thread);
  }
  const auto build = [&](int thread) -> absl::Status {
    uint64_t before = 0;
    for (size_t group = 0; group < groups.size(); ++group) {
      SynapseBuilder builder(construction, groups[group], thread, before,
                             bounds[static_cast<size_t>(thread)],
                             tallies[static_cast<size_t>(thread)]);
      SynapseBlock& block = blocks[group * threads + static_cast<size_t>(thread)];
      BNSYN_ASSIGN_OR_RETURN(block, builder.Build());
      before += block.synapses();
    }
    return absl::OkStatus();
  };
  // An exception would leave other threads waiting, or end the process.
  const auto job = [&](int thread) {
    status[static_cast<size_t>(thread)] = ir::WithinMemory([&] { return build(thread); });
  };
  team.Run(job);
  for (const reference::CoarseTallies& of_thread : tallies) reference::Add(of_thread, coarse);
  const bool overflow = SourcesMayOverflow(program, partition, places, bounds) ||
                        std::any_of(bounds.begin(), bounds.end(), [](const SumBounds& of_thread) {
                          return of_thread.has_failed;
                        });
  if (overflow) BNSYN_RETURN_IF_ERROR(ProveInputs(program, events, states));
  for (const absl::Status& s : status) BNSYN_RETURN_IF_ERROR(s);
  Synapses synapses(std::move(layout), partition.threads(), std::move(blocks), std::move(coarse));
  if (progress) progress(1);
  return synapses;
}

}  // namespace bnsyn
