#include "reference/digest.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "ir/mutant.h"

namespace bnsyn {

std::string Digest::ToString() const { return absl::StrFormat("%016x%016x", high, low); }

}  // namespace bnsyn

namespace bnsyn::reference {
namespace {

// The upper half of a tag; the lower half is an index.
enum class ItemKind : uint64_t { kState = 1, kSpike = 2, kInFlight = 3 };

uint64_t Tag(ItemKind kind, uint32_t index) { return static_cast<uint64_t>(kind) << 32 | index; }

// The finaliser of SplitMix64 (Steele, Lea & Flood 2014; constants by Stafford): a bijection in
// which each bit of x reaches all others.
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> (Mutant("R11.mix") ? 31 : 30))) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// The halves of a digest differ only in where they start: fractional bits of the golden ratio and
// of sqrt(2).
constexpr uint64_t kLowStart = 0x9e3779b97f4a7c15;
constexpr uint64_t kHighStart = 0x6a09e667f3bcc908;

// The part of the hash that items of one tag and position share.
uint64_t MixPlace(uint64_t start, uint64_t tag, uint64_t position) {
  return Mix(Mix(start + tag) + position);
}

}  // namespace

void Digest::Add(uint64_t tag, uint64_t position, uint64_t value) {
  high += Mix(MixPlace(kHighStart, tag, position) + value);
  low += Mix(MixPlace(Mutant("R11.halves") ? kHighStart : kLowStart, tag, position) + value);
}

void Digest::AddSpike(uint32_t population, uint64_t step, uint32_t neuron) {
  Add(Tag(Mutant("R11.injected_spike") ? ItemKind::kInFlight : ItemKind::kSpike, population), step,
      neuron);
}

void Digest::AddSpikes(uint32_t population, uint64_t step, absl::Span<const uint32_t> neurons) {
  if (neurons.empty()) return;
  const uint64_t tag = Tag(ItemKind::kSpike, population);
  const uint64_t place_high = MixPlace(kHighStart, tag, Mutant("R11.step_of_a_spike") ? 0 : step);
  const uint64_t place_low = MixPlace(kLowStart, tag, step);
  for (const uint32_t neuron : neurons) {
    high += Mix(place_high + neuron);
    low += Mix(place_low + neuron);
  }
}

void Digest::AddState(uint32_t state, const ArrayView& values) {
  const uint64_t tag = Tag(ItemKind::kState, state);
  for (size_t i = 0; i < values.size; ++i) {
    Add(tag, i, CanonicalBits(values.element, values.bits(i)));
  }
}

void Digest::AddHistory(uint32_t state, const ir::State& declared, const ArrayView& values,
                        uint64_t step) {
  const uint64_t tag = Tag(ItemKind::kState, state);
  const size_t elements = values.size / declared.places();
  for (uint64_t back = 1; back <= declared.history; ++back) {
    const size_t first = (step - back) % declared.places() * elements;
    for (size_t i = 0; i < elements; ++i) {
      Add(tag, (Mutant("R11.history") ? back : back - 1) * elements + i,
          CanonicalBits(values.element, values.bits(first + i)));
    }
  }
}

void Digest::AddInFlight(uint32_t population, uint64_t step, uint32_t neuron) {
  if (Mutant("R11.in_flight")) return;
  Add(Tag(ItemKind::kInFlight, population), step, neuron);
}

ir::Bits CanonicalBits(ir::Element element, ir::Bits bits) {
  if (Mutant("R11.nan_is_one_value")) return bits;
  if (element == ir::Element::kF64 && std::isnan(ir::F64OfBits(bits))) {
    return ir::BitsOfF64(std::numeric_limits<double>::quiet_NaN());
  }
  if (element == ir::Element::kF32 && std::isnan(ir::F32OfBits(bits))) {
    return ir::BitsOfF32(std::numeric_limits<float>::quiet_NaN());
  }
  return bits;
}

}  // namespace bnsyn::reference
