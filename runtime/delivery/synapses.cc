#include "runtime/delivery/synapses.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/delivery/synapse_order.h"

namespace bnsyn {

namespace {

// The projection of a state of synapses, and the number of the state among those of the projection.
std::pair<ir::ProjectionId, size_t> PlaceOf(const ir::Program& program, ir::StateId state) {
  const ir::DomainId domain = program.states[state].type.domain;
  const ir::ProjectionId projection = program.domains[static_cast<size_t>(domain)].index;
  const std::vector<ir::StateId> states = program.SynapseStates(projection);
  const auto found = std::find(states.begin(), states.end(), state);
  return {projection, static_cast<size_t>(found - states.begin())};
}

}  // namespace

absl::Span<const SynapseBlock> Synapses::BlocksOf(size_t group) const {
  return absl::MakeConstSpan(blocks_).subspan(group * threads_, threads_);
}

uint64_t Synapses::CountOf(const ir::Program& program, ir::StateId state) const {
  const size_t group = layout_.GroupOf(PlaceOf(program, state).first);
  return SynapseOrder(BlocksOf(group)).size();
}

reference::Array Synapses::State(const ir::Program& program, ir::StateId state) const {
  const auto [projection, index] = PlaceOf(program, state);
  const size_t group = layout_.GroupOf(projection);
  const SynapseOrder order(BlocksOf(group));
  const ir::Element element = program.states[state].type.element;
  const auto bytes = static_cast<size_t>(ir::ElementBytes(element));
  reference::Array values(element, order.size());
  uint64_t number = 0;
  const auto gather = [&, index = index](size_t thread, uint32_t place) {
    ir::Bits bits = 0;
    std::memcpy(&bits, StateAt(group, thread, index) + place * bytes, bytes);
    values.set_bits(number++, bits);
  };
  order.ForEach(gather);
  return values;
}

void Synapses::SetState(const ir::Program& program, ir::StateId state, uint64_t synapse,
                        ir::Bits bits) {
  const auto [projection, index] = PlaceOf(program, state);
  const auto bytes = static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  const size_t group = layout_.GroupOf(projection);
  const auto [thread, place] = SynapseOrder(BlocksOf(group)).Find(synapse);
  std::memcpy(StateAt(group, thread, index) + place * bytes, &bits, bytes);
}

void Synapses::SetStates(const ir::Program& program, ir::StateId state,
                         const reference::Array& values) {
  const auto [projection, index] = PlaceOf(program, state);
  const auto bytes = static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  const size_t group = layout_.GroupOf(projection);
  uint64_t number = 0;
  SynapseOrder(BlocksOf(group)).ForEach([&, index = index](size_t thread, uint32_t place) {
    const ir::Bits bits = values.bits(number++);
    std::memcpy(StateAt(group, thread, index) + place * bytes, &bits, bytes);
  });
}

char* Synapses::StateAt(size_t group, size_t thread, size_t index) const {
  return static_cast<char*>(block(group, static_cast<int>(thread)).state(index));
}

uint64_t Synapses::synapses() const {
  uint64_t sum = 0;
  for (const SynapseBlock& block : blocks_) sum += block.synapses();
  return sum;
}

void Synapses::Save(int thread) const {
  for (size_t g = 0; g < layout_.groups.size(); ++g) block(g, thread).Save();
}

void Synapses::Restore(int thread) const {
  for (size_t g = 0; g < layout_.groups.size(); ++g) block(g, thread).Restore();
}

size_t Synapses::SavedBytes() const {
  size_t sum = 0;
  for (const SynapseBlock& block : blocks_) sum += block.SavedBytes();
  return sum;
}

size_t Synapses::bytes() const {
  size_t sum = 0;
  for (const SynapseBlock& block : blocks_) sum += block.bytes();
  return sum;
}

}  // namespace bnsyn
