#include "runtime/conversion.h"

#include <charconv>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "reference/evaluate.h"

namespace bnsyn {
namespace {

ir::Bits ConvertBits(ir::Element from, ir::Bits bits, ir::Element to) {
  ir::Node convert;
  convert.op = ir::Op::kConvert;
  convert.element = to;
  return reference::Fold(convert, {from}, {bits});
}

}  // namespace

double ToDouble(ir::Element element, ir::Bits bits) {
  return ir::F64OfBits(ConvertBits(element, bits, ir::Element::kF64));
}

absl::StatusOr<double> ToExactDouble(ir::Element element, ir::Bits bits, absl::string_view name) {
  constexpr int64_t kExact = int64_t{1} << 53;
  const auto integer = static_cast<int64_t>(bits);
  if (element != ir::Element::kI64 || (-kExact <= integer && integer <= kExact)) {
    return ToDouble(element, bits);
  }
  return absl::OutOfRangeError(absl::StrCat(std::string(name), " holds the integer ", integer,
                                            ", and doubles are exact up to 2^53 alone: ask for ",
                                            "State<int64_t>"));
}

absl::StatusOr<ir::Bits> FromDouble(ir::Element element, double value, absl::string_view name) {
  const ir::Bits bits = ConvertBits(ir::Element::kF64, ir::BitsOfF64(value), element);
  const double back = ToDouble(element, bits);
  const bool fits =
      ir::IsFloat(element) ? std::isfinite(back) || !std::isfinite(value) : back == value;
  // A double beyond 2^53 was likely another integer before it became a double.
  constexpr double kExact = 0x1p53;
  if (fits && (element != ir::Element::kI64 || std::fabs(value) <= kExact)) return bits;
  return absl::InvalidArgumentError(absl::StrCat(std::string(name), " is of type ",
                                                 std::string(ir::ElementName(element)),
                                                 ", which cannot hold ", ShowNumber(value)));
}

std::string ShowNumber(double value) {
  if (std::isnan(value)) return "nan";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return std::string(buffer, end);
}

}  // namespace bnsyn
