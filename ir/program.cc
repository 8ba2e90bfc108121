#include "ir/program.h"

#include <algorithm>
#include <utility>

namespace bnsyn::ir {
namespace {

template <typename Symbol>
std::optional<uint32_t> Find(const std::vector<Symbol>& symbols, absl::string_view name) {
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i].name == name) return static_cast<uint32_t>(i);
  }
  return std::nullopt;
}

// The first block of a projection; they stand in the order of their projections.
std::vector<Block>::const_iterator FirstOf(const std::vector<Block>& blocks, DomainId projection) {
  return std::lower_bound(
      blocks.begin(), blocks.end(), projection,
      [](const Block& block, DomainId wanted) { return block.domain < wanted; });
}

// The block of a projection in a list with at most one for each, or null.
const Block* OnlyOf(const std::vector<Block>& blocks, DomainId projection) {
  const auto found = FirstOf(blocks, projection);
  return found != blocks.end() && found->domain == projection ? &*found : nullptr;
}

bool Holds(const Block* block, Op op) {
  return block != nullptr && std::any_of(block->nodes.begin(), block->nodes.end(),
                                         [op](const Node& node) { return node.op == op; });
}

}  // namespace

absl::string_view BlockKindName(BlockKind kind) {
  switch (kind) {
    case BlockKind::kInit:
      return "init";
    case BlockKind::kConnect:
      return "connect";
    case BlockKind::kOnPre:
      return "on_pre";
    case BlockKind::kOnStep:
      return "on_step";
    case BlockKind::kOnPost:
      return "on_post";
    case BlockKind::kLoop:
      return "loop";
    case BlockKind::kClock:
      return "clock";
    case BlockKind::kNow:
      return "now";
    case BlockKind::kStep:
      return "step";
    case BlockKind::kKernel:
      return "kernel";
  }
  return "?";
}

PopulationId Program::AddPopulation(std::string population_name, uint32_t size) {
  const auto id = static_cast<PopulationId>(populations.size());
  const auto domain = static_cast<DomainId>(domains.size());
  domains.push_back({DomainKind::kPopulation, id});
  populations.push_back({std::move(population_name), domain, size});
  return id;
}

PopulationId Program::AddEventPopulation(std::string population_name, DomainId domain) {
  const auto id = static_cast<PopulationId>(populations.size());
  populations.push_back({std::move(population_name), domain, Size(domain)});
  return id;
}

bool Program::HasNeurons(PopulationId population) const {
  return domains[static_cast<size_t>(populations[population].domain)].index == population;
}

uint64_t Program::Neurons() const {
  uint64_t neurons = 0;
  for (PopulationId p = 0; p < populations.size(); ++p) {
    if (HasNeurons(p)) neurons += populations[p].size;
  }
  return neurons;
}

ProjectionId Program::AddProjection(Projection projection) {
  const auto id = static_cast<ProjectionId>(projections.size());
  projection.domain = static_cast<DomainId>(domains.size());
  domains.push_back({DomainKind::kProjection, id});
  projections.push_back(std::move(projection));
  return id;
}

uint32_t Program::Size(DomainId domain) const {
  const Domain& d = domains[static_cast<size_t>(domain)];
  switch (d.kind) {
    case DomainKind::kNetwork:
      return 1;
    case DomainKind::kPopulation:
      return populations[d.index].size;
    case DomainKind::kProjection:
      return 0;
  }
  return 0;
}

size_t Program::Values(StateId state) const {
  const State& declared = states[state];
  const size_t elements = Size(declared.type.domain);
  return declared.history == 0 ? elements : elements * declared.places();
}

absl::string_view Program::DomainName(DomainId domain) const {
  const Domain& d = domains[static_cast<size_t>(domain)];
  switch (d.kind) {
    case DomainKind::kNetwork:
      return "network";
    case DomainKind::kPopulation:
      return populations[d.index].name;
    case DomainKind::kProjection:
      return projections[d.index].name;
  }
  return "?";
}

std::optional<TableId> Program::FindTable(absl::string_view table_name) const {
  return Find(tables, table_name);
}

std::optional<StateId> Program::FindState(absl::string_view state_name) const {
  return Find(states, state_name);
}

std::optional<ParamId> Program::FindParam(absl::string_view param_name) const {
  return Find(params, param_name);
}

std::optional<InputId> Program::FindInputHeldBy(StateId state) const {
  for (InputId id = 0; id < inputs.size(); ++id) {
    const Accumulator& accumulator = inputs[id].accumulator;
    if (accumulator.decays() && accumulator.state == state) return id;
  }
  return std::nullopt;
}

std::optional<InputId> Program::FindInput(absl::string_view input_name) const {
  return Find(inputs, input_name);
}

std::optional<ReductionId> Program::FindReduction(absl::string_view reduction_name) const {
  return Find(reductions, reduction_name);
}

std::optional<LoopId> Program::FindLoop(absl::string_view loop_name) const {
  return Find(loops, loop_name);
}

std::optional<PopulationId> Program::FindPopulation(absl::string_view population_name) const {
  return Find(populations, population_name);
}

const Group* Program::FindGroup(absl::string_view group_name) const {
  const auto found = std::find_if(groups.begin(), groups.end(),
                                  [&](const Group& group) { return group.name == group_name; });
  return found == groups.end() ? nullptr : &*found;
}

std::optional<ProjectionId> Program::FindProjection(absl::string_view projection_name) const {
  return Find(projections, projection_name);
}

const Block* Program::FindConnect(ProjectionId projection) const {
  return OnlyOf(connect, projections[projection].domain);
}

const Block* Program::FindNow(ProjectionId projection) const {
  return OnlyOf(now, projections[projection].domain);
}

const Block* Program::FindSynaptic(BlockKind kind, ProjectionId projection) const {
  const DomainId domain = projections[projection].domain;
  const Block* found = nullptr;
  for (auto block = FirstOf(synaptic, domain); block != synaptic.end(); ++block) {
    if (block->domain != domain) break;
    if (block->kind != kind || block->sums.has_value()) continue;
    if (!block->HasClock()) return &*block;
    if (found == nullptr) found = &*block;
  }
  return found;
}

std::vector<const Block*> Program::SynapticOf(BlockKind kind, ProjectionId projection) const {
  const DomainId domain = projections[projection].domain;
  std::vector<const Block*> blocks;
  for (auto block = FirstOf(synaptic, domain); block != synaptic.end(); ++block) {
    if (block->domain != domain) break;
    if (block->kind == kind && !block->sums.has_value()) blocks.push_back(&*block);
  }
  return blocks;
}

const Block* Program::FindSums(InputId input) const {
  const auto found = std::find_if(synaptic.begin(), synaptic.end(),
                                  [input](const Block& block) { return block.sums == input; });
  return found == synaptic.end() ? nullptr : &*found;
}

std::optional<StateId> Program::FindRepeats(PopulationId population) const {
  // Few have one, and a search for each of many populations would take long.
  if (!populations[population].repeats) return std::nullopt;
  for (StateId id = 0; id < states.size(); ++id) {
    if (states[id].repeats == population) return id;
  }
  return std::nullopt;
}

uint32_t Program::MostRepeats(PopulationId population) const {
  const std::optional<StateId> state = FindRepeats(population);
  return state ? static_cast<uint32_t>(states[*state].upper) : 1;
}

uint32_t Program::MostRuns(const Block& block, bool delivers) const {
  if (block.kind == BlockKind::kOnStep) return 1;
  // Where the step delivers, injected spikes arrive beside those that are found.
  return MostRepeats(SpikesOf(block)) * (delivers ? 2 : 1);
}

absl::Span<const Block> Program::SynapticOf(ProjectionId projection) const {
  const DomainId domain = projections[projection].domain;
  const auto first = FirstOf(synaptic, domain);
  auto last = first;
  while (last != synaptic.end() && last->domain == domain) ++last;
  return absl::MakeConstSpan(synaptic).subspan(static_cast<size_t>(first - synaptic.begin()),
                                               static_cast<size_t>(last - first));
}

PopulationId Program::SpikesOf(const Block& block) const {
  if (block.spikes.has_value()) return *block.spikes;
  const Projection& projection = projections[ProjectionOf(block)];
  return block.kind == BlockKind::kOnPost ? projection.target : projection.source;
}

uint32_t Program::DelayOf(const Block& block) const {
  if (block.delay.has_value()) return *block.delay;
  return block.kind == BlockKind::kOnPost ? 1 : projections[ProjectionOf(block)].delay;
}

bool Program::Delivers() const {
  return std::any_of(step.begin(), step.end(),
                     [](const Block& block) { return Holds(&block, Op::kDeliver); });
}

bool Program::IsVariable(StateId state) const {
  const std::string& name = states[state].name;
  return !states[state].temporary && states[state].history == 0 &&
         std::count(name.begin(), name.end(), '.') < 2;
}

bool Program::RunsSynapses(const Block& block) const {
  return block.kind == BlockKind::kKernel &&
         (domains[static_cast<size_t>(block.domain)].kind == DomainKind::kProjection ||
          Holds(&block, Op::kDeliver));
}

std::vector<StateId> Program::SynapseStates(ProjectionId projection) const {
  std::vector<StateId> ids;
  for (StateId id = 0; id < states.size(); ++id) {
    if (states[id].type.domain == projections[projection].domain) ids.push_back(id);
  }
  return ids;
}

bool Program::ExcludesSelf(ProjectionId id) const {
  const Projection& projection = projections[id];
  return !projection.rule.self &&
         populations[projection.source].domain == populations[projection.target].domain;
}

SelectedNeurons Program::SourcesOf(ProjectionId id) const {
  return SelectedNeurons(projections[id].sources, populations[projections[id].source].size);
}

SelectedNeurons Program::TargetsOf(ProjectionId id) const {
  return SelectedNeurons(projections[id].targets, populations[projections[id].target].size);
}

bool Program::SetsPairs(ProjectionId projection) const {
  return Holds(FindConnect(projection), Op::kSetProbability);
}

RuleSizes Program::SizesOf(ProjectionId id) const {
  const Projection& projection = projections[id];
  const SelectedNeurons sources = SourcesOf(id);
  const SelectedNeurons targets = TargetsOf(id);
  const uint32_t left_out = ExcludesSelf(id) ? CountCommon(sources, targets) : 0;
  return {.sources = static_cast<double>(sources.size()),
          .targets = static_cast<double>(targets.size()),
          .pairs = static_cast<double>(sources.size()) * targets.size() - left_out,
          .left_out = static_cast<double>(left_out),
          .rows = TraitsOf(projection.rule.kind).takes_table
                      ? static_cast<double>(tables[*projection.rule.table].rows())
                      : 0,
          .by_pair = FindConnect(id) != nullptr};
}

bool Program::HasOwnWeights(ProjectionId projection) const {
  return projections[projection].weight_column.has_value() ||
         Holds(FindConnect(projection), Op::kSetWeight);
}

uint32_t Program::MaxDelay() const {
  uint32_t longest = 1;
  for (const Projection& projection : projections) {
    longest = std::max({longest, projection.delay, projection.max_delay});
  }
  for (const Block& block : synaptic) {
    if (block.kind != BlockKind::kOnStep) longest = std::max(longest, DelayOf(block));
  }
  return longest;
}

}  // namespace bnsyn::ir
