#include "runtime/delivery/synapses.h"

#include <algorithm>
#include <cstring>
#include <utility>

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

reference::Array Synapses::State(const ir::Program& program, ir::StateId state) const {
  const auto [projection, index] = PlaceOf(program, state);
  const size_t group = layout_.GroupOf(projection);
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
  const size_t group = layout_.GroupOf(projection);
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

void Synapses::SetStates(const ir::Program& program, ir::StateId state,
                         const reference::Array& values) {
  const auto [projection, index] = PlaceOf(program, state);
  const auto bytes = static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  const size_t group = layout_.GroupOf(projection);
  for (size_t t = 0; t < threads_; ++t) {
    const SynapseBlock& block = this->block(group, static_cast<int>(t));
    for (uint64_t i = 0; i < block.synapses(); ++i) {
      const ir::Bits bits = values.bits(block.numbers()[i]);
      std::memcpy(static_cast<char*>(block.state(index)) + i * bytes, &bits, bytes);
    }
  }
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
