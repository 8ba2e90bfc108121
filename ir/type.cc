#include "ir/type.h"

#include <bit>

namespace bnsyn::ir {

absl::string_view ElementName(Element element) {
  switch (element) {
    case Element::kF64:
      return "f64";
    case Element::kF32:
      return "f32";
    case Element::kI32:
      return "i32";
    case Element::kU32:
      return "u32";
    case Element::kI64:
      return "i64";
    case Element::kU64:
      return "u64";
    case Element::kBool:
      return "bool";
  }
  return "?";
}

std::optional<Element> ElementFromName(absl::string_view name) {
  for (const Element element : kElements) {
    if (ElementName(element) == name) return element;
  }
  return std::nullopt;
}

Bits BitsOfF64(double value) { return std::bit_cast<uint64_t>(value); }
Bits BitsOfF32(float value) { return std::bit_cast<uint32_t>(value); }
double F64OfBits(Bits bits) { return std::bit_cast<double>(bits); }
float F32OfBits(Bits bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits)); }

}  // namespace bnsyn::ir
