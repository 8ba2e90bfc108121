#include "runtime/variables.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "reference/block_runner.h"
#include "reference/connectivity.h"

namespace bnsyn {
namespace {

bool Holds(const std::vector<ir::StateId>& states, ir::StateId state) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

// The states that a now block stores, of synapses (kStore) or of their sources (kStorePre).
std::vector<ir::StateId> StoredBy(const ir::Block& block, ir::Op store) {
  std::vector<ir::StateId> states;
  for (const ir::Node& node : block.nodes) {
    if (node.op == store) states.push_back(static_cast<ir::StateId>(node.attr));
  }
  return states;
}

// True if a block reads more of a synapse than its states.
bool ReadsEnds(const ir::Block& block) {
  return std::any_of(block.nodes.begin(), block.nodes.end(), [](const ir::Node& node) {
    return node.op == ir::Op::kLoadPre || node.op == ir::Op::kLoadPost ||
           node.op == ir::Op::kIndexPre || node.op == ir::Op::kIndexPost ||
           node.op == ir::Op::kWeight;
  });
}

// The states that the now block of a projection stores of its sources; none without a block.
std::vector<ir::StateId> StoredOfSources(const ir::Program& program, ir::ProjectionId projection) {
  const ir::Block* const now = program.FindNow(projection);
  if (now == nullptr) return {};
  return StoredBy(*now, ir::Op::kStorePre);
}

absl::Status NoElement(const std::string& name, uint64_t size, uint64_t element) {
  return absl::InvalidArgumentError(absl::StrCat(
      name, " has ", size, size == 1 ? " element" : " elements", ", so none of number ", element));
}

}  // namespace

absl::StatusOr<reference::SynapseTable> DrawSynapses(const ir::Program& program,
                                                     ir::ProjectionId projection) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Array> states,
                         reference::InitialStates(program));
  BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                         reference::Connectivity::Create(program, projection, states));
  const uint32_t targets = program.populations[program.projections[projection].target].size;
  BNSYN_ASSIGN_OR_RETURN(reference::SynapseRows rows, connectivity.Build(0, targets));
  return reference::SynapseTable(program, projection, std::move(rows));
}

absl::Status Variables::NotFound(absl::string_view where, absl::string_view name,
                                 const std::vector<std::string>& known) const {
  if (program_.FindInput(name).has_value()) {
    return absl::NotFoundError(
        absl::StrCat("'", name, "' is an (input): it is empty between steps. Add it to a variable ",
                     "in the model's equations, and ask for that"));
  }
  return absl::NotFoundError(
      absl::StrCat(where, " is named '", name, "'", ir::DidYouMean(name, known)));
}

absl::StatusOr<ir::StateId> Variables::Find(absl::string_view name) const {
  std::vector<std::string> known;
  for (ir::StateId id = 0; id < program_.states.size(); ++id) {
    if (!program_.IsVariable(id)) continue;
    if (program_.states[id].name == name) return id;
    known.push_back(program_.states[id].name);
  }
  return NotFound("no state", name, known);
}

absl::StatusOr<ir::StateId> Variables::FindOf(ir::PopulationId population,
                                              absl::string_view name) const {
  const ir::Population& declared = program_.populations[population];
  const std::string full = absl::StrCat(declared.name, ".", name);
  std::vector<std::string> known;
  for (ir::StateId id = 0; id < program_.states.size(); ++id) {
    const ir::State& state = program_.states[id];
    if (!program_.IsVariable(id) || PlaceOf(id).has_value()) continue;
    if (state.type.domain != declared.domain && !state.type.uniform()) continue;
    if (state.name == full) return id;
    if (state.type.domain == declared.domain) known.push_back(state.name);
  }
  return NotFound(absl::StrCat("no state of population ", declared.name), full, known);
}

absl::StatusOr<ir::StateId> Variables::FindUniform(absl::string_view name) const {
  std::vector<std::string> known;
  for (ir::StateId id = 0; id < program_.states.size(); ++id) {
    if (!program_.IsVariable(id) || !program_.states[id].type.uniform()) continue;
    if (program_.states[id].name == name) return id;
    known.push_back(program_.states[id].name);
  }
  return NotFound("no uniform state", name, known);
}

std::optional<Variables::Place> Variables::PlaceOf(ir::StateId state) const {
  for (ir::ProjectionId id = 0; id < program_.projections.size(); ++id) {
    const ir::Projection& projection = program_.projections[id];
    if (Holds(projection.of_source, state)) return Place{id, true, false};
    if (Holds(projection.of_target, state)) return Place{id, true, true};
    const ir::Block* const now = program_.FindNow(id);
    if (now != nullptr && Holds(StoredBy(*now, ir::Op::kStore), state))
      return Place{id, false, false};
  }
  return std::nullopt;
}

absl::StatusOr<reference::Machine*> Variables::Machine() {
  if (machine_ == nullptr) {
    BNSYN_ASSIGN_OR_RETURN(reference::Machine machine, reference::Machine::Create(program_));
    machine_ = std::make_unique<reference::Machine>(std::move(machine));
    for (ir::ProjectionId id = 0; id < program_.projections.size(); ++id) {
      machine_->synapses.emplace_back(program_, id, reference::SynapseRows{});
    }
    drawn_.resize(program_.projections.size());
  }
  return machine_.get();
}

absl::StatusOr<const reference::SynapseTable*> Variables::Table(ir::ProjectionId projection) {
  BNSYN_ASSIGN_OR_RETURN(reference::Machine* const machine, Machine());
  if (!drawn_[projection]) {
    BNSYN_ASSIGN_OR_RETURN(machine->synapses[projection], DrawSynapses(program_, projection));
    drawn_[projection] = true;
  }
  return &machine->synapses[projection];
}

absl::StatusOr<reference::Machine*> Variables::MachineFor(const ir::Block& now, bool of_synapses) {
  BNSYN_ASSIGN_OR_RETURN(reference::Machine* const machine, Machine());
  machine->step = engine_.step();
  for (ir::ParamId id = 0; id < params_.size(); ++id) machine->params[id] = params_[id].value;
  for (const ir::Node& node : now.nodes) {
    if (ir::Info(node.op).attr != ir::AttrKind::kState) continue;
    const auto state = static_cast<ir::StateId>(node.attr);
    if (program_.states[state].type.domain == now.domain && !of_synapses) continue;
    machine->states[state] = reference::CopyOf(engine_.State(state));
  }
  return machine;
}

absl::Status Variables::BringSynapses(ir::ProjectionId projection,
                                      std::optional<uint64_t> synapse) {
  const ir::Block& now = *program_.FindNow(projection);
  const std::vector<ir::StateId> stored = StoredBy(now, ir::Op::kStore);
  if (stored.empty()) return absl::OkStatus();
  if (ReadsEnds(now)) BNSYN_RETURN_IF_ERROR(Table(projection).status());
  BNSYN_ASSIGN_OR_RETURN(reference::Machine* const machine, MachineFor(now, /*of_synapses=*/true));
  std::vector<uint64_t> synapses(1, synapse.value_or(0));
  if (!synapse.has_value()) {
    synapses.resize(machine->states[stored[0]].size());
    std::iota(synapses.begin(), synapses.end(), 0);
  }
  reference::BlockRunner(now, *machine).Run(synapses);
  return absl::OkStatus();
}

absl::Status Variables::BringSources(ir::ProjectionId projection) {
  const ir::Block& now = *program_.FindNow(projection);
  BNSYN_ASSIGN_OR_RETURN(reference::Machine* const machine, MachineFor(now, /*of_synapses=*/false));
  reference::BlockRunner runner(now, *machine);
  const ir::PopulationId source = program_.projections[projection].source;
  for (uint32_t n = 0; n < program_.populations[source].size; ++n) runner.RunOnNeuron(n);
  return absl::OkStatus();
}

absl::StatusOr<reference::Array> Variables::HeldByNeurons(ir::StateId state, const Place& place) {
  if (place.by_target || !Holds(StoredOfSources(program_, place.projection), state)) {
    return reference::CopyOf(engine_.State(state));
  }
  BNSYN_RETURN_IF_ERROR(BringSources(place.projection));
  return machine_->states[state];
}

absl::Status Variables::SetHeld(ir::StateId state, const Place& place, uint32_t neuron,
                                ir::Bits bits) {
  const std::vector<ir::StateId> stored = StoredOfSources(program_, place.projection);
  if (!Holds(stored, state)) return engine_.SetState(state, neuron, bits);
  for (const ir::StateId moved : stored) {
    const ir::Bits value = moved == state ? bits : machine_->states[moved].bits(neuron);
    BNSYN_RETURN_IF_ERROR(engine_.SetState(moved, neuron, value));
  }
  return absl::OkStatus();
}

absl::Status Variables::BringToPresent(ir::ProjectionId projection) {
  BNSYN_RETURN_IF_ERROR(BringSynapses(projection, std::nullopt));
  for (const ir::StateId state : StoredBy(*program_.FindNow(projection), ir::Op::kStore)) {
    BNSYN_RETURN_IF_ERROR(engine_.SetStates(state, machine_->states[state]));
  }
  const std::vector<ir::StateId> of_sources = StoredOfSources(program_, projection);
  if (!of_sources.empty()) BNSYN_RETURN_IF_ERROR(BringSources(projection));
  for (const ir::StateId state : of_sources) {
    BNSYN_RETURN_IF_ERROR(engine_.SetStates(state, machine_->states[state]));
  }
  return absl::OkStatus();
}

absl::Status Variables::BringDependent(ir::AttrKind kind, uint64_t symbol) {
  for (ir::ProjectionId id = 0; id < program_.projections.size(); ++id) {
    const ir::Block* const now = program_.FindNow(id);
    if (now == nullptr) continue;
    const bool depends =
        std::any_of(now->nodes.begin(), now->nodes.end(), [&](const ir::Node& node) {
          return ir::Info(node.op).attr == kind && node.attr == symbol;
        });
    if (depends) BNSYN_RETURN_IF_ERROR(BringToPresent(id));
  }
  return absl::OkStatus();
}

absl::Status Variables::BeforeParamChanges(ir::ParamId param) {
  return BringDependent(ir::AttrKind::kParam, param);
}

absl::StatusOr<reference::Array> Variables::Read(ir::StateId state) {
  const std::optional<Place> place = PlaceOf(state);
  if (!place.has_value()) return reference::CopyOf(engine_.State(state));
  if (!place->of_neurons) {
    BNSYN_RETURN_IF_ERROR(BringSynapses(place->projection, std::nullopt));
    return machine_->states[state];
  }
  BNSYN_ASSIGN_OR_RETURN(const reference::SynapseTable* const table, Table(place->projection));
  BNSYN_ASSIGN_OR_RETURN(const reference::Array held, HeldByNeurons(state, *place));
  reference::Array values(held.element(), table->size());
  for (uint64_t s = 0; s < table->size(); ++s) {
    values.set_bits(s, held.bits(place->by_target ? table->target(s) : table->source(s)));
  }
  return values;
}

absl::Status Variables::Set(ir::StateId state, uint64_t element, ir::Bits bits) {
  const std::string& name = program_.states[state].name;
  const std::optional<Place> place = PlaceOf(state);
  if (!place.has_value() || !place->of_neurons) {
    const uint64_t size = engine_.State(state).size;
    if (element >= size) return NoElement(name, size, element);
  }
  if (!place.has_value()) {
    BNSYN_RETURN_IF_ERROR(BringDependent(ir::AttrKind::kState, state));
    return engine_.SetState(state, static_cast<uint32_t>(element), bits);
  }
  if (!place->of_neurons) {
    BNSYN_RETURN_IF_ERROR(BringSynapses(place->projection, element));
    for (const ir::StateId moved : StoredBy(*program_.FindNow(place->projection), ir::Op::kStore)) {
      const ir::Bits value = moved == state ? bits : machine_->states[moved].bits(element);
      BNSYN_RETURN_IF_ERROR(engine_.SetState(moved, static_cast<uint32_t>(element), value));
    }
    return absl::OkStatus();
  }
  BNSYN_ASSIGN_OR_RETURN(const reference::SynapseTable* const table, Table(place->projection));
  if (element >= table->size()) return NoElement(name, table->size(), element);
  const auto neuron_of = [&](uint64_t s) {
    return place->by_target ? table->target(s) : table->source(s);
  };
  const uint32_t neuron = neuron_of(element);
  uint64_t sharing = 0;
  for (uint64_t s = 0; s < table->size(); ++s) sharing += neuron_of(s) == neuron ? 1 : 0;
  BNSYN_ASSIGN_OR_RETURN(const reference::Array held, HeldByNeurons(state, *place));
  if (sharing == 1 || held.bits(neuron) == bits) return SetHeld(state, *place, neuron, bits);
  const ir::Projection& projection = program_.projections[place->projection];
  const char* const end = place->by_target ? "target" : "source";
  return absl::InvalidArgumentError(absl::StrCat(
      name, " of synapse ", element, " cannot be set alone: it is one value for the ", sharing,
      " synapses of the ", end, " ",
      program_.populations[place->by_target ? projection.target : projection.source].name, " ",
      neuron, "\n  note: set all values of ", name, " in one call, equal for each ", end,
      "; or declare it (event-driven, per synapse), so that each synapse keeps its own"));
}

absl::Status Variables::SetAll(ir::StateId state, const reference::Array& values) {
  const std::string& name = program_.states[state].name;
  BNSYN_ASSIGN_OR_RETURN(const reference::Array before, Read(state));
  if (values.size() != before.size()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " takes ", before.size(),
                                                   before.size() == 1 ? " value" : " values",
                                                   ", not ", values.size()));
  }
  const std::optional<Place> place = PlaceOf(state);
  if (!place.has_value()) {
    BNSYN_RETURN_IF_ERROR(BringDependent(ir::AttrKind::kState, state));
    const absl::Status set = engine_.SetStates(state, values);
    if (!set.ok()) BNSYN_RETURN_IF_ERROR(engine_.SetStates(state, before));
    return set;
  }
  if (!place->of_neurons) {
    for (const ir::StateId moved : StoredBy(*program_.FindNow(place->projection), ir::Op::kStore)) {
      const reference::Array& now = moved == state ? values : machine_->states[moved];
      BNSYN_RETURN_IF_ERROR(engine_.SetStates(moved, now));
    }
    return absl::OkStatus();
  }
  BNSYN_ASSIGN_OR_RETURN(const reference::SynapseTable* const table, Table(place->projection));
  BNSYN_ASSIGN_OR_RETURN(reference::Array neurons, HeldByNeurons(state, *place));
  std::vector<std::optional<uint64_t>> first(neurons.size());  // the first synapse of each neuron
  for (uint64_t s = 0; s < table->size(); ++s) {
    const uint32_t neuron = place->by_target ? table->target(s) : table->source(s);
    if (!first[neuron].has_value()) {
      first[neuron] = s;
      neurons.set_bits(neuron, values.bits(s));
    } else if (neurons.bits(neuron) != values.bits(s)) {
      const char* const end = place->by_target ? "target" : "source";
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is one value for all synapses of a ", end, ", but those of number ",
                       *first[neuron], " and ", s, " are of one ", end,
                       " and differ\n  note: declare it (event-driven, per synapse), so that each "
                       "synapse keeps ",
                       "its own"));
    }
  }
  const std::vector<ir::StateId> stored = StoredOfSources(program_, place->projection);
  if (!Holds(stored, state)) return engine_.SetStates(state, neurons);
  for (const ir::StateId moved : stored) {
    const reference::Array& now = moved == state ? neurons : machine_->states[moved];
    BNSYN_RETURN_IF_ERROR(engine_.SetStates(moved, now));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn
