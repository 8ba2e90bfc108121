#include "runtime/delivery/synapses.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
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

// Calls use(size), a constant: the bytes of an element.
template <typename Use>
void WithSize(ir::Element element, Use use) {
  switch (ir::ElementBytes(element)) {
    case 1:
      return use(std::integral_constant<size_t, 1>());
    case 4:
      return use(std::integral_constant<size_t, 4>());
    default:
      return use(std::integral_constant<size_t, 8>());
  }
}

}  // namespace

absl::Span<const SynapseBlock> Synapses::BlocksOf(size_t group) const {
  return absl::MakeConstSpan(blocks_).subspan(group * threads_, threads_);
}

uint64_t Synapses::CountOf(const ir::Program& program, ir::StateId state) const {
  const size_t group = layout_.GroupOf(PlaceOf(program, state).first);
  return SynapseOrder(BlocksOf(group)).size();
}

void Synapses::Read(const ir::Program& program, ir::StateId state, char* out) const {
  const auto [projection, index] = PlaceOf(program, state);
  const size_t group = layout_.GroupOf(projection);
  const auto read = [&, index = index](auto size) {
    constexpr size_t kBytes = decltype(size)::value;
    SynapseOrder(BlocksOf(group)).ForEachRow([&](size_t thread, absl::Span<const uint32_t> places) {
      const char* const values = StateAt(group, thread, index);
      for (const uint32_t place : places) {
        std::memcpy(out, values + place * kBytes, kBytes);
        out += kBytes;
      }
    });
  };
  WithSize(program.states[state].type.element, read);
}

reference::Array Synapses::State(const ir::Program& program, ir::StateId state) const {
  reference::Array values(program.states[state].type.element, CountOf(program, state));
  Read(program, state, reinterpret_cast<char*>(values.as<unsigned char>()));
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
  const size_t group = layout_.GroupOf(projection);
  const char* next = static_cast<const char*>(values.view().data);
  const auto write = [&, index = index](auto size) {
    constexpr size_t kBytes = decltype(size)::value;
    SynapseOrder(BlocksOf(group)).ForEachRow([&](size_t thread, absl::Span<const uint32_t> places) {
      char* const own = StateAt(group, thread, index);
      for (const uint32_t place : places) {
        std::memcpy(own + place * kBytes, next, kBytes);
        next += kBytes;
      }
    });
  };
  WithSize(program.states[state].type.element, write);
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
