#include "ir/literal.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/text.h"

namespace bnsyn::ir {
namespace {

// NaNs other than the usual one are written with all their bits.
constexpr char kNanPrefix[] = "nan_0x";
constexpr Bits kNanF64 = 0x7ff8000000000000;
constexpr Bits kNanF32 = 0x7fc00000;

// The number that is the whole of `text`.
template <typename T, typename... Base>
std::optional<T> FromChars(absl::string_view text, Base... base) {
  T value{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, base...);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

template <typename T>
std::string ToChars(T value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

template <typename Float>
std::string PrintFloat(Float value, Bits bits, Bits nan, absl::PadSpec digits) {
  if (!std::isnan(value)) return ToChars(value);
  if (bits == nan) return "nan";
  return absl::StrCat(kNanPrefix, absl::Hex(bits, digits));
}

template <typename Float>
std::optional<Float> ParseFloat(absl::string_view text) {
  if (text == "inf") return std::numeric_limits<Float>::infinity();
  if (text == "-inf") return -std::numeric_limits<Float>::infinity();
  // from_chars accepts other spellings of these, which programs do not have.
  const absl::string_view digits = absl::StripPrefix(text, "-");
  if (digits.empty() || absl::ascii_isalpha(static_cast<unsigned char>(digits[0]))) {
    return std::nullopt;
  }
  return FromChars<Float>(text);
}

// The bits of a NaN of `digits` hexadecimal digits.
std::optional<Bits> ParseNan(absl::string_view text, Bits nan, size_t digits) {
  if (text == "nan") return nan;
  if (!absl::ConsumePrefix(&text, kNanPrefix) || text.size() != digits) return std::nullopt;
  return FromChars<Bits>(text, 16);
}

}  // namespace

std::string PrintLiteral(Element element, Bits bits) {
  switch (element) {
    case Element::kF64:
      return PrintFloat(F64OfBits(bits), bits, kNanF64, absl::kZeroPad16);
    case Element::kF32:
      return absl::StrCat(PrintFloat(F32OfBits(bits), bits, kNanF32, absl::kZeroPad8), "f32");
    case Element::kI32:
      return absl::StrCat(static_cast<int32_t>(bits), "i32");
    case Element::kU32:
      return absl::StrCat(static_cast<uint32_t>(bits), "u32");
    case Element::kI64:
      return absl::StrCat(static_cast<int64_t>(bits), "i64");
    case Element::kU64:
      return absl::StrCat(bits, "u64");
    case Element::kBool:
      return bits != 0 ? "true" : "false";
  }
  return "?";
}

std::optional<Literal> ParseLiteral(absl::string_view text) {
  if (text == "true") return Literal{Element::kBool, 1};
  if (text == "false") return Literal{Element::kBool, 0};
  if (const auto nan = ParseNan(text, kNanF64, 16)) {
    if (std::isnan(F64OfBits(*nan))) return Literal{Element::kF64, *nan};
  }
  Element element = Element::kF64;
  for (const Element suffix :
       {Element::kF32, Element::kI32, Element::kU32, Element::kI64, Element::kU64}) {
    if (absl::ConsumeSuffix(&text, ElementName(suffix))) {
      element = suffix;
      break;
    }
  }
  const auto literal = [element](auto value) { return Literal{element, static_cast<Bits>(value)}; };
  switch (element) {
    case Element::kF64:
      if (const auto value = ParseFloat<double>(text)) return literal(BitsOfF64(*value));
      return std::nullopt;
    case Element::kF32:
      if (const auto nan = ParseNan(text, kNanF32, 8)) {
        if (std::isnan(F32OfBits(*nan))) return literal(*nan);
      }
      if (const auto value = ParseFloat<float>(text)) return literal(BitsOfF32(*value));
      return std::nullopt;
    case Element::kI32:
      // Zeros stand above the 32 bits.
      if (const auto value = FromChars<int32_t>(text))
        return literal(static_cast<uint32_t>(*value));
      return std::nullopt;
    case Element::kU32:
      if (const auto value = FromChars<uint32_t>(text)) return literal(*value);
      return std::nullopt;
    case Element::kI64:
      if (const auto value = FromChars<int64_t>(text)) return literal(*value);
      return std::nullopt;
    case Element::kU64:
      if (const auto value = FromChars<uint64_t>(text)) return literal(*value);
      return std::nullopt;
    case Element::kBool:
      break;
  }
  return std::nullopt;
}

}  // namespace bnsyn::ir
