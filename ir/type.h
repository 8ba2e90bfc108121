// Types of the IR: an element (what one value is) times a domain (how many there are).
#ifndef BNSYN_IR_TYPE_H_
#define BNSYN_IR_TYPE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace bnsyn::ir {

// The kind of one value. A bool occupies one byte (0 or 1) in memory.
enum class Element : uint8_t { kF64, kF32, kI32, kU32, kI64, kU64, kBool };

inline constexpr Element kElements[] = {Element::kF64, Element::kF32, Element::kI32, Element::kU32,
                                        Element::kI64, Element::kU64, Element::kBool};

// "f64", "i32", "bool", ... and back; nullopt for anything else.
absl::string_view ElementName(Element element);
std::optional<Element> ElementFromName(absl::string_view name);

constexpr bool IsFloat(Element e) { return e == Element::kF64 || e == Element::kF32; }
constexpr bool IsSigned(Element e) { return e == Element::kI32 || e == Element::kI64; }
constexpr bool IsUnsigned(Element e) { return e == Element::kU32 || e == Element::kU64; }
constexpr bool IsInteger(Element e) { return IsSigned(e) || IsUnsigned(e); }
constexpr bool IsNumeric(Element e) { return e != Element::kBool; }

// Bytes one element takes in an array.
constexpr int ElementBytes(Element e) {
  switch (e) {
    case Element::kF64:
    case Element::kI64:
    case Element::kU64:
      return 8;
    case Element::kF32:
    case Element::kI32:
    case Element::kU32:
      return 4;
    case Element::kBool:
      return 1;
  }
  return 0;
}

// Index into Program::domains. Domain 0 is always the network itself: a value of that domain is
// *uniform*, there is one of it, and it may be used wherever a value per element is expected.
enum class DomainId : uint16_t { kNetwork = 0 };

struct Type {
  Element element = Element::kF64;
  DomainId domain = DomainId::kNetwork;

  constexpr bool uniform() const { return domain == DomainId::kNetwork; }
  friend constexpr bool operator==(const Type&, const Type&) = default;
};

// Values travel as 64 raw bits: a double as its IEEE bits, an f32 in the low 32, integers two's
// complement in their low bits with zeros above, a bool as 0 or 1.
using Bits = uint64_t;

Bits BitsOfF64(double value);
Bits BitsOfF32(float value);
double F64OfBits(Bits bits);
float F32OfBits(Bits bits);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_TYPE_H_
