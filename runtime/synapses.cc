#include "runtime/synapses.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ir/status_macros.h"
#include "reference/machine.h"
#include "runtime/connect_code.h"
#include "runtime/synapse_builder.h"
#include "runtime/synapse_window.h"

namespace bnsyn {

absl::StatusOr<Synapses> Synapses::Build(const ir::Program& program, const Partition& partition,
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

  Synapses synapses;
  synapses.threads_ = static_cast<size_t>(partition.threads());
  synapses.layout_ = std::move(layout);
  const std::vector<SynapseGroup>& groups = synapses.layout_.groups;
  synapses.blocks_.resize(groups.size() * synapses.threads_);
  std::vector<absl::Status> status(synapses.threads_);
  const auto build = [&](int thread) -> absl::Status {
    SumBounds bounds(program, places.Size(thread));
    uint64_t before = 0;
    for (size_t group = 0; group < groups.size(); ++group) {
      SynapseBuilder builder(construction, groups[group], thread, before, bounds);
      SynapseBlock& block =
          synapses.blocks_[group * synapses.threads_ + static_cast<size_t>(thread)];
      BNSYN_ASSIGN_OR_RETURN(block, builder.Build());
      before += block.synapses();
    }
    return absl::OkStatus();
  };
  const auto job = [&](int thread) { status[static_cast<size_t>(thread)] = build(thread); };
  team.Run(job);
  for (const absl::Status& s : status) BNSYN_RETURN_IF_ERROR(s);
  synapses.Number(program);
  if (progress) progress(1);
  return synapses;
}

size_t Synapses::GroupOf(ir::ProjectionId projection) const {
  for (size_t group = 0; group < layout_.groups.size(); ++group) {
    const std::vector<ir::ProjectionId>& all = layout_.groups[group].projections;
    if (std::find(all.begin(), all.end(), projection) != all.end()) return group;
  }
  return layout_.groups.size();
}

void Synapses::Number(const ir::Program& program) {
  for (size_t group = 0; group < layout_.groups.size(); ++group) {
    const SynapseGroup& g = layout_.groups[group];
    if (g.form != SynapseForm::kFull || program.SynapseStates(g.projections[0]).empty()) continue;
    // How many of a thread come before the row in hand: its own numbers go on from there.
    std::vector<uint64_t> before(threads_);
    uint64_t all_before = 0;
    const uint32_t sources = program.populations[g.source].size;
    for (uint64_t source = 0; source < sources; ++source) {
      for (size_t t = 0; t < threads_; ++t) {
        const SynapseBlock& block = this->block(group, static_cast<int>(t));
        const uint32_t begin = block.rows()[source * block.slots()];
        const uint32_t end = block.rows()[(source + 1) * block.slots()];
        for (uint64_t i = begin; i < end; ++i) block.numbers()[i] += all_before - before[t];
        before[t] += end - begin;
        all_before += end - begin;
      }
    }
  }
}

namespace {

// The projection of a state of synapses, and which of its states it is.
std::pair<ir::ProjectionId, size_t> PlaceOf(const ir::Program& program, ir::StateId state) {
  const ir::DomainId domain = program.states[state].type.domain;
  const ir::ProjectionId projection = program.domains[static_cast<size_t>(domain)].index;
  const std::vector<ir::StateId> states = program.SynapseStates(projection);
  const auto found = std::find(states.begin(), states.end(), state);
  return {projection, static_cast<size_t>(found - states.begin())};
}

}  // namespace

reference::Array Synapses::State(const ir::Program& program, ir::StateId state) const {
  const auto [projection, index] = PlaceOf(program, state);
  const size_t group = GroupOf(projection);
  const ir::Element element = program.states[state].type.element;
  uint64_t count = 0;
  for (size_t t = 0; t < threads_; ++t) count += block(group, static_cast<int>(t)).synapses();
  reference::Array values(element, count);
  for (size_t t = 0; t < threads_; ++t) {
    const SynapseBlock& block = this->block(group, static_cast<int>(t));
    if (block.synapses() == 0) continue;
    const reference::ArrayView own = {element, block.state(index), block.synapses()};
    for (uint64_t i = 0; i < own.size; ++i) values.set_bits(block.numbers()[i], own.bits(i));
  }
  return values;
}

void Synapses::SetState(const ir::Program& program, ir::StateId state, uint64_t synapse,
                        ir::Bits bits) {
  const auto [projection, index] = PlaceOf(program, state);
  const auto bytes = static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  const size_t group = GroupOf(projection);
  for (size_t t = 0; t < threads_; ++t) {
    const SynapseBlock& block = this->block(group, static_cast<int>(t));
    const uint64_t* const end = block.numbers() + block.synapses();
    const uint64_t* const found = std::find(block.numbers(), const_cast<uint64_t*>(end), synapse);
    if (found == end) continue;
    const auto place = static_cast<size_t>(found - block.numbers());
    std::memcpy(static_cast<char*>(block.state(index)) + place * bytes, &bits, bytes);
    return;
  }
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
